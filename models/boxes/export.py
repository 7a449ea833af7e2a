"""Write a trained box network as the ONNX file and the description that the registry reads."""

import tempfile
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import onnx
import torch
from torch import nn

from inspection.domain.taxonomy import DamageClass
from inspection.errors import BadInput, Conflict, Refused
from models.boxes.config import BoxConfig
from models.boxes.judge import OVERLAPS, Report, look_at_all, network_look
from models.boxes.network import HALVES, BoxNetwork, Half
from models.boxes.photos import PhotoFile
from models.boxes.precision import average_precision, best_thresholds, mean_precision
from models.boxes.registry import BoxEntry, write_boxes
from models.export import OPSET, SIZE_LIMIT_MB, store_weights_as_half
from models.loop import TrainState
from models.registry import BOXES_FOLDER, WEIGHTS_DIR, list_names, sha256_of


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


def export_boxes(network: BoxNetwork, path: Path, metadata: Mapping[str, str]) -> None:
    """Write a box network as ONNX with half-precision weights.

    Args:
        network: One half of a trained network.
        path: File to write.
        metadata: Words kept inside the file (licence, classes).

    Raises:
        BadInput: The file would be larger than ``SIZE_LIMIT_MB``.
    """
    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder) / "network.onnx"
        trace_boxes(network, draft)
        model = store_weights_as_half(onnx.load(str(draft)))
    for key, value in sorted(metadata.items()):
        entry = model.metadata_props.add()
        entry.key, entry.value = key, value
    content = model.SerializeToString()
    if len(content) > SIZE_LIMIT_MB * 1e6:
        raise BadInput(
            f"{path.name} would be {len(content) / 1e6:.1f} MB, more than {SIZE_LIMIT_MB:g} MB"
        )
    part = path.with_suffix(".part")
    part.write_bytes(content)
    part.replace(path)


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
    if state.unshippable and weights_dir.resolve() == WEIGHTS_DIR.resolve():
        raise Refused(
            f"weights that learned from {', '.join(state.unshippable)} may not be shipped by their "
            "licence; register them in a folder of your own with --weights-dir"
        )
    half, thresholds, means = choose_half(state.average, config, photos, report=report)
    folder = weights_dir / BOXES_FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{config.name}.onnx"
    words = {"licence": config.licence, "classes": ",".join(config.classes)}
    export_boxes(BoxNetwork(state.average, half), path, words)
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
        "architecture": config.architecture,
        "parameters": sum(
            parameter.numel() for parameter in BoxNetwork(state.average, half).parameters()
        ),
        "start_weights": config.start_weights,
        "seed": config.seed,
        "view_px": config.chip_px,
        "batch": config.batch,
        "steps": state.step,
        "minutes": round(state.elapsed_s / 60, 1),
        "first_loss": state.history[0]["loss"] if state.history else None,
        "last_loss": state.history[-1]["loss"] if state.history else None,
        "half_of_the_head": half,
        "map50_of_both_halves": {name: round(mean, 4) for name, mean in means.items()},
        "labels": {name: list(labels) for name, labels in config.labels.items()},
        "sampling": dict(config.sampling),
    }
