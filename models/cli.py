"""Commands ``tenken models``: from training to a registered, judged and timed model.

torch and Ultralytics (extra ``ml``) are imported only by the commands that need them.
"""

import json
from pathlib import Path

import click

from datasets.options import data_dir_option, json_option
from inspection.errors import BadInput
from inspection.finite import FiniteRange
from inspection.settings import DetectSettings
from models.bench import bench
from models.boxes.commands import (
    described,
    listed,
    train_command,
)
from models.boxes.registry import list_boxes
from models.config import BOXES, form_of
from models.evaluate_cli import evaluate_command
from models.export_cli import describe, export_command
from models.leave_out_cli import leave_out_command
from models.matrix_cli import matrix_command
from models.options import config_option, require_training_libraries
from models.predict_cli import predict
from models.quantise_cli import quantise_command
from models.recipe_cli import recipe_command
from models.register_cli import register
from models.registry import (
    DEFAULT_MODEL,
    ModelEntry,
    folder_of,
    list_entries,
    load_entry,
)
from models.thorough_cli import thorough_command


@click.group()
def models() -> None:
    """Train, judge, time, export and list detection models."""


models.add_command(bench)
models.add_command(evaluate_command)
models.add_command(export_command)
models.add_command(leave_out_command)
models.add_command(matrix_command)
models.add_command(predict)
models.add_command(quantise_command)
models.add_command(recipe_command)
models.add_command(thorough_command)
models.add_command(register)


@models.command("list")
@json_option
def list_command(*, as_json: bool) -> None:
    """List the registered models; each file is checked against its digest.

    \b
    Examples:
      tenken models list
      tenken models list --json
    """  # noqa: D301
    own_dir = DetectSettings().models_dir
    entries = (*list_entries(), *list_entries(weights_dir=own_dir))
    of_boxes = (*list_boxes(), *list_boxes(own_dir))
    if as_json:
        rows = [*(describe(entry) for entry in entries), *(described(entry) for entry in of_boxes)]
        click.echo(json.dumps(rows, indent=2))
        return
    for entry in entries:
        low, high = entry.gsd_range_mm_per_px
        size_mb = entry.onnx_path.stat().st_size / 1e6
        mark = "  (default)" if entry.name == DEFAULT_MODEL else ""
        click.echo(
            f"{entry.name}  {size_mb:.1f} MB  {low}-{high} mm/px  {entry.licence}  "
            f"sha256 {entry.sha256[:12]}{mark}"
        )
        click.echo(f"  classes: {', '.join(entry.classes[1:])}")
    for boxes in of_boxes:
        click.echo(listed(boxes))


@models.command()
@click.argument(
    "chips_dir", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path)
)
@click.option(
    "--out",
    "out_dir",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="Folder of checkpoint and log; an interrupted run in it goes on.",
)
@click.option(
    "--budget-min",
    type=FiniteRange(min=0, min_open=True),
    default=60.0,
    show_default=True,
    help="Minutes of training over all runs of the folder.",
)
@click.option(
    "--begin-with",
    "beginning",
    metavar="RUN|MODEL",
    help="Folder of another run, or name of a registered model: begin with its weights.",
)
@data_dir_option
@config_option
def train(
    *,
    chips_dir: Path | None,
    out_dir: Path,
    budget_min: float,
    beginning: str | None,
    data_dir: Path,
    config_path: Path,
) -> None:
    """Train on the chips that `tenken datasets build` wrote; stop and start it as you like.

    A configuration with `form: boxes` takes no chips: it learns from the photos themselves.

    \b
    Examples:
      tenken datasets build --out runs/chips
      tenken models train runs/chips --out runs/first --budget-min 60
      tenken models train runs/chips --out runs/second --begin-with runs/first
      tenken models train runs/chips --out runs/ours --begin-with tenken-crack-n
      tenken models train --config models/configs/tenken-road-boxes-n.yaml --out runs/boxes
    """  # noqa: D301
    form = form_of(config_path)
    if (chips_dir is None) != (form == BOXES):
        raise BadInput(
            f"{config_path.name} trains a network of {form}: "
            + ("leave the folder of chips out" if form == BOXES else "name the folder of chips")
        )
    if chips_dir is None:
        if beginning is not None:
            raise BadInput("--begin-with is for networks of pixels")
        train_command(
            config_path,
            data_dir=data_dir,
            out_dir=out_dir,
            budget_min=budget_min,
            report=click.echo,
        )
        return
    require_training_libraries()
    from models.config import read_config  # noqa: PLC0415  # see the module's docstring
    from models.train import train as run_training  # noqa: PLC0415

    config = read_config(config_path)
    state = run_training(
        config,
        chips_dir=chips_dir,
        start_weights=data_dir / "weights" / config.start_weights,
        out_dir=out_dir,
        budget_min=budget_min,
        beginning=read_beginning(beginning) if beginning else None,
        report=click.echo,
    )
    click.echo(f"{state.step} steps in {state.elapsed_s / 60:.1f} min; `tenken models export` next")


def read_beginning(told: str) -> Path | ModelEntry:
    """Return the checkpoint of the run in a folder, or the registered model of a name.

    Raises:
        NotFound: There is neither such a folder nor such a model.
    """
    from models.loop import CHECKPOINT_NAME  # noqa: PLC0415  # see the module's docstring

    if (folder := Path(told)).is_dir():
        return folder / CHECKPOINT_NAME
    own_dir = DetectSettings().models_dir
    return load_entry(told, weights_dir=folder_of(told, own_dir))
