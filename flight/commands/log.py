"""Command ``tenken flight log``: what a log says was flown."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import click

from flight.logs.diary import breaches_words, read_diary
from flight.logs.flown import BatteryState, Flown, sum_up


@click.command("log")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "json_wanted", is_flag=True, help="Print the summary for programs.")
def log(*, file: Path, json_wanted: bool) -> None:
    """Sum up what was flown: time, distance, battery, photos, fence breaches.

    The log is a dataflash .BIN or text log, or a .tlog.

    \b
    Examples:
      tenken flight log 00000012.BIN
      tenken flight log flight.tlog --json
    """  # noqa: D301 click needs the character itself
    flown = sum_up(read_diary(file))
    if json_wanted:
        click.echo(json.dumps(asdict(flown), ensure_ascii=False, indent=2, default=str))
        return
    for line in _say(flown):
        click.echo(line)


def _say(flown: Flown) -> Iterator[str]:
    """Give the lines of a summary for people."""
    yield f"{flown.name}: {flown.form}"
    yield from (f"  lost: {loss}" for loss in flown.losses)
    if flown.takeoff_s is None:
        yield "never in the air (no height over 1 m above take-off)"
    else:
        at = flown.takeoff_at
        when = "" if at is None else f" at {at:%Y-%m-%d %H:%M:%S} UTC"
        minutes, seconds = divmod(round(flown.airborne_s), 60)
        flights = "1 flight" if flown.flights == 1 else f"{flown.flights} flights"
        yield f"took off{when}; {flights}, {minutes} min {seconds:02d} s in the air"
        yield f"{flown.distance_m:.0f} m over ground, up to {flown.highest_m:.1f} m above take-off"
    yield f"photos: {flown.photos}"
    first, last = flown.battery_first, flown.battery_last
    if first is None or last is None:
        yield "battery: not in the log"
    else:
        yield f"battery: {_battery(first)} at take-off, {_battery(last)} at the end"
    yield f"fence breaches: {breaches_words(flown.breaches)}"


def _battery(state: BatteryState) -> str:
    """Say the state of a battery as far as it is known."""
    told = (
        None if state.voltage_v is None else f"{state.voltage_v:.1f} V",
        None if state.used_mah is None else f"{state.used_mah:.0f} mAh used",
        None if state.remaining_percent is None else f"{state.remaining_percent:.0f} %",
    )
    return ", ".join(part for part in told if part) or "unknown"
