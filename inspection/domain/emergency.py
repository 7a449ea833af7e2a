"""Judge quickly after a disaster: what to look at first, what is passable, what has changed.

A traffic light is a first judgement of a person on the spot. It is no diagnosis and enters no
record of a periodic inspection.

Source: domain specification §9 (disaster response: route list, 通行可否, photo and position,
comparison with the last regular inspection).
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import numpy as np

from inspection.domain.prioritymodel import Attribute, Factor, Item
from inspection.errors import BadInput

EARTH_RADIUS_KM = 6371.0


class Hazard(StrEnum):
    """Say what has happened."""

    EARTHQUAKE = "earthquake"
    FLOOD = "flood"


class Signal(StrEnum):
    """Say whether an asset may be passed."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"


SIGNAL_WORDS: Mapping[Signal, tuple[str, str]] = {
    Signal.GREEN: ("通行可", "passable"),
    Signal.YELLOW: ("注意・条件付き", "with care or restrictions"),
    Signal.RED: ("通行不可", "closed"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """Name a circle on the map.

    Attributes:
        lonlat: its middle, degrees WGS 84.
        radius_km: its radius.
    """

    lonlat: tuple[float, float]
    radius_km: float

    def __post_init__(self) -> None:
        """Check the radius and the middle."""
        if not 0 < self.radius_km <= 2000:
            raise BadInput(f"the radius must be above 0 and up to 2000 km, got {self.radius_km:g}")
        _check_lonlat("the middle of an area", self.lonlat)

    def holds(self, lonlat: tuple[float, float]) -> bool:
        """Tell whether a point lies within.

        >>> Area(lonlat=(137.0, 37.5), radius_km=30).holds((136.9, 37.4))
        True
        """
        return distance_km(self.lonlat, lonlat) <= self.radius_km


def _check_lonlat(what: str, lonlat: tuple[float, float]) -> None:
    """Refuse what is no longitude and latitude."""
    lon, lat = lonlat
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise BadInput(
            f"{what} lies at longitude {lon:g}°, latitude {lat:g}°; check that the two are not "
            "swapped"
        )


def distance_km(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Give the distance over the globe between two points in degrees, km.

    Source: haversine formula on a sphere of 6371 km; within 0.6 % of the ellipsoid.

    >>> round(distance_km((136.65, 36.56), (136.65, 37.56)), 1)
    111.2
    """
    lon_a, lat_a, lon_b, lat_b = np.radians([*a, *b])
    half = np.sin((lat_b - lat_a) / 2) ** 2
    half += np.cos(lat_a) * np.cos(lat_b) * np.sin((lon_b - lon_a) / 2) ** 2
    return float(2 * EARTH_RADIUS_KM * np.arcsin(min(1.0, np.sqrt(half))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Emergency:
    """Describe a disaster after which assets are looked at.

    Attributes:
        name: what people call it.
        hazard: what happened.
        began_at: when, aware UTC.
        area: where; None: everywhere.
        note: magnitude, rainfall, what else is known.
    """

    name: str
    hazard: Hazard
    began_at: datetime
    area: Area | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuickReport:
    """Carry one judgement on the spot; it is never changed, a later one stands beside it.

    Attributes:
        report_id: identifier.
        emergency: name of the emergency.
        asset_id: the asset.
        signal: whether it may be passed.
        reported_by: the person.
        reported_at: when, aware UTC.
        lonlat: where the person or the photo was; None when unknown.
        photos: keys of the photos in the blob store.
        note: what was seen.
    """

    report_id: uuid.UUID
    emergency: str
    asset_id: str
    signal: Signal
    reported_by: str
    reported_at: datetime
    lonlat: tuple[float, float] | None = None
    photos: tuple[str, ...] = ()
    note: str = ""

    def __post_init__(self) -> None:
        """Check that somebody answers for it, somewhere on the earth."""
        if not self.reported_by.strip():
            raise BadInput("a report needs the name of the person who judges")
        if self.reported_at.tzinfo is None:
            raise BadInput("QuickReport.reported_at must carry a time zone (UTC)")
        if self.lonlat is not None:
            _check_lonlat("the place of a report", self.lonlat)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRule:
    """Hold the code-list ``emergency_order``.

    Attributes:
        version: of the code-list.
        factors: by hazard, the common ones included.
        waves: least points of the first, second … wave, descending.
        expected: traffic light that a diagnosis lets expect.
    """

    version: str
    factors: Mapping[Hazard, tuple[Factor, ...]]
    waves: tuple[float, ...]
    expected: Mapping[str, Signal]

    def wave(self, points: float) -> int:
        """Give the wave of so many points, from 1."""
        return 1 + sum(points < bound for bound in self.waves)


def urgency(
    attributes: Mapping[str, Attribute], hazard: Hazard, *, rule: OrderRule
) -> tuple[Item, ...]:
    """Give why an asset is looked at early: additive points with their reasons.

    Raises:
        BadInput: when an attribute has a value that the rule does not know.
    """
    return tuple(
        item
        for factor in rule.factors[hazard]
        for item in factor.items(attributes.get(factor.name))
    )


class Change(StrEnum):
    """Say how a quick judgement stands beside the last regular diagnosis."""

    WORSE = "worse"
    AS_EXPECTED = "as_expected"
    BETTER = "better"
    UNKNOWN = "unknown"


CHANGE_WORDS: Mapping[Change, tuple[str, str]] = {
    Change.WORSE: ("前回点検より悪い", "worse than the last inspection"),
    Change.AS_EXPECTED: ("前回点検から想定どおり", "as the last inspection lets expect"),
    Change.BETTER: ("前回点検より良い", "better than the last inspection"),
    Change.UNKNOWN: ("前回の診断なし", "no diagnosis to compare with"),
}


def compare(signal: Signal, soundness: object, *, rule: OrderRule) -> Change:
    """Compare a traffic light with the last diagnosis.

    A worse light points at damage of the disaster; one as expected may be old damage.
    """
    expected = rule.expected.get(str(soundness))
    if expected is None:
        return Change.UNKNOWN
    order = list(Signal)
    now, then = order.index(signal), order.index(expected)
    if now == then:
        return Change.AS_EXPECTED
    return Change.WORSE if now > then else Change.BETTER


def newest(reports: Sequence[QuickReport]) -> dict[str, QuickReport]:
    """Give the newest report of each asset."""
    found: dict[str, QuickReport] = {}
    for report in sorted(reports, key=lambda r: (r.reported_at, str(r.report_id))):
        found[report.asset_id] = report
    return found
