"""Write a trained box network as the ONNX file and the description that the registry reads."""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from inspection.domain.taxonomy import DamageClass
from inspection.errors import Conflict
from models.boxes.config import BoxConfig
from models.boxes.judge import OVERLAPS, Report, look_at_all, network_look
from models.boxes.network import HALVES, BoxNetwork, Half
from models.boxes.photos import PhotoFile
from models.boxes.precision import average_precision, best_thresholds, mean_precision
from models.boxes.registry import BoxEntry, write_boxes
from models.registry import BOXES_FOLDER, WEIGHTS_DIR, list_names, sha256_of
from models.training.export import OPSET, describe_run, refuse_unshippable, write_onnx
from models.training.loop import TrainState


def trace_boxes(wrapped: nn.Module, path: Path) -> None:
    """Write a module that answers boxes as float32 ONNX by tracing it; any size of picture."""
    free = {0: "n", 2: "h", 3: "w"}
    with warnings.catch_warnings():
        # the newer exporter needs another package; a head that is traced says that it is traced
        warnings.simplefilter("ignore")
        torch.onnx.export(
            wrapped,
            (torch.zeros(1, 3, 640, 640),),
            str(path),
            input_names=["images"],
            output_names=["boxes"],
            dynamic_axes={"images": free, "boxes": {0: "n"}},
            opset_version=OPSET,
            dynamo=False,
        )


def choose_half(
    network: nn.Module, config: BoxConfig, photos: Sequence[PhotoFile], *, report: Report
) -> tuple[Half, list[float], dict[str, float]]:
    """Return the half of the head with the better mAP50 on photos, and its thresholds.

    Returns:
        The half, the threshold of each class with its best F1, and the mAP50 of both halves.
    """
    seen = {}
    for half in HALVES:
        seen[half] = look_at_all(network_look(BoxNetwork(network, half), config, half), photos)
    count = len(config.classes)
    means = {half: mean_precision(average_precision(seen[half], count))[0] for half in HALVES}
    for half, mean in means.items():
        report(f"half that answers {half}: mAP50 {mean:.3f} on {len(photos)} photos")
    best = max(HALVES, key=lambda half: means[half])
    return best, best_thresholds(seen[best], count), {half: means[half] for half in HALVES}


def register_boxes(
    state: TrainState,
    config: BoxConfig,
    photos: Sequence[PhotoFile],
    *,
    weights_dir: Path,
    cards_dir: Path,
    report: Report = print,
) -> BoxEntry:
    """Choose the half and the thresholds on validation photos, write the network, register it.

    Raises:
        Refused: The folder is the shipped one, and a licence forbids shipping what was learned.
        Conflict: A model of pixels has the name already.
        BadInput: The file would be too large.
    """
    for folder in {WEIGHTS_DIR, weights_dir}:
        if config.name in list_names(folder):
            raise Conflict(f"{config.name} is a model of pixels already; choose another name")
    refuse_unshippable(state, weights_dir)
    half, thresholds, means = choose_half(state.average, config, photos, report=report)
    folder = weights_dir / BOXES_FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{config.name}.onnx"
    words = {"licence": config.licence, "classes": ",".join(config.classes)}
    write_onnx(BoxNetwork(state.average, half), path, words, trace=trace_boxes)
    entry = BoxEntry(
        name=config.name,
        onnx_path=path,
        sha256=sha256_of(path),
        classes=config.classes,
        damage={name: DamageClass(kind) for name, kind in config.damage().items()},
        thresholds={
            name: round(value, 3) for name, value in zip(config.classes, thresholds, strict=True)
        },
        overlap=OVERLAPS[half],
        photo_px=config.photo_px,
        licence=config.licence,
        card_path=cards_dir / f"{config.name}.md",
        training=describe_box_training(state, config, half, means),
    )
    write_boxes(entry)
    return entry


def describe_box_training(
    state: TrainState, config: BoxConfig, half: Half, means: Mapping[str, float]
) -> dict[str, Any]:
    """Return what the card says about a training run."""
    return {
        **describe_run(state, config, BoxNetwork(state.average, half)),
        "half_of_the_head": half,
        "map50_of_both_halves": {name: round(mean, 4) for name, mean in means.items()},
        "labels": {name: list(labels) for name, labels in config.labels.items()},
    }
