"""Command ``tenken models thorough``: a model that looks four times at each chip."""

import json
from pathlib import Path

import click

from datasets.options import data_dir_option, json_option
from inspection.finite import FiniteRange
from inspection.settings import DetectSettings
from models.commands.options import say, sets_option
from models.registry import (
    CARDS_DIR,
    DEFAULT_MODEL,
    SCALES,
    WEIGHTS_DIR,
    folder_of,
    load_entry,
)

USUAL = (1.0, 1.5)
"""A crack of one or two pixels is seen better half as large again; a wide one as it is."""


@click.command("thorough")
@click.option("--model", default=DEFAULT_MODEL, show_default=True, help="Model that looks.")
@click.option("--name", help="Name of the new model.  [default: <model>-thorough]")
@click.option(
    "--weights-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder to register it in.  [default: your own models]",
)
@click.option(
    "--scale",
    "scales",
    type=FiniteRange(*SCALES),
    multiple=True,
    default=USUAL,
    show_default=True,
    help="By how much a chip is enlarged for a look; may be given again.",
)
@sets_option
@data_dir_option
@json_option
def thorough_command(
    *,
    model: str,
    name: str | None,
    weights_dir: Path | None,
    scales: tuple[float, ...],
    sets: tuple[Path, ...],
    data_dir: Path,
    as_json: bool,
) -> None:
    """Make a model that looks several times at each chip: at each scale, and in a mirror too.

    With the usual scales it takes six and a half times as long and sees thin cracks better. Its
    thresholds are chosen anew on the val images; `tenken models evaluate` tells what it is worth.

    \b
    Examples:
      tenken models thorough
      tenken models thorough --model tenken-road-n --scale 0.75 --scale 1 --json
    """  # noqa: D301
    from models.detector import load_detector  # noqa: PLC0415  # pulls in OpenVINO
    from models.thorough import thorough  # noqa: PLC0415

    own_dir = DetectSettings().models_dir
    folder = folder_of(model, own_dir)
    target = own_dir if weights_dir is None else weights_dir
    made = thorough(
        load_entry(model, weights_dir=folder),
        load_detector(model, weights_dir=folder),
        data_dir,
        name=name or f"{model}-thorough",
        weights_dir=target,
        cards_dir=CARDS_DIR if target.resolve() == WEIGHTS_DIR.resolve() else target,
        report=say,
        scales=scales,
        sets=sets,
    )
    if as_json:
        plain = {"name": made.name, "sha256": made.sha256, "thresholds": dict(made.thresholds)}
        click.echo(json.dumps(plain, indent=2))
        return
    click.echo(f"{made.name}  {made.looks} looks  sha256 {made.sha256[:12]}")
    click.echo(f"`tenken models evaluate {made.name}` measures what it is worth")
