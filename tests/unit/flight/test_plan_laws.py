"""Laws of whole plans: full coverage at the wanted overlap, inside the fence, parts like the whole.

Random simple polygons (mostly not convex), headings, cameras and overlaps.
"""

import itertools
import math

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from shapely import LineString, Polygon

from flight.coverage import plan_coverage
from flight.drone import find_drone
from flight.flightplan import FlightPlan, Pattern
from flight.itinerary import WAYPOINT, Itinerary, make_itinerary
from flight.mission import Mission
from flight.partition import split
from inspection.errors import BadInput
from tests.support.planned import feature, planned

WANTED_SHARE = 0.995


@st.composite
def polygons(draw: st.DrawFn, size_m: float = 40.0) -> Polygon:
    """Draw a simple polygon: corners at random distances round a middle, some of them bays."""
    count = draw(st.integers(3, 9))
    steps = draw(st.lists(st.floats(0.3, 1.0), min_size=count, max_size=count))
    angles = np.cumsum(steps) / sum(steps) * 2 * math.pi
    reach = draw(st.lists(st.floats(0.25, 1.0), min_size=count, max_size=count))
    radii = np.array(reach) * size_m
    shape = Polygon(np.column_stack([radii * np.cos(angles), radii * np.sin(angles)]))
    assume(shape.is_valid and shape.area > 50)
    return shape


cameras = st.sampled_from(["dji_p1@35", "dji_p1@24", "dji_m3e_wide", "sony_a7r@35"])
overlaps = st.tuples(st.floats(0.6, 0.85), st.floats(0.6, 0.8))
headings = st.none() | st.floats(0, 360)


def full_views(plan: FlightPlan) -> int:
    """Say how many photos see a place inside a grid of these overlaps at least."""
    along = math.floor(1 / (1 - plan.overlap_front) + 1e-9)
    return along * math.floor(1 / (1 - plan.overlap_side) + 1e-9)


@settings(max_examples=30, deadline=None)
@given(shape=polygons(), camera=cameras, pair=overlaps, heading=headings)
def test_an_area_is_covered_at_the_wanted_overlap(
    shape: Polygon, camera: str, pair: tuple[float, float], heading: float | None
) -> None:
    plan = planned(
        Pattern.AREA,
        feature(shape),
        camera=camera,
        gsd_mm=1.5,
        purpose="pavement",
        overlaps=pair,
        heading_deg=heading,
    )
    seen = plan_coverage(plan, count=4000)
    assert seen.area_m2 == pytest.approx(shape.area, rel=2e-3)
    assert seen.share(full_views(plan)) >= WANTED_SHARE
    assert seen.good_share >= WANTED_SHARE


@settings(max_examples=25, deadline=None)
@given(shape=polygons(), camera=cameras, heading=headings)
def test_no_leg_leaves_the_fence(shape: Polygon, camera: str, heading: float | None) -> None:
    plan = planned(
        Pattern.AREA,
        feature(shape),
        camera=camera,
        gsd_mm=1.5,
        purpose="pavement",
        heading_deg=heading,
    )
    mission = make_itinerary(plan, find_drone("ardupilot_survey")).mission
    assert_inside_fence(plan, mission)


@settings(max_examples=8, deadline=None)
@given(shape=polygons(size_m=25.0), camera=cameras, heading=headings)
def test_parts_cover_what_the_whole_covers_and_each_fits(
    shape: Polygon, camera: str, heading: float | None
) -> None:
    plan = planned(
        Pattern.AREA,
        feature(shape),
        camera=camera,
        gsd_mm=1.0,
        drone="ardupilot_upward",
        purpose="surface",
        heading_deg=heading,
        speed_m_s=0.5,
    )
    drone = find_drone("ardupilot_upward")
    parts = split(plan, drone)
    assert_parts(plan, parts)
    for part, itinerary in parts:
        assert len(itinerary.mission.items) + 1 <= drone.capacity_items
        assert itinerary.seconds <= drone.flight_time_min * 60 * 0.7
        assert_inside_fence(part, itinerary.mission)


def test_a_wall_is_split_by_the_650_items_of_arducopter() -> None:
    wall = feature(LineString([(0, 40), (100, 40)]), bottom_m=3, top_m=15)
    plan = planned(Pattern.FACADE, wall)
    parts = split(plan, find_drone("ardupilot_survey"))
    assert len(parts) >= len(plan.photos) * 3 / 650
    assert max(len(itinerary.mission.items) for _, itinerary in parts) + 1 <= 650
    assert min(len(part.photos) for part, _ in parts[:-1]) > 120  # no part is wasted
    assert_parts(plan, parts)


def test_the_next_part_repeats_what_came_last() -> None:
    wall = feature(LineString([(0, 40), (20, 40)]), bottom_m=3, top_m=25)
    plan = planned(Pattern.FACADE, wall)
    parts = [part for part, _ in split(plan, find_drone("ardupilot_survey"))]
    assert len(parts) > 1
    for before, after in itertools.pairwise(parts):
        # rows are short, so that the whole last row comes again
        last_row = {photo.position_m.tobytes() for photo in before.rows[-1]}
        assert {photo.position_m.tobytes() for photo in after.rows[0]} == last_row


def test_a_long_row_is_not_repeated_whole() -> None:
    wall = feature(LineString([(0, 40), (400, 40)]), bottom_m=3, top_m=5)
    plan = planned(Pattern.FACADE, wall)
    parts = [part for part, _ in split(plan, find_drone("ardupilot_survey"))]
    for before, after in itertools.pairwise(parts):
        again = {photo.position_m.tobytes() for photo in before.photos} & {
            photo.position_m.tobytes() for photo in after.photos
        }
        assert 1 <= len(again) <= 3


def test_a_take_off_too_far_away_is_refused_with_the_cure() -> None:
    wall = feature(LineString([(0, 9000), (20, 9000)]), bottom_m=3, top_m=9)
    plan = planned(Pattern.FACADE, wall)
    with pytest.raises(BadInput, match=r"take off nearer \(--takeoff\)"):
        split(plan, find_drone("ardupilot_survey"))


def test_a_reserve_in_percent_is_refused() -> None:
    wall = feature(LineString([(0, 40), (20, 40)]), bottom_m=3, top_m=9)
    with pytest.raises(BadInput, match=r"30 % is 0\.3"):
        split(planned(Pattern.FACADE, wall), find_drone("ardupilot_survey"), reserve=30)


def assert_inside_fence(plan: FlightPlan, mission: Mission) -> None:
    """Check every leg, take-off and return included, in the plan's own metres."""
    (fence,) = mission.fence_polygons
    corners = [(lon, lat, 0.0) for lat, lon in fence.vertices_latlon_deg]
    outline = Polygon(plan.frame.to_enu_m(corners)[:, :2])
    assert outline.is_valid
    assert len(fence.vertices_latlon_deg) <= 60
    places = [
        (item.lon_deg, item.lat_deg, item.altitude_m)
        for item in mission.items
        if item.command == WAYPOINT
    ]
    course = plan.frame.to_enu_m(places)[:, :2]
    legs = LineString([(0.0, 0.0), *course, (0.0, 0.0)])
    assert outline.contains(legs)
    assert shapely.distance(outline.exterior, legs) >= 10.0


def assert_parts(plan: FlightPlan, parts: tuple[tuple[FlightPlan, Itinerary], ...]) -> None:
    """Check that every photo of the whole is in a part, in order, and none is made up."""
    whole = [photo.position_m.tobytes() for photo in plan.photos]
    found = [photo.position_m.tobytes() for part, _ in parts for photo in part.photos]
    assert set(found) == set(whole)
    first_seen = list(dict.fromkeys(found))
    assert first_seen == list(dict.fromkeys(whole))
    merged = [p for part, _ in parts for p in part.photos]
    assert len({(p.position_m.tobytes(), p.yaw_deg, p.pitch_deg) for p in merged}) == len(
        {(p.position_m.tobytes(), p.yaw_deg, p.pitch_deg) for p in plan.photos}
    )
