"""The wires below the link: clocks that go forward, bytes in any pieces, faults."""

import itertools
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flight.link import (
    DatagramLine,
    LineWire,
    Link,
    Message,
    StreamLine,
    codec,
    connect,
    dialect,
    parse,
)
from flight.simulator.fault import Faults, Radio
from flight.simulator.loop import TICK_S, LoopWire
from flight.simulator.server import Server
from flight.simulator.vehicle import Vehicle
from flight.upload import Patience, upload
from inspection.errors import Refused, Unavailable
from tests.support.missions import BRIDGE

LONG_S = 60.0
"""Nothing here takes as long, however busy the machine is."""

HOME = (36.5613, 136.6562)


def beat(number: int = 0, *, system: int = 1, autopilot: int = 3, state: int = 3) -> Message:
    """Make a heartbeat with a number in its mode."""
    made = dialect().MAVLink_heartbeat_message(2, autopilot, 89, number, state, 3)
    made.pack(codec(system, 1))
    return made


class Echo:
    """Be a vehicle that answers every message once and ticks a number."""

    def __init__(self) -> None:
        self.taken: list[tuple[float, int]] = []
        self.ticks: list[float] = []

    def take(self, message: Message, now_s: float) -> list[Message]:
        """Answer with the same number."""
        self.taken.append((now_s, message.custom_mode))
        return [beat(message.custom_mode)]

    def tick(self, now_s: float) -> list[Message]:
        """Say nothing."""
        self.ticks.append(now_s)
        return []


faults = st.builds(
    Faults,
    loss=st.floats(0, 0.9),
    duplicates=st.floats(0, 1),
    delay_s=st.floats(0, 2),
    seed=st.integers(0, 1000),
)


@given(faults=faults, waits=st.lists(st.floats(0, 3), min_size=1, max_size=20))
def test_the_clock_of_a_loop_only_goes_forward_and_ticks_evenly(
    faults: Faults, waits: list[float]
) -> None:
    echo = Echo()
    wire = LoopWire(echo, faults)
    before = wire.now_s()
    for number, wait in enumerate(waits):
        wire.send(beat(number))
        message = wire.receive(wait)
        assert before <= wire.now_s() <= before + wait + 1e-9
        if message is None:
            assert wire.now_s() == pytest.approx(before + wait)
        before = wire.now_s()
    assert echo.ticks == pytest.approx([n * TICK_S for n in range(len(echo.ticks))])
    assert [at for at, _ in echo.taken] == sorted(at for at, _ in echo.taken)


@given(count=st.integers(1, 30))
def test_a_perfect_radio_keeps_number_and_order(count: int) -> None:
    wire = LoopWire(Echo(), Faults())
    for number in range(count):
        wire.send(beat(number))
    heard = [wire.receive(1.0) for _ in range(count)]
    assert [message and message.custom_mode for message in heard] == list(range(count))
    assert wire.receive(1.0) is None


@given(seed=st.integers(0, 10**6), loss=st.floats(0, 0.9), duplicates=st.floats(0, 1))
def test_the_same_seed_is_the_same_radio(seed: int, loss: float, duplicates: float) -> None:
    said = Faults(loss=loss, duplicates=duplicates, delay_s=0.3, seed=seed)
    one, other = Radio(said), Radio(said)
    times = [one.arrivals_s(n / 10) for n in range(50)]
    assert times == [other.arrivals_s(n / 10) for n in range(50)]
    for sent, arrivals in enumerate(times):
        assert len(arrivals) <= 2
        assert all(sent / 10 + 0.3 <= at <= sent / 10 + 0.45 + 1e-9 for at in arrivals)


@pytest.mark.parametrize(("now_s", "arrives"), [(0.0, True), (9.99, True), (10.0, False)])
def test_a_radio_dies_at_its_second(now_s: float, arrives: bool) -> None:
    assert bool(Radio(Faults(dead_after_s=10.0)).arrivals_s(now_s)) == arrives
    assert Radio(Faults(dead_after_s=0.0)).arrivals_s(0.0) == []


@given(
    cuts=st.lists(st.integers(0, 400), max_size=12).map(sorted),
    noise=st.binary(max_size=20).filter(
        lambda found: b"\xfd" not in found and b"\xfe" not in found
    ),
)
def test_messages_in_any_pieces_come_out_whole(cuts: list[int], noise: bytes) -> None:
    sender, receiver = codec(1, 1), codec(250, 190)
    stream = b"".join(beat(n).pack(sender) + noise for n in range(8))
    edges = [0, *[min(cut, len(stream)) for cut in cuts], len(stream)]
    heard = [
        message.custom_mode
        for first, last in itertools.pairwise(edges)
        for message in parse(receiver, stream[first:last])
    ]
    assert heard == list(range(8))


@settings(max_examples=40)
@given(at=st.integers(0, 20), bit=st.integers(0, 7))
def test_a_flipped_bit_costs_one_message_and_no_more(at: int, bit: int) -> None:
    sender, receiver = codec(1, 1), codec(250, 190)
    damaged = bytearray(beat(7).pack(sender))
    at = min(at, len(damaged) - 1)
    damaged[at] ^= 1 << bit
    after = b"".join(beat(n).pack(sender) for n in range(40))
    found = parse(receiver, bytes(damaged) + after)
    # one of a number that is in no dialect cannot be checked; nobody looks at it
    heard = [m.custom_mode for m in found if m.get_type() == "HEARTBEAT"]
    # a broken length may swallow what follows, up to the longest message (280 bytes, 14 beats)
    assert heard[-25:] == list(range(15, 40))
    assert heard == sorted(heard)  # the damaged 7 came first and is not among them


@contextmanager
def piped() -> Iterator[tuple[LineWire, socket.socket]]:
    """Join a ground station's wire and a bare socket."""
    ours, theirs = socket.socketpair()
    wire = LineWire(StreamLine(ours), system=250, component=190)
    try:
        yield wire, theirs
    finally:
        wire.close()
        theirs.close()


def test_a_sequence_number_goes_round_after_255() -> None:
    with piped() as (wire, vehicle):
        heard: list[Message] = []
        receiver = codec(1, 1)
        for number in range(300):
            wire.send(beat(number))
            heard += parse(receiver, vehicle.recv(65_536))
    assert [m.get_seq() for m in heard] == [n % 256 for n in range(300)]


def test_a_slow_other_side_is_waited_for_whatever_the_last_reading_waited() -> None:
    ours, theirs = socket.socketpair()
    line = StreamLine(ours)
    assert line.read(0.001) == b""
    taken: list[int] = []

    def drain() -> None:
        stop.wait(0.2)
        while sum(taken) < 2_000_000:
            taken.append(len(theirs.recv(100_000)))

    stop = threading.Event()
    reader = threading.Thread(target=drain)
    reader.start()
    line.write(bytes(2_000_000))  # more than the sockets hold
    reader.join(LONG_S)
    assert sum(taken) == 2_000_000
    line.close()
    theirs.close()


def test_an_other_side_that_takes_nothing_breaks_the_line() -> None:
    ours, theirs = socket.socketpair()
    wire = LineWire(StreamLine(ours, write_s=0.1), system=250, component=190)
    with pytest.raises(Unavailable, match="the line to the vehicle broke: timed out"):
        for number in range(100_000):
            wire.send(beat(number))
    wire.close()
    theirs.close()


def test_waiting_ends_in_time_although_noise_comes_all_along() -> None:
    with piped() as (wire, vehicle):
        stop = threading.Event()

        def rustle() -> None:
            while not stop.wait(0.01):
                vehicle.sendall(b"\x00" * 30)

        noise = threading.Thread(target=rustle)
        noise.start()
        try:
            began = wire.now_s()
            assert wire.receive(0.2) is None
            assert 0.19 <= wire.now_s() - began < 60.0  # the noise never ends by itself
        finally:
            stop.set()
            noise.join()


@pytest.mark.parametrize(
    ("state", "mode", "words"),
    [(4, 89, "armed or flying"), (3, 217, "armed or flying"), (4, 217, "armed or flying")],
)
def test_a_vehicle_that_flies_is_not_waited_for(state: int, mode: int, words: str) -> None:
    link = Link(wire=LoopWire(Echo(), Faults()), system=1, component=1, state=state, base_mode=mode)
    with pytest.raises(Refused, match=f"{words}; land and disarm it, then upload"):
        link.wait_standby(5.0)
    assert link.wire.now_s() == 0


@pytest.mark.parametrize(
    ("state", "word"),
    [(0, "not initialised"), (1, "booting"), (2, "calibrating"), (5, "critical"), (99, "99")],
)
def test_a_vehicle_that_does_not_get_ready_is_told_with_its_state(state: int, word: str) -> None:
    class Booting(Echo):
        def take(self, message: Message, now_s: float) -> list[Message]:
            return []

        def tick(self, now_s: float) -> list[Message]:
            return [beat(state=state)]

    link = connect(LoopWire(Booting(), Faults()))
    with pytest.raises(Unavailable, match=f"the vehicle is still {word} after 3 s"):
        link.wait_standby(3.0)


def test_nobody_is_told_after_the_time_that_was_asked_for() -> None:
    wire = LoopWire(Echo(), Faults(dead_after_s=0.0))
    with pytest.raises(Unavailable, match=r"no heartbeat of a vehicle in 12 s; check power"):
        connect(wire, 12.0)
    assert wire.now_s() == pytest.approx(12.0)


@pytest.mark.parametrize("autopilot", [8, 3])
def test_a_ground_station_or_camera_that_beats_is_no_vehicle(autopilot: int) -> None:
    class Mixed(Echo):
        def take(self, message: Message, now_s: float) -> list[Message]:
            return []

        def tick(self, now_s: float) -> list[Message]:
            return [beat(autopilot=8), beat(autopilot=autopilot)]

    wire = LoopWire(Mixed(), Faults())
    if autopilot == 3:
        assert connect(wire, 3.0).state == 3
    else:
        with pytest.raises(Unavailable, match="no heartbeat"):
            connect(wire, 3.0)


def test_two_stations_take_turns_on_one_datagram_line() -> None:
    vehicle = DatagramLine("127.0.0.1", 0, listen=True)
    stations = [DatagramLine("127.0.0.1", vehicle.port, listen=False) for _ in range(2)]
    try:
        for station in (*stations, stations[0]):
            station.write(b"hello")
            assert vehicle.read(LONG_S) == b"hello"
            vehicle.write(b"for you")
            assert station.read(LONG_S) == b"for you"
        assert stations[1].read(0.01) == b""
    finally:
        for line in (vehicle, *stations):
            line.close()


@contextmanager
def serving(server: Server) -> Iterator[None]:
    """Serve in a thread of its own."""
    stop = threading.Event()
    worker = threading.Thread(target=server.serve, args=(lambda now_s: stop.is_set(),))
    worker.start()
    try:
        yield
    finally:
        stop.set()
        worker.join(LONG_S)
        server.close()
        assert not worker.is_alive()


def test_an_upload_that_was_cut_off_is_done_again_over_a_new_connection() -> None:
    vehicle = Vehicle(home_latlon_deg=HOME)
    server = Server(vehicle, Faults(), "tcp:127.0.0.1:0", speed=50)
    with serving(server):
        for cut in (True, False):
            stream = socket.create_connection(("127.0.0.1", server.port), timeout=LONG_S)
            wire = LineWire(StreamLine(stream), system=250, component=190)
            link = connect(wire, LONG_S)
            if cut:
                count = dialect().MAVLink_mission_count_message(1, 1, 10, 0)
                wire.send(count)
                wire.close()
                continue
            report = upload(link, BRIDGE, patience=Patience(silence_s=LONG_S))
            wire.close()
    assert sum(report.counts.values()) == 16


@pytest.mark.parametrize("content", [b"\x00" * 4000, b"\xfd" * 500, b"GET / HTTP/1.1\r\n\r\n"])
def test_a_stranger_at_the_door_does_not_stop_the_vehicle(content: bytes) -> None:
    server = Server(Vehicle(home_latlon_deg=HOME), Faults(), "tcp:127.0.0.1:0", speed=50)
    with serving(server):
        with socket.create_connection(("127.0.0.1", server.port), timeout=LONG_S) as stranger:
            stranger.sendall(content)
            assert stranger.recv(16)
        stream = socket.create_connection(("127.0.0.1", server.port), timeout=LONG_S)
        wire = LineWire(StreamLine(stream), system=250, component=190)
        assert connect(wire, LONG_S).system == 1
        wire.close()
