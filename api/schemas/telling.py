"""Tell the evidence for a defect: turn what the pipeline gathered into what an engineer sees."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from api.schemas.base import geometry_of
from api.schemas.evidence import (
    AxisPlaceOut,
    EarlierOut,
    EarlierSightingOut,
    GreatestOut,
    HistoryEventOut,
    HistoryOut,
    MachineSaidOut,
    ProfileOut,
    ProfilePointOut,
    ProfileSegmentOut,
    ReadPhotoOut,
    SightingOut,
    SightingsOut,
    WidthLimitOut,
)
from api.schemas.quantity import QuantityOut
from api.schemas.viewing import mosaic_out
from inspection.domain.defect import Defect, Observation
from inspection.domain.measurement import Measurement
from inspection.domain.taxonomy import DamageClass
from inspection.imaging.photosight import PhotoSighting, window_px
from inspection.pipeline.dossier import Dossier
from inspection.pipeline.onlook import axis_in_photo
from inspection.pipeline.revisit import Earlier
from inspection.pipeline.widthlimits import width_limits
from inspection.store.edits import EditRecord
from inspection.store.grades import GradeDecision
from inspection.store.observations import measurement_from_plain
from inspection.store.reviews import ReviewRecord

MOST_PHOTOS = 24
"""Photos that are shown of one defect."""


def profile_out(dossier: Dossier, plain: Mapping[str, Any]) -> ProfileOut:
    """Show the widths along a crack."""
    seen = dossier.seen
    points = [ProfilePointOut.model_validate(point) for point in plain["points"]]
    read = Counter(point.photo_sha256 for point in points if point.photo_sha256 is not None)
    shown = dossier.defect.damage_class_reviewed or seen.damage_class
    return ProfileOut(
        defect_id=dossier.defect.defect_id,
        survey_id=seen.survey_id,
        observation_id=seen.observation_id,
        length_m=plain["length_m"],
        pieces=plain["pieces"],
        points=points,
        segments=[ProfileSegmentOut.model_validate(segment) for segment in plain["segments"]],
        greatest=_greatest(points),
        representative_mm=QuantityOut.of_optional(seen.measurement.width_mm),
        method=seen.measurement.method,
        limits=[
            WidthLimitOut(width_mm=each.width_mm, scheme=each.scheme, ja=each.ja, en=each.en)
            for each in width_limits(dossier.asset, shown)
        ],
        photos=[
            ReadPhotoOut(sha256=sha256, name=_name(dossier, sha256), points=count)
            for sha256, count in read.most_common()
        ],
        calibration=plain["calibration"],
        why_no_points=None if read else "nothing_readable" if points else "earlier_version",
    )


def _greatest(points: Sequence[ProfilePointOut]) -> GreatestOut | None:
    """Find the greatest width that counts."""
    counted = [
        (point.width_mm.value, point.width_mm, point)
        for point in points
        if point.trusted and point.width_mm is not None and point.width_mm.value is not None
    ]
    if not counted:
        return None
    _, width, point = max(counted, key=lambda each: each[0])
    return GreatestOut(distance_m=point.distance_m, width_mm=width, photo_sha256=point.photo_sha256)


def _name(dossier: Dossier, sha256: str) -> str:
    photo = dossier.photos.get(sha256)
    return sha256[:12] if photo is None else photo.name


def sightings_out(dossier: Dossier, found: Sequence[PhotoSighting]) -> SightingsOut:
    """Show the photos that see a defect."""
    why: Literal["earlier_version", "not_seen"] | None = None
    if not found:
        why = "earlier_version" if dossier.views is None else "not_seen"
    return SightingsOut(
        defect_id=dossier.defect.defect_id,
        survey_id=dossier.seen.survey_id,
        number_matched=len(found),
        photos=[_sighting_out(dossier, sighting) for sighting in found[:MOST_PHOTOS]],
        why_none=why,
    )


def _sighting_out(dossier: Dossier, sighting: PhotoSighting) -> SightingOut:
    photo = dossier.photos.get(sighting.sha256)
    quality = None if photo is None else photo.quality
    survey_id, sha256 = dossier.seen.survey_id, sighting.sha256
    return SightingOut(
        sha256=sha256,
        name=_name(dossier, sha256),
        taken_at=None if photo is None else photo.taken_at,
        url=f"/api/surveys/{survey_id}/photos/{sha256}",
        crop_url=(
            f"/api/defects/{dossier.defect.defect_id}/photos/{sha256}.jpg?survey_id={survey_id}"
        ),
        width_px=sighting.width_px,
        height_px=sighting.height_px,
        window_px=window_px(sighting.box_px, (sighting.width_px, sighting.height_px)),
        outline=geometry_of(sighting.outline_px),
        axis=[
            AxisPlaceOut(distance_m=round(at, 4), x_px=round(x, 2), y_px=round(y, 2))
            for at, x, y in axis_in_photo(dossier, sha256)
        ],
        shown_share=sighting.shown_share,
        gsd_mm_per_px=sighting.gsd_mm_per_px,
        incidence_deg=sighting.incidence_deg,
        distance_m=sighting.distance_m,
        sharpness_relative=None if quality is None else quality.sharpness_relative,
        is_blurred=sighting.is_blurred,
        in_mosaic=sha256 in dossier.seen.photo_sha256s,
    )


def earlier_out(earlier: Earlier) -> EarlierOut:
    """Show an earlier survey."""
    own = None if earlier.own is None else earlier.own.observation_id
    return EarlierOut(
        survey_id=earlier.survey.survey_id,
        created_at=earlier.survey.created_at,
        obstacle=earlier.obstacle,
        mosaic=None if earlier.mosaic is None else mosaic_out(earlier.mosaic),
        near=[
            EarlierSightingOut(
                observation_id=seen.observation_id,
                damage_class=seen.damage_class,
                outline=geometry_of(seen.outline_surface_m),
                is_same=seen.observation_id == own,
                length_m=QuantityOut.of_optional(seen.measurement.length_m),
                width_mm=QuantityOut.of_optional(seen.measurement.width_mm),
                area_m2=QuantityOut.of(seen.measurement.area_m2),
            )
            for seen in earlier.near
        ],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Carry what happened to a defect and to those in whose place it stands.

    Attributes:
        seen: sightings, each with the defect and the moment of its survey.
        decided: verdicts.
        graded: decisions about grades, each with the defect.
        edited: edits.
    """

    seen: Sequence[tuple[UUID, datetime, Observation]]
    decided: Sequence[ReviewRecord]
    graded: Sequence[tuple[UUID, GradeDecision]]
    edited: Sequence[EditRecord]


def history_out(defect: Defect, told: Told) -> HistoryOut:
    """Tell the life of a defect, oldest first."""
    events = [_seen(*row) for row in told.seen]
    events += [_decided(record) for record in told.decided]
    events += [_graded(*row) for row in told.graded]
    events += [_edited(record, defect.defect_id) for record in told.edited]
    return HistoryOut(
        defect_id=defect.defect_id,
        version=defect.version,
        events=sorted(events, key=lambda event: event.at),
    )


def _event(**told: Any) -> HistoryEventOut:  # noqa: ANN401 pydantic checks every one
    """Fill in what an event does not have."""
    nothing = dict.fromkeys(HistoryEventOut.model_fields) | {"note": "", "with_defects": []}
    return HistoryEventOut.model_validate(nothing | told)


def _seen(defect_id: UUID, at: datetime, row: Observation) -> HistoryEventOut:
    said = _said(row.damage_class, row.confidence, row.model_id, row.measurement)
    return _event(kind="seen", defect_id=defect_id, at=at, survey_id=row.survey_id, machine=said)


def _decided(record: ReviewRecord) -> HistoryEventOut:
    verdict, evidence = record.verdict, record.evidence
    return _event(
        kind="decided",
        defect_id=verdict.defect_id,
        at=verdict.decided_at,
        by=verdict.reviewer,
        machine=_said(
            evidence["damage_class"],
            evidence["confidence"],
            evidence["model_id"],
            measurement_from_plain(evidence["measurement"]),
        ),
        action=verdict.action,
        state_before=record.state_before,
        state_after=record.state_after,
        damage_class_before=record.damage_class_before,
        damage_class_after=record.damage_class_after,
        reason=verdict.reason,
        version_after=record.version_after,
        note=verdict.note,
    )


def _graded(defect_id: UUID, decision: GradeDecision) -> HistoryEventOut:
    return _event(
        kind="graded",
        defect_id=defect_id,
        at=decision.decided_at,
        by=decision.decided_by,
        survey_id=decision.survey_id,
        scheme=decision.scheme,
        grade_after=decision.decided,
        note=decision.note,
    )


def _edited(record: EditRecord, own: UUID) -> HistoryEventOut:
    shares = {share.defect_id: share for share in record.shares}
    mine = shares.get(own) or record.shares[0]
    return _event(
        kind="edited",
        defect_id=mine.defect_id,
        at=record.edit.edited_at,
        by=record.edit.editor,
        state_before=mine.before.state,
        state_after=mine.after.state,
        edit=record.edit.kind,
        with_defects=sorted(set(shares) - {mine.defect_id}),
        version_after=mine.version_after,
        note=record.edit.note,
    )


def _said(
    damage_class: DamageClass | str, confidence: float, model_id: str, measured: Measurement
) -> MachineSaidOut:
    return MachineSaidOut(
        damage_class=DamageClass(damage_class),
        confidence=confidence,
        model_id=model_id,
        length_m=QuantityOut.of_optional(measured.length_m),
        width_mm=QuantityOut.of_optional(measured.width_mm),
        area_m2=QuantityOut.of(measured.area_m2),
    )
