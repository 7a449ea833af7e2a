"""Write a plan: its mission, split where it must be, and the photo file beside it."""

import re
from collections.abc import Sequence
from pathlib import Path

from flight.drone import Drone
from flight.flightplan import FlightPlan
from flight.formats import write_mission
from flight.partition import RESERVE, split
from flight.planfile import write_plan
from inspection.errors import BadInput

SUFFIXES = (".plan", ".waypoints", ".txt", ".kmz", ".kml", ".geojson")


def check_output(out: Path) -> None:
    """Look whether a mission can be written under a name, before anything is computed.

    Raises:
        BadInput: when the suffix is unknown or the folder is missing.
    """
    if out.suffix.casefold() not in SUFFIXES:
        raise BadInput(f"{out.name} ends in none of {', '.join(SUFFIXES)}")
    if not out.absolute().parent.is_dir():
        raise BadInput(f"there is no folder {out.parent}; make it first")


def write_parts(
    plan: FlightPlan, drone: Drone, out: Path, *, reserve: float = RESERVE
) -> tuple[list[Path], list[str]]:
    """Write the missions of a plan and its photo file.

    Args:
        plan: at least one photo.
        drone: whose battery and memory the parts must fit.
        out: of the mission; parts are NAME-1of2 and so on, photos NAME.photos.geojson.
        reserve: share of the flight time that stays.

    Returns:
        The files, the photo file last, and what the format could not hold.
    """
    parts = split(plan, drone, reserve=reserve)
    files, losses = [], []
    digits = len(str(len(parts)))
    for number, (_, itinerary) in enumerate(parts, start=1):
        of = "" if len(parts) == 1 else f"-{number:0{digits}d}of{len(parts)}"
        path = out.with_name(f"{out.stem}{of}{out.suffix}")
        lost = write_mission(itinerary.mission, path, drone=drone.wayline_name)
        losses += [f"{out.suffix} cannot hold: {loss.what}" for loss in lost]
        files.append(path)
    losses += drop_older(out, files)
    photos = out.with_name(f"{out.stem}.photos.geojson")
    write_plan(plan, photos)
    return [*files, photos], list(dict.fromkeys(losses))


def drop_older(out: Path, written: Sequence[Path]) -> list[str]:
    """Take away parts of an earlier plan of this name; give one sentence that names them.

    A crew that finds NAME-3of3 beside NAME-1of2 would fly it.

    Args:
        out: of the mission.
        written: what has just been written.
    """
    part = re.compile(rf"{re.escape(out.stem)}(-\d+of\d+)?{re.escape(out.suffix)}")
    kept = {path.name for path in written}
    older = sorted(
        path
        for path in out.absolute().parent.iterdir()
        if part.fullmatch(path.name) and path.name not in kept and path.is_file()
    )
    for path in older:
        path.unlink()
    names = ", ".join(path.name for path in older)
    return [f"parts of an earlier plan of this name were removed: {names}"] if older else []
