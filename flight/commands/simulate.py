"""Command ``tenken flight simulate``: fly without a drone."""

import json
import math
import re
import time
from datetime import UTC, datetime
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from flight.command import has_place, is_here
from flight.commands.fly import plain, words
from flight.commands.upload import plain as plain_upload
from flight.commands.upload import words as upload_words
from flight.formats import read_mission
from flight.formats.numbering import check_place
from flight.link import connect
from flight.mission import Mission
from flight.monitor import FlightReport, fly
from flight.simulator.dataflash import Logbook
from flight.simulator.fault import Faults
from flight.simulator.loop import LoopWire
from flight.simulator.server import Server
from flight.simulator.vehicle import Vehicle
from flight.upload import UploadReport, upload
from flight.wireitem import Kind, items_of
from inspection.errors import BadInput

FLIP = click.Choice([kind.name.lower() for kind in Kind])
FAREWELL_S = 3.0
"""After a landing the vehicle is heard for so long, so that the ground learns of it."""

SHARE = click.FloatRange(0, 0.9)
HEIGHTS_M = (-500.0, 9000.0)
MOST_LAT_DEG = 89.0


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), required=False)
@click.option("--listen", help="Serve on udp:HOST:PORT or tcp:HOST:PORT instead of flying FILE.")
@click.option("--home", help="LAT,LON[,HEIGHT above the sea in m]; default: home of FILE.")
@click.option("--wind", default="0@0", help="SPEED@FROM: m/s and degrees from which it blows.")
@click.option("--log", type=click.Path(path_type=Path, dir_okay=False), help="Write .BIN or .log.")
@click.option(
    "--speed", type=click.FloatRange(0.1, 100), default=1.0, help="Of the clock, --listen."
)
@click.option("--for-s", type=click.FloatRange(0.1), help="Stop serving after so many seconds.")
@click.option("--once", is_flag=True, help="Stop serving after the first landing.")
@click.option("--loss", type=SHARE, default=0.0, help="Share of messages lost, each way.")
@click.option("--duplicates", type=SHARE, default=0.0, help="Share of messages doubled.")
@click.option("--delay-ms", type=click.FloatRange(0, 10_000), default=0.0, help="Each way.")
@click.option("--dead-after-s", type=click.FloatRange(0), help="The radio falls silent.")
@click.option("--capacity", type=click.IntRange(0, 65_535), default=650, help="Mission items held.")
@click.option("--reject-item", type=click.IntRange(0), help="Item the vehicle does not support.")
@click.option("--flip", type=FLIP, help="Flip one bit of a stored list.")
@click.option("--battery", type=click.FloatRange(1, 100), default=100.0, help="Charge, percent.")
@click.option("--seed", type=int, default=0, help="Of the randomness.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def simulate(
    *,
    file: Path | None,
    listen: str | None,
    home: str | None,
    wind: str,
    log: Path | None,
    speed: float,
    for_s: float | None,
    once: bool,
    loss: float,
    duplicates: float,
    delay_ms: float,
    dead_after_s: float | None,
    capacity: int,
    reject_item: int | None,
    flip: str | None,
    battery: float,
    seed: int,
    as_json: bool,
) -> None:
    """Fly the mission of FILE with a simulated ArduCopter, or serve one to a ground station.

    With FILE alone the mission is uploaded, verified and flown on a clock of its own, in a moment;
    --log keeps a dataflash log as of a real flight, for tenken flight geotag. With --listen any
    ground station (this one, QGroundControl, Mission Planner) connects to it as to a drone. Faults
    of the radio and of the vehicle can be added to either.

    \b
    Examples:
      tenken flight simulate bridge.plan --log bridge.BIN --wind 4@270
      tenken flight simulate --listen tcp:127.0.0.1:5760 --home 36.5613,136.6562,26
      tenken flight simulate bridge.plan --loss 0.2 --duplicates 0.2 --delay-ms 300 --flip mission
    """  # noqa: D301
    for name, value in (("--speed", speed), ("--for-s", for_s)):
        if value is not None and math.isnan(value):
            raise BadInput(f"{name} nan is not a number")
    faults = Faults(
        loss=loss,
        duplicates=duplicates,
        delay_s=delay_ms / 1e3,
        dead_after_s=dead_after_s,
        capacity=capacity,
        reject_seq=reject_item,
        flip=None if flip is None else Kind[flip.upper()],
        battery_percent=battery,
        seed=seed,
    )
    mission = None if file is None else read_mission(file)
    place, altitude_m = _home(home, mission)
    blowing = wind_of(wind)
    logbook = None if log is None else Logbook(log)
    vehicle = Vehicle(
        home_latlon_deg=place,
        home_altitude_msl_m=altitude_m,
        wind_m_s=blowing,
        faults=faults,
        logbook=logbook,
        epoch_s=datetime.now(UTC).timestamp(),
    )
    try:
        if listen is not None:
            _serve(vehicle, faults, listen, speed=speed, for_s=for_s, once=once)
        elif mission is None:
            raise BadInput("name a mission to fly, or --listen to serve a ground station")
        else:
            _say(*_fly(vehicle, faults, mission), as_json=as_json)
    finally:
        if logbook is not None:
            logbook.close()


def wind_of(text: str) -> NDArray[np.float64]:
    """Read a wind SPEED@FROM as metres per second towards east and north, (2,).

    Raises:
        BadInput: when it is no wind, or blows faster than 25 m/s.

    >>> wind_of("4@270").round(6).tolist()
    [4.0, 0.0]
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)@(\d+(?:\.\d+)?)", text)
    if match is None or float(match[1]) > 25 or float(match[2]) > 360:
        raise BadInput(
            f"wind {text!r:.40} is not SPEED@FROM with at most 25 m/s from 0 to 360°, such as 4@270"
        )
    speed, towards = float(match[1]), np.radians(float(match[2]) + 180.0)
    return np.array([speed * np.sin(towards), speed * np.cos(towards)])


def _home(text: str | None, mission: Mission | None) -> tuple[tuple[float, float], float]:
    """Give home: as said, of the mission, or its first place."""
    if text is not None:
        try:
            numbers = [float(word) for word in text.split(",")]
        except ValueError:
            numbers = []
        if len(numbers) not in (2, 3):
            raise BadInput(f"home {text!r:.60} is not LAT,LON or LAT,LON,HEIGHT")
        return _checked_home(numbers[0], numbers[1], (*numbers, 0.0)[2])
    if mission is None:
        raise BadInput("say --home LAT,LON,HEIGHT, or name a mission that has one")
    if mission.home_latlon_deg is not None:
        return _checked_home(*mission.home_latlon_deg, mission.home_altitude_msl_m or 0.0)
    for item in mission.items:
        if has_place(item) and not is_here(item):
            return _checked_home(item.lat_deg, item.lon_deg, 0.0)
    raise BadInput("the mission has no place; say --home LAT,LON,HEIGHT")


def _checked_home(
    lat_deg: float, lon_deg: float, height_m: float
) -> tuple[tuple[float, float], float]:
    """Check that a vehicle can stand there.

    Raises:
        BadInput: at the poles, where no east is, or for a height that is not on the earth.
    """
    place = check_place(lat_deg, lon_deg, "home")
    if abs(lat_deg) > MOST_LAT_DEG:
        raise BadInput(f"home latitude {lat_deg:g}° is at a pole; ±{MOST_LAT_DEG:g}° can be flown")
    if not HEIGHTS_M[0] <= height_m <= HEIGHTS_M[1]:
        raise BadInput(
            f"home height {height_m:g} m is not {HEIGHTS_M[0]:g} to {HEIGHTS_M[1]:g} m above "
            "the sea; say --home LAT,LON,HEIGHT"
        )
    return place, height_m


def _fly(vehicle: Vehicle, faults: Faults, mission: Mission) -> tuple[UploadReport, FlightReport]:
    """Upload and fly on the vehicle's own clock."""
    link = connect(LoopWire(vehicle, faults))
    uploaded = upload(link, mission)
    flown = fly(link, items_of(mission, Kind.MISSION), on_progress=lambda progress: None)
    return uploaded, flown


def _say(uploaded: UploadReport, flown: FlightReport, *, as_json: bool) -> None:
    """Say how a simulated flight went."""
    if as_json:
        report = {"upload": plain_upload(uploaded), "flight": plain(flown)}
        click.echo(json.dumps(report))
    else:
        click.echo(upload_words(uploaded))
        click.echo(words(flown))


def _serve(
    vehicle: Vehicle, faults: Faults, listen: str, *, speed: float, for_s: float | None, once: bool
) -> None:
    """Serve until the time is over, the vehicle has landed, or Ctrl-C."""
    server = Server(vehicle, faults, listen, speed=speed)
    began, flew, landed_s = time.monotonic(), False, math.inf

    def over(now_s: float) -> bool:
        """Say whether to stop."""
        nonlocal flew, landed_s
        del now_s
        clock_s = time.monotonic()
        flew = flew or vehicle.armed
        if flew and not vehicle.armed:
            landed_s = min(landed_s, clock_s)
        late = for_s is not None and clock_s - began >= for_s
        return late or (once and clock_s - landed_s >= FAREWELL_S)

    try:
        click.echo(f"a vehicle waits on port {server.port}; Ctrl-C stops it")
        server.serve(over)
    except KeyboardInterrupt:
        click.echo("stopped")
    finally:
        server.close()
