"""The physics of the simulated craft: bounds that no target, wind or step can break."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from flight.geodesic import distance_m, step
from flight.simulator.craft import (
    ACCEL_M_S2,
    CAPACITY_MAH,
    CLIMB_ACCEL_M_S2,
    CLIMB_M_S,
    EMPTY_V,
    FULL_V,
    HOVER_A,
    SINK_M_S,
    TOP_AIRSPEED_M_S,
    TURN_DEG_S,
    Craft,
)

HOME = (36.5613, 136.6562)
TICK_S = 0.1

metres = st.floats(-500, 500)
winds = st.tuples(st.floats(-12, 12), st.floats(-12, 12)).map(np.array)
targets = st.tuples(metres, metres, st.floats(0, 120)).map(np.array)
some = settings(max_examples=40, deadline=None)
few = settings(max_examples=15, deadline=None)


def flown(
    target_m: NDArray[np.float64],
    seconds: float,
    *,
    wind_m_s: NDArray[np.float64] | None = None,
    speed_m_s: float = 8.0,
) -> list[Craft]:
    """Fly towards a target; gives the craft after each tick as copies of its state."""
    craft = Craft(home_latlon_deg=HOME, wind_m_s=np.zeros(2) if wind_m_s is None else wind_m_s)
    states = []
    for _ in range(round(seconds / TICK_S)):
        craft.fly(target_m, speed_m_s, TICK_S)
        states.append(
            Craft(
                home_latlon_deg=HOME,
                at_m=craft.at_m.copy(),
                speed_m_s=craft.speed_m_s.copy(),
                yaw_deg=craft.yaw_deg,
                roll_deg=craft.roll_deg,
                pitch_deg=craft.pitch_deg,
                battery_mah=craft.battery_mah,
                current_a=craft.current_a,
            )
        )
    return states


@some
@given(target=targets, wind=winds, speed=st.floats(0.5, 20))
def test_no_wish_breaks_the_bounds_of_speed_and_acceleration(
    target: NDArray[np.float64], wind: NDArray[np.float64], speed: float
) -> None:
    states = flown(target, 12.0, wind_m_s=wind, speed_m_s=speed)
    before = np.zeros(3)
    for state in states:
        change = state.speed_m_s - before
        assert float(np.hypot(*change[:2])) <= ACCEL_M_S2 * TICK_S + 1e-9
        assert abs(float(change[2])) <= CLIMB_ACCEL_M_S2 * TICK_S + 1e-9
        assert -SINK_M_S - 1e-9 <= state.speed_m_s[2] <= CLIMB_M_S + 1e-9
        air = float(np.hypot(*(state.speed_m_s[:2] - wind)))
        assert air <= max(TOP_AIRSPEED_M_S, float(np.hypot(*wind))) + 1e-9
        assert abs(state.roll_deg) < 90
        assert abs(state.pitch_deg) < 90
        before = state.speed_m_s


@few
@given(target=targets, wind=winds)
def test_it_comes_to_rest_at_its_target_in_any_wind_that_it_can_fly(
    target: NDArray[np.float64], wind: NDArray[np.float64]
) -> None:
    states = flown(target, 260.0, wind_m_s=wind * 0.5)
    assert float(np.linalg.norm(states[-1].at_m - target)) < 0.3
    assert float(np.linalg.norm(states[-1].speed_m_s)) < 0.3


@few
@given(target=targets)
def test_it_overshoots_by_less_than_a_metre(target: NDArray[np.float64]) -> None:
    states = flown(target, 120.0)
    along = target[:2] / max(float(np.hypot(*target[:2])), 1e-9)
    assert max(float(s.at_m[:2] @ along) for s in states) <= float(np.hypot(*target[:2])) + 1.0
    assert max(float(s.at_m[2]) for s in states) <= float(target[2]) + 0.5


@given(start=st.floats(0, 360, exclude_max=True), wanted=st.floats(-720, 720))
def test_it_turns_the_short_way_at_its_rate(start: float, wanted: float) -> None:
    craft = Craft(home_latlon_deg=HOME, yaw_deg=start)
    left = abs((wanted - start + 180.0) % 360.0 - 180.0)
    needed = math.ceil(left / (TURN_DEG_S * TICK_S))
    turned = 0.0
    for _ in range(needed):
        before = craft.yaw_deg
        craft.fly(craft.at_m, 1.0, TICK_S, yaw_deg=wanted)
        turned += abs((craft.yaw_deg - before + 180.0) % 360.0 - 180.0)
        assert 0 <= craft.yaw_deg <= 360
    assert turned == pytest.approx(left, abs=1e-6)
    assert abs((craft.yaw_deg - wanted + 180.0) % 360.0 - 180.0) < 1e-6


@pytest.mark.parametrize(
    ("east_m", "north_m", "yaw_deg"),
    [(0, 100, 0), (100, 0, 90), (0, -100, 180), (-100, 0, 270), (100, 100, 45), (-100, 100, 315)],
)
def test_it_looks_where_it_flies(east_m: float, north_m: float, yaw_deg: float) -> None:
    state = flown(np.array([east_m, north_m, 0.0]), 8.0)[-1]
    assert abs((state.yaw_deg - yaw_deg + 180.0) % 360.0 - 180.0) < 0.5


def test_golden_lean_of_the_log_holds_eight_metres_a_second() -> None:
    steady = flown(np.array([0.0, 500.0, 0.0]), 20.0, speed_m_s=8.0)[-1]
    assert float(steady.speed_m_s[1]) == pytest.approx(8.0, abs=0.01)
    assert steady.pitch_deg == pytest.approx(-22.0, abs=0.5)
    assert steady.roll_deg == pytest.approx(0.0, abs=0.1)


@pytest.mark.parametrize(
    ("wind", "roll", "pitch"),
    [((8.0, 0.0), -1, 0), ((-8.0, 0.0), 1, 0), ((0.0, 8.0), 0, 1), ((0.0, -8.0), 0, -1)],
)
def test_hovering_to_the_north_it_leans_into_the_wind(
    wind: tuple[float, float], roll: int, pitch: int
) -> None:
    craft = Craft(home_latlon_deg=HOME, wind_m_s=np.array(wind), at_m=np.array([0.0, 0.0, 10.0]))
    for _ in range(50):
        craft.fly(np.array([0.0, 0.0, 10.0]), 5.0, TICK_S, yaw_deg=0.0)
    signs = (round(craft.roll_deg / 21.8), round(craft.pitch_deg / 21.8))
    assert signs == (roll, pitch)


def test_golden_charge_of_hovering_and_its_end() -> None:
    craft = Craft(home_latlon_deg=HOME)
    for _ in range(600):
        craft.fly(np.zeros(3), 1.0, TICK_S)
    assert CAPACITY_MAH - craft.battery_mah == pytest.approx(HOVER_A * 60 / 3.6, rel=1e-6)
    assert craft.battery_percent == pytest.approx(100 * (1 - HOVER_A * 60 / 3.6 / CAPACITY_MAH))
    for _ in range(9000):
        craft.fly(np.zeros(3), 1.0, TICK_S)
    assert (craft.battery_mah, craft.battery_percent) == (0.0, 0.0)
    assert craft.voltage_v == EMPTY_V
    assert Craft(home_latlon_deg=HOME).voltage_v == FULL_V


@some
@given(target=targets, wind=winds)
def test_the_battery_only_empties(target: NDArray[np.float64], wind: NDArray[np.float64]) -> None:
    charges = [s.battery_mah for s in flown(target, 20.0, wind_m_s=wind)]
    assert all(b < a for a, b in itertools.pairwise(charges))
    assert charges[-1] >= 0


def test_resting_keeps_the_place_and_stops_everything_else() -> None:
    craft = Craft(home_latlon_deg=HOME)
    for _ in range(50):
        craft.fly(np.array([30.0, 40.0, 10.0]), 8.0, TICK_S)
    where = craft.at_m[:2].copy()
    craft.rest(0.0)
    assert craft.at_m[:2] == pytest.approx(where)
    assert craft.at_m[2] == 0.0
    assert (craft.roll_deg, craft.pitch_deg, craft.current_a) == (0.0, 0.0, 0.0)
    assert not craft.speed_m_s.any()


@given(
    lat=st.floats(-80, 80),
    lon=st.floats(-179, 179),
    bearing=st.floats(0, 360),
    metres_=st.floats(1, 1000),
)
def test_local_metres_are_those_of_the_ellipsoid(
    lat: float, lon: float, bearing: float, metres_: float
) -> None:
    craft = Craft(home_latlon_deg=(lat, lon))
    there = step((lat, lon), bearing, metres_)
    local = craft.local_m(there)
    # the scale is that of home: at 80° and a kilometre away it is off by a part in a thousand
    tolerance = 0.02 + metres_ * 1.5e-3
    assert float(np.hypot(*local)) == pytest.approx(metres_, abs=tolerance)
    assert distance_m((lat, lon), there) == pytest.approx(metres_, abs=1e-3)


@pytest.mark.parametrize("seconds", [0.01, 0.05, 0.1, 0.2])
def test_the_length_of_a_step_does_not_change_where_it_goes(seconds: float) -> None:
    craft = Craft(home_latlon_deg=HOME)
    for _ in range(round(30.0 / seconds)):
        craft.fly(np.array([60.0, 80.0, 20.0]), 8.0, seconds)
    assert float(np.linalg.norm(craft.at_m - [60.0, 80.0, 20.0])) < 0.2
