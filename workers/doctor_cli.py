"""Command ``tenken doctor``: what is wrong with this set-up, and how to cure it."""

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

import click

from inspection.errors import EXIT_CODES, Unavailable
from inspection.settings import (
    DetectSettings,
    OidcSettings,
    QueueSettings,
    ServeSettings,
    StoreSettings,
)
from workers.doctor import Setup, examine


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.option(
    "--home", type=click.Path(path_type=Path, file_okay=True), help="Folder of rows and blobs."
)
def doctor(*, as_json: bool, home: Path | None) -> None:
    """Look for the commonest faults of a set-up and say the cure; nothing is changed.

    Ends with exit code 4 when something is wrong.

    \b
    Examples:
      tenken doctor
      tenken doctor --json --home out/bridge-12/store
    """  # noqa: D301 click's mark
    if home is not None:
        os.environ["TENKEN_HOME"] = str(home.resolve())
        os.environ.pop("TENKEN_DATABASE_URL", None)
    findings = examine(
        Setup(
            store=StoreSettings(),
            queue=QueueSettings(),
            serve=ServeSettings(),
            oidc=OidcSettings(),
            detect=DetectSettings(),
        )
    )
    if as_json:
        click.echo(json.dumps([asdict(one) for one in findings], ensure_ascii=False, indent=2))
    else:
        for one in findings:
            click.echo(f"{'ok   ' if one.good else 'WRONG'}  {one.check:<9} {one.words}")
    if not all(one.good for one in findings):
        sys.exit(EXIT_CODES[Unavailable])
