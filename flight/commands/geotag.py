"""Command ``tenken flight geotag``: photos beside a log, copies with position and pose."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress

from flight.geotag.align import align
from flight.geotag.alignment import Alignment, Match, Unmatched
from flight.geotag.clockscan import Limits
from flight.geotag.copying import CopyOptions, write_copy
from flight.geotag.photos import PhotoFile, find_photos, read_shots
from flight.geotag.picture import draw, write_picture
from flight.geotag.pose import CameraMount
from flight.geotag.report import Outcome, as_json, say
from flight.logs.opening import open_log
from inspection.errors import BadInput, Broken, Conflict
from inspection.export.writing import replace_text

REPORT_NAME = "geotag.json"


@click.command()
@click.argument(
    "photos", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PHOTOS..."
)
@click.option(
    "--log", "log_path", required=True, type=click.Path(path_type=Path), help="Log of the flight."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the copies and of geotag.json. Without it nothing is written.",
)
@click.option(
    "--clock-offset-s",
    type=float,
    help="Camera clock − UTC, where the rhythm of the triggers cannot tell it.",
)
@click.option(
    "--clock-within-s",
    type=click.FloatRange(0.01, 3600),
    default=0.5,
    show_default=True,
    help="How exactly --clock-offset-s is known.",
)
@click.option(
    "--tolerance-s",
    type=click.FloatRange(0.005, 10),
    default=0.2,
    show_default=True,
    help="How far an exposure may be from its trigger, offset and drift taken away.",
)
@click.option(
    "--position-tolerance-m",
    type=click.FloatRange(0.1, 1000),
    default=10.0,
    show_default=True,
    help="Between a position that a photo already has and its trigger's.",
)
@click.option("--camera", type=click.IntRange(0), help="Camera of the log, where it has several.")
@click.option(
    "--camera-pitch-deg",
    type=click.FloatRange(-90, 90),
    help="Pitch of a levelled gimbal (−90 down); written with the vehicle's heading.",
)
@click.option(
    "--camera-yaw-deg",
    type=click.FloatRange(-360, 360),
    default=0.0,
    show_default=True,
    help="Of the gimbal from the vehicle's nose, clockwise; goes with --camera-pitch-deg.",
)
@click.option(
    "--picture",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Draw the alignment to this PNG.",
)
@click.option("--overwrite", is_flag=True, help="Replace copies that are there and differ.")
@click.option("--json", "json_wanted", is_flag=True, help="Print the report for programs.")
def geotag(
    *,
    photos: tuple[Path, ...],
    log_path: Path,
    out: Path | None,
    clock_offset_s: float | None,
    clock_within_s: float,
    tolerance_s: float,
    position_tolerance_m: float,
    camera: int | None,
    camera_pitch_deg: float | None,
    camera_yaw_deg: float,
    picture: Path | None,
    overwrite: bool,
    json_wanted: bool,
) -> None:
    """Match photos to the triggers of a log and write geotagged copies.

    The log is a dataflash .BIN or text log, a .tlog, a DJI .MRK, an RTKLIB _events.pos, or a CSV
    with image, lat, lon, h, sd_n, sd_e, sd_u, q. A photo that cannot be told apart is reported,
    never guessed. Originals are not touched.

    \b
    Examples:
      tenken flight geotag photos/ --log 00000012.BIN --picture alignment.png
      tenken flight geotag photos/ --log 00000012.BIN --out tagged/ --camera-pitch-deg -90
      tenken flight geotag photos/ --log flight.tlog --out tagged/ --clock-offset-s 32403.7
      tenken flight geotag DJI_*/*.JPG --log DJI_Timestamp.MRK --out tagged/ --json
    """  # noqa: D301 click needs the character itself
    log = open_log(log_path, camera=camera)
    files = find_photos(photos, leave_out=out)
    with _progress("reading photos", len(files)) as tick:
        read = read_shots(files, tick)
    limits = Limits(
        tolerance_s=tolerance_s,
        offset_s=None
        if clock_offset_s is None
        else (clock_offset_s - clock_within_s, clock_offset_s + clock_within_s),
    )
    found = align(read.shots, log, limits=limits, position_tolerance_m=position_tolerance_m)
    alignment = _with_bad(found, files, dict(read.bad))
    mount = (
        None
        if camera_pitch_deg is None
        else CameraMount(pitch_deg=camera_pitch_deg, yaw_offset_deg=camera_yaw_deg)
    )
    options = CopyOptions(log_name=log.name, mount=mount, overwrite=overwrite)
    if picture is not None:
        write_picture(picture, draw(alignment, list(read.shots), log))
    written, failed = _write(files, alignment, out, options)
    outcome = Outcome(
        log=log,
        alignment=alignment,
        written=written,
        failed=failed,
        out="" if out is None else str(out),
    )
    _tell(outcome, out, json_wanted=json_wanted)


def _with_bad(alignment: Alignment, files: tuple[PhotoFile, ...], bad: dict[str, str]) -> Alignment:
    """Give the alignment with the photos that could not be read, in the order of the files."""
    matches = {match.photo: match for match in alignment.matches}
    for name, reason in bad.items():
        matches[name] = Match(photo=name, reason=Unmatched.UNREADABLE, detail=reason)
    return Alignment(
        matches=tuple(matches[photo.name] for photo in files),
        missing=alignment.missing,
        clock=alignment.clock,
        rivals_s=alignment.rivals_s,
        warnings=alignment.warnings,
    )


def _write(
    files: tuple[PhotoFile, ...], alignment: Alignment, out: Path | None, options: CopyOptions
) -> tuple[dict[str, str], dict[str, str]]:
    """Write the copies of all matched photos; one that fails is kept with its reason."""
    written: dict[str, str] = {}
    failed: dict[str, str] = {}
    if out is None or not alignment.matched:
        return written, failed
    paths = {photo.name: photo.path for photo in files}
    with _progress("writing copies", len(alignment.matched)) as tick:
        for match in alignment.matched:
            source, target = paths[match.photo], out / match.photo
            try:
                written[match.photo] = write_copy(source, target, match, options).value
            except (BadInput, Broken, Conflict) as error:
                failed[match.photo] = str(error)
            tick()
    return written, failed


def _tell(outcome: Outcome, out: Path | None, *, json_wanted: bool) -> None:
    """Print the report, keep it beside the copies, and fail when there is nothing to show."""
    report = json.dumps(as_json(outcome), ensure_ascii=False, indent=2)
    if out is not None and outcome.alignment.matched:
        replace_text(out / REPORT_NAME, report + "\n")
    for line in (report,) if json_wanted else say(outcome):
        click.echo(line)
    if not outcome.alignment.matched:
        reasons = {match.detail for match in outcome.alignment.unmatched}
        raise BadInput(f"no photo was matched: {'; '.join(sorted(reasons)[:2])}")
    if outcome.failed and not outcome.written:
        raise BadInput("no copy was written; see the reasons above")


@contextmanager
def _progress(label: str, length: int) -> Iterator[Callable[[], None]]:
    """Show a bar on a terminal, one line otherwise, on stderr."""
    if not sys.stderr.isatty():
        click.echo(f"{label}: {length}", err=True)
        yield lambda: None
        return
    with Progress(console=Console(stderr=True)) as bars:
        task = bars.add_task(label, total=length)
        yield lambda: bars.advance(task)
