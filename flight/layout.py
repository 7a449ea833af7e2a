"""Lay the photos of every pattern out over features: poses, and the surface that they shall see."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from shapely import unary_union

from flight.capability import STANDOFF_TOLERANCE, safe_standoff_m
from flight.corridor import corridor, corridor_outline
from flight.facade import FacadePoses, Face, facade
from flight.flightplan import Pattern
from flight.ground import Ground, flat
from flight.lawnmower import lawnmower, under_deck
from flight.orbit import orbit, prism
from flight.order import Order
from flight.poses import Poses
from flight.site import LocalFeature, circle, face_line
from flight.surface import level, over_ground, upright
from flight.terrain import read_ground
from inspection.errors import BadInput
from inspection.geo.frames import LocalFrame

Floats = NDArray[np.float64]

PIECE_M = 50.0
TERRAIN_PIECE_M = 10.0
OVERRUN_STANDOFFS = 3.0

UNDER_DECK = (
    "under a deck the receiver loses its satellites: fly with vision positioning, in a cage or on "
    "a tether, and expect to take over by hand"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Laid:
    """Carry the photos of one feature, the surface that they shall see, and remarks."""

    poses: Poses
    surface_m: Floats
    elements: tuple[str, ...]
    notes: tuple[str, ...] = ()


def _lay_area(local: tuple[LocalFeature, ...], order: Order, frame: LocalFrame) -> list[Laid]:
    """Lay lanes over polygons."""
    ask = order.capability
    ground = _Grounds(local, order, frame)
    laid = []
    for feature in local:
        below = ground.below(feature)
        poses = lawnmower(
            feature.shape,
            camera=ask.lens.camera,
            distance_m=ask.standoff_m,
            overlap_front=ask.overlap_front,
            overlap_side=ask.overlap_side,
            ground=below,
            heading_deg=order.heading_deg,
            sets=order.sets,
            full_edges=order.goes_beyond_edges,
            least_step_m=order.least_step_m,
            element=feature.name,
        )
        surface_m = over_ground(feature.shape, below, piece_m=ground.piece_m)
        laid.append(
            Laid(poses=poses, surface_m=surface_m, elements=(feature.name,) * len(surface_m))
        )
    return ground.noted(laid)


def _lay_corridor(local: tuple[LocalFeature, ...], order: Order, frame: LocalFrame) -> list[Laid]:
    """Lay lanes along centre lines."""
    ask = order.capability
    ground = _Grounds(local, order, frame)
    laid = []
    for feature in local:
        own_m = feature.source.number("width_m", "width")
        width_m = order.width_m if own_m is None else own_m
        if width_m is None:
            raise BadInput(f"line {feature.name!r} has no 'width_m'; give --width-m")
        below = ground.below(feature)
        poses = corridor(
            feature.shape,
            width_m=width_m,
            camera=ask.lens.camera,
            distance_m=ask.standoff_m,
            overlap_front=ask.overlap_front,
            overlap_side=ask.overlap_side,
            ground=below,
            full_edges=order.goes_beyond_edges,
            least_step_m=order.least_step_m,
            element=feature.name,
        )
        outline = corridor_outline(feature.shape.segmentize(PIECE_M), width_m)
        surface_m = over_ground(outline, below, piece_m=ground.piece_m)
        laid.append(
            Laid(poses=poses, surface_m=surface_m, elements=(feature.name,) * len(surface_m))
        )
    return ground.noted(laid)


def _lay_facade(local: tuple[LocalFeature, ...], order: Order, _: LocalFrame) -> list[Laid]:
    """Lay rows along faces; one face sees to it that the others are not touched."""
    ask = order.capability
    faces = []
    for feature in local:
        bottom_m, top_m = _bottom_top(feature, order)
        line = face_line(feature, order.side)
        faces.append(Face(element=feature.name, line_m=line, bottom_m=bottom_m, top_m=top_m))
    clearance_m = min(
        safe_standoff_m(obstacle_sensing=order.drone.obstacle_sensing, wind_m_s=0.0),
        (1 - STANDOFF_TOLERANCE) * ask.standoff_m,
    )
    found = facade(
        faces,
        camera=ask.lens.camera,
        standoff_m=ask.standoff_m,
        overlap_front=ask.overlap_front,
        overlap_side=ask.overlap_side,
        clearance_m=clearance_m,
        lowest_m=order.lowest_m,
        full_edges=order.goes_beyond_edges,
        least_step_m=order.least_step_m,
    )
    walls = [upright(face.line_m, face.bottom_m, face.top_m) for face in faces]
    names = [(face.element,) * len(wall) for face, wall in zip(faces, walls, strict=True)]
    return [
        Laid(
            poses=found.poses,
            surface_m=np.concatenate(walls),
            elements=tuple(name for wall in names for name in wall),
            notes=_facade_notes(found, clearance_m, order.lowest_m),
        )
    ]


def _facade_notes(found: FacadePoses, clearance_m: float, lowest_m: float) -> tuple[str, ...]:
    """Say what could not be planned square-on."""
    notes = []
    if found.left_out:
        notes.append(
            f"{found.left_out} photo points closer than {clearance_m:.1f} m to another face are "
            "left out; the coverage says what that costs"
        )
    if found.tilted:
        notes.append(
            f"{found.tilted} photos look down from {lowest_m:g} m above take-off at rows that lie "
            "lower; --lowest-m says how low the drone may go"
        )
    return tuple(notes)


def _lay_soffit(local: tuple[LocalFeature, ...], order: Order, _: LocalFrame) -> list[Laid]:
    """Lay lanes under decks."""
    ask = order.capability
    laid = []
    for feature in local:
        own_m = feature.source.number("height_m", "bottom_m", "height")
        height_m = _from_takeoff(order.height_m if own_m is None else own_m, order)
        if height_m is None:
            raise BadInput(f"soffit {feature.name!r} has no 'height_m'; give --height-m")
        if height_m - ask.standoff_m < order.lowest_m:
            raise BadInput(
                f"soffit {feature.name!r} at {height_m:.1f} m and a stand-off of "
                f"{ask.standoff_m:.2f} m put the drone at {height_m - ask.standoff_m:.1f} m, below "
                f"the {order.lowest_m:g} m of --lowest-m; take a shorter lens or a finer GSD"
            )
        level_m = height_m - feature.fall_m
        poses = under_deck(
            feature.shape,
            camera=ask.lens.camera,
            distance_m=ask.standoff_m,
            height_m=level_m,
            overlap_front=ask.overlap_front,
            overlap_side=ask.overlap_side,
            heading_deg=order.heading_deg,
            least_step_m=order.least_step_m,
            element=feature.name,
        )
        surface_m = level(feature.shape, level_m, from_below=True)
        laid.append(
            Laid(
                poses=poses,
                surface_m=surface_m,
                elements=(feature.name,) * len(surface_m),
                notes=(UNDER_DECK,),
            )
        )
    return laid


def _lay_orbit(local: tuple[LocalFeature, ...], order: Order, _: LocalFrame) -> list[Laid]:
    """Lay rings around piers."""
    ask = order.capability
    laid = []
    for feature in local:
        bottom_m, top_m = _bottom_top(feature, order)
        centre_m, radius_m, remark = circle(feature, order.radius_m)
        poses = orbit(
            centre_m=centre_m,
            radius_m=radius_m,
            bottom_m=bottom_m,
            top_m=top_m,
            camera=ask.lens.camera,
            standoff_m=ask.standoff_m,
            overlap_front=ask.overlap_front,
            overlap_side=ask.overlap_side,
            incidence_limit_deg=ask.incidence_limit_deg,
            lowest_m=order.lowest_m,
            least_step_m=order.least_step_m,
            element=feature.name,
        )
        surface_m = prism(centre_m, radius_m, bottom_m, top_m)
        laid.append(
            Laid(
                poses=poses,
                surface_m=surface_m,
                elements=(feature.name,) * len(surface_m),
                notes=(remark,) if remark else (),
            )
        )
    return laid


LAY: dict[Pattern, Callable[[tuple[LocalFeature, ...], Order, LocalFrame], list[Laid]]] = {
    Pattern.AREA: _lay_area,
    Pattern.CORRIDOR: _lay_corridor,
    Pattern.FACADE: _lay_facade,
    Pattern.SOFFIT: _lay_soffit,
    Pattern.ORBIT: _lay_orbit,
}


class _Grounds:
    """Know the ground below features: a raster for all, or level ground for each."""

    def __init__(self, local: tuple[LocalFeature, ...], order: Order, frame: LocalFrame) -> None:
        self._order = order
        self._grid: Ground | None = None
        self._notes: tuple[str, ...] = ()
        self.piece_m = PIECE_M
        if order.dem is None:
            return
        west, south, east, north = unary_union([feature.shape for feature in local]).bounds
        widths = [feature.source.number("width_m", "width") or 0.0 for feature in local]
        beside_m = max(order.width_m or 0.0, *widths)
        reach_m = OVERRUN_STANDOFFS * order.capability.standoff_m + beside_m
        bounds_m = (west - reach_m, south - reach_m, east + reach_m, north + reach_m)
        self._grid, takeoff_m = read_ground(order.dem, frame, bounds_m)
        self.piece_m = TERRAIN_PIECE_M
        self._notes = (
            f"heights follow {order.dem.name}, in which take-off lies at {takeoff_m:.1f} m",
        )

    def below(self, feature: LocalFeature) -> Ground:
        """Give the ground below a feature."""
        if self._grid is not None:
            return self._grid
        own_m = feature.source.number("height_m", "height")
        height_m = _from_takeoff(self._order.height_m if own_m is None else own_m, self._order)
        return flat(0.0 if height_m is None else height_m)

    def noted(self, laid: list[Laid]) -> list[Laid]:
        """Add what must be said about the ground."""
        first = laid[0]
        said = Laid(
            poses=first.poses,
            surface_m=first.surface_m,
            elements=first.elements,
            notes=(*first.notes, *self._notes),
        )
        return [said, *laid[1:]]


def _bottom_top(feature: LocalFeature, order: Order) -> tuple[float, float]:
    """Give bottom and top of an upright feature as local z."""
    heights = []
    for key, default in (("bottom", order.bottom_m), ("top", order.top_m)):
        own_m = feature.source.number(f"{key}_m", key)
        height_m = _from_takeoff(default if own_m is None else own_m, order)
        if height_m is None:
            raise BadInput(f"feature {feature.name!r} has no '{key}_m'; give --{key}-m")
        heights.append(height_m - feature.fall_m)
    return heights[0], heights[1]


def _from_takeoff(height_m: float | None, order: Order) -> float | None:
    """Give a height above take-off."""
    if height_m is None or order.heights == "takeoff" or order.takeoff_msl_m is None:
        return height_m
    return height_m - order.takeoff_msl_m
