"""Describe a defect: one damage with a stable identity, and every observation of it."""

import uuid
from dataclasses import dataclass
from enum import StrEnum

from shapely.geometry.base import BaseGeometry

from inspection.domain.measurement import Measurement
from inspection.domain.taxonomy import DamageClass


class ReviewState(StrEnum):
    """Say what people have decided about a defect."""

    CANDIDATE = "candidate"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"
    """Others stand in its place (``domain.edit``); kept with its history, and counted nowhere."""


HAND = "hand"
"""Stands for the model where an engineer drew what is seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """Carry one sighting of a damage on one mosaic, by a machine or drawn by an engineer.

    Attributes:
        observation_id: name-based UUID of survey, mosaic, class, place and model; of the edit
            where an engineer drew it.
        survey_id: the survey in which it was seen.
        mosaic_sha256: the mosaic on which it was seen.
        damage_class: what the model called it.
        confidence: mean probability over its pixels, 0–1; 1 where an engineer drew it.
        outline_surface_m: polygon(s) in the CRS of the mosaic.
        axis_surface_m: centre line(s) in the CRS of the mosaic; None for areas.
        anchor_surface_m: one point on the damage (x, y) in the CRS of the mosaic.
        surface_crs: CRS of the three geometries, or ``LOCAL``.
        anchor_lonlat: the same point as (lon°, lat°); None when not georeferenced.
        box_px: ``x0 y0 x1 y1`` on the mosaic, half-open.
        photo_sha256s: photos that the mosaic shows here, best first.
        measurement: length, width, area.
        model_id: the model that saw it; ``HAND`` where an engineer drew it.
    """

    observation_id: uuid.UUID
    survey_id: uuid.UUID
    mosaic_sha256: str
    damage_class: DamageClass
    confidence: float
    outline_surface_m: BaseGeometry
    axis_surface_m: BaseGeometry | None
    anchor_surface_m: tuple[float, float]
    surface_crs: str
    anchor_lonlat: tuple[float, float] | None
    box_px: tuple[int, int, int, int]
    photo_sha256s: tuple[str, ...]
    measurement: Measurement
    model_id: str

    @property
    def by_hand(self) -> bool:
        """Tell whether an engineer drew it."""
        return self.model_id == HAND


@dataclass(frozen=True, slots=True, kw_only=True)
class Defect:
    """Keep one damage of an asset through all surveys.

    Attributes:
        defect_id: stable; made from the first observation and never changed.
        asset_id: the asset that has it.
        damage_class: machine value of the latest observation.
        damage_class_reviewed: human value, None until a person decides.
        state: what people have decided.
        version: counts changes, for optimistic locking.
        latest: the newest observation.
        observation_ids: all observations, oldest first.
    """

    defect_id: uuid.UUID
    asset_id: str
    damage_class: DamageClass
    damage_class_reviewed: DamageClass | None = None
    state: ReviewState = ReviewState.CANDIDATE
    version: int = 1
    latest: Observation
    observation_ids: tuple[uuid.UUID, ...]

    @property
    def shown_class(self) -> DamageClass:
        """Give the class that counts: a person's, else the machine's."""
        return self.damage_class_reviewed or self.damage_class
