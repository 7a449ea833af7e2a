"""Photograph the printed board: its PDF page, rendered finely, through a camera of known faults.

The page goes through PDFium and not through our own drawing code, so that what is tested is what
comes out of a printer.
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pypdfium2
from numpy.typing import NDArray

PAPER_LIGHT, INK_LIGHT = 0.75, 0.04
DOTS_PER_MM = 40.0
"""A line of 0.05 mm is two dots wide."""


def page_of(pdf: Path) -> NDArray[np.float32]:
    """Render the page as linear light (H, W) at ``DOTS_PER_MM``."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        # PDFium rounds the page up to whole dots, which must not stretch it: a hair less
        scale = DOTS_PER_MM * 25.4 / 72 * (1 - 2e-6)
        grey = document[0].render(scale=scale, grayscale=True).to_numpy()
    finally:
        document.close()
    share = np.asarray(grey, dtype=np.float32).reshape(grey.shape[:2]) / 255
    return np.asarray(INK_LIGHT + (PAPER_LIGHT - INK_LIGHT) * share, dtype=np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardShot:
    """Say how the board is photographed.

    Attributes:
        gsd_mm: size of a pixel in the middle of the board.
        tilt_deg: about the upright axis.
        turn_deg: of the camera about its axis.
    """

    gsd_mm: float = 0.25
    tilt_deg: float = 0.0
    turn_deg: float = 0.0
    blur_px: float = 0.8
    noise: float = 0.01
    seed: int = 0
    exposure: float = 1.0


def photograph_board(page: NDArray[np.float32], path: Path, shot: BoardShot) -> Path:
    """Write one photo of the page."""
    height_mm, width_mm = np.array(page.shape) / DOTS_PER_MM
    diagonal_px = int(np.hypot(height_mm, width_mm) / shot.gsd_mm * 1.05)
    size = (diagonal_px, diagonal_px) if shot.turn_deg else (
        int(width_mm / shot.gsd_mm * 1.12), int(height_mm / shot.gsd_mm * 1.12)
    )  # fmt: skip
    over = 3
    focal = 2.5 * max(size)
    matrix = _photo_from_page(shot, (width_mm, height_mm), focal, size)
    fine = np.diag([over, over, 1.0]) @ matrix @ np.diag([1 / DOTS_PER_MM, 1 / DOTS_PER_MM, 1.0])
    # OpenCV counts from the middle of the first pixel on both sides
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1.0]])
    page = cv2.blur(page, (_odd(shot, over), _odd(shot, over)))  # what one fine pixel sees
    seen = cv2.warpPerspective(
        page,
        np.linalg.inv(half) @ fine @ half,
        (size[0] * over, size[1] * over),
        flags=cv2.INTER_LINEAR,
        borderValue=0.3,
    )
    seen = cv2.GaussianBlur(seen, (0, 0), shot.blur_px * over)
    light = shot.exposure * cv2.resize(seen, size, interpolation=cv2.INTER_AREA)
    light += np.random.default_rng(shot.seed).normal(0, shot.noise * PAPER_LIGHT, light.shape)
    light = np.clip(light, 0, 1)
    coded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    cv2.imwrite(str(path), np.round(255 * coded).astype(np.uint8))
    return path


def _odd(shot: BoardShot, over: int) -> int:
    """Give the dots of the page in one fine pixel, odd."""
    return 2 * int(shot.gsd_mm * DOTS_PER_MM / over / 2) + 1


def _photo_from_page(
    shot: BoardShot, page_mm: tuple[float, float], focal: float, size: tuple[int, int]
) -> NDArray[np.float64]:
    """Give the homography from millimetres of the page to photo pixels."""
    tilt, turn = np.radians([shot.tilt_deg, shot.turn_deg])
    about_y = np.array(
        [[np.cos(tilt), 0, np.sin(tilt)], [0, 1, 0], [-np.sin(tilt), 0, np.cos(tilt)]]
    )
    about_z = np.array(
        [[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]]
    )
    rotation = about_z @ about_y
    away = np.array([0.0, 0.0, focal * shot.gsd_mm])
    inner = np.array([[focal, 0, size[0] / 2], [0, focal, size[1] / 2], [0, 0, 1.0]])
    centred = np.array([[1, 0, -page_mm[0] / 2], [0, 1, -page_mm[1] / 2], [0, 0, 1.0]])
    return inner @ np.column_stack([rotation[:, 0], rotation[:, 1], away]) @ centred
