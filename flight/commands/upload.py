"""Command ``tenken flight upload``: a mission onto a vehicle, proven by reading it back."""

import json
from pathlib import Path

import click

from flight.formats import read_mission
from flight.link import connect, open_wire
from flight.upload import Patience, UploadReport, upload
from flight.wireitem import Kind

address_option = click.option(
    "--address",
    default="udp:0.0.0.0:14550",
    show_default=True,
    help="udp:HOST:PORT listens, udpout:HOST:PORT and tcp:HOST:PORT call, serial:DEVICE:BAUD.",
)


@click.command(name="upload")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@address_option
@click.option(
    "--patience-s",
    type=click.FloatRange(5, 600),
    default=60.0,
    show_default=True,
    help="Give up after so many seconds without progress.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def upload_command(*, file: Path, address: str, patience_s: float, as_json: bool) -> None:
    """Make the vehicle hold exactly the mission, fence and rally points of FILE, and prove it.

    Waits until the vehicle stands by, sends everything, reads everything back and compares it to
    the bit, apart from what ArduCopter is known to rewrite. A fence or rally points that FILE does
    not have are cleared on the vehicle. Anything else that comes back different is a failed upload:
    exit code 3, do not fly.

    \b
    Examples:
      tenken flight upload bridge.plan
      tenken flight upload bridge.waypoints --address serial:/dev/ttyUSB0:57600
      tenken flight upload bridge.plan --address tcp:127.0.0.1:5760 --json
    """  # noqa: D301
    patience = Patience(silence_s=patience_s, standby_s=patience_s)
    mission = read_mission(file)
    wire = open_wire(address)
    try:
        link = connect(wire, patience_s)
        if not as_json:
            click.echo(f"vehicle {link.system} found; uploading {len(mission.items)} items")
        report = upload(
            link, mission, patience=patience, tell=lambda said: click.echo(said, err=as_json)
        )
    finally:
        wire.close()
    click.echo(json.dumps(plain(report)) if as_json else words(report))


def plain(report: UploadReport) -> dict[str, object]:
    """Give a report for programs."""
    return {
        "verified": True,
        "items": {kind.name.lower(): count for kind, count in report.counts.items()},
        "seconds": round(report.seconds, 2),
        "resent": report.resent,
        "rewrites": list(report.rewrites),
    }


def words(report: UploadReport) -> str:
    """Give a report for people."""
    counts = report.counts
    lines = [f"known rewrite of the vehicle: {change}" for change in report.rewrites]
    lines.append(
        f"verified: {counts[Kind.MISSION]} mission items with home, {counts[Kind.FENCE]} fence "
        f"items, {counts[Kind.RALLY]} rally points; "
        f"{report.seconds:.1f} s, {report.resent} sent again"
    )
    return "\n".join(lines)
