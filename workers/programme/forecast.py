"""``tenken programme estimate``, ``forecast``, ``picture``: how bridges age, with and without."""

from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import click

from inspection.domain.deterioration import SHRINKAGE
from inspection.domain.gradeforecast import GradeForecast
from inspection.domain.soundness import SOUNDNESS
from inspection.export.programmepicture import Money, draw_programme
from inspection.finite import FiniteRange
from inspection.pipeline.estimate import Learned, keep, learn
from inspection.pipeline.foresee import STEPS, foresee
from inspection.pipeline.tools import SystemClock
from inspection.store import programmes
from inspection.store.engine import reading, writing
from inspection.store.programmes import KeptProgramme
from workers.planner_options import (
    home_option,
    json_option,
    lang_option,
    open_engine,
    present_day,
    print_json,
    today_option,
)

cycles_option = click.option(
    "--cycles",
    type=click.IntRange(1, 20),
    default=STEPS,
    show_default=True,
    help="Cycles of five years.",
)
ageing_option = click.option("--ageing", default="", help="Name of another estimate.")


@click.command()
@click.argument("before", type=click.Path(path_type=Path, dir_okay=False))
@click.argument("after", required=False, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--save", "name", help="Keep the estimate under this name.")
@click.option(
    "--shrinkage",
    type=FiniteRange(0, 10_000),
    default=SHRINKAGE,
    show_default=True,
    help="How many bridges the default matrix counts for.",
)
@today_option
@home_option
@json_option
def estimate(
    *,
    before: Path,
    after: Path | None,
    name: str | None,
    shrinkage: float,
    today: datetime | None,
    home: Path | None,
    as_json: bool,
) -> None:
    """Estimate how bridges age from two cycles of diagnoses: two ledgers, or one and the store.

    Bridges with a measure in between (措置状況 of the earlier ledger) and bridges that improved are
    left out and counted. Few pairs are drawn towards the default matrix.

    \b
    Examples:
      tenken programme estimate ledger-2019.csv ledger-2024.csv --save ishikawa
      tenken programme estimate ledger-2019.csv --json
    """  # noqa: D301 click needs the character itself
    with writing(open_engine(home)) as connection:
        found = learn(connection, before, after, today=present_day(today), shrinkage=shrinkage)
        if name is not None:
            source = before.name if after is None else f"{before.name} and {after.name}"
            keep(connection, name, found, source=source, clock=SystemClock())
    if as_json:
        print_json(found.plain())
        return
    _say_estimate(found, name)


def _say_estimate(found: Learned, name: str | None) -> None:
    one = found.estimate
    click.echo(f"{one.pairs} pairs; share per cycle (90 % interval), pairs in brackets:")
    for i, state in enumerate(SOUNDNESS):
        cells = [
            f"{SOUNDNESS[j]} {one.matrix[i, j]:.3f} ({one.low[i, j]:.3f} to {one.high[i, j]:.3f}) "
            f"[{one.counts[i, j]}]"
            for j in range(i, len(SOUNDNESS))
        ]
        click.echo(f"  {state} → " + ", ".join(cells))
    left_out = found.plain()["left_out"]
    click.echo("left out: " + ", ".join(f"{n} {reason}" for reason, n in left_out.items()))
    if name is not None:
        click.echo(f"kept as {name!r}; use it with --ageing {name}")


@click.command()
@click.argument("name")
@cycles_option
@ageing_option
@home_option
@json_option
def forecast(*, name: str, cycles: int, ageing: str, home: Path | None, as_json: bool) -> None:
    """Forecast how many bridges have which soundness, with a programme and without.

    \b
    Examples:
      tenken programme forecast R9-13
      tenken programme forecast R9-13 --ageing ishikawa --cycles 10 --json
    """  # noqa: D301 click needs the character itself
    with reading(open_engine(home)) as connection:
        programme = programmes.by_name(connection, name)
        found = foresee(connection, programme, steps=cycles, ageing=ageing)
    first = int(programme.request["terms"]["first_year"])
    if as_json:
        print_json(
            {
                **asdict(found),
                "without": found.without.tolist(),
                "programme": found.programme.tolist(),
                "fiscal_years": [first + year for year in found.years],
            }
        )
        return
    for line in _forecast_lines(found, first):
        click.echo(line)


def _forecast_lines(found: GradeForecast, first: int) -> list[str]:
    """Say the expected numbers, one line a moment."""
    lines = ["expected bridges       without programme              with programme"]
    heading = "".join(f"{state:>8}" for state in found.states)
    lines.append(f"             {heading} {heading}")
    for year, without, with_it in zip(found.years, found.without, found.programme, strict=True):
        cells = " ".join("".join(f"{n:>8.1f}" for n in row) for row in (without, with_it))
        lines.append(f"  FY{first + year}     {cells}")
    left_out = [f"{n} {reason}" for reason, n in found.left_out.items() if n]
    return [*lines, *([f"not counted: {', '.join(left_out)}"] if left_out else [])]


@click.command()
@click.argument("name")
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="File, .png, .svg or .pdf.",
)
@cycles_option
@ageing_option
@lang_option
@home_option
def picture(
    *, name: str, out: Path, cycles: int, ageing: str, lang: str, home: Path | None
) -> None:
    """Draw a programme: money by year, and soundness with it and without (PNG, SVG or PDF).

    \b
    Example:
      tenken programme picture R9-13 --out programme.png --lang ja
    """  # noqa: D301 click needs the character itself
    with reading(open_engine(home)) as connection:
        programme = programmes.by_name(connection, name)
        grades = foresee(connection, programme, steps=cycles, ageing=ageing)
    japanese = lang == "ja"
    draw_programme(
        out,
        title=f"{'補修計画' if japanese else 'Programme'} {name}",
        money=money_by_year(programme),
        grades=grades,
        first_year=int(programme.request["terms"]["first_year"]),
        japanese=japanese,
    )
    click.echo(f"{out}")


def money_by_year(programme: KeptProgramme) -> list[Money]:
    """Add up what hard rules take and what competes, by year."""
    terms = programme.request["terms"]
    found = []
    for i, budget in enumerate(terms["budgets_yen"]):
        year = terms["first_year"] + i
        lines = [line for line in programme.lines if line.fiscal_year == year]
        must = sum(line.cost_yen or 0 for line in lines if line.tier < 2)
        total = sum(line.cost_yen or 0 for line in lines)
        found.append(
            Money(fiscal_year=year, budget_yen=budget, must_yen=must, compete_yen=total - must)
        )
    return found
