"""Command ``tenken flight convert``: one mission format into another, with what is lost."""

import json
from dataclasses import replace
from pathlib import Path

import click

from flight.formats import Loss, open_mission, write_mission
from flight.mission import AltitudeFrame

FRAMES = click.Choice([frame.value for frame in AltitudeFrame if frame != AltitudeFrame.MISSION])


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="File to write: .plan, .waypoints or .txt (WPL 110), .kmz (DJI), .kml, .geojson.",
)
@click.option(
    "--altitude-frame",
    type=FRAMES,
    help="From where heights count in a KML or GeoJSON that Tenken did not write.",
)
@click.option(
    "--geoid-height-m",
    type=click.FloatRange(-120, 100),
    help="Height of mean sea level above the ellipsoid at the site, for DJI files.",
)
@click.option("--drone", help="DJI aircraft that a .kmz is for, for example M3E or M350-P1.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def convert(
    *,
    file: Path,
    out: Path,
    altitude_frame: str | None,
    geoid_height_m: float | None,
    drone: str | None,
    as_json: bool,
) -> None:
    """Convert a mission FILE into another format and say what is lost.

    What FILE is, is seen in its content: mission lists (QGC WPL 110), QGroundControl .plan, DJI
    wayline .kmz, KML, GeoJSON. A file that cannot be read ends with its reason and exit code 2.

    \b
    Examples:
      tenken flight convert bridge.plan --out bridge.waypoints
      tenken flight convert bridge.plan --out bridge.kmz --drone M350-P1
      tenken flight convert path.kml --altitude-frame home --out path.plan
    """  # noqa: D301
    frame = None if altitude_frame is None else AltitudeFrame(altitude_frame)
    reading = open_mission(file, foreign_frame=frame, geoid_height_m=geoid_height_m)
    mission = reading.mission
    if geoid_height_m is not None:
        mission = replace(mission, geoid_height_m=geoid_height_m)
    lost = write_mission(mission, out, drone=drone)
    if as_json:
        report = {
            "format": reading.kind,
            "items": len(mission.items),
            "fence_shapes": len(mission.fence_polygons) + len(mission.fence_circles),
            "rally_points": len(mission.rally_points),
            "lost_in_reading": [_plain(loss) for loss in reading.losses],
            "lost_in_writing": [_plain(loss) for loss in lost],
            "out": str(out),
        }
        click.echo(json.dumps(report, ensure_ascii=False))
        return
    click.echo(f"{file.name}: {reading.kind}, {len(mission.items)} items")
    for when, losses in (("reading", reading.losses), ("writing", lost)):
        for loss in losses:
            click.echo(f"lost in {when}: {loss.words()}")
    click.echo(f"written: {out}")


def _plain(loss: Loss) -> dict[str, object]:
    """Give a loss for programs."""
    return {"what": loss.what, "items": list(loss.items)}
