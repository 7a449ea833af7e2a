"""Addresses as people type them: a wire, or the reason with the exit code that fits."""

import gc
import socket
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.formats import write_mission
from flight.link import DatagramLine, address_parts, codec, connect, dialect, open_wire
from flight.simulator.fault import Faults
from flight.simulator.server import Server
from flight.simulator.vehicle import Vehicle
from inspection.cli import main
from inspection.errors import BadInput, Unavailable
from tests.support.missions import BRIDGE

KINDS = ("udp", "udpout", "tcp", "serial")
FORMS = "none of them"


@given(
    kind=st.sampled_from(KINDS),
    place=st.text(st.characters(categories=("L", "N", "P")), min_size=1),
    number=st.integers(0, 65_535),
)
def test_what_was_put_together_comes_apart(kind: str, place: str, number: int) -> None:
    assert address_parts(f"{kind}:{place}:{number}", KINDS, FORMS) == (kind, place, number)


@given(address=st.text(max_size=40) | st.from_regex(r"(udp|tcp):[^:]*:.*", fullmatch=True))
def test_any_text_is_an_address_or_bad_input(address: str) -> None:
    try:
        kind, place, number = address_parts(address, KINDS, FORMS)
    except BadInput as refusal:
        assert str(refusal).startswith("address ")
        assert len(str(refusal)) < 200
        return
    assert kind in KINDS
    assert place
    assert kind == "serial" or number <= 65_535


HOPELESS = (
    "",
    "tcp",
    "tcp:5760",
    "tcp::5760",
    "tcp:host:",
    "tcp:host:²",
    "tcp:host:+5",
    "tcp:host:5 ",
    "tcp:host:-1",
    "tcp:a\0b:5",
    "TCP:host:5",
    "http://host:5",
    "tcp:host:65536",
    "udp:0.0.0.0:70000",
    "udp:0.0.0.0:" + "9" * 5000,
)


@pytest.mark.parametrize("address", [*HOPELESS, "udpout:127.0.0.1:70000", "serial:/dev/x:1e3"])
def test_a_hopeless_address_is_bad_input_on_the_ground(address: str) -> None:
    with pytest.raises(BadInput, match=r"^address "):
        open_wire(address)


@pytest.mark.parametrize("address", [*HOPELESS, "serial:/dev/x:57600", "udpout:127.0.0.1:5"])
def test_a_hopeless_address_is_bad_input_for_the_simulator(address: str) -> None:
    with pytest.raises(BadInput, match=r"^address "):
        Server(Vehicle(home_latlon_deg=(36.5, 136.6)), Faults(), address)


@pytest.mark.parametrize("host", ["a..b", "x" * 70, "192.0.2.300"])
@pytest.mark.parametrize("kind", ["tcp", "udp"])
def test_a_host_that_is_no_name_is_unavailable_and_leaves_no_socket(kind: str, host: str) -> None:
    with pytest.raises(Unavailable, match="cannot be opened"):
        open_wire(f"{kind}:{host}:5760")
    with pytest.raises(Unavailable, match="cannot be opened"):
        Server(Vehicle(home_latlon_deg=(36.5, 136.6)), Faults(), f"{kind}:{host}:5760")
    gc.collect()  # an open socket would warn here, and warnings are errors


def test_a_port_in_use_is_unavailable() -> None:
    line = DatagramLine("127.0.0.1", 0, listen=True)
    try:
        with pytest.raises(Unavailable, match="in use"):
            open_wire(f"udp:127.0.0.1:{line.port}")
    finally:
        line.close()
    gc.collect()


def test_a_host_without_a_name_breaks_the_line_when_it_is_called() -> None:
    wire = open_wire("udpout:a..b:14550")
    try:
        with pytest.raises(Unavailable, match="the line to the vehicle broke"):
            connect(wire, timeout_s=0.1)
    finally:
        wire.close()


def test_a_server_takes_the_next_station_after_one_hung_up() -> None:
    server = Server(Vehicle(home_latlon_deg=(36.5, 136.6)), Faults(), "tcp:127.0.0.1:0", speed=20)
    stop = threading.Event()
    serving = threading.Thread(target=server.serve, args=(lambda now_s: stop.is_set(),))
    serving.start()
    beat = dialect().MAVLink_heartbeat_message(6, 8, 0, 0, 4, 3)
    heard: list[bytes] = []
    try:
        for _ in range(2):
            with socket.create_connection(("127.0.0.1", server.port), timeout=60) as station:
                station.sendall(beat.pack(codec(250, 190)) + b"\xfdnoise")
                heard.append(station.recv(4096))
    finally:
        stop.set()
        serving.join(60)
        server.close()
    assert [content[:1] for content in heard] == [b"\xfd"] * 2


@pytest.mark.parametrize(
    ("address", "end"),
    [
        ("tcp:127.0.0.1:70000", (2, "port 70000 is beyond 65535")),
        ("tcp:127.0.0.1", (2, "serial:DEVICE:BAUD")),
        ("tcp:a..b:5760", (4, "cannot be opened")),
        ("serial:/dev/no such radio:57600", (4, "cannot be opened")),
    ],
)
@pytest.mark.parametrize("command", ["upload", "fly"])
def test_the_commands_end_with_the_code_that_fits(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    command: str,
    address: str,
    end: tuple[int, str],
) -> None:
    plan = tmp_path / "bridge.plan"
    write_mission(BRIDGE, plan)
    if command == "fly":
        main(["flight", "check", str(plan)])
        capsys.readouterr()
    arm = ["--arm"] if command == "fly" else []
    with pytest.raises(SystemExit) as ended:
        main(["flight", command, str(plan), "--address", address, *arm])
    assert ended.value.code == end[0]
    streams = capsys.readouterr()
    assert end[1] in streams.err
    assert streams.out == ""
