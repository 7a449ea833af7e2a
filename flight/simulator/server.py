"""Put a simulated vehicle on a socket, for a ground station of any make."""

import heapq
import socket
import time
from collections.abc import Callable
from itertools import count

from flight.link import DatagramLine, Line, Message, StreamLine, address_parts, codec, parse
from flight.simulator.fault import Faults, Radio
from flight.simulator.loop import TICK_S, VEHICLE_COMPONENT, VEHICLE_SYSTEM, Speaker
from inspection.errors import Unavailable


class Server:
    """Serve one vehicle to one ground station at a time, in real time or faster."""

    def __init__(
        self, vehicle: Speaker, faults: Faults, address: str, *, speed: float = 1.0
    ) -> None:
        kind, host, port = address_parts(
            address, ("udp", "tcp"), "neither udp:HOST:PORT nor tcp:HOST:PORT"
        )
        self._vehicle, self._radio, self._speed = vehicle, Radio(faults), speed
        self._codec = codec(VEHICLE_SYSTEM, VEHICLE_COMPONENT)
        self._line: Line | None = None
        self._door: socket.socket | None = None
        self._up: list[tuple[float, int, bytes]] = []
        self._down: list[tuple[float, int, bytes]] = []
        self._order = count()
        try:
            self.port = self._open(kind, host, port)
        except (OSError, ValueError) as error:
            raise Unavailable(f"{address} cannot be opened: {error}") from None

    def serve(self, until: Callable[[float], bool]) -> None:
        """Run until told to stop; asked each tick with the vehicle's seconds."""
        began, next_tick_s = time.monotonic(), 0.0
        while True:
            now_s = (time.monotonic() - began) * self._speed
            self._receive(now_s, max(next_tick_s - now_s, 0.0) / self._speed)
            now_s = (time.monotonic() - began) * self._speed
            while self._up and self._up[0][0] <= now_s:
                for message in parse(self._codec, heapq.heappop(self._up)[2]):
                    self._say(self._vehicle.take(message, now_s), now_s)
            while next_tick_s <= now_s:
                self._say(self._vehicle.tick(next_tick_s), next_tick_s)
                next_tick_s += TICK_S
            while self._down and self._down[0][0] <= now_s:
                self._write(heapq.heappop(self._down)[2])
            if until(now_s):
                return

    def close(self) -> None:
        """Let go of the sockets."""
        for thing in (self._line, self._door):
            if thing is not None:
                thing.close()

    def _open(self, kind: str, host: str, port: int) -> int:
        """Open the socket and give its port."""
        if kind == "udp":
            line = DatagramLine(host, port, listen=True)
            self._line = line
            return line.port
        self._door = socket.create_server((host, port))
        return int(self._door.getsockname()[1])

    def _receive(self, now_s: float, wait_s: float) -> None:
        """Take bytes of the ground station, each read one message or more."""
        if self._line is None and self._door is not None:
            self._door.settimeout(max(wait_s, 1e-3))
            try:
                self._line = StreamLine(self._door.accept()[0])
            except TimeoutError:
                return
        if self._line is None:
            return
        try:
            content = self._line.read(min(wait_s, 0.02))
        except OSError:
            self._hang_up()
            return
        if content:
            for arrival_s in self._radio.arrivals_s(now_s):
                heapq.heappush(self._up, (arrival_s, next(self._order), content))

    def _say(self, messages: list[Message], now_s: float) -> None:
        """Send what the vehicle says, through the faults of the radio."""
        for message in messages:
            content = message.pack(self._codec)
            self._codec.seq = (self._codec.seq + 1) % 256
            for arrival_s in self._radio.arrivals_s(now_s):
                heapq.heappush(self._down, (arrival_s, next(self._order), content))

    def _write(self, content: bytes) -> None:
        """Send bytes to the ground station, when there is one."""
        try:
            if self._line is not None:
                self._line.write(content)
        except OSError:
            self._hang_up()

    def _hang_up(self) -> None:
        """Wait for another ground station after a broken TCP connection."""
        if self._door is not None and self._line is not None:
            self._line.close()
            self._line = None
