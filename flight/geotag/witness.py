"""Ask photos' own positions and numbers which trigger they could belong to.

A witness that most photos contradict at the chosen offset is not heard (an old fix, renamed
files): it is told instead.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pyproj import Geod

from flight.geotag.clockfit import Flags, near, residuals_s
from flight.geotag.clockscan import Floats, Limits, Moments, Peak, Scan
from flight.geotag.shot import Shot
from flight.logs.trigger import CameraTrigger

GEOD = Geod(ellps="WGS84")
FEWEST = 4
"""Witnesses that must agree before an offset is chosen by them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """Carry what positions and numbers say about every pair of photo and trigger.

    Attributes:
        distance_m: (m, n), NaN where one of the two has no position.
        placed: (m, n) True where the distance allows the pair or nothing is known.
        numbered: (m, n) True where the numbers are equal or nothing is known.
        speaks: (m,) True for photos of which a position or a number is known.
        position_tolerance_m: distance that ``placed`` allows.
    """

    distance_m: Floats
    placed: Flags
    numbered: Flags
    speaks: Flags
    position_tolerance_m: float

    @property
    def allows(self) -> Flags:
        """Tell (m, n) which pairs no witness contradicts."""
        allowed: Flags = self.placed & self.numbered
        return allowed


def testimony(
    shots: Sequence[Shot],
    triggers: Sequence[CameraTrigger],
    numbers_photos: bool,
    position_tolerance_m: float,
) -> Witness:
    """Collect distances, and equal numbers where the log counts as the camera does."""
    distance = _distances_m(shots, triggers)
    numbers = np.array([-1 if s.number is None else s.number % 10_000 for s in shots], np.int64)
    counted = np.array([trigger.sequence % 10_000 for trigger in triggers], np.int64)
    numbered = np.ones(distance.shape, dtype=bool)
    known = (numbers >= 0) & numbers_photos
    numbered[known] = numbers[known, None] == counted[None, :]
    speaks: NDArray[np.bool_] = known | np.isfinite(distance).any(axis=1)
    return Witness(
        distance_m=distance,
        placed=~(distance > position_tolerance_m),
        numbered=numbered,
        speaks=speaks,
        position_tolerance_m=position_tolerance_m,
    )


def choose_peak(whole: Scan, moments: Moments, limits: Limits, witness: Witness) -> Peak | None:
    """Give the only peak, or the one that the witnesses clearly prefer, else None."""
    if len(whole.peaks) == 1:
        return whole.peaks[0]
    if int(witness.speaks.sum()) < FEWEST:
        return None
    votes = []
    for peak in whole.peaks:
        residual = residuals_s(moments, peak.offset_s, peak.drift)
        pairs = near(residual, moments.half_s, 1.5 * limits.tolerance_s) & witness.allows
        votes.append(int((pairs.any(axis=1) & witness.speaks).sum()))
    order = np.argsort(votes)[::-1]
    first, second = votes[order[0]], votes[order[1]]
    if first < FEWEST or first - second <= whole.margin:
        return None
    return whole.peaks[int(order[0])]


def _distances_m(shots: Sequence[Shot], triggers: Sequence[CameraTrigger]) -> Floats:
    """Give (m, n) horizontal distances, NaN where a position is missing."""
    photos = np.array(
        [
            (np.nan, np.nan) if s.lon_deg is None or s.lat_deg is None else (s.lon_deg, s.lat_deg)
            for s in shots
        ],
        dtype=np.float64,
    ).reshape(-1, 2)
    places = np.array(
        [
            (np.nan, np.nan) if t.lon_deg is None or t.lat_deg is None else (t.lon_deg, t.lat_deg)
            for t in triggers
        ],
        dtype=np.float64,
    ).reshape(-1, 2)
    distance = np.full((len(photos), len(places)), np.nan)
    known = np.isfinite(photos[:, :1]) & np.isfinite(places[None, :, 0])
    photo, place = np.nonzero(known)
    if len(photo):
        _, _, apart = GEOD.inv(*photos[photo].T, *places[place].T)
        distance[photo, place] = apart
    return distance
