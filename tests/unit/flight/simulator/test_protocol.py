"""The simulated vehicle's side of the protocols, message by message."""

import pytest

from flight.link import GROUND_COMPONENT, GROUND_SYSTEM, Message, codec, dialect, parse
from flight.simulator.fault import Faults, Radio
from flight.simulator.vehicle import Vehicle
from flight.wireitem import Kind, items_of
from tests.support.missions import BRIDGE

HOME = (36.5613, 136.6562)


class Ground:
    """Speak to a vehicle as a ground station does, packed and parsed."""

    def __init__(self, faults: Faults | None = None) -> None:
        self.vehicle = Vehicle(home_latlon_deg=HOME, faults=faults)
        self.now_s = 0.0
        self._codec = codec(GROUND_SYSTEM, GROUND_COMPONENT)
        self.wait(4.0)

    def say(self, name: str, *fields: object) -> list[Message]:
        """Send one message and give the answers."""
        message = getattr(dialect(), f"MAVLink_{name}_message")(*fields)
        (arrived,) = parse(self._codec, message.pack(self._codec))
        return self.vehicle.take(arrived, self.now_s)

    def wait(self, seconds: float) -> list[Message]:
        """Let time pass and give what the vehicle said."""
        said: list[Message] = []
        for _ in range(round(seconds * 10)):
            self.now_s += 0.1
            said += self.vehicle.tick(self.now_s)
        return said

    def item(self, seq: int, kind: Kind = Kind.MISSION) -> list[Message]:
        """Send one item of the bridge mission."""
        i = items_of(BRIDGE, kind)[seq]
        fields = (i.frame, i.command, 0, 1, *i.params, i.x, i.y, i.z, int(kind))
        return self.say("mission_item_int", 1, 1, seq, *fields)


def kinds(messages: list[Message]) -> list[str]:
    """Name messages."""
    return [message.get_type() for message in messages]


def test_it_boots_into_standby() -> None:
    ground = Ground()
    (beat, *_) = [m for m in ground.wait(1.5) if m.get_type() == "HEARTBEAT"]
    assert (beat.type, beat.autopilot, beat.system_status, beat.base_mode) == (2, 3, 3, 89)


def test_it_asks_for_each_item_with_mission_request_as_the_log_shows() -> None:
    ground = Ground()
    (first,) = ground.say("mission_count", 1, 1, 10, 0)
    assert (first.get_type(), first.seq, first.target_system) == ("MISSION_REQUEST", 0, 250)
    for seq in range(9):
        (ask,) = ground.item(seq)
        assert (ask.get_type(), ask.seq) == ("MISSION_REQUEST", seq + 1)
    (ack,) = ground.item(9)
    assert (ack.get_type(), ack.type) == ("MISSION_ACK", 0)


def test_a_doubled_item_is_out_of_order_and_a_doubled_count_starts_over() -> None:
    ground = Ground()
    ground.say("mission_count", 1, 1, 10, 0)
    ground.item(0)
    (ack,) = ground.item(0)
    assert ack.type == 13
    (again,) = ground.say("mission_count", 1, 1, 10, 0)
    assert again.seq == 0


def test_lists_are_denied_while_one_comes_in_and_silence_cancels() -> None:
    ground = Ground()
    ground.say("mission_count", 1, 1, 10, 0)
    (denied,) = ground.say("mission_request_list", 1, 1, 0)
    assert denied.type == 14
    said = [
        m
        for m in ground.wait(9.0)
        if m.get_type().startswith("MISSION_") and m.get_type() != "MISSION_CURRENT"
    ]
    assert kinds(said).count("MISSION_REQUEST") in range(6, 10)
    assert said[-1].get_type() == "MISSION_ACK"
    assert said[-1].type == 15
    assert ground.item(0) == []


def test_items_come_back_as_arducopter_keeps_them() -> None:
    ground = Ground()
    ground.say("mission_count", 1, 1, 10, 0)
    for seq in range(10):
        ground.item(seq)
    (count,) = ground.say("mission_request_list", 1, 1, 0)
    assert count.count == 10
    (camera,) = ground.say("mission_request_int", 1, 1, 6, 0)
    assert (camera.command, camera.frame, camera.param1) == (206, 0, 3.0)
    (point,) = ground.say("mission_request_int", 1, 1, 7, 0)
    assert (point.command, point.frame, point.param4) == (16, 3, 0.0)
    (home,) = ground.say("mission_request_int", 1, 1, 0, 0)
    assert (home.x, home.y) == (365613000, 1366562000)
    (none,) = ground.say("mission_request_int", 1, 1, 77, 0)
    assert none.type == 13


def test_nan_is_refused_as_by_ardupilot() -> None:
    ground = Ground()
    ground.say("mission_count", 1, 1, 2, 0)
    nan = (1, 1, 0, 3, 16, 0, 1, 0.0, 0.0, 0.0, float("nan"), 1, 1, 5.0, 0)
    (ack,) = ground.say("mission_item_int", *nan)
    assert ack.type == 9


def test_parameters_are_listed_read_and_set() -> None:
    ground = Ground()
    listed = ground.say("param_request_list", 1, 1)
    assert len(listed) == listed[0].param_count > 10
    (value,) = ground.say("param_set", 1, 1, b"RTL_ALT", 2000.0, 9)
    assert (value.param_id, value.param_value) == ("RTL_ALT", 2000.0)
    (read,) = ground.say("param_request_read", 1, 1, b"RTL_ALT", -1)
    assert read.param_value == 2000.0
    assert ground.say("param_request_read", 1, 1, b"NOTHING", -1) == []
    (by_index,) = ground.say("param_request_read", 1, 1, b"", 0)
    assert by_index.param_index == 0


def test_commands_are_acknowledged_with_what_became_of_them() -> None:
    ground = Ground()

    def order(number: int, *params: float) -> int:
        values = (*params, *(0.0,) * (7 - len(params)))
        answers = ground.say("command_long", 1, 1, number, 0, *values)
        assert answers[0].get_type() == "COMMAND_ACK"
        return int(answers[0].result)

    assert order(31999) == 3
    assert order(300) == 4  # not armed
    assert order(176, 1.0, 99.0) == 4  # no such mode
    assert order(400, 1.0) == 0
    texts = [str(m.text) for m in ground.wait(0.2) if m.get_type() == "STATUSTEXT"]
    assert any("Arming motors" in text for text in texts)
    assert order(400, 0.0) == 0
    home = ground.say("command_long", 1, 1, 512, 0, 242.0, 0, 0, 0, 0, 0, 0)
    assert kinds(home) == ["COMMAND_ACK", "HOME_POSITION"]


def test_a_photo_on_command_is_fed_back() -> None:
    ground = Ground()
    ground.say("command_long", 1, 1, 2000, 0, 0.0, 0.0, 1.0, 0, 0, 0, 0)
    (photo,) = [m for m in ground.wait(0.2) if m.get_type() == "CAMERA_FEEDBACK"]
    assert (photo.img_idx, photo.lat, photo.lng) == (1, 365613000, 1366562000)


@pytest.mark.parametrize(("loss", "duplicates"), [(0.2, 0.2), (0.0, 0.5), (0.6, 0.0)])
def test_the_radio_loses_and_doubles_as_often_as_it_says(loss: float, duplicates: float) -> None:
    radio = Radio(Faults(loss=loss, duplicates=duplicates, delay_s=0.3, seed=4))
    arrivals = [radio.arrivals_s(1.0) for _ in range(4000)]
    assert sum(not a for a in arrivals) / 4000 == pytest.approx(loss, abs=0.025)
    came = [a for a in arrivals if a]
    assert sum(len(a) == 2 for a in came) / len(came) == pytest.approx(duplicates, abs=0.03)
    late = [t - 1.0 for a in came for t in a]
    assert min(late) >= 0.3
    assert max(late) <= 0.45
