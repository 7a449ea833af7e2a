"""Write an approved inspection as a PDF record: diagnosis, evaluation, damage map, photographs."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inspection.codelists.codelist import load_codelist
from inspection.codelists.findings import FORM
from inspection.codelists.guidelines import load_guidelines
from inspection.domain.inspectionrecord import ConfirmedDefect, InspectionRecord
from inspection.export.figure import Bar, Figure, bar_lengths
from inspection.export.formvalues import GRADE_AGAIN, GROUPS_JA, MARK, day_of
from inspection.export.pdf import write_pdf
from inspection.export.sheetstyle import Language
from inspection.export.worklistpdf import cut

GRADE_COLOURS = {"a": "#2E7D32", "b": "#9E9D24", "c": "#F9A825", "d": "#EF6C00", "e": "#C62828"}
NO_CODE = "#546E7A"
REMARKS = ("premise", "notes", "remarks")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordCard:
    """Show one confirmed damage; no figure where the pixels are gone."""

    title: str
    figure: Figure | None
    facts: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """Say who approved a record, when, and which content."""

    approved_by: str
    approved_at: str
    why: str
    sha256: str


def write_record_pdf(
    record: InspectionRecord,
    path: Path,
    *,
    stamp: Stamp,
    overviews: Sequence[tuple[Figure, str]] = (),
    figures: Mapping[str, Figure] | None = None,
    language: Language = "ja",
) -> None:
    """Write a record as PDF.

    Args:
        record: what was approved.
        path: where; the file is complete or not there.
        stamp: who approved it.
        overviews: damage maps with their words.
        figures: pictures by defect.
        language: of everything that is not a quotation.

    Raises:
        Unavailable: when Pango or a Japanese font is missing, or the folder cannot be written.
    """
    ja = language == "ja"
    grade, kind = _grade_bars(record), _kind_bars(record, language)
    found = figures or {}
    cards = [_card(d, found.get(d.defect_id), language) for d in record.defects]
    write_pdf(
        "record.pdf.html.j2",
        path,
        language=language,
        orientation="portrait",
        footer="Tenken 点検 — " + ("点検記録" if ja else "inspection record"),
        title="点検記録" if ja else "Inspection record",
        record=record,
        year=f"{record.fiscal_year}年度" if ja else f"fiscal year {record.fiscal_year}",
        guideline=_guideline(record, language),
        **_diagnosis(record, language),
        unverified=_unverified(record, language),
        facts=_facts(record, language),
        groups=record.groups,
        **_form(record, language),
        overviews=list(overviews),
        grade_bars=list(zip(grade, bar_lengths(grade), strict=True)),
        kind_bars=list(zip(kind, bar_lengths(kind), strict=True)),
        damage_headings=_damage_headings(language),
        damages=[_damage_row(record, i, language) for i in range(len(record.damages))],
        cards=cards,
        provenance=_provenance(record, stamp, language),
    )


def _guideline(record: InspectionRecord, language: Language) -> str:
    known = load_guidelines().get(record.guideline)
    return record.guideline if known is None else known.ja if language == "ja" else known.en


def _diagnosis(record: InspectionRecord, language: Language) -> dict[str, str]:
    """Give the words and the colour of the diagnosis."""
    rows = {str(row["code"]): row for row in load_codelist("jp_soundness").rows()}
    row = rows.get(record.diagnosis.value.split("-")[0], {})
    by = record.diagnosis.by or ("台帳の記載" if language == "ja" else "as the ledger says")
    at = day_of(record.diagnosis.at)
    who = f"診断: {by} {at}" if language == "ja" else f"diagnosed by {by} {at}"
    note = f"　{record.diagnosis.note}" if record.diagnosis.note else ""
    return {
        "colour": str(row.get("colour", NO_CODE)),
        "meaning": str(row.get(language, record.diagnosis.value)),
        "definition": str(row.get("definition_ja", "")) if language == "ja" else "",
        "diagnosed": cut(who + note),
    }


def _unverified(record: InspectionRecord, language: Language) -> str:
    """Name the rules behind the record that nobody checked against the official text."""
    if not record.unverified:
        return ""
    names = ", ".join(record.unverified)
    if language == "ja":
        return f"未確認の基準（公式の文書と照合していない）: {names}"
    return f"Unverified rules (not checked against the official text): {names}"


Pair = tuple[str, str]


def _facts(record: InspectionRecord, language: Language) -> list[tuple[Pair, Pair]]:
    """Give what identifies the asset, two facts a line."""
    sheet, attributes, ja = record.sheet, record.attributes, language == "ja"
    lat, lon = sheet.get("lat_deg"), sheet.get("lon_deg")
    spans = [f"{n}: {'–' if m is None else f'{m:g} m'}" for n, m in record.spans.items()]
    facts: list[Pair] = [
        ("名称（カナ）" if ja else "Kana", str(sheet.get("kana", ""))),
        ("施設ID" if ja else "xROAD ID", str(sheet.get("xroad_id", ""))),
        ("路線名" if ja else "Route", str(sheet.get("route_name", ""))),
        ("所在地" if ja else "Address", _address(sheet)),
        ("位置" if ja else "Position", "" if lat is None else f"{lat:.6f}, {lon:.6f}"),
        ("管理者" if ja else "Administrator", str(sheet.get("administrator", ""))),
        ("橋長 (m)" if ja else "Length (m)", _number(attributes.get("length_m"))),
        ("幅員 (m)" if ja else "Width (m)", _number(attributes.get("width_m"))),
        ("架設年度" if ja else "Built in", _number(attributes.get("built_fiscal_year"))),
        ("上部構造形式" if ja else "Superstructure", str(sheet.get("structure", ""))),
        ("径間長" if ja else "Spans", "、".join(spans)),
        ("措置状況" if ja else "Measures", str(sheet.get("repair_status", ""))),
    ]
    known = [(label, cut(value) or "–") for label, value in facts]
    return list(zip(known[::2], known[1::2], strict=True))


def _address(sheet: Mapping[str, Any]) -> str:
    parts = (sheet.get("prefecture"), sheet.get("municipality"), sheet.get("address"))
    return "".join(str(part) for part in parts if part)


def _number(value: object) -> str:
    return f"{value:g}" if isinstance(value, int | float) else ""


def _form(record: InspectionRecord, language: Language) -> dict[str, Any]:
    """Give what a person wrote for the form: evaluation, events, remarks."""
    form = load_codelist(FORM)
    given = record.findings.get("evaluation", {})
    mark = MARK if form.needs_review else ""
    rows = []
    for structure in form["structures"]:
        cells = given.get(structure["code"], {})
        letters = [cells.get(situation["code"], "") for situation in form["situations"]]
        rows.append((structure[language], [f"{one}{mark}" if one else "–" for one in letters]))
    events = record.findings.get("events", {})
    words = {row["code"]: row[language] for row in form["words"]}
    meanings = "; ".join(f"{row['code']} {row[language]}" for row in form["evaluations"])
    return {
        "situations": [row[language] for row in form["situations"]],
        "evaluation": rows if given else [],
        "evaluation_note": f"{MARK} {meanings}",
        "events": [(row[language], events.get(row["code"], "–")) for row in form["events"]]
        if events
        else [],
        "remarks": [
            (words[name], record.findings[name]) for name in REMARKS if record.findings.get(name)
        ],
    }


def _grade_bars(record: InspectionRecord) -> list[Bar]:
    counts = Counter(damage.grade for damage in record.damages)
    return [
        Bar(label=letter, count=counts[letter], colour=GRADE_COLOURS[letter])
        for letter in GRADE_COLOURS
        if record.damages
    ]


def _kind_bars(record: InspectionRecord, language: Language) -> list[Bar]:
    names = {
        d.damage_class: d.damage_ja if language == "ja" else d.damage_en for d in record.defects
    }
    colours = {str(row["code"]): str(row["colour"]) for row in load_codelist("damage_class").rows()}
    counts = Counter(defect.damage_class for defect in record.defects)
    return [
        Bar(label=names[code], count=count, colour=colours.get(code, NO_CODE))
        for code, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    ]


def _damage_headings(language: Language) -> list[str]:
    if language == "ja":
        return ["径間", "部材・要素", "損傷の記録", "程度", "対策区分", "健全性"]
    return ["Span", "Element", "Record", "Grade", "Category", "Soundness"]


def _damage_row(record: InspectionRecord, index: int, language: Language) -> list[str]:
    damage = record.damages[index]
    ja = language == "ja"
    group = GROUPS_JA.get(damage.group, damage.group) if ja else damage.group
    member = damage.member_ja if ja else damage.member_en
    return [
        str(damage.span),
        cut(f"{member} {damage.element}\n{group}"),
        cut(damage.line),
        damage.grade,
        "+".join(damage.countermeasures),
        damage.soundness,
    ]


def _card(defect: ConfirmedDefect, figure: Figure | None, language: Language) -> RecordCard:
    """Show one damage with the caption of a record (domain specification §1.9)."""
    ja = language == "ja"
    name = defect.damage_ja if ja else defect.damage_en
    facts = [
        ("部材" if ja else "Member", defect.member),
        ("損傷程度" if ja else "Grade", _grade(defect, language)),
        ("幅" if ja else "Width", f"{defect.width} mm" if defect.width else ""),
        ("長さ" if ja else "Length", f"{defect.length} m" if defect.length else ""),
        ("面積" if ja else "Area", "" if defect.length else f"{defect.area} m²"),
        ("写真" if ja else "Photo", cut(defect.photos[0], 60) if defect.photos else ""),
        ("確認" if ja else "Confirmed", f"{defect.confirmed_by} {day_of(defect.confirmed_at)}"),
    ]
    return RecordCard(
        title=f"{defect.number}. {name}",
        figure=figure,
        facts=[fact for fact in facts if fact[1].strip()],
    )


def _grade(defect: ConfirmedDefect, language: Language) -> str:
    """Show the letter, and that it was decided about what the defect was before an edit."""
    if not defect.grade:
        return "未判定" if language == "ja" else "not decided"
    again = GRADE_AGAIN.get(defect.grade_again)
    return defect.grade if again is None else f"{defect.grade} ({again[language]})"


def _provenance(record: InspectionRecord, stamp: Stamp, language: Language) -> list[Pair]:
    """Say where the record comes from, and what proves that it was not changed."""
    ja = language == "ja"
    rows = [
        ("承認" if ja else "Approved", f"{stamp.approved_by} {stamp.approved_at}"),
        ("承認の理由" if ja else "Why", cut(stamp.why)),
        ("記録の SHA-256" if ja else "SHA-256 of the record", stamp.sha256),
    ]
    for survey in record.surveys:
        words = (
            f"{survey.date}, {survey.surface}, {survey.photos} photos, "
            f"{survey.gsd_mm_per_px:.2f} mm/px, {survey.crs}, {', '.join(survey.models)}"
        )
        rows.append(("調査" if ja else "Survey", words))
        rows.append(("オルソ画像" if ja else "Orthomosaic", survey.mosaic_sha256))
    return rows
