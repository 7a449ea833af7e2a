"""Painting: detail from one photo, tone from all, no visible seam, windows that fit exactly."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from inspection.geo.grid import PixelGrid
from inspection.imaging.album import Album
from inspection.imaging.blend import MARGIN_CELLS, Painter
from inspection.imaging.ortho import View
from inspection.imaging.seam import MIN_CELL_PX, SeamMap, plan_seams
from inspection.imaging.surface import FlatSurface

FLAT = FlatSurface()
GSD = 0.01
WIDTH_PX, HEIGHT_PX = 1000, 500
GRID = PixelGrid.north_up(
    left_m=0, top_m=5, gsd_m_per_px=GSD, width_px=WIDTH_PX, height_px=HEIGHT_PX
)


def ground(seed: int = 3) -> NDArray[np.uint8]:
    """Make a mosaic's worth of texture with a crack of two dark pixels along its middle."""
    random = np.random.default_rng(seed)
    noise = random.standard_normal((HEIGHT_PX, WIDTH_PX)).astype(np.float32)
    grey = 130 + 90 * cv2.GaussianBlur(noise, (0, 0), 1.5)
    grey[249:251] = 40
    return np.clip(np.stack([grey] * 3, axis=2), 0, 255).astype(np.uint8)


def look_at(folder: Path, name: str, pixels: NDArray[np.uint8], x0: int) -> View:
    """Photograph columns of the ground from ``x0`` on, pixel by pixel."""
    path = folder / f"{name}.png"
    assert cv2.imwrite(str(path), np.ascontiguousarray(pixels[..., ::-1]))
    return View(
        sha256=name,
        path=path,
        width_px=pixels.shape[1],
        height_px=pixels.shape[0],
        photo_from_plane=np.array([[1 / GSD, 0, -x0], [0, -1 / GSD, 5 / GSD], [0, 0, 1.0]]),
    )


def painter(views: list[View], gains: NDArray[np.float32] | None = None) -> Painter:
    album = Album(views)
    even = np.ones((len(views), 3), dtype=np.float32) if gains is None else gains
    seams = plan_seams(views, GRID, FLAT, album, even)
    return Painter(views=views, grid=GRID, surface=FLAT, album=album, gains=even, seams=seams)


def whole(brush: Painter) -> tuple[NDArray[np.uint8], NDArray[np.uint16]]:
    piece = brush.paint(x_px=0, y_px=0, width_px=WIDTH_PX, height_px=HEIGHT_PX)
    return piece.rgba, piece.sources


@pytest.fixture
def two(tmp_path: Path) -> list[View]:
    """Give two photos that overlap over 300 columns; the second is 20 % brighter."""
    pixels = ground()
    bright = np.clip(pixels[:, 350:].astype(float) * 1.2, 0, 255).astype(np.uint8)
    return [
        look_at(tmp_path, "left", pixels[:, :650], 0),
        look_at(tmp_path, "right", bright, 350),
    ]


def test_one_photo_is_copied_pixel_by_pixel(tmp_path: Path) -> None:
    rgba, sources = whole(painter([look_at(tmp_path, "a", ground(), 0)]))
    assert np.array_equal(rgba[..., :3], ground())
    assert (rgba[..., 3] == 255).all()
    assert (sources == 1).all()


def test_where_no_photo_looks_there_is_nothing(tmp_path: Path) -> None:
    rgba, sources = whole(painter([look_at(tmp_path, "a", ground()[:, :400], 0)]))
    assert (sources[:, :400] == 1).all()
    assert not sources[:, 400:].any()
    assert not rgba[:, 400:].any()
    assert (rgba[:, :400, 3] == 255).all()


def test_far_from_the_seam_pixels_are_those_of_their_photo(two: list[View]) -> None:
    rgba, sources = whole(painter(two))
    pixels = ground()
    assert np.array_equal(rgba[:, :100, :3], pixels[:, :100])
    assert (sources[:, :340] == 1).all()
    assert (sources[:, 660:] == 2).all()
    bright = np.clip(pixels[:, 900:].astype(float) * 1.2, 0, 255).astype(np.uint8)
    assert np.array_equal(rgba[:, 900:, :3], bright)


def test_a_step_of_exposure_becomes_a_slope(two: list[View]) -> None:
    """Without blending, the mean of columns would jump by 26 at the seam."""
    rgba, _ = whole(painter(two))
    columns = rgba[:240, :, 0].mean(axis=0) / ground()[:240, :, 0].mean(axis=0)
    assert columns[:100].mean() == pytest.approx(1.0, abs=0.01)
    assert columns[900:].mean() == pytest.approx(1.2, abs=0.01)
    smooth = np.convolve(columns, np.ones(9) / 9, mode="valid")
    steps = np.abs(smooth[16:] - smooth[:-16])
    assert 0.01 < steps.max() < 0.06


def test_the_crack_keeps_its_depth_and_width_across_the_seam(two: list[View]) -> None:
    """Contrast against the neighbourhood, which detail alone decides."""
    rgba, _ = whole(painter(two))
    profile = rgba[235:265, :, 0].astype(float)
    dark = profile[14:16].mean(axis=0)
    beside = np.concatenate([profile[:8], profile[22:]]).mean(axis=0)
    depth = np.convolve(dark / beside, np.ones(25) / 25, mode="valid")
    assert depth.min() > 0.25
    assert depth.max() < 0.42
    below = (profile < (dark + beside) / 2).sum(axis=0)
    assert np.median(below[400:600]) == 2


def test_photos_that_disagree_are_not_averaged(tmp_path: Path) -> None:
    """Two textures at one place: a mean would have 0.7 of the contrast of either."""
    first, second = ground(1), ground(2)
    views = [
        look_at(tmp_path, "a", first[:, :650], 0),
        look_at(tmp_path, "b", second[:, 350:], 350),
    ]
    rgba, sources = whole(painter(views))
    contrast = cv2.absdiff(rgba[..., 0], cv2.blur(rgba[..., 0], (15, 15))).mean(axis=0)
    plain = cv2.absdiff(first[..., 0], cv2.blur(first[..., 0], (15, 15))).mean()
    assert contrast[360:640].min() > 0.8 * plain
    seam = np.abs(np.diff(sources.astype(int), axis=1)).sum(axis=1)
    assert (seam == 1).mean() > 0.6  # mostly one crossing a row: no confetti


def test_windows_fit_together_exactly(two: list[View]) -> None:
    brush = painter(two)
    rgba, sources = whole(brush)
    for x, y, width, height in [(0, 0, 512, 256), (512, 256, 488, 244), (400, 160, 200, 120)]:
        piece = brush.paint(x_px=x, y_px=y, width_px=width, height_px=height)
        box = slice(y, y + height), slice(x, x + width)
        assert np.array_equal(piece.sources, sources[box])
        difference = np.abs(piece.rgba.astype(int) - rgba[box].astype(int))
        assert difference.max() <= 1
        assert (difference > 0).mean() < 0.01


def test_gains_multiply_colours(tmp_path: Path) -> None:
    views = [look_at(tmp_path, "a", ground(), 0)]
    gains = np.array([[0.9, 1.0, 1.1]], dtype=np.float32)
    rgba, _ = whole(painter(views, gains))
    wanted = np.clip(np.rint(ground() * gains[0]), 0, 255)
    assert np.abs(rgba[..., :3] - wanted).max() <= 1


def test_every_seen_pixel_has_a_source_and_alpha(two: list[View]) -> None:
    rgba, sources = whole(painter(two))
    assert set(np.unique(sources)) == {1, 2}
    assert np.array_equal(rgba[..., 3] == 255, sources > 0)


def test_a_slanted_border_of_a_photo_is_followed_to_the_pixel(tmp_path: Path) -> None:
    """Cells are eight pixels, but what a photo shows ends where the photo ends."""
    turned = np.array([[1 / GSD, 0.3 / GSD, -90.0], [-0.3 / GSD, -1 / GSD, 520], [0, 0, 1.0]])
    path = tmp_path / "slanted.png"
    assert cv2.imwrite(str(path), ground()[:300, :400])
    view = View(sha256="s", path=path, width_px=400, height_px=300, photo_from_plane=turned)
    _, sources = whole(painter([view]))
    x, y = np.meshgrid(np.arange(WIDTH_PX) + 0.5, np.arange(HEIGHT_PX) + 0.5)
    surface = FLAT.to_world_m(GRID.to_surface(np.column_stack([x.ravel(), y.ravel()])))
    pixel = view.project(surface)
    inside = ((pixel >= 0.5) & (pixel <= (399.5, 299.5))).all(axis=1).reshape(sources.shape)
    wrong = inside != (sources > 0)
    assert inside.sum() > 50_000
    assert wrong.sum() < 0.002 * inside.sum()


def test_cells_around_a_window_are_cut_with_their_margin() -> None:
    labels = np.arange(12, dtype=np.uint16).reshape(3, 4)
    seams = SeamMap(labels=labels, cell_px=MIN_CELL_PX)
    cut = seams.around(x_px=8, y_px=8, width_px=10, height_px=8, margin=2)
    assert cut.shape == (1 + 4, 2 + 4)
    assert cut[2, 2] == labels[1, 1]
    assert cut[0].tolist() == [0] * 6  # above the mosaic
    assert cut[1, 1:5].tolist() == labels[0].tolist()
    beyond = seams.around(x_px=800, y_px=800, width_px=8, height_px=8, margin=MARGIN_CELLS)
    assert not beyond.any()
