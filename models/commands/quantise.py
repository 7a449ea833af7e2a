"""Command ``tenken models quantise``: an int8 copy of a model, for processors."""

import json
from pathlib import Path

import click

from datasets.options import json_option
from inspection.settings import DetectSettings
from models.registry import CARDS_DIR, DEFAULT_MODEL, WEIGHTS_DIR, folder_of, load_entry


@click.command("quantise")
@click.argument("chips_dir", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--model", default=DEFAULT_MODEL, show_default=True, help="Model to copy.")
@click.option("--name", help="Name of the copy.  [default: <model>-int8]")
@click.option(
    "--chips",
    "count",
    type=click.IntRange(8, 10_000),
    default=96,
    show_default=True,
    help="Training chips on which the ranges of activations are measured.",
)
@click.option(
    "--weights-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder to register the copy in.  [default: your own models]",
)
@json_option
def quantise_command(
    *,
    chips_dir: Path,
    model: str,
    name: str | None,
    count: int,
    weights_dir: Path | None,
    as_json: bool,
) -> None:
    """Make an int8 copy of a model; `tenken models evaluate` then tells what was lost.

    \b
    Examples:
      tenken models quantise runs/chips
      tenken models quantise runs/chips --model tenken-road-n --name roads-int8 --json
    """  # noqa: D301
    from models.quantise import quantise  # noqa: PLC0415  # pulls in ONNX

    own_dir = DetectSettings().models_dir
    entry = load_entry(model, weights_dir=folder_of(model, own_dir))
    target = own_dir if weights_dir is None else weights_dir
    made = quantise(
        entry,
        chips_dir,
        name=name or f"{model}-int8",
        weights_dir=target,
        cards_dir=CARDS_DIR if target == WEIGHTS_DIR else target,
        count=count,
    )
    size_mb = made.onnx_path.stat().st_size / 1e6
    if as_json:
        plain = {"name": made.name, "sha256": made.sha256, "bytes": made.onnx_path.stat().st_size}
        click.echo(json.dumps(plain, indent=2))
        return
    click.echo(f"{made.name}  {size_mb:.1f} MB  sha256 {made.sha256[:12]}")
    click.echo(f"`tenken models evaluate {made.name}` measures what it lost")
