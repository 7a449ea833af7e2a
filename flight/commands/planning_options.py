"""Options that the commands of planning share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from flight.order import LOWEST_M
from flight.partition import RESERVE
from flight.purpose import PRECISION_FACTORS, load_purposes

Command = TypeVar("Command", bound=Callable[..., Any])


def read_exposure(_: click.Context, __: click.Parameter, value: str) -> float:
    """Read an exposure such as ``1/1000`` or ``0.001``, seconds."""
    over, slash, under = value.partition("/")
    try:
        return float(over) / float(under) if slash else float(over)
    except (ValueError, ZeroDivisionError) as error:
        raise click.BadParameter(f"{value!r} is no exposure; write 1/1000") from error


def read_latlon(
    _: click.Context, __: click.Parameter, value: str | None
) -> tuple[float, float] | None:
    """Read ``LATITUDE,LONGITUDE``, degrees."""
    if value is None:
        return None
    try:
        latitude, longitude = (float(word) for word in value.split(","))
    except ValueError as error:
        raise click.BadParameter(f"{value!r} is no place; write 36.594606,136.625669") from error
    return latitude, longitude


existing = click.Path(path_type=Path, dir_okay=False, exists=True)

WISH_OPTIONS = [
    click.option("--camera", required=True, help="Camera and lens, such as dji_p1@50."),
    click.option("--gsd-mm-per-px", type=float, help="Wanted ground sample distance."),
    click.option("--crack-width-mm", type=float, help="Smallest crack width, in place of a GSD."),
    click.option(
        "--precision",
        type=click.Choice(list(PRECISION_FACTORS)),
        default="standard",
        show_default=True,
        help="Of the crack width: find it, grade it, or measure it to ±0.05 mm.",
    ),
    click.option(
        "--purpose",
        type=click.Choice([p.code for p in load_purposes()]),
        help="Sets overlaps and angle; by default what the resolution allows.",
    ),
    click.option("--overlap-front", type=float, help="Along a row, 0 to 0.95."),
    click.option("--overlap-side", type=float, help="Between rows, 0 to 0.95."),
    click.option(
        "--exposure",
        default="1/1000",
        show_default=True,
        callback=read_exposure,
        help="Exposure time in seconds, as a fraction or a number.",
    ),
    click.option(
        "--f-number",
        type=float,
        default=5.6,
        show_default=True,
        help="Aperture, for the depth of field.",
    ),
    click.option("--blur-px", type=float, default=0.5, show_default=True, help="Accepted blur."),
    click.option("--wind-m-s", type=float, default=3.0, show_default=True, help="Expected wind."),
    click.option("--drone", help="Drone of the table; else the first that carries the camera."),
    click.option("--cameras", type=existing, help="Your own camera table."),
    click.option("--drones", type=existing, help="Your own drone table."),
    click.option("--json", "as_json", is_flag=True, help="Print JSON for programs."),
]
PLAN_OPTIONS = [
    click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True,
                 help="Mission: .plan, .waypoints, .kmz (DJI), .kml or .geojson."),
    click.option("--layer", help="Of the input file."),
    click.option("--crs", help="Of the input file, where it does not say: EPSG:6675."),
    click.option("--name", help="Of the plan; else the name of the input file."),
    click.option("--takeoff", callback=read_latlon, help="LATITUDE,LONGITUDE of take-off."),
    click.option("--gate", "gate_latlon_deg", callback=read_latlon,
                 help="LATITUDE,LONGITUDE of free air to come and leave by, below a deck."),
    click.option("--takeoff-msl-m", type=float, help="Height of take-off above sea level."),
    click.option("--altitude-frame", type=click.Choice(["home", "msl"]), default="home",
                 show_default=True, help="What the heights of the mission count from."),
    click.option("--speed-m-s", type=float, help="Along a row; else what blur allows."),
    click.option("--reserve", type=float, default=RESERVE, show_default=True,
                 help="Share of the battery that stays."),
    click.option("--full-edges/--plain-edges", default=None,
                 help="See edges as often as the inside (default over ground only)."),
]  # fmt: skip
GROUND_OPTIONS = [
    click.option("--dem", type=existing, help="Raster of ground heights to follow."),
    click.option("--height-m", type=float, help="Of level ground above take-off."),
]
heights_option = click.option(
    "--heights",
    type=click.Choice(["takeoff", "msl"]),
    default="takeoff",
    show_default=True,
    help="What heights of the input count from.",
)
lowest_option = click.option(
    "--lowest-m",
    type=float,
    default=LOWEST_M,
    show_default=True,
    help="Above take-off; the drone stays above.",
)
heading_option = click.option("--heading-deg", type=float, help="Of the lanes; else the best.")
bottom_option = click.option("--bottom-m", type=float, help="Lower edge, where not in the file.")
top_option = click.option("--top-m", type=float, help="Upper edge, where not in the file.")
file_argument = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))


def with_options(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Add options to a command, in the order in which help shall list them."""

    def add(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return add
