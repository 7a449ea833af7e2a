"""Build defects with chosen numbers, without any image."""

import uuid
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import shapely

from inspection.domain.defect import Defect, Observation, ReviewState
from inspection.domain.measurement import Measurement, Quantity
from inspection.domain.taxonomy import LINEAR_CLASSES, DamageClass
from inspection.geo.polyline import axial_mean_deg

SURVEY = uuid.UUID("00000000-0000-4000-8000-000000000001")


def quantity(value: float, u: float = 0.0, limit: float = 0.0) -> Quantity:
    """Build a measured value."""
    return Quantity(value=value, expanded_uncertainty=u, limit=limit)


def below(limit: float) -> Quantity:
    """Build a value that the image cannot resolve."""
    return Quantity(value=None, expanded_uncertainty=None, limit=limit, below_limit=True)


def crack(
    points: Sequence[tuple[float, float]],
    *,
    width: Quantity | None = None,
    crs: str = "EPSG:32653",
    survey: uuid.UUID = SURVEY,
    mosaic: str = "a" * 64,
    seed: str = "",
) -> Observation:
    """Build the observation of a crack along some points, metres."""
    line = shapely.LineString(points)
    return _observation(
        DamageClass.CRACK,
        outline=line.buffer(0.002, cap_style="flat"),
        axis=line,
        measurement=Measurement(
            length_m=quantity(line.length, 0.01),
            width_mm=width or quantity(4.0, 2.0, 2.0),
            width_mean_mm=None,
            area_m2=quantity(line.length * 0.004),
            orientation_deg=axial_mean_deg([np.array(points)]),
            gsd_mm_per_px=2.0,
        ),
        crs=crs,
        survey=survey,
        mosaic=mosaic,
        seed=seed,
    )


def area(
    outline: shapely.Polygon,
    damage_class: DamageClass = DamageClass.SPALL,
    *,
    crs: str = "EPSG:32653",
    survey: uuid.UUID = SURVEY,
    mosaic: str = "a" * 64,
    seed: str = "",
) -> Observation:
    """Build the observation of a damage that covers an area, metres."""
    assert damage_class not in LINEAR_CLASSES
    return _observation(
        damage_class,
        outline=outline,
        axis=None,
        measurement=Measurement(
            length_m=None,
            width_mm=None,
            width_mean_mm=None,
            area_m2=quantity(outline.area),
            orientation_deg=None,
            gsd_mm_per_px=2.0,
        ),
        crs=crs,
        survey=survey,
        mosaic=mosaic,
        seed=seed,
    )


def _observation(
    damage_class: DamageClass,
    *,
    outline: shapely.Geometry,
    axis: shapely.Geometry | None,
    measurement: Measurement,
    crs: str,
    survey: uuid.UUID,
    mosaic: str,
    seed: str,
) -> Observation:
    point = outline.representative_point()
    name = f"{damage_class} {outline.wkt} {crs} {survey} {mosaic} {seed}"
    return Observation(
        observation_id=uuid.uuid5(survey, name),
        survey_id=survey,
        mosaic_sha256=mosaic,
        damage_class=damage_class,
        confidence=0.7,
        outline_surface_m=outline,
        axis_surface_m=axis,
        anchor_surface_m=(point.x, point.y),
        surface_crs=crs,
        anchor_lonlat=None if crs == "LOCAL" else (136.6, 36.6),
        box_px=(0, 0, 10, 10),
        photo_sha256s=("b" * 64,),
        measurement=measurement,
        model_id="model@1/f32",
    )


def defect(
    observation: Observation,
    *,
    asset_id: str = "bridge",
    state: ReviewState = ReviewState.CANDIDATE,
    reviewed: DamageClass | None = None,
) -> Defect:
    """Build the defect that an observation shows."""
    return Defect(
        defect_id=uuid.uuid5(observation.observation_id, asset_id),
        asset_id=asset_id,
        damage_class=observation.damage_class,
        damage_class_reviewed=reviewed,
        state=state,
        latest=observation,
        observation_ids=(observation.observation_id,),
    )


def with_width(observation: Observation, width: Quantity) -> Observation:
    """Give an observation another width."""
    return replace(observation, measurement=replace(observation.measurement, width_mm=width))
