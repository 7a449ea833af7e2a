"""Know what drones can do: the table ``flight/drones.yaml``."""

import difflib
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self

from flight.tablefile import read_rows
from inspection.errors import BadCodelist, NotFound

VEHICLES = ("ardupilot", "px4", "dji")
GRAIN_M = 0.005
"""What rounding of places and heights in a mission file may take off a step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drone:
    """Describe one drone.

    Attributes:
        code: stable key of the table.
        label: name for people.
        vehicle: whose rules its missions follow: "ardupilot", "px4" or "dji".
        cameras: codes of the cameras that it can carry.
        flight_time_min: the maker's best case, no reserve taken off.
        slowest_m_s: along a row when it flies on.
        cruise_m_s: speed between rows and on the way.
        limit_m_s: highest speed.
        climb_m_s: speed of climb and descent.
        gimbal_pitch_deg: lowest and highest angle of the optical axis.
        rotor_m: diameter of one propeller.
        span_m: across the rotor tips.
        wind_limit_m_s: the maker's.
        capacity_items: of one mission, home counted.
        hold_s: at a photo point until it hangs still.
        obstacle_sensing: sees structures by itself.
        needs_review: nobody has checked the row against the data sheet.
        least_step_m: between two waypoints that its missions may have.
        wayline_name: of aircraft and camera in DJI's wayline files, None for others.
    """

    code: str
    label: str
    vehicle: str
    cameras: tuple[str, ...]
    flight_time_min: float
    slowest_m_s: float
    cruise_m_s: float
    limit_m_s: float
    climb_m_s: float
    gimbal_pitch_deg: tuple[float, float]
    rotor_m: float
    span_m: float
    wind_limit_m_s: float
    capacity_items: int
    hold_s: float
    obstacle_sensing: bool
    needs_review: bool
    least_step_m: float = 0.0
    wayline_name: str | None = None

    def __post_init__(self) -> None:
        """Check that the numbers can be those of a drone.

        Raises:
            BadCodelist: when one cannot.
        """
        if self.vehicle not in VEHICLES:
            raise BadCodelist(f"drone {self.code!r}: vehicle {self.vehicle!r} is not {VEHICLES}")
        numbers = {
            "flight_time_min": self.flight_time_min,
            "slowest_m_s": self.slowest_m_s,
            "cruise_m_s": self.cruise_m_s - self.slowest_m_s + 1e-9,
            "limit_m_s": self.limit_m_s - self.cruise_m_s + 1e-9,
            "climb_m_s": self.climb_m_s,
            "rotor_m": self.rotor_m,
            "span_m": self.span_m - self.rotor_m,
            "wind_limit_m_s": self.wind_limit_m_s,
            "capacity_items": self.capacity_items - 9,
        }
        wrong = [name for name, number in numbers.items() if not 0 < number < math.inf]
        zero_is_fine = {"hold_s": self.hold_s, "least_step_m": self.least_step_m}
        wrong += [name for name, number in zero_is_fine.items() if not 0 <= number < math.inf]
        if wrong:
            raise BadCodelist(f"drone {self.code!r}: {', '.join(wrong)} is too small or endless")
        low, high = self.gimbal_pitch_deg
        if not -180 <= low < high <= 180:
            raise BadCodelist(f"drone {self.code!r}: gimbal {low}° to {high}° is no range")

    @property
    def sure_step_m(self) -> float:
        """Give the least distance of waypoints that is one still after rounding; 0 for any."""
        return self.least_step_m + GRAIN_M if self.least_step_m > 0 else 0.0

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Build a drone from one row of the table.

        Raises:
            BadCodelist: when a field is missing, unknown or of the wrong type.
        """
        try:
            low, high = row["gimbal_pitch_deg"]
            if unknown := set(row) - {field.name for field in fields(cls)}:
                raise ValueError(f"unknown fields {sorted(map(str, unknown))}")
            texts = {name: _typed(row, name, str) for name in ("code", "label", "vehicle")}
            numbers = {
                name: float(_typed(row, name, int | float))
                for name in (
                    "flight_time_min", "slowest_m_s", "cruise_m_s", "limit_m_s", "climb_m_s",
                    "rotor_m", "span_m", "wind_limit_m_s", "hold_s", "least_step_m",
                )
            }  # fmt: skip
            return cls(
                code=texts["code"],
                label=texts["label"],
                vehicle=texts["vehicle"],
                cameras=tuple(str(code) for code in _typed(row, "cameras", list)),
                gimbal_pitch_deg=(float(low), float(high)),
                capacity_items=_typed(row, "capacity_items", int),
                obstacle_sensing=_typed(row, "obstacle_sensing", bool),
                needs_review=_typed(row, "needs_review", bool),
                wayline_name=_typed(row, "wayline_name", str | None),
                **numbers,
            )
        except (KeyError, TypeError, ValueError) as error:
            raise BadCodelist(f"drone row {row.get('code', row)!r}: {error!r}") from error


def _typed(row: Mapping[str, Any], name: str, kind: Any) -> Any:  # noqa: ANN401 as YAML has it
    """Give a value of a row that must be of a type; "no" in quotes is no truth value."""
    value = row[name]
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise TypeError(f"{name} is {value!r}, of the wrong type")
    return value


def load_drones(path: Path | None = None) -> tuple[Drone, ...]:
    """Read the drones that ship with Tenken, or those of a file of the same form."""
    return tuple(Drone.from_row(row) for row in read_rows("drones.yaml", "drones", path=path))


def find_drone(code: str, *, path: Path | None = None) -> Drone:
    """Find a drone by its key.

    Raises:
        NotFound: when there is none; the message names the ones there are.
    """
    drones = {drone.code: drone for drone in load_drones(path)}
    if code not in drones:
        close = difflib.get_close_matches(code, drones, n=1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        raise NotFound(f"no drone {code!r} in the table; {hint}there are {', '.join(drones)}")
    return drones[code]


def drones_for(camera_code: str, *, path: Path | None = None) -> tuple[Drone, ...]:
    """Give the drones that carry a camera, in the order of the table."""
    return tuple(drone for drone in load_drones(path) if camera_code in drone.cameras)
