"""Draw road photos with damage of known boxes, in the layout of ``roads/rdd_motorbike``.

Long cracks are dark bars, potholes are dark discs; anybody sees them, so a network that learns at
all learns them in a few steps.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from tests.support.tiny_sets import write_image, write_text

SIDE_PX = 160
FOLDER = "roads/rdd_motorbike"


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """Hold a drawn damage: its label and its box x0 y0 x1 y1, px, half-open."""

    label: str
    box: tuple[int, int, int, int]


def draw(seed: int, damage: Sequence[Drawn], side_px: int = SIDE_PX) -> np.ndarray:
    """Return a grey road with damage, (side, side, 3) uint8."""
    rng = np.random.default_rng(seed)
    road = rng.normal(150, 6, (side_px, side_px, 1)).repeat(3, axis=2)
    road += rng.normal(0, 8, 3)
    for each in damage:
        x0, y0, x1, y1 = each.box
        if each.label == "D00":
            road[y0:y1, x0:x1] = 30
            continue
        rows, columns = np.ogrid[:side_px, :side_px]
        across = ((columns + 0.5 - (x0 + x1) / 2) / ((x1 - x0) / 2)) ** 2
        down = ((rows + 0.5 - (y0 + y1) / 2) / ((y1 - y0) / 2)) ** 2
        road[across + down <= 1] = (70, 40, 20)
    return np.clip(road, 0, 255).astype(np.uint8)


def damage_of(seed: int, side_px: int = SIDE_PX) -> list[Drawn]:
    """Return a long crack in the left half and a pothole in the right half of a photo."""
    rng = np.random.default_rng(seed)
    half = side_px // 2
    width, height = int(rng.integers(18, 26)), int(rng.integers(90, 130))
    left, top = int(rng.integers(6, half - 30)), int(rng.integers(6, side_px - height - 6))
    size = int(rng.integers(40, 60))
    right, low = int(rng.integers(half + 4, side_px - size)), int(rng.integers(4, side_px - size))
    return [
        Drawn(label="D00", box=(left, top, left + width, top + height)),
        Drawn(label="D40", box=(right, low, right + size, low + size)),
    ]


def annotation(damage: Sequence[Drawn], side_px: int = SIDE_PX) -> str:
    """Return the Pascal VOC file of a photo: pixels from 1, the last one included."""
    objects = "".join(
        f"<object><name>{each.label}</name><bndbox><xmin>{each.box[0] + 1}</xmin>"
        f"<ymin>{each.box[1] + 1}</ymin><xmax>{each.box[2]}</xmax><ymax>{each.box[3]}</ymax>"
        "</bndbox></object>"
        for each in damage
    )
    size = f"<size><width>{side_px}</width><height>{side_px}</height><depth>3</depth></size>"
    return f"<annotation>{size}{objects}</annotation>"


def write_drawn_road(root: Path, count: int = 10) -> Path:
    """Write a data folder with drawn photos; the fourth and eighth of ten blocks are ``val``."""
    for number in range(count):
        damage = damage_of(number)
        stem = f"China_MotorBike_{number:06d}"
        rgb = draw(number, damage)
        write_image(root / FOLDER / "images" / f"{stem}.jpg", rgb[..., ::-1])
        write_text(root / FOLDER / "annotations" / f"{stem}.xml", annotation(damage))
    return root


def write_photo(path: Path, rgb: np.ndarray) -> Path:
    """Write a photo without loss and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), rgb[..., ::-1])
    return path
