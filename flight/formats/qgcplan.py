"""Read and write plan files of QGroundControl (``.plan``): mission, fence, rally points.

A survey or corridor (ComplexItem) is read as the items that it flies; its own settings are lost
and named.

Source: QGroundControl developer guide, "Plan File Format"; domain specification §6.4.2.
"""

import json
from dataclasses import replace

from flight.command import Command, has_place
from flight.formats import jsontext
from flight.formats.fenceitems import return_point
from flight.formats.jsontext import Json
from flight.formats.loss import LossLedger
from flight.formats.numbering import (
    FRAME_NUMBERS,
    check_count,
    check_place,
    check_radius_m,
    checked,
    frame_of,
)
from flight.mission import AltitudeFrame, FenceCircle, FencePolygon, Mission, MissionItem
from inspection.errors import BadInput

FIRMWARE = {3: "ardupilot", 12: "px4"}
"""MAV_AUTOPILOT numbers of the vehicles that QGroundControl plans for."""

ALTITUDE_MODES = {AltitudeFrame.HOME: 1, AltitudeFrame.MSL: 2, AltitudeFrame.TERRAIN: 4}

DEFAULT_SPEED_M_S = 5.0


def read_plan(text: str, name: str, ledger: LossLedger) -> Mission:
    """Read a plan file.

    Raises:
        BadInput: naming the part and what is wrong with it.
    """
    plan = jsontext.parse(text, name)
    if plan.get("fileType") != "Plan":
        raise BadInput(f"{name}: fileType is {plan.get('fileType')!r:.40}, not 'Plan'")
    _check_version(plan, name, (1,))
    mission = jsontext.mapping(plan.get("mission"), f"{name}: mission")
    _check_version(mission, f"{name}: mission", (2,))
    home_lat, home_lon, home_altitude = _home(mission, name)
    fence = jsontext.mapping(plan.get("geoFence", {}), f"{name}: geoFence")
    _note_return_point(fence, name, ledger)
    items = _items(mission, name, ledger)
    check_count(len(items), name)
    return Mission(
        home_latlon_deg=None if home_lat is None or home_lon is None else (home_lat, home_lon),
        home_altitude_msl_m=home_altitude,
        items=tuple(items),
        fence_polygons=_polygons(fence, name),
        fence_circles=_circles(fence, name),
        rally_points=_rally(jsontext.mapping(plan.get("rallyPoints", {}), name), name),
        cruise_speed_m_s=_speed(mission, name, ledger),
        vehicle=FIRMWARE.get(jsontext.whole(mission.get("firmwareType", 0), f"{name}: firmware")),
    )


def write_plan(mission: Mission, ledger: LossLedger) -> str:
    """Write a plan file."""
    firmware = {word: number for number, word in FIRMWARE.items()}.get(mission.vehicle or "", 3)
    if mission.vehicle not in FIRMWARE.values():
        ledger.note(f"kind of vehicle {mission.vehicle!r}: written as 'ardupilot'")
    if mission.cruise_speed_m_s is None:
        ledger.note(f"no default speed: written as {DEFAULT_SPEED_M_S:g} m/s")
    if mission.geoid_height_m is not None:
        ledger.note(f"geoid height {mission.geoid_height_m:g} m")
    speed = mission.cruise_speed_m_s or DEFAULT_SPEED_M_S
    plan = {
        "fileType": "Plan",
        "version": 1,
        "groundStation": "Tenken",
        "geoFence": {
            "version": 2,
            "circles": [_circle(circle) for circle in mission.fence_circles],
            "polygons": [_polygon(polygon) for polygon in mission.fence_polygons],
        },
        "rallyPoints": {"version": 2, "points": [list(p) for p in mission.rally_points]},
        "mission": {
            "version": 2,
            "firmwareType": firmware,
            "vehicleType": 2,
            "cruiseSpeed": speed,
            "hoverSpeed": speed,
            "globalPlanAltitudeMode": _altitude_mode(mission),
            "plannedHomePosition": _home_list(mission, ledger),
            "items": [_simple(index, item) for index, item in enumerate(mission.items)],
        },
    }
    return json.dumps(plan, indent=4, allow_nan=False) + "\n"


def _check_version(part: Json, where: str, known: tuple[int, ...]) -> None:
    """Refuse a version that was not written yet when this was."""
    version = part.get("version")
    if version not in known:
        raise BadInput(
            f"{where}: version {version!r:.20} is not {known[0]}; open and save the plan with a "
            "current QGroundControl"
        )


def _home(mission: Json, name: str) -> tuple[float | None, float | None, float | None]:
    """Read the planned home (latitude, longitude, altitude)."""
    value = mission.get("plannedHomePosition")
    if value is None:
        return None, None, None
    where = f"{name}: plannedHomePosition"
    lat, lon, altitude = jsontext.sequence(value, where, length=3)
    if lat is None or lon is None:
        return None, None, None
    place = check_place(jsontext.number(lat, where), jsontext.number(lon, where), where)
    return *place, None if altitude is None else jsontext.number(altitude, where)


def _speed(mission: Json, name: str, ledger: LossLedger) -> float | None:
    """Read the default speed of a multicopter, m/s."""
    hover = mission.get("hoverSpeed")
    if hover is None:
        return None
    speed = jsontext.number(hover, f"{name}: hoverSpeed")
    cruise = mission.get("cruiseSpeed")
    if cruise is not None and cruise != hover:
        ledger.note(f"cruise speed {cruise!r:.20} m/s of fixed wing: hover speed {speed:g} kept")
    return speed


def _items(mission: Json, name: str, ledger: LossLedger) -> list[MissionItem]:
    """Read all items, surveys as what they fly."""
    found: list[MissionItem] = []
    numbers: list[object] = []
    for index, value in enumerate(jsontext.sequence(mission.get("items"), f"{name}: items")):
        where = f"{name}: item {index}"
        entry = jsontext.mapping(value, where)
        kind = entry.get("type")
        if kind == "SimpleItem":
            found.append(_item(entry, where, ledger, len(found)))
            numbers.append(entry.get("doJumpId"))
        elif kind == "ComplexItem":
            for flown in _flown(entry, where, ledger):
                found.append(_item(flown, where, ledger, len(found)))
                numbers.append(flown.get("doJumpId"))
        else:
            raise BadInput(f"{where}: type {kind!r:.40} is neither SimpleItem nor ComplexItem")
    return [_with_target(item, numbers, name) for item in found]


def _with_target(item: MissionItem, numbers: list[object], name: str) -> MissionItem:
    """Turn the target of a jump from the file's own number into the place in the mission."""
    if item.command != Command.DO_JUMP or numbers == list(range(1, len(numbers) + 1)):
        return item
    if item.params[0] is None or item.params[0] not in numbers:
        raise BadInput(f"{name}: a jump to item {item.params[0]}, which is not in the file")
    target = float(numbers.index(item.params[0]) + 1)
    return replace(item, params=(target, *item.params[1:]))


def _flown(entry: Json, where: str, ledger: LossLedger) -> list[Json]:
    """Give the items that a survey or corridor flies."""
    kind = entry.get("complexItemType")
    style = entry.get("TransectStyleComplexItem")
    if not isinstance(style, dict):
        raise BadInput(
            f"{where}: complex item {kind!r:.40} has no flown items in it; only surveys and "
            "corridors have, export the others as a mission list (.waypoints)"
        )
    items = jsontext.sequence(style.get("Items"), f"{where}: Items")
    ledger.note(
        f"{where}: the settings of the {kind!s:.40} (its {len(items)} flown items are kept)"
    )
    return [jsontext.mapping(item, where) for item in items]


def _item(entry: Json, where: str, ledger: LossLedger, index: int) -> MissionItem:
    """Read one simple item."""
    values = jsontext.sequence(entry.get("params"), f"{where}: params", length=7)
    numbers = [None if v is None else jsontext.number(v, f"{where}: params") for v in values]
    if None in numbers[4:]:
        ledger.note("open parameter 5, 6 or 7 read as 0", index)
    lat, lon, altitude = (value or 0.0 for value in numbers[4:])
    return checked(
        MissionItem(
            command=jsontext.command(entry.get("command"), where),
            frame=frame_of(entry.get("frame"), where),
            params=(numbers[0], numbers[1], numbers[2], numbers[3]),
            lat_deg=lat,
            lon_deg=lon,
            altitude_m=altitude,
            auto_continue=jsontext.truth(entry.get("autoContinue", True), f"{where}: autoContinue"),
        ),
        where,
    )


def _note_return_point(fence: Json, name: str, ledger: LossLedger) -> None:
    """Note the point to return to when the fence is breached."""
    value = fence.get("breachReturn")
    if value is not None:
        where = f"{name}: breachReturn"
        pair = jsontext.sequence(value, where)[:2]
        ledger.note(return_point(*jsontext.latlon(list(pair), where)))


def _polygons(fence: Json, name: str) -> tuple[FencePolygon, ...]:
    """Read the polygons of the fence."""
    found = []
    for index, value in enumerate(jsontext.sequence(fence.get("polygons", []), f"{name}: fence")):
        where = f"{name}: fence polygon {index}"
        entry = jsontext.mapping(value, where)
        corners = jsontext.sequence(entry.get("polygon"), where)
        if len(corners) < 3:
            raise BadInput(f"{where} has {len(corners)} corners; it needs at least 3")
        vertices = tuple(jsontext.latlon(corner, where) for corner in corners)
        inclusion = jsontext.truth(entry.get("inclusion", True), where)
        found.append(FencePolygon(vertices_latlon_deg=vertices, inclusion=inclusion))
    return tuple(found)


def _circles(fence: Json, name: str) -> tuple[FenceCircle, ...]:
    """Read the circles of the fence."""
    found = []
    for index, value in enumerate(jsontext.sequence(fence.get("circles", []), f"{name}: fence")):
        where = f"{name}: fence circle {index}"
        entry = jsontext.mapping(value, where)
        circle = jsontext.mapping(entry.get("circle"), where)
        radius_m = check_radius_m(jsontext.number(circle.get("radius"), where), where)
        found.append(
            FenceCircle(
                centre_latlon_deg=jsontext.latlon(circle.get("center"), where),
                radius_m=radius_m,
                inclusion=jsontext.truth(entry.get("inclusion", True), where),
            )
        )
    return tuple(found)


def _rally(rally: Json, name: str) -> tuple[tuple[float, float, float], ...]:
    """Read the rally points."""
    found = []
    for index, value in enumerate(jsontext.sequence(rally.get("points", []), f"{name}: rally")):
        where = f"{name}: rally point {index}"
        lat, lon, altitude = (
            jsontext.number(v, where) for v in jsontext.sequence(value, where, length=3)
        )
        found.append((*check_place(lat, lon, where), altitude))
    return tuple(found)


def _altitude_mode(mission: Mission) -> int:
    """Give the altitude mode shared by all places, 0 when they are mixed."""
    modes = {ALTITUDE_MODES[item.frame] for item in mission.items if has_place(item)}
    return modes.pop() if len(modes) == 1 else 0 if modes else 1


def _home_list(mission: Mission, ledger: LossLedger) -> list[float] | None:
    """Give home as QGroundControl keeps it."""
    if mission.home_latlon_deg is None:
        ledger.note("home is not known: QGroundControl asks for it")
        return None
    if mission.home_altitude_msl_m is None:
        ledger.note("height of home is not known: written as 0 m")
    return [*mission.home_latlon_deg, mission.home_altitude_msl_m or 0.0]


def _simple(index: int, item: MissionItem) -> dict[str, object]:
    """Write one item."""
    entry: dict[str, object] = {
        "type": "SimpleItem",
        "autoContinue": item.auto_continue,
        "command": item.command,
        "doJumpId": index + 1,
        "frame": FRAME_NUMBERS[item.frame],
        "params": [*item.params, item.lat_deg, item.lon_deg, item.altitude_m],
    }
    if has_place(item) and item.command != Command.ROI_LOCATION:
        entry |= {
            "AMSLAltAboveTerrain": None,
            "Altitude": item.altitude_m,
            "AltitudeMode": ALTITUDE_MODES[item.frame],
        }
    return entry


def _circle(circle: FenceCircle) -> dict[str, object]:
    """Write one circle of the fence."""
    return {
        "circle": {"center": list(circle.centre_latlon_deg), "radius": circle.radius_m},
        "inclusion": circle.inclusion,
        "version": 1,
    }


def _polygon(polygon: FencePolygon) -> dict[str, object]:
    """Write one polygon of the fence."""
    return {
        "inclusion": polygon.inclusion,
        "polygon": [list(corner) for corner in polygon.vertices_latlon_deg],
        "version": 1,
    }
