"""Command ``tenken models leave-out``: a recipe on sources that it has never seen."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from datasets.options import data_dir_option, json_option
from inspection.errors import BadInput
from inspection.finite import FiniteRange
from models.commands.options import config_option, require_training_libraries
from models.judging.leave_out_rows import RESULTS_SUFFIX, keep_results, mean_tolerant_f1
from models.registry import WEIGHTS_DIR, list_names


@click.command("leave-out")
@click.argument("chips_dir", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--out",
    "out_dir",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="Folder of the runs, one below it for each source; interrupted ones go on.",
)
@click.option(
    "--source",
    "sources",
    multiple=True,
    help="Leave out only this source; may be given again. By default each with crack masks.",
)
@click.option(
    "--budget-min",
    type=FiniteRange(min=0, min_open=True),
    default=30.0,
    show_default=True,
    help="Minutes of training for each source.",
)
@click.option(
    "--weights-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=WEIGHTS_DIR,
    help="Folder of the model whose recipe it is; its card tells the result.",
)
@data_dir_option
@config_option
@json_option
def leave_out_command(
    *,
    chips_dir: Path,
    out_dir: Path,
    sources: tuple[str, ...],
    budget_min: float,
    weights_dir: Path,
    data_dir: Path,
    config_path: Path,
    as_json: bool,
) -> None:
    """Train the recipe without each source in turn, and score it on all of that source.

    \b
    Examples:
      tenken models leave-out runs/chips --out runs/left-out --budget-min 30
      tenken models leave-out runs/chips --out runs/left-out --source uav75 --json
    """  # noqa: D301
    require_training_libraries()
    from models.training.config import read_config  # noqa: PLC0415  # pulls in what only training needs
    from models.training.leave_out import crack_sources, leave_out  # noqa: PLC0415

    config = read_config(config_path)
    known = crack_sources(config)
    unknown = sorted(set(sources) - set(known))
    if unknown:
        raise BadInput(
            f"{', '.join(unknown)}: no source of {config.name} with crack masks; "
            f"choose from {', '.join(known)}"
        )
    results = []
    for source in sources or known:
        click.echo(f"without {source}", err=True)
        result = leave_out(
            config,
            source,
            chips_dir=chips_dir,
            start_weights=data_dir / "weights" / config.start_weights,
            data_dir=data_dir,
            out_dir=out_dir / source,
            budget_min=budget_min,
            report=lambda line: click.echo(line, err=True),
        )
        if config.name in list_names(weights_dir):
            keep_results(weights_dir / f"{config.name}{RESULTS_SUFFIX}", [result])
        results.append(result)
    if as_json:
        click.echo(json.dumps([asdict(result) for result in results], indent=2))
        return
    for result in results:
        counts = result.counts
        click.echo(
            f"{result.source}: IoU {counts.iou:.3f} F1 {counts.f1:.3f} "
            f"F1 within 2 px {counts.tolerant_f1:.3f} ({result.images} images, never seen)"
        )
    click.echo(f"mean F1 within 2 px: {mean_tolerant_f1(results):.3f}")
