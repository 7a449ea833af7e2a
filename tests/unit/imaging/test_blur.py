"""Blur measured from edges and lines, against pictures of known blur."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from inspection.errors import BadInput
from inspection.imaging.blur import (
    SHARPEST_PX,
    BlurReading,
    blur_px,
    fill_blur,
    read_blur,
    surface_softness,
    without_softness,
)

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


def concrete(sigma_px: float, *, edges: bool, seed: int = 3) -> NDArray[np.uint8]:
    """Draw soft stones everywhere and, if wanted, some sharp-edged boards, behind a blur."""
    rng = np.random.default_rng(seed)
    side = 512
    fine = cv2.GaussianBlur(rng.normal(0, 1, (side * 2, side * 2)).astype(np.float32), (0, 0), 2.6)
    fine = 130 + 5 * fine / fine.std()
    if edges:
        for x, y in ((60, 80), (300, 90), (120, 330), (340, 350)):
            cv2.rectangle(fine, (2 * x, 2 * y), (2 * x + 180, 2 * y + 180), 40.0, -1)
    soft = cv2.GaussianBlur(fine, (0, 0), sigma_px * 2)
    seen = cv2.resize(soft, (side, side), interpolation=cv2.INTER_AREA)
    return np.clip(seen + rng.normal(0, 0.8, seen.shape), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("sigma", [0.9, 1.1, 1.3])
def test_clean_edges_tell_how_soft_the_texture_beside_them_is(sigma: float) -> None:
    true = float(np.hypot(sigma, 12**-0.5))
    texture = float(np.nanmedian(fill_blur(read_blur(concrete(sigma, edges=False)).any_px)))
    assert texture > 1.08 * true  # soft stones look like blur
    found = float(np.nanmedian(blur_px(concrete(sigma, edges=True))))
    assert found == pytest.approx(true, rel=0.15)


def test_a_photo_without_edges_learns_from_one_like_it_and_only_from_such() -> None:
    sharp, bare = (read_blur(concrete(0.8, edges=e, seed=s)) for e, s in ((True, 3), (False, 4)))
    shaken = read_blur(concrete(2.2, edges=False, seed=5))
    alone = surface_softness([bare], [2.0])
    assert alone == [0.0]
    known, learnt, left = surface_softness([sharp, bare, shaken], [2.0, 2.0, 2.0])
    assert learnt == pytest.approx(known) and known > 0.0
    assert left == 0.0  # it looks softer than any photo that shows an edge
    same_in_mm = surface_softness([sharp, bare], [2.0, 2.2])
    assert same_in_mm[1] == pytest.approx(same_in_mm[0])  # softness lies on the surface, in mm²


def test_softness_is_taken_off_in_quadrature_and_nothing_gets_too_sharp() -> None:
    seen = np.array([[1.0, 0.5, np.nan]], dtype=np.float32)
    found = without_softness(seen, 0.36)
    assert found[0, 0] == pytest.approx(0.8) and np.isnan(found[0, 2])
    assert found[0, 1] == pytest.approx(SHARPEST_PX)
    assert without_softness(seen, -0.44)[0, 0] == pytest.approx(1.2)


def test_a_few_clean_tiles_are_not_enough() -> None:
    clean = np.full((1, 8), np.nan, np.float32)
    clean[0, :2] = 0.7
    reading = BlurReading(
        any_px=np.ones((1, 8), np.float32),
        clean_px=clean,
        strength=np.where(np.isfinite(clean), 40, 10).astype(np.float32),
    )
    assert surface_softness([reading], [1.0]) == [0.0]
    pooled = surface_softness([reading, reading], [1.0, 1.0])
    assert pooled == pytest.approx([0.51, 0.51], abs=0.01)
