"""From the mask of a crack to its line and width: estimator A, reach, branches, change of width."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage

from inspection.errors import BadInput
from inspection.geo.polyline import length
from inspection.imaging.centreline import branches
from inspection.imaging.localwidth import TILE_PX, local_width_px, reach_px
from inspection.imaging.skeleton import Skeleton, thin
from inspection.imaging.widthchange import (
    DeficitPair,
    deficits,
    linear_light,
    local_shift,
    width_change_px,
)
from tests.support.masks import bar, runs_of

LAW = settings(max_examples=25, deadline=None, derandomize=True)


def across(mask: NDArray[np.bool_], points: list[tuple[float, float]], normal: tuple[float, float],
           depth: float) -> NDArray[np.float64]:  # fmt: skip
    at = np.array(points, float)
    return local_width_px(runs_of(mask), at, np.tile(normal, (len(at), 1)), depth)


# §4.3 A: 2·d − 1 for an EDT of pixel centres: a line of n pixels is n wide
@pytest.mark.parametrize("width", range(1, 13))
@pytest.mark.parametrize("lying", [True, False])
def test_golden_lines_of_whole_pixels_are_as_wide_as_they_are(width: int, lying: bool) -> None:
    mask = np.zeros((60, 80), bool)
    mask[20 : 20 + width] = True
    middle = 20 + width / 2
    points = [(x, middle) for x in (20.0, 33.3, 40.5)]
    if not lying:
        mask, points = mask.T, [(y, x) for x, y in points]
    found = across(mask, points, (0.0, 1.0) if lying else (1.0, 0.0), width / 2 + 1)
    assert found == pytest.approx(np.full(3, width), abs=0.15)


@settings(max_examples=12, deadline=None, derandomize=True)
@given(st.floats(2, 14), st.floats(0, 180), st.floats(-0.5, 0.5), st.floats(-0.5, 0.5))
def test_estimator_a_reads_what_the_mask_shows_in_any_direction(
    width: float, angle: float, dx: float, dy: float
) -> None:
    centre = (60 + dx, 60 + dy)
    mask = bar((120, 120), centre=centre, length=90, width=width, angle_deg=angle)
    cosine, sine = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    points = [(centre[0] + s * cosine, centre[1] + s * sine) for s in np.linspace(-25, 25, 21)]
    found = across(mask, points, (-sine, cosine), width / 2 + 1)
    # a mask is a whole pixel off where its edges halve pixels
    drawn = mask.sum() / 90
    assert abs(drawn - width) <= 1.05
    assert abs(float(found.mean()) - drawn) <= 0.8
    assert abs(float(np.median(found)) - drawn) <= 0.8


def test_tiles_of_the_raster_do_not_show_in_the_widths() -> None:
    size = TILE_PX + 200
    mask = np.zeros((20, size), bool)
    mask[8:13] = True
    points = [(float(x), 10.5) for x in range(TILE_PX - 60, TILE_PX + 60, 3)]
    found = across(mask, points, (0.0, 1.0), 4.0)
    assert found == pytest.approx(np.full(len(points), found[0]), abs=1e-9)
    assert across(mask, points[::-1], (0.0, -1.0), 4.0) == pytest.approx(found[::-1])
    assert across(mask, [], (0.0, 1.0), 4.0).shape == (0,)
    beside = across(mask, [(500.0, 2.0)], (0.0, 1.0), 4.0)
    assert beside.tolist() == [0.0]


@pytest.mark.parametrize("angle", [0.0, 30.0, 45.0, 90.0, 200.0])
@pytest.mark.parametrize("left", [0.5, 3.0, 5.0])
def test_golden_the_reach_is_how_far_the_mask_goes_on(angle: float, left: float) -> None:
    mask = bar((100, 100), centre=(50, 50), length=60, width=8, angle_deg=angle)
    way = np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
    end = np.array([50.0, 50.0]) + (30 - left) * way
    assert reach_px(runs_of(mask), end, way, 4.0) == pytest.approx(left, abs=0.75)
    # never further than 1.5 depths and 2 px, so that it does not run into another branch
    middle = np.array([50.0, 50.0])
    assert reach_px(runs_of(mask), middle, way, 2.0) == pytest.approx(5.0)


# branches
def test_golden_a_tree_of_a_trunk_and_two_boughs() -> None:
    mask = bar((200, 200), centre=(100, 140), length=100, width=5, angle_deg=90)
    mask |= bar((200, 200), centre=(125, 65), length=72, width=5, angle_deg=-45)
    mask |= bar((200, 200), centre=(75, 65), length=72, width=5, angle_deg=45)
    found = branches(thin(runs_of(mask)))
    assert len(found) == 3
    assert {one.piece for one in found} == {found[0].piece}
    assert sorted(one.start_free + one.end_free for one in found) == [1, 1, 1]
    total = sum(length(one.points_px) for one in found)
    assert total == pytest.approx(98 + 69 + 69, rel=0.06)


@LAW
@given(st.lists(
    st.tuples(st.integers(10, 110), st.integers(10, 110), st.integers(8, 60), st.integers(1, 7),
              st.integers(0, 179)),
    min_size=1, max_size=4,
))  # fmt: skip
def test_every_piece_of_a_mask_has_a_line_inside_it_and_turning_it_turns_them(
    bars: list[tuple[int, int, int, int, int]],
) -> None:
    mask = np.zeros((120, 120), bool)
    for x, y, size, width, angle in bars:
        mask |= bar((120, 120), centre=(x, y), length=size, width=width, angle_deg=angle)
    if not mask.any():
        return
    lines = branches(thin(runs_of(mask)))
    pieces = ndimage.label(mask, np.ones((3, 3)))[1]
    assert len({one.piece for one in lines}) == pieces
    distance = ndimage.distance_transform_edt(~np.pad(mask, 3))
    for one in lines:
        assert one.points_px.shape == (len(one.depth_px), 2)
        column, row = np.floor(one.points_px).astype(int).T + 3
        assert distance[np.clip(row, 0, 125), np.clip(column, 0, 125)].max() <= 3.0
    half = branches(thin(runs_of(mask[::-1, ::-1])))
    assert len({one.piece for one in half}) == pieces
    whole, turned = (sum(length(b.points_px) for b in some) for some in (lines, half))
    assert turned == pytest.approx(whole, rel=0.35, abs=12)


def test_a_line_keeps_every_pixel_of_a_path_and_its_depth() -> None:
    pixels = np.array([(x, 5) for x in range(3, 40)])
    found = branches(Skeleton(pixels=pixels, depth_px=np.full(37, 2.5, np.float32)))
    (only,) = found
    assert only.start_free
    assert only.end_free
    assert length(only.points_px) == pytest.approx(36, abs=1e-6)
    assert only.points_px[:, 1] == pytest.approx(np.full(37, 5.5))
    assert only.depth_px.tolist() == [2.5] * 37


# change of width §8, §4.3 B
def pictures(
    first_px: float, second_px: float, seed: int = 3
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    random = np.random.default_rng(seed)
    y = np.arange(96)[:, None] + 0.5
    made = []
    for width in (first_px, second_px):
        light = 0.4 + random.normal(0, 0.004, (96, 400))
        cover = np.clip(width / 2 - np.abs(y - 48) + 0.5, 0, min(width, 1))
        made.append(ndimage.gaussian_filter(light * (1 - 0.9 * cover), 0.8).astype(np.float32))
    return made[0], made[1]


LINE = np.array([[10.0, 48.0], [390.0, 48.0]])


@pytest.mark.parametrize(
    ("before", "after"), [(1.0, 1.0), (1.0, 1.5), (2.0, 4.0), (4.0, 2.5), (0.0, 1.0), (1.0, 0.0)]
)
def test_golden_changes_are_found_and_reversed(before: float, after: float) -> None:
    first, second = pictures(before, after)
    pair = deficits(first, second, LINE, reach_px=6.0)
    back = deficits(second, first, LINE, reach_px=6.0)
    found, reverse = (width_change_px([one], core=0.9) for one in (pair, back))
    assert found is not None
    assert reverse is not None
    assert found[0] == pytest.approx(after - before, abs=0.12)
    assert reverse == pytest.approx((-found[0], found[1]))
    assert found[1] >= 2 * 0.08
    assert abs(found[0] - (after - before)) <= found[1]


@LAW
@given(st.floats(0.5, 1.5), st.floats(0.5, 1.5))
def test_the_light_of_the_day_does_not_widen_a_crack(one: float, two: float) -> None:
    first, second = pictures(2.0, 3.0)
    plain = deficits(first, second, LINE, reach_px=6.0)
    lit = deficits(first * np.float32(one), second * np.float32(two), LINE, reach_px=6.0)
    assert lit.first_px == pytest.approx(plain.first_px, abs=1e-3)
    assert lit.second_px == pytest.approx(plain.second_px, abs=1e-3)
    assert lit.core == pytest.approx(plain.core, abs=1e-3)


@pytest.mark.parametrize(
    "line",
    [[[10.0, 2.0], [390.0, 2.0]], [[-200.0, 48.0], [-10.0, 48.0]], [[10.0, 48.0], [25.0, 48.0]]],
    ids=["at the edge", "outside", "too short"],
)  # fmt: skip
def test_a_line_that_the_pictures_do_not_show_whole_says_nothing(line: list[list[float]]) -> None:
    pair = deficits(*pictures(2.0, 3.0), np.array(line), reach_px=6.0)
    assert pair.first_px.shape == pair.second_px.shape == (0,)
    assert width_change_px([pair], core=1.0) is None


@pytest.mark.parametrize("core", [0.0, -0.1, 1.01, np.nan])
def test_a_core_that_is_none_is_refused(core: float) -> None:
    pair = DeficitPair(first_px=np.zeros(9), second_px=np.ones(9), core=0.9)
    with pytest.raises(BadInput, match="core must be in 0–1"):
        width_change_px([pair], core=core)
    halved = width_change_px([pair], core=0.5)
    assert halved is not None
    assert halved[0] == 2.0


def test_wild_blocks_are_outvoted_and_few_blocks_say_nothing() -> None:
    change = np.full(20, 0.5)
    change[3] = 40.0
    pair = DeficitPair(first_px=np.zeros(20), second_px=change, core=1.0)
    found = width_change_px([pair], core=1.0)
    assert found is not None
    assert found[0] == pytest.approx(0.5)
    parts = [
        DeficitPair(first_px=np.zeros(5), second_px=change[5 * i : 5 * i + 5], core=1.0)
        for i in range(4)
    ]
    assert width_change_px(parts, core=1.0) == pytest.approx(found)
    three = DeficitPair(first_px=np.zeros(3), second_px=np.ones(3), core=1.0)
    assert width_change_px([three], core=1.0) is None


def test_pictures_of_nothing_are_not_alike() -> None:
    flat = np.full((64, 80), 0.4, np.float32)
    random = np.random.default_rng(1)
    one, two = (random.random((64, 80)).astype(np.float32) for _ in range(2))
    for first, second in ((flat, flat), (flat, one), (one, two)):
        assert local_shift(first, second).response < 0.03 or first is one
    same = local_shift(one, one)
    assert (same.dx_px, same.dy_px) == pytest.approx((0, 0), abs=0.05)
    assert same.response > 0.5
    for wrong in (flat[:31], flat[:, :20], flat.T):
        with pytest.raises(BadInput, match="one shape ≥ 32 px"):
            local_shift(flat, wrong)
    white = np.full((2, 2, 3), 255, np.uint8)
    assert linear_light(white) == pytest.approx(np.ones((2, 2)), abs=1e-5)
    assert linear_light(white // 2)[0, 0] == pytest.approx(0.2122, abs=1e-3)
