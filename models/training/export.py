"""Write a trained network as the ONNX file and the description that the registry reads."""

import tempfile
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, numpy_helper
from torch import nn
from torch.nn import functional

from inspection.errors import BadInput, Refused
from models.registry import WEIGHTS_DIR, ModelEntry, sha256_of, write_entry
from models.rule import Rule
from models.scoring import Scorer
from models.training.config import RunConfig, TrainConfig
from models.training.loop import TrainState, to_tensor
from models.training.network import spread

INPUT_NAME = "images"
OUTPUT_NAME = "probabilities"
SIZE_MULTIPLE_PX = 32
OPSET = 18
SIZE_LIMIT_MB = 12.0


class ProbabilityNetwork(nn.Module):
    """Wrap a semantic network so that it gives class probabilities, as coarse as it computes them.

    Ultralytics' own export takes the argmax inside the graph; thresholds, blending across chips and
    calibration need the probabilities. They are enlarged outside, and only where that matters.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return (n, c, h / s, w / s) probabilities of (n, 3, h, w) float32 RGB images in 0..1."""
        return spread(self.network, self.network(images)).softmax(dim=1)


def network_scorer(network: nn.Module) -> Scorer:
    """Return a scorer that runs a torch network, to choose thresholds before it is registered."""
    wrapped = ProbabilityNetwork(network).eval()

    def score(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
        with torch.no_grad():
            coarse = wrapped(to_tensor([rgb]))
        full = functional.interpolate(
            coarse, size=rgb.shape[:2], mode="bilinear", align_corners=False
        )
        return np.asarray(full[0].numpy(), dtype=np.float32)

    return score


def output_stride(network: nn.Module) -> int:
    """Return the side of a place of the answer in pixels of the image."""
    with torch.no_grad():
        logits = spread(network, network(torch.zeros(1, 3, 64, 64)))
    return int(64 // logits.shape[-1])


def store_weights_as_half(model: onnx.ModelProto) -> onnx.ModelProto:
    """Halve the file: keep each float32 weight as float16 with a cast beside it.

    Arithmetic stays float32, and a runtime folds the casts when it loads the graph.
    """
    casts = []
    for weight in model.graph.initializer:
        values = numpy_helper.to_array(weight)
        if weight.data_type != TensorProto.FLOAT or values.size < 16:
            continue
        name = weight.name
        half = numpy_helper.from_array(values.astype(np.float16), name=f"{name}.half")
        weight.CopyFrom(half)
        casts.append(onnx.helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.checker.check_model(model)
    return model


def trace(wrapped: nn.Module, path: Path) -> None:
    """Write a module as float32 ONNX by tracing it; batch, height and width stay free."""
    free = {0: "n", 2: "h", 3: "w"}
    with warnings.catch_warnings():
        # the newer exporter needs another package and gives this graph nothing
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            wrapped,
            (torch.zeros(1, 3, 320, 320),),
            str(path),
            input_names=[INPUT_NAME],
            output_names=[OUTPUT_NAME],
            dynamic_axes={INPUT_NAME: free, OUTPUT_NAME: free},
            opset_version=OPSET,
            dynamo=False,
        )


def export_onnx(network: nn.Module, path: Path, metadata: Mapping[str, str]) -> None:
    """Write the network as ONNX with free batch, height and width and half-precision weights.

    Args:
        network: Trained semantic network.
        path: File to write.
        metadata: Words kept inside the file (licence, classes, origin).

    Raises:
        BadInput: The file would be larger than ``SIZE_LIMIT_MB``.
    """
    write_onnx(ProbabilityNetwork(network).eval(), path, metadata, trace=trace)


def write_onnx(
    wrapped: nn.Module,
    path: Path,
    metadata: Mapping[str, str],
    *,
    trace: Callable[[nn.Module, Path], None],
) -> None:
    """Write what ``trace`` makes of a module, with half-precision weights, whole or not at all.

    Raises:
        BadInput: The file would be larger than ``SIZE_LIMIT_MB``.
    """
    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder) / "network.onnx"
        trace(wrapped, draft)
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


def export_ultralytics(network: nn.Module, path: Path) -> None:
    """Write the network as a checkpoint that ``ultralytics.YOLO(path)`` loads.

    Raises:
        BadInput: The network tells parts of places, which Ultralytics takes for more classes.
    """
    if int(network.subpixel) > 1:  # type: ignore[arg-type]  # a field of ours
        raise BadInput(
            f"{path.name}: Ultralytics does not know the {network.subpixel} x {network.subpixel} "
            "parts of a place that this network tells; use the ONNX file, or train yolo26n-sem-s4"
        )
    torch.save({"model": network.half(), "ema": None, "train_args": {"task": "semantic"}}, path)
    network.float()


def register(
    state: TrainState,
    config: TrainConfig,
    *,
    classes: tuple[str, ...],
    rule: Rule,
    weights_dir: Path,
    cards_dir: Path,
) -> ModelEntry:
    """Write ``<name>.onnx`` and ``<name>.json`` into the weights folder and return the entry.

    Raises:
        Refused: The folder is the shipped one, and a licence forbids shipping what was learned.
    """
    refuse_unshippable(state, weights_dir)
    weights_dir.mkdir(parents=True, exist_ok=True)
    onnx_path = weights_dir / f"{config.name}.onnx"
    words = {"licence": config.licence, "classes": ",".join(classes)}
    export_onnx(state.average, onnx_path, words)
    entry = ModelEntry(
        name=config.name,
        onnx_path=onnx_path,
        sha256=sha256_of(onnx_path),
        classes=classes,
        thresholds=dict(rule.thresholds),
        continuation_ratio=rule.continuation_ratio,
        size_multiple_px=SIZE_MULTIPLE_PX,
        gsd_range_mm_per_px=config.gsd_range_mm_per_px,
        licence=config.licence,
        card_path=cards_dir / f"{config.name}.md",
        output_stride=output_stride(state.average),
        training=describe_training(state, config),
    )
    write_entry(entry)
    return entry


def refuse_unshippable(state: TrainState, weights_dir: Path) -> None:
    """Refuse the shipped folder to weights that may not be shipped.

    Raises:
        Refused: The folder is the shipped one, and a licence forbids shipping what was learned.
    """
    if state.unshippable and weights_dir.resolve() == WEIGHTS_DIR.resolve():
        raise Refused(
            f"weights that learned from {', '.join(state.unshippable)} may not be shipped by their "
            "licence; register them in a folder of your own with --weights-dir"
        )


def describe_training(state: TrainState, config: TrainConfig) -> dict[str, Any]:
    """Return what the card says about a training run."""
    return {
        **describe_run(state, config, state.average),
        **({"thresholds_from": list(config.thresholds_from)} if config.thresholds_from else {}),
    }


def describe_run(state: TrainState, config: RunConfig, network: nn.Module) -> dict[str, Any]:
    """Return what the card of any form says about the training run of a network."""
    return {
        "architecture": config.architecture,
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        "start_weights": config.start_weights,
        **({"begun_with": list(state.begun_with)} if state.begun_with else {}),
        "seed": config.seed,
        "chip_px": config.chip_px,
        "batch": config.batch,
        "steps": state.step,
        "minutes": round(state.elapsed_s / 60, 1),
        "first_loss": state.history[0]["loss"] if state.history else None,
        "last_loss": state.history[-1]["loss"] if state.history else None,
        "sampling": dict(config.sampling),
    }
