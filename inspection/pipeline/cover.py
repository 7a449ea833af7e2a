"""Say on site what the photos cover: footprints from the drone's own positions, before any mosaic.

Every photo that states where it was, how high above take-off, and how it looked sees a piece of a
level surface. What of it shows a crack of the wanted width is what the later proof
(``pipeline/capability``) would accept as well: the ground sample distance in its worst direction
times 0.33, seen within 20° of the perpendicular, by a photo that is not soft. The positions are
those of the drone, good to metres without RTK: this tells where to fly again, it proves nothing.

Source: domain specification §4.2 (limit of incidence), §4.7 (w_min = 0.33·GSD), §4.9 (sharpness).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray

from inspection.domain.capture import CapturePose, Photo
from inspection.errors import BadInput
from inspection.geo.camera import Camera, Pose, rotation_from_gimbal
from inspection.geo.frames import LocalFrame
from inspection.imaging.capability import CORRECTABLE_DEG, SMALLEST_PX

STEEPEST_DEG = 60.0
"""Photos that look flatter than so far from straight down see the horizon or nearly so."""

NEAREST_M = 0.3
CORNERS = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
CIRCLE = 16
"""Segments of a quarter of a circle; the polygon lies inside of it."""

GRID_M = 0.005
"""Coordinates are rounded to it, so that slivers between footprints vanish."""


STEP_M = 1e-3
STEPS_M = np.array([[0.0, 0.0], [STEP_M, 0.0], [0.0, STEP_M]])
"""Where a pixel is asked how far it is from its neighbours."""


class Unplaced(StrEnum):
    """Say why a photo is on no map."""

    NO_POSITION = "no_position"
    NO_HEIGHT = "no_height"
    NO_LENS = "no_lens"
    TOO_NEAR = "too_near"
    TOO_FLAT = "too_flat"


class Reach(StrEnum):
    """Say what a place, or the middle of a photo, shows at the wanted crack width."""

    FINE = "fine"
    ABLE = "able"
    SOFT = "soft"
    COARSE = "coarse"
    NOT_SEEN = "not_seen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """Say what one photo sees of the surface, in metres of a local frame.

    Attributes:
        photo: the photo.
        outline_m: what it sees.
        useful_m: what of it is seen steeply enough to measure.
        distance_m: from the camera to the surface, straight down.
        gsd_mm_per_px: on the surface, in the worst direction of the useful part.
        level: the photo does not say how the camera looked; straight down is taken for granted, and
            only the circle counts that is seen whichever way it was turned.
    """

    photo: Photo
    outline_m: shapely.Polygon
    useful_m: shapely.Geometry
    distance_m: float
    gsd_mm_per_px: float
    level: bool

    @property
    def width_min_mm(self) -> float:
        """Give the smallest crack width that a sharp photo of this kind measures."""
        return SMALLEST_PX * self.gsd_mm_per_px

    def reach(self, width_mm: float) -> Reach:
        """Say what the photo shows at a wanted width."""
        if self.width_min_mm > width_mm or self.useful_m.is_empty:
            return Reach.COARSE
        if self.photo.quality is not None and self.photo.quality.is_blurred:
            return Reach.SOFT
        return Reach.FINE if 2 * self.width_min_mm <= width_mm else Reach.ABLE


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """Hold what some photos cover.

    Attributes:
        frame: where the local metres begin; None when no photo could be placed.
        sightings: of the photos that could be placed.
        unplaced: the others, each with the reason.
    """

    frame: LocalFrame | None
    sightings: tuple[Sighting, ...]
    unplaced: tuple[tuple[Photo, Unplaced], ...]

    @cached_property
    def hull_m(self) -> shapely.Geometry:
        """Give the convex hull of all that is seen: the area that is asked about."""
        return shapely.union_all([one.outline_m for one in self.sightings]).convex_hull

    def regions(self, width_mm: float) -> dict[Reach, shapely.Geometry]:
        """Part the hull by the best that any photo shows there; the parts do not overlap.

        Raises:
            BadInput: when the width is not above 0.
        """
        if not 0 < width_mm < np.inf:
            raise BadInput(f"the wanted width must be above 0 mm, got {width_mm} mm")
        shown: dict[Reach, list[shapely.Geometry]] = {reach: [] for reach in Reach}
        for one in self.sightings:
            reach = one.reach(width_mm)
            shown[reach].append(one.outline_m if reach is Reach.COARSE else one.useful_m)
            shown[Reach.COARSE].append(one.outline_m)  # beside its useful part
        shown[Reach.NOT_SEEN] = [self.hull_m]
        left: dict[Reach, shapely.Geometry] = {}
        taken: shapely.Geometry = shapely.Polygon()
        for reach in Reach:
            whole = shapely.union_all(shown[reach], grid_size=GRID_M)
            left[reach] = shapely.difference(whole, taken, grid_size=GRID_M)
            taken = shapely.union(taken, whole, grid_size=GRID_M)
        return left

    def to_lonlat(self, shape: shapely.Geometry) -> shapely.Geometry:
        """Move a shape of the local frame to longitude and latitude, 1 cm exact."""
        frame = self.frame
        if frame is None or shape.is_empty:
            return shape

        def move(points: NDArray[np.float64]) -> NDArray[np.float64]:
            lifted = np.column_stack([points, np.zeros(len(points))])
            return frame.to_lonlat_h(lifted)[:, :2].round(8)

        return shapely.transform(shape.simplify(GRID_M), move)


def share(regions: Mapping[Reach, shapely.Geometry]) -> float:
    """Give how much of the area asked about shows cracks of the wanted width, 0–1."""
    whole = sum(part.area for part in regions.values())
    return (regions[Reach.FINE].area + regions[Reach.ABLE].area) / whole if whole > 0 else 0.0


def cover(
    photos: Sequence[Photo], *, surface_height_m: float = 0.0, gsd_m_per_px: float | None = None
) -> Coverage:
    """Place the footprints of photos on a level surface.

    Args:
        photos: of one flight.
        surface_height_m: of the surface above the place of take-off; negative below it.
        gsd_m_per_px: stands in for the height of photos that state none.
    """
    placeable = [photo for photo in photos if photo.pose is not None]
    frame = _frame(placeable) if placeable else None
    sightings, unplaced = [], []
    for photo in photos:
        seen = _sighting(photo, frame, surface_height_m, gsd_m_per_px)
        if isinstance(seen, Unplaced):
            unplaced.append((photo, seen))
        else:
            sightings.append(seen)
    return Coverage(frame=frame, sightings=tuple(sightings), unplaced=tuple(unplaced))


def _frame(photos: Sequence[Photo]) -> LocalFrame:
    places = [(p.pose.lon_deg, p.pose.lat_deg) for p in photos if p.pose is not None]
    lon_deg, lat_deg = np.median(np.array(places), axis=0)
    return LocalFrame(lon_deg=float(lon_deg), lat_deg=float(lat_deg))


def _sighting(
    photo: Photo, frame: LocalFrame | None, surface_height_m: float, gsd_m_per_px: float | None
) -> Sighting | Unplaced:
    """Place one photo, or say why that is impossible."""
    pose = photo.pose
    if pose is None or frame is None:
        return Unplaced.NO_POSITION
    if photo.focal_px is None:
        return Unplaced.NO_LENS
    if pose.altitude_relative_m is not None:
        distance_m = pose.altitude_relative_m - surface_height_m
    elif gsd_m_per_px is not None:
        distance_m = gsd_m_per_px * photo.focal_px
    else:
        return Unplaced.NO_HEIGHT
    if distance_m < NEAREST_M:
        return Unplaced.TOO_NEAR
    return _seen(photo, photo.focal_px, pose, frame, distance_m)


def _seen(
    photo: Photo, focal_px: float, pose: CapturePose, frame: LocalFrame, distance_m: float
) -> Sighting | Unplaced:
    east_m, north_m, _ = frame.to_enu_m([[pose.lon_deg, pose.lat_deg, 0.0]])[0]
    camera = Camera(
        width_px=photo.width_px,
        height_px=photo.height_px,
        focal_px=focal_px,
        cx_px=photo.width_px / 2,
        cy_px=photo.height_px / 2,
    )
    level = pose.yaw_deg is None or pose.pitch_deg is None
    rotation = rotation_from_gimbal(
        yaw_deg=pose.yaw_deg or 0.0,
        pitch_deg=-90.0 if pose.pitch_deg is None or level else pose.pitch_deg,
        roll_deg=0.0 if level else pose.roll_deg or 0.0,
    )
    placed = Pose(
        camera_from_world=rotation, centre_world_m=np.array([east_m, north_m, distance_m])
    )
    outline = _outline(camera, placed)
    if outline is None:
        return Unplaced.TOO_FLAT
    foot = shapely.Point(east_m, north_m)
    if level:
        half_m = min(camera.footprint_m(distance_m)) / 2
        outline = foot.buffer(half_m, quad_segs=CIRCLE)
    steep = foot.buffer(distance_m * np.tan(np.radians(CORRECTABLE_DEG)), quad_segs=CIRCLE)
    useful = shapely.intersection(outline, steep)
    worst = _gsd_mm_per_px(camera, placed, outline if useful.is_empty else useful)
    return Sighting(
        photo=photo,
        outline_m=outline,
        useful_m=useful,
        distance_m=distance_m,
        gsd_mm_per_px=worst,
        level=level,
    )


def _outline(camera: Camera, pose: Pose) -> shapely.Polygon | None:
    """Meet the rays of the corners with the surface; None when one does not meet it nearby."""
    corners = np.array(CORNERS) * (camera.width_px, camera.height_px)
    rays = pose.to_world_directions(camera.rays(corners))
    down = -rays[:, 2]
    if (down < np.cos(np.radians(STEEPEST_DEG))).any():
        return None
    reach = pose.centre_world_m[2] / down
    return shapely.Polygon(pose.centre_world_m[:2] + rays[:, :2] * reach[:, None])


def _gsd_mm_per_px(camera: Camera, pose: Pose, region: shapely.Geometry) -> float:
    """Give the coarsest ground sample distance, in any direction, at the edge of a region."""
    edge = shapely.get_coordinates(region)
    steps = [np.column_stack([edge + step, np.zeros(len(edge))]) for step in STEPS_M]
    here, right, up = (camera.project(pose.to_camera(points)) for points in steps)
    px_per_m = np.stack([right - here, up - here], axis=2) / STEP_M
    return float(1000.0 / np.linalg.svd(px_per_m, compute_uv=False)[:, 1].min())
