"""Describe roads as lines and places as points, and what the closure of an asset means for them.

Source: domain specification §5.2 (detour, isolation); the closures after the Noto earthquakes of
2007 and 2024 are why.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from inspection.errors import BadInput

ISOLATED = "isolated"
"""Value of the attribute ``detour_min`` where closing an asset cuts places off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadLine:
    """Describe one stretch of road between two ends.

    Attributes:
        line_lonlat: its points, degrees WGS 84, at least two.
        speed_kmh: how fast it is driven.
        asset_id: the asset that lies on it, when the file says; else empty.
    """

    line_lonlat: tuple[tuple[float, float], ...]
    speed_kmh: float
    asset_id: str = ""

    def __post_init__(self) -> None:
        """Check the points and the speed."""
        if len(self.line_lonlat) < 2:
            raise BadInput(f"a road needs at least two points, got {len(self.line_lonlat)}")
        for point in self.line_lonlat:
            _check("a point of a road", point)
        if not 1 <= self.speed_kmh <= 200:
            raise BadInput(f"the speed of a road must be 1 to 200 km/h, got {self.speed_kmh:g}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Describe where people live or help comes from.

    Attributes:
        name: what people call it.
        lonlat: degrees WGS 84.
        people: who live there, or depend on it.
        hub: help comes from here: a hospital, a base, the prefectural capital.
    """

    name: str
    lonlat: tuple[float, float]
    people: float = 0.0
    hub: bool = False

    def __post_init__(self) -> None:
        """Check the position and the number of people."""
        _check(f"place {self.name!r}", self.lonlat)
        if not 0 <= self.people < 1e9:
            raise BadInput(f"place {self.name!r} cannot have {self.people:g} people")


def _check(what: str, lonlat: tuple[float, float]) -> None:
    """Refuse what is no longitude and latitude."""
    lon, lat = lonlat
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise BadInput(
            f"{what} lies at longitude {lon:g}°, latitude {lat:g}°; check that the two are not "
            "swapped and that the file counts in degrees"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """Say what happens when one asset is closed.

    Attributes:
        asset_id: the asset.
        detour_m: how much longer the way around is than the way over it; None without one.
        detour_min: how many minutes longer; None without one.
        severs: there is no way around: the network falls apart.
        people: who are cut off from every hub.
        places: names of the places that are.
        road_m: length of the roads that are cut off.
    """

    asset_id: str
    detour_m: float | None
    detour_min: float | None
    severs: bool
    people: float
    places: tuple[str, ...]
    road_m: float

    @property
    def attribute(self) -> str | float:
        """Give the value of ``detour_min`` that the priority model reads.

        >>> Closure(asset_id="A", detour_m=None, detour_min=None, severs=True, people=12,
        ...     places=("B",), road_m=900).attribute
        'isolated'
        """
        return ISOLATED if self.detour_min is None else round(self.detour_min, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class CutOff:
    """Say which places no hub can reach while some assets are closed.

    Attributes:
        places: the places, by name.
        people: who live there.
        by_part: places of each part of the network that is cut off, the most people first.
    """

    places: tuple[Place, ...]
    people: float
    by_part: tuple[Mapping[str, float], ...]
