"""Join a ground station and a simulated vehicle in one process, on a clock of its own.

Nothing sleeps: waiting moves the clock to the next thing that happens. Messages are packed and
parsed as on a radio, and pass through the same faults.
"""

import heapq
from itertools import count
from typing import Protocol

from flight.link import GROUND_COMPONENT, GROUND_SYSTEM, Message, codec, parse
from flight.simulator.fault import Faults, Radio

VEHICLE_SYSTEM, VEHICLE_COMPONENT = 1, 1
TICK_S = 0.1


class Speaker(Protocol):
    """Answer messages and speak by itself."""

    def take(self, message: Message, now_s: float) -> list[Message]:
        """Answer one message."""

    def tick(self, now_s: float) -> list[Message]:
        """Say what is due by now."""


class LoopWire:
    """Be the ground station's wire to a vehicle in the same process."""

    def __init__(self, vehicle: Speaker, faults: Faults, *, tick_s: float = TICK_S) -> None:
        self._vehicle = vehicle
        self._radio = Radio(faults)
        self._ground = codec(GROUND_SYSTEM, GROUND_COMPONENT)
        self._craft = codec(VEHICLE_SYSTEM, VEHICLE_COMPONENT)
        self._up: list[tuple[float, int, bytes]] = []
        self._down: list[tuple[float, int, bytes]] = []
        self._order = count()
        self._now_s = 0.0
        self._tick_s = tick_s
        self._next_tick_s = 0.0

    def send(self, message: Message) -> None:
        """Send a message to the vehicle."""
        self._post(self._up, message.pack(self._ground))
        self._ground.seq = (self._ground.seq + 1) % 256

    def receive(self, timeout_s: float) -> Message | None:
        """Wait for a message of the vehicle, letting the clock run."""
        until_s = self._now_s + max(timeout_s, 0.0)
        while True:
            due_s = min(
                self._next_tick_s,
                *(queue[0][0] for queue in (self._up, self._down) if queue),
                until_s,
            )
            self._now_s = max(self._now_s, due_s)
            if self._down and self._down[0][0] <= self._now_s:
                for message in parse(self._ground, heapq.heappop(self._down)[2]):
                    return message
            elif self._up and self._up[0][0] <= self._now_s:
                for message in parse(self._craft, heapq.heappop(self._up)[2]):
                    self._say(self._vehicle.take(message, self._now_s))
            elif self._next_tick_s <= self._now_s:
                self._next_tick_s += self._tick_s
                self._say(self._vehicle.tick(self._now_s))
            elif self._now_s >= until_s:
                return None

    def now_s(self) -> float:
        """Give this wire's own clock."""
        return self._now_s

    def close(self) -> None:
        """Do nothing: there is no line."""

    def _say(self, messages: list[Message]) -> None:
        """Send what the vehicle says."""
        for message in messages:
            self._post(self._down, message.pack(self._craft))
            self._craft.seq = (self._craft.seq + 1) % 256

    def _post(self, queue: list[tuple[float, int, bytes]], content: bytes) -> None:
        """Put a message on its way."""
        for arrival_s in self._radio.arrivals_s(self._now_s):
            heapq.heappush(queue, (arrival_s, next(self._order), content))
