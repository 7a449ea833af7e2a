"""Vary training chips as a drone's flight, lens, weather and codec do.

Geometry first (scale, crop, flips, quarter turns), then light (shadow, brightness, contrast,
gamma, colour), then lens and file (blur, noise, JPEG). Classes follow the geometry by nearest
neighbour, except that thin cracks keep their pixels when the chip shrinks.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.classes import BACKGROUND, CRACK, IGNORE_INDEX, JOINT
from datasets.filled_joint import lay_filled_joint, paint_filled_joint
from datasets.procedural import draw_crack, draw_joint, polygon_shadow, uneven_depth

Bytes = NDArray[np.uint8]


def rescale(rgb: Bytes, classes: Bytes, factor: float) -> tuple[Bytes, Bytes]:
    """Return image and classes scaled; a shrunk pixel is crack if 40 % of it was.

    Plain nearest neighbour would break a 1 px crack into dots at factor 0.5.
    """
    size = (max(32, round(rgb.shape[1] * factor)), max(32, round(rgb.shape[0] * factor)))
    method = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    scaled = cv2.resize(rgb, size, interpolation=method)
    labels = cv2.resize(classes, size, interpolation=cv2.INTER_NEAREST)
    share = cv2.resize((classes == CRACK).astype(np.float32), size, interpolation=method)
    labels[(share < 0.4) & (labels == CRACK)] = BACKGROUND
    labels[share >= 0.4] = CRACK
    return np.asarray(scaled, dtype=np.uint8), np.asarray(labels, dtype=np.uint8)


def crop_or_pad(
    rng: np.random.Generator, rgb: Bytes, classes: Bytes, size_px: int
) -> tuple[Bytes, Bytes]:
    """Return a random square window; a short side is reflected in the image and ignored in labels.

    Half of the windows with a labelled object are moved to contain one of its pixels.
    """
    pad_y, pad_x = (max(0, size_px - side) for side in rgb.shape[:2])
    if pad_y or pad_x:
        rgb = np.asarray(
            cv2.copyMakeBorder(rgb, 0, pad_y, 0, pad_x, cv2.BORDER_REFLECT_101), dtype=np.uint8
        )
        classes = np.pad(classes, ((0, pad_y), (0, pad_x)), constant_values=IGNORE_INDEX)
    room_y, room_x = rgb.shape[0] - size_px, rgb.shape[1] - size_px
    y, x = int(rng.integers(0, room_y + 1)), int(rng.integers(0, room_x + 1))
    objects = np.flatnonzero((classes != BACKGROUND) & (classes != IGNORE_INDEX))
    if objects.size and rng.random() < 0.5:
        row, col = divmod(int(rng.choice(objects)), classes.shape[1])
        y = int(np.clip(row - rng.integers(0, size_px), 0, room_y))
        x = int(np.clip(col - rng.integers(0, size_px), 0, room_x))
    window = (slice(y, y + size_px), slice(x, x + size_px))
    return rgb[window], classes[window]


def turn(rng: np.random.Generator, rgb: Bytes, classes: Bytes) -> tuple[Bytes, Bytes]:
    """Return one of the eight mirrored and quarter-turned views: nadir photos have no up."""
    quarters = int(rng.integers(0, 4))
    rgb, classes = np.rot90(rgb, quarters), np.rot90(classes, quarters)
    if rng.random() < 0.5:
        rgb, classes = rgb[:, ::-1], classes[:, ::-1]
    return np.ascontiguousarray(rgb), np.ascontiguousarray(classes)


def draw_joint_on(rng: np.random.Generator, rgb: Bytes, classes: Bytes) -> tuple[Bytes, Bytes]:
    """Return the chip with one drawn joint: real texture, known label, cracks kept on top."""
    cover = draw_joint(rng, max(rgb.shape[:2]))[: rgb.shape[0], : rgb.shape[1]]
    depth = uneven_depth(rng, max(rgb.shape[:2]))[: rgb.shape[0], : rgb.shape[1]]
    depth = depth * cover * np.float32(rng.uniform(0.4, 0.85))
    darker = (rgb * (1 - depth[..., None])).astype(np.uint8)
    labels = np.where((cover >= 0.5) & (classes == BACKGROUND), np.uint8(JOINT), classes)
    return darker, np.asarray(labels, dtype=np.uint8)


def fill_joint_on(rng: np.random.Generator, rgb: Bytes, classes: Bytes) -> tuple[Bytes, Bytes]:
    """Return the chip with one filled joint, its broken edges labelled too, cracks kept on top."""
    joint = lay_filled_joint(rng, rgb.shape[0])
    labels = np.where(joint.cover & (classes == BACKGROUND), np.uint8(JOINT), classes)
    return paint_filled_joint(rng, rgb, joint), np.asarray(labels, dtype=np.uint8)


def crack_on(rng: np.random.Generator, rgb: Bytes, classes: Bytes) -> tuple[Bytes, Bytes]:
    """Return the chip with one drawn crack, of any width: real texture, known label.

    Joints are drawn into real chips as well. Were cracks not, whatever is drawn would be a joint,
    and a wide crack of one tone would be told as one.
    """
    side = max(rgb.shape[:2])
    cover = draw_crack(rng, side)[: rgb.shape[0], : rgb.shape[1]]
    cover = np.asarray(cv2.GaussianBlur(cover, (0, 0), rng.uniform(0.3, 1.0)), dtype=np.float32)
    darker = (rgb * (1 - cover[..., None] * np.float32(rng.uniform(0.3, 0.85)))).astype(np.uint8)
    return darker, np.where(cover >= 0.5, np.uint8(CRACK), classes).astype(np.uint8)


def light_table(rng: np.random.Generator, mean: float) -> Bytes:
    """Return one random tone curve a channel, (256, 1, 3): contrast, gain, balance, gamma."""
    tones = np.arange(256, dtype=np.float64)[:, None, None] / 255
    tones = (tones - mean) * rng.uniform(0.7, 1.35) + mean
    tones = tones * rng.uniform(0.75, 1.25) * rng.uniform(0.94, 1.06, (1, 1, 3))
    tones = np.clip(tones, 0, 1) ** rng.uniform(0.75, 1.35)
    return (tones * 255).astype(np.uint8)


def change_light(rng: np.random.Generator, rgb: Bytes) -> Bytes:
    """Return the image under other light: shadow, tone curves, sometimes grey."""
    if rng.random() < 0.15:
        shade = polygon_shadow(rng, max(rgb.shape[:2]))[: rgb.shape[0], : rgb.shape[1], None]
        rgb = (rgb * (1 - shade * np.float32(rng.uniform(0.2, 0.6)))).astype(np.uint8)
    if rng.random() < 0.1:  # grey photos exist, and colour must not decide
        rgb = np.repeat(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
    table = light_table(rng, float(rgb[::8, ::8].mean()) / 255)
    return np.asarray(cv2.LUT(rgb, table.reshape(1, 256, 3)), dtype=np.uint8)


def motion_kernel(rng: np.random.Generator) -> NDArray[np.float32]:
    """Return the kernel of a short straight motion blur, 3-7 px long, that sums to 1."""
    length = int(rng.integers(3, 8))
    kernel = np.zeros((length, length), dtype=np.float32)
    angle, middle = rng.uniform(0, np.pi), (length - 1) / 2
    reach = np.array([np.cos(angle), np.sin(angle)]) * middle
    ends = [np.round(middle + sign * reach).astype(int).tolist() for sign in (-1, 1)]
    cv2.line(kernel, ends[0], ends[1], 1.0, 1)
    return np.asarray(kernel / kernel.sum(), dtype=np.float32)


def degrade(rng: np.random.Generator, rgb: Bytes) -> Bytes:
    """Return the image as a lens, a sensor and a codec would leave it."""
    if rng.random() < 0.2:
        rgb = np.asarray(cv2.GaussianBlur(rgb, (0, 0), rng.uniform(0.4, 1.4)), dtype=np.uint8)
    elif rng.random() < 0.1:
        rgb = np.asarray(cv2.filter2D(rgb, -1, motion_kernel(rng)), dtype=np.uint8)
    if rng.random() < 0.3:
        noise = rng.standard_normal(rgb.shape, dtype=np.float32) * np.float32(rng.uniform(1, 9))
        rgb = np.clip(rgb + noise, 0, 255).astype(np.uint8)
    if rng.random() < 0.3:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(35, 95))]
        rgb = np.asarray(cv2.imdecode(cv2.imencode(".jpg", rgb, quality)[1], 1), dtype=np.uint8)
    return rgb


def augment(
    rng: np.random.Generator, rgb: Bytes, classes: Bytes, size_px: int
) -> tuple[Bytes, Bytes]:
    """Return a random square view of a chip, (size, size, 3) and (size, size) uint8."""
    if rng.random() < 0.5:
        rgb, classes = rescale(rgb, classes, float(np.exp(rng.uniform(np.log(0.6), np.log(2)))))
    rgb, classes = crop_or_pad(rng, rgb, classes, size_px)
    rgb, classes = turn(rng, rgb, classes)
    if rng.random() < 0.12:
        rgb, classes = crack_on(rng, rgb, classes)
    kind = rng.random()
    if kind < 0.14:
        rgb, classes = draw_joint_on(rng, rgb, classes)
    elif kind < 0.32:
        rgb, classes = fill_joint_on(rng, rgb, classes)
    return degrade(rng, change_light(rng, rgb)), classes
