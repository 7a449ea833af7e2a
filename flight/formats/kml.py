"""Read and write missions as KML: our own without loss, a stranger's points and lines as waypoints.

Our own placemarks carry what KML cannot say in ``ExtendedData``; places and heights are read from
the geometry, so that moving a point in a globe viewer counts.

Source: OGC KML 2.2 (07-147r2).
"""

import json
from xml.etree.ElementTree import Element

from flight.command import has_place, name_of
from flight.formats import jsontext
from flight.formats.geojson import item_of, waypoint
from flight.formats.loss import LossLedger
from flight.formats.numbering import check_count, check_place, check_radius_m
from flight.formats.xmltext import (
    add,
    child,
    children,
    coordinates_of,
    document,
    local,
    parse,
    serialise,
    text_of,
)
from flight.mission import AltitudeFrame, FenceCircle, FencePolygon, Mission, MissionItem
from inspection.errors import BadInput

DATA = "tenken"
"""Name of the ExtendedData entry of our own placemarks."""

MODES = {"absolute": AltitudeFrame.MSL, "relativeToGround": AltitudeFrame.TERRAIN}


def read_kml(
    content: bytes, name: str, ledger: LossLedger, foreign_frame: AltitudeFrame | None
) -> Mission:
    """Read a mission from KML.

    Raises:
        BadInput: naming the placemark and what is wrong with it.
    """
    root = parse(content, name)
    if local(root) != "kml":
        raise BadInput(f"{name}: the root element is <{local(root)[:40]}>, not <kml>")
    placemarks = [element for element in root.iter() if local(element) == "Placemark"]
    check_count(len(placemarks), name)
    said = _said(child(root, "Document"), name)
    if said is not None:
        return _own(said, placemarks, name)
    return _foreign(placemarks, name, ledger, foreign_frame)


def write_kml(mission: Mission, ledger: LossLedger) -> bytes:
    """Write a mission as KML without loss."""
    if any(item.frame is AltitudeFrame.HOME and has_place(item) for item in mission.items):
        ledger.note("a globe shows heights above home as above ground (kept exactly inside)")
    root, top = document({})
    add(top, "name", "Tenken mission")
    whole: dict[str, object] = {
        "home_altitude_msl_m": mission.home_altitude_msl_m,
        "cruise_speed_m_s": mission.cruise_speed_m_s,
        "vehicle": mission.vehicle,
        "geoid_height_m": mission.geoid_height_m,
    }
    _say(top, whole)
    if mission.home_latlon_deg is not None:
        _point(_placemark(top, "home", {"role": "home"}), *mission.home_latlon_deg)
    for index, item in enumerate(mission.items):
        _write_item(top, index, item)
    for polygon in mission.fence_polygons:
        mark = _placemark(top, "fence", {"role": "fence", "inclusion": polygon.inclusion})
        ring = add(add(add(mark, "Polygon"), "outerBoundaryIs"), "LinearRing")
        corners = (*polygon.vertices_latlon_deg, polygon.vertices_latlon_deg[0])
        add(ring, "coordinates", " ".join(f"{lon!r},{lat!r}" for lat, lon in corners))
    for circle in mission.fence_circles:
        about = {
            "role": "fence_circle",
            "inclusion": circle.inclusion,
            "radius_m": circle.radius_m,
        }
        _point(_placemark(top, f"fence {circle.radius_m:g} m", about), *circle.centre_latlon_deg)
    for lat, lon, altitude in mission.rally_points:
        mark = _placemark(top, "rally", {"role": "rally", "altitude_home_m": altitude})
        _point(mark, lat, lon)
    return serialise(root)


def _write_item(top: Element, index: int, item: MissionItem) -> None:
    """Write one item as a placemark, with a point when it has a place."""
    placed = has_place(item)
    about = {
        "role": "item",
        "command": item.command,
        "frame": item.frame.value,
        "params": list(item.params),
        "altitude_m": item.altitude_m,
        "param_5_6": None if placed else [item.lat_deg, item.lon_deg],
        "auto_continue": item.auto_continue,
    }
    mark = _placemark(top, f"{index + 1} {name_of(item.command)}", about)
    if placed:
        mode = "absolute" if item.frame is AltitudeFrame.MSL else "relativeToGround"
        _point(mark, item.lat_deg, item.lon_deg, item.altitude_m, mode)


def _placemark(top: Element, name: str, about: dict[str, object]) -> Element:
    """Write a placemark with what it is."""
    mark = add(top, "Placemark")
    add(mark, "name", name)
    _say(mark, about)
    return mark


def _say(element: Element, about: dict[str, object]) -> None:
    """Write what KML has no element for."""
    entry = add(add(element, "ExtendedData"), "Data")
    entry.set("name", DATA)
    add(entry, "value", json.dumps(about, allow_nan=False))


def _point(
    mark: Element,
    lat: float,
    lon: float,
    altitude: float | None = None,
    mode: str = "clampToGround",
) -> None:
    """Write the point of a placemark."""
    point = add(mark, "Point")
    add(point, "altitudeMode", mode)
    height = "" if altitude is None else f",{altitude!r}"
    add(point, "coordinates", f"{lon!r},{lat!r}{height}")


def _said(element: Element | None, where: str) -> jsontext.Json | None:
    """Give what our own ExtendedData says, None for a stranger's."""
    for entry in children(child(element, "ExtendedData"), "Data"):
        if entry.get("name") == DATA:
            return jsontext.parse(text_of(entry, "value") or "", where)
    return None


def _own(whole: jsontext.Json, placemarks: list[Element], name: str) -> Mission:
    """Read what ``write_kml`` wrote."""
    home: tuple[float, float] | None = None
    items: list[MissionItem] = []
    polygons: list[FencePolygon] = []
    circles: list[FenceCircle] = []
    rally: list[tuple[float, float, float]] = []
    for index, mark in enumerate(placemarks):
        where = f"{name}: placemark {index}"
        said = _said(mark, where)
        role = None if said is None else said.get("role")
        if said is None:
            raise BadInput(f"{where} was added by somebody; Tenken cannot know what it is to fly")
        if role == "item":
            items.append(_read_item(mark, said, where))
        elif role == "home":
            home = _latlon(_points(mark, "Point", where)[0], where)
        elif role == "fence":
            ring = _points(mark, "Polygon", where)
            if len(ring) < 4:
                raise BadInput(f"{where}: a closed ring of {len(ring)} points; at least 4 needed")
            corners = tuple(_latlon(point, where) for point in ring[:-1])
            inside = jsontext.truth(said.get("inclusion"), where)
            polygons.append(FencePolygon(vertices_latlon_deg=corners, inclusion=inside))
        elif role == "fence_circle":
            centre = _latlon(_points(mark, "Point", where)[0], where)
            radius_m = check_radius_m(jsontext.number(said.get("radius_m"), where), where)
            inside = jsontext.truth(said.get("inclusion"), where)
            circles.append(
                FenceCircle(centre_latlon_deg=centre, radius_m=radius_m, inclusion=inside)
            )
        elif role == "rally":
            altitude = jsontext.number(said.get("altitude_home_m"), where)
            rally.append((*_latlon(_points(mark, "Point", where)[0], where), altitude))
        else:
            raise BadInput(f"{where}: role {role!r:.40} is unknown")
    vehicle = whole.get("vehicle")
    if vehicle is not None and not isinstance(vehicle, str):
        raise BadInput(f"{name}: vehicle is {vehicle!r:.40}, not a word")
    return Mission(
        home_latlon_deg=home,
        home_altitude_msl_m=jsontext.optional(whole, "home_altitude_msl_m", name),
        items=tuple(items),
        fence_polygons=tuple(polygons),
        fence_circles=tuple(circles),
        rally_points=tuple(rally),
        cruise_speed_m_s=jsontext.optional(whole, "cruise_speed_m_s", name),
        vehicle=vehicle,
        geoid_height_m=jsontext.optional(whole, "geoid_height_m", name),
    )


def _read_item(mark: Element, said: jsontext.Json, where: str) -> MissionItem:
    """Read one of our own items, its place and height from the point."""
    if child(mark, "Point") is None:
        return item_of(said, None, where)
    point = _points(mark, "Point", where)[0]
    height = point[2] if len(point) > 2 else said.get("altitude_m")
    return item_of({**said, "altitude_m": height}, _latlon(point, where), where)


def _points(mark: Element, kind: str, where: str) -> list[tuple[float, ...]]:
    """Give the coordinates of a placemark's point, line or outer ring.

    Raises:
        BadInput: when there are none.
    """
    inner = ("outerBoundaryIs", "LinearRing") if kind == "Polygon" else ()
    points = coordinates_of(text_of(mark, kind, *inner, "coordinates") or "", where)
    if not points:
        raise BadInput(f"{where} has no coordinates of a {kind}")
    return points


def _latlon(point: tuple[float, ...], where: str) -> tuple[float, float]:
    """Turn longitude, latitude into a checked (latitude, longitude)."""
    return check_place(point[1], point[0], where)


def _foreign(
    placemarks: list[Element], name: str, ledger: LossLedger, chosen: AltitudeFrame | None
) -> Mission:
    """Read a stranger's points and lines as waypoints, in their order."""
    items: list[MissionItem] = []
    for index, mark in enumerate(placemarks):
        where = f"{name}: placemark {index} {(text_of(mark, 'name') or '')[:40]!r}"
        kind = next((k for k in ("Point", "LineString") if child(mark, k) is not None), None)
        if kind is None:
            raise BadInput(
                f"{where} has neither point nor line; plan over an area with 'tenken flight plan'"
            )
        frame = chosen or MODES.get(text_of(mark, kind, "altitudeMode") or "")
        items += [waypoint(list(p), where, frame) for p in _points(mark, kind, where)]
        if child(mark, "ExtendedData") is not None:
            ledger.note(f"{name}: extended data of the placemarks")
    if not items:
        raise BadInput(f"{name} has no placemarks; there is nothing to fly")
    check_count(len(items), name)
    return Mission(home_latlon_deg=None, home_altitude_msl_m=None, items=tuple(items))
