"""Read the label of an image, whatever its form: masks, boxes, outlines of labelling tools."""

from collections.abc import Callable, Mapping
from pathlib import Path

import cv2
import numpy as np
from defusedxml import DefusedXmlException, ElementTree
from numpy.typing import NDArray

from datasets.classes import BACKGROUND, IGNORE_INDEX
from datasets.formats.coco import read_coco
from datasets.formats.codebrim import read_defect_boxes
from datasets.formats.crackforest import read_crackforest
from datasets.formats.cvat import read_cvat
from datasets.formats.labelme import read_labelme
from datasets.formats.shape import Shape, paint
from datasets.formats.written import read_bytes, read_text
from datasets.formats.yolo import read_yolo_polygons
from datasets.manifest import BOX_KINDS, MASK_KINDS, Box, LabelKind, Sample, Source
from inspection.errors import BadInput


def read_rgb(path: Path) -> NDArray[np.uint8]:
    """Return the image as (h, w, 3) uint8 RGB.

    Raises:
        BadInput: The file is not a readable image.
    """
    bgr = _decoded(path, cv2.IMREAD_COLOR, "an image")
    return np.ascontiguousarray(bgr[..., ::-1], dtype=np.uint8)


def _decoded(path: Path, flags: int, kind: str) -> NDArray[np.generic]:
    """Decode a picture; OpenCV gives None for what is none, and throws at sizes of no photo."""
    try:
        pixels = cv2.imread(str(path), flags)
    except cv2.error as error:
        raise BadInput(f"{path.name} cannot be decoded as {kind}: {error.err}") from error
    if pixels is None:
        raise BadInput(f"{path.name} cannot be decoded as {kind}; check the download")
    return np.asarray(pixels)


def read_mask(path: Path, classes: Mapping[int, int]) -> NDArray[np.uint8]:
    """Return the class index of each pixel, (h, w) uint8.

    Args:
        path: Grey mask, or a colour file with equal channels.
        classes: Class index of each grey value.

    Raises:
        BadInput: The file is not readable or holds a grey value without a class.
    """
    grey = _decoded(path, cv2.IMREAD_UNCHANGED, "a mask")
    if grey.ndim == 3:
        grey = grey[..., 0]
    table = np.full(256, IGNORE_INDEX, dtype=np.uint8)
    table[list(classes)] = list(classes.values())
    unknown = np.setdiff1d(np.unique(grey), list(classes))
    if unknown.size:
        raise BadInput(f"{path.name} holds grey values {unknown[:5].tolist()} without a class")
    return np.asarray(table[grey], dtype=np.uint8)


def read_colour_mask(path: Path, classes: Mapping[tuple[int, int, int], int]) -> NDArray[np.uint8]:
    """Return the class index of each pixel of a coloured mask, (h, w) uint8.

    Args:
        path: Mask of three channels.
        classes: Class index of each (red, green, blue).

    Raises:
        BadInput: The file is not readable or holds a colour without a class.
    """
    rgb = read_rgb(path).astype(np.uint32)
    packed = (rgb[..., 0] << 16) | (rgb[..., 1] << 8) | rgb[..., 2]
    known = {
        (red << 16) | (green << 8) | blue: index for (red, green, blue), index in classes.items()
    }
    values, places = np.unique(packed, return_inverse=True)
    unknown = [f"#{value:06x}" for value in values.tolist() if value not in known]
    if unknown:
        raise BadInput(f"{path.name} holds colours {unknown[:5]} without a class")
    table = np.array([known[value] for value in values.tolist()], dtype=np.uint8)
    return np.asarray(table[places].reshape(packed.shape), dtype=np.uint8)


def read_yolo_boxes(
    path: Path, classes: Mapping[str, int], size_px: tuple[int, int]
) -> tuple[Box, ...]:
    """Return the boxes of a YOLO text file (class, centre and size as fractions), in pixels.

    Args:
        path: Text file, one box a line; an empty file means no box.
        classes: Class index of each class number, as text.
        size_px: Image width and height.

    Raises:
        BadInput: A line does not hold a known class and four numbers.
    """
    boxes = []
    width, height = size_px
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        fields = line.split()
        if not fields:
            continue
        try:
            x, y, w, h = (float(value) for value in fields[1:])
            boxes.append(
                Box(
                    class_index=classes[fields[0]],
                    x0_px=(x - w / 2) * width,
                    y0_px=(y - h / 2) * height,
                    x1_px=(x + w / 2) * width,
                    y1_px=(y + h / 2) * height,
                )
            )
        except (KeyError, ValueError, BadInput) as error:
            raise BadInput(f"{path.name} line {number} is not a YOLO box: {line!r}") from error
    return tuple(boxes)


def read_voc_boxes(path: Path, classes: Mapping[str, int]) -> tuple[Box, ...]:
    """Return the boxes of a Pascal VOC file whose class is known; other objects are left out.

    VOC counts pixels from 1 and includes the last one, so (1, 1, 512, 512) is the whole of a
    512 px image and becomes (0, 0, 512, 512).

    Source: PASCAL VOC 2007 development kit, section 8 (annotation files).

    Raises:
        BadInput: The file is not XML, or a box lacks a number.
    """
    try:
        root = ElementTree.fromstring(read_bytes(path))
    except (ElementTree.ParseError, DefusedXmlException) as error:
        raise BadInput(f"{path.name} is not XML: {error}") from error
    boxes = []
    for item in root.iter("object"):
        index = classes.get(item.findtext("name", default="").strip())
        if index is None:
            continue
        edges = [item.findtext(f"bndbox/{key}") for key in ("xmin", "ymin", "xmax", "ymax")]
        try:
            x0, y0, x1, y1 = (float(edge) for edge in edges if edge is not None)
            box = Box(class_index=index, x0_px=x0 - 1, y0_px=y0 - 1, x1_px=x1, y1_px=y1)
        except ValueError as error:
            raise BadInput(f"{path.name} holds a box without four numbers: {edges}") from error
        except BadInput as error:
            raise BadInput(f"{path.name}: {error}") from error
        boxes.append(box)
    return tuple(boxes)


def read_boxes(source: Source, sample: Sample, size_px: tuple[int, int]) -> tuple[Box, ...]:
    """Return the labelled boxes of a sample of a box source, in pixels.

    Raises:
        BadInput: The source is labelled with masks, or the file is broken.
    """
    readers: dict[LabelKind, Callable[[], tuple[Box, ...]]] = {
        LabelKind.YOLO_BOXES: lambda: read_yolo_boxes(
            sample.label_path, source.box_classes, size_px
        ),
        LabelKind.VOC_BOXES: lambda: read_voc_boxes(sample.label_path, source.box_classes),
        LabelKind.DEFECT_BOXES: lambda: read_defect_boxes(sample.label_path, source.box_classes),
    }
    if source.label_kind not in readers:
        raise BadInput(f"{source.name} has labels of kind {source.label_kind.value}, not boxes")
    return readers[source.label_kind]()


def read_shapes(source: Source, sample: Sample, size_px: tuple[int, int]) -> tuple[Shape, ...]:
    """Return the labelled outlines of a sample of an outline source, in pixels.

    Raises:
        BadInput: The source is labelled otherwise, or the file is broken or lacks the image.
    """
    if source.label_kind is LabelKind.LABELME:
        return read_labelme(sample.label_path)
    if source.label_kind is LabelKind.YOLO_POLYGONS:
        return read_yolo_polygons(sample.label_path, size_px)
    readers = {LabelKind.COCO: read_coco, LabelKind.CVAT: read_cvat}
    if source.label_kind not in readers:
        raise BadInput(f"{source.name} has labels of kind {source.label_kind.value}, not outlines")
    labels = readers[source.label_kind](sample.label_path)
    if sample.label_key not in labels.shapes:
        raise BadInput(f"{sample.label_path.name} does not name the image {sample.label_key}")
    if labels.sizes_px[sample.label_key] != size_px:
        raise BadInput(
            f"{sample.label_path.name} says {labels.sizes_px[sample.label_key]} px for "
            f"{sample.label_key}, which has {size_px} px"
        )
    return labels.shapes[sample.label_key]


def mask_from_boxes(boxes: tuple[Box, ...], size_px: tuple[int, int]) -> NDArray[np.uint8]:
    """Return a mask that is background outside all boxes and undecided inside, (h, w) uint8.

    A box around a crack says where cracks are not, but not which of its pixels are crack.
    """
    width, height = size_px
    mask = np.full((height, width), BACKGROUND, dtype=np.uint8)
    for box in boxes:
        y0, y1 = max(0, int(box.y0_px)), max(0, int(np.ceil(box.y1_px)))
        x0, x1 = max(0, int(box.x0_px)), max(0, int(np.ceil(box.x1_px)))
        mask[y0:y1, x0:x1] = IGNORE_INDEX
    return mask


def read_class_mask(source: Source, sample: Sample, size_px: tuple[int, int]) -> NDArray[np.uint8]:
    """Return the class index of each pixel of a sample, (h, w) uint8, whatever its label form.

    Raises:
        BadInput: The label is unreadable or does not have the size of the image.
    """
    if source.label_kind in BOX_KINDS:
        return mask_from_boxes(read_boxes(source, sample, size_px), size_px)
    if source.label_kind not in MASK_KINDS:
        return paint(read_shapes(source, sample, size_px), source.box_classes, size_px)
    if source.label_kind is LabelKind.CRACKFOREST:
        mask = read_crackforest(sample.label_path, source.mask_classes)
    elif source.colour_classes:
        mask = read_colour_mask(sample.label_path, source.colour_classes)
    else:
        mask = read_mask(sample.label_path, source.mask_classes)
    if mask.shape != (size_px[1], size_px[0]):
        raise BadInput(
            f"{sample.label_path.name} is {mask.shape[1]} x {mask.shape[0]} px, "
            f"its image {size_px[0]} x {size_px[1]} px"
        )
    return mask
