"""Blur measured from edges and lines, against pictures of known blur."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from inspection.errors import BadInput
from inspection.imaging.blur import blur_px, fill_blur, read_blur

FINE, SIDE = 4, 320


def picture(kind: str, sigma_px: float, *, noise: float = 2.0, seed: int = 1) -> NDArray[np.uint8]:
    rng = np.random.default_rng(seed)
    fine = np.full((SIDE * FINE, SIDE * FINE), 150, np.float32)
    for _ in range(160 if kind == "stains" else 25):
        ends = rng.integers(0, SIDE * FINE, (2, 2))
        if kind == "stains":
            radius = int(rng.integers(8 * FINE, 16 * FINE))
            cv2.circle(fine, (int(ends[0, 0]), int(ends[0, 1])), radius, rng.uniform(60, 220), -1)
        elif kind == "lines":
            cv2.line(fine, ends[0].tolist(), ends[1].tolist(), 50, 2 * FINE)
    soft = cv2.GaussianBlur(fine, (0, 0), sigma_px * FINE)
    seen = cv2.resize(soft, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return np.clip(seen + rng.normal(0, noise, seen.shape), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("kind", ["stains", "lines"])
@pytest.mark.parametrize("sigma", [0.5, 0.8, 1.2, 2.0, 3.0])
def test_blur_is_right_within_a_quarter(kind: str, sigma: float) -> None:
    found = float(np.nanmedian(blur_px(picture(kind, sigma))))
    true = float(np.hypot(sigma, 12**-0.5))  # a pixel is itself a blur of variance 1/12
    low, high = (0.75, 1.25) if sigma > 0.5 else (0.75, 1.75)
    assert low * true <= found <= high * true


@pytest.mark.parametrize("kind", ["stains", "lines"])
def test_more_blur_measures_as_more(kind: str) -> None:
    found = [float(np.nanmedian(read_blur(picture(kind, s)).any_px)) for s in (0.8, 1.4, 2.2, 3.0)]
    assert found == sorted(found)


def test_a_wall_without_an_edge_says_nothing() -> None:
    plain = picture("nothing", 1.0)
    assert np.isnan(read_blur(plain).any_px).all() and np.isnan(blur_px(plain)).all()


def test_blur_is_told_place_by_place() -> None:
    half = SIDE // 2
    mixed = picture("stains", 0.8)
    mixed[:, half:] = picture("stains", 2.6)[:, half:]
    found = blur_px(mixed, tile_px=40)
    assert np.median(found[:, :3]) < 1.2
    assert np.median(found[:, 5:]) > 2.0


def test_a_tile_without_edges_borrows_from_its_neighbours() -> None:
    known = np.array([[1.0, np.nan, np.nan, np.nan, 3.0]], dtype=np.float32)
    assert fill_blur(known).tolist() == [[1.0, 1.0, 2.0, 3.0, 3.0]]


def test_nonsense_is_refused() -> None:
    with pytest.raises(BadInput, match="8×8"):
        blur_px(np.zeros((4, 4), np.uint8))
