"""Turn a plan into the items of a mission, with a fence around all that is flown.

A mission stands for itself: take-off, camera off, gimbal and yaw set, rows, camera off, return.
ArduCopter turns the drone at every waypoint as ``WP_YAW_BEHAVIOR`` says: it must be 0, so that the
yaw that an item sets stays.

Source of the commands: MAVLink common message set, domain specification §6.4.2. NaN is never
written: 0 (or what the command says for "none").
"""

import itertools
import math
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import LineString, Polygon, unary_union

from flight.course import LOWEST_TAKEOFF_M, Step, Ways, ground_track, lay_course
from flight.drone import Drone
from flight.flightplan import FlightPlan, Trigger
from flight.mission import AltitudeFrame, FencePolygon, Mission, MissionItem
from inspection.errors import BadInput

WAYPOINT, RETURN, TAKEOFF, DELAY = 16, 20, 22, 93
CONDITION_YAW, CHANGE_SPEED = 115, 178
RELEASE, GIMBAL, TRIGGER_DISTANCE = 203, 205, 206
GIMBAL_TARGETING = 2.0

SHOT_S = 1.0
"""How long the drone hangs on after the release, until the photo is certainly taken."""

SAME_PLACE_M = 0.01

FENCE_MARGIN_M = 15.0
MOST_FENCE_CORNERS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Itinerary:
    """Carry a mission with the course that it was made of.

    Attributes:
        mission: items and fence.
        steps: waypoints in local metres.
        seconds: estimated, from take-off to landing.
        length_m: of the way, from take-off and back.
    """

    mission: Mission
    steps: tuple[Step, ...]
    seconds: float
    length_m: float


def make_itinerary(
    plan: FlightPlan,
    drone: Drone,
    *,
    fence_margin_m: float = FENCE_MARGIN_M,
    ways: Ways | None = None,
) -> Itinerary:
    """Turn a plan into one mission.

    Args:
        plan: at least one photo.
        drone: whose rules and speeds hold.
        fence_margin_m: between the course and the fence.
        ways: around the structure, where they are already known; None finds them.

    Raises:
        BadInput: when the plan has no photo, or wants heights above sea level and does not know
            that of take-off.
    """
    if not plan.photos:
        raise BadInput(f"plan {plan.name!r} has no photo: there is nothing to fly")
    steps = lay_course(plan, ways)
    writer = _Writer(plan, drone)
    writer.begin(steps[0])
    on_earth = plan.to_latlon_height([step.position_m for step in steps]).tolist()
    for step, (latitude, longitude, height_m) in zip(steps, on_earth, strict=True):
        writer.fly(step, (latitude, longitude, height_m))
    writer.end()
    mission = Mission(
        home_latlon_deg=plan.origin_latlon_deg,
        home_altitude_msl_m=plan.takeoff_msl_m,
        items=tuple(writer.items),
        fence_polygons=(fence(plan, steps, margin_m=fence_margin_m),),
        cruise_speed_m_s=drone.cruise_m_s,
        vehicle=drone.vehicle,
    )
    places = np.array([[0.0, 0.0, 0.0], *(step.position_m for step in steps), [0.0, 0.0, 0.0]])
    length_m = float(np.linalg.norm(np.diff(places, axis=0), axis=1).sum())
    seconds = duration_s(steps, plan, drone)
    return Itinerary(mission=mission, steps=steps, seconds=seconds, length_m=length_m)


def fence(plan: FlightPlan, steps: tuple[Step, ...], *, margin_m: float) -> FencePolygon:
    """Give a fence around the course and take-off, with few corners and no holes."""
    track = ground_track(steps).simplify(margin_m / 50)
    # Leg by leg: the buffer of one closed line that crosses itself can leave parts of it out.
    around = Polygon(unary_union(shapely.buffer(_legs(track), margin_m, quad_segs=6)).exterior)
    tolerance_m = margin_m / 20
    outline = around
    while len(outline.exterior.coords) - 1 > MOST_FENCE_CORNERS and tolerance_m < 1e5:
        # What simplification cuts off is put on before, so that the margin stays.
        outline = Polygon(around.buffer(tolerance_m).exterior).simplify(tolerance_m)
        outline = Polygon(outline.exterior)
        tolerance_m *= 1.5
    corners = np.asarray(outline.exterior.coords)[:-1]
    places = plan.to_latlon_height(np.column_stack([corners, np.zeros(len(corners))]))
    return FencePolygon(vertices_latlon_deg=tuple((float(a), float(b)) for a, b, _ in places))


def _legs(track: LineString) -> list[LineString]:
    """Take a line apart into its straight pieces, each once."""
    corners = [(round(x, 2), round(y, 2)) for x, y in track.coords]
    pairs = {tuple(sorted(pair)) for pair in itertools.pairwise(corners)}
    return [LineString(pair) for pair in sorted(pairs)]


def duration_s(steps: tuple[Step, ...], plan: FlightPlan, drone: Drone) -> float:
    """Estimate the time from take-off to landing, seconds.

    Speeding up and braking at 1.5 m/s² is counted at every stop, and the climb at its own speed.
    """
    places = np.array([step.position_m for step in steps])
    along_row = np.array([step.along_row for step in steps])
    stops = np.array([step.release for step in steps]) | ~along_row
    legs_m = np.linalg.norm(np.diff(places, axis=0), axis=1)
    speeds = np.where(along_row[1:], plan.speed_m_s, drone.cruise_m_s)
    flown_s = float((legs_m / speeds).sum() + (stops[1:] * speeds / ACCELERATION_M_S2).sum())
    held_s = sum(drone.hold_s + SHOT_S for step in steps if step.release)
    ends_m = np.hypot(places[[0, -1], 0], places[[0, -1], 1]).sum()
    climbed_m = max(places[0, 2], LOWEST_TAKEOFF_M) + max(places[-1, 2], LOWEST_TAKEOFF_M)
    return float(flown_s + held_s + ends_m / drone.cruise_m_s + climbed_m / drone.climb_m_s)


ACCELERATION_M_S2 = 1.5


class _Writer:
    """Write items, remembering what the vehicle has been told."""

    def __init__(self, plan: FlightPlan, drone: Drone) -> None:
        self.items: list[MissionItem] = []
        self._plan = plan
        self._drone = drone
        self._lift_m = 0.0
        if plan.altitude_frame is AltitudeFrame.MSL:
            if plan.takeoff_msl_m is None:
                raise BadInput(
                    "heights above sea level need that of take-off: give --takeoff-msl-m, "
                    "or plan with heights above take-off"
                )
            self._lift_m = plan.takeoff_msl_m
        elif plan.altitude_frame is not AltitudeFrame.HOME:
            raise BadInput(f"altitude frame {plan.altitude_frame} is not planned; use home or msl")
        self._place_m = np.full(3, np.inf)
        self._yaw_deg = self._pitch_deg = self._speed_m_s = float("inf")

    def begin(self, first: Step) -> None:
        """Take off, set the speed, and switch the camera to a known state."""
        latitude, longitude = self._plan.origin_latlon_deg
        height_m = max(float(first.position_m[2]), LOWEST_TAKEOFF_M)
        self._position(TAKEOFF, (0.0, 0.0, 0.0, 0.0), (latitude, longitude, height_m))
        self._command(TRIGGER_DISTANCE, (0.0, 0.0, 0.0, 0.0))

    def fly(self, step: Step, place: tuple[float, float, float]) -> None:
        """Fly to a step at latitude, longitude and height, and do there what it asks."""
        self._speed(self._plan.speed_m_s if step.along_row else self._drone.cruise_m_s)
        self._look(step)
        if step.release and self._is_here(step):
            self._command(DELAY, (self._drone.hold_s, -1.0, -1.0, -1.0))
            self._release()
            return
        hold_s = self._drone.hold_s if step.release else 0.0
        params = (hold_s, 0.0, 0.0, round(step.yaw_deg % 360.0, 2))
        self._position(WAYPOINT, params, place)
        self._place_m = step.position_m
        if step.release:
            self._release()
        if step.trigger_m is not None:
            first = 1.0 if step.trigger_m > 0 else 0.0
            # Rounded up, or not rounded at all, the last photo of a long row would not come.
            whole_mm = max(0, math.ceil(step.trigger_m * 1000) - 1)
            self._command(TRIGGER_DISTANCE, (whole_mm / 1000, 0.0, first, 0.0))

    def end(self) -> None:
        """Switch the camera off, and return."""
        if self._plan.trigger is Trigger.DISTANCE:
            self._command(TRIGGER_DISTANCE, (0.0, 0.0, 0.0, 0.0))
        self._command(RETURN, (0.0, 0.0, 0.0, 0.0))

    def _is_here(self, step: Step) -> bool:
        """Tell whether the drone already hangs at a step, and only looks elsewhere."""
        return bool(np.abs(step.position_m - self._place_m).max() < SAME_PLACE_M)

    def _release(self) -> None:
        self._command(RELEASE, (0.0, 0.0, 0.0, 0.0), fifth=1.0)
        self._command(DELAY, (SHOT_S, -1.0, -1.0, -1.0))

    def _speed(self, speed_m_s: float) -> None:
        if abs(speed_m_s - self._speed_m_s) > 1e-6:
            self._command(CHANGE_SPEED, (1.0, round(speed_m_s, 3), -1.0, 0.0))
            self._speed_m_s = speed_m_s

    def _look(self, step: Step) -> None:
        if abs(step.pitch_deg - self._pitch_deg) > 0.5:
            pitch_deg = round(step.pitch_deg, 2)
            self._command(GIMBAL, (pitch_deg, 0.0, 0.0, 0.0), seventh=GIMBAL_TARGETING)
            self._pitch_deg = step.pitch_deg
        turn = abs((step.yaw_deg - self._yaw_deg + 180.0) % 360.0 - 180.0)
        if self._drone.vehicle == "ardupilot" and not turn <= 1.0:
            self._command(CONDITION_YAW, (round(step.yaw_deg % 360.0, 2), 0.0, 0.0, 0.0))
            self._yaw_deg = step.yaw_deg

    def _position(
        self,
        command: int,
        params: tuple[float, float, float, float],
        place: tuple[float, float, float],
    ) -> None:
        latitude, longitude, height_m = place
        item = MissionItem(
            command=command,
            frame=self._plan.altitude_frame,
            params=params,
            lat_deg=round(latitude, 9),
            lon_deg=round(longitude, 9),
            altitude_m=round(height_m + self._lift_m, 3),
        )
        self.items.append(item)

    def _command(
        self,
        command: int,
        params: tuple[float, float, float, float],
        *,
        fifth: float = 0.0,
        seventh: float = 0.0,
    ) -> None:
        item = MissionItem(
            command=command,
            frame=AltitudeFrame.MISSION,
            params=params,
            lat_deg=fifth,
            lon_deg=0.0,
            altitude_m=seventh,
        )
        self.items.append(item)
