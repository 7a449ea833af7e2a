"""Write DJI wayline missions (WPML 1.0.2, ``.kmz``): template and waylines.

Source: DJI Cloud API, wayline file format (WPML); domain specification §6.4.1.
"""

from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from xml.etree.ElementTree import Element

import yaml

from flight.formats.archive import pack
from flight.formats.loss import LossLedger
from flight.formats.wpmlaction import TAKE_PHOTO, Action, half_turn_deg
from flight.formats.wpmlroute import DEFAULT_CLIMB_M, STEP_M, Interval, Route, Stop, route_of
from flight.formats.xmltext import add, document, serialise
from flight.geodesic import distance_m
from flight.mission import AltitudeFrame, Mission
from inspection.errors import BadInput

WPML = "http://www.dji.com/wpmz/1.0.2"
MODES = {
    AltitudeFrame.HOME: ("relativeToStartPoint", "relativeToStartPoint"),
    AltitudeFrame.MSL: ("WGS84", "EGM96"),
    AltitudeFrame.TERRAIN: ("realTimeFollowSurface", "realTimeFollowSurface"),
}
"""executeHeightMode of the waylines and heightMode of the template."""

STOP_AT = "toPointAndStopWithDiscontinuityCurvature"
FLY_PAST = "toPointAndPassWithContinuityCurvature"
SPEEDS_M_S = (1.0, 15.0)
CLIMBS_M = (1.2, 1500.0)
CORNER_M = 2.0
"""As ArduCopter: WPNAV_RADIUS."""

DRONES_FILE = Path(__file__).with_name("djidrones.yaml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Aircraft:
    """Number an aircraft and its camera as DJI does."""

    drone: tuple[int, int]
    payload: tuple[int, int]


@cache
def aircraft() -> dict[str, Aircraft]:
    """Read the table of aircraft, by name."""
    table = yaml.safe_load(DRONES_FILE.read_text(encoding="utf-8"))["aircraft"]
    return {
        name: Aircraft(drone=tuple(row["drone"]), payload=tuple(row["payload"]))
        for name, row in table.items()
    }


def write_wpml(mission: Mission, ledger: LossLedger, drone: str | None = None) -> bytes:
    """Write a mission as a wayline archive.

    Raises:
        BadInput: when a DJI aircraft would refuse it or fly something else.
    """
    craft = _aircraft(drone, ledger)
    route = route_of(mission, ledger)
    frame = _check(route, mission)
    if mission.fence_polygons or mission.fence_circles or mission.rally_points:
        ledger.note("fence and rally points: a DJI wayline has none")
    if frame is not AltitudeFrame.MSL:
        if mission.home_altitude_msl_m is not None:
            ledger.note("height of home above sea level: a wayline counts from the ellipsoid")
        if mission.geoid_height_m is not None:
            ledger.note(f"geoid height {mission.geoid_height_m:g} m")
    elif mission.home_latlon_deg is not None and mission.home_altitude_msl_m is None:
        ledger.note("height of home is not known: written as 0 m above the ellipsoid")
    if mission.home_latlon_deg is None and mission.home_altitude_msl_m is not None:
        ledger.note("height of home without its place")
    if route.climb_m is None:
        ledger.note(f"no take-off: climbs to {DEFAULT_CLIMB_M:g} m first")
    if any(not item.auto_continue for item in mission.items):
        ledger.note("waiting for the pilot at an item")
    files = {
        "wpmz/template.kml": _template(mission, route, frame, craft),
        "wpmz/waylines.wpml": _waylines(mission, route, frame, craft),
    }
    return pack(files)


def _aircraft(drone: str | None, ledger: LossLedger) -> Aircraft:
    """Choose the aircraft by name."""
    if drone is None:
        drone = next(iter(aircraft()))
        ledger.note(f"written for the DJI {drone}; choose another with --drone")
    if drone not in aircraft():
        raise BadInput(f"no DJI aircraft {drone!r:.40}; known are {', '.join(aircraft())}")
    return aircraft()[drone]


def _check(route: Route, mission: Mission) -> AltitudeFrame:
    """Refuse what the aircraft would refuse, and give the frame of the heights."""
    if len(route.stops) < 2:
        raise BadInput(f"{len(route.stops)} waypoints; a DJI wayline needs at least 2")
    frame = route.frame or AltitudeFrame.HOME
    if frame not in MODES:
        raise BadInput("waypoints without a place cannot be written as a DJI wayline")
    if frame is AltitudeFrame.MSL and mission.geoid_height_m is None:
        raise BadInput(
            "heights above sea level become heights above the ellipsoid in a DJI wayline; say "
            "--geoid-height-m, the height of the geoid at the site"
        )
    speeds = {stop.speed_m_s for stop in route.stops}
    if mission.cruise_speed_m_s is not None:
        speeds.add(mission.cruise_speed_m_s)
    for speed in sorted(speeds):
        if not SPEEDS_M_S[0] <= speed <= SPEEDS_M_S[1]:
            raise BadInput(f"speed {speed:g} m/s; a DJI wayline flies 1 to 15 m/s")
    climb_m = DEFAULT_CLIMB_M if route.climb_m is None else route.climb_m
    if not CLIMBS_M[0] <= climb_m <= CLIMBS_M[1]:
        raise BadInput(f"take-off to {climb_m:g} m; a DJI aircraft takes 1.2 to 1500 m")
    for number, (a, b) in enumerate(pairwise(route.stops), start=1):
        length_m = _length_m(a, b)
        if length_m < STEP_M:
            raise BadInput(
                f"waypoints {number} and {number + 1} are {length_m:.2f} m apart; a DJI wayline "
                f"needs {STEP_M} m, merge them"
            )
    return frame


def _length_m(a: Stop, b: Stop) -> float:
    """Give the length of a leg, metres."""
    flat_m = distance_m((a.lat_deg, a.lon_deg), (b.lat_deg, b.lon_deg))
    return float((flat_m**2 + (a.altitude_m - b.altitude_m) ** 2) ** 0.5)


def _template(mission: Mission, route: Route, frame: AltitudeFrame, craft: Aircraft) -> bytes:
    """Write what the remote controller shows."""
    root, top = document({"wpml": WPML})
    _say(top, "author", "Tenken")
    config = _config(top, route, craft)
    if mission.home_latlon_deg is not None:
        known = mission.home_altitude_msl_m, mission.geoid_height_m
        height = 0.0 if known[0] is None or known[1] is None else known[0] + known[1]
        lat, lon = mission.home_latlon_deg
        _say(config, "takeOffRefPoint", f"{lat!r},{lon!r},{height!r}")
    folder = add(top, "Folder")
    _say(folder, "templateType", "waypoint")
    _say(folder, "templateId", 0)
    system = _say(folder, "waylineCoordinateSysParam")
    _say(system, "coordinateMode", "WGS84")
    _say(system, "heightMode", MODES[frame][1])
    _say(folder, "autoFlightSpeed", route.stops[0].speed_m_s)
    _say(folder, "gimbalPitchMode", "manual")
    heading = _say(folder, "globalWaypointHeadingParam")
    _say(heading, "waypointHeadingMode", "followWayline")
    _say(folder, "globalWaypointTurnMode", STOP_AT)
    _say(folder, "globalUseStraightLine", 1)
    for index, stop in enumerate(route.stops):
        mark = _placemark(folder, index, stop)
        _say(mark, "ellipsoidHeight", _execute_height_m(stop, frame, mission))
        _say(mark, "height", stop.altitude_m)
        _say(mark, "useGlobalHeight", 0)
        _say(mark, "useGlobalSpeed", 0)
        _say(mark, "useGlobalHeadingParam", 0)
        _say(mark, "useGlobalTurnParam", 0)
        _flight(mark, index, stop, route)
    return serialise(root)


def _waylines(mission: Mission, route: Route, frame: AltitudeFrame, craft: Aircraft) -> bytes:
    """Write what the aircraft flies."""
    root, top = document({"wpml": WPML})
    _config(top, route, craft)
    folder = add(top, "Folder")
    length_m = sum(_length_m(a, b) for a, b in pairwise(route.stops))
    seconds = sum(_length_m(a, b) / a.speed_m_s for a, b in pairwise(route.stops))
    _say(folder, "templateId", 0)
    _say(folder, "executeHeightMode", MODES[frame][0])
    _say(folder, "waylineId", 0)
    _say(folder, "distance", round(length_m, 3))
    _say(folder, "duration", round(seconds, 3))
    _say(folder, "autoFlightSpeed", mission.cruise_speed_m_s or route.stops[0].speed_m_s)
    for index, stop in enumerate(route.stops):
        mark = _placemark(folder, index, stop)
        _say(mark, "executeHeight", _execute_height_m(stop, frame, mission))
        _flight(mark, index, stop, route)
    return serialise(root)


def _config(top: Element, route: Route, craft: Aircraft) -> Element:
    """Write how the mission begins and ends, and what flies it."""
    config = _say(top, "missionConfig")
    _say(config, "flyToWaylineMode", "safely")
    _say(config, "finishAction", route.finish)
    _say(config, "exitOnRCLost", "executeLostAction")
    _say(config, "executeRCLostAction", "goBack")
    climb_m = DEFAULT_CLIMB_M if route.climb_m is None else route.climb_m
    _say(config, "takeOffSecurityHeight", climb_m)
    _say(config, "globalTransitionalSpeed", route.stops[0].speed_m_s)
    drone = _say(config, "droneInfo")
    _say(drone, "droneEnumValue", craft.drone[0])
    _say(drone, "droneSubEnumValue", craft.drone[1])
    payload = _say(config, "payloadInfo")
    _say(payload, "payloadEnumValue", craft.payload[0])
    _say(payload, "payloadSubEnumValue", craft.payload[1])
    _say(payload, "payloadPositionIndex", 0)
    return config


def _execute_height_m(stop: Stop, frame: AltitudeFrame, mission: Mission) -> float:
    """Give the height of a waypoint as the aircraft counts it, metres."""
    if frame is AltitudeFrame.MSL:
        return stop.altitude_m + (mission.geoid_height_m or 0.0)
    return stop.altitude_m


def _placemark(folder: Element, index: int, stop: Stop) -> Element:
    """Write where a waypoint is."""
    mark = add(folder, "Placemark")
    add(add(mark, "Point"), "coordinates", f"{stop.lon_deg!r},{stop.lat_deg!r}")
    _say(mark, "index", index)
    return mark


def _flight(mark: Element, index: int, stop: Stop, route: Route) -> None:
    """Write speed, heading, turn and actions of a waypoint."""
    _say(mark, "waypointSpeed", stop.speed_m_s)
    heading = _say(mark, "waypointHeadingParam")
    fixed = stop.yaw_deg is not None
    _say(heading, "waypointHeadingMode", "smoothTransition" if fixed else "followWayline")
    _say(heading, "waypointHeadingAngle", half_turn_deg(float(stop.yaw_deg or 0.0)))
    _say(heading, "waypointHeadingPathMode", "followBadArc")
    turn = _say(mark, "waypointTurnParam")
    damping_m = _damping_m(index, route.stops)
    _say(turn, "waypointTurnMode", STOP_AT if damping_m is None else FLY_PAST)
    _say(turn, "waypointTurnDampingDist", damping_m or 0)
    _say(mark, "useStraightLine", 1)
    if stop.actions:
        _group(mark, 2 * index, (index, index), ("reachPoint", None), stop.actions)
    for interval in route.intervals:
        if interval.first == index:
            _interval(mark, 2 * index + 1, interval)


def _damping_m(index: int, stops: list[Stop]) -> float | None:
    """Give how far before a waypoint the turn begins, metres; None to stop there.

    The first and the last waypoint and those with actions are stopped at. A straight leg that is
    flown past needs a distance > 0 that is shorter than the legs.
    """
    if stops[index].actions or index in (0, len(stops) - 1):
        return None
    legs = _length_m(stops[index - 1], stops[index]), _length_m(stops[index], stops[index + 1])
    return round(min(CORNER_M, min(legs) / 4), 3)


def _interval(mark: Element, number: int, interval: Interval) -> None:
    """Write a stretch of triggering."""
    span = (interval.first, interval.last)
    _group(mark, number, span, (interval.kind, interval.every), [TAKE_PHOTO])


def _group(
    mark: Element,
    number: int,
    span: tuple[int, int],
    trigger: tuple[str, float | None],
    actions: list[Action],
) -> None:
    """Write one action group."""
    group = _say(mark, "actionGroup")
    _say(group, "actionGroupId", number)
    _say(group, "actionGroupStartIndex", span[0])
    _say(group, "actionGroupEndIndex", span[1])
    _say(group, "actionGroupMode", "sequence")
    when = _say(group, "actionTrigger")
    _say(when, "actionTriggerType", trigger[0])
    if trigger[1] is not None:
        _say(when, "actionTriggerParam", trigger[1])
    for order, action in enumerate(actions):
        entry = _say(group, "action")
        _say(entry, "actionId", order)
        _say(entry, "actionActuatorFunc", action.function)
        params = _say(entry, "actionActuatorFuncParam")
        for tag, value in action.params:
            _say(params, tag, value)


def _say(parent: Element, tag: str, value: object = None) -> Element:
    """Append an element of WPML."""
    return add(parent, tag, value, space=WPML)
