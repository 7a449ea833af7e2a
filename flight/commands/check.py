"""Command ``tenken flight check``: hold a mission against rules, ground, structures and craft."""

import json
import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from flight.checks.examine import Examination
from flight.checks.override import add_overrides, override_of, overrides_path, read_overrides
from flight.checks.prepare import Conditions, Surroundings, examine_mission
from flight.checks.record import digest_of, write_record
from flight.checks.report import Report, to_html, to_markdown, to_plain, to_text
from flight.checks.rulefile import load_rules, shipped_rules
from flight.checks.structure import HeightReference
from flight.checks.words import Language
from flight.drone import find_drone
from flight.flightplan import FlightPlan
from flight.formats import Reading, open_mission
from flight.mission import AltitudeFrame
from flight.partition import RESERVE
from flight.planfile import read_plan
from inspection.errors import BadInput, Refused
from inspection.export.writing import replace_text

FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command()
@click.argument("plan", type=FILE)
@click.option("--photos", type=FILE, help="Photo file of the plan.  [default: beside PLAN]")
@click.option("--dem", type=FILE, help="Raster of ground heights above mean sea level.")
@click.option(
    "--structures", type=FILE, multiple=True, help="Vector file with top_m/bottom_m or height_m."
)
@click.option(
    "--heights-from",
    type=click.Choice([one.value for one in HeightReference]),
    default=HeightReference.TAKEOFF.value,
    show_default=True,
    help="From where heights of structures count.",
)
@click.option(
    "--rules",
    multiple=True,
    metavar="NAME|FILE",
    help=f"Rule files: {', '.join(shipped_rules())}, or your own.  [default: jp_uas_rule]",
)
@click.option("--layer", "layers", multiple=True, metavar="NAME=FILE", help="Areas for a rule.")
@click.option("--no-fly", type=FILE, multiple=True, help="Short for --layer no_fly=FILE.")
@click.option("--third-party", type=FILE, multiple=True, help="Things of others: roads, houses.")
@click.option("--fence", type=FILE, multiple=True, help="Polygon in which all must lie.")
@click.option("--takeoff", metavar="LAT,LON", help="Place of take-off.  [default: PLAN's home]")
@click.option("--takeoff-msl-m", type=float, help="Its height.  [default: that of the DEM]")
@click.option("--pilot", metavar="LAT,LON", help="Where the pilot stands.  [default: take-off]")
@click.option("--drone", help="Key of the drone table.  [default: the plan's]")
@click.option("--drones", type=FILE, help="Your own drone table, as for the plan.")
@click.option("--obstacle-sensing/--no-obstacle-sensing", default=None, help="Of the craft.")
@click.option("--wind-m-s", type=click.FloatRange(0, 100), help="Expected mean wind.")
@click.option("--gust-m-s", type=click.FloatRange(0, 100), help="Expected gusts.")
@click.option("--at", metavar="TIME", help="Time of the flight, with its zone.")
@click.option(
    "--reserve", type=click.FloatRange(0, 0.9), default=RESERVE, show_default=True,
    help="Share of the battery that stays unused.",
)  # fmt: skip
@click.option("--storage-gb", type=click.FloatRange(0, min_open=True), help="Free on the card.")
@click.option(
    "--return-height-m", type=click.FloatRange(0, 500), default=15.0, show_default=True,
    help="To which the craft climbs before it goes home.",
)  # fmt: skip
@click.option(
    "--foreign-frame",
    type=click.Choice(["home", "msl", "terrain"]),
    help="From where the heights of a stranger's KML or GeoJSON count.",
)
@click.option("--geoid-height-m", type=float, help="For DJI files with ellipsoidal heights.")
@click.option("--record/--no-record", default=True, help="Keep PLAN.check.json.")
@click.option("--override", "overridden", multiple=True, metavar="CHECK", help="A refusal to lift.")
@click.option("--by", default="", help="Who lifts it; a person's name.")
@click.option("--reason", "why", default="", help="Why it may be lifted.")
@click.option(
    "--lang",
    type=click.Choice([one.value for one in Language]),
    default="en",
    show_default=True,
    help="Language of the report.",
)
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), multiple=True,
    help="Write the report: .html, .md or .json.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def check(
    *,
    plan: Path,
    photos: Path | None,
    dem: Path | None,
    structures: tuple[Path, ...],
    heights_from: str,
    rules: tuple[str, ...],
    layers: tuple[str, ...],
    no_fly: tuple[Path, ...],
    third_party: tuple[Path, ...],
    fence: tuple[Path, ...],
    takeoff: str | None,
    takeoff_msl_m: float | None,
    pilot: str | None,
    drone: str | None,
    drones: Path | None,
    obstacle_sensing: bool | None,
    wind_m_s: float | None,
    gust_m_s: float | None,
    at: str | None,
    reserve: float,
    storage_gb: float | None,
    return_height_m: float,
    foreign_frame: str | None,
    geoid_height_m: float | None,
    record: bool,
    overridden: tuple[str, ...],
    by: str,
    why: str,
    lang: str,
    out: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Check a mission before it is flown: pass, warn or refuse, each with reason and source.

    PLAN is any mission file that ``tenken flight convert`` reads. The newest report is kept beside
    it as PLAN.check.json. A refusal ends with exit code 3, unless a named person lifts it with a
    reason; that is kept in PLAN.overrides.json and ends with any edit of PLAN.

    The report compares with the loaded rules. It does not say that a flight is allowed.

    \b
    Examples:
      tenken flight check pier.plan --wind-m-s 3 --at 2026-11-26T10:00+09:00
      tenken flight check pier.plan --dem dem.tif --structures bridge.geojson --layer did=did.gpkg
      tenken flight check pier.plan --lang ja --out check.html --out check.json
      tenken flight check pier.plan --override jp_uas_rule.third_party_30m --by "K. Sato" \\
        --reason "Road closed, permit 2026-118"
    """  # noqa: D301 click needs the character itself
    frame = None if foreign_frame is None else AltitudeFrame(foreign_frame)
    reading = open_mission(plan, foreign_frame=frame, geoid_height_m=geoid_height_m)
    sha256 = digest_of(plan)
    shots = _plan_of(plan, photos)
    craft = drone or (None if shots is None else shots.drone_name)
    surroundings = Surroundings(
        dem=dem,
        structures=structures,
        heights_from=HeightReference(heights_from),
        layers=_layers(layers, no_fly, third_party),
        fences=fence,
        takeoff_latlon_deg=read_latlon("--takeoff", takeoff),
        takeoff_msl_m=takeoff_msl_m,
        pilot_latlon_deg=read_latlon("--pilot", pilot),
    )
    conditions = Conditions(
        drone=None if craft is None else find_drone(craft, path=drones),
        obstacle_sensing=obstacle_sensing,
        wind_m_s=wind_m_s,
        gust_m_s=gust_m_s,
        at=_moment(at),
        reserve=reserve,
        storage_gb=storage_gb,
        return_height_m=return_height_m,
    )
    examination = examine_mission(
        reading.mission,
        rules=[load_rules(name) for name in rules or ("jp_uas_rule",)],
        surroundings=surroundings,
        conditions=conditions,
        plan=shots,
    )
    report = _report(plan, sha256, examination, (overridden, by, why))
    if record:
        write_record(report, plan, Language(lang))
    _give(report, plan, reading, Language(lang), out, as_json=as_json)


def _report(
    plan: Path,
    sha256: str,
    examination: Examination,
    lift: tuple[Sequence[str], str, str],
) -> Report:
    """Make the report of an examination; what is lifted, by whom and why, is recorded first."""
    now, beside = datetime.now(UTC), overrides_path(plan)
    names, by, why = lift
    new = [
        override_of(name, examination.findings, by=by, why=why, at=now, plan_sha256=sha256)
        for name in names
    ]
    return Report(
        plan_name=plan.name,
        plan_sha256=sha256,
        checked_at=now,
        examination=examination,
        overrides=add_overrides(beside, new) if new else read_overrides(beside),
    )


def _give(
    report: Report,
    plan: Path,
    reading: Reading,
    language: Language,
    out: Sequence[Path],
    *,
    as_json: bool,
) -> None:
    """Print and write the report; refuse where a refusal is open."""
    for path in out:
        replace_text(path, _document(report, path, language))
    if as_json:
        click.echo(json.dumps(to_plain(report, language), ensure_ascii=False, indent=2))
    else:
        click.echo("\n".join(to_text(report, language)))
        for loss in reading.losses:
            click.echo(f"{plan.name}: {loss.words()}", err=True)
    if report.open_refusals:
        names = ", ".join(finding.check for finding in report.open_refusals)
        raise Refused(f"{plan.name} is not to be flown as it is: {names}")


def _document(report: Report, path: Path, language: Language) -> str:
    """Give the report in the form that a file name asks for."""
    match path.suffix.lower():
        case ".html" | ".htm":
            return to_html(report, language)
        case ".md":
            return to_markdown(report, language)
        case ".json":
            plain = to_plain(report, language)
            return json.dumps(plain, ensure_ascii=False, indent=2) + "\n"
        case other:
            raise BadInput(f"--out {path.name}: {other!r} is none of .html, .md, .json")


def _plan_of(path: Path, photos: Path | None) -> FlightPlan | None:
    """Read the photos of a plan: as named, else those beside the mission file or its parts."""
    whole = re.sub(r"-\d+of\d+$", "", path.stem)
    beside = path.with_name(f"{whole}.photos.geojson")
    if photos is None and not beside.is_file():
        return None
    return read_plan(photos or beside)


def _layers(
    named: Sequence[str], no_fly: tuple[Path, ...], third_party: tuple[Path, ...]
) -> dict[str, tuple[Path, ...]]:
    """Give the files of each layer."""
    layers: dict[str, tuple[Path, ...]] = {}
    if no_fly:
        layers["no_fly"] = no_fly
    if third_party:
        layers["third_party"] = third_party
    for entry in named:
        name, equals, file = entry.partition("=")
        if not (name and equals and file) or not Path(file).is_file():
            raise BadInput(f"--layer {entry!r} is not NAME=FILE with a file that exists")
        layers[name] = (*layers.get(name, ()), Path(file))
    return layers


def read_latlon(option: str, text: str | None) -> tuple[float, float] | None:
    """Read LAT,LON."""
    if text is None:
        return None
    try:
        latitude, longitude = (float(part) for part in text.split(","))
    except ValueError:
        latitude = longitude = math.nan
    if not (abs(latitude) <= 90 and abs(longitude) <= 180):
        raise BadInput(f"{option} {text!r} is not LAT,LON in degrees, such as 36.5946,136.6257")
    return latitude, longitude


def _moment(text: str | None) -> datetime | None:
    """Read a time with its zone."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadInput(f"--at {text!r} is no time such as 2026-06-21T10:00+09:00") from error
    if moment.tzinfo is None:
        raise BadInput(f"--at {text!r} lacks its zone; write {text}+09:00 for Japan")
    return moment
