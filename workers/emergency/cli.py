"""Command group ``tenken emergency``: after an earthquake or a flood."""

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click
from sqlalchemy import Connection

from inspection.domain.emergency import (
    SIGNAL_WORDS,
    Area,
    Emergency,
    Hazard,
    Signal,
)
from inspection.errors import BadInput
from inspection.finite import FiniteRange
from inspection.pipeline.allot import check_name
from inspection.pipeline.detour import Network, open_network
from inspection.pipeline.respond import (
    route,
    situation,
    tell,
)
from inspection.pipeline.tools import SystemClock
from inspection.planning.roadgraph import WITHIN_M
from inspection.store import emergencies
from inspection.store.engine import reading, writing
from workers.emergency.file import write_situation
from workers.emergency.words import plain_route, say_route, say_situation
from workers.planner_options import (
    home_option,
    json_option,
    lang_option,
    open_blobs,
    open_engine,
    present_year,
    print_json,
    read_lonlat,
    today_option,
)

name_argument = click.argument("name")
roads_option = click.option(
    "--roads",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Road network (lines), so that ways follow open roads.",
)
within_option = click.option(
    "--within-m",
    type=FiniteRange(0.1, 5000),
    default=WITHIN_M,
    show_default=True,
    help="How far an asset may lie from its road.",
)
places_option = click.option(
    "--places",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Points with name, people and hub, to tell who is cut off.",
)


@click.group()
def emergency() -> None:
    """Look at assets after an earthquake or a flood: in which order, and what is passable.

    \b
    Examples:
      tenken emergency start noto-2024 --hazard earthquake --at 2024-01-01T16:10+09:00
      tenken emergency route noto-2024 --from 37.39,136.90 --crews 3
      tenken emergency report noto-2024 ISK-0123 red --photo IMG_1.JPG --by 山田
      tenken emergency status noto-2024
    """  # noqa: D301 click needs the character itself


@emergency.command()
@name_argument
@click.option(
    "--hazard", type=click.Choice([h.value for h in Hazard]), required=True, help="What happened."
)
@click.option("--at", "began", metavar="TIME", help="When, ISO 8601 with its zone.  [default: now]")
@click.option("--centre", metavar="LAT,LON", help="Middle of the area to look at.")
@click.option("--radius-km", type=FiniteRange(0.1, 2000), help="Radius of the area.")
@click.option("--note", default="", help="Magnitude, rainfall, what else is known.")
@home_option
def start(
    *,
    name: str,
    hazard: str,
    began: str | None,
    centre: str | None,
    radius_km: float | None,
    note: str,
    home: Path | None,
) -> None:
    """Begin an emergency, in an area or everywhere.

    \b
    Example:
      tenken emergency start noto-2024 --hazard earthquake --at 2024-01-01T16:10+09:00 \\
          --centre 37.5,137.27 --radius-km 60
    """  # noqa: D301 click needs the character itself
    if (centre is None) != (radius_km is None):
        raise BadInput("an area needs both --centre and --radius-km")
    area = None
    if centre is not None and radius_km is not None:
        area = Area(lonlat=read_lonlat(centre), radius_km=radius_km)
    begun = Emergency(
        name=check_name(name),
        hazard=Hazard(hazard),
        began_at=SystemClock().now() if began is None else read_moment(began),
        area=area,
        note=note,
    )
    with writing(open_engine(home)) as connection:
        emergencies.begin(connection, begun)
    where = "everywhere" if area is None else f"within {area.radius_km:g} km"
    click.echo(f"{name}: {hazard} since {begun.began_at:%Y-%m-%d %H:%M} UTC, {where}")


def read_moment(text: str) -> datetime:
    """Read a moment with its zone.

    >>> read_moment("2024-01-01T16:10+09:00").isoformat()
    '2024-01-01T07:10:00+00:00'
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadInput(f"{text!r} is no time; write 2024-01-01T16:10+09:00") from error
    if moment.tzinfo is None:
        raise BadInput(f"{text!r} has no zone; write 2024-01-01T16:10+09:00")
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise BadInput(
            f"{text!r} lies beyond the calendar; write 2024-01-01T16:10+09:00"
        ) from error


@emergency.command("list")
@home_option
def list_(*, home: Path | None) -> None:
    """List the emergencies.

    \b
    Example:
      tenken emergency list
    """  # noqa: D301 click needs the character itself
    with reading(open_engine(home)) as connection:
        for one in emergencies.all_of_them(connection):
            count = len(emergencies.reports_of(connection, one.name))
            click.echo(
                f"{one.name}  {one.hazard.value}  {one.began_at:%Y-%m-%d %H:%M} UTC  "
                f"{count} reports"
            )


def _network(
    connection: Connection, roads: Path | None, places: Path | None, within_m: float
) -> Network | None:
    if roads is None:
        if places is not None:
            raise BadInput("--places needs --roads")
        return None
    return open_network(connection, roads, places=places, within_m=within_m)


@emergency.command("route")
@name_argument
@click.option("--from", "origin", metavar="LAT,LON", required=True, help="Where crews start.")
@click.option(
    "--crews", type=click.IntRange(1, 100), default=1, show_default=True, help="Crews that drive."
)
@click.option(
    "--speed-kmh",
    type=FiniteRange(1, 120),
    default=30.0,
    show_default=True,
    help="Where no network is given, over 1.3 × the line through the air.",
)
@click.option(
    "--stop-min",
    type=FiniteRange(0, 1440),
    default=15.0,
    show_default=True,
    help="Minutes at each asset.",
)
@roads_option
@within_option
@today_option
@lang_option
@home_option
@json_option
def route_(
    *,
    name: str,
    origin: str,
    crews: int,
    speed_kmh: float,
    stop_min: float,
    roads: Path | None,
    within_m: float,
    today: datetime | None,
    lang: str,
    home: Path | None,
    as_json: bool,
) -> None:
    """Put the assets of the area into the order in which crews look at them.

    The most urgent wave comes first; reported assets are left out, and what is reported as closed
    is not driven over where a road network is given.

    \b
    Examples:
      tenken emergency route noto-2024 --from 37.39,136.90
      tenken emergency route noto-2024 --from 37.39,136.90 --crews 3 --roads roads.gpkg --json
    """  # noqa: D301 click needs the character itself
    with reading(open_engine(home)) as connection:
        plan = route(
            connection,
            emergencies.by_name(connection, name),
            start_lonlat=read_lonlat(origin),
            fiscal_year=present_year(today),
            crews=crews,
            speed_kmh=speed_kmh,
            stop_min=stop_min,
            network=_network(connection, roads, None, within_m),
        )
    if as_json:
        print_json(plain_route(plan))
        return
    for line in say_route(plan, lang):
        click.echo(line)


@emergency.command()
@name_argument
@click.argument("asset_id")
@click.argument("signal", type=click.Choice([s.value for s in Signal]))
@click.option(
    "--photo",
    "photos",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="May be given several times; its GPS position is taken.",
)
@click.option("--position", metavar="LAT,LON", help="Where, when no photo says.")
@click.option("--by", required=True, help="Who judges.")
@click.option("--note", default="", help="What was seen.")
@lang_option
@home_option
@json_option
def report(
    *,
    name: str,
    asset_id: str,
    signal: str,
    photos: tuple[Path, ...],
    position: str | None,
    by: str,
    note: str,
    lang: str,
    home: Path | None,
    as_json: bool,
) -> None:
    """Keep a judgement from the spot: green passable, yellow with care, red closed.

    A report is never changed; a later one stands beside it and counts.

    \b
    Examples:
      tenken emergency report noto-2024 ISK-0123 red --photo IMG_1.JPG --by 山田 --note 段差40cm
      tenken emergency report noto-2024 ISK-0123 yellow --position 37.41,136.95 --by 佐藤
    """  # noqa: D301 click needs the character itself
    with writing(open_engine(home)) as connection:
        told = tell(
            connection,
            open_blobs(home),
            emergency=name,
            asset_id=asset_id,
            signal=Signal(signal),
            by=by,
            photos=photos,
            lonlat=None if position is None else read_lonlat(position),
            note=note,
            clock=SystemClock(),
        )
    if as_json:
        print_json(asdict(told))
        return
    words = SIGNAL_WORDS[told.report.signal][0 if lang == "ja" else 1]
    place = told.report.lonlat
    where = "" if place is None else f" at {place[1]:.5f}, {place[0]:.5f}"
    click.echo(f"{asset_id}: {signal} ({words}){where}, {len(told.report.photos)} photos, by {by}")
    for warning in told.warnings:
        click.echo(f"look: {warning}")


@emergency.command()
@name_argument
@roads_option
@places_option
@within_option
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also write a map (.geojson) or a table (.csv).",
)
@today_option
@lang_option
@home_option
@json_option
def status(
    *,
    name: str,
    roads: Path | None,
    places: Path | None,
    within_m: float,
    out: Path | None,
    today: datetime | None,
    lang: str,
    home: Path | None,
    as_json: bool,
) -> None:
    """Tell what is passable, how that compares with the last regular inspection, who is cut off.

    \b
    Examples:
      tenken emergency status noto-2024 --out status.geojson
      tenken emergency status noto-2024 --roads roads.gpkg --places villages.geojson --lang ja
    """  # noqa: D301 click needs the character itself
    with reading(open_engine(home)) as connection:
        found = situation(
            connection,
            emergencies.by_name(connection, name),
            fiscal_year=present_year(today),
            network=_network(connection, roads, places, within_m),
        )
        if out is not None:
            write_situation(connection, found, out, lang=lang)
    if as_json:
        print_json(asdict(found))
        return
    for line in say_situation(found, lang):
        click.echo(line)
    if out is not None:
        click.echo(f"{out}")
