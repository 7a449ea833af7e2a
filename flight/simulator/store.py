"""Keep a mission, a fence or rally points as ArduPilot does, and speak its side of the protocol.

A count that comes again starts over; an item that was not asked for is answered with
INVALID_SEQUENCE; a list is denied while one is being received; silence cancels after 8 s.

Source: ArduPilot GCS_MAVLink MissionItemProtocol and AP_Mission; the telemetry log of ArduCopter
4.7 that comes with the project's data (MISSION_REQUEST is sent although items are MISSION_ITEM_INT;
commands without a place come back with frame 0; a fence comes back with auto-continue 0).
"""

import math
import random
import struct
from dataclasses import dataclass, field, replace

from flight.command import PLACED
from flight.link import Message, dialect
from flight.simulator.fault import Faults
from flight.wireitem import KEPT, Kind, WireItem, centimetres, wire_item

ASK_AGAIN_S = 1.0
CANCEL_S = 8.0
ACCEPTED, UNSUPPORTED, NO_SPACE, INVALID_SEQUENCE, DENIED, CANCELLED = 0, 3, 4, 13, 14, 15
INVALID_PARAM1, INVALID_PARAM7 = 6, 12
FRAMES = frozenset({0, 2, 3, 5, 6, 10, 11})
UNSUPPORTED_FRAME = 2


@dataclass(slots=True)
class Receiving:
    """Remember a list that is coming in.

    Attributes:
        count: items to come.
        wanted: number of the next item.
        since_s: time of the last message.
        asked_s: time of the last request.
        items: what has come.
        sender: system and component that send it.
    """

    count: int
    wanted: int
    since_s: float
    asked_s: float
    sender: tuple[int, int]
    items: list[WireItem] = field(default_factory=list)


class ItemStore:
    """Hold one list of a vehicle."""

    def __init__(self, kind: Kind, faults: Faults, home: WireItem) -> None:
        self.kind = kind
        self.items: list[WireItem] = []
        self.home = home
        self._faults = faults
        self._chance = random.Random(faults.seed + 1)  # noqa: S311 - a fault, not a secret
        self._receiving: Receiving | None = None

    @property
    def receiving(self) -> bool:
        """Say whether a list is coming in."""
        return self._receiving is not None

    def take(self, message: Message, now_s: float) -> list[Message]:
        """Answer one message of the mission protocol for this list."""
        kind = message.get_type()
        sender = (message.get_srcSystem(), message.get_srcComponent())
        if kind == "MISSION_COUNT":
            return self._begin(message.count, sender, now_s)
        if kind == "MISSION_ITEM_INT":
            return self._store(message, sender, now_s)
        if kind == "MISSION_REQUEST_LIST":
            return [self._ack(sender, DENIED)] if self.receiving else [self._counted(sender)]
        if kind in ("MISSION_REQUEST", "MISSION_REQUEST_INT"):
            return self._give(message.seq, sender)
        if kind == "MISSION_CLEAR_ALL":
            self.items, self._receiving = [], None
            return [self._ack(sender, ACCEPTED)]
        return []

    def tick(self, now_s: float) -> list[Message]:
        """Ask again for an item that has not come, or cancel."""
        coming = self._receiving
        if coming is None:
            return []
        if now_s - coming.since_s > CANCEL_S:
            self._receiving = None
            return [self._ack(coming.sender, CANCELLED)]
        if now_s - coming.asked_s >= ASK_AGAIN_S:
            return [self._ask(coming, now_s)]
        return []

    def _begin(self, count: int, sender: tuple[int, int], now_s: float) -> list[Message]:
        """Start to receive a list, over again when one was coming in."""
        if self._receiving is not None and self._receiving.sender != sender:
            return [self._ack(sender, DENIED)]
        if count > self._faults.capacity:
            return [self._ack(sender, NO_SPACE)]
        if count == 0:
            self.items, self._receiving = [], None
            return [self._ack(sender, ACCEPTED)]
        coming = Receiving(count, 0, now_s, now_s, sender)
        self._receiving = coming
        return [self._ask(coming, now_s)]

    def _store(self, message: Message, sender: tuple[int, int], now_s: float) -> list[Message]:
        """Take one item in."""
        coming = self._receiving
        if coming is None:
            return []
        if message.seq != coming.wanted:
            return [self._ack(sender, INVALID_SEQUENCE)]
        item = wire_item(message)
        refused = self._refused(item, message.seq)
        if refused is not None:
            self._receiving = None
            return [self._ack(sender, refused)]
        coming.items.append(self._kept(item))
        coming.wanted += 1
        coming.since_s = now_s
        if coming.wanted < coming.count:
            return [self._ask(coming, now_s)]
        self.items, self._receiving = coming.items, None
        if self._faults.flip is self.kind:
            self._flip_a_bit()
        return [self._ack(sender, ACCEPTED)]

    def _refused(self, item: WireItem, seq: int) -> int | None:
        """Give the result with which an item is refused, None for a good one."""
        if self.kind is Kind.MISSION and seq == self._faults.reject_seq:
            return UNSUPPORTED
        for index, value in enumerate(item.params):
            if not math.isfinite(value):
                return INVALID_PARAM1 + index
        if not math.isfinite(item.z):
            return INVALID_PARAM7
        return None if item.frame in FRAMES else UNSUPPORTED_FRAME

    def _kept(self, item: WireItem) -> WireItem:
        """Give an item as it is stored."""
        params = [
            _stored(value, rule)
            for value, rule in zip(item.params, KEPT.get(item.command, "kkkk"), strict=True)
        ]
        placed = item.command in PLACED
        z = struct.unpack("<f", struct.pack("<f", centimetres(item.z) / 100.0))[0]
        return replace(
            item,
            frame=item.frame if placed else 0,
            params=(params[0], params[1], params[2], params[3]),
            z=z if placed else item.z,
            auto_continue=self.kind is Kind.MISSION,
        )

    def _flip_a_bit(self) -> None:
        """Flip one bit of one stored item, home excepted."""
        first = 1 if self.kind is Kind.MISSION else 0
        if len(self.items) <= first:
            return
        seq = self._chance.randrange(first, len(self.items))
        item = self.items[seq]
        field_name = self._chance.choice(("command", "x", "y", "z", "param"))
        if field_name == "param":
            index = self._chance.randrange(4)
            params = list(item.params)
            params[index] = _flipped(params[index], self._chance.randrange(32))
            changed = replace(item, params=(params[0], params[1], params[2], params[3]))
        elif field_name == "z":
            changed = replace(item, z=_flipped(item.z, self._chance.randrange(16, 32)))
        elif field_name == "command":
            changed = replace(item, command=item.command ^ (1 << self._chance.randrange(12)))
        else:
            value = getattr(item, field_name) ^ (1 << self._chance.randrange(31))
            changed = replace(item, x=value) if field_name == "x" else replace(item, y=value)
        self.items[seq] = changed

    def _ask(self, coming: Receiving, now_s: float) -> Message:
        """Ask for the next item."""
        coming.asked_s = now_s
        request = dialect().MAVLink_mission_request_message
        return request(*coming.sender, coming.wanted, int(self.kind))

    def _ack(self, sender: tuple[int, int], result: int) -> Message:
        """Acknowledge."""
        return dialect().MAVLink_mission_ack_message(*sender, result, int(self.kind))

    def _counted(self, sender: tuple[int, int]) -> Message:
        """Say how many items are held."""
        count = dialect().MAVLink_mission_count_message
        return count(*sender, len(self.items), int(self.kind))

    def _give(self, seq: int, sender: tuple[int, int]) -> list[Message]:
        """Give one item back; the first of a mission is the vehicle's own home."""
        if self.receiving:
            return [self._ack(sender, DENIED)]
        if seq >= len(self.items):
            return [self._ack(sender, INVALID_SEQUENCE)]
        item = self.home if self.kind is Kind.MISSION and seq == 0 else self.items[seq]
        give = dialect().MAVLink_mission_item_int_message
        return [
            give(
                *sender,
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
        ]


def _stored(value: float, rule: str) -> float:
    """Give a parameter as a command keeps it."""
    if rule == "0":
        return 0.0
    return float(int(value)) if rule == "w" else value


def _flipped(value: float, bit: int) -> float:
    """Flip one bit of a number in single precision."""
    (word,) = struct.unpack("<I", struct.pack("<f", value))
    changed: float = struct.unpack("<f", struct.pack("<I", word ^ (1 << bit)))[0]
    return changed
