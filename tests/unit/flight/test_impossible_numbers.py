"""Numbers that cannot be: no plan and no check is made of them, and the message names them."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flight.capability import Capability, Capture, capability
from flight.checks.circumstance import Circumstance
from flight.checks.prepare import Conditions, Surroundings
from flight.drone import Drone, find_drone
from flight.flightplan import Pattern
from flight.lawnmower import PhotoSet
from flight.lens import find_lens
from flight.order import NUMBERS, Order
from flight.planfile import read_plan
from flight.purpose import purpose_for
from inspection.errors import BadInput
from tests.support.flightcommand import fly
from tests.support.sites import DECK, line, point, polygon, write

NOT_NUMBERS = ("nan", "inf")
WISH = ["--camera", "dji_m3e_wide", "--gsd-mm-per-px", "1"]

# pattern, option, what the message must name
OF_PLANS = [
    ("area", "--heading-deg", "heading_deg"),
    ("area", "--height-m", "height_m"),
    ("area", "--takeoff-msl-m", "takeoff_msl_m"),
    ("area", "--reserve", "reserve"),
    ("area", "--wind-m-s", "wind"),
    ("area", "--overlap-front", "front overlap"),
    ("area", "--overlap-side", "side overlap"),
    ("area", "--speed-m-s", "speed_m_s"),
    ("area", "--blur-px", "blur"),
    ("area", "--exposure", "exposure"),
    ("corridor", "--width-m", "width_m"),
    ("facade", "--lowest-m", "lowest_m"),
    ("facade", "--top-m", "top_m"),
    ("facade", "--bottom-m", "bottom_m"),
    ("orbit", "--radius-m", "radius_m"),
    ("orbit", "--top-m", "top_m"),
]


@pytest.fixture
def sites(tmp_path: Path) -> dict[str, Path]:
    """Draw one site a pattern, none of which states a number of its own."""
    return {
        "area": write(tmp_path / "area.geojson", polygon(DECK, name="deck")),
        "corridor": write(tmp_path / "corridor.geojson", line([(0, 0), (40, 0)], name="road")),
        "facade": write(tmp_path / "facade.geojson", line([(0, 20), (12, 20)], name="A1")),
        "orbit": write(tmp_path / "orbit.geojson", point((10, 20), name="P1")),
    }


def complete(pattern: str) -> list[str]:
    """Give the options without which a pattern cannot be planned."""
    return {
        "area": [],
        "corridor": ["--width-m", "6"],
        "facade": ["--bottom-m", "3", "--top-m", "6"],
        "orbit": ["--radius-m", "0.5", "--bottom-m", "3", "--top-m", "4"],
    }[pattern]


@pytest.mark.parametrize("number", NOT_NUMBERS)
@pytest.mark.parametrize("asked", OF_PLANS, ids="".join)
def test_no_plan_is_made_of_a_number_that_is_none(
    sites: dict[str, Path], tmp_path: Path, asked: tuple[str, str, str], number: str
) -> None:
    pattern, option, named = asked
    out = tmp_path / "out.plan"
    ran = fly(
        "plan", pattern, sites[pattern], *WISH, *complete(pattern), option, number, "--out", out
    )
    assert ran.code == 2
    assert named in ran.said
    assert not list(tmp_path.glob("out*")), "a mission was written all the same"


@pytest.mark.parametrize("pattern", ["area", "corridor", "facade", "orbit"])
def test_the_same_sites_are_planned_with_numbers_that_are(
    sites: dict[str, Path], tmp_path: Path, pattern: str
) -> None:
    """Guards the test above: without the bad number nothing else is wrong."""
    out = tmp_path / "out.plan"
    ran = fly("plan", pattern, sites[pattern], *WISH, *complete(pattern), "--out", out)
    assert (ran.code, ran.said) == (0, "")
    assert len(read_plan(tmp_path / "out.photos.geojson").photos) > 3


@pytest.mark.parametrize("place", ["nan,nan", "91,0", "0,181", "136.625669,36.594606"])
@pytest.mark.parametrize(("option", "named"), [("--takeoff", "take-off"), ("--gate", "the gate")])
def test_places_that_are_not_on_the_earth_are_refused_by_name(
    sites: dict[str, Path], tmp_path: Path, option: str, named: str, place: str
) -> None:
    ran = fly("plan", "area", sites["area"], *WISH, option, place, "--out", tmp_path / "o.plan")
    assert ran.code == 2
    assert named in ran.said
    assert "LATITUDE,LONGITUDE" in ran.said


@pytest.mark.parametrize("place", ["36.6", "36.6,136.6,12", "北緯36,東経136", "36.6;136.6", ""])
def test_what_is_no_pair_of_numbers_is_told_with_an_example(
    sites: dict[str, Path], tmp_path: Path, place: str
) -> None:
    ran = fly("plan", "area", sites["area"], *WISH, "--gate", place, "--out", tmp_path / "o.plan")
    assert ran.code == 2
    assert "write 36.594606,136.625669" in ran.said


@pytest.mark.parametrize("exposure", ["1/0", "fast", "1/", "/1000", "1/10/10", "", "1:1000"])
def test_what_is_no_exposure_is_told_with_an_example(exposure: str) -> None:
    ran = fly("capability", *WISH, "--exposure", exposure)
    assert ran.code == 2
    assert "write 1/1000" in ran.said


@pytest.mark.parametrize(
    ("exposure", "said"),
    [("1/1000", "1/1000 s"), ("0.001", "1/1000 s"), ("2/1000", "1/500 s"), ("1e-4", "1/10000 s")],
)
def test_an_exposure_may_be_a_fraction_or_a_number(exposure: str, said: str) -> None:
    ran = fly("capability", *WISH, "--exposure", exposure)
    assert ran.code == 0
    assert said in ran.out


# --- the order itself, as the web service builds it --------------------------------------------


@cache
def usual() -> tuple[Capability, Drone]:
    """Give what 1 mm/px of a road asks of the P1, and a drone that carries it."""
    purpose = purpose_for(0.001, of_ground=True)
    found = capability(find_lens("dji_p1@50"), gsd_m_per_px=0.001, purpose=purpose)
    return found, find_drone("ardupilot_survey")


def order(**changes: Any) -> Order:
    """Order an area with the default drone."""
    found, drone = usual()
    fields: dict[str, Any] = {
        "name": "it",
        "pattern": Pattern.AREA,
        "capability": found,
        "drone": drone,
    }
    return Order(**(fields | changes))


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("name", NUMBERS)
def test_every_number_of_an_order_is_finite(name: str, number: float) -> None:
    with pytest.raises(BadInput, match=name):
        order(**{name: number})


def test_every_number_of_an_order_may_be_left_out() -> None:
    """``lowest_m`` has a default; the rest mean what the features or the blur say."""
    made = order()
    assert [name for name in NUMBERS if getattr(made, name) is not None] == ["lowest_m"]


def test_an_area_without_any_set_of_photos_is_refused() -> None:
    with pytest.raises(BadInput, match="choose of nadir, cross, oblique"):
        order(sets=())
    assert order(sets=(PhotoSet.OBLIQUE,)).sets == (PhotoSet.OBLIQUE,)


@pytest.mark.parametrize(("latitude", "longitude"), [(-90.0, -180.0), (90.0, 180.0), (0.0, 0.0)])
def test_the_corners_of_the_earth_are_on_it(latitude: float, longitude: float) -> None:
    place = (latitude, longitude)
    made = order(takeoff_latlon_deg=place, gate_latlon_deg=place)
    assert (made.takeoff_latlon_deg, made.gate_latlon_deg) == (place, place)


@given(speed=st.floats(0.01, 30.0))
@settings(max_examples=50)
def test_a_speed_is_taken_between_what_the_drone_can_and_what_blur_allows(speed: float) -> None:
    """ArduCopter of the table: 0.5–12 m/s; 1 mm/px at 1/1000 s allows 0.5 m/s (domain §6.2)."""
    _, drone = usual()
    allowed = drone.slowest_m_s <= speed <= min(drone.limit_m_s, 0.5 + 1e-9)
    if allowed:
        assert order(speed_m_s=speed).row_speed_m_s == speed
    else:
        with pytest.raises(BadInput, match="m/s"):
            order(speed_m_s=speed)


def test_heights_count_from_one_of_two_places() -> None:
    with pytest.raises(BadInput, match="'takeoff' or 'msl', not 'ellipsoid'"):
        order(heights="ellipsoid")
    with pytest.raises(BadInput, match="--takeoff-msl-m"):
        order(heights="msl")
    assert order(heights="msl", takeoff_msl_m=-3.5).takeoff_msl_m == -3.5


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"exposure_s": 0.0}, "exposure 0.0 s"),
        ({"exposure_s": 1.01}, "exposure 1.01 s"),
        ({"exposure_s": float("nan")}, "exposure nan s"),
        ({"blur_px": 0.0}, "blur of 0.0 px"),
        ({"blur_px": 1.001}, "blur of 1.001 px"),
        ({"f_number": 0.0}, "f-number"),
        ({"f_number": float("nan")}, "f-number"),
        ({"interval_s": -0.1}, "photo interval"),
        ({"wind_m_s": 50.0}, "wind"),
        ({"wind_m_s": -0.1}, "wind"),
    ],
)
def test_a_capture_is_told_what_cannot_be(fields: dict[str, float], named: str) -> None:
    with pytest.raises(BadInput, match=named):
        Capture(**fields)  # type: ignore[arg-type]


def test_the_ends_of_every_range_of_a_capture_are_inside() -> None:
    slow = Capture(exposure_s=1.0, blur_px=1.0, interval_s=0.0, wind_m_s=0.0)
    fast = Capture(exposure_s=1e-5, blur_px=1e-9, wind_m_s=49.999)
    assert (slow.exposure_s, fast.exposure_s) == (1.0, 1e-5)


# --- the check before flight ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def mission(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checked")
    deck, out = write(folder / "deck.geojson", polygon(DECK, name="deck")), folder / "deck.plan"
    place = "36.594606,136.625669"
    assert fly("plan", "area", deck, *WISH, "--takeoff", place, "--out", out).code == 0
    return out


@pytest.mark.parametrize("number", NOT_NUMBERS)
@pytest.mark.parametrize(
    ("option", "named"),
    [
        ("--takeoff-msl-m", "take-off height"),
        ("--return-height-m", "return"),
        ("--wind-m-s", "wind"),
        ("--gust-m-s", "gust"),
        ("--storage-gb", "storage"),
        ("--reserve", "reserve"),
    ],
)
def test_nothing_is_checked_against_a_number_that_is_none(
    mission: Path, option: str, named: str, number: str
) -> None:
    ran = fly("check", mission, option, number)
    assert ran.code == 2
    assert named in ran.said
    assert not mission.with_name("deck.plan.check.json").exists()


@pytest.mark.parametrize("option", ["--takeoff", "--pilot"])
@pytest.mark.parametrize("place", ["nan,1", "1,inf", "91,0", "-91,0", "0,181", "36", "a,b", ""])
def test_where_somebody_stands_is_on_the_earth(mission: Path, option: str, place: str) -> None:
    ran = fly("check", mission, option, place, "--no-record")
    assert ran.code == 2
    assert option in ran.said
    assert "36.5946,136.6257" in ran.said


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        ("2026-06-21T10:00", "2026-06-21T10:00+09:00"),
        ("2026-06-21", "lacks its zone"),
        ("令和8年6月21日", "is no time"),
        ("R8.6.21 10:00", "is no time"),
        ("2026-02-30T10:00+09:00", "is no time"),
        ("10:00", "is no time"),
        ("", "is no time"),
    ],
)
def test_a_time_of_flight_has_its_zone(mission: Path, moment: str, said: str) -> None:
    ran = fly("check", mission, "--at", moment, "--no-record")
    assert ran.code == 2
    assert said in ran.said


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_circumstances_are_finite(number: float) -> None:
    with pytest.raises(BadInput, match="storage"):
        Circumstance(storage_gb=number)
    with pytest.raises(BadInput, match="take-off height"):
        Surroundings(takeoff_msl_m=number)
    with pytest.raises(BadInput, match="return height"):
        Conditions(return_height_m=number)
    assert Conditions(return_height_m=0.0).return_height_m == 0.0
    assert Surroundings(takeoff_msl_m=-4.0).takeoff_msl_m == -4.0
