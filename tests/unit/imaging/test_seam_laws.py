"""Seams: cells of windows fit together, certain cells stay, and no photo shows what it cannot."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from inspection.geo.grid import PixelGrid
from inspection.imaging.seam import MIN_CELL_PX, MOST_CELLS, SeamMap, cell_px, settle

LAW = settings(derandomize=True, deadline=None, max_examples=50)
ROWS, COLUMNS = 12, 30
INF = np.float32(np.inf)


def seam_map(rows: int, columns: int, cell: int = 8) -> SeamMap:
    labels = np.arange(1, rows * columns + 1, dtype=np.uint16).reshape(rows, columns)
    return SeamMap(labels=labels, cell_px=cell)


def test_a_window_in_the_middle_is_a_cut() -> None:
    seams = seam_map(20, 20)
    cut = seams.around(x_px=64, y_px=40, width_px=32, height_px=24, margin=2)
    assert np.array_equal(cut, seams.labels[3:10, 6:14])


def test_outside_the_mosaic_there_is_nothing() -> None:
    seams = seam_map(2, 3)
    cut = seams.around(x_px=0, y_px=0, width_px=24, height_px=16, margin=3)
    assert cut.shape == (8, 9)
    assert np.array_equal(cut[3:5, 3:6], seams.labels)
    assert np.count_nonzero(cut) == seams.labels.size


def test_a_window_far_away_is_empty() -> None:
    cut = seam_map(2, 3).around(x_px=800, y_px=800, width_px=16, height_px=16, margin=1)
    assert cut.shape == (4, 4)
    assert not cut.any()


def test_a_last_window_of_part_of_a_cell_has_the_whole_cell() -> None:
    cut = seam_map(3, 3).around(x_px=16, y_px=16, width_px=1, height_px=7, margin=0)
    assert cut.tolist() == [[9]]


@LAW
@given(
    rows=st.integers(1, 12),
    columns=st.integers(1, 12),
    at=st.tuples(st.integers(0, 11), st.integers(0, 11)),
    size=st.tuples(st.integers(1, 60), st.integers(1, 60)),
    margin=st.integers(0, 20),
)
def test_every_cell_of_a_cut_is_the_cell_of_the_map(
    rows: int, columns: int, at: tuple[int, int], size: tuple[int, int], margin: int
) -> None:
    seams = seam_map(rows, columns)
    x, y = at
    cut = seams.around(x_px=8 * x, y_px=8 * y, width_px=size[0], height_px=size[1], margin=margin)
    assert cut.shape == (-(-size[1] // 8) + 2 * margin, -(-size[0] // 8) + 2 * margin)
    whole = np.pad(seams.labels, 60)
    top, left = y - margin + 60, x - margin + 60
    assert np.array_equal(cut, whole[top : top + cut.shape[0], left : left + cut.shape[1]])


def grid(width_px: int, height_px: int) -> PixelGrid:
    return PixelGrid.north_up(
        left_m=0, top_m=0, gsd_m_per_px=0.002, width_px=width_px, height_px=height_px
    )


@LAW
@given(width_px=st.integers(1, 400_000), height_px=st.integers(1, 400_000))
def test_cells_are_powers_of_two_as_fine_as_memory_allows(width_px: int, height_px: int) -> None:
    cell = cell_px(grid(width_px, height_px))
    assert cell >= MIN_CELL_PX
    assert cell & (cell - 1) == 0
    assert width_px * height_px / cell**2 <= MOST_CELLS
    assert cell == MIN_CELL_PX or width_px * height_px / (cell / 2) ** 2 > MOST_CELLS


@pytest.mark.parametrize(("extra", "cell"), [(0, MIN_CELL_PX), (1, 2 * MIN_CELL_PX)])
def test_the_bound_itself_is_still_fine(extra: int, cell: int) -> None:
    assert cell_px(grid(MOST_CELLS * MIN_CELL_PX + extra, MIN_CELL_PX)) == cell


def two_photos() -> tuple[NDArray[np.float32], NDArray[np.uint16]]:
    """Let photo 1 be cheapest at the left and photo 2 at the right; both see everything."""
    x = np.tile(np.arange(COLUMNS, dtype=np.float32), (ROWS, 1))
    left, right = x, COLUMNS - 1 - x
    best = np.where(left <= right, 1, 2)
    cost = np.stack([np.minimum(left, right), np.maximum(left, right)]).astype(np.float32)
    return cost, np.stack([best, 3 - best]).astype(np.uint16)


def same_colour() -> NDArray[np.uint8]:
    return np.full((2, ROWS, COLUMNS, 3), 128, dtype=np.uint8)


def test_without_a_band_the_best_photo_shows_everything() -> None:
    cost, label = two_photos()
    assert np.array_equal(settle(cost, label, same_colour(), 0.5), label[0])


def test_where_costs_differ_by_more_than_the_band_the_best_stays() -> None:
    cost, label = two_photos()
    chosen = settle(cost, label, same_colour(), 10.0)
    certain = cost[1] - cost[0] > 10.0
    assert np.array_equal(chosen[certain], label[0][certain])
    assert set(np.unique(chosen)) == {1, 2}


@pytest.mark.parametrize("at", [12, 17])
def test_a_seam_settles_where_both_photos_show_the_same(at: int) -> None:
    cost, label = two_photos()
    colour = same_colour()
    colour[1] = 60  # the photos disagree everywhere ...
    colour[1, :, at - 1 : at + 1] = 128  # ... but along one line
    chosen = settle(cost, label, colour, 16.0)
    turns = [int(np.argmax(row == 2)) for row in chosen]
    assert all(abs(turn - at) <= 1 for turn in turns)


def test_a_single_photo_shows_all_that_it_sees_and_nothing_else() -> None:
    seen = np.zeros((ROWS, COLUMNS), dtype=bool)
    seen[3:9, 5:20] = True
    cost = np.full((2, ROWS, COLUMNS), INF, dtype=np.float32)
    cost[0][seen] = 4
    label = np.zeros((2, ROWS, COLUMNS), dtype=np.uint16)
    label[0][seen] = 7
    chosen = settle(cost, label, same_colour(), 100.0)
    assert np.array_equal(chosen, np.where(seen, 7, 0))
    assert chosen.dtype == np.uint16


def test_an_empty_mosaic_stays_empty() -> None:
    cost = np.full((2, ROWS, COLUMNS), INF, dtype=np.float32)
    label = np.zeros((2, ROWS, COLUMNS), dtype=np.uint16)
    assert not settle(cost, label, same_colour(), 1.0).any()


def test_when_nothing_is_certain_the_best_photo_shows_it() -> None:
    cost, label = two_photos()
    assert np.array_equal(settle(cost, label, same_colour(), 1e9), label[0])


@LAW
@given(seed=st.integers(0, 2**31), band=st.floats(0, 60), photos=st.integers(1, 5))
def test_each_cell_shows_one_of_its_two_best_photos(seed: int, band: float, photos: int) -> None:
    random = np.random.default_rng(seed)
    costs = random.uniform(0, 50, (photos, ROWS, COLUMNS)).astype(np.float32)
    costs[random.random(costs.shape) < 0.3] = INF
    costs = np.concatenate([costs, np.full((2, ROWS, COLUMNS), INF, dtype=np.float32)])
    order = np.argsort(costs, axis=0, kind="stable")[:2]
    cost = np.take_along_axis(costs, order, axis=0)
    label = np.where(np.isfinite(cost), order + 1, 0).astype(np.uint16)
    colour = random.integers(0, 255, (2, ROWS, COLUMNS, 3), dtype=np.uint8)
    chosen = settle(cost, label, colour, band)
    assert np.array_equal(chosen > 0, label[0] > 0)  # no hole, nothing invented
    assert ((chosen == label[0]) | (chosen == label[1])).all()
    alone = ~np.isfinite(cost[1])
    assert np.array_equal(chosen[alone], label[0][alone])
    with np.errstate(invalid="ignore"):
        certain = cost[1] - cost[0] > band
    assert np.array_equal(chosen[certain], label[0][certain])
    assert np.array_equal(settle(cost, label, colour, band), chosen)
