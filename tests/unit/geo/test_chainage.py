"""Distances along a centre line name one place for good, whatever its branches."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from inspection.errors import BadGeometry
from inspection.geo.chainage import Chainage

FORK = shapely.from_wkt("MULTILINESTRING ((0 0, 4 0), (4 0, 7 4), (4 0, 4 -2))")


def test_the_lines_follow_one_another() -> None:
    fork = Chainage.of(FORK)
    assert fork.bounds_m == (0.0, 4.0, 9.0, 11.0)
    assert fork.length_m == 11.0
    assert len(fork.lines) == 3


def test_ground_is_shorter_than_a_map_that_stretches() -> None:
    fork = Chainage.of(FORK, linear=2.0)
    assert fork.length_m == 5.5
    assert fork.locate([(7.0, 4.0), (2.0, 0.1)]) == pytest.approx([4.5, 1.0])


def test_places_are_at_most_a_step_apart_and_have_both_ends_of_every_line() -> None:
    distances, points = Chainage.of(FORK).every(0.7)
    assert (np.diff(distances) <= 0.7 + 1e-9).all() and (np.diff(distances) >= 0).all()
    for end in ((0, 0), (4, 0), (7, 4), (4, -2)):
        assert np.hypot(*(points - end).T).min() < 1e-9
    assert (distances[0], distances[-1]) == (0.0, 11.0)


@given(st.floats(0.0, 1.0), st.sampled_from([1.0, 0.9996, 1.7]))
def test_a_place_is_found_where_it_was_counted(share: float, linear: float) -> None:
    fork = Chainage.of(FORK, linear)
    distances, points = fork.every(0.05)
    chosen = round(share * (len(distances) - 1))
    if np.hypot(*(points[chosen] - [4, 0])) < 1e-9:
        return  # the fork belongs to three lines
    (found,) = fork.locate([tuple(points[chosen])])
    assert found == pytest.approx(distances[chosen], abs=1e-9)


@pytest.mark.parametrize(
    "wkt", ["POINT EMPTY", "LINESTRING (1 1, 1 1)", "POLYGON ((0 0,1 0,1 1,0 0))"]
)
def test_what_has_no_line_has_no_distance(wkt: str) -> None:
    with pytest.raises(BadGeometry, match="made of lines"):
        Chainage.of(shapely.from_wkt(wkt))
