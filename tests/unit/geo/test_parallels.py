"""What is promised about spacings before they are measured holds when they are."""

import random

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from inspection.domain.grade import FEW, smallest_spacings_m
from inspection.geo.parallels import Bundle
from inspection.geo.polyline import PARALLEL_DEG, perpendicular_spacing

NUMBERS = st.one_of(
    st.integers(-4, 4).map(float),
    st.floats(-50_000, 50_000, allow_nan=False, width=32),
    st.floats(-1, 1, allow_nan=False),
)


def least_spacings(
    line: shapely.LineString, others: list[shapely.LineString]
) -> NDArray[np.float64]:
    return Bundle([*others, line]).least_spacings(len(others), np.arange(len(others)))


LINES = st.lists(st.tuples(NUMBERS, NUMBERS), min_size=2, max_size=5).map(shapely.LineString)


@given(LINES, st.lists(LINES, min_size=1, max_size=6))
@settings(max_examples=60)
def test_no_spacing_is_less_than_promised(
    line: shapely.LineString, others: list[shapely.LineString]
) -> None:
    """Rings and lines that turn back on themselves lead nowhere: nothing is promised of them."""
    for least, other in zip(least_spacings(line, others), others, strict=True):
        found = perpendicular_spacing(line.coords, other.coords)
        assert found is None or least <= found + 1e-9


def strokes(rolls: random.Random, count: int) -> list[shapely.LineString]:
    """Draw short lines with a bend, most of them close to each other and many parallel."""
    made = []
    for _ in range(count):
        x, y, turn = rolls.uniform(0, 4), rolls.uniform(0, 4), rolls.choice([0.0, 0.1, 0.4, 1.5])
        turn += rolls.uniform(-0.05, 0.05)
        middle = np.array([x, y]) + 0.3 * np.array([np.cos(turn), np.sin(turn)])
        end = middle + 0.3 * np.array([np.cos(turn + 0.1), np.sin(turn + 0.1)])
        made.append(shapely.LineString([(x, y), middle, end]))
    return made


def test_what_is_promised_is_close_and_tells_what_is_not_parallel() -> None:
    lines = strokes(random.Random(3), 60)
    told = none = 0
    for n, line in enumerate(lines):
        least = least_spacings(line, lines)
        assert least[n] == 0
        for at, other in zip(least, lines, strict=True):
            found = perpendicular_spacing(line.coords, other.coords)
            none += bool(np.isinf(at))
            told += found is not None and 0.5 * found < at <= found
            assert found is None or at <= found
    assert none > 1000 and told > 300, (none, told)


def test_the_limit_of_parallel_is_that_of_the_measurement() -> None:
    flat = shapely.LineString([(0, 0), (10, 0)])
    for turn_deg, apart in ((PARALLEL_DEG - 1e-4, False), (PARALLEL_DEG + 1e-4, True)):
        turn = np.radians([turn_deg, -turn_deg, 180 - turn_deg])
        ends = [(10 * np.cos(a), 10 * np.sin(a)) for a in turn]
        others = [shapely.LineString([(5 - x / 2, 1), (5 + x / 2, 1 + y)]) for x, y in ends]
        assert np.isinf(least_spacings(flat, others)).tolist() == [apart] * 3


def test_lines_that_do_not_lie_side_by_side_are_told() -> None:
    flat = shapely.LineString([(0, 0), (10, 0)])
    for start, apart in ((6.999, False), (7.001, True)):
        other = shapely.LineString([(start, 1), (start + 10, 1)])
        assert (perpendicular_spacing(flat.coords, other.coords) is None) == apart
        assert np.isinf(least_spacings(flat, [other])).tolist() == [apart]


def test_the_nearest_of_many_is_found_without_measuring_all() -> None:
    """Every pair measured, in plain steps, gives the same to the last bit."""
    for seed in range(3):
        lines = strokes(random.Random(seed), 4 * FEW)
        wanted: list[float | None] = []
        for n, line in enumerate(lines):
            near = [k for k, one in enumerate(lines) if k != n and one.dwithin(line, 5.0)]
            pairs = [(lines[min(n, k)], lines[max(n, k)]) for k in near]
            found = [perpendicular_spacing(a.coords, b.coords) for a, b in pairs]
            wanted.append(min((one for one in found if one is not None), default=None))
        assert smallest_spacings_m(lines) == wanted
        assert [smallest_spacings_m(lines, only=n)[n] for n in range(FEW)] == wanted[:FEW]
        assert smallest_spacings_m(lines, only=3)[4] is None


def test_branches_of_one_crack_are_not_its_neighbours() -> None:
    lines = strokes(random.Random(9), 3 * FEW)
    forks = [shapely.MultiLineString(lines[k : k + 2]) for k in range(0, len(lines), 2)]
    found = smallest_spacings_m(forks)
    for n, fork in enumerate(forks):
        apart = [one for k, one in enumerate(forks) if k != n]
        spacings = [
            perpendicular_spacing(*(pair if k >= n else pair[::-1]))
            for k, other in enumerate(apart)
            for mine in fork.geoms
            for theirs in other.geoms
            for pair in [(mine.coords, theirs.coords)]
        ]
        assert found[n] == min((one for one in spacings if one is not None), default=None)
