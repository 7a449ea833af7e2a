"""Find the shipped models: what each can see, on which ground sample distances, and its digest.

A model is two files in ``models/weights``: ``<name>.onnx`` and ``<name>.json`` beside it, which
``tenken models export`` writes. The network's contract is the same for every entry:

* input ``images``: (n, 3, h, w) float32, RGB, 0..1, h and w multiples of ``size_multiple_px``;
* output ``probabilities``: (n, len(classes), h / s, w / s) float32 with s the ``output_stride``,
  softmax over classes, so each place sums to 1; class 0 is background.

Importing this module needs neither torch nor an inference library.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from inspection.errors import BadInput, Broken, NotFound
from models.rule import Rule

WEIGHTS_DIR: Final = Path(__file__).parent / "weights"
CARDS_DIR: Final = Path(__file__).parent / "cards"
CONTINUATION_RATIO: Final = 0.5
"""Share of its threshold from which a pixel continues an object, unless a model says another."""
DEFAULT_MODEL: Final = "tenken-crack-n"
SCALES: Final = (0.5, 4.0)
"""Least and most by which a chip may be enlarged for a look."""
BOXES_FOLDER: Final = "boxes"
"""Folder below a folder of models for those that give boxes; see ``models.boxes.registry``."""

NAMING: Final = frozenset(
    {
        *("name", "onnx_path", "sha256", "licence", "card_path", "training"),
        "gsd_range_mm_per_px",  # outside it people are warned, and the answer is the same
    }
)
"""What of an entry changes no answer of its network. All else does, whatever is added later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelEntry:
    """Describe one registered model.

    Attributes:
        name: Id, also the stem of its files.
        onnx_path: The network.
        sha256: Digest of the ONNX file, 64 hexadecimal digits.
        classes: Class names in output order; index 0 is ``background``.
        thresholds: Smallest probability, 0..1, at which a pixel is taken for each class but
            background; chosen on validation data.
        size_multiple_px: Height and width of the input must be multiples of this.
        gsd_range_mm_per_px: Nominal ground sample distances of the training data; outside it the
            scores of the card say nothing.
        continuation_ratio: Share of its threshold, above 0 and at most 1, from which a pixel
            continues an object that reaches the threshold elsewhere.
        output_stride: Side of a place of the answer in pixels of the image, 1 to 32; between
            places, probabilities go linearly.
        scales: By how much a chip is enlarged for each look at it; see ``models.many_looks``.
        mirrored: Whether each look is taken in a mirror too.
        licence: SPDX identifier of the weights.
        card_path: Data, split, scores and limits, in Markdown.
        training: How it was trained (architecture, steps, minutes, loss, sampling), for the card.
    """

    name: str
    onnx_path: Path
    sha256: str
    classes: tuple[str, ...]
    thresholds: Mapping[str, float]
    size_multiple_px: int
    gsd_range_mm_per_px: tuple[float, float]
    licence: str
    card_path: Path
    continuation_ratio: float = CONTINUATION_RATIO
    output_stride: int = 1
    scales: tuple[float, ...] = (1.0,)
    mirrored: bool = False
    training: Mapping[str, Any] = field(default_factory=dict)

    @property
    def rule(self) -> Rule:
        """From which probability on its pixels are taken."""
        return Rule(thresholds=self.thresholds, continuation_ratio=self.continuation_ratio)

    @property
    def looks(self) -> int:
        """How often it looks at a chip."""
        return len(self.scales) * (2 if self.mirrored else 1)

    def beside(self, suffix: str) -> Path:
        """Name a file of the model beside its network, which another model may share."""
        return self.onnx_path.with_name(f"{self.name}{suffix}")

    def __post_init__(self) -> None:
        if self.classes[:1] != ("background",) or len(set(self.classes)) != len(self.classes):
            raise BadInput(f"model {self.name}: classes must be unique and start with background")
        if set(self.thresholds) != set(self.classes[1:]):
            raise BadInput(f"model {self.name}: thresholds must name {', '.join(self.classes[1:])}")
        try:
            _ = self.rule
        except BadInput as error:
            raise BadInput(f"model {self.name}: {error}") from error
        low, high = self.gsd_range_mm_per_px
        if not 0 < low <= high < math.inf:
            raise BadInput(f"model {self.name}: GSD range {low}..{high} mm/px is not a range")
        if self.size_multiple_px < 1 or len(self.sha256) != 64:
            raise BadInput(f"model {self.name}: size multiple or sha256 is not usable")
        if not 1 <= self.output_stride <= 32 or self.size_multiple_px % self.output_stride:
            raise BadInput(
                f"model {self.name}: an output stride of {self.output_stride} px does not divide "
                f"images whose sides are multiples of {self.size_multiple_px} px"
            )
        if not self.scales or not all(SCALES[0] <= scale <= SCALES[1] for scale in self.scales):
            raise BadInput(
                f"model {self.name}: scales {list(self.scales)} must be {SCALES[0]} to {SCALES[1]}"
            )


def model_id(entry: ModelEntry, precision: str = "f32") -> str:
    """Name a model: digest of its weights, of its description, and arithmetic unless plain f32.

    What a detector saw is kept under this name, so everything that changes an answer is in it.
    """
    answers = answers_of(entry)
    described = f"+{answers}" if answers else ""
    arithmetic = "" if precision == "f32" else f"/{precision}"
    return f"{entry.name}@{entry.sha256[:12]}{described}{arithmetic}"


def answers_of(entry: ModelEntry) -> str:
    """Digest what changes the answers of a network beside its weights, 8 hexadecimal digits.

    One file may be described in two ways: by two organisations, or anew by one that was not content
    with a threshold. Shipped models have none: their descriptions are part of the program. Fields
    at their defaults are left out, so that a new field renames no model that does without it.
    """
    if entry.onnx_path.parent.resolve() == WEIGHTS_DIR.resolve():
        return ""
    said = {
        one.name: getattr(entry, one.name)
        for one in fields(entry)
        if one.name not in NAMING and getattr(entry, one.name) != _default_of(one)
    }
    plain = json.dumps(said, sort_keys=True, default=dict)  # mappings may be read-only views
    return hashlib.sha256(plain.encode()).hexdigest()[:8]


def _default_of(one: Field[Any]) -> object:
    """Give the default of a field, ``MISSING`` where it must be said."""
    return one.default if one.default_factory is MISSING else one.default_factory()


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def shipped_names() -> tuple[str, ...]:
    """Return the names of the models that come with Tenken."""
    return list_names(WEIGHTS_DIR)


def folder_of(name: str, own_dir: Path) -> Path:
    """Return the folder that keeps a model: that of the shipped ones, or ``own_dir``.

    Args:
        name: Id of the model.
        own_dir: Folder of the models that ``tenken models register`` wrote.

    Raises:
        NotFound: No model has that name in either.
        BadInput: The model of that name gives boxes, not the class of each pixel.
    """
    for folder in (WEIGHTS_DIR, own_dir):
        if name in list_names(folder):
            return folder
    for folder in (WEIGHTS_DIR, own_dir):
        if name in list_names(folder / BOXES_FOLDER):
            raise BadInput(
                f"{name} puts boxes into road photos; this needs a model that tells the class of "
                "each pixel, such as tenken-crack-n. `tenken models predict` takes both"
            )
    known = ", ".join((*shipped_names(), *list_names(own_dir)))
    raise NotFound(f"no model {name!r} is registered; known: {known}")


def list_names(weights_dir: Path = WEIGHTS_DIR) -> tuple[str, ...]:
    """Return the names of the registered models, in order."""
    # A name has no dot: <name>.masks.json is that model's calibration, .<name>.json unfinished.
    return tuple(sorted(path.stem for path in weights_dir.glob("*.json") if "." not in path.stem))


def load_entry(
    name: str = DEFAULT_MODEL, *, weights_dir: Path = WEIGHTS_DIR, cards_dir: Path | None = None
) -> ModelEntry:
    """Return a registered model after checking that its network is the one that was registered.

    Args:
        name: Id of the model.
        weights_dir: Folder of networks and their descriptions.
        cards_dir: Folder of cards; by default that of the shipped models, or of the networks.

    Raises:
        NotFound: No model has that name.
        Broken: The description cannot be read, or the network is missing or altered.
    """
    path = weights_dir / f"{name}.json"
    if name not in list_names(weights_dir):
        known = ", ".join(list_names(weights_dir)) or "none"
        raise NotFound(f"no model {name!r} is registered; known: {known}")
    if cards_dir is None:
        cards_dir = CARDS_DIR if weights_dir == WEIGHTS_DIR else weights_dir
    entry = _read_entry(name, path, cards_dir)
    require_whole(entry.onnx_path, entry.sha256)
    return entry


def require_whole(onnx_path: Path, sha256: str) -> None:
    """Check that the network of a model is there and is the one that was registered.

    Raises:
        Broken: It is missing or altered.
    """
    name = onnx_path.stem
    if not onnx_path.is_file():
        raise Broken(f"model {name}: {onnx_path.name} is missing; install Tenken again")
    found = sha256_of(onnx_path)
    if found != sha256:
        raise Broken(
            f"model {name}: {onnx_path.name} has sha256 {found[:12]}..., registered "
            f"{sha256[:12]}...; the file is damaged or was replaced without exporting"
        )


def list_entries(
    *, weights_dir: Path = WEIGHTS_DIR, cards_dir: Path | None = None
) -> tuple[ModelEntry, ...]:
    """Return every registered model, checked, in order of name."""
    return tuple(
        load_entry(name, weights_dir=weights_dir, cards_dir=cards_dir)
        for name in list_names(weights_dir)
    )


def write_entry(entry: ModelEntry) -> Path:
    """Write the description of a model beside its network and return its path."""
    path = entry.beside(".json")
    fields = {
        "name": entry.name,
        "sha256": entry.sha256,
        "classes": list(entry.classes),
        "thresholds": dict(entry.thresholds),
        "continuation_ratio": entry.continuation_ratio,
        "size_multiple_px": entry.size_multiple_px,
        "gsd_range_mm_per_px": list(entry.gsd_range_mm_per_px),
        "output_stride": entry.output_stride,
        **_told_of_looks(entry),
        "licence": entry.licence,
        "training": dict(entry.training),
    }
    path.write_text(json.dumps(fields, indent=2) + "\n", encoding="utf-8")
    return path


def _told_of_looks(entry: ModelEntry) -> dict[str, Any]:
    """Return what is said of a model that looks more than once, and whose network it takes."""
    told: dict[str, Any] = {}
    if entry.looks > 1 or entry.scales != (1.0,):
        told |= {"scales": list(entry.scales), "mirrored": entry.mirrored}
    if entry.onnx_path.stem != entry.name:
        told["network"] = entry.onnx_path.stem
    return told


def _read_entry(name: str, path: Path, cards_dir: Path) -> ModelEntry:
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        low, high = fields["gsd_range_mm_per_px"]
        return ModelEntry(
            name=name,
            onnx_path=path.with_name(f"{_plain_stem(fields.get('network', name))}.onnx"),
            sha256=str(fields["sha256"]),
            classes=tuple(fields["classes"]),
            thresholds=MappingProxyType(dict(fields["thresholds"])),
            continuation_ratio=float(fields.get("continuation_ratio", CONTINUATION_RATIO)),
            size_multiple_px=int(fields["size_multiple_px"]),
            gsd_range_mm_per_px=(float(low), float(high)),
            licence=str(fields["licence"]),
            card_path=cards_dir / f"{name}.md",
            output_stride=int(fields.get("output_stride", 1)),
            scales=tuple(float(scale) for scale in fields.get("scales", (1.0,))),
            mirrored=bool(fields.get("mirrored", False)),
            training=MappingProxyType(dict(fields.get("training", {}))),
        )
    except (ValueError, KeyError, TypeError, BadInput) as error:
        raise Broken(f"model {name}: {path.name} cannot be read: {error!r}") from error


def _plain_stem(stem: str) -> str:
    """Return the name of a network's file without folder and ending; it lies beside the model."""
    if Path(stem).name != stem or not stem:
        raise ValueError(f"network {stem!r} is no name of a file beside it")
    return stem
