"""Routes: the shortest way by trying all, waves in order, crews that share the work."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.errors import BadInput
from inspection.planning.route import tours

LAW = settings(max_examples=60, deadline=None, derandomize=True)
POINTS = st.lists(
    st.tuples(st.floats(0, 100), st.floats(0, 100)), min_size=2, max_size=7, unique=True
)


def matrix(points: list[tuple[float, float]]) -> np.ndarray:
    xy = np.array(points)
    return np.asarray(np.hypot(*(xy[:, None] - xy[None, :]).transpose(2, 0, 1)))


def length(minutes: np.ndarray, way: tuple[int, ...]) -> float:
    return sum(float(minutes[a, b]) for a, b in zip((0, *way), way, strict=False))


@LAW
@given(POINTS)
def test_a_way_visits_all_and_is_near_the_shortest(points: list[tuple[float, float]]) -> None:
    minutes = matrix(points)
    stops = len(points) - 1
    (found,) = tours(minutes, [1] * stops, stop_min=0)
    assert sorted(found.stops) == list(range(1, stops + 1))
    best = min(length(minutes, p) for p in permutations(range(1, stops + 1)))
    assert length(minutes, found.stops) <= 1.35 * best + 1e-9
    assert found.arrival_min[-1] == pytest.approx(length(minutes, found.stops))


@LAW
@given(POINTS, st.integers(1, 3), st.randoms(use_true_random=False))
def test_waves_come_in_order_and_crews_share(
    points: list[tuple[float, float]], crews: int, rng: object
) -> None:
    minutes = matrix(points)
    waves = [rng.randint(1, 3) for _ in points[1:]]  # type: ignore[attr-defined]
    found = tours(minutes, waves, crews=crews, stop_min=5)
    assert len(found) == crews
    assert sorted(s for t in found for s in t.stops) == list(range(1, len(points)))
    for tour in found:
        order = [waves[s - 1] for s in tour.stops]
        assert order == sorted(order)
        assert list(tour.arrival_min) == sorted(tour.arrival_min)


def test_a_line_is_driven_from_end_to_end() -> None:
    (found,) = tours(matrix([(0, 0), (30, 0), (10, 0), (20, 0)]), [1, 1, 1], stop_min=10)
    assert found.stops == (2, 3, 1)
    assert found.arrival_min == (10, 30, 50)


def test_what_cannot_be_reached_is_in_no_tour() -> None:
    minutes = matrix([(0, 0), (1, 0), (2, 0)])
    minutes[:2, 2] = minutes[2, :2] = np.inf
    (found,) = tours(minutes, [1, 1])
    assert found.stops == (1,)


def test_more_crews_are_done_earlier() -> None:
    rng = np.random.default_rng(0)
    minutes = matrix([(0.0, 0.0), *map(tuple, rng.uniform(0, 60, (30, 2)).tolist())])
    last = [
        max(t.arrival_min[-1] for t in tours(minutes, [1] * 30, crews=crews) if t.stops)
        for crews in (1, 2, 4)
    ]
    assert last[0] > last[1] > last[2]


@pytest.mark.parametrize(
    ("shape", "options", "says"),
    [
        ((2, 2), {}, "matrix of 4 × 4"),
        ((4, 4), {"crews": 0}, "1 to 100 crews"),
        ((4, 4), {"stop_min": -1}, "0 to 1440 minutes"),
    ],
)
def test_impossible_tours_are_refused(
    shape: tuple[int, int], options: dict[str, float], says: str
) -> None:
    with pytest.raises(BadInput, match=says):
        tours(np.zeros(shape), [1, 1, 1], **options)  # type: ignore[arg-type]
