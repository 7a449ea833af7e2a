"""A detection network of YOLO26's kind, small enough to learn within a test."""

from pathlib import Path

import torch
from safetensors.torch import save_file

from inspection.domain.taxonomy import DamageClass
from models.boxes.config import BoxConfig
from models.boxes.network import build_box_network
from models.boxes.registry import BoxEntry, write_boxes
from models.registry import BOXES_FOLDER, sha256_of
from tests.support.private_network import write_box_network

LAYOUT = """\
nc: 80
end2end: True
reg_max: 1
scale: n
scales:
  n: [1.0, 1.0, 1024]
backbone:
  - [-1, 1, Conv, [8, 3, 2]]
  - [-1, 1, Conv, [16, 3, 2]]
  - [-1, 1, Conv, [32, 3, 2]]
  - [-1, 1, Conv, [32, 3, 2]]
  - [-1, 1, Conv, [32, 3, 2]]
head:
  - [-1, 1, nn.Upsample, [None, 2, "nearest"]]
  - [[-1, 3], 1, Concat, [1]]
  - [-1, 1, Conv, [32, 3, 1]]
  - [-1, 1, nn.Upsample, [None, 2, "nearest"]]
  - [[-1, 2], 1, Concat, [1]]
  - [-1, 1, Conv, [32, 3, 1]]
  - [[10], 1, Detect, [nc]]
"""
"""Answers at stride 8, and sees as far as stride 32."""

CLASSES = ("longitudinal_crack", "pothole")


def write_layout(folder: Path) -> Path:
    """Write the architecture and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "tiny.yaml"
    path.write_text(LAYOUT, encoding="utf-8")
    return path


def tiny_config(folder: Path, **changed: object) -> BoxConfig:
    """Return a configuration of the tiny network on drawn roads."""
    values: dict[str, object] = {
        "name": "tiny-boxes",
        "architecture": str(write_layout(folder)),
        "start_weights": "tiny.safetensors",
        "seed": 3,
        "chip_px": 160,
        "batch": 4,
        "steps": 6,
        "warmup_steps": 2,
        "rate": 1e-2,
        "start_rate": 1e-2,
        "weight_decay": 0.0,
        "ema_decay": 0.9,
        "sampling": {"rdd_motorbike": 1.0},
        "classes": CLASSES,
        "labels": {"longitudinal_crack": ("D00", "D01"), "pothole": ("D40",)},
        "licence": "AGPL-3.0-or-later",
        "precision": "f32",
        "photo_px": 160,
        "four_together": 0.5,
        "four_until": 0.5,
    }
    return BoxConfig(**(values | changed))  # type: ignore[arg-type]  # a test names its own


def write_start_weights(config: BoxConfig, folder: Path) -> Path:
    """Write random weights of the network as a start and return the path."""
    torch.manual_seed(0)
    network = build_box_network(config.architecture, config.classes)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / config.start_weights
    save_file({name: part.contiguous() for name, part in network.state_dict().items()}, path)
    return path


def register_rows(
    weights_dir: Path,
    rows: list[list[float]],
    *,
    name: str = "seen",
    threshold: float = 0.5,
    photo_px: int = 160,
    overlap: float = 0.6,
) -> BoxEntry:
    """Register a network that answers the same rows whatever it is shown; return its entry."""
    folder = weights_dir / BOXES_FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    path = write_box_network(folder / f"{name}.onnx", rows)
    entry = BoxEntry(
        name=name,
        onnx_path=path,
        sha256=sha256_of(path),
        classes=CLASSES,
        damage={"longitudinal_crack": DamageClass.CRACK, "pothole": DamageClass.POTHOLE},
        thresholds=dict.fromkeys(CLASSES, threshold),
        overlap=overlap,
        photo_px=photo_px,
        licence="CC0-1.0",
        card_path=folder / f"{name}.md",
        training={
            "labels": {"longitudinal_crack": ["D00", "D01"], "pothole": ["D40"]},
            "sampling": {"rdd_motorbike": 1.0},
        },
    )
    write_boxes(entry)
    return entry
