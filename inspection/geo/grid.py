"""Tie pixels to a surface: ``PixelGrid``.

Conventions, stated once for the whole program:

* Pixels are ``(x_px, y_px)``; the origin is the **outer corner** of the top-left pixel, x to the
  right, y down. The centre of the top-left pixel is (0.5, 0.5).
* Arrays are indexed ``[row, col]``, images ``(H, W, C)`` uint8 RGB.
* Boxes are ``x0 y0 x1 y1``, half-open.
* A *surface* coordinate is metres in the CRS of the grid: projected east/north on a map, or
  right/up in the plane of a facade, or a local frame where nothing ties the photos to the earth.
* Camera frame: x right, y down, z forward. World: ENU. Heading clockwise from true north.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from inspection.errors import BadInput

LOCAL_CRS = "LOCAL"
"""The CRS name of a metric frame that nothing ties to the earth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelGrid:
    """Map pixels of one raster to metres on a surface and back.

    Attributes:
        surface_from_px: (3, 3) float64, homogeneous; affine for a mosaic, a homography for a photo
            of a plane.
        width_px: columns.
        height_px: rows.
        crs: an authority code such as ``EPSG:32654``, WKT, or ``LOCAL``.
    """

    surface_from_px: NDArray[np.float64]
    width_px: int
    height_px: int
    crs: str = LOCAL_CRS

    def __post_init__(self) -> None:
        """Check shape, size and that the mapping can be inverted."""
        matrix = np.asarray(self.surface_from_px, dtype=np.float64)
        if matrix.shape != (3, 3):
            raise BadInput(f"PixelGrid needs a 3×3 matrix, got shape {matrix.shape}")
        if self.width_px <= 0 or self.height_px <= 0:
            raise BadInput(f"PixelGrid needs a size > 0, got {self.width_px}×{self.height_px} px")
        if not np.isfinite(matrix).all() or abs(np.linalg.det(matrix)) < 1e-18:
            raise BadInput("PixelGrid matrix cannot be inverted; check the GSD and the rotation")
        matrix.setflags(write=False)
        object.__setattr__(self, "surface_from_px", matrix)

    @classmethod
    def north_up(
        cls,
        *,
        left_m: float,
        top_m: float,
        gsd_m_per_px: float,
        width_px: int,
        height_px: int,
        crs: str = LOCAL_CRS,
    ) -> Self:
        """Build a grid whose rows run east and whose columns run south.

        Raises:
            BadInput: when the size or the ground sample distance is not above 0.

        >>> size = {"width_px": 4, "height_px": 4}
        >>> grid = PixelGrid.north_up(left_m=10, top_m=20, gsd_m_per_px=0.5, **size)
        >>> grid.to_surface([[0, 0], [4, 4]]).tolist()
        [[10.0, 20.0], [12.0, 18.0]]
        """
        g = gsd_m_per_px
        if not g > 0:
            raise BadInput(f"a grid needs a GSD > 0 m/px, got {g}")
        matrix = np.array([[g, 0.0, left_m], [0.0, -g, top_m], [0.0, 0.0, 1.0]])
        return cls(surface_from_px=matrix, width_px=width_px, height_px=height_px, crs=crs)

    @property
    def is_affine(self) -> bool:
        """Tell whether pixels have the same size everywhere."""
        return bool(np.allclose(self.surface_from_px[2], (0.0, 0.0, 1.0)))

    @property
    def gsd_m_per_px(self) -> float:
        """Give the ground sample distance at the centre of the raster, in metres per pixel."""
        centre = np.array([[self.width_px / 2, self.height_px / 2]])
        x, y, origin = (self.to_surface(centre + step)[0] for step in ((1, 0), (0, 1), (0, 0)))
        return float(np.sqrt(abs(np.linalg.det(np.stack([x - origin, y - origin])))))

    @property
    def corners_surface_m(self) -> NDArray[np.float64]:
        """Give the outer corners, (4, 2) m, from top-left clockwise in the image."""
        w, h = self.width_px, self.height_px
        return self.to_surface([[0, 0], [w, 0], [w, h], [0, h]])

    def to_surface(self, points_px: ArrayLike) -> NDArray[np.float64]:
        """Map pixel coordinates (n, 2) to surface coordinates (n, 2) in metres."""
        return _apply(self.surface_from_px, points_px)

    def to_px(self, points_surface_m: ArrayLike) -> NDArray[np.float64]:
        """Map surface coordinates (n, 2) in metres to pixel coordinates (n, 2).

        >>> size = {"width_px": 4, "height_px": 4}
        >>> grid = PixelGrid.north_up(left_m=10, top_m=20, gsd_m_per_px=0.5, **size)
        >>> grid.to_px([[12.0, 18.0]]).tolist()
        [[4.0, 4.0]]
        """
        inverse = np.asarray(np.linalg.inv(self.surface_from_px), dtype=np.float64)
        return _apply(inverse, points_surface_m)

    def window(self, *, x_px: int, y_px: int, width_px: int, height_px: int) -> Self:
        """Give the grid of a window of this raster."""
        shift = np.array([[1.0, 0.0, x_px], [0.0, 1.0, y_px], [0.0, 0.0, 1.0]])
        return type(self)(
            surface_from_px=self.surface_from_px @ shift,
            width_px=width_px,
            height_px=height_px,
            crs=self.crs,
        )


def _apply(matrix: NDArray[np.float64], points: ArrayLike) -> NDArray[np.float64]:
    """Apply a homogeneous matrix to (n, 2) points."""
    xy = np.asarray(points, dtype=np.float64)
    if xy.ndim != 2 or xy.shape[1] != 2:
        raise BadInput(f"points must have shape (n, 2), got {xy.shape}")
    mapped = np.column_stack([xy, np.ones(len(xy))]) @ matrix.T
    return np.asarray(mapped[:, :2] / mapped[:, 2:3], dtype=np.float64)
