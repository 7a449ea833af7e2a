"""Cutting: every metre and every square metre is kept, and what was cut goes together again."""

import doctest
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from inspection.errors import BadGeometry
from inspection.geo import cutting
from inspection.geo.cutting import Piece, cut, joined

EAST, NORTH = -48_404.0, 66_110.0
"""A place on a Japanese plane map, where a double has 1.5e-11 m left."""


def crack(*lines: list[tuple[float, float]], half_m: float = 0.01) -> Piece:
    """Build a crack out of lines in metres from a corner of the map."""
    moved = [np.add(line, (EAST, NORTH)) for line in lines]
    axis = shapely.line_merge(shapely.multilinestrings(moved))
    return Piece(outline=axis.buffer(half_m), axis=axis)


def blade(*points: tuple[float, float]) -> shapely.LineString:
    return shapely.LineString(np.add(points, (EAST, NORTH)))


def lengths(pieces: Any) -> list[float]:
    return [round(piece.axis.length, 6) for piece in pieces]


steps = st.lists(st.tuples(st.floats(0.05, 1.0), st.floats(-0.5, 0.5)), min_size=2, max_size=12)
"""Zigzags that run from west to east."""


def zigzag(walk: list[tuple[float, float]]) -> list[tuple[float, float]]:
    xs = np.cumsum([0.0, *(dx for dx, _ in walk)])
    return [(float(x), y) for x, y in zip(xs, [0.0, *(dy for _, dy in walk)], strict=True)]


def test_doctests_hold() -> None:
    assert doctest.testmod(cutting).failed == 0


@settings(max_examples=40)
@given(walk=steps, shares=st.lists(st.floats(0.08, 0.92), min_size=1, max_size=3, unique=True))
def test_length_and_area_are_conserved_and_pieces_go_together_again(
    walk: list[tuple[float, float]], shares: list[float]
) -> None:
    line = zigzag(walk)
    whole = crack(line)
    assert whole.axis is not None
    pieces: list[Piece] = [whole]
    cuts = sorted(share * line[-1][0] for share in shares)
    assume(all(b - a > 0.05 for a, b in zip([0.0, *cuts], [*cuts, line[-1][0]], strict=True)))
    for x in cuts:
        *done, last = pieces
        pieces = [*done, *cut(last, blade((x, -2), (x, 2)))]
    assert len(pieces) == len(cuts) + 1
    assert sum(p.axis.length for p in pieces) == pytest.approx(whole.axis.length, abs=1e-6)
    assert sum(p.outline.area for p in pieces) == pytest.approx(whole.outline.area, abs=1e-6)
    again = joined(pieces, reach_m=0.02)
    assert again.axis.length == pytest.approx(whole.axis.length, abs=1e-6)
    assert shapely.hausdorff_distance(again.axis, whole.axis) < 1e-6
    assert again.outline.symmetric_difference(whole.outline).area < 1e-6
    for piece in pieces:  # each axis keeps its own outline
        assert piece.axis.within(piece.outline.buffer(1e-6))


@settings(max_examples=40)
@given(first=steps, second=steps, gap_m=st.floats(0.01, 0.3), reach_m=st.floats(0.005, 0.4))
def test_a_gap_is_bridged_exactly_up_to_the_reach(
    first: list[tuple[float, float]],
    second: list[tuple[float, float]],
    gap_m: float,
    reach_m: float,
) -> None:
    assume(abs(gap_m - reach_m) > 1e-4)
    one = zigzag(first)
    x, y = one[-1]
    other = [(x + gap_m + dx, y + dy) for dx, dy in zigzag(second)]
    whole = joined([crack(one, half_m=0.001), crack(other, half_m=0.001)], reach_m=reach_m)
    apart = sum(shapely.LineString(line).length for line in (one, other))
    bridge = shapely.shortest_line(shapely.LineString(one), shapely.LineString(other)).length
    assume(abs(bridge - reach_m) > 1e-4)
    expected = apart + (bridge if bridge <= reach_m else 0.0)
    assert whole.axis.length == pytest.approx(expected, abs=1e-6)


def test_a_fork_falls_into_what_the_blade_separates() -> None:
    fork = crack([(0, 0), (1, 0)], [(1, 0), (2, 0.5)], [(1, 0), (2, -0.5)])
    assert lengths(cut(fork, blade((0.5, -0.1), (0.5, 0.1)))) == [0.5, round(0.5 + 5**0.5, 6)]
    through_both = cut(fork, blade((1.5, -1), (1.5, 1)))
    assert len(through_both) == 3
    assert sum(lengths(through_both)) == pytest.approx(1 + 5**0.5, abs=1e-5)
    at_the_node = cut(fork, blade((1, -0.1), (1, 0.1)))
    assert lengths(at_the_node) == [1.0, round(5**0.5, 6)]  # both arms lie in one outline


def test_parts_that_lie_apart_are_separated_through_the_gap() -> None:
    dashes = crack([(0, 0), (1, 0)], [(1.2, 0), (2, 0)], [(2.1, 0), (3, 0)])
    assert lengths(cut(dashes, blade((1.1, -0.1), (1.1, 0.1)))) == [1.0, 1.7]
    # a cut through one dash leaves the others with the nearer half
    assert lengths(cut(dashes, blade((0.5, -0.1), (0.5, 0.1)))) == [0.5, 2.2]


def test_a_branch_that_only_touches_is_held_by_the_side_it_touches() -> None:
    touching = crack([(0, 0), (2, 0)], [(0.5, 0), (0.5, 1)])
    assert lengths(cut(touching, blade((1.5, -0.1), (1.5, 0.1)))) == [2.5, 0.5]


def test_a_closed_ring_needs_two_cuts() -> None:
    ring = crack([(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)])
    with pytest.raises(BadGeometry, match="takes nothing apart"):
        cut(ring, blade((0.5, -0.1), (0.5, 0.1)))
    assert lengths(cut(ring, blade((0.5, -0.1), (0.5, 1.1)))) == [2.0, 2.0]


@pytest.mark.parametrize(
    ("points", "message"),
    [
        (((0.5, 0.5), (0.5, 1.0)), "takes nothing apart"),
        (((0.2, 0.0), (0.8, 0.0)), "runs along"),
        (((0.5, -0.005), (0.5, 0.5)), "ends inside"),
    ],
    ids=["beside", "along", "half-way"],
)
def test_a_cut_that_is_none_says_what_to_do(
    points: tuple[tuple[float, float], ...], message: str
) -> None:
    with pytest.raises(BadGeometry, match=message):
        cut(crack([(0, 0), (1, 0)]), blade(*points))


@settings(max_examples=40)
@given(x=st.floats(0.05, 0.95), slope=st.floats(-1.0, 1.0))
def test_an_area_is_cut_and_joined(x: float, slope: float) -> None:
    spall = Piece(outline=shapely.box(EAST, NORTH, EAST + 1, NORTH + 0.5))
    low, high = x - 2 * slope, x + 2 * slope
    line = blade((low, -2), (high, 2))
    assume(line.intersection(spall.outline).length > 1e-3)
    parts = cut(spall, line)
    assert sum(part.outline.area for part in parts) == pytest.approx(0.5, abs=1e-6)
    whole = joined(parts, reach_m=0.02)
    assert whole.axis is None
    assert whole.outline.symmetric_difference(spall.outline).area < 1e-6


def test_areas_that_lie_apart_stay_with_the_nearer_half() -> None:
    west = shapely.box(EAST, NORTH, EAST + 1, NORTH + 1)
    east = shapely.box(EAST + 1.2, NORTH, EAST + 2, NORTH + 1)
    both = Piece(outline=shapely.union_all([west, east]))
    apart = cut(both, blade((1.1, -1), (1.1, 2)))
    assert [round(part.outline.area, 6) for part in apart] == [1.0, 0.8]
    halved = cut(both, blade((0.25, -1), (0.25, 2)))
    assert [round(part.outline.area, 6) for part in halved] == [0.25, 1.55]


def test_a_crack_and_an_area_do_not_go_together() -> None:
    spall = Piece(outline=shapely.box(EAST, NORTH, EAST + 1, NORTH + 1))
    with pytest.raises(BadGeometry, match="without a centre line"):
        joined([spall, crack([(0, 0), (1, 0)])], reach_m=1.0)
