"""The second flight: small, closing what it can, and always one that the aircraft takes.

It is planned at the river with the aircraft unpacked. A mission that is refused only when it is
written, or photos that show what the first ones showed, are worth nothing there.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flight.came import Came, CamePhoto
from flight.command import Command
from flight.coverage import coverage
from flight.drone import GRAIN_M, find_drone, load_drones
from flight.flightplan import FlightPlan, Trigger
from flight.formats import read_mission, write_mission
from flight.gapmap import panels
from flight.gaps import Gaps, find_gaps, reach_m
from flight.partition import split
from flight.planfile import read_plan, write_plan
from flight.refly import Refly, plan_refly
from inspection.errors import BadInput
from inspection.geo.camera import Camera
from tests.support.courses import write_dem
from tests.support.flightcommand import fly
from tests.support.flightplans import nadir_photo, small_plan
from tests.support.placed_photos import write_photo
from tests.support.sites import polygon, write

COUNT = 1500
STEP_M = 0.505


def deck(**changes: Any) -> FlightPlan:
    """Give 4 × 4 photos of 10 × 7.5 m over a deck of 20 m."""
    spots = [(2 + 5.3 * i, 2 + 5.3 * j) for i in range(4) for j in range(4)]
    every = tuple(nadir_photo(n, x, y, row=n // 4) for n, (x, y) in enumerate(spots))
    return replace(small_plan(), photos=every, **changes)


def gaps_of(plan: FlightPlan, kept: set[int]) -> Gaps:
    shots = tuple(
        CamePhoto(
            name=str(n), position_m=plan.photos[n].position_m, yaw_deg=0.0, pitch_deg=-90.0,
            camera=plan.camera,
        )
        for n in sorted(kept)
    )  # fmt: skip
    return find_gaps(plan, Came(photos=shots), count=COUNT)


def closed(plan: FlightPlan, refly: Refly) -> np.ndarray:
    """Count how often the second flight sees each sample as wished."""
    assert refly.plan is not None
    second = refly.plan
    found = coverage(
        camera=second.camera,
        position_m=second.positions_m,
        near_m=second.positions_m,
        yaw_deg=np.array([photo.yaw_deg for photo in second.photos]),
        pitch_deg=np.array([photo.pitch_deg for photo in second.photos]),
        reach_m=np.full(len(second.photos), reach_m(plan)),
        surface_m=plan.surface_m,
        elements=plan.surface_elements,
        gsd_m_per_px=second.gsd_m_per_px,
        incidence_limit_deg=plan.incidence_limit_deg,
        count=COUNT,
    )
    return found.good


@pytest.mark.parametrize("views", [1, 2, 3])
@pytest.mark.parametrize("finer", [1.0, 0.6])
def test_a_second_flight_of_a_dji_aircraft_is_a_wayline(
    tmp_path: Path, views: int, finer: float
) -> None:
    """Two views of one place came from 0.1 m apart: no wayline, and no second view either."""
    plan = deck(views=views)
    refly = plan_refly(
        plan, gaps_of(plan, {0, 1, 2}), gsd_m_per_px=finer * plan.gsd_m_per_px, least_step_m=STEP_M
    )
    assert refly.plan is not None
    steps = np.linalg.norm(np.diff(refly.plan.positions_m, axis=0), axis=1)
    assert steps.min() >= STEP_M - 1e-9
    aircraft = find_drone("dji_m350")
    waypoints = 0
    for number, (_, itinerary) in enumerate(split(refly.plan, aircraft)):
        path = tmp_path / f"{number}.kmz"
        write_mission(itinerary.mission, path, drone=aircraft.wayline_name)
        waypoints += sum(i.command == Command.WAYPOINT for i in read_mission(path).items)
    assert waypoints >= len(refly.plan.photos)


@given(kept=st.sets(st.integers(0, 15), max_size=15), views=st.integers(1, 2))
@settings(max_examples=12, deadline=None)
def test_what_is_left_is_what_no_photo_of_it_sees(kept: set[int], views: int) -> None:
    plan = deck(views=views)
    gaps = gaps_of(plan, kept)
    refly = plan_refly(plan, gaps)
    if refly.plan is None:
        assert not gaps.open.any() or refly.left_m2 > 0
        return
    assert len(refly.plan.photos) == refly.again + refly.new
    together = gaps.good + closed(plan, refly)
    short = gaps.samples.weight_m2[gaps.open & (together < views)].sum()
    assert short == pytest.approx(refly.left_m2, abs=1e-6)
    assert refly.plan.trigger is Trigger.STOP
    assert refly.plan.name == "deck – second flight"


@given(kept=st.sets(st.integers(0, 15), min_size=1, max_size=15))
@settings(max_examples=10, deadline=None)
def test_no_photo_is_taken_again_for_nothing(kept: set[int]) -> None:
    plan = deck()
    gaps = gaps_of(plan, kept)
    refly = plan_refly(plan, gaps)
    if refly.plan is None:
        return
    places = {tuple(plan.photos[n].position_m) for n in kept}
    for photo in refly.plan.photos[: refly.again]:
        assert tuple(photo.position_m) not in places, "a photo that came is not taken again"


@pytest.mark.parametrize(
    ("sensing", "wind_m_s", "finest_mm"),
    [(True, 0, 0.5), (True, 4, 0.75), (False, 0, 0.75), (False, 4, 1.0)],
)
def test_a_finer_wish_comes_no_nearer_than_is_safe(
    sensing: bool, wind_m_s: float, finest_mm: float
) -> None:
    """2, 3 or 4 m at a focal length of 4000 px are 0.5, 0.75 or 1 mm/px (domain §6.3)."""
    plan = deck()
    gaps = gaps_of(plan, set(range(12)))
    for gsd_mm, there in ((finest_mm * 1.001, True), (finest_mm * 0.999, False)):
        refly = plan_refly(
            plan, gaps, gsd_m_per_px=gsd_mm / 1000, obstacle_sensing=sensing, wind_m_s=wind_m_s
        )
        assert (refly.plan is not None) == there
        if refly.plan is not None:
            heights = refly.plan.positions_m[:, 2]
            assert heights.min() >= finest_mm * 4 - 1e-6
        else:
            assert refly.left_m2 > 0


def test_a_coarser_wish_is_none() -> None:
    plan = deck()
    gaps = gaps_of(plan, set(range(12)))
    usual, coarser = plan_refly(plan, gaps), plan_refly(plan, gaps, gsd_m_per_px=0.01)
    assert usual.plan is not None
    assert coarser.plan is not None
    assert coarser.plan.gsd_m_per_px == plan.gsd_m_per_px
    np.testing.assert_array_equal(usual.plan.positions_m, coarser.plan.positions_m)


def test_a_step_that_is_sure_is_a_little_more_than_the_least() -> None:
    for drone in load_drones():
        least = drone.least_step_m
        assert drone.sure_step_m == (least + GRAIN_M if least else 0.0)


def test_the_command_writes_a_wayline_for_what_is_missing(tmp_path: Path) -> None:
    camera = Camera(width_px=400, height_px=300, focal_px=400, cx_px=200, cy_px=150)
    plan = deck(views=2, camera=camera, gsd_m_per_px=0.025, drone_name="dji_m350")
    write_plan(plan, tmp_path / "p.photos.geojson")
    for photo in plan.photos[:6]:
        write_photo(tmp_path / "DCIM" / f"{photo.index}.JPG", plan, photo)
    ran = fly(
        "gaps", tmp_path / "p.photos.geojson", tmp_path / "DCIM", "--out", tmp_path / "second",
        "--mission", ".kmz", "--gsd-mm-per-px", 15, "--json",
    )  # fmt: skip
    assert ran.code == 0
    found = json.loads(ran.out)
    second = read_plan(tmp_path / "second" / "second.photos.geojson")
    assert found["second_flight"]["photos"] == len(second.photos)
    assert found["second_flight"]["gsd_mm_per_px"] == 15
    mission = read_mission(tmp_path / "second" / "second.kmz")
    assert sum(item.command == Command.WAYPOINT for item in mission.items) >= len(second.photos)


def test_a_plan_whose_camera_nobody_carries_needs_a_drone(tmp_path: Path) -> None:
    write_plan(deck(camera_name="own@35"), tmp_path / "p.photos.geojson")
    views = tmp_path / "views.json"
    views.write_text(
        json.dumps({"surface": {"kind": "ground", "origin": [136.6, 36.5, 0]}, "views": []})
    )
    ran = fly("gaps", tmp_path / "p.photos.geojson", views, "--out", tmp_path / "o")
    assert (ran.code, "no drone of the table carries own@35" in ran.said) == (2, True)
    ran = fly("gaps", tmp_path / "p.photos.geojson", views, "--out", tmp_path / "o", "--drone",
              "px4_survey")  # fmt: skip
    assert (ran.code, "16 planned ones are missing" in ran.out) == (0, True)


def test_slivers_of_a_surface_face_nowhere_and_are_not_asked() -> None:
    """Rounded to 0.1 mm in the file, thin triangles of a slope lose their area."""
    usual = deck()
    line = np.array([[[0, 0, 0], [20, 20, 0], [10, 10, 0]], [[3, 3, 0]] * 3], dtype=np.float64)
    surface = np.concatenate([line, usual.surface_m])
    plan = replace(usual, surface_m=surface, surface_elements=("deck",) * 4)
    gaps = gaps_of(plan, {0, 1})
    np.testing.assert_allclose(np.linalg.norm(gaps.samples.normal, axis=1), 1.0)
    assert set(gaps.samples.triangle.tolist()) == {2, 3}
    assert gaps.samples.weight_m2.sum() == pytest.approx(400.0)
    (panel,) = panels(gaps)
    assert panel.side == "up"
    with pytest.raises(BadInput, match="no area"):
        gaps_of(replace(plan, surface_m=line, surface_elements=()), {0})


def test_gaps_over_a_slope_are_found_after_the_plan_was_written(tmp_path: Path) -> None:
    """A plan along a DEM could be written, but not compared with what came."""
    rise = np.add.outer(np.zeros(40), np.arange(40) * 0.7) + 40.0
    dem = write_dem(tmp_path / "dem.tif", rise, west_m=-40, north_m=40, step_m=2)
    site = write(tmp_path / "s.geojson", polygon([(5, 5), (25, 5), (25, 15), (5, 15)], name="s"))
    views = tmp_path / "views.json"
    views.write_text('{"surface": {"kind": "ground", "origin": [136.6, 36.6, 0]}, "views": []}')
    ran = fly(
        "plan", "area", site, "--camera", "dji_m3e_wide", "--gsd-mm-per-px", 3, "--dem", dem,
        "--takeoff", "36.594606,136.625669", "--out", tmp_path / "s.plan",
    )  # fmt: skip
    assert ran.code == 0
    ran = fly("gaps", tmp_path / "s.photos.geojson", views, "--out", tmp_path / "o", "--json")
    found = json.loads(ran.out)
    assert (ran.code, found["good_percent"]) == (0, 0.0)
    assert found["elements"][0]["unseen_m2"] == pytest.approx(200 * np.hypot(1, 0.35), rel=0.02)


def test_a_plan_without_surface_has_no_second_flight() -> None:
    bare = deck(surface_m=np.empty((0, 3, 3)), surface_elements=())
    with pytest.raises(BadInput, match="no surface"):
        gaps_of(bare, {1})
