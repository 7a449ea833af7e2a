"""Lay a record out as the named values, tables and pictures that forms ask for.

A form asks by name, so that the official workbook of an agency needs only a cell map. What nobody
said is empty and is reported; what rests on an unchecked rule carries the mark ※.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from inspection.codelists.codelist import load_codelist
from inspection.codelists.findings import FORM
from inspection.domain.eradate import day_in_japan
from inspection.domain.inspectionrecord import ConfirmedDefect, InspectionRecord, RecordedDamage
from inspection.domain.notation import circled
from inspection.export.cells import Cell

MARK = "※"
"""Stands behind a value whose rule is not checked against the official text."""

UNVERIFIED_JA = "※ 未確認（公式の文書と照合していない基準）"

GROUPS_JA = {
    "superstructure": "上部構造",
    "substructure": "下部構造",
    "bearing": "支承部",
    "road_surface": "路上",
    "drainage": "排水施設",
    "inspection_facility": "点検施設",
    "utility": "添架物",
    "side_wall": "袖擁壁",
}
ROUTES_JA = {"1": "第1次", "2": "第2次", "3": "第3次", "none": "指定なし"}

GRADE_AGAIN = {
    "split": {"ja": "分割前の判定", "en": "decided before it was split"},
    "merged": {"ja": "結合前の判定", "en": "decided before it was merged"},
    "redrawn": {"ja": "形状修正前の判定", "en": "decided before it was redrawn"},
}
"""Words for a grade that nobody has decided anew since an edit."""

Values = dict[str, Cell]


def form_values(record: InspectionRecord, *, approved_by: str, approved_at: str) -> Values:
    """Give every single value of a record by its name."""
    form = load_codelist(FORM).fields
    findings = record.findings
    values: Values = {
        "asset_id": record.asset_id,
        "name": record.name,
        "fiscal_year": record.fiscal_year,
        "guideline": record.guideline,
        "diagnosis": record.diagnosis.value,
        "diagnosis_by": record.diagnosis.by,
        "diagnosis_note": record.diagnosis.note,
        "approved_by": approved_by,
        "approved_at": day_of(approved_at),
        "worst_grade": record.worst_grade,
        "unverified": f"{UNVERIFIED_JA}: {', '.join(record.unverified)}"
        if record.unverified
        else "",
        "position": _position(record.sheet),
        "emergency_route": ROUTES_JA.get(str(record.attributes.get("emergency_route", "")), ""),
        "members": _members(record),
    }
    for name in ("kana", "route_name", "address", "xroad_id", "administrator", "structure"):
        values[name] = str(record.sheet.get(name, ""))
    for name in ("prefecture", "municipality", "municipality_code", "lat_deg", "lon_deg"):
        value = record.sheet.get(name)
        values[name] = "" if value is None else value
    for name in ("length_m", "width_m", "built_fiscal_year"):
        value = record.attributes.get(name)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        values[name] = value if is_number else ""
    for row in form["words"]:
        values[row["code"]] = str(findings.get(row["code"], ""))
    for row in form["events"]:
        values[f"event_{row['code']}"] = findings.get("events", {}).get(row["code"], "")
    return values | _evaluation(record, form)


def _evaluation(record: InspectionRecord, form: Mapping[str, Any]) -> Values:
    """Give the technical evaluation, marked because its wording is not checked; and the worst."""
    given = record.findings.get("evaluation", {})
    mark = MARK if load_codelist(FORM).needs_review else ""
    values: Values = {}
    for structure in form["structures"]:
        for situation in form["situations"]:
            letter = given.get(structure["code"], {}).get(situation["code"], "")
            name = f"evaluation_{structure['code']}_{situation['code']}"
            values[name] = f"{letter}{mark}" if letter else ""
    letters = [letter for cells in given.values() for letter in cells.values()]
    # C is worse than B, and B than A (domain specification §1.8)
    values["evaluation_worst"] = f"{max(letters)}{mark}" if letters else ""
    return values


def day_of(moment: str) -> str:
    """Give the day in Japan of a moment in ISO 8601; a day without an hour is that day.

    >>> day_of("2026-04-30T15:00:00+00:00"), day_of("2026-05-01"), day_of("")
    ('2026-05-01', '2026-05-01', '')
    """
    when = datetime.fromisoformat(moment) if len(moment) > len("YYYY-MM-DD") else None
    return moment[:10] if when is None or when.tzinfo is None else str(day_in_japan(when))


def _position(sheet: Mapping[str, Any]) -> str:
    lat, lon = sheet.get("lat_deg"), sheet.get("lon_deg")
    return "" if lat is None or lon is None else f"{lat:.5f}, {lon:.5f}"


def _members(record: InspectionRecord) -> str:
    """Write the soundness of member groups in one line."""
    return "、".join(f"{group.subject} {group.value}" for group in record.groups)


def form_tables(record: InspectionRecord) -> dict[str, list[Values]]:
    """Give every table of a record by its name."""
    return {
        "photos": [_photo(defect) for defect in record.defects],
        "elements": [_element(damage) for damage in record.damages],
        "summary": _summary(record.damages),
    }


def _photo(defect: ConfirmedDefect) -> Values:
    """Give one row about a photographed damage; the caption of §1.9."""
    number = defect.number
    size = size_words(defect)
    grade = defect.grade or "–"
    again = GRADE_AGAIN[defect.grade_again]["ja"] if defect.grade_again in GRADE_AGAIN else ""
    return {
        "number": number,
        "member": defect.member,
        "element": defect.member,
        "damage": defect.damage_ja,
        "grade": grade,
        "previous": "",
        "memo": "、".join(filter(None, (size, again))),
        "photo": defect.photos[0] if defect.photos else "",
        "caption": f"{number} / {defect.member or '–'} / {defect.damage_ja}-{grade} / {size}",
        "defect_id": defect.defect_id,
    }


def size_words(defect: ConfirmedDefect) -> str:
    """Write width and length, or the area, of a damage in one line."""
    parts = []
    if defect.width:
        sign = "w" if defect.width.startswith("<") else "w="
        parts.append(f"{sign}{defect.width} mm")
    parts.append(f"L={defect.length} m" if defect.length else f"A={defect.area} m²")
    return " ".join(parts)


def _element(damage: RecordedDamage) -> Values:
    """Give one row of the evaluation table; a quantity keeps the unit in which it was recorded."""
    return {
        "span": damage.span,
        "group": GROUPS_JA.get(damage.group, damage.group),
        "material": damage.material,
        "member": damage.member_ja,
        "symbol": damage.element[:-4],
        "element": damage.element[-4:],
        "grade": damage.grade,
        "values": damage.values,
        "pattern": circled(damage.pattern) if damage.pattern else "",
        "damage": _damage_name(damage),
        "division": damage.division or "",
        "line": damage.line,
        "countermeasures": "+".join(damage.countermeasures),
        "soundness": damage.soundness,
    }


def _damage_name(damage: RecordedDamage) -> str:
    return f"{circled(damage.damage_no)}{damage.damage_ja}" if damage.damage_no else "NON"


MOST_OF_A_MEMBER = 4
"""Damages of one member that a row of the summary holds; further ones take further rows."""


def _summary(damages: Sequence[RecordedDamage]) -> list[Values]:
    """Give the worst letter of each damage type by member, four types a row, now and before."""
    members: dict[tuple[int, str, str, str, str, str], dict[int, RecordedDamage]] = {}
    before: dict[tuple[int, str, str, str, str, str], dict[int, str]] = {}
    for damage in damages:
        key = (
            damage.span,
            GROUPS_JA.get(damage.group, damage.group),
            damage.material,
            damage.member_ja,
            damage.element[:-4],
            damage.member_no,
        )
        worst = members.setdefault(key, {})
        known = worst.get(damage.damage_no)
        if known is None or damage.grade > known.grade:
            worst[damage.damage_no] = damage
        if damage.previous:
            earlier = before.setdefault(key, {})
            letter = earlier.get(damage.damage_no, "a")
            earlier[damage.damage_no] = max(letter, damage.previous)
    rows = []
    for key, worst in sorted(members.items()):
        found = [worst[number] for number in sorted(worst)]
        for start in range(0, len(found), MOST_OF_A_MEMBER):
            part = found[start : start + MOST_OF_A_MEMBER]
            rows.append(_summary_row(key, part, before.get(key, {})))
    return rows


def _summary_row(
    key: tuple[int, str, str, str, str, str],
    found: Sequence[RecordedDamage],
    before: Mapping[int, str],
) -> Values:
    names = ("span", "group", "material", "member", "symbol", "member_no")
    row: Values = dict(zip(names, key, strict=True))
    for place, damage in enumerate(found, start=1):
        row[f"damage_{place}"] = _damage_name(damage)
        row[f"grade_{place}"] = damage.grade
        row[f"previous_{place}"] = before.get(damage.damage_no, "")
    return row
