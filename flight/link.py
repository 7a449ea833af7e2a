"""Speak MAVLink 2 with a vehicle over UDP, TCP or a serial radio.

A wire sends and receives messages; a link knows who is at the other end. pymavlink is loaded when
the first wire is opened, not when this module is imported.

Source: MAVLink 2 (mavlink.io), dialect ardupilotmega.
"""

import importlib
import re
import socket
import time
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

from inspection.errors import BadInput, Refused, Unavailable

Message = Any
"""A message of pymavlink; its fields are attributes named as in the MAVLink definition."""

GROUND_SYSTEM = 250
GROUND_COMPONENT = 190
"""MAV_COMP_ID_MISSIONPLANNER: the identity of a ground station."""

AUTOPILOT_ARDUPILOT = 3
STATE_STANDBY, STATE_ACTIVE = 3, 4
STATES = {
    0: "not initialised",
    1: "booting",
    2: "calibrating",
    3: "in standby",
    4: "active",
    5: "critical",
    6: "in an emergency",
    7: "powering off",
    8: "terminating the flight",
}
"""MAV_STATE in words."""

MAX_DATAGRAM = 65_535
MOST_PORT = 65_535
WRITE_S = 10.0
"""An other side that takes nothing for so long is gone."""

NUMBER = re.compile(r"[0-9]{1,8}")


@cache
def dialect() -> Any:  # noqa: ANN401 - pymavlink has no types
    """Load the dialect of ArduPilot."""
    return importlib.import_module("pymavlink.dialects.v20.ardupilotmega")


def codec(system: int, component: int) -> Any:  # noqa: ANN401 - pymavlink has no types
    """Make what packs and parses messages, skipping over damaged ones."""
    made = dialect().MAVLink(None, srcSystem=system, srcComponent=component)
    made.robust_parsing = True
    return made


class Wire(Protocol):
    """Carry messages to one other end and back."""

    def send(self, message: Message) -> None:
        """Send a message; it may be lost."""

    def receive(self, timeout_s: float) -> Message | None:
        """Wait for the next message, at most so many seconds."""

    def now_s(self) -> float:
        """Give the seconds of this wire's clock."""

    def close(self) -> None:
        """Let go of the line."""


class Line(Protocol):
    """Carry bytes."""

    def write(self, content: bytes) -> None:
        """Send bytes."""

    def read(self, timeout_s: float) -> bytes:
        """Wait for bytes, at most so many seconds; empty when none came."""

    def close(self) -> None:
        """Let go of the line."""


class DatagramLine:
    """Carry bytes over UDP; a listening line answers whoever spoke last."""

    def __init__(self, host: str, port: int, *, listen: bool) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._peer: tuple[str, int] | None = None if listen else (host, port)
        self._fixed = not listen
        try:
            self._socket.bind((host, port) if listen else ("", 0))
        except (OSError, ValueError):
            self._socket.close()
            raise

    @property
    def port(self) -> int:
        """Give the port on this side."""
        return int(self._socket.getsockname()[1])

    def write(self, content: bytes) -> None:
        """Send one datagram, once the other side is known."""
        if self._peer is not None:
            self._socket.sendto(content, self._peer)

    def read(self, timeout_s: float) -> bytes:
        """Wait for one datagram."""
        self._socket.settimeout(max(timeout_s, 1e-3))
        try:
            content, sender = self._socket.recvfrom(MAX_DATAGRAM)
        except (TimeoutError, ConnectionError):
            return b""
        if not self._fixed:
            self._peer = sender
        return content

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


class StreamLine:
    """Carry bytes over TCP."""

    def __init__(self, stream: socket.socket, *, write_s: float = WRITE_S) -> None:
        self._socket = stream
        self._write_s = write_s

    def write(self, content: bytes) -> None:
        """Send bytes; the other side may be slow, but not for ever."""
        self._socket.settimeout(self._write_s)
        self._socket.sendall(content)

    def read(self, timeout_s: float) -> bytes:
        """Wait for bytes."""
        self._socket.settimeout(max(timeout_s, 1e-3))
        try:
            content = self._socket.recv(MAX_DATAGRAM)
        except TimeoutError:
            return b""
        if not content:
            raise ConnectionError("the other side hung up")
        return content

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()


class SerialLine:
    """Carry bytes over a serial radio."""

    def __init__(self, device: str, baud: int) -> None:
        self._port = importlib.import_module("serial").Serial(device, baud, timeout=0)

    def write(self, content: bytes) -> None:
        """Send bytes."""
        self._port.write(content)

    def read(self, timeout_s: float) -> bytes:
        """Wait for bytes."""
        self._port.timeout = timeout_s
        first: bytes = self._port.read(1)
        return first + self._port.read(self._port.in_waiting) if first else first

    def close(self) -> None:
        """Close the port."""
        self._port.close()


class LineWire:
    """Carry messages over a line of bytes, in real time."""

    def __init__(self, line: Line, *, system: int, component: int) -> None:
        self._line = line
        self._codec = codec(system, component)
        self._waiting: list[Message] = []

    def send(self, message: Message) -> None:
        """Send a message.

        Raises:
            Unavailable: when the line is broken.
        """
        try:
            self._line.write(message.pack(self._codec))
        except (OSError, UnicodeError) as error:
            raise Unavailable(f"the line to the vehicle broke: {error}") from None
        self._codec.seq = (self._codec.seq + 1) % 256

    def receive(self, timeout_s: float) -> Message | None:
        """Wait for the next whole message.

        Raises:
            Unavailable: when the line is broken.
        """
        until_s = time.monotonic() + timeout_s
        while not self._waiting:
            left_s = until_s - time.monotonic()
            if left_s <= 0:
                return None
            try:
                content = self._line.read(left_s)
            except OSError as error:
                raise Unavailable(f"the line to the vehicle broke: {error}") from None
            self._waiting = parse(self._codec, content)
        return self._waiting.pop(0)

    def now_s(self) -> float:
        """Give the monotonic clock."""
        return time.monotonic()

    def close(self) -> None:
        """Close the line."""
        self._line.close()


def parse(codec_: Any, content: bytes) -> list[Message]:  # noqa: ANN401 - pymavlink has no types
    """Give the whole, undamaged messages in bytes; what is left waits in the codec."""
    found = codec_.parse_buffer(content) or []
    return [message for message in found if message.get_type() != "BAD_DATA"]


def open_wire(address: str) -> LineWire:
    """Open a wire as a ground station.

    Args:
        address: ``udp:HOST:PORT`` listens, ``udpout:HOST:PORT`` calls, ``tcp:HOST:PORT`` calls,
            ``serial:DEVICE:BAUD``.

    Raises:
        BadInput: when the address cannot be understood.
        Unavailable: when nobody answers there or the device is missing.
    """
    kind, place, number = address_parts(
        address,
        ("udp", "udpout", "tcp", "serial"),
        "none of udp:HOST:PORT (listen), udpout:HOST:PORT, tcp:HOST:PORT, serial:DEVICE:BAUD",
    )
    try:
        line = _line(kind, place, number)
    except (OSError, ValueError) as error:
        raise Unavailable(f"{address} cannot be opened: {error}") from None
    return LineWire(line, system=GROUND_SYSTEM, component=GROUND_COMPONENT)


def address_parts(address: str, kinds: Collection[str], forms: str) -> tuple[str, str, int]:
    """Split an address KIND:PLACE:NUMBER; the number is a port, or the baud of a serial line.

    Args:
        address: as typed.
        kinds: that are known.
        forms: in which an address is written, for the message.

    Raises:
        BadInput: when the address has another form or a port beyond 65,535.
    """
    kind, _, rest = address.partition(":")
    place, _, digits = rest.rpartition(":")
    numbered = NUMBER.fullmatch(digits) is not None
    if kind not in kinds or not place or not place.isprintable() or not numbered:
        raise BadInput(f"address {address!r:.60} is {forms}")
    number = int(digits)
    if kind != "serial" and number > MOST_PORT:
        raise BadInput(f"address {address!r:.60}: port {number} is beyond {MOST_PORT}")
    return kind, place, number


def _line(kind: str, place: str, number: int) -> Line:
    """Open the line of an address."""
    if kind == "serial":
        return SerialLine(place, number)
    if kind == "tcp":
        return StreamLine(socket.create_connection((place, number), timeout=10.0))
    return DatagramLine(place, number, listen=kind == "udp")


@dataclass(slots=True, kw_only=True)
class Link:
    """Hold a wire with the vehicle at its other end.

    Attributes:
        wire: carries the messages.
        system: MAVLink system of the vehicle.
        component: its autopilot.
        state: MAV_STATE of its last heartbeat.
        base_mode: flags of its last heartbeat; 128 is armed.
        custom_mode: mode of its last heartbeat.
        was_armed: whether a heartbeat was armed since this was last set to False.
    """

    wire: Wire
    system: int
    component: int
    state: int
    base_mode: int = 0
    custom_mode: int = 0
    was_armed: bool = False

    @property
    def armed(self) -> bool:
        """Say whether the motors may turn."""
        return bool(self.base_mode & 128)

    def receive(self, timeout_s: float) -> Message | None:
        """Wait for a message of this vehicle, keeping its heartbeat in mind.

        Answers None at the end of the time and for a heartbeat alike.
        """
        until_s = self.wire.now_s() + timeout_s
        while True:
            message = self.wire.receive(max(until_s - self.wire.now_s(), 0.0))
            if message is None:
                return None
            if message.get_srcSystem() != self.system:
                continue
            if message.get_type() == "HEARTBEAT" and message.autopilot == AUTOPILOT_ARDUPILOT:
                self.state = message.system_status
                self.base_mode = message.base_mode
                self.custom_mode = message.custom_mode
                self.was_armed = self.was_armed or self.armed
            return message

    def say_alive(self) -> None:
        """Send the heartbeat of a ground station."""
        heartbeat = dialect().MAVLink_heartbeat_message
        self.wire.send(heartbeat(6, 8, 0, 0, STATE_ACTIVE, 3))

    def wait_standby(self, timeout_s: float = 60.0) -> None:
        """Wait until the vehicle stands by.

        Raises:
            Refused: when it is armed or flying; a mission is not changed under it.
            Unavailable: when it does not come to standby in time.
        """
        until_s = self.wire.now_s() + timeout_s
        while self.state != STATE_STANDBY or self.armed:
            if self.armed or self.state == STATE_ACTIVE:
                raise Refused("the vehicle is armed or flying; land and disarm it, then upload")
            if self.wire.now_s() >= until_s:
                word = STATES.get(self.state, str(self.state))
                raise Unavailable(f"the vehicle is still {word} after {timeout_s:g} s")
            if self.receive(1.0) is None:
                self.say_alive()


def connect(wire: Wire, timeout_s: float = 30.0) -> Link:
    """Find the vehicle at the other end by its heartbeat.

    Raises:
        Unavailable: when there is no heartbeat in time.
        Refused: when its autopilot is not ArduPilot, whose rewrites are the ones that are known.
    """
    until_s = wire.now_s() + timeout_s
    while wire.now_s() < until_s:
        wire.send(dialect().MAVLink_heartbeat_message(6, 8, 0, 0, STATE_ACTIVE, 3))
        pause_s = min(wire.now_s() + 1.0, until_s)
        while (left_s := pause_s - wire.now_s()) > 0:
            message = wire.receive(left_s)
            if message is None or message.get_type() != "HEARTBEAT" or message.autopilot == 8:
                continue
            if message.autopilot != AUTOPILOT_ARDUPILOT:
                raise Refused(
                    f"the vehicle's autopilot is number {message.autopilot}, not ArduPilot (3); "
                    "an upload to it cannot be verified"
                )
            return Link(
                wire=wire,
                system=message.get_srcSystem(),
                component=message.get_srcComponent(),
                state=message.system_status,
                base_mode=message.base_mode,
                custom_mode=message.custom_mode,
            )
    raise Unavailable(
        f"no heartbeat of a vehicle in {timeout_s:g} s; check power, radio and the address"
    )
