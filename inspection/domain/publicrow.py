"""Turn an approved record into what everybody may see: the redaction gate.

Only named columns get out. Positions are rounded, or replaced by the middle of a grid cell where a
place is sensitive; single damages of badly judged assets wait until something is done; a text that
looks like a person, a telephone or a number plate stops the publication.

Source: domain specification §7.1, §7.2, §0.2 rule 9.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely

from inspection.domain.assetsheet import says_done
from inspection.domain.eradate import due_fiscal_year
from inspection.domain.gateword import GateCode, GateWord, stop
from inspection.domain.inspectionrecord import ConfirmedDefect, InspectionRecord
from inspection.domain.municipality import full_code
from inspection.domain.notation import fold
from inspection.errors import BadInput
from inspection.geo.mesh import mesh_bounds, mesh_code

Value = str | int | float | None
PublicRow = dict[str, Any]

LEVELS = {"I": 1, "II": 2, "III": 3, "III-1": 3, "III-2": 3, "IV": 4}
"""Soundness as xROAD counts it."""

PHONE = "phone"
"""Code of the pattern of telephone numbers."""

SENSITIVE = "sensitive_location"
"""Attribute of an asset whose exact place is not for everybody."""

NOT_SENSITIVE = frozenset({"none", "", "false", "no", "n", "0", "0.0", "無", "なし", "いいえ"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Forbidden:
    """Describe a pattern that must not get out."""

    code: str
    ja: str
    en: str
    pattern: re.Pattern[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RedactionRule:
    """Hold the numbers and patterns of the code-list ``redaction_rule``.

    Attributes:
        version: of the code-list.
        position_decimals: of a degree.
        blurred_mesh_digits: level of the cell that stands for a sensitive place.
        withhold_damage_of: soundness whose damages wait for a measure.
        least_assets_per_mesh: assets that a cell needs before its worst soundness is shown.
        done_words: words of a repair status that mean a finished measure.
        free_text: fields that are searched.
        forbidden: what for.
        columns_ja: headings of the columns in Japanese, to say in which one it was found.
    """

    version: str
    position_decimals: int
    blurred_mesh_digits: int
    withhold_damage_of: frozenset[str]
    least_assets_per_mesh: int
    done_words: tuple[str, ...]
    free_text: tuple[str, ...]
    forbidden: tuple[Forbidden, ...]
    columns_ja: Mapping[str, str] = field(default_factory=dict)

    def measure_done(self, repair_status: str) -> bool:
        """Tell whether a repair status says that a measure is finished.

        A word with a negation, such as 未完了, is no finished measure.
        """
        return says_done(repair_status, self.done_words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Redacted:
    """Carry what may be published and what the gate did.

    Attributes:
        row: the columns.
        damages: single damages that may be seen.
        applied: what was rounded, blurred or withheld.
        mesh_code: cell of about 1 km; empty without a position.
        measure_done: the ledger says that a measure is finished.
    """

    row: PublicRow
    damages: tuple[PublicRow, ...]
    applied: tuple[GateWord, ...]
    mesh_code: str
    measure_done: bool

    @property
    def plain(self) -> dict[str, Any]:
        """Give all of it as plain values for the store."""
        return {
            "row": self.row,
            "damages": list(self.damages),
            "mesh_code": self.mesh_code,
            "measure_done": self.measure_done,
        }


def redact(
    record: InspectionRecord,
    *,
    rule: RedactionRule,
    published_on: str,
    blur: bool = False,
    show_damage: bool = True,
) -> Redacted:
    """Lead an approved record through the gate.

    Args:
        record: what is approved.
        rule: the code-list.
        published_on: day, ISO 8601.
        blur: show the middle of a cell instead of the place, as for an asset whose attribute
            ``sensitive_location`` is true.
        show_damage: publish single damages at all.

    Raises:
        GateStopped: when a text must not get out; the message names field, kind and cure.
    """
    _check_texts(record, rule)
    applied: list[GateWord] = []
    hidden = blur or _sensitive(record.attributes.get(SENSITIVE))
    lon_deg, lat_deg, mesh = _position(record, rule, hidden, applied)
    repair = str(record.sheet.get("repair_status", ""))
    stated = record.attributes.get("measure_done")
    done = stated if isinstance(stated, bool) else rule.measure_done(repair)
    damages = tuple(_damage(record, d, rule, hidden) for d in record.defects)
    withheld = _withheld(record, rule, done, show_damage, len(damages))
    if withheld is not None and damages:
        applied.append(withheld)
    seen = damages if withheld is None else ()
    row: PublicRow = {
        **_identity(record),
        **({"address": "", "xroad_id": ""} if hidden else {}),
        "lat_deg": lat_deg,
        "lon_deg": lon_deg,
        "position": "" if lat_deg is None else "mesh" if hidden else "exact",
        "inspected_fiscal_year": record.fiscal_year,
        "soundness": record.diagnosis.value,
        "repair_status": repair,
        "next_due_fiscal_year": due_fiscal_year(record.fiscal_year)
        if record.asset.get("kind") == "bridge"
        else None,
        "damage_count": len(seen),
        "damage_withheld": len(damages) - len(seen),
        "guideline": record.guideline,
        "unverified": "; ".join(record.unverified),
        "published_on": published_on,
        "notes": "",
    }
    if hidden:
        applied.append(GateWord(code=GateCode.ADDRESS_INSIDE))
    applied.append(GateWord(code=GateCode.WORDS_AND_PHOTOS_INSIDE))
    return Redacted(
        row=row, damages=seen, applied=tuple(applied), mesh_code=mesh, measure_done=done
    )


def _sensitive(value: object) -> bool:
    """Tell whether an attribute calls a place sensitive; what is not a plain no is a yes."""
    return fold(str(value)).lower() not in NOT_SENSITIVE


def level_of(soundness: str) -> int | None:
    """Give a soundness as xROAD counts it; None for what is none.

    >>> level_of("III"), level_of("III-2"), level_of("x")
    (3, 3, None)
    """
    return LEVELS.get(soundness)


def changed_columns(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> dict[str, Any]:
    """List the columns that differ, with the value before and after; nothing for the first row.

    >>> changed_columns({"a": 1, "b": 2}, {"a": 1, "b": 3})
    {'b': [2, 3]}
    """
    if before is None:
        return {}
    names = [name for name in after if before.get(name) != after[name] and name != "published_on"]
    return {name: [before.get(name), after[name]] for name in names}


def _identity(record: InspectionRecord) -> PublicRow:
    """Give the columns that identify and describe an asset."""
    sheet = record.sheet
    code = str(sheet.get("municipality_code", ""))
    try:
        code = full_code(code)
    except BadInput as error:
        values = {"asset": record.asset_id, "code": code, "why": str(error)}
        word = GateWord(code=GateCode.STOPPED_BY_MUNICIPALITY, values=values)
        raise stop(word) from error
    row: PublicRow = {
        "municipality_code": code,
        "asset_id": record.asset_id,
        "name": record.name,
        "kind": record.asset.get("kind", ""),
    }
    for name in ("xroad_id", "prefecture", "municipality", "kana", "route_name", "address"):
        row[name] = str(sheet.get(name, ""))
    for name in ("structure", "administrator"):
        row[name] = str(sheet.get(name, ""))
    for name in ("length_m", "width_m", "built_fiscal_year"):
        value = record.attributes.get(name)
        row[name] = (
            value if isinstance(value, int | float) and not isinstance(value, bool) else None
        )
    return row


def _check_texts(record: InspectionRecord, rule: RedactionRule) -> None:
    """Stop what looks like a person, a telephone, a plate or a link, in whatever width."""
    texts = {name: str(record.sheet.get(name, "")) for name in rule.free_text}
    texts["name"] = record.name
    texts["asset_id"] = record.asset_id
    texts["member"] = " ".join(sorted({defect.member for defect in record.defects}))
    for name, text in texts.items():
        for kind in rule.forbidden:
            if name == "asset_id" and kind.code == PHONE:
                continue  # 02-201-0001 is prefecture, town and number, and can never be changed
            # a number in the wide digits of a Japanese keyboard is the same number
            if kind.pattern.search(text) or kind.pattern.search(fold(text)):
                values = {
                    "asset": record.asset_id,
                    "column_en": name,
                    "column_ja": rule.columns_ja.get(name, name),
                    "kind_en": kind.en,
                    "kind_ja": kind.ja,
                }
                raise stop(GateWord(code=GateCode.STOPPED_BY_TEXT, values=values))


def _position(
    record: InspectionRecord, rule: RedactionRule, hidden: bool, applied: list[GateWord]
) -> tuple[float | None, float | None, str]:
    """Give longitude, latitude and the cell that may be seen."""
    lon, lat = record.sheet.get("lon_deg"), record.sheet.get("lat_deg")
    if lon is None or lat is None:
        return None, None, ""
    try:
        mesh = mesh_code(lat, lon, rule.blurred_mesh_digits)
    except BadInput:  # outside Japan the grid has no cells
        mesh = ""
    if hidden:
        if not mesh:
            applied.append(GateWord(code=GateCode.PLACE_HIDDEN))
            return None, None, ""
        west, south, east, north = mesh_bounds(mesh)
        lon, lat = (west + east) / 2, (south + north) / 2
        applied.append(GateWord(code=GateCode.PLACE_IN_CELL, values={"cell": mesh}))
    else:
        decimals = {"decimals": rule.position_decimals}
        applied.append(GateWord(code=GateCode.POSITION_ROUNDED, values=decimals))
    return round(lon, rule.position_decimals), round(lat, rule.position_decimals), mesh


def _withheld(
    record: InspectionRecord, rule: RedactionRule, done: bool, show_damage: bool, count: int
) -> GateWord | None:
    """Say why single damages are withheld; None when they are not."""
    if not show_damage:
        return GateWord(code=GateCode.DAMAGES_HIDDEN, values={"count": count})
    soundness = record.diagnosis.value
    if soundness.split("-")[0] in rule.withhold_damage_of and not done:
        return GateWord(code=GateCode.DAMAGES_WAIT, values={"count": count, "soundness": soundness})
    return None


def _damage(
    record: InspectionRecord, defect: ConfirmedDefect, rule: RedactionRule, blurred: bool
) -> PublicRow:
    """Give the public columns of one damage; on a sensitive asset it has no place of its own."""
    row: PublicRow = {
        "damage_id": defect.defect_id,
        "asset_id": record.asset_id,
        "inspected_fiscal_year": record.fiscal_year,
        "damage_class": defect.damage_class,
        "damage_ja": defect.damage_ja,
        "damage_en": defect.damage_en,
        "member": defect.member,
        "grade": defect.grade,
        "width_mm": defect.width,
        "length_m": defect.length,
        "area_m2": defect.area,
        "lat_deg": None,
        "lon_deg": None,
        "photo": "",
        "outline": "",
    }
    if not blurred and defect.lat_deg is not None and defect.lon_deg is not None:
        row["lat_deg"] = round(defect.lat_deg, rule.position_decimals)
        row["lon_deg"] = round(defect.lon_deg, rule.position_decimals)
        row["outline"] = _moved_outline(defect, rule)
    return row


def _moved_outline(defect: ConfirmedDefect, rule: RedactionRule) -> str:
    """Move an outline with its rounded point: the shape stays, the place is rounded as all are."""
    if not defect.outline_lonlat or defect.lon_deg is None or defect.lat_deg is None:
        return ""
    step = np.array(
        [
            round(defect.lon_deg, rule.position_decimals) - defect.lon_deg,
            round(defect.lat_deg, rule.position_decimals) - defect.lat_deg,
        ]
    )
    moved = shapely.transform(shapely.from_wkt(defect.outline_lonlat), lambda xy: xy + step)
    return str(shapely.to_wkt(moved, rounding_precision=8))


def meshes(rows: Sequence[Mapping[str, Any]], least: int) -> list[dict[str, Any]]:
    """Count assets by grid cell; the worst soundness only where enough assets share the cell.

    Args:
        rows: with ``mesh_code`` and ``soundness`` as a level.
        least: assets that a cell needs.

    >>> meshes([{"mesh_code": "54367510", "soundness": 3}], 3)
    [{'mesh_code': '54367510', 'assets': 1, 'worst': None}]
    """
    cells: dict[str, list[int]] = {}
    for row in rows:
        if row["mesh_code"]:
            cells.setdefault(row["mesh_code"], []).append(row["soundness"] or 0)
    return [
        {
            "mesh_code": code,
            "assets": len(levels),
            "worst": (max(levels) or None) if len(levels) >= least else None,
        }
        for code, levels in sorted(cells.items())
    ]
