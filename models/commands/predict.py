"""Command ``tenken models predict``: what a model sees in a folder of images."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.progress import Progress

from inspection.errors import BadInput
from inspection.finite import FiniteRange
from inspection.settings import DetectSettings
from models.boxes.commands import predict_command
from models.boxes.registry import find_boxes
from models.detector import AUTO
from models.registry import DEFAULT_MODEL, folder_of, load_entry

if TYPE_CHECKING:
    from models.predict import Outcome


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--out",
    "out_dir",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="Folder of the answers.",
)
@click.option("--model", default=DEFAULT_MODEL, show_default=True, help="Name of the model.")
@click.option("--prob", is_flag=True, help="Write the probabilities too, as <stem>.prob.png.")
@click.option(
    "--overlay", is_flag=True, help="Write photos with their boxes drawn in, as <stem>.boxes.jpg."
)
@click.option(
    "--gsd-mm-per-px",
    type=FiniteRange(min=0.01, max=10000),
    help="Size of a pixel on the surface; areas are then given in m² too.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def predict(
    *,
    folder: Path,
    out_dir: Path,
    model: str,
    prob: bool,
    overlay: bool,
    gsd_mm_per_px: float | None,
    as_json: bool,
) -> None:
    """Write the classes of every image of FOLDER: <stem>.png, <stem>.json.

    A model that gives boxes writes them into <stem>.json, for road photos taken from a vehicle.

    An image that cannot be read is set aside with its reason and the rest goes on; the command
    then ends with exit code 2.

    \b
    Examples:
      tenken models predict photos/ --out seen/
      tenken models predict photos/ --out seen/ --prob --gsd-mm-per-px 0.8 --json
      tenken models predict drive/ --out seen/ --model tenken-road-boxes-n --overlay
    """  # noqa: D301
    from models.predict import images_in  # noqa: PLC0415  # pulls in OpenCV

    own_dir = DetectSettings().models_dir
    if (boxes := find_boxes(model, own_dir)) is not None:
        if prob or gsd_mm_per_px is not None:
            raise BadInput(
                f"{model} puts boxes into photos of a road ahead, which have no probability for "
                "each pixel and no one size of a pixel; leave --prob and --gsd-mm-per-px out"
            )
        seen = predict_command(boxes, folder, out_dir, engine=AUTO, overlay=overlay)
        tell(seen, len(images_in(folder)), as_json=as_json)
        return
    if overlay:
        raise BadInput(f"--overlay draws boxes; {model} tells the class of each pixel")
    from models.detector import load_detector  # noqa: PLC0415  # pulls in OpenVINO
    from models.predict import Predictor, predict_folder  # noqa: PLC0415
    from models.scoring import detector_scorer  # noqa: PLC0415

    weights_dir = folder_of(model, own_dir)
    entry = load_entry(model, weights_dir=weights_dir)
    images = images_in(folder)
    low, high = entry.gsd_range_mm_per_px
    if gsd_mm_per_px is not None and not low <= gsd_mm_per_px <= high:
        click.echo(
            f"warning: {gsd_mm_per_px:g} mm/px is outside the {low:g}–{high:g} mm/px for which "
            f"{model} was trained; expect missed and false detections",
            err=True,
        )
    detector = load_detector(model, weights_dir=weights_dir)
    predictor = Predictor(
        scorer=detector_scorer(detector, size_multiple_px=entry.size_multiple_px),
        model_id=detector.model_id,
        classes=entry.classes,
        rule=entry.rule,
    )
    seen = predict_folder(
        predictor, folder, out_dir, probabilities=prob, gsd_mm_per_px=gsd_mm_per_px
    )
    tell(seen, len(images), as_json=as_json)


def tell(seen: "Iterable[Outcome]", count: int, *, as_json: bool) -> None:
    """Work through images and tell what became of each.

    Raises:
        BadInput: One could not be read; the others are done.
    """
    outcomes = []
    with Progress(transient=True, disable=as_json) as progress:
        task = progress.add_task("images", total=count)
        for outcome in seen:
            outcomes.append(outcome)
            progress.advance(task)
    if as_json:
        click.echo(json.dumps([asdict(outcome) for outcome in outcomes], indent=1))
    else:
        for outcome in outcomes:
            told = outcome.reason or f"{outcome.objects} objects"
            click.echo(f"{outcome.image}: {told}")
    aside = [outcome for outcome in outcomes if outcome.reason is not None]
    if aside:
        raise BadInput(f"{len(aside)} of {len(outcomes)} images could not be read, see above")
