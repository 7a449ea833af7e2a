"""Move a multicopter: bounded speed and acceleration, wind, attitude, battery.

A kinematic model. It holds its track against the wind as far as its airspeed reaches, leans into
its airspeed, and uses more current the faster the air passes.

Source of the numbers: parameters and CAM records of the ArduCopter 4.7 log that comes with the
project's data (8 m/s on track at 22° of lean; WPNAV_ACCEL 2.5 m/s², WPNAV_SPEED_UP 2.5 m/s,
WPNAV_SPEED_DN 1.5 m/s, LAND_SPEED 0.5 m/s, 3300 mAh).
"""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from flight.geodesic import LatLon, distance_m

G_M_S2 = 9.80665
ACCEL_M_S2 = 2.5
CLIMB_M_S, SINK_M_S, CLIMB_ACCEL_M_S2 = 2.5, 1.5, 1.0
TOP_AIRSPEED_M_S = 15.0
DRAG_PER_S = 0.49
"""Deceleration per airspeed: 22° of lean hold 8 m/s."""

TURN_DEG_S = 60.0
CAPACITY_MAH = 3300.0
HOVER_A, AIRSPEED_A = 14.0, 0.06
FULL_V, EMPTY_V = 12.6, 10.5


@dataclass(slots=True, kw_only=True)
class Craft:
    """Hold where the vehicle is and how it moves.

    Attributes:
        home_latlon_deg: origin of the local frame.
        home_altitude_msl_m: height of home above the sea.
        wind_m_s: (2,) wind towards east and north.
        at_m: (3,) metres east, north, up from home.
        speed_m_s: (3,) over ground.
        yaw_deg: clockwise from north.
        roll_deg: right side down.
        pitch_deg: nose up.
        battery_mah: charge left.
        current_a: drawn now.
    """

    home_latlon_deg: LatLon
    home_altitude_msl_m: float = 0.0
    wind_m_s: NDArray[np.float64] = field(default_factory=lambda: np.zeros(2))
    at_m: NDArray[np.float64] = field(default_factory=lambda: np.zeros(3))
    speed_m_s: NDArray[np.float64] = field(default_factory=lambda: np.zeros(3))
    yaw_deg: float = 0.0
    roll_deg: float = 0.0
    pitch_deg: float = 0.0
    battery_mah: float = CAPACITY_MAH
    current_a: float = 0.0
    _scale_m_per_deg: NDArray[np.float64] = field(init=False)

    def __post_init__(self) -> None:
        """Measure how long a degree is at home."""
        lat, lon = self.home_latlon_deg
        east = distance_m((lat, lon), (lat, lon + 1e-3)) / 1e-3
        north = distance_m((lat, lon), (lat + 1e-3, lon)) / 1e-3
        self._scale_m_per_deg = np.array([east, north])

    def local_m(self, latlon: LatLon) -> NDArray[np.float64]:
        """Give a place in metres east and north of home, (2,)."""
        east_deg = _half_turn_deg(latlon[1] - self.home_latlon_deg[1])
        offset = np.array([east_deg, latlon[0] - self.home_latlon_deg[0]])
        return np.asarray(offset * self._scale_m_per_deg, dtype=np.float64)

    @property
    def latlon_deg(self) -> LatLon:
        """Give the (latitude, longitude) of the vehicle."""
        east, north = self.at_m[:2] / self._scale_m_per_deg
        lon_deg = _half_turn_deg(self.home_latlon_deg[1] + float(east))
        return self.home_latlon_deg[0] + float(north), lon_deg

    @property
    def battery_percent(self) -> float:
        """Give the charge left, 0–100."""
        return 100.0 * self.battery_mah / CAPACITY_MAH

    @property
    def voltage_v(self) -> float:
        """Give the voltage, falling with the charge."""
        return EMPTY_V + (FULL_V - EMPTY_V) * self.battery_percent / 100.0

    def fly(
        self,
        target_m: NDArray[np.float64],
        speed_m_s: float,
        seconds: float,
        *,
        sink_m_s: float = SINK_M_S,
        yaw_deg: float | None = None,
    ) -> None:
        """Move towards a place for a while.

        Args:
            target_m: (3,) metres east, north, up of home.
            speed_m_s: greatest speed over ground.
            seconds: of movement.
            sink_m_s: greatest speed down.
            yaw_deg: heading to keep, None to look where it flies.
        """
        wish = self._wish_m_s(target_m, speed_m_s, sink_m_s)
        change = wish - self.speed_m_s
        flat = float(np.hypot(*change[:2]))
        if flat > ACCEL_M_S2 * seconds:
            change[:2] *= ACCEL_M_S2 * seconds / flat
        change[2] = np.clip(change[2], -CLIMB_ACCEL_M_S2 * seconds, CLIMB_ACCEL_M_S2 * seconds)
        self.speed_m_s = self.speed_m_s + change
        self.at_m = self.at_m + self.speed_m_s * seconds
        if yaw_deg is None and float(np.hypot(*self.speed_m_s[:2])) > 1.0:
            yaw_deg = math.degrees(math.atan2(self.speed_m_s[0], self.speed_m_s[1]))
        if yaw_deg is not None:
            self._turn(yaw_deg, seconds)
        self._lean(change[:2] / seconds)
        self._draw(seconds)

    def rest(self, seconds: float) -> None:
        """Stand on the ground."""
        del seconds
        self.speed_m_s = np.zeros(3)
        self.at_m[2] = 0.0
        self.roll_deg = self.pitch_deg = self.current_a = 0.0

    def _wish_m_s(
        self, target_m: NDArray[np.float64], speed_m_s: float, sink_m_s: float
    ) -> NDArray[np.float64]:
        """Give the speed that is wanted now, (3,), such that it can stop at the target."""
        way = target_m - self.at_m
        flat = float(np.hypot(*way[:2]))
        wish = np.zeros(3)
        if flat > 1e-6:
            wish[:2] = way[:2] / flat * min(speed_m_s, math.sqrt(2 * ACCEL_M_S2 * flat))
        air = wish[:2] - self.wind_m_s
        fast = float(np.hypot(*air))
        if fast > TOP_AIRSPEED_M_S:
            wish[:2] = self.wind_m_s + air * TOP_AIRSPEED_M_S / fast
        up = float(way[2])
        limit = CLIMB_M_S if up > 0 else sink_m_s
        wish[2] = math.copysign(min(limit, math.sqrt(2 * CLIMB_ACCEL_M_S2 * abs(up))), up)
        return wish

    def _turn(self, yaw_deg: float, seconds: float) -> None:
        """Turn towards a heading the short way."""
        left = (yaw_deg - self.yaw_deg + 180.0) % 360.0 - 180.0
        step = max(-TURN_DEG_S * seconds, min(TURN_DEG_S * seconds, left))
        self.yaw_deg = (self.yaw_deg + step) % 360.0

    def _lean(self, accel_m_s2: NDArray[np.float64]) -> None:
        """Lean so that thrust gives the acceleration and holds against the air."""
        push = accel_m_s2 + DRAG_PER_S * (self.speed_m_s[:2] - self.wind_m_s)
        yaw = math.radians(self.yaw_deg)
        forward = float(push @ [math.sin(yaw), math.cos(yaw)])
        right = float(push @ [math.cos(yaw), -math.sin(yaw)])
        self.pitch_deg = -math.degrees(math.atan(forward / G_M_S2))
        self.roll_deg = math.degrees(math.atan(right / G_M_S2))

    def _draw(self, seconds: float) -> None:
        """Use the battery."""
        air = float(np.hypot(*(self.speed_m_s[:2] - self.wind_m_s)))
        self.current_a = HOVER_A + AIRSPEED_A * air**2 + max(0.0, float(self.speed_m_s[2])) * 2.0
        self.battery_mah = max(0.0, self.battery_mah - self.current_a * seconds / 3.6)


def _half_turn_deg(lon_deg: float) -> float:
    """Give a longitude, or a difference of two, beyond the date line as one within ±180°.

    >>> _half_turn_deg(359.5), _half_turn_deg(-180.25), _half_turn_deg(136.6)
    (-0.5, 179.75, 136.6)
    """
    return lon_deg if abs(lon_deg) <= 180 else (lon_deg + 180.0) % 360.0 - 180.0
