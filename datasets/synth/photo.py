"""Expose photos: from the painted surface through lens, light and sensor to 8-bit RGB."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.synth.canvas import FULL, SOFT, Canvas
from datasets.synth.deck import Deck
from inspection.geo.camera import Camera, Pose

Floats = NDArray[np.float32]

EXPOSURE = 1.25
"""Sensor signal of a surface that reflects all light, full well = 1."""
FULL_WELL_E = 12_000.0
READ_NOISE_E = 12.0
VIGNETTING = 0.22
"""Share of light lost in the corner of a photo."""
OUTSIDE = (0.045, 0.060, 0.058)
"""Linear RGB of the water beside the bridge, out of focus and in shade."""
LEVELS = 4096
OVERSAMPLED = 2
"""Samples a pixel side behind a ``Lens``."""
PIXEL_SIGMA = 12**-0.5
"""Standard deviation of a square pixel, pixels."""


@dataclass(frozen=True, slots=True)
class Optics:
    """Keep what is the same in every photo of a camera.

    Attributes:
        ideal_x: (H, W) float32, undistorted normalised direction of each pixel centre.
        ideal_y: (H, W) float32.
        gain: (H, W) float32, exposure and vignetting.
        curve: (4096,) uint8, sensor level to sRGB byte.
    """

    ideal_x: Floats
    ideal_y: Floats
    gain: Floats
    curve: NDArray[np.uint8]


def build_optics(camera: Camera) -> Optics:
    """Prepare the per-pixel tables of a camera."""
    x = ((np.arange(camera.width_px) + 0.5 - camera.cx_px) / camera.focal_px)[None, :]
    y = ((np.arange(camera.height_px) + 0.5 - camera.cy_px) / camera.focal_px)[:, None]
    radius = np.hypot(x, y)
    distorted, ratio = _radial_table(camera, float(radius.max()))
    undistort = np.interp(radius, distorted, ratio)
    falloff = 1 - VIGNETTING * (radius / radius.max()) ** 2.4
    return Optics(
        ideal_x=(x * undistort).astype(np.float32),
        ideal_y=(y * undistort).astype(np.float32),
        gain=(EXPOSURE * falloff).astype(np.float32),
        curve=srgb_curve(LEVELS),
    )


def srgb_curve(levels: int) -> NDArray[np.uint8]:
    """Give the sRGB byte of each linear level, (levels,) uint8.

    Source: IEC 61966-2-1.

    >>> srgb_curve(4096)[[0, 877, 4095]].tolist()  # 21.4 % of the light is the middle byte
    [0, 128, 255]
    """
    linear = np.arange(levels) / (levels - 1)
    curved = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(np.round(curved * 255), dtype=np.uint8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lens:
    """Blur a photo as a lens does, in its own pixels, whatever the distance and the angle.

    Attributes:
        sigma_px: standard deviation of the Gaussian point spread.
        stop: share of the light that reaches the sensor.
    """

    sigma_px: float
    stop: float = 1.0

    @property
    def sigma_in_all_px(self) -> float:
        """Give the standard deviation of the blur with that of the pixel itself."""
        return float(np.hypot(self.sigma_px, PIXEL_SIGMA))

    def focus(self, light: Floats) -> Floats:
        """Blur light sampled ``OVERSAMPLED`` times a pixel, and gather it in pixels."""
        soft = cv2.GaussianBlur(light, (0, 0), self.sigma_px * OVERSAMPLED)
        size = (light.shape[1] // OVERSAMPLED, light.shape[0] // OVERSAMPLED)
        small = cv2.resize(soft, size, interpolation=cv2.INTER_AREA)
        return np.asarray(small * np.float32(self.stop), dtype=np.float32)


def oversampled(camera: Camera) -> Camera:
    """Give a camera whose pixels are ``OVERSAMPLED`` times finer, for photos through a ``Lens``."""
    return Camera(
        width_px=camera.width_px * OVERSAMPLED,
        height_px=camera.height_px * OVERSAMPLED,
        focal_px=camera.focal_px * OVERSAMPLED,
        cx_px=camera.cx_px * OVERSAMPLED,
        cy_px=camera.cy_px * OVERSAMPLED,
        k1=camera.k1,
    )


def expose(
    canvas: Canvas,
    deck: Deck,
    optics: Optics,
    pose: Pose,
    rng: np.random.Generator,
    *,
    lens: Lens | None = None,
) -> NDArray[np.uint8]:
    """Take one photo of the painted surface, (H, W, 3) uint8 RGB.

    Args:
        canvas: the painted surface.
        deck: where it lies.
        optics: of the camera, built for ``lens`` where one is given.
        pose: of the camera.
        rng: noise and exposure.
        lens: blurs the photo itself; without one the blur is that of the painted surface.
    """
    map_x, map_y = _lookup(canvas, deck, optics, pose)
    grey = cv2.remap(
        canvas.grey, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0
    )
    outside = ~_inside(canvas, map_x, map_y)
    tint = _soft_tint(canvas, map_x, map_y)
    gain = optics.gain * np.float32(1 + rng.normal(0, 0.015))
    fold = 1 if lens is None else OVERSAMPLED
    photo = np.empty((grey.shape[0] // fold, grey.shape[1] // fold, 3), dtype=np.uint8)
    for channel in range(3):
        light = np.multiply(grey, tint[..., channel], dtype=np.float32)
        light *= np.float32(FULL / 255)
        light[outside] = OUTSIDE[channel]
        light *= gain
        if lens is not None:
            light = lens.focus(light)
        photo[..., channel] = _develop(light, optics.curve, rng)
    return photo


def surface_homography(deck: Deck, pose: Pose) -> NDArray[np.float64]:
    """Give the matrix (3, 3) from normalised camera directions (x, y, 1) to deck metres."""
    centre = np.outer(pose.centre_world_m, [0.0, 0.0, 1.0])
    camera_from_deck = pose.camera_from_world @ (deck.enu_from_deck - centre)
    return np.asarray(np.linalg.inv(camera_from_deck), dtype=np.float64)


def _lookup(canvas: Canvas, deck: Deck, optics: Optics, pose: Pose) -> tuple[Floats, Floats]:
    """Give for each pixel the canvas pixel that it sees; index 0 is the centre of pixel 0."""
    h = canvas.px_from_deck @ surface_homography(deck, pose)
    h = (h / h[2, 2]).astype(np.float32)
    x, y = optics.ideal_x, optics.ideal_y
    scale = 1 / (h[2, 0] * x + h[2, 1] * y + h[2, 2])
    map_x = (h[0, 0] * x + h[0, 1] * y + h[0, 2]) * scale - np.float32(0.5)
    map_y = (h[1, 0] * x + h[1, 1] * y + h[1, 2]) * scale - np.float32(0.5)
    return map_x, map_y


def _inside(canvas: Canvas, map_x: Floats, map_y: Floats) -> NDArray[np.bool_]:
    rows, cols = canvas.grey.shape
    inside = (map_x > 0) & (map_y > 0) & (map_x < cols - 1) & (map_y < rows - 1)
    return np.asarray(inside, dtype=np.bool_)


def _soft_tint(canvas: Canvas, map_x: Floats, map_y: Floats) -> Floats:
    """Sample the soft layer at a quarter of the photo's resolution and spread it, (H, W, 3)."""
    height, width = map_x.shape
    small = (max(2, width // 4), max(2, height // 4))
    coarse_x, coarse_y = (
        cv2.resize(m, small, interpolation=cv2.INTER_AREA) for m in (map_x, map_y)
    )
    shift = np.float32(0.5 / SOFT - 0.5)
    tint = cv2.remap(
        canvas.tint,
        coarse_x / SOFT + shift,
        coarse_y / SOFT + shift,
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(cv2.resize(tint, (width, height), interpolation=cv2.INTER_LINEAR))


def _develop(
    light: Floats, curve: NDArray[np.uint8], rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Add shot and read noise to a linear channel, clip at the full well, and apply sRGB."""
    sigma = cv2.sqrt(
        light * np.float32(1 / FULL_WELL_E) + np.float32((READ_NOISE_E / FULL_WELL_E) ** 2)
    )
    noise = rng.standard_normal(light.shape, dtype=np.float32)
    noise *= sigma
    noise += light
    noise *= LEVELS - 1
    level = np.clip(noise, 0, LEVELS - 1, out=noise).astype(np.uint16)
    return np.asarray(curve[level], dtype=np.uint8)


def _radial_table(
    camera: Camera, radius_max: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Tabulate distorted radius against undistorted ÷ distorted radius."""
    radius = np.linspace(1e-6, radius_max * 1.001, 2000)
    pixels = np.column_stack([radius * camera.focal_px + camera.cx_px, np.full(2000, camera.cy_px)])
    rays = camera.rays(pixels)
    return radius, (rays[:, 0] / rays[:, 2]) / radius
