"""Hold the parameters of a simulated vehicle and speak the parameter protocol.

Source: MAVLink parameter protocol; names and values of ArduCopter 4.7 as in the flight log that
comes with the project's data, but for the battery fail-safe, which returns.
"""

import math

from flight.link import Message, dialect

REAL32 = 9
DEFAULTS = {
    "BATT_CAPACITY": 3300.0,
    "BATT_FS_LOW_ACT": 2.0,
    "BATT_LOW_PERCENT": 20.0,
    "CAM1_TYPE": 1.0,
    "FENCE_ACTION": 1.0,
    "FENCE_ENABLE": 1.0,
    "LAND_SPEED": 50.0,
    "RTL_ALT": 1500.0,
    "RTL_LOIT_TIME": 5000.0,
    "SYSID_THISMAV": 1.0,
    "WPNAV_ACCEL": 250.0,
    "WPNAV_RADIUS": 200.0,
    "WPNAV_SPEED": 1000.0,
    "WPNAV_SPEED_DN": 150.0,
    "WPNAV_SPEED_UP": 250.0,
}
"""BATT_LOW_PERCENT is the simulator's own; ArduCopter counts volts or mAh."""


class Parameters:
    """Hold parameters by name."""

    def __init__(self) -> None:
        self._values = dict(DEFAULTS)

    def __getitem__(self, name: str) -> float:
        """Give a value."""
        return self._values[name]

    def items(self) -> list[tuple[str, float]]:
        """List names and values."""
        return sorted(self._values.items())

    def take(self, message: Message) -> list[Message]:
        """Answer a message of the parameter protocol."""
        kind = message.get_type()
        names = sorted(self._values)
        if kind == "PARAM_REQUEST_LIST":
            return [self._value(name) for name in names]
        name = message.param_id
        if kind == "PARAM_REQUEST_READ" and message.param_index >= 0:
            name = names[message.param_index] if message.param_index < len(names) else ""
        if name not in self._values:
            return []
        if kind == "PARAM_SET" and math.isfinite(message.param_value):
            self._values[name] = float(message.param_value)
        return [self._value(name)]

    def _value(self, name: str) -> Message:
        """Say one value."""
        names = sorted(self._values)
        value = dialect().MAVLink_param_value_message
        return value(name.encode(), self._values[name], REAL32, len(names), names.index(name))
