"""Find the registered box networks: what each puts boxes around, and its digest.

A box model is two files in ``models/weights/boxes``, or in ``boxes`` below the operator's folder of
models: ``<name>.onnx`` and ``<name>.json``, which says ``"form": "boxes"``. The contract is what
Ultralytics writes for YOLO26:

* input ``images``: (1, 3, h, w) float32, RGB, 0..1, h and w multiples of 32;
* output: (1, k, 6), each row x0 y0 x1 y1 (px of the input), score, index of the class.

Importing this module needs neither torch nor an inference library.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from inspection.domain.taxonomy import DamageClass
from inspection.errors import BadInput, Broken, NotFound
from models.registry import (
    BOXES_FOLDER,
    CARDS_DIR,
    WEIGHTS_DIR,
    list_names,
    require_whole,
)
from models.training.config import BOXES

LEAST_PHOTO_PX = 160
"""Least side of what a network is shown: on less there are fewer places than it gives answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxEntry:
    """Describe one registered box network.

    Attributes:
        name: Id, also the stem of its files.
        onnx_path: The network.
        sha256: Digest of the ONNX file, 64 hexadecimal digits.
        classes: Class names in the order of its answers; there is no background.
        damage: What each class is in the taxonomy.
        thresholds: Smallest score, 0..1, at which a box of each class is told; chosen on
            validation data.
        overlap: IoU above which the lesser of two boxes of a class is dropped; 1 drops none.
        photo_px: Longer side at which a photo is shown, px.
        licence: SPDX identifier of the weights.
        card_path: Data, split, scores and limits, in Markdown.
        training: How it was trained, for the card.
    """

    name: str
    onnx_path: Path
    sha256: str
    classes: tuple[str, ...]
    damage: Mapping[str, DamageClass]
    thresholds: Mapping[str, float]
    overlap: float
    photo_px: int
    licence: str
    card_path: Path
    training: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.classes or len(set(self.classes)) != len(self.classes):
            raise BadInput(f"model {self.name}: classes must be named, each once")
        for told, words in ((self.damage, "damage"), (self.thresholds, "thresholds")):
            if set(told) != set(self.classes):
                raise BadInput(f"model {self.name}: {words} must name {', '.join(self.classes)}")
        if not all(0 < value < 1 for value in self.thresholds.values()):
            raise BadInput(f"model {self.name}: thresholds must lie between 0 and 1")
        if not 0 < self.overlap <= 1:
            raise BadInput(f"model {self.name}: overlap {self.overlap:g} lies outside 0..1")
        if self.photo_px < LEAST_PHOTO_PX or self.photo_px % 32 or len(self.sha256) != 64:
            raise BadInput(f"model {self.name}: photo_px or sha256 is not usable")

    @property
    def model_id(self) -> str:
        """Name the model and the digest of its weights."""
        return f"{self.name}@{self.sha256[:12]}"


def box_names(weights_dir: Path = WEIGHTS_DIR) -> tuple[str, ...]:
    """Return the names of the box models below a folder of models, in order."""
    return list_names(weights_dir / BOXES_FOLDER)


def find_boxes(name: str, own_dir: Path) -> BoxEntry | None:
    """Return the box model of that name, shipped or in the operator's folder; None if it is none.

    Raises:
        Broken: Its description cannot be read, or its network is missing or altered.
    """
    for folder in (WEIGHTS_DIR, own_dir):
        if name in box_names(folder):
            return load_boxes(name, weights_dir=folder)
    return None


def load_boxes(
    name: str, *, weights_dir: Path = WEIGHTS_DIR, cards_dir: Path | None = None
) -> BoxEntry:
    """Return a registered box model after checking that its network is the registered one.

    Args:
        name: Id of the model.
        weights_dir: Folder of models; box models lie below it.
        cards_dir: Folder of cards; by default that of the shipped models, or of the network.

    Raises:
        NotFound: No box model has that name.
        Broken: The description cannot be read, or the network is missing or altered.
    """
    folder = weights_dir / BOXES_FOLDER
    if name not in list_names(folder):
        known = ", ".join(list_names(folder)) or "none"
        raise NotFound(f"no box model {name!r} is registered; known: {known}")
    if cards_dir is None:
        cards_dir = CARDS_DIR if weights_dir == WEIGHTS_DIR else folder
    entry = _read(folder / f"{name}.json", cards_dir)
    require_whole(entry.onnx_path, entry.sha256)
    return entry


def list_boxes(weights_dir: Path = WEIGHTS_DIR) -> tuple[BoxEntry, ...]:
    """Return every box model below a folder of models, checked, in order of name."""
    return tuple(load_boxes(name, weights_dir=weights_dir) for name in box_names(weights_dir))


def describe_boxes(entry: BoxEntry) -> dict[str, Any]:
    """Return the description of a box model as it is written beside it."""
    return {
        "name": entry.name,
        "form": BOXES,
        "sha256": entry.sha256,
        "classes": list(entry.classes),
        "damage": {name: kind.value for name, kind in entry.damage.items()},
        "thresholds": dict(entry.thresholds),
        "overlap": entry.overlap,
        "photo_px": entry.photo_px,
        "licence": entry.licence,
        "training": dict(entry.training),
    }


def write_boxes(entry: BoxEntry) -> Path:
    """Write the description of a box model beside its network and return its path."""
    path = entry.onnx_path.with_suffix(".json")
    told = json.dumps(describe_boxes(entry), indent=2)
    path.write_text(f"{told}\n", encoding="utf-8")
    return path


def _read(path: Path, cards_dir: Path) -> BoxEntry:
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        if fields["form"] != BOXES:
            raise ValueError(f"form {fields['form']!r} is not {BOXES}")
        return BoxEntry(
            name=path.stem,
            onnx_path=path.with_suffix(".onnx"),
            sha256=str(fields["sha256"]),
            classes=tuple(str(name) for name in fields["classes"]),
            damage=MappingProxyType(
                {name: DamageClass(kind) for name, kind in dict(fields["damage"]).items()}
            ),
            thresholds=MappingProxyType(
                {name: float(value) for name, value in dict(fields["thresholds"]).items()}
            ),
            overlap=float(fields["overlap"]),
            photo_px=int(fields["photo_px"]),
            licence=str(fields["licence"]),
            card_path=cards_dir / f"{path.stem}.md",
            training=MappingProxyType(dict(fields.get("training", {}))),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, BadInput) as error:
        raise Broken(f"model {path.stem}: {path.name} cannot be read: {error!r}") from error
