"""Sites: where a plan takes off when nobody says, and what a place too far away means."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString, Point, Polygon

from flight.area import spread_m
from flight.flightplan import Pattern
from flight.site import choose_takeoff
from inspection.errors import BadGeometry, BadInput
from tests.support.planned import feature, planned
from tests.support.sites import KANAZAWA

WALL = feature(LineString([(0, 0), (30, 0)]), "A1", bottom_m=3, top_m=8)
DECK = feature(Polygon([(0, 0), (30, 0), (30, 8), (0, 8)]), "deck", height_m=9)


def takeoff_m(*features: object, pattern: Pattern) -> np.ndarray:
    latitude, longitude = choose_takeoff(features, pattern, 3.0)  # type: ignore[arg-type]
    return KANAZAWA.to_enu_m([[longitude, latitude, 0.0]])[0, :2]


def test_take_off_is_assumed_in_front_of_a_face() -> None:
    assert takeoff_m(WALL, pattern=Pattern.FACADE) == pytest.approx([15, -11], abs=0.1)


def test_take_off_is_assumed_beside_decks_and_piers_never_below() -> None:
    x_m, y_m = takeoff_m(DECK, pattern=Pattern.SOFFIT)
    assert x_m == pytest.approx(15, abs=0.1)
    assert y_m < -11
    pier = feature(Point(0, 0), "P1", radius_m=1)
    assert takeoff_m(pier, pattern=Pattern.ORBIT) == pytest.approx([0, -11], abs=0.1)


def test_take_off_is_assumed_at_the_first_corner_of_ground() -> None:
    assert takeoff_m(DECK, pattern=Pattern.AREA) == pytest.approx([0, 0], abs=0.1)


def test_an_assumed_take_off_is_said_and_a_given_one_is_not() -> None:
    assumed = planned(Pattern.FACADE, WALL, takeoff=None)
    given_ = planned(Pattern.FACADE, WALL)
    assert any("take-off is assumed at" in note for note in assumed.notes)
    assert not any("assumed" in note for note in given_.notes)
    assert assumed.photos[0].distance_m == pytest.approx(given_.photos[0].distance_m)


def test_the_plan_does_not_depend_on_where_it_takes_off() -> None:
    near = planned(Pattern.FACADE, WALL)
    far = planned(Pattern.FACADE, WALL, takeoff=(KANAZAWA.lat_deg + 0.02, KANAZAWA.lon_deg))
    here, there = (p.to_latlon_height(p.positions_m) for p in (near, far))
    # 2 km away "up" leans by 0.02°, hence 3 mm on 8 m
    assert there[:, :2] == pytest.approx(here[:, :2], abs=5e-8)
    assert there[:, 2] == pytest.approx(here[:, 2], abs=0.002)


def test_a_site_beyond_thirty_kilometres_is_a_mistake() -> None:
    with pytest.raises(BadInput, match=r"'A1' reaches \d+ km from take-off"):
        planned(Pattern.FACADE, WALL, takeoff=(KANAZAWA.lat_deg + 1, KANAZAWA.lon_deg))


@pytest.mark.parametrize(
    ("pattern", "item", "needs"),
    [
        (Pattern.AREA, WALL, "needs a Polygon"),
        (Pattern.SOFFIT, WALL, "needs a Polygon"),
        (Pattern.CORRIDOR, DECK, "needs a LineString"),
        (Pattern.FACADE, feature(Point(0, 0), "P"), "needs a LineString or a Polygon"),
        (Pattern.ORBIT, WALL, "needs a Point or a Polygon"),
    ],
)
def test_the_wrong_kind_of_geometry_is_named(pattern: Pattern, item: object, needs: str) -> None:
    with pytest.raises(BadGeometry, match=needs):
        planned(pattern, item)  # type: ignore[arg-type]


def test_nothing_to_plan_is_said() -> None:
    with pytest.raises(BadInput, match="nothing to plan"):
        planned(Pattern.AREA)


@given(
    high_m=st.floats(0, 200),
    width_m=st.floats(1, 20),
    step_share=st.floats(0.05, 1.0),
    least_m=st.floats(0, 1.0),
)
def test_windows_cover_and_are_never_closer_than_allowed(
    high_m: float, width_m: float, step_share: float, least_m: float
) -> None:
    centres = spread_m(0.0, high_m, width_m, step_share * width_m, least_m=least_m)
    steps = np.diff(centres)
    assert centres[0] - width_m / 2 <= 1e-9
    assert centres[-1] + width_m / 2 >= high_m - 1e-9
    if len(steps):
        assert steps.min() >= least_m - 1e-9
        assert steps.max() <= max(step_share * width_m, 2 * least_m) + 1e-9
