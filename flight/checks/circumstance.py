"""Hold the circumstances of a flight: weather, time, pilot, craft, what stands around."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from flight.checks.structure import Obstacle
from flight.checks.terrain import Terrain
from flight.checks.zone import Zone
from flight.drone import Drone
from flight.partition import RESERVE
from inspection.errors import BadInput

EYE_M = 1.6
"""Height of the pilot's eye above the ground."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstance:
    """Carry all that a mission is checked against and that does not stand in it.

    Attributes:
        terrain: heights above take-off, or None without a DEM.
        obstacles: structures, course metres.
        third_parties: things of others to keep away from, course metres, or None when nobody
            said what is around.
        zones: areas by the name of the layer that rules use.
        drone: what the craft can do, or None when it was not named.
        obstacle_sensing: the craft sees structures by itself; None takes the drone's word.
        pilot_m: (x, y) of the pilot, course metres.
        wind_m_s: expected mean wind, or None.
        gust_m_s: expected gusts, or None.
        at: time of the flight, aware, or None.
        reserve: share of the battery that stays unused.
        storage_gb: free on the card, or None.
        bytes_per_px: of a photo on the card.
    """

    terrain: Terrain | None = None
    obstacles: tuple[Obstacle, ...] = ()
    third_parties: tuple[Obstacle, ...] | None = None
    zones: Mapping[str, tuple[Zone, ...]] = field(default_factory=dict)
    drone: Drone | None = None
    obstacle_sensing: bool | None = None
    pilot_m: tuple[float, float] = (0.0, 0.0)
    wind_m_s: float | None = None
    gust_m_s: float | None = None
    at: datetime | None = None
    reserve: float = RESERVE
    storage_gb: float | None = None
    bytes_per_px: float = 0.6

    def __post_init__(self) -> None:
        """Check ranges.

        Raises:
            BadInput: when a number cannot be.
        """
        for name, value in (("wind", self.wind_m_s), ("gust", self.gust_m_s)):
            if value is not None and not 0 <= value <= 100:
                raise BadInput(f"a {name} of {value} m/s is outside 0–100 m/s")
        if None not in (self.wind_m_s, self.gust_m_s) and self.gust_m_s < self.wind_m_s:  # type: ignore[operator]
            raise BadInput(f"gusts of {self.gust_m_s} m/s are below the wind {self.wind_m_s} m/s")
        if not 0 <= self.reserve < 1:
            raise BadInput(f"a battery reserve of {self.reserve} is no share of 0 to 1")
        if self.at is not None and self.at.tzinfo is None:
            raise BadInput("the time of a flight needs a zone, such as 2026-06-21T12:00+09:00")
        if self.storage_gb is not None and not 0 < self.storage_gb < math.inf:
            raise BadInput(f"storage of {self.storage_gb} GB must be > 0 GB and finite")

    @property
    def sees_obstacles(self) -> bool:
        """Tell whether the craft senses obstacles; an unknown one does not."""
        if self.obstacle_sensing is not None:
            return self.obstacle_sensing
        return self.drone is not None and self.drone.obstacle_sensing

    @property
    def strongest_wind_m_s(self) -> float | None:
        """Give the gusts, or the wind where no gusts are stated."""
        return self.wind_m_s if self.gust_m_s is None else self.gust_m_s
