"""Read and write missions as GeoJSON: our own without loss, a stranger's as waypoints.

Our own FeatureCollection carries ``"tenken_mission": 1`` and one feature a home, item, fence shape
and rally point, with the item in the properties. Of a stranger's, points and lines become
waypoints in their order; where their third number counts from must be said by who reads it,
because GeoJSON only knows heights above the ellipsoid.

Source: RFC 7946.
"""

import json
from collections.abc import Sequence

from flight.command import Command, has_place
from flight.formats import jsontext
from flight.formats.jsontext import Json
from flight.formats.loss import LossLedger
from flight.formats.numbering import check_count, check_place, check_radius_m, checked
from flight.mission import AltitudeFrame, FenceCircle, FencePolygon, Mission, MissionItem
from inspection.errors import BadInput

MARK = "tenken_mission"
VERSION = 1


def read_geojson(
    text: str, name: str, ledger: LossLedger, foreign_frame: AltitudeFrame | None
) -> Mission:
    """Read a mission from GeoJSON.

    Args:
        text: the file.
        name: of the file, for messages.
        ledger: where to note what is left out.
        foreign_frame: from where a stranger's heights count; None refuses them.

    Raises:
        BadInput: naming the feature and what is wrong with it.
    """
    collection = jsontext.parse(text, name)
    if collection.get("type") != "FeatureCollection":
        raise BadInput(f"{name}: type is {collection.get('type')!r:.40}, not 'FeatureCollection'")
    features = jsontext.sequence(collection.get("features"), f"{name}: features")
    check_count(len(features), name)
    if MARK in collection:
        if collection[MARK] != VERSION:
            raise BadInput(
                f"{name}: {MARK} {collection[MARK]!r:.20} is not {VERSION}; update Tenken"
            )
        return _own(collection, features, name)
    return _foreign(features, name, ledger, foreign_frame)


def write_geojson(mission: Mission, ledger: LossLedger) -> str:
    """Write a mission as GeoJSON without loss."""
    del ledger  # nothing is lost
    collection = {
        "type": "FeatureCollection",
        MARK: VERSION,
        "home_altitude_msl_m": mission.home_altitude_msl_m,
        "cruise_speed_m_s": mission.cruise_speed_m_s,
        "vehicle": mission.vehicle,
        "geoid_height_m": mission.geoid_height_m,
        "features": _features(mission),
    }
    return json.dumps(collection, indent=1, allow_nan=False, ensure_ascii=False) + "\n"


def _features(mission: Mission) -> list[dict[str, object]]:
    """Write every part of a mission as a feature."""
    found = []
    if mission.home_latlon_deg is not None:
        lat, lon = mission.home_latlon_deg
        found.append(_feature(_point(lat, lon), role="home"))
    for index, item in enumerate(mission.items):
        place = _point(item.lat_deg, item.lon_deg) if has_place(item) else None
        found.append(
            _feature(
                place,
                role="item",
                index=index,
                command=item.command,
                frame=item.frame.value,
                params=list(item.params),
                altitude_m=item.altitude_m,
                param_5_6=None if place else [item.lat_deg, item.lon_deg],
                auto_continue=item.auto_continue,
            )
        )
    for polygon in mission.fence_polygons:
        ring = [[lon, lat] for lat, lon in polygon.vertices_latlon_deg]
        shape: dict[str, object] = {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}
        found.append(_feature(shape, role="fence", inclusion=polygon.inclusion))
    for circle in mission.fence_circles:
        centre = _point(*circle.centre_latlon_deg)
        found.append(
            _feature(
                centre, role="fence_circle", radius_m=circle.radius_m, inclusion=circle.inclusion
            )
        )
    for lat, lon, altitude in mission.rally_points:
        found.append(_feature(_point(lat, lon), role="rally", altitude_home_m=altitude))
    return found


def _feature(geometry: dict[str, object] | None, **properties: object) -> dict[str, object]:
    """Write one feature."""
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def _point(lat_deg: float, lon_deg: float) -> dict[str, object]:
    """Write one point; the height is in the properties, with its frame."""
    return {"type": "Point", "coordinates": [lon_deg, lat_deg]}


def _own(collection: Json, features: Sequence[object], name: str) -> Mission:
    """Read what ``write_geojson`` wrote."""
    home: tuple[float, float] | None = None
    items: list[MissionItem] = []
    polygons: list[FencePolygon] = []
    circles: list[FenceCircle] = []
    rally: list[tuple[float, float, float]] = []
    for index, value in enumerate(features):
        where = f"{name}: feature {index}"
        feature = jsontext.mapping(value, where)
        said = jsontext.mapping(feature.get("properties"), f"{where}: properties")
        role = said.get("role")
        if role == "item":
            place = None if feature.get("geometry") is None else _place(feature, where)
            items.append(item_of(said, place, where))
        elif role == "home":
            home = _place(feature, where)
        elif role == "fence":
            polygons.append(_polygon(feature, said, where))
        elif role == "fence_circle":
            circles.append(_circle(feature, said, where))
        elif role == "rally":
            altitude = jsontext.number(said.get("altitude_home_m"), where)
            rally.append((*_place(feature, where), altitude))
        else:
            raise BadInput(f"{where}: role {role!r:.40} is unknown")
    vehicle = collection.get("vehicle")
    if vehicle is not None and not isinstance(vehicle, str):
        raise BadInput(f"{name}: vehicle is {vehicle!r:.40}, not a word")
    return Mission(
        home_latlon_deg=home,
        home_altitude_msl_m=jsontext.optional(collection, "home_altitude_msl_m", name),
        items=tuple(items),
        fence_polygons=tuple(polygons),
        fence_circles=tuple(circles),
        rally_points=tuple(rally),
        cruise_speed_m_s=jsontext.optional(collection, "cruise_speed_m_s", name),
        vehicle=vehicle,
        geoid_height_m=jsontext.optional(collection, "geoid_height_m", name),
    )


def item_of(said: Json, place: tuple[float, float] | None, where: str) -> MissionItem:
    """Read one item from the properties of its feature and the (latitude, longitude) of its point.

    Raises:
        BadInput: naming what is missing or wrong.
    """
    try:
        frame = AltitudeFrame(str(said.get("frame")))
    except ValueError:
        raise BadInput(f"{where}: frame {said.get('frame')!r:.40} is unknown") from None
    values = jsontext.sequence(said.get("params"), f"{where}: params", length=4)
    p = [None if v is None else jsontext.number(v, f"{where}: params") for v in values]
    if place is None:
        pair = jsontext.sequence(said.get("param_5_6"), f"{where}: param_5_6", length=2)
        place = jsontext.number(pair[0], where), jsontext.number(pair[1], where)
    item = MissionItem(
        command=jsontext.command(said.get("command"), where),
        frame=frame,
        params=(p[0], p[1], p[2], p[3]),
        lat_deg=place[0],
        lon_deg=place[1],
        altitude_m=jsontext.number(said.get("altitude_m"), f"{where}: altitude_m"),
        auto_continue=jsontext.truth(said.get("auto_continue", True), where),
    )
    return checked(item, where)


def _geometry(feature: Json, where: str) -> tuple[object, object]:
    """Give the type and the coordinates of a feature's geometry."""
    geometry = jsontext.mapping(feature.get("geometry"), f"{where}: geometry")
    return geometry.get("type"), geometry.get("coordinates")


def _place(feature: Json, where: str) -> tuple[float, float]:
    """Read a point feature as (latitude, longitude)."""
    kind, coordinates = _geometry(feature, where)
    if kind != "Point":
        raise BadInput(f"{where}: geometry is {kind!r:.40}, not a Point")
    lon, lat = jsontext.sequence(coordinates, where, length=2)
    return check_place(jsontext.number(lat, where), jsontext.number(lon, where), where)


def _polygon(feature: Json, said: Json, where: str) -> FencePolygon:
    """Read a fence polygon."""
    kind, coordinates = _geometry(feature, where)
    if kind != "Polygon":
        raise BadInput(f"{where}: geometry is {kind!r:.40}, not a Polygon")
    (ring,) = jsontext.sequence(coordinates, where, length=1)
    corners = [jsontext.sequence(c, where, length=2) for c in jsontext.sequence(ring, where)]
    if len(corners) < 4:
        raise BadInput(f"{where}: a closed ring of {len(corners)} points; it needs at least 4")
    vertices = tuple(
        check_place(jsontext.number(lat, where), jsontext.number(lon, where), where)
        for lon, lat in corners[:-1]
    )
    return FencePolygon(
        vertices_latlon_deg=vertices, inclusion=jsontext.truth(said.get("inclusion"), where)
    )


def _circle(feature: Json, said: Json, where: str) -> FenceCircle:
    """Read a fence circle."""
    radius_m = check_radius_m(jsontext.number(said.get("radius_m"), where), where)
    return FenceCircle(
        centre_latlon_deg=_place(feature, where),
        radius_m=radius_m,
        inclusion=jsontext.truth(said.get("inclusion"), where),
    )


def _foreign(
    features: Sequence[object],
    name: str,
    ledger: LossLedger,
    frame: AltitudeFrame | None,
) -> Mission:
    """Read a stranger's points and lines as waypoints."""
    items: list[MissionItem] = []
    for index, value in enumerate(features):
        where = f"{name}: feature {index}"
        feature = jsontext.mapping(value, where)
        kind, coordinates = _geometry(feature, where)
        if kind == "Point":
            points: list[object] = [coordinates]
        elif kind == "LineString":
            points = list(jsontext.sequence(coordinates, where))
        else:
            raise BadInput(
                f"{where}: a {kind!s:.40} is an area, not a path; "
                "plan over it with 'tenken flight plan'"
            )
        items += [waypoint(point, where, frame) for point in points]
        if feature.get("properties"):
            ledger.note(f"{name}: properties of the features")
    if not items:
        raise BadInput(f"{name} has no points and no lines; there is nothing to fly")
    check_count(len(items), name)
    return Mission(home_latlon_deg=None, home_altitude_msl_m=None, items=tuple(items))


def waypoint(point: object, where: str, frame: AltitudeFrame | None) -> MissionItem:
    """Make a waypoint of a stranger's [longitude, latitude, height].

    Raises:
        BadInput: when the height is missing or it is not said from where it counts.
    """
    values = jsontext.sequence(point, where)
    if len(values) < 3:
        raise BadInput(f"{where}: a point without a height cannot be flown; add it in metres")
    lon, lat, height = (jsontext.number(value, where) for value in values[:3])
    check_place(lat, lon, where)
    if frame is None or frame is AltitudeFrame.MISSION:
        raise BadInput(
            f"{where}: height {height:g} m from where? Say --altitude-frame home, msl or terrain"
        )
    return checked(
        MissionItem(
            command=Command.WAYPOINT,
            frame=frame,
            params=(0.0, 0.0, 0.0, None),
            lat_deg=lat,
            lon_deg=lon,
            altitude_m=height,
        ),
        where,
    )
