"""Simulated vehicles for tests, with everything that can go wrong."""

from flight.link import Link, connect
from flight.simulator.fault import Faults
from flight.simulator.loop import LoopWire
from flight.simulator.vehicle import Vehicle
from tests.support.missions import BRIDGE

HOME_LATLON_DEG = BRIDGE.home_latlon_deg or (0.0, 0.0)


def rough(seed: int, **more: object) -> Faults:
    """Give the radio of the acceptance test: 20 % lost, 20 % doubled, 300 ms late each way."""
    return Faults(loss=0.2, duplicates=0.2, delay_s=0.3, seed=seed, **more)  # type: ignore[arg-type]


def joined(faults: Faults | None = None) -> tuple[Link, Vehicle]:
    """Join a ground station and a vehicle on a clock of their own."""
    faults = faults or Faults()
    vehicle = Vehicle(home_latlon_deg=HOME_LATLON_DEG, home_altitude_msl_m=26.4, faults=faults)
    return connect(LoopWire(vehicle, faults)), vehicle
