"""Turn fences and rally points into mission items and back, as vehicles and lists keep them.

A polygon is as many items as it has corners, each carrying the number of corners in parameter 1;
a circle carries its radius there.

Source: MAVLink developer guide, mission protocol, MAV_CMD_NAV_FENCE_* and MAV_CMD_NAV_RALLY_POINT.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from flight.command import Command, name_of
from flight.formats.loss import LossLedger
from flight.formats.numbering import check_place
from flight.mission import AltitudeFrame, FenceCircle, FencePolygon, Mission, MissionItem
from inspection.errors import BadInput

POLYGONS = {
    Command.FENCE_POLYGON_INCLUSION: True,
    Command.FENCE_POLYGON_EXCLUSION: False,
}
CIRCLES = {
    Command.FENCE_CIRCLE_INCLUSION: True,
    Command.FENCE_CIRCLE_EXCLUSION: False,
}


def is_fence_item(item: MissionItem) -> bool:
    """Say whether an item belongs to a fence."""
    return item.command in POLYGONS or item.command in CIRCLES


@dataclass(frozen=True, slots=True, kw_only=True)
class Safety:
    """Hold what bounds a flight: fences and rally points.

    Attributes:
        polygons: polygons of the fence.
        circles: circles of the fence.
        rally_points: (latitude, longitude, altitude above home in metres).
    """

    polygons: tuple[FencePolygon, ...] = ()
    circles: tuple[FenceCircle, ...] = ()
    rally_points: tuple[tuple[float, float, float], ...] = ()

    @classmethod
    def of_items(cls, items: Sequence[MissionItem], name: str, ledger: LossLedger) -> "Safety":
        """Read fences and rally points from items; the return point of a fence is noted as lost.

        Raises:
            BadInput: for a polygon with missing corners, a place that is none, a foreign command.
        """
        polygons: list[FencePolygon] = []
        circles: list[FenceCircle] = []
        rally: list[tuple[float, float, float]] = []
        for at, item in enumerate(items):
            check_place(item.lat_deg, item.lon_deg, f"{name}: item {at}")
        at = 0
        while at < len(items):
            item = items[at]
            if item.command in POLYGONS:
                corners = _corners(items, at, name)
                polygons.append(
                    FencePolygon(
                        vertices_latlon_deg=tuple((c.lat_deg, c.lon_deg) for c in corners),
                        inclusion=POLYGONS[Command(item.command)],
                    )
                )
                at += len(corners)
                continue
            if item.command in CIRCLES:
                circles.append(_circle(item, at, name))
            elif item.command == Command.RALLY_POINT:
                if item.frame is not AltitudeFrame.HOME:
                    raise BadInput(f"{name}: item {at}: rally altitude is not above home")
                rally.append((item.lat_deg, item.lon_deg, item.altitude_m))
            elif item.command == Command.FENCE_RETURN_POINT:
                ledger.note(return_point(item.lat_deg, item.lon_deg))
            else:
                raise BadInput(
                    f"{name}: item {at} is {name_of(item.command)} in a list of fences and rally "
                    "points; keep each kind in a file of its own"
                )
            at += 1
        return cls(polygons=tuple(polygons), circles=tuple(circles), rally_points=tuple(rally))

    def mission(self) -> Mission:
        """Give a mission that has these bounds and no items."""
        return Mission(
            home_latlon_deg=None,
            home_altitude_msl_m=None,
            items=(),
            fence_polygons=self.polygons,
            fence_circles=self.circles,
            rally_points=self.rally_points,
        )


def return_point(lat_deg: float, lon_deg: float) -> str:
    """Name the return point of a fence, which a mission does not keep."""
    return f"return point {lat_deg:.7f}, {lon_deg:.7f} of the fence"


def fence_items(mission: Mission) -> tuple[MissionItem, ...]:
    """Give the fence of a mission as items: polygons, then circles.

    Raises:
        BadInput: for a polygon with fewer than three corners.
    """
    items: list[MissionItem] = []
    for polygon in mission.fence_polygons:
        count = len(polygon.vertices_latlon_deg)
        if count < 3:
            raise BadInput(f"a fence polygon has {count} corners; it needs at least 3")
        kind = (
            Command.FENCE_POLYGON_INCLUSION
            if polygon.inclusion
            else Command.FENCE_POLYGON_EXCLUSION
        )
        items += [_item(kind, float(count), *corner) for corner in polygon.vertices_latlon_deg]
    for circle in mission.fence_circles:
        kind = (
            Command.FENCE_CIRCLE_INCLUSION if circle.inclusion else Command.FENCE_CIRCLE_EXCLUSION
        )
        items.append(_item(kind, circle.radius_m, *circle.centre_latlon_deg))
    return tuple(items)


def rally_items(mission: Mission) -> tuple[MissionItem, ...]:
    """Give the rally points of a mission as items, altitudes above home."""
    return tuple(
        _item(Command.RALLY_POINT, 0.0, lat, lon, altitude_m=altitude, frame=AltitudeFrame.HOME)
        for lat, lon, altitude in mission.rally_points
    )


def _item(
    command: Command,
    first: float,
    lat_deg: float,
    lon_deg: float,
    *,
    altitude_m: float = 0.0,
    frame: AltitudeFrame = AltitudeFrame.MSL,
) -> MissionItem:
    """Make one item of a fence or a rally point."""
    return MissionItem(
        command=command,
        frame=frame,
        params=(first, 0.0, 0.0, 0.0),
        lat_deg=lat_deg,
        lon_deg=lon_deg,
        altitude_m=altitude_m,
    )


def _corners(items: Sequence[MissionItem], at: int, name: str) -> Sequence[MissionItem]:
    """Give the items of the polygon that begins here."""
    first = items[at]
    wanted = first.params[0] or 0.0
    if wanted != int(wanted) or not 3 <= wanted <= len(items):
        raise BadInput(f"{name}: item {at}: a fence polygon of {wanted:g} corners; it needs 3 up")
    corners = items[at : at + int(wanted)]
    same = [c for c in corners if c.command == first.command and c.params[0] == wanted]
    if len(same) != wanted:
        raise BadInput(f"{name}: item {at}: a fence polygon of {wanted:g} corners has {len(same)}")
    return corners


def _circle(item: MissionItem, at: int, name: str) -> FenceCircle:
    """Read a circle."""
    radius_m = item.params[0] or 0.0
    if not radius_m > 0:
        raise BadInput(f"{name}: item {at}: fence circle radius {radius_m:g} m; it must be > 0")
    return FenceCircle(
        centre_latlon_deg=(item.lat_deg, item.lon_deg),
        radius_m=radius_m,
        inclusion=CIRCLES[Command(item.command)],
    )
