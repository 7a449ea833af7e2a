"""Plan photos along a road or a wall seen from above: lanes parallel to a centre line.

Between sharp corners a lane is one row with the photos' top along it; at a sharp corner the row
ends in the corner and the next one begins there in its own direction, so that the outside of the
bend is seen twice and no photo is taken while the drone turns.
"""

import itertools
import math

import numpy as np
import shapely
import shapely.ops
from numpy.typing import NDArray
from shapely import LineString, MultiPolygon, Polygon, unary_union

from flight.area import spacing_m, spread_m
from flight.ground import Ground
from flight.poses import Poses, join
from inspection.errors import BadGeometry, BadInput
from inspection.geo.camera import Camera

Floats = NDArray[np.float64]

SHARP_DEG = 25.0
"""A corner that turns by more splits a row."""

TIDY_SHARE = 0.02
"""The centre line is smoothed by this share of a footprint; the lanes are moved in by it."""


def corridor_outline(line_m: LineString, width_m: float) -> Polygon | MultiPolygon:
    """Give what lies within half the width of a line, ends cut square."""
    if line_m.is_ring:
        # The buffer of a closed line can leave parts out: take it in three that overlap.
        start, end = (_piece(line_m, low, low + 0.1) for low in (0.0, 0.9))
        lines = [_piece(line_m, 0.0, 0.6), _piece(line_m, 0.4, 1.0)]
        lines.append(LineString([*end.coords, *list(start.coords)[1:]]))
        return unary_union([corridor_outline(part, width_m) for part in lines])
    return line_m.buffer(width_m / 2, cap_style="flat", join_style="round")


def _piece(line: LineString, low: float, high: float) -> LineString:
    """Cut a piece out of a line, between two shares of its length."""
    return shapely.ops.substring(line, low, high, normalized=True)


def corridor(
    line_m: LineString,
    *,
    width_m: float,
    camera: Camera,
    distance_m: float,
    overlap_front: float,
    overlap_side: float,
    ground: Ground,
    full_edges: bool = True,
    least_step_m: float = 0.0,
    element: str = "",
) -> Poses:
    """Plan photos of a strip along a line, straight down.

    Args:
        line_m: centre line in local metres.
        width_m: of the strip, both sides together.
        camera: size and focal length in pixels; the wide side lies across the lanes.
        distance_m: from the ground.
        overlap_front: along a lane, ratio.
        overlap_side: between lanes, ratio.
        ground: height of the ground.
        full_edges: go beyond edges and ends so far that they are seen by as many photos as the
            inside.
        least_step_m: between photo points and between lanes, at the cost of overlap.
        element: name of the line.

    Raises:
        BadGeometry: when the line has no length.
        BadInput: when the width is not > 0 m.
    """
    if not width_m > 0:
        raise BadInput(f"the width of a corridor must be > 0 m, got {width_m} m")
    if line_m.is_empty or not line_m.length > 0:
        raise BadGeometry("the centre line has no length; draw at least two different points")
    across_m, along_m = camera.footprint_m(distance_m)
    tidy_m = TIDY_SHARE * min(across_m, along_m)
    smooth = line_m.simplify(tidy_m)
    margin_m = (across_m * overlap_side if full_edges else 0.0) + tidy_m
    half_m = width_m / 2 + margin_m
    lane_step_m = spacing_m(across_m, overlap_side)
    offsets = spread_m(-half_m, half_m, across_m, lane_step_m, least_m=least_step_m)
    beyond_m = along_m * (overlap_front if full_edges else 0.0)
    step_m = spacing_m(along_m, overlap_front)
    parts = []
    lanes = [lane for offset_m in offsets if (lane := _beside(smooth, offset_m)) is not None]
    for number, lane in enumerate(lanes):
        rows = [
            _row(run, (step_m, least_step_m), ground, distance_m, element)
            for run in _runs(_extended(lane, beyond_m - along_m / 2))
        ]
        parts += [_reversed(row) for row in reversed(rows)] if number % 2 else rows
    return join(parts)


def _beside(line: LineString, offset_m: float) -> LineString | None:
    """Move a line to its left (> 0) or right, in its own direction, without loops.

    None where nothing is left of it: inside a hairpin the lanes of the other side see everything.
    """
    if abs(offset_m) < 1e-9:
        return line
    moved = line.offset_curve(offset_m, join_style="mitre", mitre_limit=2.0)
    pieces = [piece for piece in shapely.get_parts(moved) if piece.length > 0]
    if not pieces:
        return None
    longest = max(pieces, key=lambda piece: piece.length)
    start = line.project(shapely.Point(longest.coords[0]))
    end = line.project(shapely.Point(longest.coords[-1]))
    return longest if start <= end else longest.reverse()


def _extended(line: LineString, beyond_m: float) -> LineString:
    """Lengthen a line straight on at both ends, or shorten it when ``beyond_m`` is < 0.

    The first and the last photo then see from the very end of the strip, and as far beyond as
    the overlap asks for.
    """
    if beyond_m < 0:
        cut_m = min(-beyond_m, line.length / 2 - 1e-6)
        short = shapely.ops.substring(line, cut_m, line.length - cut_m)
        return short if isinstance(short, LineString) else line
    xy = np.asarray(line.coords)[:, :2]
    first = xy[0] - _unit(xy[1] - xy[0]) * beyond_m
    last = xy[-1] + _unit(xy[-1] - xy[-2]) * beyond_m
    return LineString([first, *xy[1:-1], last])


def _runs(line: LineString) -> list[LineString]:
    """Split a line at its sharp corners."""
    xy = np.asarray(line.coords)[:, :2]
    steps = np.diff(xy, axis=0)
    bearing = np.degrees(np.arctan2(steps[:, 0], steps[:, 1]))
    turn = np.abs((np.diff(bearing) + 180) % 360 - 180)
    corners = [0, *(np.flatnonzero(turn > SHARP_DEG) + 1).tolist(), len(xy) - 1]
    return [LineString(xy[first : last + 1]) for first, last in itertools.pairwise(corners)]


def _row(
    run: LineString,
    steps_m: tuple[float, float],
    ground: Ground,
    distance_m: float,
    element: str,
) -> Poses:
    """Spread photos evenly along a run, its ends included, no more and no less than steps apart.

    A run that is shorter than the least step is lengthened to it.
    """
    step_m, least_m = steps_m
    if run.length < least_m:
        run = _extended(run, (least_m - run.length) / 2)
    count = max(1, math.ceil(round(run.length / step_m, 9))) + 1
    if run.length / (count - 1) < least_m:
        count = max(1, math.floor(round(run.length / least_m, 9))) + 1
    stops_m = np.linspace(0.0, run.length, count)
    spots = shapely.get_coordinates(shapely.line_interpolate_point(run, stops_m))
    near_m = np.clip(np.stack([stops_m - step_m / 2, stops_m + step_m / 2]), 0.0, run.length)
    behind, ahead = (
        shapely.get_coordinates(shapely.line_interpolate_point(run, place)) for place in near_m
    )
    east, north = (ahead - behind).T
    target_m = np.column_stack([spots, ground(spots)])
    return Poses(
        position_m=target_m + np.array([0.0, 0.0, distance_m]),
        yaw_deg=np.degrees(np.arctan2(east, north)) % 360.0,
        pitch_deg=np.full(count, -90.0),
        target_m=target_m,
        normal=np.tile([0.0, 0.0, 1.0], (count, 1)),
        row=np.zeros(count, dtype=np.int64),
        element=(element,) * count,
    )


def _reversed(row: Poses) -> Poses:
    """Fly a row the other way; the photos keep their top, so that the drone need not turn."""
    return Poses(
        position_m=row.position_m[::-1],
        yaw_deg=row.yaw_deg[::-1],
        pitch_deg=row.pitch_deg[::-1],
        target_m=row.target_m[::-1],
        normal=row.normal[::-1],
        row=row.row[::-1],
        element=row.element[::-1],
    )


def _unit(vector: Floats) -> Floats:
    """Scale a vector to length 1."""
    return np.asarray(vector / np.linalg.norm(vector))
