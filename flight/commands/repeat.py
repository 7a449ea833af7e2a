"""Command ``tenken flight repeat``: fly a past survey again, photo by photo."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from flight.commands.check import read_latlon
from flight.counting import Counting
from flight.drone import drones_for, find_drone
from flight.lens import find_lens
from flight.planfile import read_plan
from flight.planoutput import check_output, write_parts
from flight.repeat import plan_from_photos, repeat_plan
from inspection.errors import BadInput
from inspection.pipeline.ingest import ingest


@click.command()
@click.argument("past", type=click.Path(path_type=Path, exists=True), nargs=-1, required=True)
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), required=True,
    help="Mission: .plan, .waypoints, .kmz (DJI), .kml or .geojson.",
)  # fmt: skip
@click.option("--camera", help="Camera and lens, such as dji_m3e_wide; needed for photos.")
@click.option("--drone", help="Key of the drone table.  [default: the first with the camera]")
@click.option(
    "--drones", type=click.Path(path_type=Path, exists=True), help="Your own drone table."
)
@click.option(
    "--distance-m", type=click.FloatRange(0.5, 500),
    help="Of the surface along the optical axis.  [default: level ground below]",
)  # fmt: skip
@click.option("--ground-m", type=float, default=0.0, show_default=True, help="Above take-off.")
@click.option("--takeoff", metavar="LAT,LON", help="Where to take off, at the height of the past.")
@click.option("--name", help="Of the plan.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def repeat(
    *,
    past: tuple[Path, ...],
    out: Path,
    camera: str | None,
    drone: str | None,
    drones: Path | None,
    distance_m: float | None,
    ground_m: float,
    takeoff: str | None,
    name: str | None,
    as_json: bool,
) -> None:
    """Fly a past survey again from the same places in the same directions.

    PAST is the NAME.photos.geojson of the past plan, or the photos that were taken then, with
    their EXIF and XMP. Use the camera of then: another one sees another part of the surface.

    \b
    Examples:
      tenken flight repeat pier.photos.geojson --out pier-2027.plan
      tenken flight repeat survey-2026/ --camera dji_m3e_wide --out deck-2027.kmz
      tenken flight repeat pier-2026/ --camera dji_p1@50 --distance-m 4 --out pier-2027.kmz
    """  # noqa: D301 click needs the character itself
    check_output(out)
    aside: list[tuple[str, str]] = []
    if len(past) == 1 and past[0].suffix.lower() == ".geojson":
        plan = repeat_plan(read_plan(past[0]))
    else:
        if camera is None:
            raise BadInput("photos do not say which camera the next flight carries; give --camera")
        arrived = ingest(past, gps_required=True, progress=Counting())
        aside = [(one.file, one.detail) for one in arrived.rejections]
        lens = find_lens(camera)
        plan = plan_from_photos(
            arrived.photos,
            name=out.stem,
            camera_name=lens.name,
            drone_name=drone,
            focal_px=lens.camera.focal_px,
            distance_m=distance_m,
            ground_m=ground_m,
            takeoff_latlon_deg=read_latlon("--takeoff", takeoff),
        )
    if name is not None:
        plan = replace(plan, name=name)
    code = drone or plan.drone_name
    carrying = drones_for(plan.camera_name.split("@")[0], path=drones)
    if code is None and not carrying:
        raise BadInput(f"no drone of the table carries {plan.camera_name}; name one with --drone")
    craft = find_drone(code, path=drones) if code is not None else carrying[0]
    files, losses = write_parts(plan, craft, out)
    report = {
        "name": plan.name,
        "photos": len(plan.photos),
        "gsd_mm_per_px": round(plan.gsd_m_per_px * 1000, 4),
        "drone": craft.code,
        "set_aside": [{"photo": photo, "reason": reason} for photo, reason in aside],
        "notes": [*plan.notes, *losses],
        "files": [path.name for path in files],
    }
    click.echo(
        json.dumps(report, ensure_ascii=False, indent=2) if as_json else "\n".join(_say(report))
    )


def _say(report: dict[str, Any]) -> list[str]:
    """Say the report in lines."""
    lines = [
        f"{report['name']}: {report['photos']} photos at {report['gsd_mm_per_px']:g} mm/px, "
        f"{report['drone']}"
    ]
    lines += [f"  {note}" for note in report["notes"]]
    lines += [f"  set aside: {one['photo']}: {one['reason']}" for one in report["set_aside"]]
    lines.append(f"written: {', '.join(report['files'])}")
    lines.append(f"check it before you fly: tenken flight check {report['files'][0]}")
    return lines
