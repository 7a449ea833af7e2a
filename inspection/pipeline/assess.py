"""Recorded elements → soundness candidates, contradictions and what is left to check."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from inspection.codelists.bridgerules import load_soundness_rule
from inspection.codelists.damage_classes import load_damage_types
from inspection.codelists.grades import load_crack_grade_rule
from inspection.codelists.members import (
    load_countermeasures,
    load_members,
    load_named_types,
    load_targets,
)
from inspection.domain.asset import Asset, AssetKind
from inspection.domain.bridge import Check, checklist
from inspection.domain.damagerecord import print_record
from inspection.domain.elementdamage import ElementDamage, latest, member_grades
from inspection.domain.eradate import due_date, due_fiscal_year, due_warning, fiscal_year
from inspection.domain.grade import GradeCandidate, Reason, crack_grade
from inspection.domain.notation import fold
from inspection.domain.soundness import bridge_candidate, group_candidates, inconsistency
from inspection.pipeline.propose import pavement_of
from inspection.store import elements as element_rows
from inspection.store import sheets

CRACK = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """Say until when the next periodic inspection is in time.

    Attributes:
        fiscal_year: within which it is due.
        last_day: of that fiscal year.
        warning_months: 12, 6 or 3 where fewer months are left, 0 when overdue, else None.
    """

    fiscal_year: int
    last_day: date
    warning_months: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """Carry what follows from the records of one bridge.

    Attributes:
        asset_id: the bridge.
        fiscal_year: of the newest inspection; None without records.
        damages: the records of that inspection.
        groups: soundness candidate by member group, such as ``1/Mg``.
        bridge: soundness candidate of the bridge; None without a main member.
        warnings: contradictions for a person to look at, by element.
        open_checks: damage types that a flight cannot show, element by element.
        pavement: class candidate of a road section from its known indices; None for others.
        due: next periodic inspection of a bridge; None while the last one is unknown.
    """

    asset_id: str
    fiscal_year: int | None
    damages: tuple[ElementDamage, ...]
    groups: Mapping[str, GradeCandidate]
    bridge: GradeCandidate | None
    warnings: tuple[tuple[str, Reason], ...]
    open_checks: tuple[Check, ...]
    pavement: GradeCandidate | None = None
    due: Due | None = None


def assess(connection: Connection, asset_id: str, *, today: date) -> Assessment:
    """Assess one asset from its ledger, its elements and the records of its newest inspection.

    Raises:
        NotFound: when there is no such asset.
    """
    asset = sheets.by_id(connection, asset_id).asset
    is_road = asset.kind is AssetKind.PAVEMENT_SECTION
    damages = latest(element_rows.damages_of(connection, [asset_id]))
    rule = load_soundness_rule()
    graded = member_grades(damages, kinds=load_members(), words=record_words)
    return Assessment(
        asset_id=asset_id,
        fiscal_year=damages[0].fiscal_year if damages else None,
        damages=damages,
        groups=group_candidates(graded, asset_id=asset_id, rule=rule),
        bridge=bridge_candidate(graded, asset_id=asset_id, rule=rule),
        warnings=tuple(_warnings(damages)),
        open_checks=_open_checks(connection, asset_id, damages),
        pavement=pavement_of(None, asset, fiscal_year=fiscal_year(today)) if is_road else None,
        due=None if is_road else _due(asset, today),
    )


def _due(asset: Asset, today: date) -> Due | None:
    """Tell when a bridge is due: within the fifth fiscal year after its last inspection."""
    last = asset.attributes.get("inspection_fiscal_year")
    if isinstance(last, bool) or not isinstance(last, int | float):
        return None
    return Due(
        fiscal_year=due_fiscal_year(int(last)),
        last_day=due_date(int(last)),
        warning_months=due_warning(today, int(last)),
    )


def record_words(damage: ElementDamage) -> str:
    """Write the record of an element as its form has it."""
    return print_record(damage.record, types=load_named_types())


def _warnings(damages: Sequence[ElementDamage]) -> list[tuple[str, Reason]]:
    """List what does not fit together."""
    found = [(d, reason) for d in damages if (reason := crack_contradiction(d)) is not None]
    known = load_countermeasures()
    for damage in damages:
        if damage.countermeasures and damage.soundness:
            reason = inconsistency(damage.countermeasures, damage.soundness, known=known)
            if reason is not None:
                found.append((damage, reason))
    return [(f"{d.element.span}/{d.element.number}", reason) for d, reason in found]


_VALUES = re.compile(r"(\d+(?:\.\d+)?)mm(?:/(\d+(?:\.\d+)?)m(未満|以上)?)?")


def crack_contradiction(damage: ElementDamage) -> Reason | None:
    """Tell when a recorded crack grade differs from that of the values recorded with it.

    The record stays as it is: it is a person's, and the rule's letter stands beside it.
    """
    record = damage.record
    found = _VALUES.fullmatch(fold(record.values).replace(" ", ""))
    if record.number != CRACK or found is None:
        return None
    rule = load_crack_grade_rule()
    width_mm = rule.gauge_reading_mm(float(found[1]))
    spacing_m = None if found[2] is None else float(found[2])
    if spacing_m is not None and found[3] == "未満":
        spacing_m = spacing_m - 1e-6
    concrete = damage.element.concrete
    spacings = (None, 0.0) if spacing_m is None else (spacing_m,)  # unsaid: alone, or close
    letters = [crack_grade(width_mm, spacing, concrete, rule=rule) for spacing in spacings]
    if record.grade in letters:
        return None
    kind = concrete.value
    return Reason(
        code="record_vs_values",
        ja=f"記録は {record.grade}、値 {record.values}（{kind}）からは {'か'.join(letters)}",
        en=f"recorded as {record.grade}, the values {record.values} ({kind}) give "
        f"{' or '.join(letters)}",
    )


def _open_checks(
    connection: Connection, asset_id: str, damages: Sequence[ElementDamage]
) -> tuple[Check, ...]:
    """List what a flight cannot show and nobody has recorded."""
    elements = element_rows.elements_of(connection, [asset_id])
    recorded = {(d.element.subject_id, d.record.number) for d in damages}
    flight = {number: kind.drone_rgb for number, kind in load_damage_types().items()}
    checks = checklist(elements, targets=load_targets(), flight=flight)
    return tuple(
        check
        for check in checks
        if check.flight == "no" and (check.element.subject_id, check.damage_no) not in recorded
    )
