"""Joining loose ends: who continues whom."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.geo.joining import LooseEnd, join_ends


def end(
    piece: int,
    x: float,
    y: float = 0.0,
    direction: tuple[float, float] = (1, 0),
    reach: float = 0.02,
) -> LooseEnd:
    return LooseEnd(
        piece=piece, x_m=x, y_m=y, direction_x=direction[0], direction_y=direction[1], reach_m=reach
    )


EAST, WEST = (1.0, 0.0), (-1.0, 0.0)


def test_two_ends_that_face_each_other_are_joined() -> None:
    assert join_ends([end(0, 0), end(1, 0.019, direction=WEST)]) == [(0, 1)]


def test_a_gap_beyond_the_reach_stays() -> None:
    assert join_ends([end(0, 0), end(1, 0.021, direction=WEST)]) == []


def test_the_wider_crack_reaches_further() -> None:
    assert join_ends([end(0, 0), end(1, 0.05, direction=WEST, reach=0.06)]) == [(0, 1)]


@pytest.mark.parametrize(("turn", "joined"), [(29.0, True), (31.0, False)])
def test_the_direction_may_change_by_30_degrees(turn: float, joined: bool) -> None:
    direction = (-math.cos(math.radians(turn)), math.sin(math.radians(turn)))
    assert bool(join_ends([end(0, 0), end(1, 0.01, direction=direction)])) is joined


def test_an_end_is_never_joined_to_its_own_piece() -> None:
    assert join_ends([end(7, 0), end(7, 0.01, direction=WEST)]) == []


def test_a_line_does_not_turn_back() -> None:
    # the second line ends behind the first one's end: they lie side by side
    assert join_ends([end(0, 0), end(1, -0.01, 0.002, direction=WEST)]) == []


def test_only_mutual_nearest_ends_are_joined() -> None:
    ends = [end(0, 0), end(1, 0.010, direction=WEST), end(2, 0.015, direction=WEST)]
    assert join_ends(ends) == [(0, 1)]


def test_nothing_and_one_end_give_nothing() -> None:
    assert join_ends([]) == []
    assert join_ends([end(0, 0)]) == []


@given(st.randoms(use_true_random=False), st.integers(2, 12))
def test_the_order_of_the_ends_changes_nothing(rng: random.Random, count: int) -> None:
    ends = []
    for piece in range(count):
        x = rng.uniform(0, 0.2)
        ends.append(end(piece, x, rng.uniform(0, 0.004), direction=EAST))
        ends.append(end(piece, x - 0.02, rng.uniform(0, 0.004), direction=WEST))
    shuffled = list(ends)
    rng.shuffle(shuffled)
    pairs = {frozenset((ends[i], ends[j])) for i, j in join_ends(ends)}
    again = {frozenset((shuffled[i], shuffled[j])) for i, j in join_ends(shuffled)}
    assert pairs == again
