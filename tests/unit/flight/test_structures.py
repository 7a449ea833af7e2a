"""Faces, soffits and piers: square-on photos from the top, safe corners, honest coverage."""

import doctest
import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, Point, Polygon

from flight import orbit as orbit_module
from flight.coverage import plan_coverage
from flight.facade import Face, facade
from flight.flightplan import FlightPlan, Pattern, Trigger
from flight.lens import find_lens
from flight.orbit import visible_half_angle_deg
from inspection.errors import BadGeometry, BadInput
from tests.support.planned import feature, planned

WALL = LineString([(0, 20), (30, 20)])


def wall(**changes: object) -> FlightPlan:
    options = {"bottom_m": 3.0, "top_m": 11.0} | changes
    return planned(Pattern.FACADE, feature(WALL, "wall", **options))


def test_doctests_hold() -> None:
    assert doctest.testmod(orbit_module).failed == 0


def test_a_wall_is_swept_from_the_top_back_and_forth_square_on() -> None:
    plan = wall()
    assert plan.trigger is Trigger.STOP
    heights = [row[0].position_m[2] for row in plan.rows]
    assert heights == sorted(heights, reverse=True)
    directions = [row[-1].position_m[0] - row[0].position_m[0] for row in plan.rows]
    assert [np.sign(way) for way in directions] == [(-1) ** n for n in range(len(directions))]
    for photo in plan.photos:
        # the wall runs east: seen from its right, from the south, looking north
        assert (photo.yaw_deg + 180) % 360 == pytest.approx(180, abs=1e-3)
        assert photo.pitch_deg == pytest.approx(0, abs=1e-9)
        assert photo.distance_m == pytest.approx(3.409, abs=0.001)
        assert photo.position_m[1] == pytest.approx(20 - 3.409, abs=0.002)
        assert photo.footprint_m[:, 1] == pytest.approx(np.full(4, 20.0), abs=0.002)


def test_a_wall_is_covered_at_the_wanted_overlap_and_no_photo_looks_beside_it() -> None:
    plan = wall()
    seen = plan_coverage(plan)
    assert seen.good_share == 1.0
    corners = np.array([photo.footprint_m for photo in plan.photos])
    assert corners[:, :, 0].min() == pytest.approx(0, abs=0.01)
    assert corners[:, :, 0].max() == pytest.approx(30, abs=0.01)
    assert corners[:, :, 2].min() == pytest.approx(3, abs=0.01)
    assert corners[:, :, 2].max() == pytest.approx(11, abs=0.01)


@settings(max_examples=15, deadline=None)
@given(
    length_m=st.floats(1, 60),
    bearing_deg=st.floats(0, 360),
    high_m=st.floats(1, 20),
    front=st.floats(0.3, 0.8),
    side=st.floats(0.3, 0.8),
)
def test_faces_of_any_size_and_direction_are_covered(
    length_m: float, bearing_deg: float, high_m: float, front: float, side: float
) -> None:
    turn = math.radians(bearing_deg)
    end = (length_m * math.sin(turn), length_m * math.cos(turn))
    plan = planned(
        Pattern.FACADE,
        feature(LineString([(0, 0), end]), bottom_m=3, top_m=3 + high_m),
        overlaps=(front, side),
        full_edges=True,
    )
    views = math.floor(1 / (1 - front)) * math.floor(1 / (1 - side))
    seen = plan_coverage(plan, count=2500)
    assert seen.share(views) >= 0.995
    assert seen.area_m2 == pytest.approx(length_m * high_m, rel=1e-3)


def test_the_other_side_of_a_wall_is_seen_by_asking() -> None:
    assert wall(side="left").positions_m[:, 1].min() > 20
    with pytest.raises(BadInput, match="side 'top' is neither left nor right"):
        wall(side="top")


def test_a_pier_drawn_either_way_round_is_seen_from_outside_and_round_its_corners() -> None:
    ring = [(0, 20), (6, 20), (6, 23), (0, 23)]
    for corners in (ring, ring[::-1]):
        plan = planned(Pattern.FACADE, feature(Polygon(corners), "P1", bottom_m=3, top_m=9))
        away = shapely.distance(shapely.points(plan.positions_m[:, :2]), Polygon(corners))
        assert away.min() == pytest.approx(3.409, abs=0.01)
        seen = plan_coverage(plan)
        assert seen.seen_share == 1.0
        assert seen.good_share >= 0.995
        # two photos at 30° and 60° lead round each of four corners in each row
        diagonal = {round(photo.yaw_deg % 90) for photo in plan.photos} - {0, 90}
        assert diagonal == {30, 60}


def test_legs_round_an_outer_corner_keep_their_distance() -> None:
    pier = Polygon([(0, 20), (6, 20), (6, 23), (0, 23)])
    plan = planned(Pattern.FACADE, feature(pier, "P1", bottom_m=3, top_m=5))
    for row in plan.rows:
        way = LineString([photo.position_m[:2] for photo in row])
        assert way.distance(pier) >= 3.409 * 0.9


def test_inner_corners_leave_photos_out_and_say_so() -> None:
    plan = planned(
        Pattern.FACADE,
        feature(LineString([(0, 20), (10, 20), (10, 10)]), "corner", bottom_m=3, top_m=8),
    )
    assert any("left out" in note for note in plan.notes)
    spots = shapely.points(plan.positions_m[:, :2])
    face = LineString([(0, 20), (10, 20), (10, 10)])
    assert shapely.distance(spots, face).min() >= 3.0 - 1e-6
    assert plan_coverage(plan).good_share < 0.95  # and the coverage says what it costs


def test_rows_below_the_lowest_height_are_seen_from_above_and_counted() -> None:
    plan = wall(bottom_m=0.0, top_m=6.0)
    assert plan.positions_m[:, 2].min() == pytest.approx(2.0)
    assert any("look down from 2 m" in note for note in plan.notes)
    seen = plan_coverage(plan)
    assert seen.seen_share == 1.0
    assert 0.7 < seen.good_share < 0.95
    assert plan_coverage(wall(bottom_m=3.0, top_m=6.0)).good_share == 1.0


def test_elements_are_told_apart() -> None:
    one = feature(WALL, "A1", bottom_m=0, top_m=6)
    two = feature(LineString([(60, 20), (90, 20)]), "A2", bottom_m=3, top_m=6)
    found = plan_coverage(planned(Pattern.FACADE, one, two)).by_element()
    assert list(found) == ["A1", "A2"]
    assert found["A1"][0] == pytest.approx(180, abs=0.5)
    assert found["A1"][1] < 0.95 < found["A2"][1]


def test_faces_without_size_or_height_are_refused_by_name() -> None:
    with pytest.raises(BadGeometry, match=r"'w': top 3.0 m is not above bottom 3.0 m"):
        Face(element="w", line_m=WALL, bottom_m=3.0, top_m=3.0)
    with pytest.raises(BadGeometry, match="'w' has no length"):
        Face(element="w", line_m=LineString(), bottom_m=3.0, top_m=4.0)
    with pytest.raises(BadInput, match="'A1' has no 'top_m'; give --top-m"):
        planned(Pattern.FACADE, feature(WALL, "A1", bottom_m=1))
    with pytest.raises(BadInput, match="no face to plan"):
        facade(
            [],
            camera=find_lens("dji_p1@50").camera,
            standoff_m=3.0,
            overlap_front=0.6,
            overlap_side=0.4,
            clearance_m=2.0,
        )


def test_a_narrow_gap_between_faces_has_no_photo_point_left() -> None:
    gap = [
        feature(LineString([(0, 20), (10, 20)]), "a", bottom_m=3, top_m=6),
        feature(LineString([(10, 18), (0, 18)]), "b", bottom_m=3, top_m=6),
    ]
    with pytest.raises(BadInput, match="every photo point is closer than"):
        planned(Pattern.FACADE, *gap)


def test_a_soffit_is_seen_from_below_and_covered() -> None:
    deck = feature(Polygon([(0, 20), (30, 20), (30, 28), (0, 28)]), "span", height_m=9)
    plan = planned(Pattern.SOFFIT, deck, drone="ardupilot_upward")
    assert {photo.pitch_deg for photo in plan.photos} == {90.0}
    assert plan.positions_m[:, 2] == pytest.approx(np.full(len(plan.photos), 9 - 3.409), abs=0.01)
    seen = plan_coverage(plan)
    assert seen.good_share == 1.0
    assert seen.area_m2 == pytest.approx(240, rel=1e-3)
    assert any("satellites" in note for note in plan.notes)


def test_a_soffit_too_low_or_without_height_is_refused() -> None:
    outline = Polygon([(0, 20), (30, 20), (30, 28), (0, 28)])
    with pytest.raises(BadInput, match="has no 'height_m'; give --height-m"):
        planned(Pattern.SOFFIT, feature(outline, "span"), drone="ardupilot_upward")
    with pytest.raises(BadInput, match=r"put the drone at 0\.6 m, below the 2 m of --lowest-m"):
        planned(Pattern.SOFFIT, feature(outline, "span", height_m=4), drone="ardupilot_upward")


def test_rings_round_a_pier_cover_it() -> None:
    pier = feature(Point(20, 20), "P1", radius_m=1.25, bottom_m=3, top_m=9)
    plan = planned(Pattern.ORBIT, pier)
    seen = plan_coverage(plan)
    assert seen.good_share >= 0.995
    assert seen.area_m2 == pytest.approx(2 * math.pi * 1.25 * 6, rel=0.01)
    away = np.hypot(*(plan.positions_m[:, :2] - [20, 20]).T)
    assert away == pytest.approx(np.full(len(away), 1.25 + 3.409), abs=0.01)
    heights = [row[0].position_m[2] for row in plan.rows]
    assert heights == sorted(heights, reverse=True)


def test_what_a_photo_sees_of_a_pier_follows_from_its_roundness() -> None:
    camera = find_lens("dji_p1@50").camera
    angles = [
        visible_half_angle_deg(camera, radius_m=r, standoff_m=3.4, incidence_limit_deg=10)
        for r in (0.5, 5.0, 50.0)
    ]
    assert angles[0] == 10.0
    assert angles == sorted(angles, reverse=True)
    # a nearly flat body: half the footprint over the radius
    flat_m = camera.footprint_m(3.4)[0] / 2
    assert angles[2] == pytest.approx(math.degrees(flat_m / 50), rel=0.02)


def test_piers_need_a_radius_and_are_told_when_they_are_not_round() -> None:
    with pytest.raises(BadInput, match="'P1' is a point without 'radius_m'; give --radius-m"):
        planned(Pattern.ORBIT, feature(Point(20, 20), "P1", bottom_m=3, top_m=9))
    box = Polygon([(20, 20), (26, 20), (26, 22), (20, 22)])
    plan = planned(Pattern.ORBIT, feature(box, "P1", bottom_m=3, top_m=9))
    assert any("is not round" in note for note in plan.notes)
    with pytest.raises(BadInput, match="radius must be > 0 m"):
        planned(Pattern.ORBIT, feature(Point(20, 20), "P1", radius_m=0, bottom_m=3, top_m=9))


def test_dji_waypoints_are_half_a_metre_apart() -> None:
    narrow = feature(WALL, "wall", bottom_m=3, top_m=5)
    options = {"camera": "dji_m3e_tele", "gsd_mm": 0.3, "overlaps": (0.6, 0.4)}
    free = planned(Pattern.FACADE, narrow, drone="ardupilot_survey", **options)
    bound = planned(Pattern.FACADE, narrow, drone="dji_m3e", **options)

    def steps_m(plan: FlightPlan) -> np.ndarray:
        return np.linalg.norm(np.diff(plan.positions_m, axis=0), axis=1)

    assert steps_m(free).min() < 0.5
    assert steps_m(bound).min() >= 0.5
    assert plan_coverage(bound).good_share == 1.0
