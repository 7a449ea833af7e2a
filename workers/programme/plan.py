"""``tenken programme plan``, ``whatif``, ``show``, ``list``: money in, works by year out."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from inspection.domain.asset import AssetKind
from inspection.domain.programme import Terms
from inspection.errors import BadInput, NotFound
from inspection.finite import FiniteRange
from inspection.pipeline.allot import Allotted, Request, allot, compare, request_from
from inspection.pipeline.tools import SystemClock
from inspection.planning.select import SECONDS, Method
from inspection.store import programmes, sheets
from inspection.store.engine import reading, writing
from inspection.store.programmes import KeptProgramme
from workers.planner_options import (
    home_option,
    json_option,
    lang_option,
    model_option,
    open_engine,
    present_year,
    print_json,
    read_weights,
    title,
    today_option,
)
from workers.programme.words import say_differences, say_lines, say_summary
from workers.progress import progress_for_stderr

KINDS = click.Choice([kind.value for kind in AssetKind])


def read_budgets(texts: tuple[str, ...], *, first_year: int, years: int) -> tuple[int, ...]:
    """Read budgets: one amount for every year, or ``YEAR=AMOUNT`` for single years.

    Amounts are yen, or end in 千 (10³), 万 (10⁴), M or 百万 (10⁶), 億 (10⁸).

    >>> read_budgets(("50M", "2028=1.2億"), first_year=2027, years=3)
    (50000000, 120000000, 50000000)
    """
    common, single = 0, {}
    for text in texts:
        year, sign, amount = text.rpartition("=")
        if not sign:
            common = _yen(amount, text)
            continue
        if not year.isdecimal() or not first_year <= int(year) < first_year + years:
            raise BadInput(
                f"budget {text!r}: the programme has the fiscal years {first_year} to "
                f"{first_year + years - 1}"
            )
        single[int(year)] = _yen(amount, text)
    return tuple(single.get(year, common) for year in range(first_year, first_year + years))


def _yen(amount: str, text: str) -> int:
    units = {"千": 1e3, "万": 1e4, "百万": 1e6, "M": 1e6, "億": 1e8, "円": 1.0, "": 1.0}
    plain = amount.strip().replace(",", "")
    for unit in sorted(units, key=len, reverse=True):
        if unit and plain.endswith(unit):
            plain = plain.removesuffix(unit)
            break
    else:
        unit = ""
    try:
        return round(float(plain) * units[unit])
    except (ValueError, OverflowError) as error:
        raise BadInput(f"budget {text!r} is no amount; write 120000000, 120M or 1.2億") from error


def read_shares(texts: tuple[str, ...]) -> dict[str, tuple[float, float]]:
    """Read bounds on shares of the money such as ``七尾市=10-30`` in percent.

    >>> read_shares(("七尾市=10-30",))
    {'七尾市': (0.1, 0.3)}
    """
    found = {}
    for text in texts:
        district, _, bounds = text.rpartition("=")
        try:
            low, high = (float(part) / 100 for part in bounds.split("-"))
        except ValueError as error:
            raise BadInput(f"share {text!r} must be such as 七尾市=10-30 (percent)") from error
        if not district or district in found:
            raise BadInput(
                f"share {text!r} names {'no place' if not district else 'a place twice'}"
            )
        found[district] = (low, high)
    return found


@click.command()
@click.argument("name")
@click.option("--first-year", type=click.IntRange(2000, 2200), required=True, help="Fiscal year.")
@click.option(
    "--years", type=click.IntRange(1, 30), default=5, show_default=True, help="Years to plan."
)
@click.option(
    "--budget",
    "budgets",
    multiple=True,
    required=True,
    metavar="AMOUNT|YEAR=AMOUNT",
    help="Money of each year (120000000, 120M, 1.2億), or of one. May be given several times.",
)
@click.option("--prices", default="default", show_default=True, help="Name of the price list.")
@model_option
@click.option("--ageing", default="", help="Name of an estimated transition matrix.")
@click.option(
    "--rate",
    type=FiniteRange(0, 0.5),
    default=0.02,
    show_default=True,
    help="Yearly rate by which a later benefit counts less; with 0 all years are equal.",
)
@click.option(
    "--lcc-rate",
    type=FiniteRange(0, 0.2),
    default=0.0,
    show_default=True,
    help="Yearly discount of life-cycle costs; 0.04 in public-works appraisal.",
)
@click.option("--smooth", metavar="AMOUNT", help="Most that a year may differ from the mean.")
@click.option(
    "--bundle",
    "bundles",
    multiple=True,
    metavar="ASSET,ASSET…",
    help="Repair these in one year, or none of them. May be given several times.",
)
@click.option(
    "--share",
    "shares",
    multiple=True,
    metavar="PLACE=LOW-HIGH",
    help="Bounds on the share of a municipality, percent. May be given several times.",
)
@click.option("--kind", type=KINDS, help="Only this kind of asset.")
@click.option(
    "--method",
    type=click.Choice([one.value for one in Method]),
    default=Method.AUTO.value,
    show_default=True,
    help="auto: exact up to 20 000 decisions, greedy above.",
)
@click.option(
    "--seconds",
    type=FiniteRange(1, 3600),
    default=SECONDS,
    show_default=True,
    help="Limit of the solver.",
)
@click.option("--replace", "replaces", is_flag=True, help="Replace the programme of that name.")
@today_option
@lang_option
@home_option
@json_option
def plan(
    *,
    name: str,
    first_year: int,
    years: int,
    budgets: tuple[str, ...],
    prices: str,
    model: str,
    ageing: str,
    rate: float,
    lcc_rate: float,
    smooth: str | None,
    bundles: tuple[str, ...],
    shares: tuple[str, ...],
    kind: str | None,
    method: str,
    seconds: float,
    replaces: bool,
    today: datetime | None,
    lang: str,
    home: Path | None,
    as_json: bool,
) -> None:
    """Draw up a programme under yearly budgets and keep it as NAME.

    Emergencies come first, then what hard rules want in time, then the most benefit for the money.
    Every candidate gets a line and a reason, in the programme or not.

    \b
    Examples:
      tenken programme plan R9-13 --first-year 2027 --budget 120M
      tenken programme plan R9-13 --first-year 2027 --budget 120M --budget 2028=1.5億 \\
          --prices 2026 --bundle ISK-0001,ISK-0002 --smooth 20M --share 七尾市=10-30
    """  # noqa: D301 click needs the character itself
    terms = Terms(
        first_year=first_year,
        budgets_yen=read_budgets(budgets, first_year=first_year, years=years),
        rate=rate,
        smoothing_yen=None if smooth is None else _yen(smooth, smooth),
        bundles=tuple(tuple(a.strip() for a in bundle.split(",")) for bundle in bundles),
        shares=read_shares(shares),
    )
    request = Request(
        terms=terms,
        price_list=prices,
        fiscal_year=present_year(today),
        model=model,
        ageing=ageing,
        lcc_rate=lcc_rate,
        kind=None if kind is None else AssetKind(kind),
        method=Method(method),
        seconds=seconds,
    )
    drawn = _drawn(request, name, home)
    with writing(open_engine(home)) as connection:
        programmes.save(connection, drawn.programme, replace=replaces)
    _print(drawn.programme, _names(drawn), lang, as_json)


def _drawn(request: Request, name: str, home: Path | None) -> Allotted:
    """Draw up a programme while somebody may be waiting."""
    with reading(open_engine(home)) as connection, progress_for_stderr() as progress:
        progress.start("programme", 1)
        drawn = allot(connection, request, name=name, clock=SystemClock())
        progress.advance()
    return drawn


def _names(drawn: Allotted) -> dict[str, str]:
    return {line.asset_id: title(drawn.known.entries.get(line.asset_id)) for line in
            drawn.programme.lines}  # fmt: skip


def _print(programme: KeptProgramme, names: Mapping[str, str], lang: str, as_json: bool) -> None:
    if as_json:
        print_json(_plain(programme))
        return
    for line in say_summary(programme):
        click.echo(line)
    for line in say_lines(programme, names, lang, left=True):
        click.echo(line)


def _plain(programme: KeptProgramme) -> dict[str, Any]:
    return asdict(programme)


@click.command()
@click.argument("name")
@click.option("--why", "asset_id", metavar="ASSET", help="Only this asset: why, or why not.")
@click.option("--all", "left", is_flag=True, help="Also what is not in the programme.")
@lang_option
@home_option
@json_option
def show(
    *, name: str, asset_id: str | None, left: bool, lang: str, home: Path | None, as_json: bool
) -> None:
    """Show a programme: money, works by year, and the reason of each.

    \b
    Examples:
      tenken programme show R9-13 --all --lang ja
      tenken programme show R9-13 --why ISK-0123
    """  # noqa: D301 click needs the character itself
    with reading(open_engine(home)) as connection:
        found = programmes.by_name(connection, name)
        ids = sorted({line.asset_id for line in found.lines})
        names = {i: title(entry) for i, entry in sheets.by_ids(connection, ids).items()}
    if asset_id is not None:
        lines = tuple(line for line in found.lines if line.asset_id == asset_id)
        if not lines:
            raise NotFound(
                f"asset {asset_id!r} is no candidate of {name!r}: it is sound, repaired, or not in "
                "the ledger"
            )
        found, left = replace(found, lines=lines), True
    if as_json:
        print_json(_plain(found))
        return
    if asset_id is None:
        for line in say_summary(found):
            click.echo(line)
    for line in say_lines(found, names, lang, left=left):
        click.echo(line)


@click.command("list")
@home_option
@json_option
def list_(*, home: Path | None, as_json: bool) -> None:
    """List the programmes.

    \b
    Example:
      tenken programme list
    """  # noqa: D301 click needs the character itself
    with reading(open_engine(home)) as connection:
        heads = programmes.heads(connection)
    if as_json:
        print_json(heads)
        return
    for head in heads:
        terms = head["request"]["terms"]
        total = sum(terms["budgets_yen"]) / 1e6
        last = terms["first_year"] + len(terms["budgets_yen"]) - 1
        click.echo(
            f"{head['name']}  FY{terms['first_year']} to FY{last}  {total:,.1f} million yen  "
            f"{head['model']}  {head['made_at']:%Y-%m-%d %H:%M} UTC"
        )


@click.command()
@click.argument("name")
@click.option(
    "--budget", "budgets", multiple=True, metavar="AMOUNT|YEAR=AMOUNT", help="Other money."
)
@click.option("--weights", "weights_text", metavar="L=…,C=…,T=…", help="Other weights.")
@click.option("--prices", help="Another price list.")
@click.option("--save", "save_as", metavar="NAME", help="Keep what comes out as a programme.")
@lang_option
@home_option
@json_option
def whatif(
    *,
    name: str,
    budgets: tuple[str, ...],
    weights_text: str | None,
    prices: str | None,
    save_as: str | None,
    lang: str,
    home: Path | None,
    as_json: bool,
) -> None:
    """Draw a programme up again with other money or other weights, and show what changes.

    The programme stays as it is. Where the ledger has changed since, that is said: then not all
    differences come from the what-if.

    \b
    Examples:
      tenken programme whatif R9-13 --budget 150M
      tenken programme whatif R9-13 --weights L=0.4,C=0.5,T=0.1 --save R9-13-importance
    """  # noqa: D301 click needs the character itself
    with reading(open_engine(home)) as connection:
        before = programmes.by_name(connection, name)
    request = request_from(before.request)
    terms = request.terms
    if budgets:
        money = read_budgets(budgets, first_year=terms.first_year, years=terms.years)
        if not any("=" not in text for text in budgets):  # single years only: others stay
            given = {int(text.partition("=")[0]) for text in budgets}
            money = tuple(
                new if terms.fiscal_year(i) in given else old
                for i, (new, old) in enumerate(zip(money, terms.budgets_yen, strict=True))
            )
        terms = replace(terms, budgets_yen=money)
    request = replace(
        request,
        terms=terms,
        weights=read_weights(weights_text) if weights_text else request.weights,
        price_list=prices or request.price_list,
    )
    drawn = _drawn(request, save_as or "what-if", home)
    changes = compare(before, drawn.programme)
    if save_as is not None:
        with writing(open_engine(home)) as connection:
            programmes.save(connection, drawn.programme)
    if as_json:
        print_json(
            {
                "before": before.outcome,
                "after": drawn.programme.outcome,
                "model": drawn.programme.model,
                "differences": [asdict(one) for one in changes],
                "ledger_changed": before.outcome["data"] != drawn.programme.outcome["data"],
            }
        )
        return
    for line in say_differences(before, drawn.programme, changes, _names(drawn), lang):
        click.echo(line)
