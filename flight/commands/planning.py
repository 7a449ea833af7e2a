"""Commands ``tenken flight plan …`` and ``tenken flight capability``."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from flight.capability import SLOWEST_STEADY_M_S, Capability, Capture, capability
from flight.commands.planning_options import (
    GROUND_OPTIONS,
    PLAN_OPTIONS,
    WISH_OPTIONS,
    bottom_option,
    file_argument,
    heading_option,
    heights_option,
    lowest_option,
    top_option,
    with_options,
)
from flight.coverage import plan_coverage
from flight.drone import find_drone
from flight.flightplan import FlightPlan, Pattern
from flight.formats import write_mission
from flight.inputs import read_features
from flight.itinerary import Itinerary
from flight.lawnmower import PhotoSet
from flight.lens import find_lens, fixed_lenses
from flight.mission import AltitudeFrame
from flight.order import Order, choose_drone
from flight.partition import split
from flight.planfile import write_plan
from flight.planning import make_plan
from flight.planning_words import capability_document, plan_reports, say_capability, say_plan
from flight.planoutput import drop_older
from flight.purpose import (
    find_purpose,
    gsd_for_width_m_per_px,
    purpose_for,
)
from inspection.errors import BadInput

SUFFIXES = (".plan", ".waypoints", ".txt", ".kmz", ".kml", ".geojson")
OF_GROUND = {Pattern.AREA, Pattern.CORRIDOR}


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
    files: list[Path] = []
    losses: list[str] = []
    digits = len(str(len(parts)))
    for number, (_, itinerary) in enumerate(parts, start=1):
        of = "" if len(parts) == 1 else f"-{number:0{digits}d}of{len(parts)}"
        path = out.with_name(f"{out.stem}{of}{out.suffix}")
        lost = write_mission(itinerary.mission, path, drone=wayline_name)
        losses += [f"{out.suffix} cannot hold: {loss.what}" for loss in lost]
        files.append(path)
    losses += drop_older(out, files)
    photos = out.with_name(f"{out.stem}.photos.geojson")
    write_plan(planned, photos)
    return [*(path.name for path in files), photos.name], list(dict.fromkeys(losses))
