"""Turn defects, sightings and verdicts of the domain into what a reviewer sees."""

from collections.abc import Mapping, Sequence

from api.schemas.base import geometry_of
from api.schemas.defect import (
    ChipOut,
    DefectDetail,
    DefectOut,
    EvidencePhoto,
    GradableOut,
    SettledGradeOut,
    VerdictOut,
    WorkOut,
)
from api.schemas.quantity import QuantityOut
from api.schemas.worklist import GradeOut, PriorityOut
from inspection.domain.defect import Defect, Observation
from inspection.domain.review import LEGAL, Action
from inspection.imaging.maptiles import chip_size
from inspection.pipeline.appraisal import Appraisal
from inspection.pipeline.judge import Gradable
from inspection.pipeline.settle import SettledGrade, Work
from inspection.store.reviews import ReviewRecord

CHIP_PX = 1024
"""Longest side of a defect's picture when the viewer does not ask for another."""


def defect_out(defect: Defect, seen: Observation) -> DefectOut:
    """Show a defect by one of its sightings."""
    measured = seen.measurement
    axis = seen.axis_surface_m
    return DefectOut(
        defect_id=defect.defect_id,
        survey_id=seen.survey_id,
        asset_id=defect.asset_id,
        damage_class=defect.damage_class_reviewed or defect.damage_class,
        damage_class_machine=defect.damage_class,
        damage_class_reviewed=defect.damage_class_reviewed,
        state=defect.state,
        version=defect.version,
        confidence=seen.confidence,
        mosaic_sha256=seen.mosaic_sha256,
        anchor_surface_m=seen.anchor_surface_m,
        anchor_lonlat=seen.anchor_lonlat,
        box_px=seen.box_px,
        outline=geometry_of(seen.outline_surface_m),
        axis=None if axis is None else geometry_of(axis),
        length_m=QuantityOut.of_optional(measured.length_m),
        width_mm=QuantityOut.of_optional(measured.width_mm),
        area_m2=QuantityOut.of(measured.area_m2),
    )


def defect_detail(
    defect: Defect,
    *,
    photo_names: Mapping[str, str],
    history: Sequence[ReviewRecord],
    chip_window: tuple[int, int, int, int] | None,
    appraisal: Appraisal,
    settled: Sequence[SettledGrade],
    gradable: Sequence[Gradable],
    work: Work,
) -> DefectDetail:
    """Show all about a defect by its latest sighting."""
    seen = defect.latest
    measured = seen.measurement
    return DefectDetail(
        **defect_out(defect, seen).model_dump(),
        surface_crs=seen.surface_crs,
        width_mean_mm=measured.width_mean_mm,
        orientation_deg=measured.orientation_deg,
        gsd_mm_per_px=measured.gsd_mm_per_px,
        method=measured.method,
        model_id=seen.model_id,
        observation_count=len(defect.observation_ids),
        grades=[] if appraisal.grade is None else [GradeOut.of(appraisal.grade)],
        settled=[SettledGradeOut.of(one) for one in settled],
        gradable=[GradableOut.of(one) for one in gradable],
        work=WorkOut.of(work),
        priority=priority_out(appraisal),
        is_ranked=appraisal.is_ranked,
        photos=[
            EvidencePhoto(
                sha256=sha256,
                name=photo_names.get(sha256, sha256[:12]),
                url=f"/api/surveys/{seen.survey_id}/photos/{sha256}",
            )
            for sha256 in seen.photo_sha256s
        ],
        history=[verdict_out(record) for record in history],
        legal_actions=[action for action in Action if (defect.state, action) in LEGAL],
        chip=None if chip_window is None else _chip(defect, chip_window),
    )


def priority_out(appraisal: Appraisal) -> PriorityOut | None:
    """Show the rank of a defect, where it has one."""
    return None if appraisal.row is None else PriorityOut.of(appraisal.row, appraisal.model)


def verdict_out(record: ReviewRecord) -> VerdictOut:
    """Show one verdict of the history."""
    verdict = record.verdict
    return VerdictOut(
        verdict_id=verdict.verdict_id,
        action=verdict.action,
        reviewer=verdict.reviewer,
        decided_at=verdict.decided_at,
        expected_version=verdict.expected_version,
        version_after=record.version_after,
        state_before=record.state_before,
        state_after=record.state_after,
        reason=verdict.reason,
        damage_class=verdict.damage_class,
        note=verdict.note,
    )


def _chip(defect: Defect, window: tuple[int, int, int, int]) -> ChipOut:
    width_px, height_px = chip_size(window, CHIP_PX)
    return ChipOut(
        url=f"/api/defects/{defect.defect_id}/chip.png",
        window_px=window,
        width_px=width_px,
        height_px=height_px,
    )
