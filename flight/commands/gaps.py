"""Command ``tenken flight gaps``: what a flight missed, and a second flight for just that."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from flight.came import Came, came_from_photos, came_from_views
from flight.counting import Counting
from flight.drone import Drone, drones_for, find_drone
from flight.flightplan import FlightPlan
from flight.gapdrawing import draw
from flight.gapfile import gaps_document, gaps_of_polygons, read_gap_polygons, read_json
from flight.gapmap import panels
from flight.gaps import Gaps, find_gaps
from flight.planfile import read_plan
from flight.planoutput import SUFFIXES, write_parts
from flight.refly import Refly, plan_refly
from inspection.errors import BadInput
from inspection.export.writing import replace_text
from inspection.pipeline.ingest import ingest

EXISTING = click.Path(path_type=Path, exists=True)


@click.command()
@click.argument("plan", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("came", type=EXISTING, nargs=-1, required=True)
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder."
)
@click.option(
    "--mission", "suffix", type=click.Choice(SUFFIXES), default=".plan", show_default=True,
    help="Format of the second mission.",
)  # fmt: skip
@click.option("--drone", help="Key of the drone table.  [default: the plan's]")
@click.option("--drones", type=EXISTING, help="Your own drone table, as for the plan.")
@click.option(
    "--gsd-mm-per-px", type=click.FloatRange(0, min_open=True), help="Finer than the plan's."
)
@click.option("--wind-m-s", type=click.FloatRange(0, 100), default=0.0, help="For the stand-off.")
@click.option("--json", "as_json", is_flag=True, help="Print gaps.json.")
def gaps(
    *,
    plan: Path,
    came: tuple[Path, ...],
    out: Path,
    suffix: str,
    drone: str | None,
    drones: Path | None,
    gsd_mm_per_px: float | None,
    wind_m_s: float,
    as_json: bool,
) -> None:
    """Say what a flight missed, and plan a second, small one, before leaving the site.

    PLAN is the NAME.photos.geojson that 'tenken flight plan' wrote. CAME is what really came:
    photos or folders of photos with their EXIF and XMP; the views.json of 'tenken run'; or the
    gaps.geojson of 'tenken measure capability'.

    \b
    In the folder of --out:
      gaps.json        shares of each element, missing photos, photos set aside with their reason
      gaps.svg         the map: as planned, too few, too coarse, not seen
      gaps.geojson     the same as polygons with height
      second.plan      the second flight, with second.photos.geojson beside it

    \b
    Examples:
      tenken flight gaps pier.photos.geojson DCIM/ --out second/
      tenken flight gaps deck.photos.geojson out/bridge-12/views.json --out second/
      tenken flight gaps deck.photos.geojson out/bridge-12/capability/gaps.geojson --out second/
    """  # noqa: D301 click needs the character itself
    planned = read_plan(plan)
    craft = _drone(planned, drone, drones)
    found, arrived, needed = _found(planned, came)
    wish = gsd_mm_per_px / 1000 if gsd_mm_per_px else needed
    refly = plan_refly(
        planned,
        found,
        gsd_m_per_px=wish,
        obstacle_sensing=craft.obstacle_sensing,
        wind_m_s=wind_m_s,
        least_step_m=craft.sure_step_m,
    )
    out.mkdir(parents=True, exist_ok=True)
    layout = panels(found)
    polygons = json.dumps(gaps_document(planned, layout), ensure_ascii=False)
    replace_text(out / "gaps.geojson", polygons + "\n")
    replace_text(out / "gaps.svg", draw(found, layout, title=planned.name))
    files = ["gaps.json", "gaps.geojson", "gaps.svg"]
    losses: list[str] = []
    if refly.plan is not None:
        written, losses = write_parts(refly.plan, craft, out / f"second{suffix}")
        files += [path.name for path in written]
    report = _report(planned, found, arrived, refly, (files, losses))
    replace_text(out / "gaps.json", json.dumps(report, ensure_ascii=False, indent=2) + "\n")
    if as_json:
        click.echo(json.dumps(report, ensure_ascii=False, indent=2))
    else:
        click.echo("\n".join(_say(report, out)))


def _drone(plan: FlightPlan, named: str | None, table: Path | None) -> Drone:
    """Find the drone: as named, else the plan's, else the first that carries the camera."""
    code = named or plan.drone_name
    if code is not None:
        return find_drone(code, path=table)
    carrying = drones_for(plan.camera_name.split("@")[0], path=table)
    if not carrying:
        raise BadInput(f"no drone of the table carries {plan.camera_name}; name one with --drone")
    return carrying[0]


def _found(plan: FlightPlan, came: Sequence[Path]) -> tuple[Gaps, Came, float | None]:
    """Read what came and compare it with the plan."""
    documents = [path for path in came if path.suffix.lower() in (".json", ".geojson")]
    if documents and len(came) > 1:
        raise BadInput("give photos, or one views.json, or one gaps.geojson, not several of them")
    if not documents:
        arrived = ingest(came, gps_required=False, progress=Counting())
        placed = came_from_photos(plan, arrived.photos)
        rejected = tuple((one.file, one.detail) for one in arrived.rejections)
        placed = Came(photos=placed.photos, aside=(*rejected, *placed.aside), notes=placed.notes)
        return find_gaps(plan, placed), placed, None
    document = read_json(documents[0])
    if "features" in document:
        area, needed = read_gap_polygons(document, documents[0].name)
        nothing = Came(photos=(), notes=(f"gaps were taken from {documents[0].name}",))
        return gaps_of_polygons(plan, area), nothing, needed
    placed = came_from_views(plan, document)
    return find_gaps(plan, placed), placed, None


def _report(
    plan: FlightPlan,
    found: Gaps,
    came: Came,
    refly: Refly,
    outputs: tuple[Sequence[str], Sequence[str]],
) -> dict[str, Any]:
    """Give all that was found as plain values; outputs are files and what a format lost."""
    second = refly.plan
    return {
        "plan": plan.name,
        "gsd_mm_per_px": round(plan.gsd_m_per_px * 1000, 4),
        "views": plan.views,
        "good_percent": round(100 * found.good_share, 2),
        "elements": [
            {
                "element": one.element,
                "area_m2": round(one.area_m2, 2),
                "good_m2": round(one.good_m2, 2),
                "few_m2": round(one.few_m2, 2),
                "coarse_m2": round(one.coarse_m2, 2),
                "unseen_m2": round(one.unseen_m2, 2),
            }
            for one in found.by_element()
        ],
        "photos_came": len(came.photos),
        "photos_planned": len(plan.photos),
        "photos_missing": list(found.missing),
        "set_aside": [{"photo": name, "reason": reason} for name, reason in came.aside],
        "notes": list(came.notes),
        "second_flight": None
        if second is None
        else {
            "photos": len(second.photos),
            "planned_again": refly.again,
            "new": refly.new,
            "gsd_mm_per_px": round(second.gsd_m_per_px * 1000, 4),
        },
        "left_m2": round(refly.left_m2, 3),
        "losses": list(outputs[1]),
        "files": list(outputs[0]),
    }


def _say(report: dict[str, Any], out: Path) -> list[str]:
    """Say the report in lines."""
    lines = [
        f"{report['plan']}: {report['good_percent']:.1f} % as planned "
        f"({report['gsd_mm_per_px']:g} mm/px, {report['views']} view(s))",
    ]
    if report["photos_came"] or report["photos_missing"]:
        lines.append(
            f"{report['photos_came']} photos came, {report['photos_planned']} were planned, "
            f"{len(report['photos_missing'])} planned ones are missing"
        )
    lines += [
        f"  {one['element'] or 'surface'}: {one['area_m2']:g} m², not seen {one['unseen_m2']:g}, "
        f"too coarse {one['coarse_m2']:g}, too few {one['few_m2']:g}"
        for one in report["elements"]
    ]
    lines += [f"  {note}" for note in report["notes"]]
    lines += [f"  set aside: {one['photo']}: {one['reason']}" for one in report["set_aside"]]
    second = report["second_flight"]
    if second is None:
        lines.append("no second flight is planned")
    else:
        lines.append(
            f"second flight: {second['photos']} photos at {second['gsd_mm_per_px']:g} mm/px, "
            f"{second['planned_again']} planned ones again, {second['new']} new"
        )
    if report["left_m2"] > 0:
        lines.append(f"no photo of it closes {report['left_m2']:g} m²; plan these anew")
    lines += [f"  {loss}" for loss in report["losses"]]
    lines.append(f"written to {out}: {', '.join(report['files'])}")
    if second is not None:
        lines.append(f"check it before you fly: tenken flight check {out / report['files'][3]}")
    return lines
