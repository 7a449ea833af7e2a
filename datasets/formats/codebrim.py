"""Read CODEBRIM's boxes: Pascal VOC files whose objects carry several defects at once.

Source: Mundt et al. 2019, Meta-learning convolutional neural architectures for multi-target
concrete defect classification; the XML has one 0/1 flag a defect inside each object.
"""

from collections.abc import Mapping
from pathlib import Path

from defusedxml import DefusedXmlException, ElementTree

from datasets.formats.written import read_bytes
from datasets.manifest import Box
from inspection.errors import BadInput


def read_defect_boxes(path: Path, classes: Mapping[str, int]) -> tuple[Box, ...]:
    """Return a box for each defect of each object, half-open pixel edges.

    Args:
        path: The XML of one image.
        classes: Class index of each flag; a flag that is not listed is an error.

    Raises:
        BadInput: The file is not XML, a flag is unknown, or an edge is missing.
    """
    try:
        root = ElementTree.fromstring(read_bytes(path))
    except (ElementTree.ParseError, DefusedXmlException) as error:
        raise BadInput(f"{path.name} is not XML: {error}") from error
    boxes = []
    for item in root.iter("object"):
        flags = [flag.tag for flag in item.find("Defect") or () if (flag.text or "").strip() == "1"]
        unknown = sorted(set(flags) - set(classes))
        if unknown:
            raise BadInput(f"{path.name} holds defects {', '.join(unknown)} without a class")
        edges = [item.findtext(f"bndbox/{key}") for key in ("xmin", "ymin", "xmax", "ymax")]
        try:
            x0, y0, x1, y1 = (float(edge) for edge in edges if edge is not None)
        except ValueError as error:
            raise BadInput(f"{path.name} holds a box without four numbers: {edges}") from error
        try:
            boxes += [
                Box(class_index=classes[flag], x0_px=x0 - 1, y0_px=y0 - 1, x1_px=x1, y1_px=y1)
                for flag in flags
            ]
        except BadInput as error:
            raise BadInput(f"{path.name}: {error}") from error
    return tuple(boxes)
