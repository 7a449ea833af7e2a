"""Coverage: against areas worked out by hand, both ways."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString, Polygon, box

from flight.coverage import plan_coverage, sample
from flight.flightplan import Pattern
from flight.occlusion import hidden, is_convex
from flight.poses import rotations
from flight.surface import area_m2, level, normals, over_ground, upright
from inspection.geo.camera import rotation_from_gimbal
from tests.support.flightplans import nadir_photo, small_plan, square_m
from tests.support.planned import feature, planned


def test_the_share_that_photos_see_is_their_area() -> None:
    # one photo of 10 × 7.5 m in the middle of 20 × 20 m
    plan = small_plan(photos=(nadir_photo(0, 10, 10),))
    seen = plan_coverage(plan)
    assert seen.seen_share == pytest.approx(75 / 400, abs=0.003)
    assert seen.good_share == pytest.approx(75 / 400, abs=0.003)
    assert seen.share(2) == 0.0
    assert seen.area_m2 == pytest.approx(400)


def test_overlapping_photos_count_where_they_overlap() -> None:
    plan = small_plan(photos=(nadir_photo(0, 8, 10), nadir_photo(1, 12, 10)), views=2)
    seen = plan_coverage(plan)
    assert seen.good_share == pytest.approx(6 * 7.5 / 400, abs=0.003)
    assert seen.seen_share == pytest.approx(14 * 7.5 / 400, abs=0.003)


@pytest.mark.parametrize(("height_m", "counts"), [(10.9, True), (11.1, False)])
def test_a_tenth_too_coarse_counts_and_more_does_not(height_m: float, counts: bool) -> None:
    plan = small_plan(photos=(nadir_photo(0, 10, 10, height_m=height_m),))  # wanted: 10 m
    seen = plan_coverage(plan)
    assert seen.seen_share > 0.15
    assert (seen.good_share > 0.15) is counts
    best = seen.best_gsd_m_per_px[seen.seen > 0]
    assert best == pytest.approx(np.full(len(best), height_m / 4000))


@pytest.mark.parametrize(("pitch_deg", "counts"), [(-71.0, True), (-69.0, False)])
def test_the_angle_to_the_normal_is_held(pitch_deg: float, counts: bool) -> None:
    photo = replace(nadir_photo(0, 10, 10, height_m=5), pitch_deg=pitch_deg)
    seen = plan_coverage(small_plan(photos=(photo,)))
    assert seen.seen_share > 0.02
    assert (seen.good_share > 0.02) is counts


def test_the_gsd_of_an_oblique_view_is_that_of_its_worst_direction() -> None:
    photo = replace(nadir_photo(0, 10, 0, height_m=10), pitch_deg=-45.0)
    photo = replace(photo, footprint_m=photo.footprint_m + np.array([0, 10, 0]))
    seen = plan_coverage(small_plan(photos=(photo,)))
    middle = np.linalg.norm(seen.samples.point_m - [10, 10, 0], axis=1).argmin()
    slant_m = 10 * math.sqrt(2)
    assert seen.best_gsd_m_per_px[middle] == pytest.approx(
        slant_m / 4000 / math.cos(math.radians(45)), rel=0.02
    )


def test_a_face_is_not_seen_from_behind() -> None:
    plan = small_plan(surface_m=square_m(20.0)[:, ::-1])
    assert plan_coverage(plan).seen_share == 0.0


def test_a_wall_in_between_hides_what_stands_behind_it() -> None:
    back = feature(LineString([(0, 30), (10, 30)]), "back", bottom_m=3, top_m=7)
    plan = planned(Pattern.FACADE, back)
    assert plan_coverage(plan).good_share == 1.0
    screen = upright(LineString([(0, 28.5), (5, 28.5)]), 0.0, 10.0)
    shaded = replace(
        plan,
        surface_m=np.concatenate([plan.surface_m, screen]),
        surface_elements=("back",) * 2 + ("screen",) * 2,
    )
    assert plan_coverage(shaded).by_element()["back"][1] == pytest.approx(0.5, abs=0.12)


def test_what_is_hidden_is_told_line_by_line() -> None:
    wall = upright(LineString([(0, 5), (10, 5)]), 0.0, 4.0)
    floor = level(_square(10), 0.0, from_below=False)
    surface = np.concatenate([wall, floor])
    assert not is_convex(surface)
    eyes = np.array([[5.0, -5.0, 2.0], [5.0, -5.0, 2.0], [5.0, -5.0, 30.0]])
    points = np.array([[5.0, 9.0, 0.0], [5.0, 2.0, 0.0], [5.0, 9.0, 0.0]])
    own = np.full(3, 3)
    assert hidden(eyes, points, surface, own).tolist() == [True, False, False]


def test_convex_bodies_hide_nothing_of_themselves() -> None:
    ring = LineString([(0, 0), (4, 0), (4, 4), (0, 4), (0, 0)])
    assert is_convex(upright(ring, 0.0, 5.0))
    assert not is_convex(upright(ring.reverse(), 0.0, 5.0))


@given(st.integers(1, 5), st.floats(1, 100), st.floats(0.1, 50))
def test_samples_stand_for_the_whole_surface(count: int, wide_m: float, high_m: float) -> None:
    surface = np.concatenate(
        [upright(LineString([(0, n), (wide_m, n)]), 0.0, high_m) for n in range(count)]
    )
    samples = sample(surface, 500)
    assert samples.weight_m2.sum() == pytest.approx(count * wide_m * high_m)
    assert samples.weight_m2.sum() == pytest.approx(area_m2(surface).sum())
    assert samples.point_m[:, 0].mean() == pytest.approx(wide_m / 2, rel=0.05)
    assert samples.point_m[:, 2].mean() == pytest.approx(high_m / 2, rel=0.05)


def test_triangles_face_the_camera() -> None:
    # a wall that runs east is seen from its right, the south
    assert normals(upright(LineString([(0, 0), (5, 0)]), 0, 2)) == pytest.approx(
        np.tile([0.0, -1.0, 0.0], (2, 1))
    )
    assert normals(level(_square(3), 2.0, from_below=True))[:, 2].tolist() == [-1.0, -1.0]
    ground = over_ground(_square(30), lambda xy: 0.1 * xy[:, 0], piece_m=5.0)
    assert (normals(ground)[:, 2] > 0.99).all()
    assert area_m2(ground).sum() == pytest.approx(900 * math.hypot(1, 0.1))


@given(yaw=st.floats(0, 360), pitch=st.floats(-90, 90))
def test_many_rotations_are_those_of_one_gimbal(yaw: float, pitch: float) -> None:
    (found,) = rotations(np.array([yaw]), np.array([pitch]))
    assert found == pytest.approx(rotation_from_gimbal(yaw_deg=yaw, pitch_deg=pitch), abs=1e-9)


def _square(side_m: float) -> Polygon:
    return box(0, 0, side_m, side_m)
