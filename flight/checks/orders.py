"""Check what the mission itself says: height frames, take-off, return, size, camera left on."""

from flight.checks.course import Course
from flight.checks.finding import Finding, Outcome
from flight.drone import Drone
from flight.mission import AltitudeFrame, Mission

FRAME_SOURCE = "Tenken: one altitude frame a mission, stated; MAVLink MAV_FRAME"
RETURN_SOURCE = (
    "Tenken: take-off and return belong to the mission, the camera is stopped before the return"
)
CAPACITY_SOURCE = "ArduCopter holds 650 items including home; drones.yaml for others"
ARDUCOPTER_ITEMS = 650


def check_orders(course: Course, mission: Mission, drone: Drone | None) -> tuple[Finding, ...]:
    """Answer all that can be read from the items alone."""
    found = [
        _frame(course),
        _takeoff(course, mission),
        _return(course),
        _capacity(mission, drone),
    ]
    if course.trigger_left_on:
        found.append(_left_on())
    if course.endless:
        found.append(_warn("jump", "jump.endless", RETURN_SOURCE))
    if course.unread:
        found.append(_unread(course))
    return tuple(found)


def _frame(course: Course) -> Finding:
    """Demand one altitude frame and state it."""
    frames = sorted(course.altitude_frames)
    outcome, reason = Outcome.PASS, "frame.one"
    if len(frames) > 1:
        outcome, reason = Outcome.REFUSE, "frame.mixed"
    elif course.unknown_ground:
        outcome, reason = Outcome.WARN, "frame.ground_unknown"
    facts: dict[str, float | int | str] = {"frames": ", ".join(frames)}
    if AltitudeFrame.MSL in course.altitude_frames and course.takeoff_msl_m is not None:
        facts["takeoff_msl_m"] = round(course.takeoff_msl_m, 1)
    return Finding(
        check="altitude_frame", outcome=outcome, reason=reason, source=FRAME_SOURCE, facts=facts
    )


def _takeoff(course: Course, mission: Mission) -> Finding:
    """Say where take-off is, and whether anybody said so."""
    latitude, longitude = course.latlon_deg(course.legs[0].start_m)
    return Finding(
        check="takeoff",
        outcome=Outcome.WARN if course.assumed_takeoff else Outcome.PASS,
        reason="takeoff.assumed" if course.assumed_takeoff else "takeoff.stated",
        source=RETURN_SOURCE,
        facts={"latitude_deg": latitude, "longitude_deg": longitude, "items": len(mission.items)},
        place_latlon_deg=(latitude, longitude),
    )


def _return(course: Course) -> Finding:
    """Say whether the mission itself brings the craft back."""
    return Finding(
        check="return",
        outcome=Outcome.WARN if course.assumed_return else Outcome.PASS,
        reason="return.assumed" if course.assumed_return else "return.ordered",
        source=RETURN_SOURCE,
        facts={"top_m": round(max(float(leg.end_m[2]) for leg in course.legs), 1)},
    )


def _capacity(mission: Mission, drone: Drone | None) -> Finding:
    """Compare the number of items with what the vehicle can hold; home counts."""
    limit = ARDUCOPTER_ITEMS if drone is None else drone.capacity_items
    count = len(mission.items) + 1
    return Finding(
        check="capacity",
        outcome=Outcome.REFUSE if count > limit else Outcome.PASS,
        reason="capacity.over" if count > limit else "capacity.fits",
        source=CAPACITY_SOURCE,
        facts={"items": count, "limit": limit},
        needs_review=drone is not None and drone.needs_review,
    )


def _left_on() -> Finding:
    return _warn("trigger", "trigger.left_on", RETURN_SOURCE)


def _unread(course: Course) -> Finding:
    """Name the items that fly somewhere in a way that is not understood."""
    commands = ", ".join(str(command) for command in sorted({c for _, c in course.unread}))
    return Finding(
        check="items",
        outcome=Outcome.WARN,
        reason="items.unread",
        source="MAVLink common message set",
        facts={"commands": commands, "count": len(course.unread)},
        items=tuple(number for number, _ in course.unread),
    )


def _warn(check: str, reason: str, source: str) -> Finding:
    return Finding(check=check, outcome=Outcome.WARN, reason=reason, source=source)
