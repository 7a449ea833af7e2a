"""Vehicles and radios that do not keep to the protocol: an end in words, no endless wait."""

import math
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flight.link import Link, Message, connect, dialect
from flight.missionresult import PASSING, WORDS
from flight.monitor import Progress, call_home, fly, order
from flight.simulator.fault import Faults
from flight.simulator.loop import LoopWire
from flight.simulator.vehicle import Vehicle
from flight.upload import Patience, Transfer, upload, verify
from flight.wireitem import Kind, items_of
from inspection.errors import BadInput, Refused, TenkenError, Unavailable
from tests.support.missions import BRIDGE, item

HOME = (36.5613, 136.6562)
QUICK = Patience(silence_s=20.0, standby_s=10.0)
Hear = Callable[[Message], bool]
Answer = Callable[[Message, list[Message]], list[Message]]


class Unruly:
    """Be a vehicle of the simulator with a habit: it hears not all, or answers otherwise."""

    def __init__(
        self,
        *,
        hears: Hear = lambda message: True,
        answers: Answer = lambda message, said: said,
        ticks: Callable[[list[Message]], list[Message]] = lambda said: said,
    ) -> None:
        self.vehicle = Vehicle(home_latlon_deg=HOME, home_altitude_msl_m=26.4)
        self._hears, self._answers, self._ticks = hears, answers, ticks

    def take(self, message: Message, now_s: float) -> list[Message]:
        """Answer one message, or not."""
        if not self._hears(message):
            return []
        return self._answers(message, self.vehicle.take(message, now_s))

    def tick(self, now_s: float) -> list[Message]:
        """Say what is due, or something else."""
        return self._ticks(self.vehicle.tick(now_s))


def joined(unruly: Unruly, faults: Faults | None = None) -> Link:
    """Join a ground station and an unruly vehicle."""
    return connect(LoopWire(unruly, faults or Faults()))


def ack(result: int, kind: Kind = Kind.MISSION, target: int = 250) -> Message:
    """Acknowledge as a vehicle does."""
    return dialect().MAVLink_mission_ack_message(target, 190, result, int(kind))


def request(seq: int, kind: Kind = Kind.FENCE) -> Message:
    """Ask for an item as a vehicle does."""
    return dialect().MAVLink_mission_request_message(250, 190, seq, int(kind))


def is_a(name: str) -> Hear:
    """Say whether a message is of a kind."""
    return lambda message: message.get_type() == name


def test_a_radio_that_sends_no_items_is_said_after_some_cancelled_transfers() -> None:
    link = joined(Unruly(hears=lambda m: not is_a("MISSION_ITEM_INT")(m)))
    with pytest.raises(Unavailable, match=r"fence: the vehicle cancelled 11 times; .*radio"):
        upload(link, BRIDGE)
    assert link.wire.now_s() < 150


def test_a_vehicle_that_asks_for_one_item_for_ever_is_given_up() -> None:
    asks = Unruly(
        hears=lambda m: not m.get_type().startswith("MISSION_"),
        ticks=lambda said: [*said, request(0)],
    )
    link = joined(asks)
    with pytest.raises(
        Unavailable, match="fence: the vehicle does not get on with the list in 20 s"
    ):
        upload(link, BRIDGE, patience=QUICK)
    assert link.wire.now_s() < 60


@pytest.mark.parametrize("result", sorted(PASSING))
def test_a_vehicle_that_only_complains_is_given_up(result: int) -> None:
    complains = Unruly(
        hears=lambda m: not m.get_type().startswith("MISSION_"),
        ticks=lambda said: [*said, ack(result, Kind.FENCE)],
    )
    link = joined(complains)
    with pytest.raises(
        Unavailable, match=r"fence: the vehicle (cancelled 11 times|does not get on)"
    ):
        upload(link, BRIDGE, patience=QUICK)


@pytest.mark.parametrize("result", [r for r in WORDS if r and r not in PASSING])
def test_every_refusal_is_in_words_and_names_the_list(result: int) -> None:
    def answer(message: Message, said: list[Message]) -> list[Message]:
        return [ack(result, Kind.FENCE)] if is_a("MISSION_COUNT")(message) else said

    with pytest.raises((BadInput, Refused), match=r"^fence") as refusal:
        upload(joined(Unruly(answers=answer)), BRIDGE)
    assert WORDS[result] in str(refusal.value)
    assert isinstance(refusal.value, Refused) == (result == 14)


def test_items_beyond_the_list_do_not_count_as_the_list() -> None:
    def answer(message: Message, said: list[Message]) -> list[Message]:
        give = dialect().MAVLink_mission_item_int_message
        if not is_a("MISSION_REQUEST_INT")(message):
            return said
        strange = [
            give(250, 190, 5000 + n, 3, 16, 0, 1, 0, 0, 0, 0, 0, 0, 9.0, message.mission_type)
            for n in range(20)
        ]
        return [*strange, *said]

    unruly = Unruly(answers=answer)
    report = upload(joined(unruly), BRIDGE)
    assert report.counts == {Kind.FENCE: 5, Kind.RALLY: 1, Kind.MISSION: 10}
    assert len(unruly.vehicle.stores[Kind.MISSION].items) == 10


def test_answers_to_another_station_or_list_are_not_ours() -> None:
    def tick(said: list[Message]) -> list[Message]:
        foreign = [ack(4, target=99), ack(3, Kind.RALLY), ack(0, Kind.MISSION, target=99)]
        return [*said, *foreign]

    report = upload(joined(Unruly(ticks=tick)), replace(BRIDGE, rally_points=()), patience=QUICK)
    assert report.counts[Kind.MISSION] == 10


def changed_back(field: str, value: float) -> Answer:
    """Give back the third item of a mission with one field changed."""

    def answer(message: Message, said: list[Message]) -> list[Message]:
        for one in said:
            if one.get_type() == "MISSION_ITEM_INT" and one.mission_type == 0 and one.seq == 3:
                setattr(one, field, value)
        return said

    return answer


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("param1", math.nan, "parameter 1 nan"),
        ("param2", math.inf, "parameter 2 inf"),
        ("z", math.nan, "altitude nan m"),
        ("command", 16, "sent change speed"),
        ("x", 1, "parameter 5 1, sent 0"),
        ("autocontinue", 0, "waits for the pilot, sent to go on"),
    ],
)
def test_what_came_back_otherwise_is_named_with_both_values(
    field: str, value: float, words: str
) -> None:
    with pytest.raises(Refused, match=r"mission: .*item 3: .*do not fly") as refusal:
        upload(joined(Unruly(answers=changed_back(field, value))), BRIDGE)
    assert words in str(refusal.value)


def test_home_may_come_back_from_anywhere() -> None:
    def answer(message: Message, said: list[Message]) -> list[Message]:
        for one in said:
            if one.get_type() == "MISSION_ITEM_INT" and one.mission_type == 0 and one.seq == 0:
                one.x, one.z = 1, -400.0
        return said

    assert upload(joined(Unruly(answers=answer)), BRIDGE).counts[Kind.MISSION] == 10


def test_an_upload_twice_changes_nothing_and_verify_agrees() -> None:
    unruly = Unruly()
    link = joined(unruly)
    first = upload(link, BRIDGE)
    held = {kind: list(store.items) for kind, store in unruly.vehicle.stores.items()}
    assert upload(link, BRIDGE).rewrites == first.rewrites
    assert {kind: store.items for kind, store in unruly.vehicle.stores.items()} == held
    verify(link, BRIDGE)
    with pytest.raises(Refused, match="rally points: the vehicle holds 1 items, 0 were sent"):
        verify(link, replace(BRIDGE, rally_points=()))


@settings(max_examples=20, deadline=None)
@given(
    loss=st.floats(0, 0.4),
    duplicates=st.floats(0, 1),
    delay_s=st.floats(0, 0.6),
    seed=st.integers(0, 10**6),
)
def test_any_radio_ends_with_exactly_the_mission_or_an_error(
    loss: float, duplicates: float, delay_s: float, seed: int
) -> None:
    unruly = Unruly()
    faults = Faults(loss=loss, duplicates=duplicates, delay_s=delay_s, seed=seed)
    try:
        upload(joined(unruly, faults), BRIDGE)
    except TenkenError:
        return
    for kind in Kind:
        sent, held = items_of(BRIDGE, kind), unruly.vehicle.stores[kind].items
        assert [(i.command, i.x, i.y) for i in held] == [(i.command, i.x, i.y) for i in sent]


def uploaded(unruly: Unruly) -> Link:
    """Join and upload the bridge mission."""
    link = joined(unruly)
    upload(link, BRIDGE)
    return link


def test_a_vehicle_that_says_yes_and_does_not_arm_is_not_watched_for_ever() -> None:
    def answer(message: Message, said: list[Message]) -> list[Message]:
        if not is_a("COMMAND_LONG")(message):
            return said
        return [dialect().MAVLink_command_ack_message(message.command, 0, 0, 0, 250, 190)]

    unruly = Unruly(answers=answer, hears=lambda m: True)
    link = uploaded(unruly)
    unruly.vehicle.take = lambda message, now_s: []  # type: ignore[method-assign]
    with pytest.raises(Refused, match="took the order to arm, but is not armed after 20 s"):
        fly(link, items_of(BRIDGE, Kind.MISSION), on_progress=lambda progress: None)


def test_an_order_that_is_put_off_for_ever_ends() -> None:
    def answer(message: Message, said: list[Message]) -> list[Message]:
        if not is_a("COMMAND_LONG")(message):
            return said
        return [dialect().MAVLink_command_ack_message(message.command, 1, 0, 0, 250, 190)]

    link = joined(Unruly(answers=answer))
    began_s = link.wire.now_s()
    with pytest.raises(Unavailable, match="does not answer command 176"):
        call_home(link)
    assert link.wire.now_s() - began_s < 30


@pytest.mark.parametrize(
    ("result", "word"), [(2, "denied"), (3, "not supported"), (77, "result 77")]
)
def test_a_refused_order_is_told_with_what_the_vehicle_says(result: int, word: str) -> None:
    def answer(message: Message, said: list[Message]) -> list[Message]:
        if not is_a("COMMAND_LONG")(message):
            return said
        text = dialect().MAVLink_statustext_message(2, b"PreArm: Compass not healthy")
        return [
            text,
            dialect().MAVLink_command_ack_message(message.command, result, 0, 0, 250, 190),
        ]

    with pytest.raises(Refused, match=rf"command 400 with {word}: PreArm: Compass not healthy"):
        order(joined(Unruly(answers=answer)), 400, 1.0)


def test_an_item_number_beyond_the_mission_has_no_distance() -> None:
    def tick(said: list[Message]) -> list[Message]:
        strange = dialect().MAVLink_mission_current_message(60_000, 9, 0, 0)
        return [strange if is_a("MISSION_CURRENT")(one) else one for one in said]

    unruly = Unruly(ticks=tick)
    seen: list[Progress] = []
    fly(uploaded(unruly), items_of(BRIDGE, Kind.MISSION), on_progress=seen.append)
    assert seen[-1].item == 60_000
    assert all(progress.distance_m is None for progress in seen)


def test_only_home_is_no_mission_to_fly() -> None:
    link = joined(Unruly())
    with pytest.raises(BadInput, match="holds no mission; upload one first"):
        fly(link, items_of(replace(BRIDGE, items=()), Kind.MISSION), on_progress=lambda p: None)


def test_a_list_of_none_is_cleared_and_read_back_as_none() -> None:
    unruly = Unruly()
    link = uploaded(unruly)
    transfer = Transfer(link, Kind.FENCE, (), QUICK)
    transfer.send()
    assert transfer.verify() == ()
    assert unruly.vehicle.stores[Kind.FENCE].items == []
    assert item(20).command == unruly.vehicle.stores[Kind.MISSION].items[-1].command
