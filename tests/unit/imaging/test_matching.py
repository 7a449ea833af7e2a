"""Matching: what matches, and that it is exact whatever adds the products up."""

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from inspection.imaging import matching
from inspection.imaging.features import Features, find_features
from inspection.imaging.matching import LENGTH, ROWS, match, nearest_pairs
from tests.unit.imaging.test_features import concrete

SEEDS = st.integers(0, 2**32 - 1)


def points(descriptors: NDArray[np.uint8]) -> Features:
    return Features(points_px=np.zeros((len(descriptors), 2)), descriptors=descriptors)


def some(seed: int, count: int) -> Features:
    """Give points of few different descriptors, so that ties are common."""
    random = np.random.default_rng(seed)
    kinds = random.integers(0, 3, (max(2, count // 3), 128)) * random.integers(1, 80)
    return points(kinds[random.integers(0, len(kinds), count)].astype(np.uint8))


def plainly(
    first: Features, second: Features, *, ratio: float, farthest: float
) -> list[tuple[int, int]]:
    """Match in whole numbers of 64 bits, one point after the other."""
    a, b = (matching._rounded(each.descriptors).astype(np.int64) for each in (first, second))
    likeness = a @ b.T
    pairs = []
    for row, values in enumerate(likeness):
        column = int(values.argmax())
        others = np.delete(values, column)
        best, next_best = (
            max(0.0, 2 - 2 * int(v) / LENGTH**2) for v in (values[column], max(others))
        )
        mutual = int(likeness[:, column].argmax()) == row
        if mutual and best < ratio**2 * next_best and best <= farthest**2:
            pairs.append((row, column))
    return pairs


@given(SEEDS, st.integers(2, 40), st.integers(2, 40), st.floats(0.5, 1.0), st.floats(0.1, 1.5))
def test_it_is_what_plain_whole_numbers_give(
    seed: int, n: int, m: int, ratio: float, farthest: float
) -> None:
    first, second = some(seed, n), some(seed ^ 1, m)
    found = match(first, second, ratio=ratio, farthest=farthest)
    assert [tuple(pair) for pair in found] == plainly(first, second, ratio=ratio, farthest=farthest)


def test_pieces_of_many_points_are_as_one() -> None:
    random = np.random.default_rng(4)
    whole = random.integers(0, 120, (2 * ROWS + 37, 128)).astype(np.uint8)
    order = random.permutation(len(whole))
    noisy = (whole[order] + random.integers(0, 9, whole.shape)).astype(np.uint8)
    first, second = points(whole), points(noisy)
    found = match(first, second)
    assert [tuple(pair) for pair in found] == plainly(first, second, ratio=0.85, farthest=2.0)
    assert len(found) == len(whole)
    assert np.array_equal(order[found[:, 1]], found[:, 0])


@given(SEEDS)
def test_every_sum_of_products_is_exact_in_float32(seed: int) -> None:
    random = np.random.default_rng(seed)
    peaked = random.integers(0, 256, (8, 128)) * (random.random((8, 128)) < random.random((8, 1)))
    rounded = matching._rounded(peaked.astype(np.uint8)).astype(np.int64)
    assert (rounded @ rounded.T).max() < 2**24
    assert rounded.min() >= 0


def test_the_worst_rounding_stays_exact() -> None:
    assert (LENGTH + 0.5 * np.sqrt(128)) ** 2 < 2**24


DIGEST = """
import hashlib, numpy as np
from inspection.imaging.features import Features
from inspection.imaging.matching import match
random = np.random.default_rng(9)
whole = random.integers(0, 120, (900, 128))
both = (whole, np.clip(whole + random.integers(-40, 40, whole.shape), 0, 255))
places = np.zeros((900, 2))
found = match(*(Features(points_px=places, descriptors=d.astype(np.uint8)) for d in both))
print(len(found), hashlib.sha256(found.astype("<i8").tobytes()).hexdigest())
"""


def test_whatever_multiplies_finds_the_same() -> None:
    """Other kernels of OpenBLAS, and another number of threads, add in another order."""
    told = set()
    for kernel, threads in (("", "2"), ("Nehalem", "1"), ("Haswell", "3")):
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": threads}
        environment |= {"OPENBLAS_CORETYPE": kernel} if kernel else {}
        ended = subprocess.run(
            [sys.executable, "-c", DIGEST],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        told.add(ended.stdout)
    assert len(told) == 1
    assert int(told.pop().split()[0]) > 800


def test_pictures_of_other_places_match_by_chance_only() -> None:
    here = find_features(concrete(1), scale=1.0, at_most=600)
    elsewhere = find_features(concrete(2), scale=1.0, at_most=600)
    assert len(match(here, elsewhere)) < 60
    assert len(match(here, here)) > 550


def test_each_point_is_matched_once() -> None:
    here = find_features(concrete(), scale=1.0, at_most=400)
    there = find_features(concrete()[10:, 10:], scale=1.0, at_most=400)
    pairs = match(here, there)
    assert len(set(pairs[:, 0])) == len(set(pairs[:, 1])) == len(pairs)


@pytest.mark.parametrize("count", [0, 1])
def test_fewer_than_two_points_match_nothing(count: int) -> None:
    few, many = some(1, 5), some(2, 30)
    few = points(few.descriptors[:count])
    assert match(few, many).shape == match(many, few).shape == (0, 2)


@given(
    st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), max_size=14),
    st.floats(0, 20),
    st.integers(0, 15),
)
def test_pairs_are_those_that_one_of_both_chooses(
    places: list[tuple[int, int]], reach_m: float, at_most: int
) -> None:
    positions = np.array(places, dtype=np.float64).reshape(-1, 2)
    pairs = nearest_pairs(positions, reach_m=reach_m, at_most=at_most)
    assert pairs == sorted(set(pairs))
    assert all(0 <= one < other < len(places) for one, other in pairs)
    far = {
        (i, j): float(np.hypot(*(positions[i] - positions[j])))
        for i in range(len(places))
        for j in range(i)
    }
    near = {(j, i) for (i, j), away_m in far.items() if away_m <= reach_m}
    assert set(pairs) <= near
    if at_most >= len(places) - 1:
        assert set(pairs) == near
    for one in range(len(places)):
        chosen = [far[max(p), min(p)] for p in pairs if one in p]
        left = [far[max(p), min(p)] for p in near - set(pairs) if one in p]
        assert len(chosen) >= min(at_most, len(chosen) + len(left))
        if left and at_most:
            assert sorted(chosen)[at_most - 1] <= min(left)


def test_a_photo_far_from_all_has_no_pair() -> None:
    positions = np.array([[0.0, 0.0], [1.0, 0.0], [500.0, 0.0]])
    assert nearest_pairs(positions, reach_m=10.0, at_most=16) == [(0, 1)]
    assert nearest_pairs(positions, reach_m=np.inf, at_most=16) == [(0, 1), (0, 2), (1, 2)]
