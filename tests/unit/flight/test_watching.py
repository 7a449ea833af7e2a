"""What the person at the ground station is told about a flight, and what ends it."""

import json
import math
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.commands.fly import Teller, plain, progress_lines, words
from flight.commands.upload import plain as plain_upload
from flight.commands.upload import words as upload_words
from flight.link import Link, Message, dialect
from flight.monitor import (
    FlightReport,
    Progress,
    Watch,
    call_home,
    fly,
    order,
    stop_camera,
    text_of,
)
from flight.simulator.fault import Faults
from flight.simulator.vehicle import Vehicle
from flight.upload import UploadReport, upload
from flight.wireitem import Kind, items_of
from inspection.errors import Refused, Unavailable
from tests.support.missions import BRIDGE
from tests.unit.flight.test_unruly_vehicles import HOME, Unruly, is_a, joined, uploaded

ITEMS = items_of(BRIDGE, Kind.MISSION)
FLYING = Progress(
    mode="auto",
    item=2,
    items=9,
    distance_m=12.4,
    altitude_home_m=15.2,
    battery_percent=80,
    photos=3,
    armed=True,
)
REPORT = FlightReport(
    photos=14, battery_percent=61, seconds=83.26, turned_back=None, reached=(2, 7)
)
Words = Callable[[Message, list[Message]], list[Message]]


def watched(
    ticks: Callable[[list[Message]], list[Message]], faults: Faults | None = None
) -> tuple[FlightReport, list[Progress]]:
    """Fly the bridge with a vehicle that says something else."""
    unruly = Unruly()
    link = joined(unruly, faults)
    upload(link, BRIDGE)
    unruly._ticks = ticks
    seen: list[Progress] = []
    report = fly(link, ITEMS, on_progress=seen.append)
    return report, seen


def test_golden_line_of_a_progress() -> None:
    assert progress_lines(FLYING) == [
        "auto: item 2/9, 12 m to go, 15 m high, battery 80 %, 3 photos"
    ]
    lines = progress_lines(replace(FLYING, distance_m=None, said=("Fence Breached", "x")))
    assert lines == [
        "  vehicle: Fence Breached",
        "  vehicle: x",
        "auto: item 2/9, 15 m high, battery 80 %, 3 photos",
    ]


def test_a_charge_that_is_not_told_is_not_told_as_minus_one() -> None:
    (line,) = progress_lines(replace(FLYING, battery_percent=-1))
    assert "-1 %" not in line
    assert "battery unknown" in line
    assert "battery unknown" in words(replace(REPORT, battery_percent=-1))
    assert plain(replace(REPORT, battery_percent=-1))["battery_percent"] is None


@pytest.mark.parametrize(
    ("report", "line"),
    [
        (REPORT, "flown to its end: 14 photos, 2 waypoints reached, 83 s, battery 61 %"),
        (
            replace(REPORT, turned_back="turned back at item 5: Fence Breached", reached=()),
            "turned back at item 5: Fence Breached: 14 photos, 0 waypoints reached, 83 s, "
            "battery 61 %",
        ),
    ],
)
def test_golden_words_of_an_end(report: FlightReport, line: str) -> None:
    assert words(report) == line
    assert json.loads(json.dumps(plain(report))) == {
        "photos": 14,
        "battery_percent": 61,
        "seconds": 83.3,
        "turned_back": report.turned_back,
        "reached": list(report.reached),
    }


def test_golden_words_of_an_upload() -> None:
    report = UploadReport(
        counts={Kind.FENCE: 5, Kind.RALLY: 1, Kind.MISSION: 10},
        seconds=2.345,
        resent=3,
        rewrites=("parameter 4 of waypoint (16): 90 kept as 0 (items 1, 2)",),
    )
    assert upload_words(report).splitlines() == [
        "known rewrite of the vehicle: parameter 4 of waypoint (16): 90 kept as 0 (items 1, 2)",
        "verified: 10 mission items with home, 5 fence items, 1 rally points; 2.3 s, 3 sent again",
    ]
    assert plain_upload(report) == {
        "verified": True,
        "items": {"fence": 5, "rally": 1, "mission": 10},
        "seconds": 2.35,
        "resent": 3,
        "rewrites": list(report.rewrites),
    }


@given(
    beats=st.lists(
        st.tuples(st.integers(0, 3), st.booleans(), st.booleans()), min_size=1, max_size=80
    )
)
def test_no_news_is_left_out_and_silence_is_at_most_ten_beats(
    beats: list[tuple[int, bool, bool]],
) -> None:
    told: list[int] = []
    now = [0]
    teller = Teller(on_terminal=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("click.echo", lambda *a, **k: told.append(now[0]))
        before: tuple[int, bool] | None = None
        for at, (item, said, armed) in enumerate(beats):
            now[0] = at
            news = ("Reached",) if said else ()
            count = len(told)
            teller.tell(replace(FLYING, item=item, said=news, armed=armed))
            if said or before is None or before != (item, True):
                assert len(told) > count
            before = (item, True)
    gaps = [b - a for a, b in zip([0, *told], [*told, len(beats) - 1], strict=True)]
    assert max(gaps) <= 10


def test_a_terminal_is_written_over_and_the_last_line_stays(
    capsys: pytest.CaptureFixture[str],
) -> None:
    teller = Teller(on_terminal=True)
    teller.tell(FLYING)
    teller.tell(replace(FLYING, said=("Landed",), armed=False, photos=4))
    told = capsys.readouterr().out
    assert told.count("\n") == 2  # what the vehicle said, and the end
    assert told.endswith("4 photos\n")
    assert "\r\x1b[K  vehicle: Landed\n" in told


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"Mission: 1 WP", "Mission: 1 WP"),
        (b"", ""),
        (b"\xff\xfe bad", None),
        (b"x" * 50, "x" * 50),
    ],
)
def test_any_text_of_a_vehicle_can_be_printed(raw: bytes, text: str | None) -> None:
    message = dialect().MAVLink_statustext_message(6, raw)
    said = text_of(message)
    said.encode("utf-8")
    assert text is None or said == text


def test_a_vehicle_that_writes_to_the_terminal_is_made_harmless() -> None:
    message = dialect().MAVLink_statustext_message(6, b"\x1b[2Jgone\r\n\x07now\x00")
    assert text_of(message) == "?[2Jgone???now"


@pytest.mark.parametrize(
    ("mode", "word"), [(3, "auto"), (6, "return"), (16, "pos hold"), (77, "mode 77")]
)
def test_a_mode_is_a_word_or_its_number(mode: int, word: str) -> None:
    def tick(said: list[Message]) -> list[Message]:
        for one in said:
            if is_a("HEARTBEAT")(one) and one.custom_mode == 3:
                one.custom_mode = mode
        return said

    _, seen = watched(tick)
    assert word in {progress.mode for progress in seen}


def test_a_battery_that_is_never_told_is_minus_one_all_along() -> None:
    _, seen = watched(lambda said: [m for m in said if not is_a("SYS_STATUS")(m)])
    assert {progress.battery_percent for progress in seen} == {-1}


@pytest.mark.parametrize("lost", [frozenset({1}), frozenset({5, 6}), frozenset({2, 4, 6, 8})])
def test_photos_are_counted_by_the_cameras_counter_when_messages_are_lost(
    lost: frozenset[int],
) -> None:
    whole, _ = watched(lambda said: said)

    def tick(said: list[Message]) -> list[Message]:
        return [m for m in said if not (is_a("CAMERA_FEEDBACK")(m) and m.img_idx in lost)]

    report, _ = watched(tick)
    assert report.photos == whole.photos - (1 if 1 in lost else 0)


def test_what_a_vehicle_repeats_is_told_once_until_it_says_something_else() -> None:
    def tick(said: list[Message]) -> list[Message]:
        texts = [dialect().MAVLink_statustext_message(4, b"EKF variance") for _ in range(2)]
        return [*[m for m in said if not is_a("STATUSTEXT")(m)], *texts]

    _, seen = watched(tick)
    assert [text for progress in seen for text in progress.said] == ["EKF variance"]


def test_an_answer_to_another_station_is_not_ours() -> None:
    def answer(message: Message, said: list[Message]) -> list[Message]:
        if not is_a("COMMAND_LONG")(message):
            return said
        foreign = dialect().MAVLink_command_ack_message(message.command, 2, 0, 0, 99, 190)
        return [foreign, *said]

    link = joined(Unruly(answers=answer))
    assert order(link, 176, 1.0, 5.0) == []


def test_an_answer_without_an_address_is_for_everybody() -> None:
    def answer(message: Message, said: list[Message]) -> list[Message]:
        if not is_a("COMMAND_LONG")(message):
            return said
        return [dialect().MAVLink_command_ack_message(message.command, 2, 0, 0, 0, 0)]

    with pytest.raises(Refused, match="command 176 with denied"):
        order(joined(Unruly(answers=answer)), 176)


def test_an_order_is_repeated_with_its_count_until_it_is_heard() -> None:
    heard: list[int] = []

    def hears(message: Message) -> bool:
        if is_a("COMMAND_LONG")(message):
            heard.append(message.confirmation)
            return len(heard) > 3
        return True

    call_home(joined(Unruly(hears=hears)))
    assert heard == [0, 1, 2, 3]


def test_stopping_the_camera_stops_distance_and_time() -> None:
    orders: list[tuple[int, float]] = []

    def answer(message: Message, said: list[Message]) -> list[Message]:
        if is_a("COMMAND_LONG")(message):
            orders.append((message.command, message.param1))
        return said

    stop_camera(joined(Unruly(answers=answer)))
    assert orders == [(206, 0.0), (2001, 0.0)]


@pytest.mark.parametrize("after", [1, 4, 8])
def test_a_wish_to_come_home_is_sent_once_at_any_time(after: int) -> None:
    modes: list[float] = []

    def answer(message: Message, said: list[Message]) -> list[Message]:
        if is_a("COMMAND_LONG")(message) and message.command == 176:
            modes.append(message.param2)
        return said

    link = uploaded(Unruly(answers=answer))
    beats = iter(range(10**6))
    report = fly(
        link, ITEMS, on_progress=lambda progress: None, wants_home=lambda: next(beats) >= after
    )
    assert modes == [3.0, 6.0]
    assert report.turned_back == "called home by the person at the ground station"


@given(data=st.data())
def test_a_message_of_any_numbers_does_not_end_the_watch(data: st.DataObject) -> None:
    link = _fresh()
    strange = data.draw(
        st.sampled_from(
            [
                dialect().MAVLink_mission_current_message(65_535, 0, 0, 0),
                dialect().MAVLink_mission_item_reached_message(65_535),
                dialect().MAVLink_global_position_int_message(
                    0, -(2**31), 2**31 - 1, 0, 0, 0, 0, 0, 0
                ),
                dialect().MAVLink_sys_status_message(0, 0, 0, 0, 0, 0, -1, 0, 0, 0, 0, 0, 0),
                dialect().MAVLink_statustext_message(0, b"\xff" * 50),
            ]
        )
    )  # fmt: skip
    watch = Watch(link, ITEMS)
    watch._take(strange)
    assert watch.progress.distance_m is None or math.isfinite(watch.progress.distance_m)
    assert watch.report(0.0).photos == 0


def _fresh() -> Link:
    """Join a vehicle that only says that it is there."""
    return joined(Unruly())


def test_silence_is_told_with_who_must_act() -> None:
    vehicle = Vehicle(home_latlon_deg=HOME)
    unruly = Unruly()
    link = uploaded(unruly)
    unruly._ticks = lambda said: [] if unruly.vehicle.armed else said
    assert vehicle.photos == 0
    with pytest.raises(Unavailable, match=r"not heard for 20 s; .*remote control"):
        fly(link, ITEMS, on_progress=lambda progress: None)


def test_a_flight_that_is_over_before_the_first_look_is_not_taken_for_none() -> None:
    """A ground station that is slow hears the whole flight while it still waits for an answer."""
    unruly = Unruly()
    link = uploaded(unruly)
    held: list[Message] = []

    def answer(message: Message, said: list[Message]) -> list[Message]:
        if not (is_a("COMMAND_LONG")(message) and message.command == 300):
            return said
        now_s = link.wire.now_s()
        while unruly.vehicle.armed:
            now_s += 0.1
            held.extend(m for m in unruly.vehicle.tick(now_s) if is_a("HEARTBEAT")(m))
        return [*held, *said]

    landed = dialect().MAVLink_heartbeat_message(2, 3, 89, 6, 3, 3)
    unruly._answers = answer
    unruly._ticks = lambda said: said if unruly.vehicle.armed else [*said, landed]
    report = fly(link, ITEMS, on_progress=lambda progress: None)
    assert len(held) > 60
    assert report.turned_back is None
    assert unruly.vehicle.photos > 10
