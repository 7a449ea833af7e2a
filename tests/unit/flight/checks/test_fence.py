"""The fence holds everything, or the mission is refused."""

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from shapely import MultiPoint, Point

from flight.checks.fence import check_fence
from flight.checks.finding import Outcome
from flight.checks.layout import lay_out
from flight.mission import FenceCircle, FencePolygon
from inspection.errors import BadGeometry
from tests.support.courses import latlon, mission_through

spots = st.tuples(st.floats(-200, 200), st.floats(-200, 200), st.floats(2, 60))
BOX = [(-10, -10), (110, -10), (110, 110), (-10, 110)]


@given(st.lists(spots, min_size=1, max_size=7), st.floats(3, 50))
@settings(max_examples=60, deadline=None)
def test_a_mission_inside_of_its_fence_passes(
    points: list[tuple[float, float, float]], room_m: float
) -> None:
    hull = MultiPoint([(0, 0), *((x, y) for x, y, _ in points)]).convex_hull.buffer(room_m)
    mission = mission_through(*points, fence_m=list(hull.exterior.coords)[:-1])
    found = check_fence(lay_out(mission), mission)
    assert found.outcome is Outcome.PASS
    assert float(found.facts["room_m"]) == pytest.approx(room_m, rel=0.02, abs=0.05)


@given(
    st.lists(spots, min_size=2, max_size=6),
    st.integers(0, 5),
    st.floats(0.5, 300),
    st.floats(0, 360),
)
@settings(max_examples=60, deadline=None)
def test_any_leg_outside_is_refused(
    points: list[tuple[float, float, float]], which: int, over_m: float, heading_deg: float
) -> None:
    hull = MultiPoint([(0, 0), *((x, y) for x, y, _ in points)]).convex_hull.buffer(5.0)
    away = np.radians(heading_deg)
    edge = hull.exterior
    ray = shapely.LineString([(0, 0), (2000 * np.sin(away), 2000 * np.cos(away))])
    border = max(
        shapely.get_parts(ray.intersection(edge)).tolist(), key=lambda p: p.distance(Point(0, 0))
    )
    x, y = border.x + over_m * np.sin(away), border.y + over_m * np.cos(away)
    assume(not hull.buffer(0.3).contains(Point(x, y)))
    moved = [*points]
    moved.insert(which % len(points), (float(x), float(y), 20.0))
    mission = mission_through(*moved, fence_m=list(edge.coords)[:-1])
    found = check_fence(lay_out(mission), mission)
    assert found.outcome is Outcome.REFUSE
    assert found.reason == "fence.outside"
    assert 2 + which % len(points) in found.items
    assert float(found.facts["over_m"]) == pytest.approx(
        Point(x, y).distance(hull), rel=0.02, abs=0.1
    )


def test_a_leg_that_cuts_a_corner_of_a_bent_fence_is_refused() -> None:
    """Both waypoints lie inside; the way between them does not."""
    bent = [(-10, -10), (110, -10), (110, 10), (10, 10), (10, 110), (-10, 110)]
    mission = mission_through((100, 0, 20), (0, 100, 20), fence_m=bent)
    found = check_fence(lay_out(mission), mission)
    assert found.outcome is Outcome.REFUSE and found.items == (3,)


def test_a_return_outside_is_refused() -> None:
    """The work lies inside, take-off and the way home do not."""
    mission = mission_through((50, 0, 20), fence_m=[(40, -9), (60, -9), (60, 9), (40, 9)])
    found = check_fence(lay_out(mission), mission)
    assert found.outcome is Outcome.REFUSE
    assert found.items == (1, 2, 3)


def test_a_fence_that_is_only_just_wide_enough_warns() -> None:
    mission = mission_through((100, 0, 20), fence_m=[(-9, -1), (109, -1), (109, 9), (-9, 9)])
    found = check_fence(lay_out(mission), mission)
    assert (found.outcome, found.reason) == (Outcome.WARN, "fence.near")
    assert found.facts["room_m"] == pytest.approx(1.0, abs=0.01)


def test_exclusions_are_not_entered_not_even_at_their_edge() -> None:
    inner = tuple(latlon(x, y) for x, y in [(45, -5), (55, -5), (55, 5), (45, 5)])
    mission = mission_through(
        (100, 0, 20), fence_polygons=(FencePolygon(vertices_latlon_deg=inner, inclusion=False),)
    )
    found = check_fence(lay_out(mission), mission)
    assert (found.outcome, found.reason) == (Outcome.REFUSE, "fence.excluded")
    around = mission_through((100, 40, 20), (0, 40, 20), fence_polygons=mission.fence_polygons)
    assert check_fence(lay_out(around), around).outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("radius_m", "inclusion", "outcome"),
    [(110, True, "pass"), (101, True, "warn"), (90, True, "refuse"), (30, False, "refuse")],
)
def test_circles_bound_as_well(radius_m: float, inclusion: bool, outcome: str) -> None:
    circle = FenceCircle(centre_latlon_deg=latlon(0, 0), radius_m=radius_m, inclusion=inclusion)
    mission = mission_through((100, 0, 20), fence_circles=(circle,))
    assert check_fence(lay_out(mission), mission).outcome.value == outcome


def test_every_inclusion_must_hold() -> None:
    mission = mission_through((100, 0, 20), fence_m=BOX)
    narrow = shapely.box(-20, -20, 50, 50)
    assert check_fence(lay_out(mission), mission).outcome is Outcome.PASS
    assert check_fence(lay_out(mission), mission, areas=[narrow]).outcome is Outcome.REFUSE


def test_no_fence_is_told() -> None:
    mission = mission_through((100, 0, 20))
    assert check_fence(lay_out(mission), mission).reason == "fence.none"


def test_a_broken_fence_is_named() -> None:
    crossed = mission_through((9, 0, 9), fence_m=[(0, 0), (9, 9), (9, 0), (0, 9)])
    with pytest.raises(BadGeometry, match="fence polygon 1 is not a simple shape"):
        check_fence(lay_out(crossed), crossed)
    two = mission_through((9, 0, 9), fence_m=[(0, 0), (9, 9)])
    with pytest.raises(BadGeometry, match="has 2 corners"):
        check_fence(lay_out(two), two)
