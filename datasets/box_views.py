"""Vary road photos with labelled boxes as a ride, the light and a codec do.

The camera of a vehicle has an up and a down, and its road runs away from it: photos are mirrored
left to right, shown nearer and further and moved, never turned. Light, blur and codec are those of
``datasets.augment``. Four photos side by side teach small damage and what stands beside it.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.augment import change_light, degrade

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]
Indices = NDArray[np.int64]

GREY = 114
"""What lies beside a photo; the grey that YOLO networks are trained with."""

LEAST_SHARE = 0.2
"""Part of a box that must be left in a view for the box to stay, unless much is seen of it."""

MUCH_PX = 32.0
"""Shorter side from which the rest of a box still shows what it is, however large it was."""

FOUR_SCALE = 0.75
"""How much smaller photos are shown four together: their quarters are smaller, too."""

LEAST_SIDE_PX = 3.0
NEARER, FURTHER = 1.5, 0.65
STRETCH = 1.15


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxedPhoto:
    """Hold a photo with its boxes.

    Attributes:
        rgb: (h, w, 3) uint8.
        boxes: (n, 4) float32 x0 y0 x1 y1 px, half-open.
        classes: (n,) int64 index of the class of each box.
    """

    rgb: Bytes
    boxes: Floats
    classes: Indices


def move_boxes(boxes: Floats, scale: tuple[float, float], shift: tuple[float, float]) -> Floats:
    """Return boxes scaled and then moved, both along x and y.

    Examples:
        >>> box = np.array([[10, 20, 30, 40]], dtype=np.float32)
        >>> move_boxes(box, (2, 0.5), (1, -5)).tolist()
        [[21.0, 5.0, 61.0, 15.0]]
    """
    moved = boxes * np.array([*scale, *scale]) + np.array([*shift, *shift])
    return np.asarray(moved, dtype=np.float32)


def mirror_boxes(boxes: Floats, width_px: int) -> Floats:
    """Return the boxes of a photo that was mirrored left to right.

    Examples:
        >>> mirror_boxes(np.array([[10, 20, 30, 40]], dtype=np.float32), 100).tolist()
        [[70.0, 20.0, 90.0, 40.0]]
    """
    mirrored = boxes.copy()
    mirrored[:, [0, 2]] = width_px - boxes[:, [2, 0]]
    return mirrored


def clip_boxes(
    boxes: Floats, classes: Indices, width_px: int, height_px: int
) -> tuple[Floats, Indices]:
    """Return what a view shows of boxes; one of which too little is left is dropped.

    Args:
        boxes: (n, 4) px of the view.
        classes: (n,).
        width_px: Width of the view.
        height_px: Height of the view.
    """
    limits = np.array([width_px, height_px, width_px, height_px], dtype=np.float32)
    clipped = np.clip(boxes, 0, limits)
    before = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    sides = clipped[:, 2:] - clipped[:, :2]
    least = sides.min(axis=1, initial=np.inf)
    enough = (sides.prod(axis=1) >= LEAST_SHARE * before) | (least >= MUCH_PX)
    kept = (least >= LEAST_SIDE_PX) & enough
    return clipped[kept], classes[kept]


def view(
    rng: np.random.Generator, photo: BoxedPhoto, width_px: int, height_px: int, *, base: float
) -> BoxedPhoto:
    """Return a random view: mirrored or not, nearer or further, moved, with grey beside it.

    Args:
        rng: Decides.
        photo: What is looked at.
        width_px: Width of the view.
        height_px: Height of the view.
        base: Scale around which it is shown.
    """
    rgb, boxes = photo.rgb, photo.boxes
    height, width = rgb.shape[:2]
    if rng.random() < 0.5:
        rgb, boxes = rgb[:, ::-1], mirror_boxes(boxes, width)
    zoom = base * float(np.exp(rng.uniform(np.log(FURTHER), np.log(NEARER))))
    stretch = float(np.exp(rng.uniform(-np.log(STRETCH), np.log(STRETCH)) / 2))
    scale = (zoom * stretch, zoom / stretch)
    rooms = (width_px - width * scale[0], height_px - height * scale[1])
    shift = tuple(float(rng.uniform(min(0.0, room), max(0.0, room))) for room in rooms)
    seen = place(rgb, scale, (shift[0], shift[1]), width_px, height_px)
    boxes, classes = clip_boxes(
        move_boxes(boxes, scale, (shift[0], shift[1])), photo.classes, width_px, height_px
    )
    return BoxedPhoto(rgb=seen, boxes=boxes, classes=classes)


def place(
    rgb: Bytes,
    scale: tuple[float, float],
    shift: tuple[float, float],
    width_px: int,
    height_px: int,
) -> Bytes:
    """Return a picture scaled and moved into a frame; edges of pixels go where boxes go."""
    # OpenCV counts from the middle of the first pixel, boxes from its corner
    table = np.array(
        [
            [scale[0], 0, shift[0] + (scale[0] - 1) / 2],
            [0, scale[1], shift[1] + (scale[1] - 1) / 2],
        ]
    )
    framed = cv2.warpAffine(
        np.ascontiguousarray(rgb),
        table,
        (width_px, height_px),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(GREY, GREY, GREY),
    )
    return np.asarray(framed, dtype=np.uint8)


def four_together(
    rng: np.random.Generator, photos: tuple[BoxedPhoto, ...], size_px: int, *, bases: list[float]
) -> BoxedPhoto:
    """Return views of four photos that fill a square around a random middle.

    Source: Bochkovskiy, Wang, Liao 2020, YOLOv4 (mosaic augmentation).
    """
    middle = [int(size_px * rng.uniform(0.35, 0.65)) for _ in range(2)]
    canvas = np.empty((size_px, size_px, 3), dtype=np.uint8)
    boxes, classes = [], []
    for number, (photo, base) in enumerate(zip(photos, bases, strict=True)):
        row, column = divmod(number, 2)
        left, right = ((0, middle[0]), (middle[0], size_px))[column]
        top, bottom = ((0, middle[1]), (middle[1], size_px))[row]
        part = view(rng, photo, right - left, bottom - top, base=FOUR_SCALE * base)
        canvas[top:bottom, left:right] = part.rgb
        boxes.append(move_boxes(part.boxes, (1, 1), (left, top)))
        classes.append(part.classes)
    return BoxedPhoto(rgb=canvas, boxes=np.concatenate(boxes), classes=np.concatenate(classes))


def relight(rng: np.random.Generator, photo: BoxedPhoto) -> BoxedPhoto:
    """Return the view in other light, through another lens, from another codec."""
    rgb = degrade(rng, change_light(rng, photo.rgb))
    return BoxedPhoto(rgb=rgb, boxes=photo.boxes, classes=photo.classes)
