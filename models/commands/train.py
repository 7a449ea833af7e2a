"""Command ``tenken models train``: learn from chips or photos, stopped and started at will."""

from pathlib import Path

import click

from datasets.options import data_dir_option
from inspection.errors import BadInput
from inspection.finite import FiniteRange
from inspection.settings import DetectSettings
from models.boxes.commands import train_command as train_boxes
from models.commands.options import config_option, require_training_libraries
from models.registry import ModelEntry, folder_of, load_entry
from models.training.config import BOXES, form_of


@click.command("train")
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
def train_command(
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
        train_boxes(
            config_path,
            data_dir=data_dir,
            out_dir=out_dir,
            budget_min=budget_min,
            report=click.echo,
        )
        return
    require_training_libraries()
    from models.training.config import read_config  # noqa: PLC0415  # see the module's docstring
    from models.training.train import train as run_training  # noqa: PLC0415

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
    from models.training.loop import CHECKPOINT_NAME  # noqa: PLC0415  # see the module's docstring

    if (folder := Path(told)).is_dir():
        return folder / CHECKPOINT_NAME
    own_dir = DetectSettings().models_dir
    return load_entry(told, weights_dir=folder_of(told, own_dir))
