"""The lines under the link: a serial port, a broken connection, damaged bytes, other vehicles."""

import os
import pty
import socket
import threading
from collections.abc import Iterator

import pytest

from flight.link import (
    DatagramLine,
    LineWire,
    StreamLine,
    codec,
    connect,
    dialect,
    open_wire,
    parse,
)
from inspection.errors import Refused, Unavailable


def heartbeat(autopilot: int = 3, system: int = 7) -> bytes:
    """Pack the heartbeat of a vehicle in standby."""
    beat = dialect().MAVLink_heartbeat_message(2, autopilot, 89, 3, 3, 3)
    packed: bytes = beat.pack(codec(system, 1))
    return packed


@pytest.fixture
def pipe() -> Iterator[tuple[LineWire, socket.socket]]:
    """Join a ground station's wire and a bare socket."""
    ours, theirs = socket.socketpair()
    wire = LineWire(StreamLine(ours), system=250, component=190)
    yield wire, theirs
    wire.close()
    theirs.close()


def test_a_serial_radio_carries_the_link() -> None:
    master, slave = pty.openpty()
    stop = threading.Event()

    def beat() -> None:
        while not stop.wait(0.05):
            os.write(master, heartbeat())

    speaker = threading.Thread(target=beat)
    speaker.start()
    wire = open_wire(f"serial:{os.ttyname(slave)}:57600")
    try:
        link = connect(wire, timeout_s=60.0)
        assert (link.system, link.state, link.custom_mode, link.armed) == (7, 3, 3, False)
        link.say_alive()
        heard = parse(codec(1, 1), os.read(master, 4096))
        assert {message.get_srcSystem() for message in heard} == {250}
    finally:
        stop.set()
        speaker.join()
        wire.close()
        os.close(master)
        os.close(slave)


def test_damaged_bytes_are_skipped_and_halves_are_joined(
    pipe: tuple[LineWire, socket.socket],
) -> None:
    wire, vehicle = pipe
    good = heartbeat()
    damaged = good[:12] + bytes([good[12] ^ 1]) + good[13:]
    vehicle.sendall(b"\x00noise" + damaged + good[:7])
    assert wire.receive(0.2) is None
    vehicle.sendall(good[7:] + good)
    for _ in range(2):
        message = wire.receive(1.0)
        assert message is not None
        assert message.get_type() == "HEARTBEAT"
    assert wire.receive(0.05) is None


def test_a_connection_that_breaks_is_unavailable(pipe: tuple[LineWire, socket.socket]) -> None:
    wire, vehicle = pipe
    vehicle.close()
    with pytest.raises(Unavailable, match="the line to the vehicle broke"):
        wire.receive(1.0)


def test_an_autopilot_whose_rewrites_are_not_known_is_refused(
    pipe: tuple[LineWire, socket.socket],
) -> None:
    wire, vehicle = pipe
    vehicle.sendall(heartbeat(autopilot=12))
    with pytest.raises(Refused, match=r"number 12, not ArduPilot \(3\)"):
        connect(wire, timeout_s=2.0)


def test_only_the_vehicle_that_was_found_is_listened_to(
    pipe: tuple[LineWire, socket.socket],
) -> None:
    wire, vehicle = pipe
    vehicle.sendall(heartbeat(autopilot=8, system=255) + heartbeat(system=7))
    link = connect(wire, timeout_s=2.0)
    assert link.system == 7
    vehicle.sendall(heartbeat(system=9) + heartbeat(system=7))
    message = link.receive(1.0)
    assert message is not None
    assert message.get_srcSystem() == 7


def test_a_listening_datagram_line_answers_who_spoke() -> None:
    ours = DatagramLine("127.0.0.1", 0, listen=True)
    theirs = DatagramLine("127.0.0.1", ours.port, listen=False)
    ours.write(b"to nobody")
    theirs.write(b"hello")
    assert ours.read(1.0) == b"hello"
    ours.write(b"and you")
    assert theirs.read(1.0) == b"and you"
    assert theirs.read(0.01) == b""
    ours.close()
    theirs.close()
