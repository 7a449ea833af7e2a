"""Commands ``tenken models``: from training to a registered, judged and timed model.

torch and Ultralytics (extra ``ml``) are imported only by the commands that need them.
"""

import json
from pathlib import Path
from typing import Any

import click

from datasets.options import data_dir_option, json_option
from inspection.errors import BadInput
from inspection.finite import FiniteRange
from inspection.settings import DetectSettings
from models.bench import bench
from models.boxes.commands import (
    described,
    export_command,
    listed,
    train_command,
)
from models.boxes.registry import list_boxes
from models.config import BOXES, PIXELS, form_of
from models.evaluate_cli import evaluate_command
from models.leave_out_cli import leave_out_command
from models.matrix_cli import matrix_command
from models.options import config_option, require_training_libraries, say, sets_option
from models.predict_cli import predict
from models.quantise_cli import quantise_command
from models.register_cli import register
from models.registry import (
    BOXES_FOLDER,
    CARDS_DIR,
    DEFAULT_MODEL,
    WEIGHTS_DIR,
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
models.add_command(leave_out_command)
models.add_command(matrix_command)
models.add_command(predict)
models.add_command(quantise_command)
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


def describe(entry: ModelEntry) -> dict[str, Any]:
    """Return a registered model as plain values."""
    return {
        "name": entry.name,
        "form": PIXELS,
        "default": entry.name == DEFAULT_MODEL,
        "file": entry.onnx_path.name,
        "bytes": entry.onnx_path.stat().st_size,
        "sha256": entry.sha256,
        "classes": list(entry.classes),
        "thresholds": dict(entry.thresholds),
        "continuation_ratio": entry.continuation_ratio,
        "size_multiple_px": entry.size_multiple_px,
        "gsd_range_mm_per_px": list(entry.gsd_range_mm_per_px),
        "output_stride": entry.output_stride,
        "licence": entry.licence,
        "card": entry.card_path.name,
        "training": dict(entry.training),
    }


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


@models.command()
@click.argument("run_dir", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--weights-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=WEIGHTS_DIR,
    help="Folder to register the model in.",
)
@click.option(
    "--torch-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also write a checkpoint that Ultralytics loads.",
)
@sets_option
@data_dir_option
@config_option
@json_option
def export(
    *,
    run_dir: Path,
    weights_dir: Path,
    torch_file: Path | None,
    sets: tuple[Path, ...],
    data_dir: Path,
    config_path: Path,
    as_json: bool,
) -> None:
    """Choose thresholds on the val images, write ONNX, and register the model.

    \b
    Examples:
      tenken models export runs/first
      tenken models export runs/first --torch-file runs/first/model.pt
      tenken models export runs/ours --weights-dir own --set sets/2026/set.yaml
      tenken models export runs/boxes --config models/configs/tenken-road-boxes-n.yaml
    """  # noqa: D301
    cards_dir = CARDS_DIR if weights_dir == WEIGHTS_DIR else weights_dir
    if form_of(config_path) == BOXES:
        if torch_file is not None:
            raise BadInput("--torch-file is for networks of pixels; boxes are exported as ONNX")
        if sets:
            raise BadInput("--set is for networks of pixels")
        boxes = export_command(
            config_path,
            run_dir,
            data_dir=data_dir,
            weights_dir=weights_dir,
            cards_dir=CARDS_DIR if weights_dir == WEIGHTS_DIR else weights_dir / BOXES_FOLDER,
            report=say,
        )
        click.echo(
            json.dumps(described(boxes), indent=2) if as_json else f"wrote {boxes.onnx_path}"
        )
        return
    require_training_libraries()
    from models import export as exporting  # noqa: PLC0415  # see the module's docstring
    from models.choose import choose_rule  # noqa: PLC0415
    from models.config import read_config  # noqa: PLC0415
    from models.loop import CHECKPOINT_NAME  # noqa: PLC0415
    from models.train import PIXEL_FORM  # noqa: PLC0415

    config = read_config(config_path)
    state = PIXEL_FORM.resume(config, run_dir / CHECKPOINT_NAME)
    scorer = exporting.network_scorer(state.average)
    rule = choose_rule(
        scorer,
        data_dir,
        config.classes,
        among=frozenset(config.thresholds_from),
        sets=sets,
        report=say,
    )
    entry = exporting.register(
        state,
        config,
        classes=config.classes,
        rule=rule,
        weights_dir=weights_dir,
        cards_dir=cards_dir,
    )
    if torch_file is not None:
        exporting.export_ultralytics(state.average, torch_file)
    click.echo(json.dumps(describe(entry), indent=2) if as_json else f"wrote {entry.onnx_path}")
