"""Command ``tenken datasets feedback``: what engineers decided becomes what a network learns."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from inspection.errors import BadInput
from inspection.settings import StoreSettings


@click.command()
@click.option(
    "--out",
    "out_dir",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="Folder of the set to write.",
)
@click.option("--name", default="feedback", show_default=True, help="Name of the set.")
@click.option(
    "--licence", required=True, help="SPDX identifier of the imagery, or LicenseRef-closed."
)
@click.option("--asset", "asset_id", help="Only the verdicts on this asset.")
@click.option(
    "--home",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of rows and mosaics.  [default: TENKEN_HOME]",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def feedback(
    *,
    out_dir: Path,
    name: str,
    licence: str,
    asset_id: str | None,
    home: Path | None,
    as_json: bool,
) -> None:
    """Write a training set from the defects that engineers confirmed and rejected.

    Confirmed outlines teach damage, rejected ones teach what is none; what nobody judged stays
    undecided. provenance.jsonl names survey, mosaic and verdict of every tile.

    \b
    Examples:
      tenken datasets feedback --out sets/2026 --licence CC-BY-4.0
      tenken datasets build --out runs/chips --source sets/2026/set.yaml
    """  # noqa: D301
    from datasets.feedback import gather  # noqa: PLC0415  # OpenCV and the store are slow to import
    from inspection.store.blobstore import blobs_of  # noqa: PLC0415
    from inspection.store.engine import create_engine, reading  # noqa: PLC0415

    if out_dir.exists() and not out_dir.is_dir():
        raise BadInput(f"{out_dir.name} is a file; give a folder")
    settings = (
        StoreSettings()
        if home is None
        else StoreSettings(home=home, database_url=None, blobs_url=None)
    )
    engine = create_engine(settings.resolved_database_url())
    try:
        with reading(engine) as connection:
            found = gather(
                connection,
                blobs_of(settings),
                out_dir,
                name=name,
                licence=licence,
                asset_id=asset_id,
            )
    finally:
        engine.dispose()
    for reason in found.left_out:
        click.echo(f"left out: {reason}", err=True)
    if as_json:
        click.echo(json.dumps(asdict(found), indent=1))
        return
    click.echo(
        f"{found.tiles} tiles: {found.confirmed} confirmed, {found.rejected} rejected sightings; "
        f"`tenken datasets build --source {out_dir / 'set.yaml'}` next"
    )
