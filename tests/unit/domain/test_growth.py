"""Matching of cracks between surveys and the verdict on them (domain specification §8)."""

import pytest
import shapely
import shapely.affinity
from hypothesis import given
from hypothesis import strategies as st

from inspection.domain.growth import (
    Change,
    Difference,
    SeenCrack,
    length_difference,
    match,
    same_crack,
    verdict,
    width_difference,
)
from inspection.domain.measurement import Quantity


def crack(
    key: str, *points: tuple[float, float], width: float | None = 1.0, u: float = 0.2
) -> SeenCrack:
    axis = shapely.linestrings(points)
    return SeenCrack(
        key=key,
        axis_m=axis,
        length_m=Quantity(value=axis.length, expanded_uncertainty=0.02),
        width_mm=None if width is None else Quantity(value=width, expanded_uncertainty=u),
    )


@pytest.mark.parametrize(("gap", "same"), [(0.0, True), (0.049, True), (0.051, False)])
def test_fifty_millimetres_apart_is_the_limit(gap: float, same: bool) -> None:
    a, b = (shapely.linestrings([[0, y], [2, y]]) for y in (0, gap))
    assert same_crack(a, b) is same


@pytest.mark.parametrize(("turn", "same"), [(0, True), (19, True), (21, False), (90, False)])
def test_twenty_degrees_is_the_limit(turn: float, same: bool) -> None:
    short = shapely.linestrings([[-0.06, 0], [0.06, 0]])
    assert same_crack(short, shapely.affinity.rotate(short, turn)) is same


def test_a_crossing_crack_is_another_one() -> None:
    before = [crack("a", (0, 0), (2, 0))]
    after = [crack("b", (1, -1), (1, 1)), crack("c", (0, 0.01), (2.2, 0.01))]
    assert sorted(match(before, after)) == [((), (0,)), ((0,), (1,))]


def test_pieces_of_one_crack_belong_together() -> None:
    before = [crack("a", (0, 0), (2, 0))]
    after = [crack("b", (0, 0.01), (0.9, 0.01)), crack("c", (1.0, 0.01), (2, 0.01))]
    assert match(before, after) == [((0,), (0, 1))]


def test_new_and_vanished_stand_alone() -> None:
    assert sorted(match([crack("a", (0, 0), (1, 0))], [crack("b", (0, 5), (1, 5))])) == [
        ((), (0,)),
        ((0,), ()),
    ]
    assert match([], []) == []


@given(dx=st.floats(-0.03, 0.03), dy=st.floats(-0.03, 0.03))
def test_matching_does_not_depend_on_the_order_of_surveys(dx: float, dy: float) -> None:
    a = [crack("a", (0, 0), (1, 0.2)), crack("b", (0, 3), (1, 3))]
    b = [crack("c", (dx, 3 + dy), (1 + dx, 3 + dy)), crack("d", (dx, dy), (1 + dx, 0.2 + dy))]
    there = {(f, s) for f, s in match(a, b)}
    assert there == {(s, f) for f, s in match(b, a)} == {((0,), (1,)), ((1,), (0,))}


def test_uncertainties_add_as_squares() -> None:
    before, after = [crack("a", (0, 0), (1, 0), u=0.3)], [crack("b", (0, 0), (1, 0), u=0.4)]
    found = width_difference(before, after)
    assert found is not None and found.expanded_uncertainty == pytest.approx(0.5)
    assert length_difference(before, after).expanded_uncertainty == pytest.approx(0.02 * 2**0.5)


def test_an_unmeasured_width_has_no_difference() -> None:
    below = Quantity(value=None, expanded_uncertainty=None, limit=1, below_limit=True)
    unmeasured = SeenCrack(
        key="a",
        axis_m=shapely.linestrings([[0, 0], [1, 0]]),
        length_m=Quantity(value=1.0, expanded_uncertainty=0.02),
        width_mm=below,
    )
    assert width_difference([unmeasured], [crack("b", (0, 0), (1, 0))]) is None
    assert width_difference([crack("b", (0, 0), (1, 0), width=None)], [unmeasured]) is None


@pytest.mark.parametrize(
    ("width", "length", "expected"),
    [
        (0.5, 0.0, Change.GROWN),
        (0.1, 0.0, Change.NO_SIGNIFICANT_CHANGE),
        (0.2, 0.1, Change.NO_SIGNIFICANT_CHANGE),
        (None, 0.2, Change.GROWN),
        (-0.5, 0.0, Change.SMALLER),
        (-0.5, 0.3, Change.GROWN),
    ],
)
def test_verdict(width: float | None, length: float, expected: Change) -> None:
    by_width = None if width is None else Difference(value=width, expanded_uncertainty=0.2)
    assert verdict(by_width, Difference(value=length, expanded_uncertainty=0.1)) is expected
