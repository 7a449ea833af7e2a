"""Describe rasters: the orthomosaic, how well it was registered, and the chip read from it."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from inspection.errors import BadInput
from inspection.geo.camera import Camera, Pose
from inspection.geo.grid import PixelGrid


@dataclass(frozen=True, slots=True, kw_only=True)
class Residual:
    """Compare where the reconstruction puts one camera with what its GPS said, metres ENU."""

    photo: str
    east_m: float
    north_m: float
    up_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """Say how the photos were tied together and how far that can be trusted.

    Attributes:
        method: ``sfm`` (pycolmap with GPS priors) or ``planar`` (no poses, one plane).
        cameras: camera of each photo by sha256, undistorted by its own ``k1``.
        poses: camera pose of each photo by sha256 in the local ENU (or plane) frame.
        unregistered: sha256 of photos that could not be tied in.
        reprojection_px: mean reprojection error.
        camera_gps_rms_horizontal_m: rms over cameras, None without GPS.
        camera_gps_rms_vertical_m: rms over cameras, None without GPS.
        height_ratio: reconstructed flying height ÷ height of the metadata, None when unknown.
        residuals: one row a photo.
        warnings: sentences for the user.
    """

    method: str
    cameras: Mapping[str, Camera]
    poses: Mapping[str, Pose]
    unregistered: tuple[str, ...] = ()
    reprojection_px: float | None = None
    camera_gps_rms_horizontal_m: float | None = None
    camera_gps_rms_vertical_m: float | None = None
    height_ratio: float | None = None
    residuals: tuple[Residual, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Orthomosaic:
    """Identify a finished mosaic and its companion that says which photo each pixel came from.

    Attributes:
        survey_id: the survey that it shows.
        sha256: digest of the COG; the identity of the mosaic.
        blob_key: key of the COG (RGB + alpha mask) in the blob store.
        sources_key: key of ``sources.tif``: uint16, 0 nothing, n the n-th of ``source_photos``.
        source_photos: sha256 in the order of the numbers in ``sources.tif``.
        grid: ties pixels to the surface.
        gsd_uncertainty_ratio: u_GSD ÷ GSD (domain specification §4.6).
        georeferenced: False for a local metric frame that nothing ties to the earth.
        facts: the registration report as plain values, for ``run.json``.
    """

    survey_id: uuid.UUID
    sha256: str
    blob_key: str
    sources_key: str
    source_photos: tuple[str, ...]
    grid: PixelGrid
    gsd_uncertainty_ratio: float
    georeferenced: bool
    facts: Mapping[str, object] = field(default_factory=dict)

    @property
    def photos_given(self) -> int | None:
        """Say of how many photos it was to be made; None where its maker did not tell."""
        registration = self.facts.get("registration")
        of = registration.get("of") if isinstance(registration, Mapping) else None
        return of if isinstance(of, int) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """Carry one inference window in native pixels.

    A chip is read with a margin; only its *core* speaks for the mosaic. The cores of all chips
    tile the raster without gap or overlap, so the result does not depend on their order.

    Attributes:
        x_px: column of the chip's left edge in the raster (may be negative: padded).
        y_px: row of the chip's top edge in the raster (may be negative: padded).
        core: ``x0 y0 x1 y1`` in raster pixels, half-open.
        pixels: (H, W, 3) uint8 RGB.
        valid: (H, W) bool, False where the raster has no data.
    """

    x_px: int
    y_px: int
    core: tuple[int, int, int, int]
    pixels: NDArray[np.uint8]
    valid: NDArray[np.bool_]

    def __post_init__(self) -> None:
        """Check shapes."""
        if self.pixels.ndim != 3 or self.pixels.shape[2] != 3:
            raise BadInput(f"chip pixels need shape (H, W, 3), got {self.pixels.shape}")
        if self.valid.shape != self.pixels.shape[:2]:
            raise BadInput(f"chip mask needs shape {self.pixels.shape[:2]}, got {self.valid.shape}")
