"""Say what goes wrong in a simulated flight, and make messages late, doubled and lost."""

import math
import random
from dataclasses import dataclass

from flight.wireitem import Kind
from inspection.errors import BadInput

MOST_ITEMS = 65_535


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """Hold the faults of a simulated vehicle and of its radio.

    Attributes:
        loss: share of messages that never arrive, each way, 0–0.9.
        duplicates: share of messages that arrive twice, each way, 0–1.
        delay_s: of a message, each way; half as much again comes on top at random, so that
            messages also arrive out of order.
        dead_after_s: the radio falls silent after so many seconds.
        capacity: items that the mission holds, home included (ArduCopter: 650).
        reject_seq: item of the mission that the vehicle does not support.
        flip: list in which the vehicle flips one bit of one item that it stored.
        battery_percent: charge at the start.
        seed: of the randomness; the same seed gives the same faults.
    """

    loss: float = 0.0
    duplicates: float = 0.0
    delay_s: float = 0.0
    dead_after_s: float | None = None
    capacity: int = 650
    reject_seq: int | None = None
    flip: Kind | None = None
    battery_percent: float = 100.0
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the bounds.

        Raises:
            BadInput: for a share, a time or a charge that makes no sense.
        """
        bounds = {
            "loss": (self.loss, 0.0, 0.9),
            "duplicates": (self.duplicates, 0.0, 1.0),
            "delay": (self.delay_s, 0.0, 10.0),
            "battery": (self.battery_percent, 1.0, 100.0),
            "dead_after": (self.dead_after_s or 0.0, 0.0, math.inf),
            "capacity": (self.capacity, 0, MOST_ITEMS),
            "reject_seq": (self.reject_seq or 0, 0, MOST_ITEMS),
        }
        for name, (value, low, high) in bounds.items():
            if not low <= value <= high:
                raise BadInput(f"{name} {value:g} is not within {low:g} to {high:g}")


class Radio:
    """Decide when, how often and whether a message arrives."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._chance = random.Random(faults.seed)  # noqa: S311 - a fault, not a secret

    def arrivals_s(self, now_s: float) -> list[float]:
        """Give the times at which a message sent now arrives: none, one or two."""
        faults = self._faults
        if faults.dead_after_s is not None and now_s >= faults.dead_after_s:
            return []
        if self._chance.random() < faults.loss:
            return []
        copies = 2 if self._chance.random() < faults.duplicates else 1
        return [now_s + faults.delay_s * self._chance.uniform(1.0, 1.5) for _ in range(copies)]
