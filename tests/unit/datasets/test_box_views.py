"""Boxes go where the pixels go, whatever a view does to a photo."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.box_views import (
    FURTHER,
    GREY,
    LEAST_SHARE,
    NEARER,
    BoxedPhoto,
    clip_boxes,
    four_together,
    mirror_boxes,
    move_boxes,
    place,
    relight,
    view,
)

RED = (220, 20, 20)
ROAD = (120, 120, 120)


def photo(box: tuple[int, int, int, int], size: tuple[int, int] = (96, 128)) -> BoxedPhoto:
    """Return a grey photo of (height, width) with one red rectangle, which is its box."""
    rgb = np.full((*size, 3), ROAD, dtype=np.uint8)
    x0, y0, x1, y1 = box
    rgb[y0:y1, x0:x1] = RED
    return BoxedPhoto(
        rgb=rgb,
        boxes=np.array([box], dtype=np.float32),
        classes=np.array([3], dtype=np.int64),
    )


def extent(rgb: np.ndarray) -> tuple[float, float, float, float] | None:
    """Return the box of what is red, half-open."""
    red = (rgb[..., 0].astype(int) - rgb[..., 1]) > 100
    if not red.any():
        return None
    rows, columns = np.flatnonzero(red.any(axis=1)), np.flatnonzero(red.any(axis=0))
    return columns[0], rows[0], columns[-1] + 1, rows[-1] + 1


def floats(*rows: tuple[float, ...]) -> np.ndarray:
    return np.array(rows, dtype=np.float32).reshape(-1, 4)


@given(
    st.lists(st.floats(0, 100, width=32), min_size=4, max_size=4),
    st.integers(1, 500),
)
def test_mirrored_twice_is_as_it_was(edges: list[float], width_px: int) -> None:
    x0, x1 = sorted(edges[:2])
    y0, y1 = sorted(edges[2:])
    box = floats((x0, y0, x1, y1))
    once = mirror_boxes(box, width_px)
    assert (once[:, 2] >= once[:, 0]).all()
    assert np.allclose(mirror_boxes(once, width_px), box, atol=1e-3)
    assert np.array_equal(once[:, [1, 3]], box[:, [1, 3]])


def test_mirroring_leaves_the_original_alone() -> None:
    box = floats((10, 0, 30, 5))
    mirror_boxes(box, 100)
    assert box.tolist() == [[10, 0, 30, 5]]


def test_boxes_are_cut_at_the_edge_and_dropped_when_too_little_is_left() -> None:
    boxes = floats(
        (-50, 10, 50, 20),  # half is left
        (-90, 10, 10, 20),  # a tenth is left
        (60, 60, 160, 160),  # 40 x 40 of 100 x 100: less than a fifth, but much to see
        (80, 80, 180, 180),  # 20 x 20 of it
        (98, 0, 120, 50),  # 2 px wide
        (200, 200, 210, 210),  # not in the view
        (20, 20, 40, 40),  # whole
    )
    clipped, classes = clip_boxes(boxes, np.arange(7), 100, 100)
    assert classes.tolist() == [0, 2, 6]
    assert clipped.tolist() == [[0, 10, 50, 20], [60, 60, 100, 100], [20, 20, 40, 40]]


@pytest.mark.parametrize(
    ("left", "stays"), [(LEAST_SHARE + 0.01, True), (LEAST_SHARE - 0.01, False)]
)
def test_the_least_share_is_a_bound(left: float, *, stays: bool) -> None:
    width = 100.0
    box = floats((-width * (1 - left), 0, width * left, 50))
    _, classes = clip_boxes(box, np.array([0]), 200, 200)
    assert bool(len(classes)) is stays


def test_no_boxes_stay_no_boxes() -> None:
    boxes, classes = clip_boxes(floats(), np.zeros(0, dtype=np.int64), 50, 50)
    assert boxes.shape == (0, 4)
    assert classes.shape == (0,)


@pytest.mark.parametrize("scale", [(1.0, 1.0), (2.0, 2.0), (0.5, 0.5), (1.5, 0.75)])
@pytest.mark.parametrize("shift", [(0.0, 0.0), (12.0, -7.0), (-10.0, 5.0)])
def test_pixels_and_boxes_are_placed_alike(
    scale: tuple[float, float], shift: tuple[float, float]
) -> None:
    drawn = photo((30, 24, 70, 64))
    seen = place(drawn.rgb, scale, shift, 160, 140)
    wanted = np.clip(move_boxes(drawn.boxes, scale, shift)[0], 0, [160, 140, 160, 140])
    assert extent(seen) == pytest.approx(tuple(wanted), abs=1.0)


def test_beside_the_photo_is_grey() -> None:
    seen = place(photo((2, 2, 8, 8), (20, 20)).rgb, (1.0, 1.0), (10.0, 10.0), 60, 60)
    assert (seen[:8] == GREY).all()
    assert (seen[40:] == GREY).all()
    assert tuple(seen[25, 25]) == ROAD


@pytest.mark.parametrize("seed", range(40))
def test_a_view_shows_what_its_boxes_say(seed: int) -> None:
    drawn = photo((30, 20, 90, 70))
    seen = view(np.random.default_rng(seed), drawn, 96, 80, base=0.9)
    assert seen.rgb.shape == (80, 96, 3)
    assert seen.rgb.dtype == np.uint8
    shown = extent(seen.rgb)
    if not len(seen.boxes):
        left = 0 if shown is None else (shown[2] - shown[0]) * (shown[3] - shown[1])
        assert left <= 0.3 * 60 * 50 * NEARER**2
        return
    assert seen.classes.tolist() == [3]
    assert shown == pytest.approx(tuple(seen.boxes[0]), abs=1.5)


def test_views_are_mirrored_nearer_and_further_but_never_upside_down() -> None:
    drawn = photo((30, 6, 60, 20))
    drawn.rgb[60:] = (20, 20, 220)  # blue below, always
    widths, mirrored = [], 0
    for seed in range(60):
        seen = view(np.random.default_rng(seed), drawn, 256, 256, base=1.0)
        blue = np.flatnonzero((seen.rgb[..., 2].astype(int) - seen.rgb[..., 0] > 100).any(axis=1))
        red = np.flatnonzero((seen.rgb[..., 0].astype(int) - seen.rgb[..., 2] > 100).any(axis=1))
        assert red[-1] < blue[0]
        x0, _, x1, _ = seen.boxes[0]
        columns = np.flatnonzero((seen.rgb != GREY).any(axis=(0, 2)))
        mirrored += (x0 + x1) / 2 > (columns[0] + columns[-1]) / 2
        widths.append((x1 - x0) / 30)
    assert 15 <= mirrored <= 45
    assert min(widths) < 0.8
    assert max(widths) > 1.25
    assert min(widths) >= FURTHER / 1.1
    assert max(widths) <= NEARER * 1.1


def test_four_photos_fill_the_square_and_keep_their_boxes() -> None:
    places = [(10, 10, 60, 60), (20, 30, 90, 70), (40, 8, 110, 90), (5, 20, 70, 80)]
    photos = tuple(photo(place) for place in places)
    for seed in range(10):
        together = four_together(np.random.default_rng(seed), photos, 128, bases=[0.7] * 4)
        assert together.rgb.shape == (128, 128, 3)
        assert len(together.boxes) == len(together.classes) <= 4
        assert (together.boxes >= 0).all()
        assert (together.boxes <= 128).all()
        for x0, y0, x1, y1 in np.rint(together.boxes).astype(int):
            inside = together.rgb[y0:y1, x0:x1]
            assert ((inside[..., 0].astype(int) - inside[..., 1]) > 100).mean() > 0.85


def test_a_view_depends_on_its_numbers_alone() -> None:
    drawn = photo((30, 20, 90, 70))
    first, again, other = (
        relight(rng, view(rng, drawn, 64, 64, base=1.0))
        for rng in map(np.random.default_rng, (5, 5, 6))
    )
    assert np.array_equal(first.rgb, again.rgb)
    assert np.array_equal(first.boxes, again.boxes)
    assert not np.array_equal(first.rgb, other.rgb)


def test_light_moves_no_box() -> None:
    drawn = photo((30, 20, 90, 70))
    lit = relight(np.random.default_rng(1), drawn)
    assert lit.rgb.shape == drawn.rgb.shape
    assert np.array_equal(lit.boxes, drawn.boxes)
    assert np.array_equal(lit.classes, drawn.classes)
