"""Read a set of your own: a YAML file beside the images says where labels lie and what they mean.

::

    name: noto-2026                # letters, digits, - and _
    licence: CC-BY-4.0
    citation: Ishikawa prefecture, inspection 2026
    kind: labelme                  # mask, yolo_boxes, yolo_polygons, voc_boxes, labelme, coco, cvat
    images: images                 # folder below this file; subfolders are read too
    labels: labels                 # folder with one file an image, or one file for coco and cvat
    label_suffix: .json            # of the files of a folder
    classes:                       # label name or grey value: class, background or ignore
      ひびわれ: crack
      剥離: spall
      型枠跡: background
    group: "^([a-z]+-[0-9]+)"      # what of a name must never be divided; default: blocks of ids
    val: [bridge-3, bridge-7]      # groups that judge; default: two of ten blocks
    gsd_mm_per_px: [0.5, 1.2]
    shippable: true                # may weights that learned from it be given away?

Everything from a data folder is read, nothing outside it, and a name without a class is an error.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from datasets.classes import class_index
from datasets.manifest import LabelKind, Sample, Source, Split
from datasets.split import split_by_block
from inspection.errors import BadInput, NotFound

KINDS = frozenset(LabelKind) - {LabelKind.CRACKFOREST, LabelKind.DEFECT_BOXES}
ONE_FILE_KINDS = frozenset({LabelKind.COCO, LabelKind.CVAT})
IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".tif", ".tiff"})
REQUIRED = ("name", "licence", "citation", "kind", "images", "labels", "classes")
OPTIONAL = ("label_suffix", "group", "val", "gsd_mm_per_px", "shippable")
SUFFIX = {LabelKind.MASK: ".png", LabelKind.VOC_BOXES: ".xml", LabelKind.LABELME: ".json"}


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnSet:
    """Hold a set file that was read.

    Attributes:
        source: what the other readers state in code.
        images_dir: folder of images.
        labels_path: folder of labels, or the one file.
        label_suffix: suffix of the files of a folder.
        group: pattern whose first group names what must stay together, or None.
        val: groups that judge.
    """

    source: Source
    images_dir: Path
    labels_path: Path
    label_suffix: str
    group: re.Pattern[str] | None
    val: frozenset[str]


def read_own_set(path: Path) -> OwnSet:
    """Return the set that a YAML file describes.

    Raises:
        NotFound: The file, or a folder that it names, is absent.
        BadInput: A field is missing, unknown or unusable.
    """
    if not path.is_file():
        raise NotFound(f"no set file {path}")
    try:
        fields = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadInput(f"{path.name} is not YAML: {error}") from error
    if not isinstance(fields, dict):
        raise BadInput(f"{path.name} must hold fields such as {', '.join(REQUIRED)}")
    wrong = [key for key in REQUIRED if key not in fields]
    wrong += [str(key) for key in fields if key not in (*REQUIRED, *OPTIONAL)]
    if wrong:
        raise BadInput(f"{path.name}: missing or unknown fields {', '.join(wrong)}")
    kind = _kind(path, fields["kind"])
    images, labels = _below(path, fields["images"]), _below(path, fields["labels"])
    if not images.is_dir():
        raise BadInput(f"{path.name}: images {fields['images']!r} is a file; name their folder")
    if labels.is_dir() == (kind in ONE_FILE_KINDS):
        wanted = "the one file" if kind in ONE_FILE_KINDS else "a folder, one file an image"
        raise BadInput(f"{path.name}: labels {fields['labels']!r} of kind {kind} must be {wanted}")
    return OwnSet(
        source=_source(path, fields, kind),
        images_dir=images,
        labels_path=labels,
        label_suffix=_suffix(path, str(fields.get("label_suffix", SUFFIX.get(kind, ".txt")))),
        group=_pattern(path, fields.get("group")),
        val=_judging(path, fields.get("val", [])),
    )


def samples_of(own: OwnSet) -> tuple[Sample, ...]:
    """Return the labelled images of a set in order of their names.

    Raises:
        BadInput: An image has no label, no group, or no image judges.
    """
    images = sorted(
        file for file in own.images_dir.rglob("*") if file.suffix.lower() in IMAGE_SUFFIXES
    )
    keys = [file.relative_to(own.images_dir).as_posix() for file in images]
    places = _places(own, keys)
    samples = tuple(
        Sample(
            source=own.source.name,
            split=places[key][0],
            group=places[key][1],
            image_path=file,
            label_path=_label_of(own, key),
            label_key=key if own.source.label_kind in ONE_FILE_KINDS else "",
        )
        for file, key in zip(images, keys, strict=True)
    )
    if not any(sample.split is Split.VAL for sample in samples):
        raise BadInput(
            f"{own.source.name}: no image of {len(images)} judges; name groups under val"
        )
    return samples


def _kind(path: Path, value: object) -> LabelKind:
    if not isinstance(value, str) or value not in {kind.value for kind in KINDS}:
        known = ", ".join(sorted(KINDS))
        raise BadInput(f"{path.name}: kind {value!r} is unknown; use one of {known}")
    return LabelKind(str(value))


def _source(path: Path, fields: Mapping[str, Any], kind: LabelKind) -> Source:
    name = str(fields["name"])
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name):
        raise BadInput(f"{path.name}: name {name!r} may hold letters, digits, - and _ only")
    if not isinstance(fields["classes"], dict) or not fields["classes"]:
        raise BadInput(f"{path.name}: classes must map each label name to a class")
    classes = {str(key): class_index(str(value)) for key, value in fields["classes"].items()}
    try:
        grey = {int(key): index for key, index in classes.items()} if kind is LabelKind.MASK else {}
    except ValueError as error:
        raise BadInput(f"{path.name}: grey values are whole numbers: {error}") from error
    if beyond := [value for value in grey if not 0 <= value <= 255]:
        raise BadInput(f"{path.name}: grey value {beyond[0]} of classes is outside 0..255")
    return Source(
        name=name,
        folder=path.parent.name,
        licence=str(fields["licence"]),
        citation=str(fields["citation"]),
        label_kind=kind,
        mask_classes=grey,
        box_classes={} if kind is LabelKind.MASK else classes,
        gsd_mm_per_px=_span(path, fields.get("gsd_mm_per_px")),
        shippable=fields.get("shippable", False) is True,
    )


def _span(path: Path, value: object) -> tuple[float, float] | None:
    """Read the smallest and largest ground sample distance."""
    if value is None:
        return None
    try:
        low, high = (float(length) for length in (value if isinstance(value, list) else ()))
    except (TypeError, ValueError) as error:
        raise BadInput(f"{path.name}: gsd_mm_per_px {value!r} is not two lengths") from error
    if not 0 < low <= high < math.inf:
        raise BadInput(
            f"{path.name}: gsd_mm_per_px {value!r} must be two lengths above 0 mm, smaller first"
        )
    return low, high


def _suffix(path: Path, value: str) -> str:
    if not re.fullmatch(r"(\.[^./\\\0]+)+", value):
        raise BadInput(f"{path.name}: label_suffix {value!r} must be like .txt, with its dot")
    return value


def _judging(path: Path, value: object) -> frozenset[str]:
    if not isinstance(value, list):
        raise BadInput(f"{path.name}: val {value!r} must be a list of groups, such as [bridge-3]")
    return frozenset(str(name) for name in value)


def _below(path: Path, value: object) -> Path:
    root = path.parent.resolve()
    try:
        place = (root / str(value)).resolve()
        place.exists()
    except (OSError, ValueError) as error:
        raise BadInput(f"{path.name} names {str(value)[:60]!r}, which no file can be") from error
    if not place.is_relative_to(root):
        raise BadInput(f"{path.name}: {value!r} lies outside the folder of the set")
    if not place.exists():
        raise NotFound(f"{path.name} names {value!r}, which is not there")
    return place


def _pattern(path: Path, value: object) -> re.Pattern[str] | None:
    if value is None:
        return None
    try:
        pattern = re.compile(str(value))
    except re.error as error:
        raise BadInput(f"{path.name}: group {value!r} is no pattern: {error}") from error
    if pattern.groups < 1:
        raise BadInput(f"{path.name}: group {value!r} needs parentheses around the name")
    return pattern


def _places(own: OwnSet, keys: list[str]) -> dict[str, tuple[Split, str]]:
    if own.group is None:
        return split_by_block(keys)
    places = {}
    for key in keys:
        found = own.group.search(key)
        if found is None or found.group(1) is None:
            raise BadInput(f"{own.source.name}: {key} has no group by {own.group.pattern!r}")
        part = Split.VAL if found.group(1) in own.val else Split.TRAIN
        places[key] = (part, found.group(1))
    return places


def _label_of(own: OwnSet, key: str) -> Path:
    if own.source.label_kind in ONE_FILE_KINDS:
        return own.labels_path
    label = (own.labels_path / key).with_suffix(own.label_suffix)
    if not label.is_file():
        raise BadInput(f"{own.source.name}: {key} has no label {label.name}")
    return label
