"""Plan photos of upright faces: rows from top to bottom, the camera square to the face.

A face is a line seen from above with a bottom and a top height; it is seen from the right of the
line's direction. At an outer corner the drone goes round it at the same stand-off and takes photos
that tie the two faces together; in an inner corner no photo is taken that would bring it closer to
the other face than is safe.

Source: domain specification §6.3 (face sweep: rows along the member, back and forth, from the top).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import LineString

from flight.area import spacing_m, spread_m
from flight.poses import Poses, join, towards
from inspection.errors import BadGeometry, BadInput
from inspection.geo.camera import Camera

Floats = NDArray[np.float64]

CORNER_STEP_DEG = 30.0
SHALLOW_DEG = 20.0
TIDY_SHARE = 0.02
"""A bent line is straightened by this share of the stand-off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """Describe one upright face.

    Attributes:
        element: its name.
        line_m: seen from above, local metres; the face is seen from the right of its direction.
        bottom_m: local z of the lower edge.
        top_m: local z of the upper edge.
    """

    element: str
    line_m: LineString
    bottom_m: float
    top_m: float

    def __post_init__(self) -> None:
        """Check that the face has a size.

        Raises:
            BadGeometry: when it has none.
        """
        if self.line_m.is_empty or not self.line_m.length > 0:
            raise BadGeometry(f"face {self.element!r} has no length; draw two different points")
        if not self.top_m > self.bottom_m:
            raise BadGeometry(
                f"face {self.element!r}: top {self.top_m} m is not above bottom {self.bottom_m} m"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class FacadePoses:
    """Carry the poses of faces, and what could not be planned square-on.

    Attributes:
        poses: in order of flight.
        left_out: photo points too close to another face.
        tilted: photos that look down because their row lies lower than the drone may fly.
    """

    poses: Poses
    left_out: int
    tilted: int


def facade(
    faces: Sequence[Face],
    *,
    camera: Camera,
    standoff_m: float,
    overlap_front: float,
    overlap_side: float,
    clearance_m: float,
    lowest_m: float = -math.inf,
    full_edges: bool = False,
    least_step_m: float = 0.0,
) -> FacadePoses:
    """Plan photos of faces, one face after the other.

    Args:
        faces: in order of flight.
        camera: size and focal length in pixels, held upright: its wide side is level.
        standoff_m: from the face.
        overlap_front: along a row, ratio.
        overlap_side: between rows, ratio.
        clearance_m: least distance to every other face.
        lowest_m: local z below which the drone may not go; lower rows are seen from there, tilted.
        full_edges: go beyond the ends so far that they are seen by as many photos as the inside.
        least_step_m: between photo points, at the cost of overlap.

    Raises:
        BadInput: when there is no face, or no photo point is left.
    """
    if not faces:
        raise BadInput("there is no face to plan; draw a line with a bottom and a top height")
    parts, left_out = [], 0
    for face in faces:
        wide_m, high_m = camera.footprint_m(standoff_m)
        windows = (
            _Windows.of(wide_m, overlap_front, full_edges, least_step_m),
            _Windows.of(high_m, overlap_side, full_edges, least_step_m),
        )
        rows = _sweep(face, standoff_m, *windows)
        raised = _not_below(rows, lowest_m, least_step_m)
        near = _too_close(raised, face, faces, clearance_m)
        left_out += int(near.sum())
        parts.append(raised.only(~near))
    poses = join(parts)
    if len(poses) == 0:
        raise BadInput(
            f"every photo point is closer than {clearance_m:g} m to another face; "
            "plan the faces one by one, or take a longer lens"
        )
    tilted = int((np.abs(poses.pitch_deg) > 0.01).sum())
    return FacadePoses(poses=poses, left_out=left_out, tilted=tilted)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Windows:
    """Say how wide photos are in one direction, and how far apart."""

    width_m: float
    step_m: float
    beyond_m: float
    least_m: float

    @classmethod
    def of(cls, width_m: float, overlap: float, full_edges: bool, least_m: float) -> Self:
        """Make them of an overlap."""
        return cls(
            width_m=width_m,
            step_m=spacing_m(width_m, overlap),
            beyond_m=width_m * overlap if full_edges else 0.0,
            least_m=least_m,
        )

    def centres_m(self, low_m: float, high_m: float) -> list[float]:
        """Spread them over an interval."""
        return spread_m(low_m, high_m, self.width_m, self.step_m, least_m=self.least_m)


def _sweep(face: Face, standoff_m: float, along: _Windows, up: _Windows) -> Poses:
    """Sweep one face, top row first, back and forth."""
    heights_m = up.centres_m(face.bottom_m - up.beyond_m, face.top_m + up.beyond_m)
    spots, targets, normals = _stops(face, standoff_m, along)
    rows = []
    for number, height_m in enumerate(reversed(heights_m)):
        order = slice(None, None, -1) if number % 2 else slice(None)
        level = np.full((len(spots), 1), height_m)
        position_m = np.hstack([spots, level])[order]
        target_m = np.hstack([targets, level])[order]
        yaw_deg, pitch_deg = towards(position_m, target_m)
        rows.append(
            Poses(
                position_m=position_m,
                yaw_deg=yaw_deg,
                pitch_deg=pitch_deg,
                target_m=target_m,
                normal=np.hstack([normals, np.zeros((len(spots), 1))])[order],
                row=np.zeros(len(spots), dtype=np.int64),
                element=(face.element,) * len(spots),
            )
        )
    return join(rows)


def _stops(face: Face, standoff_m: float, windows: _Windows) -> tuple[Floats, Floats, Floats]:
    """Give camera, target and normal (n, 2) of one row along all straight parts of a face."""
    xy = np.asarray(face.line_m.simplify(TIDY_SHARE * standoff_m).coords)[:, :2]
    closed = len(xy) > 3 and np.allclose(xy[0], xy[-1])
    ways = np.diff(xy, axis=0)
    lengths = np.linalg.norm(ways, axis=1)
    along = ways / lengths[:, None]
    out = np.column_stack([along[:, 1], -along[:, 0]])
    cameras, targets, normals = [], [], []
    last = len(ways) - 1
    for number in range(len(ways)):
        before = windows.beyond_m if number == 0 and not closed else 0.0
        after = windows.beyond_m if number == last and not closed else 0.0
        stops = np.array(windows.centres_m(-before, lengths[number] + after))
        target = xy[number] + stops[:, None] * along[number]
        cameras.append(target + standoff_m * out[number])
        targets.append(target)
        normals.append(np.tile(out[number], (len(target), 1)))
        following = (number + 1) % len(ways)
        if number < last or closed:
            corner = _round_corner(out[number], out[following])
            cameras.append(xy[number + 1] + standoff_m * corner)
            targets.append(np.tile(xy[number + 1], (len(corner), 1)))
            normals.append(corner)
    return np.concatenate(cameras), np.concatenate(targets), np.concatenate(normals)


def _round_corner(before: Floats, after: Floats) -> Floats:
    """Give the directions (n, 2) out of an outer corner between two faces; none in an inner one."""
    turn = math.degrees(
        math.atan2(before[0] * after[1] - before[1] * after[0], float(before @ after))
    )
    if turn < SHALLOW_DEG:
        return np.empty((0, 2))
    legs = max(2, math.ceil(turn / CORNER_STEP_DEG - 0.1))
    angles = np.radians(np.linspace(0.0, turn, legs + 1)[1:-1])
    c, s = np.cos(angles), np.sin(angles)
    return np.column_stack([c * before[0] - s * before[1], s * before[0] + c * before[1]])


def _not_below(poses: Poses, lowest_m: float, least_step_m: float) -> Poses:
    """Raise cameras that would fly too low, and tilt them down to what they were to see.

    A row that would then lie a little above them is flown at the same height as they are.
    """
    position_m = poses.position_m.copy()
    height = position_m[:, 2]
    if (height < lowest_m).any():
        height[height < lowest_m + least_step_m] = lowest_m
    yaw_deg, pitch_deg = towards(position_m, poses.target_m)
    return Poses(
        position_m=position_m,
        yaw_deg=yaw_deg,
        pitch_deg=pitch_deg,
        target_m=poses.target_m,
        normal=poses.normal,
        row=poses.row,
        element=poses.element,
    )


def _too_close(
    poses: Poses, face: Face, faces: Sequence[Face], clearance_m: float
) -> NDArray[np.bool_]:
    """Tell which photo points come too close to any face at their height, their own included."""
    spots = shapely.points(poses.position_m[:, :2])
    height = poses.position_m[:, 2]
    near = np.zeros(len(poses), dtype=bool)
    for other in faces:
        beside = (height >= other.bottom_m - clearance_m) & (height <= other.top_m + clearance_m)
        limit_m = clearance_m - (1e-6 if other is not face else 1e-3)
        near |= beside & (shapely.distance(spots, other.line_m) < limit_m)
    return near
