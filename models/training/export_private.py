"""Write the network that finds people and vehicles, from COCO weights of Ultralytics' YOLO26n.

Faces and number plates have no labels among what we may train on. Whole people and whole vehicles
have: whoever blurs those has blurred their faces and plates too, and no damage is on either.

Run ``python -m models.training.export_private WEIGHTS.safetensors`` to write it anew.
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import onnx
import torch
from safetensors.torch import load_file
from torch import nn

from inspection.domain.privatearea import PrivateKind
from inspection.errors import BadInput, NotFound
from models.backends.torchvision_nms import ensure_torchvision
from models.boxes.export import trace_boxes
from models.private import PRIVATE_DIR, PrivateEntry, describe
from models.registry import sha256_of
from models.training.export import store_weights_as_half

ensure_torchvision()
from PIL import Image  # noqa: E402
from ultralytics.nn.tasks import DetectionModel  # noqa: E402  # needs torchvision's nms
from ultralytics.utils import patches  # noqa: E402

Image.open = patches._image_open  # see models.training.network

NAME = "tenken-private-n"
ARCHITECTURE = "yolo26n.yaml"
MOST = 300
"""Most answers for one picture."""

GROUPS: dict[PrivateKind, tuple[int, ...]] = {
    PrivateKind.PERSON: (0,),
    PrivateKind.VEHICLE: (1, 2, 3, 5, 7),
}
"""Classes of COCO: person; bicycle, car, motorcycle, bus, truck."""


class PrivateNetwork(nn.Module):
    """Wrap a detection network so that it gives the likeliest boxes of few kinds."""

    def __init__(self, network: nn.Module, *, groups: tuple[tuple[int, ...], ...]) -> None:
        """Gather the classes of a network into groups."""
        super().__init__()
        self.network = network
        self.groups = groups
        head: Any = network.model[-1]  # type: ignore[index]  # Ultralytics' own field
        head.dynamic, head.export, head.format = True, True, "onnx"

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return (n, k, 6) x0 y0 x1 y1 px, score, group of (n, 3, h, w) float32 RGB in 0..1."""
        dense = self.network(images)
        told = dense[:, 4:]
        scores = torch.stack([told[:, list(group)].amax(1) for group in self.groups], 1)
        best, which = scores.max(1)
        kept, place = best.topk(MOST, dim=1)
        half = dense[:, 2:4] / 2
        corners = torch.cat((dense[:, :2] - half, dense[:, :2] + half), 1).transpose(1, 2)
        boxes = corners.gather(1, place[..., None].expand(-1, -1, 4))
        kinds = which.gather(1, place).to(boxes.dtype)
        return torch.cat((boxes, kept[..., None], kinds[..., None]), 2)


def export_private(weights: Path, folder: Path) -> Path:
    """Write network and description into a folder and return the network's path.

    Raises:
        NotFound: when the weights are absent.
        BadInput: when they are of another network.
    """
    if not weights.is_file():
        raise NotFound(f"start weights {weights.name} are absent; set TENKEN_DATA_DIR")
    network = DetectionModel(ARCHITECTURE, ch=3, nc=80, verbose=False)
    stored = {name: tensor.float() for name, tensor in load_file(weights).items()}
    try:
        network.load_state_dict(stored)
    except RuntimeError as error:
        raise BadInput(f"{weights.name} does not fit {ARCHITECTURE}: {error}") from error
    wrapped = PrivateNetwork(network.eval(), groups=tuple(GROUPS.values())).eval()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{NAME}.onnx"
    with tempfile.TemporaryDirectory() as scratch:
        draft = Path(scratch) / "network.onnx"
        trace_boxes(wrapped, draft)
        content = store_weights_as_half(onnx.load(str(draft))).SerializeToString()
    path.write_bytes(content)
    entry = PrivateEntry(
        name=NAME,
        onnx_path=path,
        sha256=sha256_of(path),
        kinds=tuple(GROUPS),
        threshold=0.2,
        licence="AGPL-3.0-or-later",
        origin="YOLO26n, COCO weights by Ultralytics (AGPL-3.0); people and vehicles whole",
    )
    told = json.dumps(describe(entry), indent=2)
    path.with_suffix(".json").write_text(f"{told}\n", encoding="utf-8")
    return path


if __name__ == "__main__":
    print(export_private(Path(sys.argv[1]), PRIVATE_DIR))
