"""A programme → the sheet that people read and hand on."""

from sqlalchemy import Connection

from inspection.domain.programme import WORK_WORDS, Work
from inspection.export.cells import Cell
from inspection.export.programme import ProgrammeSheet
from inspection.store import sheets
from inspection.store.programmes import KeptProgramme

REPAIR = "repair"
"""The task of a candidate that no hard rule names."""


def work_words(work: str, lang: str) -> str:
    """Name a work for people.

    >>> work_words("major", "en"), work_words("repair", "ja")
    ('major repair', '補修')
    """
    if work == REPAIR:
        return "補修" if lang == "ja" else "repair"
    return WORK_WORDS[Work(work)][0 if lang == "ja" else 1]


def laid_out(connection: Connection, found: KeptProgramme, lang: str) -> ProgrammeSheet:
    """Lay a programme out for people, with the names and places that the ledger knows.

    Args:
        connection: an open transaction.
        found: the programme.
        lang: ``ja`` or ``en``.
    """
    ids = sorted({line.asset_id for line in found.lines})
    entries = sheets.by_ids(connection, ids)
    places = {i: (e.asset.name, e.sheet.municipality) for i, e in entries.items()}
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
