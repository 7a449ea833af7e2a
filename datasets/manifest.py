"""Describe labelled images: where they lie, who made them, which split they belong to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import isfinite
from pathlib import Path

from inspection.errors import BadInput


class Split(StrEnum):
    """Name the part that a labelled image plays."""

    TRAIN = "train"
    VAL = "val"
    TEST = "test"


class LabelKind(StrEnum):
    """Name the form in which an image is labelled."""

    MASK = "mask"
    YOLO_BOXES = "yolo_boxes"
    VOC_BOXES = "voc_boxes"
    DEFECT_BOXES = "defect_boxes"
    YOLO_POLYGONS = "yolo_polygons"
    LABELME = "labelme"
    COCO = "coco"
    CVAT = "cvat"
    CRACKFOREST = "crackforest"


MASK_KINDS = frozenset({LabelKind.MASK, LabelKind.CRACKFOREST})
"""Labels that give a value for each pixel."""

BOX_KINDS = frozenset({LabelKind.YOLO_BOXES, LabelKind.VOC_BOXES, LabelKind.DEFECT_BOXES})
"""Labels that only say in which rectangle an object lies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Describe one published set of labelled images and the terms of its use.

    Attributes:
        name: Short name, also the name of the module under ``datasets.sources``.
        folder: Path of the set below the data folder, in its published layout.
        licence: SPDX identifier.
        citation: Whom to cite.
        label_kind: Form of its labels.
        mask_classes: Class index (``datasets.classes``) of each grey value of its masks; empty for
            boxes. A value that is not listed is an error, never background in silence.
        colour_classes: Class index of each (red, green, blue) where its masks are coloured.
        box_classes: Class index of each name of a box or outline (a number as text for YOLO).
        gsd_mm_per_px: Nominal ground sample distance, smallest and largest; None where unknown.
        trainable: False for a set that only judges.
        shippable: False where the licence forbids shipping weights that were trained on it.
    """

    name: str
    folder: str
    licence: str
    citation: str
    label_kind: LabelKind
    mask_classes: Mapping[int, int] = field(default_factory=dict)
    colour_classes: Mapping[tuple[int, int, int], int] = field(default_factory=dict)
    box_classes: Mapping[str, int] = field(default_factory=dict)
    gsd_mm_per_px: tuple[float, float] | None = None
    trainable: bool = True
    shippable: bool = True

    @property
    def labelled_classes(self) -> frozenset[int]:
        """Give the class indices that its labels can name, background among them."""
        maps = (self.mask_classes, self.colour_classes, self.box_classes)
        return frozenset(index for classes in maps for index in classes.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Point to one labelled image.

    Attributes:
        source: Name of the source.
        split: Part it plays; fixed by the publisher or by ``datasets.split``.
        group: Site, photo or id block that must never be divided between splits.
        image_path: RGB image.
        label_path: Mask or label file.
        label_key: Name of the image in a label file for many images, else empty.
    """

    source: str
    split: Split
    group: str
    image_path: Path
    label_path: Path
    label_key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """Hold one labelled rectangle, half-open pixel edges.

    Attributes:
        class_index: Class of ``datasets.classes``.
        x0_px: Left edge.
        y0_px: Top edge.
        x1_px: Right edge, outside.
        y1_px: Bottom edge, outside.
    """

    class_index: int
    x0_px: float
    y0_px: float
    x1_px: float
    y1_px: float

    def __post_init__(self) -> None:
        """Check that the edges bound something.

        Raises:
            BadInput: an edge is no number, or a far edge lies before a near one.
        """
        edges = (self.x0_px, self.y0_px, self.x1_px, self.y1_px)
        ordered = self.x0_px <= self.x1_px and self.y0_px <= self.y1_px
        if not ordered or not all(isfinite(edge) for edge in edges):
            raise BadInput(f"box {edges} px is none: left, top, right, bottom in this order")

    @property
    def centre_px(self) -> tuple[float, float]:
        """Return the centre as (x_px, y_px)."""
        return (self.x0_px + self.x1_px) / 2, (self.y0_px + self.y1_px) / 2
