"""Every plan for a DJI aircraft makes a wayline: whatever is planned can be written and read back.

A wayline needs 0.5 m from waypoint to waypoint and 1 to 15 m/s along it (domain §6.4.1), so that a
plan whose photo points lie closer is no plan. The planner gives up overlap before it gives up
flying.
"""

import math
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, Point, Polygon, box
from shapely.geometry.base import BaseGeometry

from flight.command import Command
from flight.corridor import corridor
from flight.drone import Drone, find_drone
from flight.flightplan import FlightPlan, Pattern, Trigger
from flight.formats import read_mission, write_mission
from flight.ground import flat
from flight.itinerary import make_itinerary
from flight.lens import Lens, find_lens
from flight.orbit import orbit
from flight.partition import split
from tests.support.planned import feature, planned

LEAST_M = 0.5
TELE = "dji_m3e_tele"


@cache
def mavic() -> Drone:
    return find_drone("dji_m3e")


@cache
def lens(name: str = TELE) -> Lens:
    return find_lens(name)


def flown(plan: FlightPlan) -> int:
    """Write every part of a plan as a wayline, read it back, and count its waypoints."""
    count = 0
    with TemporaryDirectory() as folder:
        for number, (_, itinerary) in enumerate(split(plan, mavic())):
            path = Path(folder) / f"{number}.kmz"
            write_mission(itinerary.mission, path, drone=mavic().wayline_name)
            items = read_mission(path).items
            count += sum(item.command == Command.WAYPOINT for item in items)
    return count


def least_gap_m(places: np.ndarray) -> float:
    """Give the least distance of neighbours that do not stand at one and the same place."""
    gaps = np.linalg.norm(np.diff(places, axis=0), axis=1)
    return float(gaps[gaps > 0.01].min(initial=math.inf))


# --- each pattern at the finest that the tele lens of the table sees -----------------------------

SITES: dict[Pattern, tuple[BaseGeometry, dict[str, float]]] = {
    Pattern.AREA: (box(0, 0, 5, 3), {}),
    Pattern.CORRIDOR: (LineString([(0, 0), (6, 0), (8, 4)]), {"width_m": 2}),
    Pattern.FACADE: (LineString([(0, 20), (7, 20)]), {"bottom_m": 0, "top_m": 5}),
    Pattern.ORBIT: (Point(10, 20), {"radius_m": 0.5, "bottom_m": 1, "top_m": 3}),
}


@pytest.mark.parametrize("gsd_mm", [0.2, 0.3, 0.5])
@pytest.mark.parametrize("pattern", SITES, ids=str)
def test_what_is_planned_for_a_wayline_can_be_written_as_one(
    pattern: Pattern, gsd_mm: float
) -> None:
    shape, fields = SITES[pattern]
    plan = planned(
        pattern, feature(shape, "it", **fields), camera=TELE, gsd_mm=gsd_mm, drone="dji_m3e"
    )
    assert flown(plan) >= 2
    assert least_gap_m(plan.positions_m) >= LEAST_M - 1e-6


@given(
    radius_m=st.floats(0.3, 8.0),
    height_m=st.floats(1.0, 9.0),
    lowest_m=st.floats(0.5, 6.0),
    gsd_mm=st.sampled_from([0.2, 0.25, 0.3]),
)
@settings(max_examples=15, deadline=None)
def test_rings_round_any_pier_make_a_wayline(
    radius_m: float, height_m: float, lowest_m: float, gsd_mm: float
) -> None:
    pier = feature(Point(12, 20), "P", radius_m=radius_m, bottom_m=0, top_m=height_m)
    plan = planned(
        Pattern.ORBIT, pier, camera=TELE, gsd_mm=gsd_mm, drone="dji_m3e", lowest_m=lowest_m
    )
    assert least_gap_m(plan.positions_m) >= LEAST_M - 1e-6
    assert plan.positions_m[:, 2].min() >= lowest_m - 1e-6


@given(
    corners=st.lists(
        st.tuples(st.integers(-30, 30), st.integers(-30, 30)), min_size=2, max_size=5, unique=True
    ),
    width_m=st.floats(0.5, 8.0),
    edges=st.booleans(),
)
@settings(max_examples=20, deadline=None)
def test_photos_of_a_row_along_any_road_are_no_closer_than_a_wayline_allows(
    corners: list[tuple[int, int]], width_m: float, edges: bool
) -> None:
    line = LineString(corners)
    if not line.is_simple:
        return  # a road that crosses itself
    poses = corridor(
        line,
        width_m=width_m,
        camera=lens().camera,
        distance_m=lens().camera.focal_px * 0.0003,
        overlap_front=0.6,
        overlap_side=0.4,
        ground=flat(),
        full_edges=edges,
        least_step_m=LEAST_M,
    )
    for row in np.unique(poses.row):
        way = poses.position_m[poses.row == row]
        bent = np.linalg.norm(np.diff(way, axis=0), axis=1)
        # along the line it is half a metre; a bend of 25° at the most shortens the chord by 2.4 %
        assert bent.min(initial=math.inf) >= LEAST_M * math.cos(math.radians(12.5)) - 1e-6


@pytest.mark.parametrize("length_m", [0.01, 0.2, 0.499, 0.5, 0.501, 0.99, 1.0, 1.01, 7.0])
def test_a_road_shorter_than_a_step_still_has_two_photo_points(length_m: float) -> None:
    poses = corridor(
        LineString([(0, 0), (length_m, 0)]),
        width_m=0.5,
        camera=lens().camera,
        distance_m=5.0,
        overlap_front=0.6,
        overlap_side=0.4,
        ground=flat(),
        full_edges=False,
        least_step_m=LEAST_M,
    )
    steps = np.diff(poses.position_m[:, 0])
    assert len(poses) >= 2
    assert (np.abs(steps) >= LEAST_M - 1e-9).all()
    assert poses.position_m[:, 0].mean() == pytest.approx(length_m / 2), "not about the middle"


def test_without_a_least_step_the_overlap_alone_spreads_the_photos() -> None:
    """3000 px · 0.3 mm = 0.9 m along; 60 % overlap leave 0.36 m (domain §6.2)."""
    poses = corridor(
        LineString([(0, 0), (9, 0)]),
        width_m=0.5,
        camera=lens().camera,
        distance_m=lens().camera.focal_px * 0.0003,
        overlap_front=0.6,
        overlap_side=0.4,
        ground=flat(),
        full_edges=False,
    )
    steps = np.abs(np.diff(poses.position_m[:, 0]))
    assert steps.max() <= 0.36 + 1e-9
    assert steps.min() > 0.34


@pytest.mark.parametrize(
    ("turn_m", "photos"),
    [
        # radius + stand-off; greatest number whose chord 2·R·sin(π/n) is 0.5 m or more
        (50 / (2 * math.pi), 99),  # the arc of 100 is 0.5 m, its chord 0.49992 m
        (1.0 / math.sqrt(2), 8),  # 2·0.7071·sin(π/8) = 0.541; of 9: 0.484
        (0.5, 6),  # a hexagon has sides of its radius
    ],
)
def test_photos_of_a_ring_count_the_straight_line_between_them(turn_m: float, photos: int) -> None:
    poses = orbit(
        centre_m=(10.0, 0.0),
        radius_m=turn_m / 2,
        bottom_m=0.0,
        top_m=0.02,
        camera=lens().camera,
        standoff_m=turn_m / 2,
        overlap_front=0.9,
        overlap_side=0.4,
        incidence_limit_deg=10.0,
        least_step_m=LEAST_M,
    )
    assert len(poses) == photos
    chords = np.linalg.norm(np.diff(poses.position_m, axis=0), axis=1)
    assert chords.min() >= LEAST_M - 1e-9


def test_a_ring_a_little_above_raised_ones_is_flown_at_their_height() -> None:
    """As rows of a face: two heights 0.1 m apart would be no wayline."""
    poses = orbit(
        centre_m=(10.0, 0.0),
        radius_m=1.0,
        bottom_m=0.0,
        top_m=4.0,
        camera=lens().camera,
        standoff_m=5.0,
        overlap_front=0.6,
        overlap_side=0.4,
        incidence_limit_deg=10.0,
        lowest_m=1.9,
        least_step_m=LEAST_M,
    )
    heights = np.unique(poses.position_m[:, 2].round(6))
    assert heights[0] == pytest.approx(1.9)
    assert (np.diff(heights) >= LEAST_M - 1e-9).all()
    assert (poses.pitch_deg[poses.target_m[:, 2] < 1.9] < 0).all(), "it looks down from there"


@pytest.mark.parametrize("edges", [True, False])
@pytest.mark.parametrize("corner_deg", [30, 60, 90, 120, 150])
def test_faces_round_a_corner_make_a_wayline(corner_deg: float, edges: bool) -> None:
    turn = math.radians(corner_deg)
    bent = LineString([(0, 0), (4, 0), (4 + 4 * math.cos(turn), 4 * math.sin(turn))])
    face = feature(bent, "A", bottom_m=0, top_m=3)
    plan = planned(
        Pattern.FACADE, face, camera=TELE, gsd_mm=0.25, drone="dji_m3e", full_edges=edges
    )
    assert plan.trigger is Trigger.STOP
    assert flown(plan) >= 2


def test_a_polygon_with_a_hole_makes_a_wayline_too() -> None:
    ring = Polygon(
        [(0, 0), (5, 0), (5, 4), (0, 4)], holes=[[(2, 1.5), (3, 1.5), (3, 2.5), (2, 2.5)]]
    )
    plan = planned(Pattern.AREA, feature(ring, "deck"), camera=TELE, gsd_mm=0.4, drone="dji_m3e")
    assert flown(plan) >= 2


def test_vehicles_that_take_any_step_give_up_no_overlap() -> None:
    """ArduPilot has no least step: the same face has more photos than on a wayline."""
    face = feature(LineString([(0, 20), (7, 20)]), "A", bottom_m=0, top_m=5)
    on_dji = planned(Pattern.FACADE, face, camera=TELE, gsd_mm=0.2, drone="dji_m3e")
    on_ardupilot = planned(Pattern.FACADE, face, camera=TELE, gsd_mm=0.2, drone="ardupilot_survey")
    assert len(on_ardupilot.photos) > len(on_dji.photos)
    itinerary = make_itinerary(on_ardupilot, find_drone("ardupilot_survey"))
    releases = [i for i in itinerary.mission.items if i.command == Command.DIGICAM_CONTROL]
    assert len(releases) == len(on_ardupilot.photos)
