"""Plan a photo grid over an area: lanes, photo stations, footprints and what they cover.

Pure numbers: the polygon is in local metres (x east, y north, or any other right-handed frame of a
plane), the camera looks straight down on it from a constant distance, and the long lanes run back
and forth. Headings are clockwise from +y.

Source of the formulas: domain specification §6.2.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from shapely import Polygon, affinity, unary_union

from inspection.errors import BadGeometry, BadInput
from inspection.geo.camera import Camera


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """Place one planned photo.

    Attributes:
        index: order of flight, from 0.
        lane: number of the lane, from 0.
        x_m: position in the frame of the polygon.
        y_m: position in the frame of the polygon.
        distance_m: from the surface, along the optical axis.
        heading_deg: direction of flight and of the top of the photo, clockwise from +y.
        footprint_m: (4, 2) float64, corners on the surface from the photo's top-left, clockwise.
    """

    index: int
    lane: int
    x_m: float
    y_m: float
    distance_m: float
    heading_deg: float
    footprint_m: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaPlan:
    """Carry a planned grid with the numbers that a crew checks before it flies.

    Attributes:
        polygon_m: the area that the grid was planned for, without the margin.
        gsd_m_per_px: ground sample distance of every photo.
        photo_spacing_m: greatest distance between neighbours in a lane.
        lane_spacing_m: greatest distance between neighbouring lanes.
        heading_deg: heading of the first lane.
        stations: photos in order of flight.
    """

    polygon_m: Polygon
    gsd_m_per_px: float
    photo_spacing_m: float
    lane_spacing_m: float
    heading_deg: float
    stations: tuple[Station, ...]

    @property
    def lanes(self) -> int:
        """Count the lanes."""
        return len({station.lane for station in self.stations})

    @property
    def path_length_m(self) -> float:
        """Give the length of the flight from the first station to the last, metres."""
        centres = np.array([(s.x_m, s.y_m) for s in self.stations])
        return float(np.linalg.norm(np.diff(centres, axis=0), axis=1).sum())

    @property
    def coverage(self) -> float:
        """Give the share of the polygon that at least one photo sees, 0–1."""
        seen = unary_union([Polygon(station.footprint_m) for station in self.stations])
        return float(seen.intersection(self.polygon_m).area / self.polygon_m.area)

    def views(self, points_m: ArrayLike) -> NDArray[np.int64]:
        """Count the photos that see each of (n, 2) points, (n,) int64."""
        points = np.atleast_2d(np.asarray(points_m, dtype=np.float64))
        seen = np.zeros(len(points), dtype=np.int64)
        for station in self.stations:
            corner, right, _, down = station.footprint_m
            axes = np.stack([right - corner, down - corner])
            inside = (points - corner) @ axes.T / (axes**2).sum(axis=1)
            seen += ((inside >= 0) & (inside <= 1)).all(axis=1)
        return seen


def distance_for_gsd_m(camera: Camera, gsd_m_per_px: float) -> float:
    """Give the distance from the surface that yields a ground sample distance, metres.

    Source: domain specification §6.2, D = GSD·f/p.

    >>> p1 = Camera(width_px=8192, height_px=5460, focal_px=50 / 0.0044, cx_px=4096, cy_px=2730)
    >>> round(distance_for_gsd_m(p1, 0.0002), 2)
    2.27
    """
    return gsd_m_per_px * camera.focal_px


def spacing_m(footprint_m: float, overlap: float) -> float:
    """Give the distance between photos whose footprints overlap by a ratio, metres.

    Source: domain specification §6.2, spacing = footprint · (1 − overlap). Overlap is a ratio of
    lengths, not an angle.

    Raises:
        BadInput: when the overlap is not in 0–0.95.

    >>> round(spacing_m(10.0, 0.75), 6)
    2.5
    """
    if not 0 <= overlap <= 0.95:
        raise BadInput(f"overlap must be a ratio of 0 to 0.95, got {overlap}; 75 % is 0.75")
    return footprint_m * (1 - overlap)


def speed_limit_m_per_s(gsd_m_per_px: float, exposure_s: float, *, blur_px: float = 0.5) -> float:
    """Give the speed at which motion blurs a photo by a number of pixels, m/s.

    Source: domain specification §6.2, motion blur = v·t/GSD ≤ 0.5 px.

    >>> round(speed_limit_m_per_s(0.0003, 1 / 1000), 2), round(speed_limit_m_per_s(0.001, 1e-3), 2)
    (0.15, 0.5)
    """
    if not exposure_s > 0:
        raise BadInput(f"exposure time must be > 0 s, got {exposure_s}")
    return blur_px * gsd_m_per_px / exposure_s


def best_heading_deg(polygon_m: Polygon) -> float:
    """Give the lane heading with the fewest turns, degrees in 0–180 clockwise from +y.

    Lanes run along the edge of the convex hull across which the polygon is narrowest.

    Raises:
        BadGeometry: when the polygon has no area.

    >>> best_heading_deg(Polygon([(0, 0), (24, 0), (24, 8), (0, 8)]))
    90.0
    """
    hull_m = polygon_m.convex_hull
    if not isinstance(hull_m, Polygon) or hull_m.is_empty:
        raise BadGeometry("the area must be a simple polygon with an area > 0 m²; redraw it")
    hull = _shell(hull_m)
    edges = np.roll(hull, -1, axis=0) - hull
    headings = np.round(np.degrees(np.arctan2(edges[:, 0], edges[:, 1])) % 180.0, 9)
    return float(min(headings, key=lambda heading: (_width_across_m(hull, heading), heading)))


def plan_area(
    polygon_m: Polygon,
    *,
    camera: Camera,
    distance_m: float,
    front_overlap: float = 0.75,
    side_overlap: float = 0.60,
    heading_deg: float | None = None,
    margin_m: float = 0.0,
    overshoot_m: float = 0.0,
    least_step_m: float = 0.0,
) -> AreaPlan:
    """Plan lanes back and forth over a polygon, the camera straight down.

    The wide side of the photo lies across the lane. Lanes and stations are spread evenly, so that
    neighbours overlap by at least what was asked for; nothing of the polygon stays outside.

    Args:
        polygon_m: simple polygon in local metres.
        camera: size and focal length in pixels.
        distance_m: from the surface.
        front_overlap: along a lane, ratio.
        side_overlap: between lanes, ratio.
        heading_deg: of the first lane, clockwise from +y; None takes the fewest turns.
        margin_m: how far the grid reaches beyond the polygon, to all sides.
        overshoot_m: how far each lane goes on beyond that at both ends, where the along-lane
            overlap would otherwise thin out.
        least_step_m: of neighbours in a lane and of lanes, at the cost of overlap; some drones
            refuse less.

    Raises:
        BadGeometry: when the polygon is empty or crosses itself.
        BadInput: when distance, overlap or margin makes no sense.
    """
    _check(polygon_m, distance_m, margin_m, overshoot_m)
    across_m, along_m = camera.footprint_m(distance_m)
    lane_step_m, photo_step_m = spacing_m(across_m, side_overlap), spacing_m(along_m, front_overlap)
    heading = best_heading_deg(polygon_m) if heading_deg is None else heading_deg % 360.0
    area = polygon_m.buffer(margin_m, join_style="mitre") if margin_m else polygon_m
    # In the lane frame +y is the direction of flight: turn the area, plan, turn back.
    turned = affinity.rotate(area, heading, origin=(0, 0))
    left_m, _, right_m, _ = turned.bounds
    lanes_m = spread_m(left_m, right_m, across_m, lane_step_m, least_m=least_step_m)
    stations: list[Station] = []
    for lane, x_m in enumerate(lanes_m):
        strip = _strip(turned, x_m - across_m / 2, x_m + across_m / 2)
        if strip is None:
            continue
        ends = strip[0] - overshoot_m, strip[1] + overshoot_m
        stops = spread_m(*ends, along_m, photo_step_m, least_m=least_step_m)
        back = lane % 2 == 1
        for y_m in reversed(stops) if back else stops:
            station = _station(
                index=len(stations),
                lane=lane,
                centre_m=(x_m, y_m),
                heading_deg=heading,
                back=back,
                distance_m=distance_m,
                footprint_m=(across_m, along_m),
            )
            stations.append(station)
    return AreaPlan(
        polygon_m=polygon_m,
        gsd_m_per_px=camera.gsd_m_per_px(distance_m),
        photo_spacing_m=photo_step_m,
        lane_spacing_m=lane_step_m,
        heading_deg=heading,
        stations=tuple(stations),
    )


def spread_m(
    low_m: float, high_m: float, width_m: float, step_m: float, *, least_m: float = 0.0
) -> list[float]:
    """Give evenly spread centres of windows that cover an interval, metres.

    Neighbours are at most ``step_m`` apart, and the outer windows do not reach beyond the interval
    unless a single window is wider than it. Where that would bring neighbours closer than
    ``least_m``, there are fewer of them, or two that reach beyond the interval.

    >>> spread_m(0.0, 10.0, 4.0, 2.0)
    [2.0, 4.0, 6.0, 8.0]
    >>> spread_m(0.0, 3.0, 4.0, 2.0)
    [1.5]
    >>> spread_m(0.0, 10.0, 4.0, 2.0, least_m=2.5)
    [2.0, 5.0, 8.0]
    """
    spare_m = (high_m - low_m) - width_m
    if spare_m <= 0:
        return [(low_m + high_m) / 2]
    count = math.ceil(round(spare_m / step_m, 9)) + 1
    if count > 1 and spare_m / (count - 1) < least_m:
        count = max(1, math.floor(spare_m / least_m)) + 1
    beyond_m = max(0.0, least_m - spare_m) / 2
    first, last = low_m + width_m / 2 - beyond_m, high_m - width_m / 2 + beyond_m
    return [float(centre) for centre in np.linspace(first, last, count)]


def _check(polygon_m: Polygon, distance_m: float, margin_m: float, overshoot_m: float) -> None:
    """Refuse areas and distances that no grid can serve."""
    if polygon_m.is_empty or not polygon_m.is_valid or polygon_m.area <= 0:
        raise BadGeometry("the area must be a simple polygon with an area > 0 m²; redraw it")
    if not distance_m > 0:
        raise BadInput(f"the distance from the surface must be > 0 m, got {distance_m} m")
    if margin_m < 0 or overshoot_m < 0:
        raise BadInput(f"margin and overshoot must be ≥ 0 m, got {margin_m} m and {overshoot_m} m")


def _strip(turned: Polygon, left_m: float, right_m: float) -> tuple[float, float] | None:
    """Give the extent along the lane of what lies in a strip, None when nothing does."""
    _, bottom_m, _, top_m = turned.bounds
    corners = [(left_m, bottom_m), (right_m, bottom_m), (right_m, top_m), (left_m, top_m)]
    part = turned.intersection(Polygon(corners))
    return None if part.area <= 0 else (float(part.bounds[1]), float(part.bounds[3]))


def _station(
    *,
    index: int,
    lane: int,
    centre_m: tuple[float, float],
    heading_deg: float,
    back: bool,
    distance_m: float,
    footprint_m: tuple[float, float],
) -> Station:
    """Turn one stop of the lane frame into a station of the polygon's frame."""
    sign = -1.0 if back else 1.0
    half = np.array(footprint_m) / 2
    corners = sign * half * [(-1, 1), (1, 1), (1, -1), (-1, -1)] + centre_m
    x_m, y_m = _turn(np.array([centre_m]), heading_deg)[0]
    return Station(
        index=index,
        lane=lane,
        x_m=float(x_m),
        y_m=float(y_m),
        distance_m=distance_m,
        heading_deg=(heading_deg + (180.0 if back else 0.0)) % 360.0,
        footprint_m=_turn(corners, heading_deg),
    )


def _turn(points_m: NDArray[np.float64], heading_deg: float) -> NDArray[np.float64]:
    """Turn (n, 2) points clockwise, so that +y points along the heading."""
    c, s = np.cos(np.radians(heading_deg)), np.sin(np.radians(heading_deg))
    return np.asarray(points_m @ np.array([[c, -s], [s, c]]), dtype=np.float64)


def _shell(polygon_m: Polygon) -> NDArray[np.float64]:
    """Give the corners (n, 2) of a polygon, each once."""
    return np.asarray(polygon_m.exterior.coords, dtype=np.float64)[:-1]


def _width_across_m(hull_m: NDArray[np.float64], heading_deg: float) -> float:
    """Give the extent of a hull across a heading, metres, rounded so that equal widths tie."""
    angle = np.radians(heading_deg)
    across = hull_m @ [np.cos(angle), -np.sin(angle)]
    return round(float(np.ptp(across)), 6)
