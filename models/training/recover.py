"""Take the weights of a registered network back into one that learns.

An exported file keeps what is needed to see: BatchNorm is folded into the convolutions, weights
are halved, optimiser and auxiliary head are gone. A run can begin with it all the same, so whoever
has a model but not the run it came from, the shipped ones among them, can teach it more.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import nn

from datasets.manifest import Source
from datasets.sources import PROCEDURAL, READERS
from inspection.errors import BadInput, Broken, NotFound
from models.registry import WEIGHTS_DIR, ModelEntry
from models.training.loop import TrainState
from models.training.network import measure_batch_norm

SCOPE: Final = "/network/"
"""What the exported graph calls the network (``models.training.export.ProbabilityNetwork``)."""

Folded = tuple[torch.Tensor, torch.Tensor]


def begin_with_model(state: TrainState, entry: ModelEntry, images: Iterable[torch.Tensor]) -> int:
    """Give a state the weights of a registered network; count the convolutions taken.

    What that network computes of the classes that both know is not changed: each BatchNorm it had
    is the identity with the statistics of the images, so that the first step does not destroy it.
    What the model learned from binds this run too.

    Args:
        state: A run that has taken no step.
        entry: A model of the same architecture; what it knows of a class of another name is lost,
            and a class that it does not know begins afresh.
        images: Training images, (n, 3, h, w) float32.

    Raises:
        NotFound: There is no such file.
        Broken: The file is damaged, or not one that ``tenken models export`` wrote.
        BadInput: The model has another architecture.
    """
    found = folded_convolutions(entry.onnx_path)
    layers = dict(state.network.named_modules())
    *inner, last = found
    strange = [name for name in inner if not _fits(layers.get(name), found[name])]
    if strange or not isinstance(layers.get(last), nn.Conv2d):
        raise BadInput(
            f"{len(strange) or 1} of {len(found)} convolutions of {entry.name} do not fit the "
            f"network, the first of them {(*strange, last)[0]}; begin with a model of the same "
            "architecture"
        )
    normed = [norm for name in inner if (norm := _take(layers, name, found[name])) is not None]
    _take_classes(layers[last], found[last], entry.classes, list(state.network.names.values()))  # type: ignore[operator]  # Ultralytics' own field
    measure_batch_norm(state.network, normed, images)
    state.average.load_state_dict(state.network.state_dict())
    state.begun_with = (*map(str, entry.training.get("begun_with", ())), _told(entry))
    state.unshippable = tuple(sorted({*state.unshippable, *_binding(entry, READERS.values())}))
    return len(found)


def folded_convolutions(path: Path) -> dict[str, Folded]:
    """Return weight and bias of each convolution by the name of its layer, in the graph's order.

    Raises:
        NotFound: There is no such file.
        Broken: The file is damaged, or not one that ``tenken models export`` wrote.
    """
    if not path.is_file():
        raise NotFound(f"no {path.name} to begin with")
    try:
        graph = onnx.load(str(path)).graph
    except Exception as error:  # protobuf's and onnx's own ways to say so are many
        raise Broken(f"{path.name} is no whole ONNX file: {error}") from error
    values = {each.name.removesuffix(".half"): each for each in graph.initializer}
    for node in graph.node:  # weights that are equal are kept once
        if node.op_type == "Identity" and node.input[0] in values:
            values[node.output[0]] = values[node.input[0]]
    found: dict[str, Folded] = {}
    for node in graph.node:
        if node.op_type != "Conv":
            continue
        scope, _, rest = node.name.partition(SCOPE)
        parts = [values.get(name) for name in node.input[1:3]]
        if scope or not rest or len(parts) != 2 or None in parts:
            raise Broken(f"{path.name} was not written by `tenken models export`: {node.name!r}")
        weight, bias = (
            torch.from_numpy(numpy_helper.to_array(part).astype(np.float32)) for part in parts
        )
        found[_layer_name(rest)] = (weight, bias)
    return found


def _layer_name(scope: str) -> str:
    """Turn a place in the graph into the name of a layer of the network.

    Modules of a sequence are told with the sequence's name before them.

    Examples:
        >>> _layer_name("model.2/m.0/cv1/conv/Conv")
        'model.2.m.0.cv1.conv'
        >>> _layer_name("model.24/classifier/classifier.1/Conv")
        'model.24.classifier.1'
    """
    parts = scope.split("/")[:-1]
    kept = [
        part
        for part, after in zip(parts, [*parts[1:], ""], strict=True)
        if not after.startswith(f"{part}.")
    ]
    return ".".join(kept)


def _fits(layer: nn.Module | None, values: Folded) -> bool:
    return isinstance(layer, nn.Conv2d) and layer.weight.shape == values[0].shape


def _take(layers: Mapping[str, nn.Module], name: str, values: Folded) -> nn.BatchNorm2d | None:
    """Give a layer its weights; return the BatchNorm behind it, now the identity plus the bias."""
    layer, (weight, bias) = layers[name], values
    assert isinstance(layer, nn.Conv2d)
    normed = layers.get(f"{name.removesuffix('.conv')}.bn")
    with torch.no_grad():
        layer.weight.copy_(weight)
        if layer.bias is not None:
            layer.bias.copy_(bias)
            return None
        assert isinstance(normed, nn.BatchNorm2d)
        assert normed.running_mean is not None
        assert normed.running_var is not None
        normed.running_mean.zero_()
        normed.running_var.fill_(1 - normed.eps)
        normed.weight.fill_(1)
        normed.bias.copy_(bias)
    return normed


def _take_classes(
    layer: nn.Module, values: Folded, known: Sequence[str], wanted: Sequence[str]
) -> None:
    """Give the last convolution the rows of the classes that both know; new ones begin afresh.

    A class has as many rows, side by side, as a place has parts.
    """
    assert isinstance(layer, nn.Conv2d)
    assert layer.bias is not None
    parts = layer.out_channels // len(wanted)
    with torch.no_grad():
        for own, theirs in zip((layer.weight, layer.bias), values, strict=True):
            rows, taken = own.view(len(wanted), parts, -1), theirs.view(len(known), parts, -1)
            for number, name in enumerate(wanted):
                if name in known:
                    rows[number] = taken[known.index(name)]


def _told(entry: ModelEntry) -> str:
    """Say in short what a model is, and what its own last run was."""
    run: Mapping[str, Any] = entry.training
    return (
        f"{entry.name} ({entry.sha256[:12]}): {run.get('architecture', 'unknown')}, "
        f"{run.get('steps', '?')} steps of {run.get('batch', '?')} x {run.get('chip_px', '?')} px "
        f"in {run.get('minutes', '?')} min, seed {run.get('seed', '?')}"
    )


def _binding(entry: ModelEntry, sources: Iterable[tuple[Source, object]]) -> frozenset[str]:
    """Return what a model learned from that may not be shipped, or is not known to be.

    What stands in the shipped folder was let in there.
    """
    if entry.onnx_path.parent.resolve() == WEIGHTS_DIR.resolve():
        return frozenset()
    free = {source.name for source, _ in sources if source.shippable}
    return frozenset(entry.training.get("sampling", {entry.name: 1})) - {*free, PROCEDURAL}
