"""Start a mission on a vehicle, watch it, stop its camera when it turns back, and call it home.

Triggering by distance goes on when ArduCopter returns by itself (fence, battery, radio): the watch
stops it, so that the photos of the way home do not enter the survey.

Source: MAVLink command protocol; ArduCopter modes (3 AUTO, 6 RTL, 9 LAND).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from flight.command import Command
from flight.geodesic import distance_m
from flight.link import GROUND_SYSTEM, Link, Message, dialect
from flight.wireitem import WireItem
from inspection.errors import BadInput, Refused, Unavailable

AUTO, RTL, LAND = 3, 6, 9
MODES = {0: "stabilize", 2: "alt hold", AUTO: "auto", 4: "guided", 5: "loiter", RTL: "return"} | {
    LAND: "land",
    16: "pos hold",
    17: "brake",
}
SET_MODE, ARM, START = 176, 400, 300
CUSTOM_MODE_ENABLED = 1
ACCEPTED, TEMPORARILY_REJECTED, IN_PROGRESS = 0, 1, 5
RESULTS = {
    1: "not now",
    2: "denied",
    3: "not supported",
    4: "failed",
    6: "cancelled",
}
"""MAV_RESULT in words."""

TRIES = 12
ANSWER_S = 1.5
REASON_S = 1.0
"""A vehicle says why it refuses just before or just after it does."""

SILENCE_S = 20.0
UNARMED_S = 20.0
BEAT_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Say how far a flight is.

    Attributes:
        mode: in words.
        item: number of the item that is flown, home being 0.
        items: of the mission, home not counted.
        distance_m: to the place of that item, or None when it has none.
        altitude_home_m: above home.
        battery_percent: charge left, -1 when the vehicle does not say.
        photos: taken so far.
        said: what the vehicle said since the last time.
        armed: whether the motors may turn.
    """

    mode: str = "?"
    item: int = 0
    items: int = 0
    distance_m: float | None = None
    altitude_home_m: float = 0.0
    battery_percent: int = -1
    photos: int = 0
    said: tuple[str, ...] = ()
    armed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FlightReport:
    """Say how a flight ended.

    Attributes:
        photos: taken.
        battery_percent: charge at the end.
        seconds: from arming to disarming.
        turned_back: why the vehicle did not fly the mission to its end, or None.
        reached: waypoints that were reached.
    """

    photos: int
    battery_percent: int
    seconds: float
    turned_back: str | None
    reached: tuple[int, ...]


def order(link: Link, command: int, *params: float) -> list[str]:
    """Send a command until the vehicle answers; give what it said meanwhile.

    Raises:
        Refused: when it says no, with what it said about it.
        Unavailable: when it does not answer.
    """
    values = (*params, *(0.0,) * (7 - len(params)))
    heard: list[str] = []
    for attempt in range(TRIES):
        make = dialect().MAVLink_command_long_message
        link.wire.send(make(link.system, link.component, command, attempt, *values))
        until_s = link.wire.now_s() + ANSWER_S
        while (left_s := until_s - link.wire.now_s()) > 0:
            message = link.receive(left_s)
            if message is None:
                break
            if message.get_type() == "STATUSTEXT":
                heard.append(text_of(message))
            if not _is_answer(message, command):
                continue
            if message.result == ACCEPTED:
                return heard
            if message.result not in (TEMPORARILY_REJECTED, IN_PROGRESS):
                word = RESULTS.get(message.result, f"result {message.result}")
                heard += _texts(link, REASON_S)
                why = f": {'; '.join(heard[-2:])}" if heard else ""
                raise Refused(f"the vehicle answers command {command} with {word}{why}")
    raise Unavailable(f"the vehicle does not answer command {command}; check the radio")


def _is_answer(message: Message, command: int) -> bool:
    """Say whether a message answers a command of this station; old vehicles give no address."""
    return (
        message.get_type() == "COMMAND_ACK"
        and message.command == command
        and getattr(message, "target_system", 0) in (0, GROUND_SYSTEM)
    )


def _texts(link: Link, seconds: float) -> list[str]:
    """Listen for what the vehicle says for a while."""
    found = []
    until_s = link.wire.now_s() + seconds
    while (left_s := until_s - link.wire.now_s()) > 0:
        message = link.receive(left_s)
        if message is not None and message.get_type() == "STATUSTEXT":
            found.append(text_of(message))
    return found


def text_of(message: Message) -> str:
    """Give the words of a STATUSTEXT, without what would steer a terminal."""
    text = str(message.text).rstrip("\0")
    return "".join(char if char.isprintable() else "?" for char in text)


def start(link: Link) -> list[str]:
    """Arm and start the mission that the vehicle holds; give what it said meanwhile.

    Raises:
        Refused: when the vehicle does not want to.
        Unavailable: when it does not answer.
    """
    return [
        *order(link, SET_MODE, CUSTOM_MODE_ENABLED, AUTO),
        *order(link, ARM, 1.0),
        *order(link, START),
    ]


def stop_camera(link: Link) -> None:
    """Stop triggering by distance and by time."""
    order(link, Command.TRIGGER_DISTANCE, 0.0)
    order(link, Command.IMAGE_STOP)


def call_home(link: Link) -> None:
    """Make the vehicle return and land."""
    order(link, SET_MODE, CUSTOM_MODE_ENABLED, RTL)


@dataclass(slots=True)
class Watch:
    """Follow one flight from the messages of the vehicle."""

    link: Link
    items: tuple[WireItem, ...]
    progress: Progress = field(default_factory=Progress)
    turned_back: str | None = None
    _images: set[int] = field(default_factory=set)
    _reached: set[int] = field(default_factory=set)
    _texts: list[str] = field(default_factory=list)
    _last_text: str = ""
    _camera_stopped: bool = False
    _heard_s: float = 0.0

    def follow(self, wants_home: Callable[[], bool]) -> Iterator[Progress]:
        """Give the progress about once a second until the vehicle is disarmed.

        Args:
            wants_home: asked each time; once it says so the vehicle is called home.

        Raises:
            Refused: when the vehicle is not armed within 20 s, or was for less than a heartbeat.
            Unavailable: when the vehicle is not heard for 20 s.
        """
        called = False
        self._heard_s = began_s = self.link.wire.now_s()
        while True:
            self._listen()
            if wants_home() and not called and self.link.armed:
                called = True
                self.turned_back = "called home by the person at the ground station"
                call_home(self.link)
            if self._turned_back() and not self._camera_stopped:
                self._camera_stopped = True
                stop_camera(self.link)
            said, self._texts = tuple(self._texts), []
            self.progress = replace(
                self.progress,
                mode=MODES.get(self.link.custom_mode, f"mode {self.link.custom_mode}"),
                items=max(len(self.items) - 1, 0),
                photos=self._photos(),
                said=said,
                armed=self.link.armed,
            )
            yield self.progress
            if self.link.was_armed and not self.link.armed:
                return
            if not self.link.was_armed and self.link.wire.now_s() - began_s > UNARMED_S:
                raise Refused(
                    f"the vehicle took the order to arm, but is not armed after {UNARMED_S:g} s; "
                    f"it said: {self._last_text or 'nothing'}"
                )

    def report(self, began_s: float) -> FlightReport:
        """Sum a flight up."""
        return FlightReport(
            photos=self._photos(),
            battery_percent=self.progress.battery_percent,
            seconds=self.link.wire.now_s() - began_s,
            turned_back=self.turned_back,
            reached=tuple(sorted(self._reached)),
        )

    def _photos(self) -> int:
        """Count photos by the camera's own counter, so that a lost message in between counts."""
        return max(self._images) - min(self._images) + 1 if self._images else 0

    def _listen(self) -> None:
        """Take in what the vehicle says for a second."""
        self.link.say_alive()
        until_s = self.link.wire.now_s() + BEAT_S
        while (left_s := until_s - self.link.wire.now_s()) > 0:
            message = self.link.receive(left_s)
            if message is None:
                break
            self._heard_s = self.link.wire.now_s()
            self._take(message)
        if self.link.wire.now_s() - self._heard_s > SILENCE_S:
            raise Unavailable(
                f"the vehicle is not heard for {SILENCE_S:g} s; it goes on by its own fail-safes: "
                "take over with the remote control"
            )

    def _take(self, message: Message) -> None:
        """Take one message in."""
        kind = message.get_type()
        if kind == "MISSION_CURRENT":
            self.progress = replace(self.progress, item=message.seq)
        elif kind == "MISSION_ITEM_REACHED":
            self._reached.add(message.seq)
        elif kind == "SYS_STATUS":
            self.progress = replace(self.progress, battery_percent=message.battery_remaining)
        elif kind == "CAMERA_FEEDBACK":
            self._images.add(message.img_idx)
        elif kind == "GLOBAL_POSITION_INT":
            self._place(message)
        elif kind == "STATUSTEXT":
            self.hear(text_of(message))

    def hear(self, text: str) -> None:
        """Keep what the vehicle said, once if it repeats itself."""
        if text != self._last_text:
            self._last_text = text
            self._texts.append(text)

    def _place(self, message: Message) -> None:
        """Measure the way that is left to the current item."""
        away = None
        if 0 < self.progress.item < len(self.items):
            item = self.items[self.progress.item]
            if item.x or item.y:
                here = (message.lat / 1e7, message.lon / 1e7)
                away = distance_m(here, (item.x / 1e7, item.y / 1e7))
        above_m = message.relative_alt / 1e3
        self.progress = replace(self.progress, distance_m=away, altitude_home_m=above_m)

    def _turned_back(self) -> bool:
        """Say whether the vehicle turned back before the mission said so."""
        if self.turned_back is not None:
            return True
        if not self.link.armed or self.link.custom_mode not in (RTL, LAND):
            return False
        item = self.progress.item
        last = self.items[item].command if 0 < item < len(self.items) else 0
        if last in (Command.RETURN_TO_LAUNCH, Command.LAND) or item >= len(self.items) - 1:
            return False
        why = self._last_text or "no reason given"
        self.turned_back = f"turned back at item {item}: {why}"
        return True


def fly(
    link: Link,
    items: tuple[WireItem, ...],
    *,
    on_progress: Callable[[Progress], None],
    wants_home: Callable[[], bool] = lambda: False,
) -> FlightReport:
    """Arm, start the mission that was uploaded, and watch it until the vehicle is disarmed.

    Whether it may fly is the caller's question: ``flight.commands.fly`` asks the checks first.

    Raises:
        BadInput: when there is no mission.
        Refused: when the vehicle does not arm.
        Unavailable: when it is not heard.
    """
    if len(items) < 2:
        raise BadInput("the vehicle holds no mission; upload one first")
    began_s = link.wire.now_s()
    watch = Watch(link, items)
    link.was_armed = False
    for text in start(link):
        watch.hear(text)
    for progress in watch.follow(wants_home):
        on_progress(progress)
    return watch.report(began_s)
