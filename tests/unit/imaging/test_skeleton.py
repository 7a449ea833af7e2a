"""Thinning and tracing: centre lines of masks with known shape."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import label

from inspection.geo.polyline import length
from inspection.imaging.centreline import branches
from inspection.imaging.skeleton import blocks, guo_hall, paint, thin
from tests.support.masks import bar, runs_of


def wiggly(height: int = 300, width: int = 420, thickness: int = 9) -> np.ndarray:
    """Draw a thick sine that crosses block borders, with a branch."""
    y, x = np.mgrid[0:height, 0:width]
    mask = np.abs(y - 150 - 60 * np.sin(x / 40)) < thickness / 2
    mask |= (np.abs(x - 200) < 2) & (y > 30)
    return mask & (x > 10) & (x < width - 10)


def test_painting_gives_back_the_mask() -> None:
    mask = wiggly()
    runs = runs_of(mask)
    assert (paint(runs, (0, 0, 420, 300)) == mask).all()
    assert (paint(runs, (100, 50, 180, 250)) == mask[50:250, 100:180]).all()


def test_painting_beyond_the_raster_is_empty() -> None:
    painted = paint(runs_of(np.ones((4, 4), dtype=bool)), (-3, -2, 6, 7))
    assert painted.sum() == 16
    assert painted[2:6, 3:7].all()


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_painting_random_masks(seed: int) -> None:
    mask = np.random.default_rng(seed).random((17, 23)) < 0.4
    mask[3, 4] = True
    assert (paint(runs_of(mask), (0, 0, 23, 17)) == mask).all()


@pytest.mark.parametrize("block_px", [37, 64, 100])
def test_blocks_give_exactly_the_skeleton_of_the_whole_mask(block_px: int) -> None:
    mask = wiggly()
    found = thin(runs_of(mask), block_px=block_px)
    whole = np.zeros_like(mask)
    whole[found.pixels[:, 1], found.pixels[:, 0]] = True
    expected = guo_hall(np.pad(mask, 34))[34:-34, 34:-34]
    assert (whole == expected).all()


def test_a_thick_blob_widens_the_margin_until_the_skeleton_is_exact() -> None:
    mask = np.zeros((110, 150), dtype=bool)
    mask[10:100, 10:140] = True
    found = thin(runs_of(mask), block_px=64)
    whole = np.zeros_like(mask)
    whole[found.pixels[:, 1], found.pixels[:, 0]] = True
    assert (whole == guo_hall(np.pad(mask, 2))[2:-2, 2:-2]).all()


def test_blocks_tile_the_box_and_leave_out_empty_ones() -> None:
    mask = np.zeros((100, 100), dtype=bool)
    mask[5, 5:95] = True
    mask[5:95, 5] = True
    boxes = list(blocks(runs_of(mask), 30))
    covered = np.zeros_like(mask, dtype=int)
    for x0, y0, x1, y1 in boxes:
        covered[y0:y1, x0:x1] += 1
    assert covered.max() == 1
    assert (covered[mask] == 1).all()
    assert len(boxes) == 5  # of 9: three along the top, two more down the left side


def pieces_and_holes(mask: np.ndarray) -> tuple[int, int]:
    """Count 8-connected pieces, and 4-connected pieces of what is around and in them."""
    return label(mask, np.ones((3, 3)))[1], label(~np.pad(mask, 1))[1]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(0, 2**32 - 1))
def test_thinning_keeps_every_piece_and_every_hole(seed: int) -> None:
    rng = np.random.default_rng(seed)
    coarse = rng.random((8, 9)) < rng.uniform(0.2, 0.9)
    mask = np.kron(coarse, np.ones((4, 4), dtype=bool)) & (rng.random((32, 36)) < 0.97)
    thinned = guo_hall(np.pad(mask, 1))[1:-1, 1:-1]
    assert not (thinned & ~mask).any()
    assert pieces_and_holes(thinned) == pieces_and_holes(mask)
    assert (guo_hall(thinned) == thinned).all()


@pytest.mark.parametrize("angle_deg", [0.0, 30.0, 45.0, 46.0, 90.0, 135.0])
@pytest.mark.parametrize("width", [2.0, 4.0, 7.0, 10.0])
def test_no_bar_is_eaten_from_its_end(width: float, angle_deg: float) -> None:
    # Zhang-Suen thinning loses half of these at 45°, or all of them
    for phase in (0.13, 0.38, 0.5):
        mask = bar((90, 90), centre=(45 + phase, 45), length=70, width=width, angle_deg=angle_deg)
        y, x = np.nonzero(guo_hall(mask))
        assert np.hypot(np.ptp(x), np.ptp(y)) >= 70 - width - 2


def test_a_straight_bar_is_one_branch_with_two_free_ends() -> None:
    mask = bar((120, 220), centre=(110, 60), length=180, width=7, angle_deg=12)
    (branch,) = branches(thin(runs_of(mask)))
    assert branch.start_free
    assert branch.end_free
    assert 165 <= length(branch.points_px) <= 180
    centre = branch.points_px.mean(axis=0)
    assert centre == pytest.approx([110, 60], abs=1.5)


def test_a_crossing_has_four_branches_and_four_free_ends() -> None:
    mask = bar((200, 200), centre=(100, 100), length=160, width=4, angle_deg=0)
    mask |= bar((200, 200), centre=(100, 100), length=160, width=4, angle_deg=90)
    found = branches(thin(runs_of(mask)))
    assert len(found) == 4
    assert sum(b.start_free + b.end_free for b in found) == 4
    assert {b.piece for b in found} == {0}
    assert sum(length(b.points_px) for b in found) == pytest.approx(320, rel=0.04)


def test_spurs_of_a_rough_edge_are_removed() -> None:
    mask = bar((80, 320), centre=(160, 40), length=280, width=8, angle_deg=0)
    rough = mask.copy()
    for x in range(40, 280, 17):
        rough[35, x : x + 2] = True
        rough[34, x] = True
    assert rough.sum() > mask.sum()
    assert len(branches(thin(runs_of(rough)))) == 1


def test_a_real_side_crack_is_kept() -> None:
    mask = bar((120, 320), centre=(160, 60), length=280, width=4, angle_deg=0)
    mask |= bar((120, 320), centre=(160, 40), length=40, width=3, angle_deg=90)
    found = branches(thin(runs_of(mask)))
    assert len(found) == 3
    assert sorted(round(length(b.points_px) / 10) for b in found)[0] in (3, 4)


def test_a_ring_has_no_free_end() -> None:
    y, x = np.mgrid[0:120, 0:120]
    mask = np.abs(np.hypot(x - 60, y - 60) - 40) < 2
    (branch,) = branches(thin(runs_of(mask)))
    assert not branch.start_free
    assert not branch.end_free
    assert length(branch.points_px) == pytest.approx(2 * np.pi * 40, rel=0.02)


def test_separate_lines_are_separate_pieces() -> None:
    mask = bar((60, 200), centre=(50, 20), length=80, width=3, angle_deg=0)
    mask |= bar((60, 200), centre=(150, 40), length=80, width=3, angle_deg=0)
    found = branches(thin(runs_of(mask)))
    assert sorted(b.piece for b in found) == [0, 1]


def test_a_single_pixel_is_a_branch_of_length_zero() -> None:
    mask = np.zeros((9, 9), dtype=bool)
    mask[4, 6] = True
    (branch,) = branches(thin(runs_of(mask)))
    assert length(branch.points_px) == 0
    assert branch.points_px[0].tolist() == pytest.approx([6.5, 4.5], abs=1e-12)
    assert branch.start_free
    assert branch.end_free


def test_two_pixels_are_one_short_line() -> None:
    mask = np.zeros((9, 9), dtype=bool)
    mask[4, 5:7] = True
    found = branches(thin(runs_of(mask)))
    assert len(found) == 1


@settings(max_examples=20, deadline=None, derandomize=True)
@given(st.integers(0, 2**32 - 1))
def test_any_mask_can_be_traced(seed: int) -> None:
    rng = np.random.default_rng(seed)
    mask = rng.random((40, 60)) < rng.uniform(0.02, 0.7)
    mask[20, 30] = True
    skeleton = thin(runs_of(mask))
    found = branches(skeleton)
    assert found
    for branch in found:
        assert np.isfinite(branch.points_px).all()
        assert (branch.points_px >= 0).all()
        assert (branch.points_px <= [60, 40]).all()
        assert len(branch.depth_px) == len(branch.points_px)
