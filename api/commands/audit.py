"""Commands ``tenken audit``: look at the audit log and prove that nobody changed it."""

import json
from pathlib import Path

import click

from api.commands.users import home_option, looking
from inspection.errors import Broken
from inspection.store import audit as log


@click.group()
def audit() -> None:
    """Look at who did what, and verify that the log is whole."""


@audit.command()
@click.option("--noted", multiple=True, help="A head that 'tenken audit head' printed before.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@home_option
def verify(*, noted: tuple[str, ...], as_json: bool, home: Path | None) -> None:
    """Find every entry that was changed, removed or reordered; exit code 5 when there is one.

    Example: tenken audit verify --noted 1204:9f0c…
    """
    heads = [log.parse_head(text) for text in noted]
    with looking(home) as connection:
        faults = list(log.verify(connection, heads))
        head = log.head(connection)
    if as_json:
        found = [{"entry": fault.seq, "reason": fault.reason} for fault in faults]
        click.echo(json.dumps({"entries": head.entries, "faults": found}, indent=2))
    else:
        for fault in faults:
            click.echo(f"entry {fault.seq}: {fault.reason}")
        if not faults:
            click.echo(f"{head.entries} entries, all as they were written")
    if faults:
        raise Broken(f"the audit log was tampered with or damaged in {len(faults)} places")


@audit.command()
@home_option
def head(*, home: Path | None) -> None:
    """Print how the log ends now; note it in a place that the machine's owner does not own.

    Example: tenken audit head
    """
    with looking(home) as connection:
        click.echo(str(log.head(connection)))


@audit.command()
@click.option("--after", type=click.IntRange(0), default=0, help="Leave out entries up to this.")
@click.option(
    "--limit", type=click.IntRange(1, 10_000), default=100, show_default=True, help="Most entries."
)
@home_option
def show(*, after: int, limit: int, home: Path | None) -> None:
    """List entries, oldest first.

    Example: tenken audit show --after 1200
    """
    with looking(home) as connection:
        events = log.find(connection, after=after, limit=limit)
    for seq, event in enumerate(events, after + 1):
        click.echo(
            f"{seq}  {event.at:%Y-%m-%dT%H:%M:%SZ}  {event.actor}  {event.organisation_id or '-'}  "
            f"{event.action}  {event.subject}"
        )
