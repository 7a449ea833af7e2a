"""What people decided about an asset in a fiscal year → the record of that inspection.

Only human values come in: confirmed defects, decided grades and soundness, records of elements.
"""

import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

import shapely
from sqlalchemy import Connection

from inspection.codelists.codelist import load_codelist
from inspection.codelists.damage_classes import load_damage_labels, load_damage_types
from inspection.codelists.guidelines import bridge_guideline
from inspection.codelists.members import load_members
from inspection.domain.asset import AssetKind
from inspection.domain.assetsheet import LedgerEntry
from inspection.domain.defect import Defect, ReviewState
from inspection.domain.elementdamage import ElementDamage
from inspection.domain.eradate import day_in_japan
from inspection.domain.eradate import fiscal_year as fiscal_year_of
from inspection.domain.grade import Subject
from inspection.domain.inspectionrecord import (
    ConfirmedDefect,
    Diagnosis,
    InspectionRecord,
    RecordedDamage,
    RecordedSurvey,
)
from inspection.domain.mission import Survey, SurveyState
from inspection.domain.publicrow import level_of
from inspection.domain.release import Evidence
from inspection.domain.soundness import SOUNDNESS
from inspection.domain.workorder import shown
from inspection.errors import BadInput, NotFound
from inspection.geo.frames import WGS84_LONLAT, to_crs
from inspection.geo.grid import LOCAL_CRS
from inspection.pipeline.assess import record_words
from inspection.pipeline.settle import SettledGrade, confirmation, settled_grades
from inspection.store import defects as defect_rows
from inspection.store import descents, orthomosaics, photos, sheets, surveys
from inspection.store import elements as element_rows
from inspection.store import grades as grade_rows
from inspection.store.grades import GradeRow

DIAGNOSES = ("soundness_candidate", "pavement_class")
"""Schemes whose decided value is the diagnosis of an asset."""

SEARCHED = frozenset({SurveyState.PROCESSED, SurveyState.FAILED})
"""States of a flight on which things were found: one that failed later keeps what it had given."""

PAVEMENT_GUIDELINE = "jp_pavement_2016"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """Carry what the store holds of one asset in one fiscal year."""

    entry: LedgerEntry
    fiscal_year: int
    surveys: tuple[Survey, ...]
    defects: tuple[Defect, ...]
    damages: tuple[ElementDamage, ...]
    grades: tuple[GradeRow, ...]
    with_mosaic: int
    failed: int = 0

    @property
    def evidence(self) -> Evidence:
        """Count what is there."""
        return Evidence(
            surveys=len(self.surveys),
            with_mosaic=self.with_mosaic,
            searched=sum(s.state in SEARCHED for s in self.surveys),
            unreviewed=sum(d.state is ReviewState.CANDIDATE for d in self.defects),
            records=len(self.damages),
            diagnosed=diagnosis_of(self) is not None,
            failed=self.failed,
        )


def gather(connection: Connection, asset_id: str, fiscal_year: int) -> Gathered:
    """Read what there is of an asset in a fiscal year.

    A flight that failed before anything was found on it is counted, and is no part of the
    inspection: nobody can review it, and it must not keep what others found from an approval.

    Raises:
        NotFound: when there is no such asset.
    """
    entry = sheets.by_id(connection, asset_id)
    every = surveys.find(connection, asset_id=asset_id, limit=10_000).rows
    flown = [s for s in every if survey_year(s) == fiscal_year]
    known = defect_rows.standing(connection, asset_id)
    seen = {defect.latest.survey_id for defect in known}
    ours = tuple(s for s in flown if s.state is not SurveyState.FAILED or s.survey_id in seen)
    ids = {survey.survey_id for survey in ours}
    damages = element_rows.damages_of(connection, [asset_id])
    return Gathered(
        entry=entry,
        fiscal_year=fiscal_year,
        surveys=ours,
        defects=tuple(d for d in known if d.latest.survey_id in ids),
        damages=tuple(d for d in damages if d.fiscal_year == fiscal_year),
        grades=tuple(row for s in ours for row in grade_rows.of_survey(connection, s.survey_id)),
        with_mosaic=sum(_has_mosaic(connection, s.survey_id) for s in ours),
        failed=len(flown) - len(ours),
    )


def survey_year(survey: Survey) -> int:
    """Give the Japanese fiscal year in which a survey was made."""
    return fiscal_year_of(day_in_japan(survey.created_at))


def _has_mosaic(connection: Connection, survey_id: uuid.UUID) -> bool:
    with suppress(NotFound):
        return orthomosaics.of_survey(connection, survey_id).survey_id == survey_id
    return False


def diagnosis_of(found: Gathered) -> Diagnosis | None:
    """Find the soundness that a person decided for the asset; None when nobody has.

    A decision in Tenken wins over what a ledger says of the same fiscal year; a word of a ledger
    that is no soundness or class is no diagnosis.
    """
    asset_id = found.entry.asset.asset_id
    if (row := diagnosing_row(found)) is not None:
        return _diagnosis(row, asset_id)
    attributes = found.entry.asset.attributes
    if attributes.get("inspection_fiscal_year") != found.fiscal_year:
        return None
    value = attributes.get("soundness") or attributes.get("pavement_class")
    if not isinstance(value, str) or level_of(value) is None:
        return None
    return Diagnosis(subject=asset_id, value=value, source="ledger")


def diagnosing_row(found: Gathered) -> GradeRow | None:
    """Find the last decision in Tenken on the soundness of the asset; None when there is none."""
    decided = [
        row
        for row in found.grades
        if row.decided is not None
        and row.candidate.subject is Subject.ASSET
        and row.candidate.subject_id == found.entry.asset.asset_id
        and row.candidate.scheme.split("/")[0] in DIAGNOSES
    ]
    return max(decided, key=_moment, default=None)


def _moment(row: GradeRow) -> datetime:
    assert row.decided_at is not None
    return row.decided_at


def _diagnosis(row: GradeRow, subject: str) -> Diagnosis:
    return Diagnosis(
        subject=subject,
        value=row.decided or "",
        by=row.decided_by or "",
        at=_moment(row).isoformat(),
        note=row.note,
    )


def compile_record(
    connection: Connection, found: Gathered, findings: Mapping[str, Any]
) -> InspectionRecord:
    """Compile the record of an inspection from human values.

    Raises:
        BadInput: when nobody has diagnosed the asset.
    """
    diagnosis = diagnosis_of(found)
    asset, sheet = found.entry.asset, found.entry.sheet
    if diagnosis is None:
        raise BadInput(
            f"nobody has diagnosed {asset.asset_id} in fiscal year {found.fiscal_year}; decide "
            "with 'tenken grades decide', or import a ledger that says its soundness"
        )
    is_road = asset.kind is AssetKind.PAVEMENT_SECTION
    lengths = element_rows.spans_of(connection, [asset.asset_id])
    return InspectionRecord(
        asset_id=asset.asset_id,
        fiscal_year=found.fiscal_year,
        guideline=PAVEMENT_GUIDELINE if is_road else bridge_guideline(found.fiscal_year),
        asset={
            "name": asset.name,
            "kind": asset.kind.value,
            "member": asset.member,
            "concrete": asset.concrete.value,
        },
        attributes=dict(asset.attributes),
        sheet={k: v for k, v in asdict(sheet).items() if k != "asset_id"},
        spans={str(span.span): span.length_m for span in lengths},
        diagnosis=diagnosis,
        groups=_groups(found),
        damages=tuple(_damage(damage) for damage in found.damages),
        defects=_defects(connection, found),
        surveys=tuple(_survey(connection, survey, found) for survey in found.surveys),
        findings=dict(findings),
        unverified=_unverified(found, findings),
    )


def with_findings(
    record: InspectionRecord, found: Gathered, findings: Mapping[str, Any]
) -> InspectionRecord:
    """Give a compiled record with what a person wrote for the form, as compiling it anew would."""
    return replace(record, findings=dict(findings), unverified=_unverified(found, findings))


def _groups(found: Gathered) -> tuple[Diagnosis, ...]:
    """Give the soundness of member groups: decided in Tenken, else recorded with the elements."""
    groups: dict[str, Diagnosis] = {}
    for damage in found.damages:
        if damage.soundness:
            group = f"{damage.element.span}/{damage.element.number.symbol}"
            known = groups.get(group)
            if known is None or _level(damage.soundness) > _level(known.value):
                groups[group] = Diagnosis(
                    subject=group,
                    value=damage.soundness,
                    by=damage.inspector,
                    source="record",
                )
    for row in sorted((r for r in found.grades if r.decided is not None), key=_moment):
        if (
            row.candidate.subject is Subject.MEMBER
            and row.candidate.scheme.split("/")[0] == "soundness_candidate"
        ):
            subject = row.candidate.subject_id.removeprefix(f"{found.entry.asset.asset_id}/")
            groups[subject] = _diagnosis(row, subject)
    return tuple(groups[name] for name in sorted(groups))


def _level(value: str) -> int:
    """Give the place of a soundness among I to IV; -1 for what is none of them."""
    return SOUNDNESS.index(value) if value in SOUNDNESS else -1


def _damage(damage: ElementDamage) -> RecordedDamage:
    """Lay one record of an element out for forms."""
    record, number = damage.record, damage.element.number
    kind = load_members()[number.symbol]
    named = load_damage_types().get(record.number or 0)
    return RecordedDamage(
        span=damage.element.span,
        element=str(number),
        member_no=kind.member_number(number),
        group=kind.group.value,
        member_ja=kind.ja,
        member_en=kind.en,
        material=damage.element.material.value,
        damage_no=record.number or 0,
        damage_ja=named.ja if named else "NON",
        damage_en=named.en if named else "none",
        grade=record.grade,
        previous=record.previous or "",
        values=record.values,
        pattern=record.pattern or 0,
        division=record.division or 0,
        words=record.words,
        line=record_words(damage),
        countermeasures=damage.countermeasures,
        soundness=damage.soundness,
        inspector=damage.inspector,
        main=kind.main,
    )


def _defects(connection: Connection, found: Gathered) -> tuple[ConfirmedDefect, ...]:
    """Lay the confirmed defects out; their numbers are their photo numbers."""
    confirmed = [d for d in found.defects if d.state is ReviewState.CONFIRMED]
    ordered = sorted(confirmed, key=lambda d: (str(d.latest.survey_id), str(d.defect_id)))
    names = {
        photo.sha256: photo.name
        for survey in found.surveys
        for photo in photos.of_survey(connection, survey.survey_id, left_out=None)
    }
    heirs = descents.descent(connection, asset_id=found.entry.asset.asset_id)
    decided = settled_grades(connection, [d.defect_id for d in ordered], found.grades, heirs=heirs)
    return tuple(
        _defect(
            defect,
            number=number,
            found=found,
            names=names,
            grade=next(iter(decided[defect.defect_id]), None),
            confirmed=confirmation(connection, defect.defect_id, heirs),
        )
        for number, defect in enumerate(ordered, start=1)
    )


def _defect(
    defect: Defect,
    *,
    number: int,
    found: Gathered,
    names: Mapping[str, str],
    grade: SettledGrade | None,
    confirmed: tuple[str, datetime] | None,
) -> ConfirmedDefect:
    """Lay one confirmed defect out."""
    latest, measured = defect.latest, defect.latest.measurement
    label = load_damage_labels()[defect.damage_class_reviewed or defect.damage_class]
    lon_deg, lat_deg = latest.anchor_lonlat or (None, None)
    return ConfirmedDefect(
        number=number,
        defect_id=str(defect.defect_id),
        survey_id=str(latest.survey_id),
        damage_class=label.damage_class.value,
        damage_ja=label.ja,
        damage_en=label.en,
        member=found.entry.asset.member,
        grade=grade.grade if grade else "",
        grade_again=(grade.again or "") if grade else "",
        width=shown(measured.width_mm),
        length=shown(measured.length_m),
        area=shown(measured.area_m2, digits=3),
        lon_deg=lon_deg,
        lat_deg=lat_deg,
        photos=tuple(names.get(sha256, sha256) for sha256 in latest.photo_sha256s),
        photo_sha256s=latest.photo_sha256s,
        confirmed_by=confirmed[0] if confirmed else "",
        confirmed_at=confirmed[1].isoformat() if confirmed else "",
        mosaic_sha256=latest.mosaic_sha256,
        box_px=latest.box_px,
        surface_crs=latest.surface_crs,
        outline_surface=str(shapely.to_wkt(latest.outline_surface_m, rounding_precision=4)),
        axis_surface=""
        if latest.axis_surface_m is None
        else str(shapely.to_wkt(latest.axis_surface_m, rounding_precision=4)),
        anchor_surface=latest.anchor_surface_m,
        outline_lonlat=_outline(defect),
    )


def _outline(defect: Defect) -> str:
    """Give the outline in lon/lat as WKT, 8 decimals; empty when not tied to the earth."""
    latest = defect.latest
    if latest.surface_crs == LOCAL_CRS:
        return ""
    moved = shapely.transform(
        latest.outline_surface_m, lambda xy: to_crs(xy, latest.surface_crs, WGS84_LONLAT)
    )
    return str(shapely.to_wkt(moved, rounding_precision=8))


def _survey(connection: Connection, survey: Survey, found: Gathered) -> RecordedSurvey:
    """Name a flight and what made its numbers."""
    made = orthomosaics.of_survey(connection, survey.survey_id)
    models = {d.latest.model_id for d in found.defects if d.latest.survey_id == survey.survey_id}
    return RecordedSurvey(
        survey_id=str(survey.survey_id),
        date=day_in_japan(survey.created_at).isoformat(),
        surface=survey.surface.value,
        crs=made.grid.crs,
        mosaic_sha256=made.sha256,
        gsd_mm_per_px=round(made.grid.gsd_m_per_px * 1000, 4),
        photos=made.photos_given
        or len(photos.of_survey(connection, made.survey_id, left_out=None)),
        models=tuple(sorted(models)),
    )


def _unverified(found: Gathered, findings: Mapping[str, Any]) -> tuple[str, ...]:
    """Name the code-lists behind a record that are not checked against the official text."""
    used = {"guideline"}
    used |= {"jp_member", "jp_grade_text"} if found.damages else set()
    used |= {"jp_deck_crack"} if any(d.record.number == 11 for d in found.damages) else set()
    used |= {"jp_countermeasure"} if any(d.countermeasures for d in found.damages) else set()
    used |= {"jp_r6_form"} if "evaluation" in findings else set()
    used |= {"damage_class"} if found.defects else set()
    lists = [load_codelist(name) for name in sorted(used)]
    names = [f"{one.id}/{one.version}" for one in lists if one.needs_review]
    decided = [row.candidate for row in found.grades if row.decided is not None]
    rules = {one.scheme for one in decided if one.needs_review}
    return tuple(sorted({*names, *rules}))


def years_of(connection: Connection, asset_id: str) -> Sequence[int]:
    """List the fiscal years of which anything is known about an asset, newest first."""
    entry = sheets.by_id(connection, asset_id)
    years = {survey_year(s) for s in surveys.find(connection, asset_id=asset_id, limit=10_000).rows}
    years |= {d.fiscal_year for d in element_rows.damages_of(connection, [asset_id])}
    last = entry.asset.attributes.get("inspection_fiscal_year")
    if isinstance(last, int | float) and not isinstance(last, bool):
        years.add(int(last))
    return sorted(years, reverse=True)
