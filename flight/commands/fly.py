"""Command ``tenken flight fly``: arm, start, watch; only when a person says so."""

import json
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

import click

from flight.checks.record import require_clear
from flight.commands.upload import address_option
from flight.formats import read_mission
from flight.link import Link, connect, open_wire
from flight.mission import Mission
from flight.monitor import FlightReport, Progress, fly
from flight.upload import Patience, verify
from flight.wireitem import Kind, items_of
from inspection.errors import Refused

QUIET_BEATS = 9
"""Seconds without news that are left out where a line cannot be written over."""


@click.command(name="fly")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@address_option
@click.option("--arm", is_flag=True, help="Let the motors turn. Typed by the person responsible.")
@click.option("--json", "as_json", is_flag=True, help="Print the end as JSON for programs.")
def fly_command(*, file: Path, address: str, arm: bool, as_json: bool) -> None:
    """Fly the mission of FILE that was uploaded: arm, start AUTO, watch until the motors stop.

    Refuses unless --arm was typed, the newest check of FILE is clear (tenken flight check), and the
    vehicle gives back exactly the mission of FILE. Ctrl-C calls the vehicle home (RTL); a return by
    fence, battery or radio stops the camera, which otherwise goes on triggering.

    \b
    Examples:
      tenken flight check bridge.plan
      tenken flight upload bridge.plan --address serial:/dev/ttyUSB0:57600
      tenken flight fly bridge.plan --address serial:/dev/ttyUSB0:57600 --arm
    """  # noqa: D301
    if not arm:
        raise Refused(
            "the motors stay off: type --arm when the area is clear and you are in charge"
        )
    mission = read_mission(file)
    require_clear(file, now=datetime.now(UTC))
    wire = open_wire(address)
    try:
        link = connect(wire)
        report = conduct(link, mission, quiet=as_json)
    finally:
        wire.close()
    click.echo(json.dumps(plain(report)) if as_json else words(report))


def conduct(link: Link, mission: Mission, *, quiet: bool) -> FlightReport:
    """Prove that the vehicle holds a mission, then fly it, Ctrl-C calling it home.

    Raises:
        Refused: when the vehicle holds something else, or does not arm.
        Unavailable: when it is not heard.
    """
    verify(link, mission, patience=Patience())
    with calling_home() as asked:
        teller = Teller(on_terminal=sys.stdout.isatty())
        return fly(
            link,
            items_of(mission, Kind.MISSION),
            on_progress=(lambda progress: None) if quiet else teller.tell,
            wants_home=lambda: bool(asked),
        )


@contextmanager
def calling_home() -> Iterator[list[int]]:
    """Turn Ctrl-C into a wish to come home for a while; the list is filled by it."""
    asked: list[int] = []

    def ask(number: int, frame: FrameType | None) -> None:
        """Remember the wish."""
        del frame
        asked.append(number)
        click.echo("calling the vehicle home (RTL)", err=True)

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, before)


@dataclass(slots=True)
class Teller:
    """Say how far a flight is: in one line that moves on a terminal, else when something is new.

    Attributes:
        on_terminal: whether a line can be written over.
    """

    on_terminal: bool
    _last: tuple[str, int] = ("", -1)
    _silent: int = 0

    def tell(self, progress: Progress) -> None:
        """Say one progress, or leave it out."""
        *said, line = progress_lines(progress)
        if self.on_terminal:
            for words_ in said:
                click.echo(f"\r\x1b[K{words_}", color=True)
            click.echo(f"\r\x1b[K{line}", nl=not progress.armed, color=True)
            return
        now = (progress.mode, progress.item)
        if not said and now == self._last and self._silent < QUIET_BEATS:
            self._silent += 1
            return
        self._last, self._silent = now, 0
        for words_ in (*said, line):
            click.echo(words_)


def progress_lines(progress: Progress) -> list[str]:
    """Say how far a flight is, and what the vehicle said."""
    lines = [f"  vehicle: {text}" for text in progress.said]
    away = "" if progress.distance_m is None else f", {progress.distance_m:.0f} m to go"
    lines.append(
        f"{progress.mode}: item {progress.item}/{progress.items}{away}, "
        f"{progress.altitude_home_m:.0f} m high, battery {_charge(progress.battery_percent)}, "
        f"{progress.photos} photos"
    )
    return lines


def plain(report: FlightReport) -> dict[str, object]:
    """Give the end of a flight for programs."""
    return {
        "photos": report.photos,
        "battery_percent": None if report.battery_percent < 0 else report.battery_percent,
        "seconds": round(report.seconds, 1),
        "turned_back": report.turned_back,
        "reached": list(report.reached),
    }


def words(report: FlightReport) -> str:
    """Say how a flight ended."""
    end = "flown to its end" if report.turned_back is None else report.turned_back
    return (
        f"{end}: {report.photos} photos, {len(report.reached)} waypoints reached, "
        f"{report.seconds:.0f} s, battery {_charge(report.battery_percent)}"
    )


def _charge(percent: int) -> str:
    """Say a charge; a vehicle that does not know it says -1.

    >>> _charge(80), _charge(-1)
    ('80 %', 'unknown')
    """
    return "unknown" if percent < 0 else f"{percent} %"
