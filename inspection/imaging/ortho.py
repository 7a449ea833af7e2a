"""See a surface through photos: ``View``, and the grid that holds what all of them see.

The reusable heart of every mosaic of Tenken. A nadir block hands over views with a camera and a
pose above a ``GroundSurface``; a strip of photos on one plane hands over views with a homography
(``photo_from_plane``) on ``FlatSurface()``, whose surface and world coordinates are the same
metres. Then::

    grid = frame_grid(views, surface, gsd_m_per_px=0.0023, crs="LOCAL")
    write_mosaic(views, grid, surface, out_tif=..., out_sources_tif=...)   # imaging.canvas

``sources.tif`` counts the views in the order given, from 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from inspection.errors import BadInput
from inspection.geo.camera import Camera, Pose
from inspection.geo.grid import PixelGrid
from inspection.imaging.photofile import PhotoFile
from inspection.imaging.surface import Surface

MAX_INCIDENCE_DEG = 60.0
"""Rays flatter than this to the surface are not used: they smear more than they show."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """See the surface through one photo: by camera and pose, or by a homography of a plane.

    Attributes:
        sha256: identity of the photo.
        path: the photo's file, here or lent when it is read; decoded with its EXIF orientation
            applied.
        width_px: columns of the upright photo.
        height_px: rows of the upright photo.
        camera: lens of the photo; with ``pose``, instead of ``photo_from_plane``.
        pose: place of the camera in the world of the surface.
        photo_from_plane: (3, 3) homography from world x, y (z is ignored) to photo pixels.
        handicap_px: added to the seam cost; above 0 a photo only fills what better ones leave.
    """

    sha256: str
    path: PhotoFile
    width_px: int
    height_px: int
    camera: Camera | None = None
    pose: Pose | None = None
    photo_from_plane: NDArray[np.float64] | None = None
    handicap_px: float = 0.0

    def __post_init__(self) -> None:
        """Check that exactly one of the two ways to see is given."""
        posed = self.camera is not None and self.pose is not None
        if posed == (self.photo_from_plane is not None):
            raise BadInput("a view needs either camera and pose, or photo_from_plane")
        if self.photo_from_plane is not None and self.photo_from_plane.shape != (3, 3):
            raise BadInput(f"photo_from_plane must be 3×3, got {self.photo_from_plane.shape}")
        if self.photo_from_plane is not None and not (
            np.isfinite(self.photo_from_plane).all()
            and np.linalg.matrix_rank(self.photo_from_plane) == 3
        ):
            raise BadInput("photo_from_plane cannot be inverted: it shows no plane")
        if self.camera is not None and (self.camera.width_px, self.camera.height_px) != (
            self.width_px,
            self.height_px,
        ):
            raise BadInput(
                f"photo of {self.width_px}×{self.height_px} px with a camera of "
                f"{self.camera.width_px}×{self.camera.height_px} px"
            )

    def project(self, points_world_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the photo pixels (n, 2) of world points (n, 3) m; NaN where it cannot see."""
        if self.photo_from_plane is not None:
            return _apply(self.photo_from_plane, points_world_m[:, :2], self._centre_px)
        assert self.camera is not None and self.pose is not None
        camera_points = self.pose.to_camera(points_world_m)
        pixels = self.camera.project(camera_points)
        pixels[~_inside_lens(self.camera, camera_points)] = np.nan
        return pixels

    @property
    def _centre_px(self) -> NDArray[np.float64]:
        return np.array([self.width_px / 2, self.height_px / 2])

    def cost_px(
        self, points_world_m: NDArray[np.float64], pixels: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Give how unwanted this photo is at points, (n,) px: 0 straight below, growing outward.

        With a pose it is tan(incidence) · focal length, so that the photo that looks most
        squarely wins; with a homography it is the distance from the centre of the photo.
        """
        if self.camera is None or self.pose is None:
            off = pixels - self._centre_px
            return np.asarray(np.hypot(off[:, 0], off[:, 1]) + self.handicap_px)
        offset = points_world_m - self.pose.centre_world_m
        depth = np.maximum(-offset[:, 2], 1e-9)
        tangent = np.hypot(offset[:, 0], offset[:, 1]) / depth
        flat = tangent > np.tan(np.radians(MAX_INCIDENCE_DEG))
        cost = tangent * self.camera.focal_px + self.handicap_px
        return np.asarray(np.where(flat, np.nan, cost))

    def footprint_surface_m(self, surface: Surface, *, per_side: int = 8) -> NDArray[np.float64]:
        """Give the outline (4·per_side, 2) m of the photo on the surface."""
        border = _border_px(self.width_px, self.height_px, per_side)
        if self.photo_from_plane is not None:
            centre = self._centre_px
            inverse = np.asarray(np.linalg.inv(self.photo_from_plane), dtype=np.float64)
            plane = _apply(inverse, border, _apply(inverse, centre[None], None)[0])
            return surface.to_surface_m(np.column_stack([plane, np.zeros(len(plane))]))
        assert self.camera is not None and self.pose is not None
        rays = self.pose.to_world_directions(self.camera.rays(border))
        return _cast(self.pose.centre_world_m, rays, surface)


def frame_grid(
    views: Sequence[View], surface: Surface, *, gsd_m_per_px: float, crs: str
) -> PixelGrid:
    """Build the north-up grid that holds the footprints of all views.

    The corner is a multiple of the ground sample distance, so that mosaics of one site align.

    Raises:
        BadInput: when there is no view, or the mosaic would exceed 400 000 px on a side.
    """
    if not views:
        raise BadInput("a mosaic needs at least one photo")
    outline = np.concatenate([view.footprint_surface_m(surface) for view in views])
    low, high = (
        np.floor(outline.min(axis=0) / gsd_m_per_px),
        np.ceil(outline.max(axis=0) / gsd_m_per_px),
    )
    width, height = (int(v) for v in high - low)
    if max(width, height) > 400_000:
        raise BadInput(
            f"the mosaic would be {width}×{height} px at {gsd_m_per_px * 1000:.2f} mm/px; "
            "choose a coarser ground sample distance or check the positions of the photos"
        )
    return PixelGrid.north_up(
        left_m=float(low[0] * gsd_m_per_px),
        top_m=float(high[1] * gsd_m_per_px),
        gsd_m_per_px=gsd_m_per_px,
        width_px=max(width, 1),
        height_px=max(height, 1),
        crs=crs,
    )


def _apply(
    matrix: NDArray[np.float64], points_xy: ArrayLike, image_of: NDArray[np.float64] | None
) -> NDArray[np.float64]:
    """Apply a homography to (n, 2) points; NaN beyond the horizon.

    Args:
        matrix: (3, 3).
        points_xy: (n, 2).
        image_of: an image point (2,) that is known to be on the visible side; None skips that.
    """
    xy = np.asarray(points_xy, dtype=np.float64)
    mapped = np.column_stack([xy, np.ones(len(xy))]) @ matrix.T
    scale = mapped[:, 2:3]
    if image_of is not None:
        side = np.linalg.solve(matrix, np.append(image_of, 1.0))[2]
        scale = np.where(scale * side > 0, scale, np.nan)
    return np.asarray(mapped[:, :2] / scale, dtype=np.float64)


def _inside_lens(camera: Camera, points: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which camera-frame points lie before the radius at which distortion folds back."""
    with np.errstate(divide="ignore", invalid="ignore"):
        square = (points[:, 0] ** 2 + points[:, 1] ** 2) / points[:, 2] ** 2
    return np.asarray((points[:, 2] > 0) & (1.0 + 3.0 * camera.k1 * square > 0))


def _border_px(width: int, height: int, per_side: int) -> NDArray[np.float64]:
    """Walk around a photo's outline."""
    t = np.linspace(0.0, 1.0, per_side, endpoint=False)
    zero, one = np.zeros(per_side), np.ones(per_side)
    walk = [(t, zero), (one, t), (1 - t, one), (zero, 1 - t)]
    return np.concatenate([np.column_stack([x * width, y * height]) for x, y in walk])


def _cast(
    centre: NDArray[np.float64], rays: NDArray[np.float64], surface: Surface
) -> NDArray[np.float64]:
    """Intersect rays with a gently curved surface by fixed-point iteration on the height."""
    steepest = np.cos(np.radians(MAX_INCIDENCE_DEG))
    down = rays.copy()
    flat = -down[:, 2] < steepest
    horizontal = np.linalg.norm(down[:, :2], axis=1)
    shrink = np.sin(np.radians(MAX_INCIDENCE_DEG)) / np.maximum(horizontal, 1e-12)
    down[flat, :2] *= shrink[flat, None]
    down[flat, 2] = -steepest
    below = surface.to_surface_m(centre[None, :])
    z = np.full(len(rays), surface.to_world_m(below)[0, 2])
    for _ in range(8):
        hit = centre + down * ((z - centre[2]) / down[:, 2])[:, None]
        z = surface.to_world_m(surface.to_surface_m(hit))[:, 2]
    return surface.to_surface_m(hit)
