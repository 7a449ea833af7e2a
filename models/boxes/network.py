"""Build the box network, give it its start weights, and ask it for boxes.

The network class is Ultralytics' own. Its head has two halves: one answers each object many times
and is learned from more easily, the other answers it once and needs no suppression.
"""

import copy
import math
import re
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

import torch
import yaml
from torch import nn

from inspection.errors import BadInput, NotFound
from models.backends.torchvision_nms import ensure_torchvision
from models.training.network import load_start_weights, unfold_batch_norm

ensure_torchvision()
from PIL import Image  # noqa: E402
from ultralytics.nn.tasks import DetectionModel  # noqa: E402  # needs torchvision's nms
from ultralytics.utils import patches  # noqa: E402

Image.open = patches._image_open  # see models.training.network

Half = Literal["many", "one"]
HALVES: tuple[Half, ...] = ("many", "one")

SIZES = re.compile(r"yolo26[nsmlx]")
COCO_CLASSES = 80
GAINS = {"box": 7.5, "cls": 0.5, "dfl": 1.5}
"""Weights of the parts of the loss; Ultralytics' defaults."""

MOST = 300
"""Most answers for one picture."""


def build_box_network(architecture: str, class_names: tuple[str, ...]) -> nn.Module:
    """Return a randomly initialised detection network.

    The branch of the classes keeps the width that it has for COCO's eighty, so that its start
    weights fit; only its last layers are as many as the classes.

    Args:
        architecture: ``yolo26n`` or a larger size, or the path of a YAML file in Ultralytics' form.
        class_names: Names in order.

    Raises:
        NotFound: The file is absent.
        BadInput: It is no such architecture.
    """
    network = DetectionModel(_layout(architecture), ch=3, nc=COCO_CLASSES, verbose=False)
    head: Any = network.model[-1]
    if getattr(head, "one2one_cv3", None) is None or head.reg_max != 1:
        raise BadInput(f"architecture {architecture} is not of YOLO26's kind: two halves, no bins")
    for branches in (head.cv3, head.one2one_cv3):
        for branch, stride in zip(branches, head.stride, strict=True):
            last = nn.Conv2d(branch[-1].in_channels, len(class_names), 1)
            rare = math.log(5 / len(class_names) / (640 / float(stride)) ** 2)
            last.bias = nn.Parameter(torch.full((len(class_names),), rare))
            branch[-1] = last
    head.nc = len(class_names)
    head.no = head.nc + 4 * head.reg_max
    network.nc = head.nc
    network.names = dict(enumerate(class_names))
    network.args = SimpleNamespace(**GAINS, epochs=1)
    made: nn.Module = network
    return made


def _layout(architecture: str) -> str | dict[str, Any]:
    """Return what Ultralytics builds from: the name of a file of its own, or the file's content."""
    if SIZES.fullmatch(architecture):
        return f"{architecture}.yaml"
    path = Path(architecture)
    if path.suffix != ".yaml":
        raise BadInput(f"architecture {architecture!r}: say yolo26n, s, m, l, x or a .yaml file")
    if not path.is_file():
        raise NotFound(f"no architecture file {path.name}")
    layout: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return layout | {"yaml_file": path.name}


def head_index(network: nn.Module) -> int:
    """Return the number of the layer that is the head."""
    layers: Any = network.model
    return len(layers) - 1


def load_box_weights(network: nn.Module, path: Path) -> int:
    """Copy every weight of a COCO network that fits by name and shape; return how many did.

    Raises:
        NotFound: The file is absent.
        BadInput: The file is of another architecture.
    """
    return load_start_weights(network, path, below=head_index(network) + 1)


def unfold_all(network: nn.Module, batches: Iterable[torch.Tensor]) -> int:
    """Give every folded BatchNorm layer true statistics; see ``unfold_batch_norm``."""
    return unfold_batch_norm(network, batches, below=head_index(network) + 1)


class BoxNetwork(nn.Module):
    """Wrap a detection network so that one half of its head answers boxes in pixels."""

    def __init__(self, network: nn.Module, half: Half) -> None:
        """Take a copy; the other half is left out of it."""
        super().__init__()
        self.network = copy.deepcopy(network).eval()
        head: Any = self.network.model[-1]  # type: ignore[index]  # Ultralytics' own field
        head.end2end = half == "one"
        head.xyxy, head.max_det = True, MOST
        head.dynamic, head.export, head.format = True, True, "onnx"
        head.fuse()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return (n, k, 6) x0 y0 x1 y1 px, score, class of (n, 3, h, w) float32 RGB in 0..1."""
        answer: torch.Tensor = self.network(images)
        head: Any = self.network.model[-1]  # type: ignore[index]  # Ultralytics' own field
        if head.end2end:
            return answer
        told: torch.Tensor = head.postprocess(answer.permute(0, 2, 1))
        return told
