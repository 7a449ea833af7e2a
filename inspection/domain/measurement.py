"""Describe a measured number: value, unit, method, uncertainty, and what the image cannot show."""

from dataclasses import dataclass
from enum import StrEnum

from inspection.errors import BadInput


class WidthMethod(StrEnum):
    """Name the estimator of a crack width (domain specification §4.3)."""

    DISTANCE_TRANSFORM = "distance_transform"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """Carry a value with its expanded uncertainty, or say that it is below the limit.

    Attributes:
        value: in the unit of the field's name; None when ``below_limit``.
        expanded_uncertainty: U = 2·u (k = 2), same unit; None when ``below_limit``.
        limit: the smallest value that the image supports, same unit; 0 when there is none.
        below_limit: True when the image cannot resolve the value: show "< limit", never a number.
    """

    value: float | None
    expanded_uncertainty: float | None
    limit: float = 0.0
    below_limit: bool = False

    def __post_init__(self) -> None:
        """Check that a value below the limit is not a number, and any other is."""
        if self.below_limit != (self.value is None):
            raise BadInput("a quantity is either a value or below its limit, never both")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """Carry what was measured on one detection.

    Attributes:
        length_m: geodesic length of the skeleton of a linear damage, else None.
        width_mm: representative width of a linear damage (domain specification §4.4), else None.
        width_mean_mm: mean width of a linear damage, None when not linear or below the limit.
        area_m2: area of the mask.
        orientation_deg: length-weighted axial direction, 0–180 counter-clockwise from the x axis of
            the surface frame; None when not linear.
        gsd_mm_per_px: ground sample distance of the measured pixels.
        method: how the width was estimated.
    """

    length_m: Quantity | None
    width_mm: Quantity | None
    width_mean_mm: float | None
    area_m2: Quantity
    orientation_deg: float | None
    gsd_mm_per_px: float
    method: WidthMethod = WidthMethod.DISTANCE_TRANSFORM
