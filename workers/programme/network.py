"""``tenken programme network``: detours, and who is cut off when an asset is closed."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from inspection.domain.roadnetwork import Closure
from inspection.finite import FiniteRange
from inspection.intake.roadlines import DEFAULT_SPEED_KMH
from inspection.pipeline.detour import Network, detour, open_network
from inspection.pipeline.tools import SystemClock
from inspection.planning.roadgraph import WITHIN_M
from inspection.store.engine import writing
from workers.planner_options import home_option, json_option, open_engine, print_json
from workers.progress import progress_for_stderr


@click.command()
@click.argument("roads", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--places",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Points with name, people (人口) and hub (拠点).",
)
@click.option("--layer", help="Layer of a GeoPackage.")
@click.option(
    "--within-m",
    type=FiniteRange(0.1, 5000),
    default=WITHIN_M,
    show_default=True,
    help="How far an asset may lie from its road.",
)
@click.option(
    "--speed-kmh",
    type=FiniteRange(1, 200),
    default=DEFAULT_SPEED_KMH,
    show_default=True,
    help="Speed on roads that do not say (speed_kmh, maxspeed, 速度).",
)
@click.option("--dry-run", is_flag=True, help="Only show; store nothing.")
@click.option("--top", type=click.IntRange(1), default=20, show_default=True, help="Lines to show.")
@home_option
@json_option
def network(
    *,
    roads: Path,
    places: Path | None,
    layer: str | None,
    within_m: float,
    speed_kmh: float,
    dry_run: bool,
    top: int,
    home: Path | None,
    as_json: bool,
) -> None:
    """Close each asset of a road network in turn: how long is the detour, who is cut off.

    ROADS are lines in GeoJSON or a GeoPackage; an asset lies on the nearest one. What comes out is
    stored and becomes the detour of the score where the ledger states none; where places are cut
    off, the model counts the asset as isolating.

    \b
    Examples:
      tenken programme network roads.gpkg --layer drm --places villages.geojson
      tenken programme network roads.geojson --dry-run --json
    """  # noqa: D301 click needs the character itself
    with writing(open_engine(home)) as connection, progress_for_stderr() as progress:
        opened = open_network(
            connection,
            roads,
            places=places,
            layer=layer,
            within_m=within_m,
            speed_kmh=speed_kmh,
        )
        found = detour(
            connection, opened, clock=SystemClock(), progress=progress, write=not dry_run
        )
    if as_json:
        print_json(
            {
                "network": opened.name,
                "stored": not dry_run,
                "closures": [asdict(one) for one in found],
                "stray": dict(opened.roads.stray),
                "places_without_road": [opened.roads.known[i].name for i in opened.roads.far],
                "problems": [asdict(problem) for problem in opened.problems],
            }
        )
        return
    _say(opened, found, top, dry_run)


def _say(opened: Network, found: Sequence[Closure], top: int, dry_run: bool) -> None:
    ordered = sorted(
        found,
        key=lambda c: (not c.severs, -c.people, -c.road_m, -(c.detour_min or 0.0), c.asset_id),
    )
    for one in ordered[:top]:
        click.echo(words(one))
    if len(ordered) > top:
        click.echo(f"… and {len(ordered) - top} more; --top or --json show them")
    for asset_id, distance in opened.roads.stray.items():
        where = "has no position" if distance == float("inf") else f"is {distance:.0f} m away"
        click.echo(f"on no road: {asset_id} {where}")
    for index in opened.roads.far:
        click.echo(f"no road reaches {opened.roads.known[index].name}")
    for problem in opened.problems:
        click.echo(f"feature {problem.line}: {problem}")
    what = "would be stored" if dry_run else "stored"
    click.echo(f"{what}: {len(found)} closures in {opened.name}")


def words(one: Closure) -> str:
    """Say what the closure of an asset means."""
    if not one.severs:
        metres, minutes = one.detour_m or 0.0, one.detour_min or 0.0
        return f"{one.asset_id}  detour {metres / 1000:.1f} km, {minutes:.1f} min longer"
    who = f": {', '.join(one.places)}" if one.places else ""
    return (
        f"{one.asset_id}  no way around: {one.people:,.0f} people and {one.road_m / 1000:.1f} km "
        f"of road cut off{who}"
    )
