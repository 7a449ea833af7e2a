"""Upload a mission, its fence and its rally points, read everything back, and compare.

A vehicle asks for each item; what it asks twice is answered twice, and what comes late or doubled
is harmless. The last word is not the vehicle's acknowledgement but what it gives back: an upload
is good only when all that was read back is what was sent, apart from the rewrites that
``flight.wireitem`` knows.

Source: MAVLink mission protocol; ArduPilot GCS_MAVLink MissionItemProtocol (a repeated count starts
over, an item out of order is answered with INVALID_SEQUENCE, lists are denied while receiving).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from flight.formats.loss import LossLedger
from flight.link import GROUND_SYSTEM, Link, Message, dialect
from flight.mission import Mission
from flight.missionresult import ACCEPTED, CANCELLED, DENIED, PASSING, WORDS
from flight.wireitem import Kind, WireItem, differences, items_of, rewrites, wire_item
from inspection.errors import BadInput, Refused, Unavailable

TELL_EACH = 50

WINDOW = 8
"""Items that are asked for at once while reading back."""

MOST_CANCELLED = 10
"""Times that a vehicle may cancel one list before it is given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Say how long to wait and how often to try again.

    Attributes:
        answer_s: wait for an answer before sending again, seconds.
        silence_s: give up after so many seconds without progress.
        standby_s: wait for the vehicle to stand by.
    """

    answer_s: float = 1.5
    silence_s: float = 30.0
    standby_s: float = 60.0

    def __post_init__(self) -> None:
        """Refuse a patience that has no end or no length."""
        for value in (self.answer_s, self.silence_s, self.standby_s):
            if not 0 < value < math.inf:
                raise BadInput(f"patience {value:g} s is not more than 0 and finite")


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadReport:
    """Say what a verified upload took.

    Attributes:
        counts: items of each list, home included.
        seconds: from the first message to the last comparison.
        resent: messages that had to be sent again.
        rewrites: values that the vehicle is known not to keep, in words.
    """

    counts: dict[Kind, int]
    seconds: float
    resent: int
    rewrites: tuple[str, ...]


@dataclass(slots=True)
class Transfer:
    """Send one list and read it back."""

    link: Link
    kind: Kind
    items: tuple[WireItem, ...]
    patience: Patience
    tell: Callable[[str], None] = lambda words: None
    resent: int = 0
    _progress_s: float = 0.0
    _asked: int = -1
    _back: dict[int, WireItem] = field(default_factory=dict)
    _counts: list[int] = field(default_factory=list)

    def send(self) -> None:
        """Send the list until the vehicle acknowledges it or falls silent after the last item.

        Raises:
            BadInput: when the vehicle refuses an item or the number of items.
            Unavailable: when it stops answering, gets no further, or cancels again and again.
        """
        self._touch()
        announced, cancelled = False, 0
        while True:
            if not announced:
                self._announce()
                announced = True
            message = self._next()
            if message is None:
                if self._sent_all() and self._silent_s() > 3 * self._pause_s():
                    return  # the acknowledgement was lost; reading back decides
                self._give_up_if_silent("did not take the list")
                self.resent += 1
                if self._asked < 0:
                    announced = False
                else:
                    self._send_item(self._asked)
                continue
            self._give_up_if_silent("does not get on with the list")
            result = self._acknowledged(message)
            if result == ACCEPTED and (self._sent_all() or not self.items):
                return
            if result == CANCELLED:
                cancelled += int(self._asked >= 0)
                self._give_up_if_cancelled(cancelled)
                self._asked, announced = -1, False
            elif result is not None and result not in (*PASSING, ACCEPTED):
                raise self._refusal(result)

    def read_back(self) -> tuple[WireItem, ...]:
        """Ask for the whole list.

        Raises:
            Unavailable: when the vehicle stops answering.
            Refused: when it holds another number of items.
        """
        self._touch()
        self._back = {}
        count = self._ask_count()
        if count != len(self.items):
            raise Refused(
                f"{self._name()}: the vehicle holds {count} items, {len(self.items)} were "
                "sent; do not fly, upload again"
            )
        while len(self._back) < count:
            missing = [seq for seq in range(count) if seq not in self._back][:WINDOW]
            for seq in missing:
                self.link.wire.send(
                    dialect().MAVLink_mission_request_int_message(
                        *self._target(), seq, int(self.kind)
                    )
                )
            self._listen(self._holds(missing))
            self._give_up_if_silent("stopped giving items back")
        self._acknowledge()
        return tuple(self._back[seq] for seq in range(count))

    def verify(self) -> tuple[str, ...]:
        """Read back, compare, and give the known rewrites in words, the same ones together.

        Raises:
            Refused: when anything came back that is not known to be rewritten.
        """
        back = self.read_back()
        wrong = []
        changed = LossLedger()
        for seq, (sent, got) in enumerate(zip(self.items, back, strict=True)):
            found = differences(sent, got, self.kind, seq)
            if found:
                wrong.append(f"item {seq}: {', '.join(found)}")
            elif self.kind is not Kind.MISSION or seq:
                for words in rewrites(sent, got):
                    changed.note(words, seq - 1)
        if wrong:
            more = f" (and {len(wrong) - 3} more)" if len(wrong) > 3 else ""
            raise Refused(
                f"{self._name()}: the vehicle gave back something else: {'; '.join(wrong[:3])}"
                f"{more}; do not fly, upload again"
            )
        return tuple(loss.words() for loss in changed.losses())

    def _ask_count(self) -> int:
        """Ask how many items the vehicle holds."""
        self._counts = []
        while not self._counts:
            self.link.wire.send(
                dialect().MAVLink_mission_request_list_message(*self._target(), int(self.kind))
            )
            self._listen(lambda: bool(self._counts))
            self._give_up_if_silent("did not say how many items it holds")
        return self._counts[-1]

    def _holds(self, wanted: list[int]) -> Callable[[], bool]:
        """Ask whether some items have come back."""
        return lambda: all(seq in self._back for seq in wanted)

    def _sent_all(self) -> bool:
        """Say whether the vehicle has asked for the last item."""
        return bool(self.items) and self._asked == len(self.items) - 1

    def _announce(self) -> None:
        """Say how many items will come; none clears the list."""
        count = dialect().MAVLink_mission_count_message
        self.link.wire.send(count(*self._target(), len(self.items), int(self.kind)))

    def _send_item(self, seq: int) -> None:
        """Send one item."""
        item = self.items[seq]
        self.link.wire.send(
            dialect().MAVLink_mission_item_int_message(
                *self._target(),
                seq,
                item.frame,
                item.command,
                0,
                int(item.auto_continue),
                *item.params,
                item.x,
                item.y,
                item.z,
                int(self.kind),
            )
        )

    def _acknowledge(self) -> None:
        """Tell the vehicle that everything was read."""
        ack = dialect().MAVLink_mission_ack_message
        self.link.wire.send(ack(*self._target(), ACCEPTED, int(self.kind)))

    def _next(self) -> Message | None:
        """Wait for the next message of this list, answering requests on the way."""
        until_s = self.link.wire.now_s() + self._pause_s()
        while (left_s := until_s - self.link.wire.now_s()) > 0:
            message = self.link.receive(left_s)
            if message is None:
                return None
            if message.get_type() == "HEARTBEAT":
                continue
            if not self._mine(message):
                continue
            self._note(message)
            return message
        return None

    def _listen(self, done: Callable[[], bool]) -> None:
        """Take messages in until a condition holds or nothing comes."""
        until_s = self.link.wire.now_s() + self._pause_s()
        while not done() and self.link.wire.now_s() < until_s:
            if self._next() is None:
                break
        if not done():
            self.resent += 1

    def _mine(self, message: Message) -> bool:
        """Say whether a message belongs to this list and this station."""
        return (
            message.get_type().startswith("MISSION_")
            and getattr(message, "mission_type", None) == int(self.kind)
            and getattr(message, "target_system", 0) in (0, GROUND_SYSTEM)
        )

    def _note(self, message: Message) -> None:
        """Answer a request, keep an item or a count."""
        kind = message.get_type()
        if kind in ("MISSION_REQUEST", "MISSION_REQUEST_INT"):
            if message.seq < len(self.items):
                if message.seq > self._asked:
                    self._touch()
                    self._tell("sent", message.seq + 1)
                self._asked = message.seq
                self._send_item(message.seq)
        elif kind == "MISSION_COUNT":
            if not self._counts:
                self._touch()
            self._counts.append(message.count)
        elif kind == "MISSION_ITEM_INT" and self._wanted(message.seq):
            self._touch()
            self._back[message.seq] = wire_item(message)
            self._tell("read back", len(self._back))

    def _wanted(self, seq: int) -> bool:
        """Say whether an item belongs to the list and is not held yet."""
        return seq < len(self.items) and seq not in self._back

    def _tell(self, what: str, count: int) -> None:
        """Say how far a long list is, every fifty items."""
        if count % TELL_EACH == 0:
            self.tell(f"{self._name()}: {count} of {len(self.items)} {what}")

    def _acknowledged(self, message: Message) -> int | None:
        """Give the result of an acknowledgement, None for another message."""
        return int(message.type) if message.get_type() == "MISSION_ACK" else None

    def _refusal(self, result: int) -> Exception:
        """Turn a refusal of the vehicle into an error in words."""
        words = WORDS.get(result, f"result {result}")
        where = f" at item {self._asked}" if self._asked >= 0 else ""
        if result == DENIED:
            return Refused(f"{self._name()}: the vehicle says {words}")
        return BadInput(
            f"{self._name()} of {len(self.items)} items{where}: the vehicle reports {words}"
        )

    def _target(self) -> tuple[int, int]:
        """Give whom the messages are for."""
        return self.link.system, self.link.component

    def _name(self) -> str:
        """Name the list."""
        return {Kind.MISSION: "mission", Kind.FENCE: "fence", Kind.RALLY: "rally points"}[self.kind]

    def _pause_s(self) -> float:
        """Give the time to wait for one answer."""
        return self.patience.answer_s

    def _touch(self) -> None:
        """Remember that something went forward."""
        self._progress_s = self.link.wire.now_s()

    def _silent_s(self) -> float:
        """Give the seconds since something went forward."""
        return self.link.wire.now_s() - self._progress_s

    def _give_up_if_cancelled(self, times: int) -> None:
        """End a transfer that the vehicle cancels again and again.

        Raises:
            Unavailable: after more than ``MOST_CANCELLED`` times.
        """
        if times > MOST_CANCELLED:
            raise Unavailable(
                f"{self._name()}: the vehicle cancelled {times} times; not enough arrives: check "
                "the radio and upload again"
            )

    def _give_up_if_silent(self, what: str) -> None:
        """End a transfer that does not go forward.

        Raises:
            Unavailable: after ``silence_s``.
        """
        if self._silent_s() > self.patience.silence_s:
            raise Unavailable(
                f"{self._name()}: the vehicle {what} in {self.patience.silence_s:g} s; check the "
                "radio and upload again"
            )


def verify(link: Link, mission: Mission, *, patience: Patience | None = None) -> None:
    """Prove that a vehicle holds exactly a mission, its fence and its rally points.

    Raises:
        Refused: when it is armed, or holds something else.
        Unavailable: when it stops answering.
    """
    patience = patience or Patience()
    link.wait_standby(patience.standby_s)
    for kind in Kind:
        Transfer(link, kind, items_of(mission, kind), patience).verify()


def upload(
    link: Link,
    mission: Mission,
    *,
    patience: Patience | None = None,
    tell: Callable[[str], None] = lambda words: None,
) -> UploadReport:
    """Make a vehicle hold exactly a mission, its fence and its rally points, and prove it.

    Lists that the mission does not have are cleared on the vehicle.

    Args:
        link: to the vehicle.
        mission: to be held.
        patience: how long to wait.
        tell: is told how far a long list is.

    Raises:
        BadInput: when the vehicle refuses an item, or the mission has no items.
        Refused: when the vehicle is armed, or gives back something else than was sent.
        Unavailable: when it stops answering.
    """
    patience = patience or Patience()
    if not mission.items:
        raise BadInput("the mission has no items; there is nothing to fly")
    link.wait_standby(patience.standby_s)
    began_s = link.wire.now_s()
    counts: dict[Kind, int] = {}
    changed: list[str] = []
    resent = 0
    for kind in (Kind.FENCE, Kind.RALLY, Kind.MISSION):
        transfer = Transfer(link, kind, items_of(mission, kind), patience, tell)
        transfer.send()
        changed += transfer.verify()
        counts[kind] = len(transfer.items)
        resent += transfer.resent
    return UploadReport(
        counts=counts,
        seconds=link.wire.now_s() - began_s,
        resent=resent,
        rewrites=tuple(changed),
    )
