"""``tenken programme export``: a programme as CSV or XLSX."""

from pathlib import Path

import click

from inspection.errors import BadInput
from inspection.export.cells import Cell
from inspection.export.programme import (
    ProgrammeSheet,
    write_programme_csv,
    write_programme_xlsx,
)
from inspection.store import programmes, sheets
from inspection.store.engine import reading
from inspection.store.programmes import KeptProgramme
from workers.planner_options import home_option, lang_option, open_engine
from workers.programme.words import work_words


@click.command()
@click.argument("name")
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="File, .csv or .xlsx.",
)
@lang_option
@home_option
def export(*, name: str, out: Path, lang: str, home: Path | None) -> None:
    """Write a programme with every reason into a CSV (UTF-8 with BOM) or XLSX file.

    \b
    Examples:
      tenken programme export R9-13 --out programme.xlsx --lang ja
      tenken programme export R9-13 --out programme.csv
    """  # noqa: D301 click needs the character itself
    suffix = out.suffix.lower()
    if suffix not in (".csv", ".xlsx"):
        raise BadInput(f"{out.name}: a programme is written as .csv or .xlsx")
    with reading(open_engine(home)) as connection:
        found = programmes.by_name(connection, name)
        ids = sorted({line.asset_id for line in found.lines})
        entries = sheets.by_ids(connection, ids)
    places = {i: (e.asset.name, e.sheet.municipality) for i, e in entries.items()}
    sheet = laid_out(found, places, lang)
    if suffix == ".csv":
        write_programme_csv(sheet, out)
    else:
        write_programme_xlsx(sheet, out, japanese=lang == "ja")
    click.echo(f"{out}: {len(sheet.rows)} lines")


def laid_out(found: KeptProgramme, places: dict[str, tuple[str, str]], lang: str) -> ProgrammeSheet:
    """Lay a programme out for people."""
    rows: list[dict[str, Cell]] = [
        {
            "rank": line.rank,
            "tier": line.tier,
            "score": round(line.score, 2),
            "asset_id": line.asset_id,
            "name": places.get(line.asset_id, ("", ""))[0],
            "municipality": places.get(line.asset_id, ("", ""))[1],
            "task": work_words(line.task, lang),
            "fiscal_year": line.fiscal_year,
            "work": work_words(line.work, lang) if line.work else "",
            "cost_yen": line.cost_yen,
            "reason": line.reason[lang],
        }
        for line in found.lines
    ]
    terms, outcome = found.request["terms"], found.outcome
    years = [
        (terms["first_year"] + i, budget, spent)
        for i, (budget, spent) in enumerate(
            zip(terms["budgets_yen"], outcome["spend_yen"], strict=True)
        )
    ]
    words = _JA if lang == "ja" else _EN
    return ProgrammeSheet(title=found.name, rows=rows, years=years, facts=_facts(found, words))


METHOD_WORDS = {"exact": "厳密解（HiGHS）", "greedy": "効果／費用の順（貪欲法）"}

_JA = (
    "優先度モデル",
    "単価表",
    "劣化モデル",
    "選択方法",
    "最適との差（最大）",
    "必要額の合計（円）",
    "予算不足",
    "作成",
)
_EN = (
    "Priority model",
    "Price list",
    "Ageing",
    "Choice",
    "Below the best possible (at most)",
    "All that would help (yen)",
    "Shortage",
    "Drawn up",
)


def _facts(found: KeptProgramme, words: tuple[str, ...]) -> list[tuple[str, Cell]]:
    """Give what stands above the table of years."""
    outcome = found.outcome
    short = ", ".join(f"{s['asset_id']} ({'/'.join(s['rules'])})" for s in outcome["shortage"])
    values: tuple[Cell, ...] = (
        found.model,
        found.request["price_list"],
        outcome["ageing"],
        METHOD_WORDS.get(outcome["method"], "") if words is _JA else outcome["method"],
        f"{outcome['gap']:.2%}",
        int(outcome["needed_yen"]),
        short or "–",
        f"{found.made_at:%Y-%m-%d %H:%M} UTC",
    )
    return list(zip(words, values, strict=True))
