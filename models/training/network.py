"""Build the semantic network and give it its start weights.

The network class is Ultralytics' own, so checkpoints load with Ultralytics.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import torch
import yaml
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional

from inspection.errors import BadInput, NotFound
from models.backends.torchvision_nms import ensure_torchvision

ensure_torchvision()
from PIL import Image  # noqa: E402
from ultralytics.nn.tasks import SemanticSegmentationModel  # noqa: E402  # needs torchvision's nms
from ultralytics.utils import patches  # noqa: E402

# Ultralytics replaces Pillow's open by one that installs packages when a file is no image; the
# rest of Tenken must not meet it.
Image.open = patches._image_open

ARCHITECTURES_DIR = Path(__file__).parent.parent / "architectures"
HEAD_INPUT_LAYER = 17  # layers below come from the COCO network, layers from here on are new


def build_network(architecture: str, class_names: tuple[str, ...]) -> nn.Module:
    """Return a randomly initialised network; ``spread`` what its ``forward`` gives.

    ``forward`` gives (n, classes, h/4, w/4) logits, and in training mode the pair (logits,
    auxiliary logits of stride 8). An architecture with a ``subpixel`` factor r gives r² times the
    channels, each the class of one of the r x r parts of a place.

    Raises:
        NotFound: No architecture file has that name.
    """
    path = ARCHITECTURES_DIR / f"{architecture}.yaml"
    if not path.is_file():
        raise NotFound(f"no architecture {architecture!r} in models/architectures")
    layout = yaml.safe_load(path.read_text(encoding="utf-8"))
    layout["yaml_file"] = path.name
    factor = int(layout.pop("subpixel", 1))
    outputs = len(class_names) * factor**2
    network: nn.Module = SemanticSegmentationModel(layout, nc=outputs, verbose=False)
    network.names = dict(enumerate(class_names))  # type: ignore[assignment]  # Ultralytics' own field
    network.subpixel = factor  # type: ignore[assignment]  # a field of ours
    _begin_alike(network, factor)
    return network


def spread(network: nn.Module, logits: torch.Tensor) -> torch.Tensor:
    """Return logits with the parts of each place laid out side by side.

    Args:
        network: What ``build_network`` made, r its ``subpixel``.
        logits: (n, classes * r², h, w).

    Returns:
        (n, classes, h * r, w * r).

    Source: Shi et al. 2016, Real-time single image and video super-resolution using an efficient
    sub-pixel convolutional neural network.
    """
    return functional.pixel_shuffle(logits, int(network.subpixel))  # type: ignore[arg-type]


def _begin_alike(network: nn.Module, factor: int) -> None:
    """Give the parts of a place the same first weights, or the first pictures are a chequerboard.

    Source: Aitken et al. 2017, Checkerboard artifact free sub-pixel convolution (ICNR).
    """
    head = network.model[-1]  # type: ignore[index]  # Ultralytics keeps its layers in a sequence
    with torch.no_grad():
        for branch in (head.classifier, head.aux_head):  # type: ignore[union-attr]
            for values in branch[-1].parameters():
                values.copy_(values[:: factor**2].repeat_interleave(factor**2, dim=0))


def load_start_weights(network: nn.Module, path: Path, *, below: int = HEAD_INPUT_LAYER) -> int:
    """Copy weights of a COCO network by name; return how many tensors fit.

    Args:
        network: What is given weights.
        path: safetensors.
        below: Layers from this number on are left as they are; by default backbone and neck are
            copied, the head is not.

    Raises:
        NotFound: The file is absent.
        BadInput: The file is of another architecture.
    """
    if not path.is_file():
        raise NotFound(f"start weights {path.name} are absent; set TENKEN_DATA_DIR")
    own = network.state_dict()
    fitting = {
        name: tensor.float()
        for name, tensor in load_file(path).items()
        if int(name.split(".")[1]) < below and name in own and own[name].shape == tensor.shape
    }
    expected = sum(int(name.split(".")[1]) < below for name in own)
    if len(fitting) < 0.9 * expected:
        raise BadInput(f"only {len(fitting)} of {expected} tensors of {path.name} fit the network")
    network.load_state_dict(fitting, strict=False)
    return len(fitting)


def unfold_batch_norm(
    network: nn.Module, batches: Iterable[torch.Tensor], *, below: int = HEAD_INPUT_LAYER
) -> int:
    """Give folded BatchNorm layers true statistics without changing what the network computes.

    The start weights come from an export that folded BatchNorm into the convolutions (running mean
    0, variance 1 - eps). Trained as they are, the first batch would normalise every activation and
    destroy them. Here the mean and variance of each layer's input are measured in evaluation mode,
    and scale and shift are set so that the layer still is the identity it was:
    ``gamma' = gamma * sqrt(var' + eps) / sqrt(var + eps)``,
    ``beta' = beta + gamma * (mean' - mean) / sqrt(var + eps)``.

    Args:
        network: Network with folded layers.
        batches: Training images, (n, 3, h, w) float32.
        below: Layers of a lower number are folded, the others new.

    Returns:
        The number of layers treated.
    """
    layers = [
        module
        for name, module in network.named_modules()
        if isinstance(module, nn.BatchNorm2d) and int(name.split(".")[1]) < below
    ]
    measure_batch_norm(network, layers, batches)
    return len(layers)


def measure_batch_norm(
    network: nn.Module, layers: Sequence[nn.BatchNorm2d], batches: Iterable[torch.Tensor]
) -> None:
    """Set the statistics of layers to what comes in, without changing what the network computes.

    Args:
        network: Network that the layers are of; left in evaluation mode.
        layers: Layers whose mean and variance may be any.
        batches: Training images, (n, 3, h, w) float32.
    """
    sums = {layer: torch.zeros(3, layer.num_features, dtype=torch.float64) for layer in layers}

    def measure(layer: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        values = inputs[0].double().transpose(0, 1).flatten(1)
        pixels = torch.full((len(values),), values.shape[1], dtype=torch.float64)
        sums[layer] += torch.stack([pixels, values.sum(1), values.square().sum(1)])  # type: ignore[index]  # keys are BatchNorm layers

    hooks = [layer.register_forward_pre_hook(measure) for layer in layers]
    network.eval()
    with torch.no_grad():
        for batch in batches:
            network(batch)
    for hook in hooks:
        hook.remove()
    for layer, (count, total, squares) in sums.items():
        _set_statistics(layer, total / count, squares / count)


def _set_statistics(layer: nn.BatchNorm2d, mean: torch.Tensor, square: torch.Tensor) -> None:
    variance = (square - mean.square()).clamp(min=1e-6)
    assert layer.running_mean is not None
    assert layer.running_var is not None
    gain = layer.weight / torch.sqrt(layer.running_var + layer.eps)
    with torch.no_grad():
        layer.bias.add_((gain * (mean - layer.running_mean)).float())
        layer.weight.copy_(gain * torch.sqrt(variance + layer.eps))
        layer.running_mean.copy_(mean)
        layer.running_var.copy_(variance)
