"""Plan photos over an area, or under a deck: lanes back and forth, crossed, and oblique sets.

Lanes and stops are ``flight.area.plan_area``; this module puts them into space: over the ground at
a constant distance, or below a level soffit with the camera straight up.

Source: domain specification §6.3 (general model: nadir and 45° oblique ×4).
"""

from enum import StrEnum

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon

from flight.area import AreaPlan, Station, best_heading_deg, plan_area
from flight.ground import Ground
from flight.poses import Poses, join, numbered
from inspection.geo.camera import Camera

Floats = NDArray[np.float64]

OBLIQUE_PITCH_DEG = -45.0


class PhotoSet(StrEnum):
    """Name a set of photos over an area."""

    NADIR = "nadir"
    """Straight down, lanes in the best heading."""

    CROSS = "cross"
    """Straight down, lanes across the best heading."""

    OBLIQUE = "oblique"
    """Four sets at 45°, looking forward, right, back and left of the heading."""


def lawnmower(
    polygon_m: Polygon,
    *,
    camera: Camera,
    distance_m: float,
    overlap_front: float,
    overlap_side: float,
    ground: Ground,
    heading_deg: float | None = None,
    sets: tuple[PhotoSet, ...] = (PhotoSet.NADIR,),
    full_edges: bool = True,
    least_step_m: float = 0.0,
    element: str = "",
) -> Poses:
    """Plan photos over one polygon.

    Args:
        polygon_m: simple polygon in local metres, may have holes.
        camera: size and focal length in pixels.
        distance_m: from the ground, along the optical axis.
        overlap_front: along a lane, ratio.
        overlap_side: between lanes, ratio.
        ground: height of the ground.
        heading_deg: of the first lane; None takes the fewest turns.
        sets: which sets, in order of flight.
        full_edges: go beyond the edge so far that it is seen by as many photos as the inside.
        least_step_m: between photo points and between lanes, at the cost of overlap.
        element: name of the area.

    Raises:
        BadGeometry: when the polygon is empty or crosses itself.
        BadInput: when distance or overlap makes no sense.
    """
    heading = best_heading_deg(polygon_m) if heading_deg is None else heading_deg % 360.0
    across_m, along_m = camera.footprint_m(distance_m)
    margin_m = across_m * overlap_side if full_edges else 0.0
    beyond_m = max(0.0, along_m * overlap_front - margin_m) if full_edges else 0.0
    parts = []
    for photo_set in dict.fromkeys(sets):
        turn = 90.0 if photo_set is PhotoSet.CROSS else 0.0
        grid = plan_area(
            polygon_m,
            camera=camera,
            distance_m=distance_m,
            front_overlap=overlap_front,
            side_overlap=overlap_side,
            heading_deg=heading + turn,
            margin_m=margin_m,
            overshoot_m=beyond_m,
            least_step_m=least_step_m,
        )
        lanes = _lanes(grid, margin_m)
        if photo_set is PhotoSet.OBLIQUE:
            parts += [
                _oblique(lanes, distance_m, ground, (heading + look) % 360.0, element)
                for look in (0.0, 90.0, 180.0, 270.0)
            ]
        else:
            parts.append(_nadir(lanes, distance_m, ground, grid.heading_deg, element))
    return join(parts)


def under_deck(
    polygon_m: Polygon,
    *,
    camera: Camera,
    distance_m: float,
    height_m: float,
    overlap_front: float,
    overlap_side: float,
    heading_deg: float | None = None,
    least_step_m: float = 0.0,
    element: str = "",
) -> Poses:
    """Plan photos of a level soffit from below, the camera straight up.

    Args:
        polygon_m: outline of the soffit in local metres.
        camera: size and focal length in pixels.
        distance_m: below the soffit.
        height_m: local z of the soffit.
        overlap_front: along a lane, ratio.
        overlap_side: between lanes, ratio.
        heading_deg: of the first lane; None takes the fewest turns.
        least_step_m: between photo points and between lanes, at the cost of overlap.
        element: name of the soffit.
    """
    grid = plan_area(
        polygon_m,
        camera=camera,
        distance_m=distance_m,
        front_overlap=overlap_front,
        side_overlap=overlap_side,
        heading_deg=heading_deg,
        least_step_m=least_step_m,
    )
    spots, row = _lanes(grid, 0.0)
    target_m = np.column_stack([spots, np.full(len(spots), height_m)])
    return Poses(
        position_m=target_m - np.array([0.0, 0.0, distance_m]),
        yaw_deg=np.full(len(spots), grid.heading_deg),
        pitch_deg=np.full(len(spots), 90.0),
        target_m=target_m,
        normal=np.tile([0.0, 0.0, -1.0], (len(spots), 1)),
        row=row,
        element=(element,) * len(spots),
    )


def _lanes(grid: AreaPlan, margin_m: float) -> tuple[Floats, NDArray[np.int64]]:
    """Give stops (n, 2) and rows (n,) of a grid without the stops that see nothing of the area.

    A lane across a bay of the area becomes two rows, with no photo in between.
    """
    stations = grid.stations
    wanted = grid.polygon_m.buffer(margin_m, join_style="mitre") if margin_m else grid.polygon_m
    shapely.prepare(wanted)
    outlines = shapely.polygons(np.array([station.footprint_m for station in stations]))
    kept: list[Station] = [
        station
        for station, used in zip(stations, shapely.intersects(wanted, outlines), strict=True)
        if used
    ]
    lane = np.array([station.lane for station in kept], dtype=np.int64)
    index = np.array([station.index for station in kept], dtype=np.int64)
    spots = np.array([(station.x_m, station.y_m) for station in kept]).reshape(-1, 2)
    return spots, numbered(lane, np.diff(index) != 1)


def _nadir(
    lanes: tuple[Floats, NDArray[np.int64]],
    distance_m: float,
    ground: Ground,
    heading_deg: float,
    element: str,
) -> Poses:
    """Look straight down from above the stops; the photo's top keeps the heading of lane 0."""
    spots, row = lanes
    target_m = np.column_stack([spots, ground(spots)])
    return Poses(
        position_m=target_m + np.array([0.0, 0.0, distance_m]),
        yaw_deg=np.full(len(spots), heading_deg),
        pitch_deg=np.full(len(spots), -90.0),
        target_m=target_m,
        normal=np.tile([0.0, 0.0, 1.0], (len(spots), 1)),
        row=row,
        element=(element,) * len(spots),
    )


def _oblique(
    lanes: tuple[Floats, NDArray[np.int64]],
    distance_m: float,
    ground: Ground,
    look_deg: float,
    element: str,
) -> Poses:
    """Look at the stops at 45° from behind, at the same distance along the optical axis."""
    spots, row = lanes
    target_m = np.column_stack([spots, ground(spots)])
    pitch, look = np.radians(OBLIQUE_PITCH_DEG), np.radians(look_deg)
    axis = np.array([np.sin(look) * np.cos(pitch), np.cos(look) * np.cos(pitch), np.sin(pitch)])
    return Poses(
        position_m=target_m - distance_m * axis,
        yaw_deg=np.full(len(spots), look_deg),
        pitch_deg=np.full(len(spots), OBLIQUE_PITCH_DEG),
        target_m=target_m,
        normal=np.tile([0.0, 0.0, 1.0], (len(spots), 1)),
        row=row,
        element=(element,) * len(spots),
    )
