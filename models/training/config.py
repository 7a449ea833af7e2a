"""Read what a training run needs from one readable file."""

import math
import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml

from datasets.classes import LABEL_NAMES
from inspection.errors import BadInput, NotFound

PRECISIONS = ("f32", "bf16")
PIXELS, BOXES = "pixels", "boxes"
FORMS = (PIXELS, BOXES)
"""What a network tells: the class of each pixel, or boxes around what it sees."""

NAME = r"[a-z0-9][a-z0-9-]{0,62}"
"""How a model may be called; a dot would hide it from the registry."""

BOUNDS = (
    ("seed", 0, 2**63),
    ("batch", 1, 4096),
    ("steps", 1, 10**9),
    ("warmup_steps", 0, 10**9),
    ("rate", 0, 10),
    ("start_rate", 0, 10),
    ("weight_decay", 0, 10),
    ("ema_decay", 0, 1),
)
"""Least and most of each number; what lies outside trains nothing or never ends."""

SLACK_MAX_PX = 8

CONFIGS_DIR = Path(__file__).parent.parent / "configs"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunConfig:
    """Hold what decides a training run of any form, apart from paths and time.

    Attributes:
        name: Id of the model that comes out.
        architecture: What is built; a file in ``models/architectures``, or a size of YOLO26.
        start_weights: File below ``weights`` of the data folder.
        seed: Seed of every random draw.
        chip_px: Side of a training chip, a multiple of 32.
        batch: Chips a step.
        steps: Steps of the whole schedule.
        warmup_steps: Steps in which the rate rises from zero.
        rate: Peak learning rate of new layers (AdamW).
        start_rate: Peak learning rate of layers with start weights.
        weight_decay: AdamW weight decay.
        ema_decay: Decay a step of the averaged weights that are kept.
        sampling: Share of chips drawn from each source; need not sum to 1.
        classes: Class names in the order of the network's outputs.
        licence: SPDX identifier of the weights that come out.
        precision: Arithmetic of the forward pass, ``f32`` or ``bf16``; losses are always f32.
    """

    name: str
    architecture: str
    start_weights: str
    seed: int
    chip_px: int
    batch: int
    steps: int
    warmup_steps: int
    rate: float
    start_rate: float
    weight_decay: float
    ema_decay: float
    sampling: Mapping[str, float]
    classes: tuple[str, ...]
    licence: str
    precision: str

    def __post_init__(self) -> None:
        if self.chip_px % 32 or self.chip_px < 32:
            raise BadInput(f"chip_px {self.chip_px} must be a multiple of 32 px")
        if not re.fullmatch(NAME, self.name):
            raise BadInput(f"name {self.name!r}: use small letters, digits and hyphens, at most 63")
        for name, least, most in BOUNDS:
            value = getattr(self, name)
            if not least <= value <= most:
                raise BadInput(f"{name} {value} lies outside {least:g}..{most:g}")
        if not self.sampling or not all(0 < s < math.inf for s in self.sampling.values()):
            raise BadInput("sampling must give each source a share above 0")
        if self.precision not in PRECISIONS:
            raise BadInput(f"precision {self.precision!r} is not one of {', '.join(PRECISIONS)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainConfig(RunConfig):
    """Hold everything that decides the training of a semantic network.

    Attributes:
        classes: Class names in the order of the network's outputs, background first; labels of
            other classes are left undecided.
        class_weights: Cross-entropy weight of each class name.
        dice_classes: Class names with a Dice term.
        gsd_range_mm_per_px: Nominal ground sample distances that the training views cover.
        thresholds_from: Sources on whose ``val`` images thresholds are chosen: the views for which
            the model is meant. Empty for all.
        label_slack_px: How far, at most, each chip's labels of a source are moved to lie on the
            cracks (``datasets.label_slack``); sources that are not named stay as published.
    """

    class_weights: Mapping[str, float]
    dice_classes: tuple[str, ...]
    gsd_range_mm_per_px: tuple[float, float]
    thresholds_from: tuple[str, ...] = ()
    label_slack_px: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        RunConfig.__post_init__(self)  # a slotted class is made twice; super() knows the first
        low, high = self.gsd_range_mm_per_px
        if not 0 < low <= high < math.inf:
            raise BadInput(f"gsd_range_mm_per_px {low:g}..{high:g} mm/px is not a range above 0")
        unknown = sorted(set(self.classes) - set(LABEL_NAMES))
        if unknown or self.classes[:1] != ("background",):
            raise BadInput(f"classes must start with background; unknown: {', '.join(unknown)}")
        if set(self.class_weights) != set(self.classes):
            raise BadInput(f"class_weights must name exactly {', '.join(self.classes)}")
        if not all(0 <= weight < math.inf for weight in self.class_weights.values()):
            raise BadInput("class_weights must be 0 or more, and finite")
        if strange := sorted(set(self.thresholds_from) - set(self.sampling)):
            raise BadInput(f"thresholds_from: {', '.join(strange)} is not among the sampling")
        self._check_slack()
        if not set(self.dice_classes) <= set(self.classes):
            raise BadInput(f"dice_classes {self.dice_classes} are not all among the classes")

    def _check_slack(self) -> None:
        for source, slack_px in self.label_slack_px.items():
            if source not in self.sampling or not 0 <= slack_px <= SLACK_MAX_PX:
                raise BadInput(
                    f"label_slack_px of {source}, {slack_px} px: name a source of sampling, and "
                    f"0 to {SLACK_MAX_PX} px"
                )


def read_config(path: Path) -> TrainConfig:
    """Return the training configuration of a semantic network in a YAML file.

    Raises:
        NotFound: The file is absent.
        BadInput: A field is missing, unknown or out of bounds.
    """
    values = read_fields(path, TrainConfig, PIXELS)
    try:
        values["dice_classes"] = tuple(values["dice_classes"])
        values["classes"] = tuple(values["classes"])
        values["thresholds_from"] = tuple(values.get("thresholds_from", ()))
        low, high = values["gsd_range_mm_per_px"]
        values["gsd_range_mm_per_px"] = (float(low), float(high))
        return TrainConfig(**values)
    except (TypeError, ValueError, AttributeError) as error:
        raise BadInput(f"{path.name}: a field has a value of the wrong kind: {error}") from error


def form_of(path: Path) -> str:
    """Return the form of network that a configuration trains: ``pixels`` where it says nothing.

    Raises:
        NotFound: The file is absent.
        BadInput: There is no such form, or the file is no YAML.
    """
    values = _load(path)
    form = values.get("form", PIXELS) if isinstance(values, dict) else PIXELS
    if form not in FORMS:
        raise BadInput(f"{path.name}: form {form!r} is not one of {', '.join(FORMS)}")
    return str(form)


def read_fields(path: Path, kind: type[RunConfig], form: str) -> dict[str, Any]:
    """Return the fields of a YAML file, which must be those of a configuration, and ``form``.

    Raises:
        NotFound: The file is absent.
        BadInput: A field is missing or unknown, or the file trains another form.
    """
    if (told := form_of(path)) != form:
        raise BadInput(f"{path.name} trains a network of {told}; here one of {form} is needed")
    values = _load(path)
    known = {one.name for one in fields(kind)}
    needed = {
        one.name
        for one in fields(kind)
        if one.default is MISSING and one.default_factory is MISSING
    }
    given = {str(name) for name in values if name != "form"} if isinstance(values, dict) else set()
    if not isinstance(values, dict) or not needed <= given <= known:
        wrong = ", ".join(sorted((needed - given) | (given - known)))
        raise BadInput(f"{path.name}: missing or unknown fields {wrong}")
    return {name: value for name, value in values.items() if name != "form"}


def _load(path: Path) -> object:
    """Parse a YAML file."""
    if not path.is_file():
        raise NotFound(f"no training configuration {path.name}")
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        told = " ".join(str(error).split())
        raise BadInput(f"{path.name} is not readable YAML: {told}") from error
