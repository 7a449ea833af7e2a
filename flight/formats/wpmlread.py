"""Read DJI wayline missions (WPML 1.0.0–1.0.6, ``.kmz``) as mission items.

``waylines.wpml`` is what the aircraft flies; ``template.kml`` is only asked for heights above sea
level, because waylines count from the ellipsoid. Each waypoint is followed by its speed, its
actions and the start of triggering; what has no item is named in the ledger.

Source: DJI Cloud API, wayline file format (WPML); domain specification §6.4.1.
"""

import re
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from xml.etree.ElementTree import Element

from flight.command import Command
from flight.formats.loss import LossLedger
from flight.formats.numbering import check_count, check_place, checked
from flight.formats.wpmlaction import ENDS_AT_ONCE, command, items_of, place_item
from flight.formats.xmltext import child, children, coordinates_of, number_of, parse, text_of
from flight.mission import AltitudeFrame, Mission, MissionItem
from inspection.errors import BadInput

SPACE = re.compile(r"\{http://www\.dji\.com/wpmz/(\d+\.\d+\.\d+)\}")
VERSIONS = tuple(f"1.0.{patch}" for patch in range(7))
INTERVALS = ("multipleTiming", "multipleDistance")
FRAMES = {
    "relativeToStartPoint": AltitudeFrame.HOME,
    "WGS84": AltitudeFrame.MSL,
    "realTimeFollowSurface": AltitudeFrame.TERRAIN,
    "aboveGroundLevel": AltitudeFrame.TERRAIN,
}


def read_wpml(
    waylines: bytes,
    template: bytes | None,
    name: str,
    ledger: LossLedger,
    geoid_height_m: float | None,
) -> Mission:
    """Read a wayline mission.

    Args:
        waylines: content of ``waylines.wpml``.
        template: content of ``template.kml``, or None.
        name: of the file, for messages.
        ledger: where to note what is left out.
        geoid_height_m: of sea level above the ellipsoid, where the template does not say it.

    Raises:
        BadInput: naming the waypoint and what is wrong with it.
    """
    top = child(parse(waylines, f"{name}/waylines.wpml"), "Document")
    if top is None:
        raise BadInput(f"{name}/waylines.wpml has no Document")
    _check_version(top, name)
    plan = _template(template, name)
    geoid = _geoid_height_m(plan, name) if geoid_height_m is None else geoid_height_m
    config = child(top, "missionConfig")
    folders = sorted(children(top, "Folder"), key=lambda f: number_of(f, name, "waylineId") or 0.0)
    if not folders:
        raise BadInput(f"{name} has no wayline; open and save it on the remote controller")
    if len(folders) > 1:
        ledger.note(f"{len(folders)} waylines are read as one, flown one after the other")
    for what in ("droneInfo", "payloadInfo"):
        if child(config, what) is not None:
            ledger.note(f"{what} of the file: choose the aircraft anew when writing a .kmz")
    speed = number_of(folders[0], name, "autoFlightSpeed")
    items = list(_items(config, folders, geoid, name, ledger))
    check_count(len(items), name)
    home, home_altitude = _home(plan, geoid, name, ledger)
    return Mission(
        home_latlon_deg=home,
        home_altitude_msl_m=home_altitude,
        items=tuple(items),
        cruise_speed_m_s=speed,
        vehicle="dji",
        geoid_height_m=geoid,
    )


def _check_version(top: Element, name: str) -> None:
    """Refuse a version of WPML that is not known."""
    found = {m[1] for element in top.iter() if (m := SPACE.match(str(element.tag)))}
    if not found:
        raise BadInput(f"{name}/waylines.wpml has no element of DJI's WPML in it")
    strange = sorted(found.difference(VERSIONS))
    if strange:
        raise BadInput(f"{name}: WPML {strange[0]} is not one of {VERSIONS[0]}–{VERSIONS[-1]}")


def _template(template: bytes | None, name: str) -> Element | None:
    """Give the document of the template, when there is one."""
    return None if template is None else child(parse(template, f"{name}/template.kml"), "Document")


def _geoid_height_m(plan: Element | None, name: str) -> float | None:
    """Take the height of the geoid from a template that states both heights, metres."""
    offsets = []
    for folder in children(plan, "Folder"):
        if text_of(folder, "waylineCoordinateSysParam", "heightMode") != "EGM96":
            continue
        for mark in children(folder, "Placemark"):
            ellipsoid = number_of(mark, name, "ellipsoidHeight")
            sea = number_of(mark, name, "height")
            if ellipsoid is not None and sea is not None:
                offsets.append(ellipsoid - sea)
    return round(statistics.median(offsets), 4) if offsets else None


def _home(
    plan: Element | None, geoid_m: float | None, name: str, ledger: LossLedger
) -> tuple[tuple[float, float] | None, float | None]:
    """Read the point of take-off: (latitude, longitude) and height above sea level."""
    text = text_of(plan, "missionConfig", "takeOffRefPoint")
    if text is None:
        return None, None
    ((lat, lon, *height),) = coordinates_of("".join(text.split()), f"{name}: takeOffRefPoint")
    if lat == 0 and lon == 0:
        return None, None
    place = check_place(lat, lon, f"{name}: takeOffRefPoint")
    if height and height[0] == 0:
        ledger.note("height of the take-off point: 0 m above the ellipsoid is taken for unknown")
        return place, None
    if not height or geoid_m is None:
        ledger.note("height of the take-off point: above the ellipsoid, and no geoid height known")
        return place, None
    return place, round(height[0] - geoid_m, 6)


def _items(
    config: Element | None,
    folders: list[Element],
    geoid_m: float | None,
    name: str,
    ledger: LossLedger,
) -> Iterator[MissionItem]:
    """Give the items: take-off, all waylines, the finish."""
    climb_m = number_of(config, name, "takeOffSecurityHeight")
    if climb_m is not None:
        yield place_item(Command.TAKEOFF, AltitudeFrame.HOME, (0.0, 0.0), climb_m)
    now = Speed(value=number_of(folders[0], name, "autoFlightSpeed"))
    for folder in folders:
        yield from _wayline(folder, now, geoid_m, name, ledger)
    finish = text_of(config, "finishAction")
    if finish == "goHome":
        yield command(Command.RETURN_TO_LAUNCH)
    elif finish == "autoLand":
        yield place_item(Command.LAND, AltitudeFrame.HOME, (0.0, 0.0), 0.0)
    elif finish not in ("noAction", None):
        ledger.note(f"finish action {finish!r:.40}")


@dataclass(slots=True)
class Speed:
    """Remember the speed that is in force, m/s."""

    value: float | None


def _wayline(
    folder: Element, now: Speed, geoid_m: float | None, name: str, ledger: LossLedger
) -> Iterator[MissionItem]:
    """Give the items of one wayline."""
    frame = _frame(folder, geoid_m, name)
    marks = [(_whole(mark, name, "index"), mark) for mark in children(folder, "Placemark")]
    marks.sort(key=lambda pair: pair[0])
    groups = [group for _, mark in marks for group in children(mark, "actionGroup")]
    _check_indexes([index for index, _ in marks], groups, name, ledger)
    first_speed = number_of(folder, name, "autoFlightSpeed")
    for index, mark in marks:
        where = f"{name}: waypoint {index}"
        yield _waypoint(mark, frame, geoid_m, where, ledger)
        ends = [g for g in groups if _whole(g, where, "actionGroupEndIndex") == index]
        if any(_is_interval(group) and not _is_short(group) for group in ends):
            yield command(Command.IMAGE_STOP)
        speed = number_of(mark, where, "waypointSpeed") or first_speed
        if speed is not None and speed != now.value:
            yield command(Command.CHANGE_SPEED, 1.0, speed, -1.0, 0.0)
            now.value = speed
        begins = [g for g in groups if _whole(g, where, "actionGroupStartIndex") == index]
        for group in sorted(begins, key=_is_interval):
            yield from _group(group, where, ledger)


def _check_indexes(
    indexes: list[int], groups: list[Element], name: str, ledger: LossLedger
) -> None:
    """Refuse waypoints of one number, and note the actions of waypoints that are not there."""
    for index, following in pairwise(indexes):
        if index == following:
            raise BadInput(f"{name}: two waypoints have the index {index}; number them anew")
    for group in groups:
        span = [_whole(group, name, f"actionGroup{end}Index") for end in ("Start", "End")]
        if not set(span) <= set(indexes):
            ledger.note(f"actions of waypoints {span[0]} to {span[1]}, which are not all there")


def _frame(folder: Element, geoid_m: float | None, name: str) -> AltitudeFrame:
    """Read from where a wayline's heights count."""
    mode = text_of(folder, "executeHeightMode")
    frame = FRAMES.get(mode or "")
    if frame is None:
        raise BadInput(f"{name}: executeHeightMode {mode!r:.40} is none of {', '.join(FRAMES)}")
    if frame is AltitudeFrame.MSL and geoid_m is None:
        raise BadInput(
            f"{name}: heights are above the ellipsoid and the template states none above sea level "
            "(heightMode EGM96); say --geoid-height-m, the height of the geoid at the site"
        )
    return frame


def _waypoint(
    mark: Element, frame: AltitudeFrame, geoid_m: float | None, where: str, ledger: LossLedger
) -> MissionItem:
    """Read one waypoint."""
    points = coordinates_of(text_of(mark, "Point", "coordinates") or "", where)
    height_m = number_of(mark, where, "executeHeight")
    if len(points) != 1 or height_m is None:
        raise BadInput(f"{where} lacks its point or its executeHeight")
    if frame is AltitudeFrame.MSL:
        height_m = round(height_m - (geoid_m or 0.0), 6)
    mode = text_of(mark, "waypointHeadingParam", "waypointHeadingMode")
    yaw_deg = None
    if mode == "smoothTransition":
        yaw_deg = number_of(mark, where, "waypointHeadingParam", "waypointHeadingAngle")
    elif mode not in ("followWayline", None):
        ledger.note(f"heading mode {mode!r:.40}: heading left open")
    lon, lat = points[0][:2]
    place = check_place(lat, lon, where)
    return checked(place_item(Command.WAYPOINT, frame, place, height_m, yaw_deg), where)


def _whole(element: Element, where: str, tag: str) -> int:
    """Read an index."""
    value = number_of(element, where, tag)
    if value is None or value != int(value) or not 0 <= value <= 65535:
        raise BadInput(f"{where}: {tag} is {value}, not an index of 0–65535")
    return int(value)


def _is_interval(group: Element) -> bool:
    """Say whether a group is triggered again and again along a path."""
    return text_of(group, "actionTrigger", "actionTriggerType") in INTERVALS


def _is_short(group: Element) -> bool:
    """Say whether a group starts and ends at one waypoint."""
    first, last = (text_of(group, f"actionGroup{end}Index") for end in ("Start", "End"))
    return first == last


def _group(group: Element, where: str, ledger: LossLedger) -> Iterator[MissionItem]:
    """Give the items of one action group, an interval's photos as its trigger."""
    trigger = text_of(group, "actionTrigger", "actionTriggerType")
    if trigger not in ("reachPoint", *INTERVALS):
        ledger.note(f"actions triggered by {trigger!r:.40}")
        return
    photos, endless = False, trigger in INTERVALS and _is_short(group)
    for action in children(group, "action"):
        if trigger in INTERVALS and text_of(action, "actionActuatorFunc") == "takePhoto":
            photos = not endless
        else:
            yield from items_of(action, where, ledger)
    if endless:
        ledger.note(ENDS_AT_ONCE)
    if photos:
        every = number_of(group, where, "actionTrigger", "actionTriggerParam")
        if every is None or every <= 0:
            raise BadInput(f"{where}: {trigger} without a positive actionTriggerParam")
        if trigger == "multipleTiming":
            yield command(Command.IMAGE_START, 0.0, every, 0.0, 0.0)
        else:
            yield command(Command.TRIGGER_DISTANCE, every, 0.0, 1.0, 0.0)
