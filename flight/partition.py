"""Split a plan into parts that one battery and one mission of the vehicle can hold.

Each part stands for itself: its own take-off, camera state and return. It begins with a repeat of
what came last before it (the whole row, or as many photos as overlap when a row is long), so that
the parts tie together although light and position have changed.
"""

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from flight.course import Ways
from flight.drone import Drone
from flight.flightplan import FlightPlan, PlannedPhoto, Trigger
from flight.itinerary import SHOT_S, Itinerary, make_itinerary
from inspection.errors import BadInput

Floats = NDArray[np.float64]

RESERVE = 0.30
"""Share of the flight time that stays in the battery."""

REPEAT_SHARE = 0.15
"""A row is repeated whole when it is no more than this share of a part."""

ROW_END_SHARE = 0.70
"""A part ends with a row where that fills it to this share."""

SHRINK = 0.92
HOPE = 1.3
"""The whole is tried while its estimate is no more than this over."""

LEAST_FILL = 0.05


def split(
    plan: FlightPlan, drone: Drone, *, reserve: float = RESERVE
) -> tuple[tuple[FlightPlan, Itinerary], ...]:
    """Split a plan by flight time and by the items that the vehicle holds.

    Args:
        plan: the whole.
        drone: flight time, speeds and capacity.
        reserve: share of the flight time that is kept.

    Returns:
        Every part with its itinerary, in order of flight; one when the plan fits.

    Raises:
        BadInput: when the reserve is not 0–0.8, or when not even a few photos fit.
    """
    if not 0 <= reserve <= 0.8:
        raise BadInput(f"the reserve must be a share of 0 to 0.8, got {reserve}; 30 % is 0.3")
    if not plan.photos:
        raise BadInput(f"plan {plan.name!r} has no photo: there is nothing to fly")
    ways = Ways(plan)
    costs = _Costs(plan, drone, reserve)
    if costs.end_of_part(0, HOPE) == len(plan.photos):
        whole = make_itinerary(plan, drone, ways=ways)
        if _fits(whole, drone, reserve):
            return ((plan, whole),)
    spans: list[tuple[int, int]] = []
    parts: list[FlightPlan] = []
    found: list[Itinerary] = []
    first = 0
    while not spans or spans[-1][1] < len(plan.photos):
        fill = 1.0
        while True:
            last = costs.end_of_part(first, fill)
            if last <= (spans[-1][1] if spans else 0):
                raise BadInput(_too_far(plan, drone, first))
            part = _part(plan, first, last)
            itinerary = make_itinerary(part, drone, ways=ways)
            if _fits(itinerary, drone, reserve):
                break
            fill *= SHRINK
            if fill < LEAST_FILL:
                raise BadInput(_too_far(plan, drone, first))
        spans.append((first, last))
        parts.append(part)
        found.append(itinerary)
        first = costs.repeat_from(first, last)
    total = len(parts)
    named = [
        replace(part, name=f"{plan.name} {number} of {total}")
        for number, part in enumerate(parts, start=1)
    ]
    return tuple(zip(named, found, strict=True))


def _fits(itinerary: Itinerary, drone: Drone, reserve: float) -> bool:
    """Tell whether a mission fits the battery and, home counted, the vehicle."""
    items = len(itinerary.mission.items) + 1
    in_time = itinerary.seconds <= drone.flight_time_min * 60 * (1 - reserve)
    return items <= drone.capacity_items and in_time


def _part(plan: FlightPlan, first: int, last: int) -> FlightPlan:
    """Cut photos out of a plan and number them anew."""
    photos: list[PlannedPhoto] = []
    for index, photo in enumerate(plan.photos[first:last]):
        photos.append(replace(photo, index=index, row=photo.row - plan.photos[first].row))
    return replace(plan, photos=tuple(photos))


def _too_far(plan: FlightPlan, drone: Drone, first: int) -> str:
    """Say that a part would not get anywhere."""
    away_m = float(np.linalg.norm(plan.photos[first].position_m))
    return (
        f"plan {plan.name!r}: from photo {first} on, {away_m:.0f} m from take-off, {drone.label} "
        f"cannot take enough photos in {drone.flight_time_min:g} min less its reserve, or in "
        f"{drone.capacity_items} items; take off nearer (--takeoff), or take another drone"
    )


class _Costs:
    """Add up what photos cost, to guess where a part ends; the itinerary then decides."""

    def __init__(self, plan: FlightPlan, drone: Drone, reserve: float) -> None:
        self._row = np.array([photo.row for photo in plan.photos])
        self._repeat = max(1, math.ceil(1 / (1 - plan.overlap_front)) - 1)
        places = plan.positions_m
        stop = plan.trigger is Trigger.STOP
        legs_m = np.concatenate([[0.0], np.linalg.norm(np.diff(places, axis=0), axis=1)])
        held_s = drone.hold_s + SHOT_S + plan.speed_m_s / 1.5 if stop else 0.0
        self._seconds = np.cumsum(legs_m / plan.speed_m_s + held_s)
        changes = np.concatenate([[1], np.diff(self._row) != 0])
        self._items = np.cumsum((3.0 if stop else 0.1) + changes * (2.0 if stop else 9.0))
        climb_s = np.maximum(places[:, 2], 0.0) / drone.climb_m_s
        self._home_s = np.hypot(places[:, 0], places[:, 1]) / drone.cruise_m_s + climb_s
        self._budget_s = drone.flight_time_min * 60 * (1 - reserve)
        self._capacity = drone.capacity_items - 8

    def end_of_part(self, first: int, fill: float) -> int:
        """Give the index behind the last photo of a part that starts at a photo."""
        spent_s = self._seconds - self._seconds[first] + self._home_s[first] + self._home_s
        items = self._items - (self._items[first - 1] if first else 0.0)
        over = (spent_s > self._budget_s * fill) | (items > self._capacity * fill)
        over[: first + 1] = False
        if not over.any():
            return len(over)
        last = int(over.argmax())
        row_ends = np.flatnonzero(np.diff(self._row[first:last])) + first + 1
        if len(row_ends) and row_ends[-1] - first >= ROW_END_SHARE * (last - first):
            return int(row_ends[-1])
        return last

    def repeat_from(self, first: int, last: int) -> int:
        """Give the photo that the next part starts with."""
        if last >= len(self._row):
            return last
        row_start = int(np.flatnonzero(self._row == self._row[last - 1])[0])
        whole_row = last - max(row_start, first) <= REPEAT_SHARE * (last - first)
        start = row_start if whole_row else last - self._repeat
        return max(start, first + 1)
