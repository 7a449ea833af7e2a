"""Commands ``tenken flight plan …`` and ``tenken flight capability``."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click

from flight.capability import SLOWEST_STEADY_M_S, Capability, Capture, capability
from flight.coverage import plan_coverage
from flight.drone import find_drone
from flight.flightplan import FlightPlan, Pattern
from flight.formats import write_mission
from flight.inputs import read_features
from flight.itinerary import Itinerary
from flight.lawnmower import PhotoSet
from flight.lens import find_lens, fixed_lenses
from flight.mission import AltitudeFrame
from flight.order import LOWEST_M, Order, choose_drone
from flight.partition import RESERVE, split
from flight.planfile import write_plan
from flight.planning import make_plan
from flight.planning_words import capability_document, plan_reports, say_capability, say_plan
from flight.purpose import (
    PRECISION_FACTORS,
    find_purpose,
    gsd_for_width_m_per_px,
    load_purposes,
    purpose_for,
)
from inspection.errors import BadInput

Command = TypeVar("Command", bound=Callable[..., Any])

SUFFIXES = (".plan", ".waypoints", ".txt", ".kmz", ".kml", ".geojson")
OF_GROUND = {Pattern.AREA, Pattern.CORRIDOR}


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


@click.command("capability")
@with_options(*WISH_OPTIONS)
@click.option("--of-ground", is_flag=True, help="A road or deck from above, not a face.")
def capability_command(*, of_ground: bool, as_json: bool, **wish: Any) -> None:  # noqa: ANN401
    """Tell how a camera must be flown to see a crack width, or why it cannot.

    \b
    Examples:
      tenken flight capability --camera dji_p1@50 --crack-width-mm 0.2
      tenken flight capability --camera dji_m3e_wide --gsd-mm-per-px 1 --of-ground --json
    """  # noqa: D301 click needs the character itself
    found = _capability(of_ground=of_ground, **wish)
    if as_json:
        click.echo(json.dumps(capability_document(found), ensure_ascii=False, indent=2))
        return
    for line in say_capability(found):
        click.echo(line)


@click.group()
def plan() -> None:
    """Plan photos of an area, a corridor, faces, a soffit or a pier.

    Beside the mission stands NAME.photos.geojson: every photo with its footprint, for the map and
    for 'tenken flight check' and 'tenken flight gaps'. A plan that one battery or the vehicle's
    memory cannot hold is split: NAME-1of3.plan and so on.

    \b
    Examples:
      tenken flight plan area deck.geojson --camera dji_m3e_wide --gsd-mm-per-px 1 --out deck.plan
      tenken flight plan facade pier.geojson --camera dji_p1@50 --crack-width-mm 0.2 --out pier.kmz
    """  # noqa: D301 click needs the character itself


@plan.command()
@file_argument
@with_options(*WISH_OPTIONS, *PLAN_OPTIONS, *GROUND_OPTIONS, heading_option, heights_option)
@click.option(
    "--sets",
    default="nadir",
    show_default=True,
    help="Of nadir, cross and oblique, comma between: oblique is 45° to four sides.",
)
def area(*, sets: str, **options: Any) -> None:  # noqa: ANN401
    """Plan lanes over polygons: a deck, a road surface, a slope.

    \b
    Examples:
      tenken flight plan area deck.geojson --camera dji_m3e_wide --gsd-mm-per-px 1 --out deck.plan
      tenken flight plan area site.gpkg --layer site --dem dem.tif --camera dji_p1@35 \\
          --gsd-mm-per-px 5 --sets nadir,oblique --out site.kmz
    """  # noqa: D301 click needs the character itself
    names = [word.strip() for word in sets.split(",")]
    known = {str(choice) for choice in PhotoSet}
    if not names or not set(names) <= known:
        raise BadInput(f"--sets {sets!r}: choose of {', '.join(PhotoSet)}, comma between")
    _plan(Pattern.AREA, sets=tuple(PhotoSet(word) for word in names), **options)


@plan.command("corridor")
@file_argument
@with_options(*WISH_OPTIONS, *PLAN_OPTIONS, *GROUND_OPTIONS, heights_option)
@click.option("--width-m", type=float, help="Of the strip, where the line does not say.")
def corridor_command(**options: Any) -> None:  # noqa: ANN401
    """Plan lanes along centre lines: a road, a wall seen from above.

    \b
    Example:
      tenken flight plan corridor road.kml --width-m 12 --camera dji_m3e_wide \\
          --gsd-mm-per-px 5 --out road.plan
    """  # noqa: D301 click needs the character itself
    _plan(Pattern.CORRIDOR, **options)


@plan.command("facade")
@file_argument
@with_options(*WISH_OPTIONS, *PLAN_OPTIONS, bottom_option, top_option, lowest_option)
@heights_option
@click.option(
    "--side",
    type=click.Choice(["right", "left"]),
    default="right",
    show_default=True,
    help="Of open lines as drawn, from which the face is seen; rings are seen from outside.",
)
def facade_command(**options: Any) -> None:  # noqa: ANN401
    """Plan rows of photo points along upright faces, from the top, square to the face.

    \b
    Example:
      tenken flight plan facade abutment.geojson --bottom-m 0 --top-m 8 --camera dji_p1@50 \\
          --crack-width-mm 0.2 --drone dji_m350 --out abutment.kmz
    """  # noqa: D301 click needs the character itself
    _plan(Pattern.FACADE, **options)


@plan.command("soffit")
@file_argument
@with_options(*WISH_OPTIONS, *PLAN_OPTIONS, heading_option, lowest_option, heights_option)
@click.option("--height-m", type=float, help="Of the soffit, where not in the file.")
def soffit_command(**options: Any) -> None:  # noqa: ANN401
    """Plan photos of a deck from below, the camera straight up; the drone leaves sideways.

    \b
    Example:
      tenken flight plan soffit span2.geojson --height-m 9 --camera sony_a7r@35 \\
          --crack-width-mm 0.3 --drone ardupilot_upward --out span2.waypoints
    """  # noqa: D301 click needs the character itself
    _plan(Pattern.SOFFIT, **options)


@plan.command("orbit")
@file_argument
@with_options(*WISH_OPTIONS, *PLAN_OPTIONS, bottom_option, top_option, lowest_option)
@heights_option
@click.option("--radius-m", type=float, help="Of piers drawn as points.")
def orbit_command(**options: Any) -> None:  # noqa: ANN401
    """Plan rings of photos around round piers, the highest first.

    \b
    Example:
      tenken flight plan orbit pier.geojson --radius-m 1.5 --bottom-m 0 --top-m 12 \\
          --camera dji_p1@50 --crack-width-mm 0.3 --out pier.plan
    """  # noqa: D301 click needs the character itself
    _plan(Pattern.ORBIT, **options)


def _capability(
    *,
    of_ground: bool,
    camera: str,
    gsd_mm_per_px: float | None,
    crack_width_mm: float | None,
    precision: str,
    purpose: str | None,
    exposure: float,
    f_number: float,
    blur_px: float,
    wind_m_s: float,
    drone: str | None,
    cameras: Path | None,
    drones: Path | None,
    overlap_front: float | None,
    overlap_side: float | None,
) -> Capability:
    """Turn the wish of the options into a capability."""
    if (gsd_mm_per_px is None) == (crack_width_mm is None):
        raise BadInput("give either --gsd-mm-per-px or --crack-width-mm")
    if crack_width_mm is None:
        assert gsd_mm_per_px is not None
        gsd_m_per_px = gsd_mm_per_px / 1000
    else:
        gsd_m_per_px = gsd_for_width_m_per_px(crack_width_mm, precision)
    named = None if drone is None else find_drone(drone, path=drones)
    return capability(
        find_lens(camera, path=cameras),
        gsd_m_per_px=gsd_m_per_px,
        purpose=find_purpose(purpose)
        if purpose
        else purpose_for(gsd_m_per_px, of_ground=of_ground),
        capture=Capture(
            exposure_s=exposure,
            blur_px=blur_px,
            f_number=f_number,
            obstacle_sensing=named is None or named.obstacle_sensing,
            wind_m_s=wind_m_s,
            slowest_m_s=SLOWEST_STEADY_M_S if named is None else named.slowest_m_s,
        ),
        overlap_front=overlap_front,
        overlap_side=overlap_side,
        lenses=fixed_lenses(cameras),
    )


WISHES = ("camera", "gsd_mm_per_px", "crack_width_mm", "precision", "purpose", "exposure",
          "f_number", "blur_px", "wind_m_s", "drone", "cameras", "drones", "overlap_front",
          "overlap_side")  # fmt: skip


def _plan(
    pattern: Pattern,
    *,
    file: Path,
    out: Path,
    layer: str | None,
    crs: str | None,
    name: str | None,
    takeoff: tuple[float, float] | None,
    altitude_frame: str,
    reserve: float,
    as_json: bool,
    **options: Any,  # noqa: ANN401
) -> None:
    """Plan a file, write mission and photos, and say what came of it."""
    if out.suffix.casefold() not in SUFFIXES:
        raise BadInput(f"{out.name} ends in none of {', '.join(SUFFIXES)}")
    if not out.absolute().parent.is_dir():
        raise BadInput(f"there is no folder {out.parent}; make it first")
    wish = {key: options.pop(key) for key in WISHES}
    features = read_features(file, layer=layer, crs=crs)
    lens = find_lens(wish["camera"], path=wish["cameras"])
    dji = out.suffix.casefold() == ".kmz"
    vehicles = ("dji",) if dji else ("ardupilot", "px4")
    drone = choose_drone(wish["drone"], lens, pattern, vehicles=vehicles, path=wish["drones"])
    wish["drone"] = drone.code
    found = _capability(of_ground=pattern in OF_GROUND, **wish)
    order = Order(
        name=name or file.stem,
        pattern=pattern,
        capability=found,
        drone=drone,
        takeoff_latlon_deg=takeoff,
        altitude_frame=AltitudeFrame(altitude_frame),
        **options,
    )
    planned = make_plan(features, order)
    parts = split(planned, drone, reserve=reserve)
    files, losses = _write(planned, parts, out, drone.wayline_name)
    planned = replace(planned, notes=(*planned.notes, *losses))
    report = plan_reports(planned, plan_coverage(planned), parts, files)
    if as_json:
        click.echo(json.dumps(report, ensure_ascii=False, indent=2))
        return
    for line in say_plan(report, found.standoff_m):
        click.echo(line)


def _write(
    planned: FlightPlan,
    parts: tuple[tuple[FlightPlan, Itinerary], ...],
    out: Path,
    wayline_name: str | None,
) -> tuple[list[str], list[str]]:
    """Write every part and the photos; give the names of the files and what a format lost."""
    files, losses = [], []
    digits = len(str(len(parts)))
    for number, (_, itinerary) in enumerate(parts, start=1):
        of = "" if len(parts) == 1 else f"-{number:0{digits}d}of{len(parts)}"
        path = out.with_name(f"{out.stem}{of}{out.suffix}")
        lost = write_mission(itinerary.mission, path, drone=wayline_name)
        losses += [f"{out.suffix} cannot hold: {loss.what}" for loss in lost]
        files.append(path.name)
    photos = out.with_name(f"{out.stem}.photos.geojson")
    write_plan(planned, photos)
    return [*files, photos.name], list(dict.fromkeys(losses))
