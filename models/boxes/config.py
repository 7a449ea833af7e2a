"""Read what the training of a box network needs from one readable file."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from datasets.classes import LABEL_NAMES
from datasets.manifest import BOX_KINDS
from datasets.sources import find_source
from inspection.errors import BadInput
from models.boxes.registry import LEAST_PHOTO_PX
from models.training.config import BOXES, RunConfig, read_fields

CLASS_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxConfig(RunConfig):
    """Hold everything that decides the training of a box network.

    Attributes:
        classes: Class names in the order of the network's outputs; there is no background.
        labels: Names of the sources' boxes that each class gathers; other boxes are left out.
        photo_px: Longer side at which a photo is shown, px, a multiple of 32; views of training
            are ``chip_px`` large and lie around that scale.
        four_together: Share of the views that are made of four photos.
        four_until: Share of the steps after which no such view is made any more.
    """

    labels: Mapping[str, tuple[str, ...]]
    photo_px: int
    four_together: float
    four_until: float

    def __post_init__(self) -> None:
        RunConfig.__post_init__(self)  # a slotted class is made twice; super() knows the first
        if not self.classes or len(set(self.classes)) != len(self.classes):
            raise BadInput("classes must be named, each once")
        wrong = [name for name in self.classes if not CLASS_NAME.fullmatch(name)]
        if wrong:
            raise BadInput(f"class {wrong[0]!r}: use small letters, digits and underscores")
        if set(self.labels) != set(self.classes) or not all(self.labels.values()):
            raise BadInput(f"labels must name boxes for exactly {', '.join(self.classes)}")
        named = [label for labels in self.labels.values() for label in labels]
        if len(set(named)) != len(named):
            raise BadInput(f"labels {', '.join(sorted(named))}: each goes to one class only")
        if self.photo_px % 32 or self.photo_px < LEAST_PHOTO_PX:
            raise BadInput(
                f"photo_px {self.photo_px} must be a multiple of 32 px, {LEAST_PHOTO_PX} or more"
            )
        for field in ("four_together", "four_until"):
            if not 0 <= getattr(self, field) <= 1:
                raise BadInput(f"{field} {getattr(self, field)} lies outside 0..1")

    @property
    def label_indices(self) -> dict[str, int]:
        """Return the output of each name of a box."""
        return {
            label: index for index, name in enumerate(self.classes) for label in self.labels[name]
        }

    def check_sources(self) -> None:
        """Check that every source has boxes and may be trained on.

        Raises:
            NotFound: A source is not known.
            BadInput: A source has other labels, or only judges.
        """
        for source in (find_source(name) for name in self.sampling):
            if source.label_kind not in BOX_KINDS:
                raise BadInput(
                    f"{source.name} has labels of kind {source.label_kind.value}, not boxes"
                )
            if not source.trainable:
                raise BadInput(f"{source.name} only judges and is never trained on")
        self.damage()

    def damage(self) -> dict[str, str]:
        """Return what each class is in the taxonomy, as the sources say of their boxes.

        Raises:
            BadInput: No source has the boxes of a class, or they are of two kinds.
        """
        found: dict[str, set[str]] = {name: set() for name in self.classes}
        for source in (find_source(name) for name in self.sampling):
            for label, index in self.label_indices.items():
                if label in source.box_classes:
                    kind = LABEL_NAMES[source.box_classes[label]]
                    found[self.classes[index]].add(kind)
        for name, kinds in found.items():
            if len(kinds) != 1:
                told = " and ".join(sorted(kinds)) or "in no source"
                raise BadInput(f"boxes of class {name} are {told}; a class is one kind of damage")
        return {name: kinds.pop() for name, kinds in found.items()}


def read_box_config(path: Path) -> BoxConfig:
    """Return the training configuration of a box network in a YAML file.

    Raises:
        NotFound: The file is absent.
        BadInput: A field is missing, unknown or out of bounds, or trains another form.
    """
    values = read_fields(path, BoxConfig, BOXES)
    try:
        values["classes"] = tuple(values["classes"])
        values["labels"] = {
            name: tuple(str(label) for label in labels) for name, labels in values["labels"].items()
        }
        return BoxConfig(**values)
    except (TypeError, ValueError, AttributeError) as error:
        raise BadInput(f"{path.name}: a field has a value of the wrong kind: {error}") from error
