"""Write a work list as a PDF for a meeting: what is urgent, by kind, line by line, in pictures."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from inspection.domain.workorder import WorkList, WorkRow, shown
from inspection.export.figure import Bar, Figure, bar_lengths
from inspection.export.pdf import write_pdf
from inspection.export.printsheet import PRINTED
from inspection.export.sheetstyle import Language

CARDS = 12
"""Pictures at the end of a list; more belong into the record."""

ROWS = 300
"""Most lines of a PDF, about 25 pages; it says how many there are, and XLSX and CSV have all."""

TEXT_MAX = 400
"""Longest text of a cell; the CSV and the XLSX have all of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedRow:
    """Carry one line: its cells with their alignment, and what it is marked as."""

    kind: str
    cells: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """Show one damage with its picture."""

    title: str
    figure: Figure
    facts: Sequence[tuple[str, str]]


def write_worklist_pdf(
    work_list: WorkList,
    path: Path,
    *,
    figures: Mapping[str, Figure] | None = None,
    language: Language = "ja",
    made: str = "",
) -> None:
    """Write a work list as PDF.

    Args:
        work_list: the list.
        path: where; the file is complete or not there.
        figures: pictures by defect; the first lines that have one are shown.
        language: of everything.
        made: when the list was drawn up, for people.

    Raises:
        Unavailable: when Pango or a Japanese font is missing, or the folder cannot be written.
    """
    ja = language == "ja"
    bars = damage_bars(work_list, language)
    write_pdf(
        "worklist.pdf.html.j2",
        path,
        language=language,
        orientation="landscape",
        footer="Tenken 点検 — " + ("作業一覧" if ja else "work list"),
        title="点検損傷 作業一覧" if ja else "Work list of inspected damage",
        subject=subject(work_list),
        made=made,
        work_list=work_list,
        tiles=tiles(work_list, language),
        bars=list(zip(bars, bar_lengths(bars), strict=True)),
        headings=[column.ja if ja else column.en for column in PRINTED],
        widths=[round(100 * c.width / sum(p.width for p in PRINTED), 2) for c in PRINTED],
        rows=[_row(row, language) for row in work_list.rows[:ROWS]],
        notes=notes(work_list, language),
        cards=_cards(work_list, figures or {}, language),
    )


def subject(work_list: WorkList) -> str:
    """Name the assets of a list, the first ones where there are many.

    >>> subject(WorkList(model="m", rows=(), priorities=(), left_out={}))
    ''
    """
    names = list(dict.fromkeys(f"{r.asset_name} ({r.asset_id})"[:120] for r in work_list.rows))
    more = f" +{len(names) - 3}" if len(names) > 3 else ""
    return "、".join(names[:3]) + more


def tiles(work_list: WorkList, language: Language) -> list[tuple[str, int, str]]:
    """Give the counts at the head of the page with their colours."""
    tiers = Counter(row.tier for row in work_list.rows)
    unseen = sum(not row.is_confirmed for row in work_list.rows)
    words = {
        "ja": ("件", "緊急（区分 0）", "要措置（区分 1）", "要確認（機械の検出のまま）"),
        "en": ("lines", "emergency (tier 0)", "must be done (tier 1)", "not reviewed yet"),
    }[language]
    counts = (len(work_list.rows), tiers[0], tiers[1], unseen)
    kinds = ("", "red" if tiers[0] else "", "amber" if tiers[1] else "", "amber" if unseen else "")
    return list(zip(words, counts, kinds, strict=True))


def damage_bars(work_list: WorkList, language: Language) -> list[Bar]:
    """Count the lines by type of damage, the most frequent first."""
    counts = Counter(row.damage_class for row in work_list.rows)
    label = {
        row.damage_class: (row.class_ja if language == "ja" else row.class_en, row.colour)
        for row in work_list.rows
    }
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0].value))
    return [Bar(label=label[kind][0], count=n, colour=label[kind][1]) for kind, n in ordered]


def notes(work_list: WorkList, language: Language) -> str:
    """Say how to read the list, and which rules behind it are not checked."""
    total = len(work_list.rows)
    unverified = sorted(
        {row.grade.scheme for row in work_list.rows if row.grade and row.grade.needs_review}
    )
    if language == "ja":
        text = (
            "損傷程度は機械の候補であり、判定は技術者が行う。「< x」は画像の測定限界未満で、"
            "数値ではない。± は拡張不確かさ（k = 2）。"
        )
        if total > ROWS:
            text = f"全 {total} 件のうち先頭 {ROWS} 件。残りは XLSX・CSV を参照。" + text
        return text + (f"未確認の評価基準: {', '.join(unverified)}。" if unverified else "")
    text = (
        "Grades are candidates of a machine; an engineer decides. '< x' is below what the image "
        "resolves and no number. ± is the expanded uncertainty (k = 2)."
    )
    if total > ROWS:
        text = f"The first {ROWS} of {total} lines; XLSX and CSV have all of them. {text}"
    return text + (f" Unverified rules: {', '.join(unverified)}." if unverified else "")


def _row(row: WorkRow, language: Language) -> PrintedRow:
    kind = "emergency" if row.tier == 0 else "" if row.is_confirmed else "open"
    cells = []
    for column in PRINTED:
        value = column.value(row, language)
        text = "" if value is None else str(value)
        cells.append((cut(text), "c" if column.align == "center" else ""))
    return PrintedRow(kind=kind, cells=cells)


def cut(text: str, most: int = TEXT_MAX) -> str:
    """Shorten a text that is too long for a page, and show that it was.

    >>> cut("abcdef", 4), cut("abc", 4)
    ('abc…', 'abc')
    """
    return text if len(text) <= most else text[: most - 1] + "…"


def _cards(work_list: WorkList, figures: Mapping[str, Figure], language: Language) -> list[Card]:
    """Show the first lines that have a picture."""
    shown_rows = [row for row in work_list.rows if str(row.defect_id) in figures][:CARDS]
    return [
        Card(
            title=f"{row.rank}. {row.class_ja if language == 'ja' else row.class_en}",
            figure=figures[str(row.defect_id)],
            facts=_facts(row, language),
        )
        for row in shown_rows
    ]


def _facts(row: WorkRow, language: Language) -> list[tuple[str, str]]:
    """Give the numbers of one damage."""
    ja = language == "ja"
    facts = [
        ("幅" if ja else "Width", shown(row.width_mm, unit=" mm")),
        ("長さ" if ja else "Length", f"{shown(row.length_m)} m" if row.length_m else ""),
        ("面積" if ja else "Area", "" if row.length_m else f"{shown(row.area_m2, digits=3)} m²"),
        ("写真" if ja else "Photo", cut(row.photos[0], 60) if row.photos else ""),
        ("確認" if ja else "Review", row.note_ja if ja else row.note_en),
    ]
    return [fact for fact in facts if fact[1]]
