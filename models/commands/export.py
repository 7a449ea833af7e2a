"""Command ``tenken models export``: choose thresholds, write ONNX, register the model."""

import json
from pathlib import Path

import click

from datasets.options import data_dir_option, json_option
from inspection.errors import BadInput
from inspection.settings import DetectSettings
from models.boxes.commands import described
from models.boxes.commands import export_command as export_boxes
from models.commands.listing import describe
from models.commands.options import config_option, require_training_libraries, say, sets_option
from models.commands.register import check_name
from models.registry import (
    BOXES_FOLDER,
    CARDS_DIR,
    WEIGHTS_DIR,
    ModelEntry,
)
from models.training.config import BOXES, form_of


@click.command("export")
@click.argument("run_dir", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--weights-dir",
    "chosen_dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder to register it in; models/weights to ship it.  [default: your own models]",
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
def export_command(
    *,
    run_dir: Path,
    chosen_dir: Path | None,
    torch_file: Path | None,
    sets: tuple[Path, ...],
    data_dir: Path,
    config_path: Path,
    as_json: bool,
) -> None:
    """Choose thresholds on the val images, write ONNX, and register the model.

    \b
    Examples:
      tenken models export runs/noto --config runs/noto.yaml --set sets/2026/set.yaml
      tenken models export runs/first --weights-dir models/weights
      tenken models export runs/first --weights-dir own --torch-file own/model.pt
      tenken models export runs/boxes --config models/configs/tenken-road-boxes-n.yaml
    """  # noqa: D301
    weights_dir = DetectSettings().models_dir if chosen_dir is None else chosen_dir
    ships = weights_dir.resolve() == WEIGHTS_DIR.resolve()
    if form_of(config_path) == BOXES:
        if torch_file is not None:
            raise BadInput("--torch-file is for networks of pixels; boxes are exported as ONNX")
        if sets:
            raise BadInput("--set is for networks of pixels; boxes judge by their own sources")
        boxes = export_boxes(
            config_path,
            run_dir,
            data_dir=data_dir,
            weights_dir=weights_dir,
            cards_dir=CARDS_DIR if ships else weights_dir / BOXES_FOLDER,
            report=say,
        )
        told, path = described(boxes), boxes.onnx_path
    else:
        entry = export_pixels(
            config_path,
            run_dir,
            torch_file=torch_file,
            sets=sets,
            data_dir=data_dir,
            weights_dir=weights_dir,
            cards_dir=CARDS_DIR if ships else weights_dir,
            own=chosen_dir is None,
        )
        told, path = describe(entry), entry.onnx_path
    click.echo(json.dumps(told, indent=2) if as_json else f"wrote {path}")


def export_pixels(
    config_path: Path,
    run_dir: Path,
    *,
    torch_file: Path | None,
    sets: tuple[Path, ...],
    data_dir: Path,
    weights_dir: Path,
    cards_dir: Path,
    own: bool,
) -> ModelEntry:
    """Choose the rule of a network of pixels and register it.

    Raises:
        Conflict: It goes to one's own models under the name of one that comes along.
    """
    require_training_libraries()
    from models.judging.choose import choose_rule  # noqa: PLC0415
    from models.training import export as exporting  # noqa: PLC0415  # torch is slow to import
    from models.training.config import read_config  # noqa: PLC0415
    from models.training.loop import CHECKPOINT_NAME  # noqa: PLC0415
    from models.training.train import PIXEL_FORM  # noqa: PLC0415

    config = read_config(config_path)
    state = PIXEL_FORM.resume(config, run_dir / CHECKPOINT_NAME)
    if own:
        check_name(config.name, weights_dir, replace=True)
    rule = choose_rule(
        exporting.network_scorer(state.average),
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
    return entry
