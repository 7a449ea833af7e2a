"""Describe a stretch of road whose pavement is inspected.

What the rules read of it (class, target age, year of the surface) are attributes of the asset; here
stands where it is.

Source: domain specification §2.1.
"""

from dataclasses import dataclass
from enum import StrEnum

from inspection.errors import BadInput


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
        pavement: of what the surface is.
    """

    asset_id: str
    from_m: float | None = None
    to_m: float | None = None
    direction: str = ""
    lane: str = ""
    width_m: float | None = None
    pavement: PavementKind = PavementKind.ASPHALT

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
