"""Lay the course of a plan: lead-ins, photo points, ways between rows, approach and departure.

A course is a list of steps in local metres; ``flight.itinerary`` makes mission items of it, and
``flight.partition`` adds up its time. Between faces the drone goes straight where the structure is
far enough away, else up and over it. From below a deck it leaves sideways before it returns, by the
gate where the plan has one: a drone that returns to launch climbs first.
"""

from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from shapely import LineString, MultiPoint

from flight.coverage import sample
from flight.flightplan import FlightPlan, Pattern, PlannedPhoto, Trigger
from flight.surface import area_m2

Floats = NDArray[np.float64]

WAY_SHARE = 0.7
"""Share of the stand-off that ways between rows keep from the structure."""

BESIDE_DECK_M = 6.0
"""How far beyond a soffit the drone comes in and leaves."""

PLACES = 720
"""Places round a deck among which it chooses where."""

BEND_SHARE = 0.05
"""A flown row may leave its planned photo points by this share of the stand-off."""

LOWEST_TAKEOFF_M = 3.0

FAR_M = 10.0
"""Beyond this the way to the next row is flown at the speed of a transit."""

PLACE_GRAIN_M = 0.02
"""So much shorter a row may be on the vehicle, which knows places to 1e-7°; its last photo shall
come all the same."""

CLOSEST_WAY_M = 0.6
"""A mere waypoint nearer to the next one is left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Carry one waypoint.

    Attributes:
        position_m: (3,) local metres.
        yaw_deg: of camera and drone.
        pitch_deg: of the optical axis.
        release: take one photo here, standing still.
        trigger_m: start to release each so many metres; 0 stops it; None leaves it as it is.
        along_row: the way to this step is flown at the speed of a row, not of a transit.
    """

    position_m: Floats
    yaw_deg: float
    pitch_deg: float
    release: bool = False
    trigger_m: float | None = None
    along_row: bool = False


def lay_course(plan: FlightPlan, ways: "Ways | None" = None) -> tuple[Step, ...]:
    """Give the waypoints of a plan from above take-off to where it turns home.

    Args:
        plan: at least one photo.
        ways: around its structure, where they are already known.
    """
    ways = ways or Ways(plan)
    steps: list[Step] = []
    for row in plan.rows:
        coming = _row_steps(plan, row)
        start = steps[-1] if steps else ways.arrival(coming[0])
        if not steps or _apart_m(start, coming[0]) > FAR_M:
            coming[0] = replace(coming[0], along_row=False)
        if not steps and _apart_m(start, coming[0]) > CLOSEST_WAY_M:
            steps.append(start)
        steps += ways.between(start, coming[0]) + coming
    if steps:
        steps += ways.departure(steps[-1])
    return tuple(steps)


def _row_steps(plan: FlightPlan, row: tuple[PlannedPhoto, ...]) -> list[Step]:
    """Give the waypoints of one row."""
    if plan.trigger is Trigger.STOP or len(row) == 1:
        return [_at(photo, release=True, along_row=True) for photo in row]
    places = np.array([photo.position_m for photo in row])
    kept = _bends(plan, row, places)
    steps = [_at(row[index], along_row=True) for index in kept]
    legs_m = np.linalg.norm(np.diff(places, axis=0), axis=1)
    spacing_m = float(max(legs_m.sum() - PLACE_GRAIN_M, legs_m.sum() / 2) / len(legs_m))
    steps[0] = _at(row[0], trigger_m=spacing_m, along_row=True)
    steps[-1] = _at(row[-1], trigger_m=0.0, along_row=True)
    if plan.lead_in_m > 0:
        before = places[0] - _unit(places[1] - places[0]) * plan.lead_in_m
        steps.insert(0, _moved(steps[0], before))
    return steps


def _bends(plan: FlightPlan, row: tuple[PlannedPhoto, ...], places: Floats) -> list[int]:
    """Choose the photo points of a row that a drone must fly through, first and last included.

    Turning the photo counts as moving its edge, so that yaw follows the bend as well.
    """
    turned = np.unwrap(np.radians([photo.yaw_deg for photo in row]))
    half_m = plan.camera.footprint_m(row[0].distance_m)[0] / 2
    points = np.column_stack([places, turned * half_m])
    tolerance_m = BEND_SHARE * row[0].distance_m
    kept, open_spans = {0, len(row) - 1}, [(0, len(row) - 1)]
    while open_spans:
        first, last = open_spans.pop()
        if last - first < 2:
            continue
        share = np.linspace(0.0, 1.0, last - first + 1)[1:-1, None]
        straight = points[first] * (1 - share) + points[last] * share
        off_m = np.linalg.norm(points[first + 1 : last] - straight, axis=1)
        worst = int(off_m.argmax())
        if off_m[worst] > tolerance_m:
            middle = first + 1 + worst
            kept.add(middle)
            open_spans += [(first, middle), (middle, last)]
    return sorted(kept)


class Ways:
    """Find ways through the free air beside a structure."""

    def __init__(self, plan: FlightPlan) -> None:
        """Look at the surface of a plan; all its parts share it."""
        self._pattern = plan.pattern
        self._beside_structure = plan.pattern in {Pattern.FACADE, Pattern.ORBIT}
        self._standoff_m = min((photo.distance_m for photo in plan.photos), default=0.0)
        self._top_m = float(plan.surface_m[:, :, 2].max(initial=0.0))
        self._tree: cKDTree | None = None
        if self._beside_structure:
            count = int(np.clip(4 * area_m2(plan.surface_m).sum(), 2_000, 40_000))
            self._tree = cKDTree(sample(plan.surface_m, count).point_m)
        corners = plan.surface_m.reshape(-1, 3)[:, :2]
        self._outline = MultiPoint(corners).convex_hull
        self._gate_m: Floats | None = None
        if plan.gate_latlon_deg is not None:
            latitude, longitude = plan.gate_latlon_deg
            self._gate_m = plan.frame.to_enu_m([[longitude, latitude, 0.0]])[0, :2]

    def between(self, start: Step, goal: Step) -> list[Step]:
        """Give the waypoints in between: none where the straight way is free."""
        if self._free(start.position_m, goal.position_m):
            return []
        if self._gate_m is None:
            high_m = max(self._top_m + self._standoff_m, start.position_m[2], goal.position_m[2])
            over = [
                _moved(start, [*start.position_m[:2], high_m]),
                _moved(goal, [*goal.position_m[:2], high_m]),
            ]
        else:
            over = [
                _moved(start, [*self._gate_m, start.position_m[2]]),
                _moved(goal, [*self._gate_m, goal.position_m[2]]),
            ]
        return [
            step
            for step in over
            if min(_apart_m(step, start), _apart_m(step, goal)) > CLOSEST_WAY_M
        ]

    def arrival(self, goal: Step) -> Step:
        """Give where the drone comes in: above take-off, or beside the deck."""
        if self._gate_m is not None:
            height_m = max(float(goal.position_m[2]), LOWEST_TAKEOFF_M)
            return _moved(goal, [*self._gate_m, height_m])
        if self._pattern is Pattern.SOFFIT:
            return _moved(goal, self._beside(goal.position_m))
        if not self._beside_structure:
            return goal
        height_m = max(float(goal.position_m[2]), LOWEST_TAKEOFF_M)
        return _moved(goal, [0.0, 0.0, height_m])

    def departure(self, last: Step) -> list[Step]:
        """Give the last waypoints before the drone turns home."""
        if self._gate_m is not None:
            return [_moved(last, [*self._gate_m, last.position_m[2]])]
        if self._pattern is Pattern.SOFFIT:
            return [_moved(last, self._beside(last.position_m))]
        if self._beside_structure:
            high_m = max(self._top_m + self._standoff_m, float(last.position_m[2]) + CLOSEST_WAY_M)
            return [_moved(last, [*last.position_m[:2], high_m])]
        return []

    def _beside(self, place: Floats) -> Floats:
        """Give the nearest place beside the deck from which take-off is reached without it.

        At the same height; the nearest of all where take-off itself lies below the deck.
        """
        ring = self._outline.buffer(BESIDE_DECK_M, quad_segs=32).exterior
        spots = shapely.line_interpolate_point(ring, np.linspace(0, 1, PLACES), normalized=True)
        corners = shapely.get_coordinates(spots)
        ways = shapely.linestrings(np.stack([corners, np.zeros_like(corners)], axis=1))
        free = ~shapely.intersects(ways, self._outline)
        away_m = np.hypot(*(corners - place[:2]).T) + np.where(free, 0.0, 1e9)
        return np.array([*corners[int(away_m.argmin())], place[2]])

    def _free(self, start_m: Floats, goal_m: Floats) -> bool:
        """Tell whether the straight way stays away from the structure."""
        if self._tree is None:
            return True
        count = max(2, int(np.linalg.norm(goal_m - start_m) / 0.25) + 1)
        points = np.linspace(start_m, goal_m, count)
        nearest_m = float(self._tree.query(points)[0].min())
        return nearest_m >= WAY_SHARE * self._standoff_m


def ground_track(steps: tuple[Step, ...]) -> LineString:
    """Give the course seen from above, from take-off and back to it."""
    places = [(0.0, 0.0), *((step.position_m[0], step.position_m[1]) for step in steps)]
    return LineString([*places, (0.0, 0.0)])


def _at(
    photo: PlannedPhoto,
    *,
    release: bool = False,
    trigger_m: float | None = None,
    along_row: bool = False,
) -> Step:
    """Make a step of a photo point."""
    return Step(
        position_m=photo.position_m,
        yaw_deg=photo.yaw_deg,
        pitch_deg=photo.pitch_deg,
        release=release,
        trigger_m=trigger_m,
        along_row=along_row,
    )


def _moved(step: Step, place: Floats | list[float]) -> Step:
    """Give a mere waypoint elsewhere that looks as another step does."""
    return Step(
        position_m=np.asarray(place, dtype=np.float64),
        yaw_deg=step.yaw_deg,
        pitch_deg=step.pitch_deg,
    )


def _apart_m(one: Step, other: Step) -> float:
    """Give the distance of two steps, metres."""
    return float(np.linalg.norm(one.position_m - other.position_m))


def _unit(vector: Floats) -> Floats:
    """Scale a vector to length 1."""
    return np.asarray(vector / np.linalg.norm(vector))
