"""Describe a stretch of road whose pavement is inspected.

Source: domain specification §2.1 (road classes, design target years, surface age).
"""

from dataclasses import dataclass
from enum import StrEnum

from inspection.errors import BadInput


class RoadClass(StrEnum):
    """Road classes of the guideline: A fast roads, B heavy traffic, C slow wear, D local."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"


class PavementKind(StrEnum):
    """Say of what a surface is; the rules of concrete differ."""

    ASPHALT = "asphalt"
    CONCRETE = "concrete"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadSection:
    """Describe one section of one lane or carriageway.

    Attributes:
        asset_id: the asset that the section is.
        from_m: chainage of the start along the route.
        to_m: chainage of the end, greater than the start.
        direction: such as 上り; empty when both.
        lane: such as 1; empty when unknown.
        width_m: width of the lane.
        road_class: class of the guideline.
        pavement: of what the surface is.
        design_target_years: 使用目標年数.
        surfaced_fiscal_year: when the surface was laid.
    """

    asset_id: str
    from_m: float | None = None
    to_m: float | None = None
    direction: str = ""
    lane: str = ""
    width_m: float | None = None
    road_class: RoadClass | None = None
    pavement: PavementKind = PavementKind.ASPHALT
    design_target_years: float | None = None
    surfaced_fiscal_year: int | None = None

    def __post_init__(self) -> None:
        """Check that the stretch runs forwards and has a possible width."""
        if self.from_m is not None and self.to_m is not None and not self.from_m < self.to_m:
            raise BadInput(
                f"section {self.asset_id!r} runs from {self.from_m:g} m to {self.to_m:g} m; "
                "the end must lie beyond the start"
            )
        if self.width_m is not None and not 1.0 <= self.width_m <= 60.0:
            raise BadInput(f"section {self.asset_id!r} is {self.width_m:g} m wide; 1 to 60 is read")

    @property
    def length_m(self) -> float | None:
        """Give the length along the route, metres; None when an end is unknown."""
        if self.from_m is None or self.to_m is None:
            return None
        return self.to_m - self.from_m

    def surface_age_years(self, fiscal_year: int) -> int | None:
        """Give the age of the surface in a fiscal year; None when nobody knows.

        >>> RoadSection(asset_id="R1", surfaced_fiscal_year=2010).surface_age_years(2026)
        16
        """
        if self.surfaced_fiscal_year is None:
            return None
        return max(0, fiscal_year - self.surfaced_fiscal_year)
