"""Command ``tenken models evaluate``: score a registered model and write its card."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from datasets.options import data_dir_option, json_option
from inspection.errors import BadInput
from inspection.settings import DetectSettings
from models.boxes.commands import evaluate_command as judge_boxes
from models.boxes.commands import summary_of
from models.boxes.registry import BoxEntry, find_boxes
from models.commands.options import say, sets_option
from models.detector import AUTO
from models.registry import DEFAULT_MODEL, folder_of, load_entry


@click.command("evaluate")
@click.argument("name", default=DEFAULT_MODEL)
@click.option("--card/--no-card", default=True, help="Write the model's card from the scores.")
@click.option(
    "--precision",
    type=click.Choice(["f32", "bf16"]),
    default="f32",
    show_default=True,
    help="Arithmetic; a card is only written of f32.",
)
@sets_option
@data_dir_option
@json_option
def evaluate_command(
    *,
    name: str,
    card: bool,
    precision: str,
    sets: tuple[Path, ...],
    data_dir: Path,
    as_json: bool,
) -> None:
    """Score a registered model on held-out images and on the quay strip; write its card.

    What is not here is left out, and the card says so; sets of your own judge too.

    \b
    Examples:
      tenken models evaluate
      tenken models evaluate tenken-crack-n --precision bf16
      tenken models evaluate tenken-crack-n --no-card --json
      tenken models evaluate tenken-road-boxes-n
      tenken models evaluate noto-spall --set sets/2026/set.yaml
    """  # noqa: D301
    own_dir = DetectSettings().models_dir
    if (boxes := find_boxes(name, own_dir)) is not None:
        if sets:
            raise BadInput(f"{name} gives boxes; --set is for networks of pixels")
        evaluate_boxes(boxes, card=card, precision=precision, data_dir=data_dir, as_json=as_json)
        return
    from models.detector import load_detector  # noqa: PLC0415  # pulls in OpenVINO
    from models.judging.card import write_card  # noqa: PLC0415  # pulls in OpenCV and the readers
    from models.judging.evaluate import evaluate as judge  # noqa: PLC0415
    from models.scoring import detector_scorer  # noqa: PLC0415

    weights_dir = folder_of(name, own_dir)
    entry = load_entry(name, weights_dir=weights_dir)
    detector = load_detector(name, precision=precision, weights_dir=weights_dir)
    scorer = detector_scorer(detector, size_multiple_px=entry.size_multiple_px)
    result = judge(scorer, data_dir, entry.rule, entry.classes, sets=sets, report=say)
    if card and precision == "f32":
        write_card(entry, result)
        say(f"wrote {entry.card_path.name}")
    if as_json:
        click.echo(json.dumps(asdict(result), indent=2))
        return
    for line in summary_lines(result.pixels):
        click.echo(line)
    if result.strip:
        click.echo(strip_line(result.strip.values()))


def evaluate_boxes(
    entry: BoxEntry, *, card: bool, precision: str, data_dir: Path, as_json: bool
) -> None:
    """Score a box model on the val photos of its sources.

    Raises:
        BadInput: Another arithmetic than f32 was asked for.
    """
    if precision != "f32":
        raise BadInput(f"{entry.name} gives boxes, which are computed in f32 only")
    result = judge_boxes(entry, data_dir=data_dir, engine=AUTO, card=card, report=say)
    if as_json:
        click.echo(json.dumps(asdict(result), indent=2))
        return
    for line in summary_of(entry, result):
        click.echo(line)


def strip_line(photos: Iterable[Any]) -> str:
    """Return one line about all photos of the quay strip; none of them is nought, not an error."""
    found = list(photos)
    hit, boxes, false = (
        sum(getattr(counts, name) for counts in found) for name in ("hit", "boxes", "false_alarms")
    )
    area_m2 = sum(counts.area_m2 for counts in found)
    rate = 100 * false / area_m2 if area_m2 else 0.0
    return f"quay strip: {hit} of {boxes} boxes, {rate:.1f} false per 100 m²"


def summary_lines(scores: Sequence[Any]) -> list[str]:
    """Return one line a source and class that is labelled there."""
    return [
        f"{source.source} {source.split} {name}: IoU {counts.iou:.3f} F1 {counts.f1:.3f} "
        f"F1 within 2 px {counts.tolerant_f1:.3f}"
        for source in scores
        for name, counts in source.counts.items()
        if counts.labelled
    ]
