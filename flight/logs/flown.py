"""Sum up a flight from its log: how long, how far, what it took of the battery, what it did.

A vehicle flies while it is more than a metre above its take-off; hops of the estimate on the ground
do not count as distance.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np
from pyproj import Geod

AIRBORNE_M: Final = 1.0
STEP_S: Final = 0.5
"""Steps of the distance: shorter ones would add up the noise of the estimate."""

GEOD: Final = Geod(ellps="WGS84")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Say where the vehicle was.

    Attributes:
        second: since the vehicle was switched on.
        lat_deg: WGS 84 latitude.
        lon_deg: WGS 84 longitude.
        height_takeoff_m: above take-off.
    """

    second: float
    lat_deg: float
    lon_deg: float
    height_takeoff_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryState:
    """Say how a battery was at one moment.

    Attributes:
        second: since the vehicle was switched on.
        voltage_v: None when the log does not say; likewise the others.
        used_mah: taken out since it was put in.
        remaining_percent: by the vehicle's own estimate.
    """

    second: float
    voltage_v: float | None = None
    used_mah: float | None = None
    remaining_percent: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """Say when and which fence was broken."""

    second: float
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Diary:
    """Carry what a log tells, as it comes.

    Attributes:
        name: file name.
        form: what the file was read as.
        samples: in order of time.
        battery: in order of time, empty when the log does not say.
        breaches: in order of time.
        photo_s: seconds of the triggers.
        begun_at: UTC moment at second 0, None when the log has no clock.
        losses: what could not be read.
    """

    name: str
    form: str
    samples: Sequence[Sample]
    battery: Sequence[BatteryState]
    breaches: Sequence[Breach]
    photo_s: Sequence[float]
    begun_at: datetime | None
    losses: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Flown:
    """Carry the summary of a flight.

    Attributes:
        name: file name.
        form: what the file was read as.
        takeoff_s: second of the first take-off since the vehicle was switched on, None without one.
        takeoff_at: its UTC moment, None when the log has no clock.
        airborne_s: time in the air, all flights of the log together.
        flights: times that it took off.
        distance_m: over ground, in the air.
        highest_m: above take-off.
        photos: triggers of the camera.
        battery_first: at take-off, None when the log does not say.
        battery_last: at the end.
        breaches: of the fence.
        losses: what could not be read.
    """

    name: str
    form: str
    takeoff_s: float | None
    takeoff_at: datetime | None
    airborne_s: float
    flights: int
    distance_m: float
    highest_m: float
    photos: int
    battery_first: BatteryState | None
    battery_last: BatteryState | None
    breaches: tuple[Breach, ...]
    losses: tuple[str, ...]


def sum_up(diary: Diary) -> Flown:
    """Sum up a flight.

    >>> line = [Sample(second=n, lat_deg=36 + n * 1e-5, lon_deg=136, height_takeoff_m=9.0 * (n > 0))
    ...         for n in range(11)]
    >>> flown = sum_up(Diary(name="a", form="b", samples=line, battery=(), breaches=(), photo_s=(),
    ...                      begun_at=None, losses=()))
    >>> flown.flights, flown.airborne_s, round(flown.distance_m, 1), flown.highest_m
    (1, 9, 10.0, 9.0)
    """
    runs = _airborne_runs(diary.samples)
    takeoff = runs[0][0].second if runs else None
    return Flown(
        name=diary.name,
        form=diary.form,
        takeoff_s=takeoff,
        takeoff_at=_moment(diary.begun_at, takeoff),
        airborne_s=sum(run[-1].second - run[0].second for run in runs),
        flights=len(runs),
        distance_m=sum(_distance_m(run) for run in runs),
        highest_m=max((sample.height_takeoff_m for run in runs for sample in run), default=0.0),
        photos=len(diary.photo_s),
        battery_first=_battery_at(diary.battery, takeoff),
        battery_last=diary.battery[-1] if diary.battery else None,
        breaches=tuple(diary.breaches),
        losses=diary.losses,
    )


def _moment(begun_at: datetime | None, second: float | None) -> datetime | None:
    if begun_at is None or second is None:
        return None
    return begun_at + timedelta(seconds=second)


def _battery_at(states: Sequence[BatteryState], second: float | None) -> BatteryState | None:
    """Give the last state before a second, else the first one that there is."""
    before = [state for state in states if second is not None and state.second <= second]
    if before:
        return before[-1]
    return states[0] if states else None


def _airborne_runs(samples: Sequence[Sample]) -> list[list[Sample]]:
    """Split into runs of samples in the air."""
    runs: list[list[Sample]] = []
    flying = False
    for sample in samples:
        up = sample.height_takeoff_m > AIRBORNE_M
        if up and not flying:
            runs.append([])
        if up:
            runs[-1].append(sample)
        flying = up
    return runs


def _distance_m(run: Sequence[Sample]) -> float:
    """Give the way over ground of one run, in steps of half a second or more."""
    kept = [run[0]]
    for sample in run:
        if sample.second - kept[-1].second >= STEP_S:
            kept.append(sample)
    if len(kept) < 2:
        return 0.0
    places = np.array([(sample.lon_deg, sample.lat_deg) for sample in kept])
    _, _, steps = GEOD.inv(*places[:-1].T, *places[1:].T)
    return float(np.sum(steps))
