"""Drones and lenses are data files: what ships is sound, what is not is refused by name."""

from pathlib import Path

import pytest

from flight.drone import drones_for, find_drone, load_drones
from flight.flightplan import Pattern
from flight.lens import find_lens
from flight.order import choose_drone
from flight.tablefile import read_rows
from inspection.codelists.cameras import load_cameras
from inspection.errors import BadCodelist, BadInput, NotFound, Refused

OWN = """
version: 1
drones:
  - {code: mine, label: Mine, vehicle: ardupilot, least_step_m: 0, wayline_name: null,
     cameras: [sony_a7r], flight_time_min: 20, slowest_m_s: 0.5, cruise_m_s: 5, limit_m_s: 9,
     climb_m_s: 2,
     gimbal_pitch_deg: [-90, 30], rotor_m: 0.4, span_m: 1.2, wind_limit_m_s: 8,
     capacity_items: 650, hold_s: 1, obstacle_sensing: false, needs_review: false}
"""


def test_every_drone_carries_cameras_that_there_are() -> None:
    codes = {camera.code for camera in load_cameras()}
    for drone in load_drones():
        assert drone.cameras
        assert set(drone.cameras) <= codes
        assert drone.gimbal_pitch_deg[0] <= -90
        assert (drone.wayline_name is not None) == (drone.vehicle == "dji")
        assert drone.slowest_m_s == (1.0 if drone.vehicle == "dji" else 0.5)
        assert drone.least_step_m == (0.5 if drone.vehicle == "dji" else 0.0)


def test_arducopter_holds_650_items_with_home() -> None:
    assert find_drone("ardupilot_survey").capacity_items == 650


def test_an_unknown_drone_is_refused_with_the_closest_one() -> None:
    with pytest.raises(NotFound, match="did you mean 'dji_m350'"):
        find_drone("dji_m35")


def test_your_own_table_takes_the_place_of_ours(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(OWN)
    assert [drone.code for drone in drones_for("sony_a7r", path=path)] == ["mine"]
    with pytest.raises(NotFound, match="there are mine"):
        find_drone("dji_m350", path=path)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("ardupilot", "balloon", "vehicle 'balloon'"),
        ("flight_time_min: 20", "flight_time_min: 0", "flight_time_min"),
        ("limit_m_s: 9", "limit_m_s: 4", "limit_m_s"),
        ("slowest_m_s: 0.5", "slowest_m_s: 6", "cruise_m_s"),
        ("span_m: 1.2", "span_m: 0.3", "span_m"),
        ("[-90, 30]", "[30, -90]", "no range"),
        ("[-90, 30]", "[30]", "drone row 'mine'"),
        ("hold_s: 1,", "", "hold_s"),
        ("code: mine", "label: again", "code of its own"),
        ("version: 1", "version: 2", "version 2 is not 1"),
        ("drones:", "planes:", "list 'drones'"),
        ("drones:", "drones: [", "cannot be read"),
    ],
)
def test_damaged_tables_are_refused_by_name(
    tmp_path: Path, old: str, new: str, reason: str
) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(OWN.replace(old, new, 1))
    with pytest.raises(BadCodelist, match=reason):
        load_drones(path)


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadCodelist, match=r"none\.yaml"):
        read_rows("drones.yaml", "drones", path=tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("dji_p1", "say which: dji_p1@24, dji_p1@35, dji_p1@50"),
        ("dji_p1@85", "no 85 mm lens; it has 24, 35, 50 mm"),
        ("dji_p1@fifty", "no number of mm"),
        ("sony_a7r", "sony_a7r@35"),
        ("sony_a7r@0", "outside 1–1200 mm"),
    ],
)
def test_lenses_that_are_not_there(name: str, reason: str) -> None:
    with pytest.raises(BadInput, match=reason):
        find_lens(name)


def test_cameras_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="did you mean 'dji_m3e_wide'"):
        find_lens("dji_m3e_wid")
    with pytest.raises(BadInput, match=r"none\.yaml cannot be read"):
        find_lens("dji_p1@50", path=tmp_path / "none.yaml")


def test_interchangeable_lenses_take_any_focal_length() -> None:
    assert find_lens("sony_a7r@35").camera.focal_px == pytest.approx(35 / 0.00376)


def test_a_soffit_needs_a_gimbal_that_looks_straight_up() -> None:
    lens = find_lens("dji_p1@50")
    assert choose_drone(None, lens, Pattern.FACADE).code == "dji_m350"
    assert choose_drone(None, lens, Pattern.SOFFIT).code == "ardupilot_upward"
    with pytest.raises(Refused, match=r"no higher than 30°.*ardupilot_upward"):
        choose_drone("dji_m350", lens, Pattern.SOFFIT)
    with pytest.raises(Refused, match="take one of the cameras sony_a7r, dji_p1"):
        choose_drone(None, find_lens("dji_m3e_tele"), Pattern.SOFFIT)


def test_the_drone_follows_the_file_that_is_wanted() -> None:
    lens = find_lens("dji_p1@50")
    chosen = choose_drone(None, lens, Pattern.AREA, vehicles=("ardupilot", "px4"))
    assert chosen.code == "ardupilot_survey"
