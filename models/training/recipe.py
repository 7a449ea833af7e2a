"""Write the recipe that teaches a model what a set of one's own labels, and keeps what it knew."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import yaml

from datasets.classes import BACKGROUND, LABEL_NAMES
from datasets.convert import read_all_chips
from datasets.manifest import BOX_KINDS, Split
from datasets.sources import PROCEDURAL, READERS, find_source
from inspection.errors import BadInput
from models.training.config import TrainConfig

OWN_SHARE: Final = 0.5
"""Share of the views that are of one's own set: enough to learn it, and to remember the rest."""

CHIP_PX: Final = 512
LEAST_PX: Final = 200
"""Fewest labelled pixels of a class, in the part that is learned from, for it to be learned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Hold a recipe and what it rests on.

    Attributes:
        config: What is trained.
        sources: Published sources that are here and are seen again, so that they are not forgotten.
        pixels: Labelled pixels that are learned from, of each class of the set.
        too_few: Classes of the set that are not learned, for they have fewer than ``LEAST_PX``.
    """

    config: TrainConfig
    sources: tuple[str, ...]
    pixels: Mapping[str, int]
    too_few: tuple[str, ...]


def recipe(base: TrainConfig, set_path: Path, *, name: str, data_dir: Path) -> Recipe:
    """Return the recipe of a model with the classes of another and those that a set labels.

    Args:
        base: Recipe of the model that learns on.
        set_path: YAML file of the set.
        name: Name of the new model.
        data_dir: Folder of the published sets; those of ``base`` that are here are seen again.

    Raises:
        BadInput: The set has boxes only, or no class with enough pixels to learn.
    """
    source = find_source(str(set_path))
    if source.label_kind in BOX_KINDS:
        raise BadInput(f"{set_path.name} has boxes; outlines or masks are needed to learn pixels")
    counted = labelled_pixels(str(set_path), data_dir)
    pixels = {label: count for label, count in counted.items() if count >= LEAST_PX}
    if not pixels:
        raise BadInput(
            f"{set_path.name} has no class with {LEAST_PX} labelled pixels outside its val groups; "
            "review more defects, or name fewer groups under val"
        )
    here = tuple(
        one for one in base.sampling if one in READERS and (data_dir / _folder(one)).is_dir()
    )
    classes = (*base.classes, *(label for label in pixels if label not in base.classes))
    config = replace(
        base,
        name=name,
        sampling=shares(base.sampling, (*here, PROCEDURAL), source.name),
        classes=classes,
        class_weights={one: base.class_weights.get(one, 1.0) for one in classes},
        dice_classes=tuple(one for one in classes if one != LABEL_NAMES[BACKGROUND]),
        thresholds_from=(source.name,),
        label_slack_px={one: slack for one, slack in base.label_slack_px.items() if one in here},
        gsd_range_mm_per_px=source.gsd_mm_per_px or base.gsd_range_mm_per_px,
    )
    too_few = tuple(label for label in counted if label not in pixels)
    return Recipe(config=config, sources=here, pixels=pixels, too_few=too_few)


def labelled_pixels(name: str, data_dir: Path) -> dict[str, int]:
    """Return how many pixels of each class but background a source gives to learn from."""
    total = np.zeros(256, dtype=np.int64)
    for chip in read_all_chips(name, data_dir, chip_px=CHIP_PX):
        if chip.split is Split.TRAIN:
            total += np.bincount(chip.classes.ravel(), minlength=256)
    return {
        label: int(total[index])
        for index, label in enumerate(LABEL_NAMES)
        if index != BACKGROUND and total[index]
    }


def shares(known: Mapping[str, float], kept: Sequence[str], own: str) -> dict[str, float]:
    """Return the share of views of each source: half of one's own, the rest as it was.

    Examples:
        >>> shares({"a": 0.6, "b": 0.2, "procedural": 0.2}, ("b", "procedural"), "ours")
        {'b': 0.25, 'procedural': 0.25, 'ours': 0.5}
    """
    rest = {name: share for name, share in known.items() if name in kept} or {PROCEDURAL: 1.0}
    total = sum(rest.values())
    scaled = {name: round((1 - OWN_SHARE) * share / total, 4) for name, share in rest.items()}
    return {**scaled, own: OWN_SHARE}


def written(config: TrainConfig) -> str:
    """Return a recipe as the YAML that ``models.training.config.read_config`` reads."""
    plain: dict[str, Any] = {}
    for one in fields(config):
        value = getattr(config, one.name)
        if isinstance(value, tuple):
            value = list(value)
        plain[one.name] = dict(value) if isinstance(value, Mapping) else value
    return yaml.safe_dump(plain, sort_keys=False, allow_unicode=True)


def _folder(name: str) -> str:
    return READERS[name][0].folder
