"""Let torchvision be imported where its compiled operators are missing.

The CPU builds of torch and torchvision that some package hosts pair do not match: importing
torchvision then stops at ``operator torchvision::nms does not exist``, and with it Ultralytics.
``ensure_torchvision`` tries the native import first. Only if it fails in exactly that way does it
register a pure-torch ``torchvision::nms`` and import again. Call it before importing Ultralytics.
"""

import importlib
import os
import sys
from typing import Any

import torch

SYMPTOM = "operator torchvision::nms does not exist"
_Library: Any = torch.library.Library  # torch does not annotate it
_libraries: list[Any] = []  # torch forgets an operator whose library is collected


def nms(boxes: torch.Tensor, scores: torch.Tensor, iou_threshold: float) -> torch.Tensor:
    """Return the indices of the boxes that greedy suppression keeps, best score first.

    A box falls if its IoU with a kept box of higher score is *greater* than the threshold.

    Args:
        boxes: (n, 4) float, x0 y0 x1 y1.
        scores: (n,) float.
        iou_threshold: Largest IoU that is left standing.

    Source: torchvision.ops.nms, documentation of release 0.28.
    """
    order = torch.argsort(scores, descending=True, stable=True)
    ordered = boxes[order].double()
    areas = (ordered[:, 2] - ordered[:, 0]) * (ordered[:, 3] - ordered[:, 1])
    alive = torch.ones(len(ordered), dtype=torch.bool, device=boxes.device)
    for index in range(len(ordered)):
        if not alive[index]:
            continue
        rest = ordered[index + 1 :]
        low = torch.maximum(ordered[index, :2], rest[:, :2])
        high = torch.minimum(ordered[index, 2:], rest[:, 2:])
        shared = (high - low).clamp(min=0).prod(dim=1)
        union = areas[index] + areas[index + 1 :] - shared
        alive[index + 1 :] &= ~(shared > iou_threshold * union)
    return order[alive]


def register_nms() -> None:
    """Register the pure-torch operator under torchvision's name."""
    library = _Library("torchvision", "DEF")
    library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    # 0.28 also describes its quantised twin while importing; it gets a name but no kernel, so that
    # calling it stops with torch's own message instead of a wrong result
    library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.impl("nms", nms, "CompositeExplicitAutograd")
    _libraries.append(library)


def allow_box_operators() -> None:
    """Let ``torchvision.ops.nms`` call the operator that is now registered.

    torchvision asks first whether its compiled library was loaded. The question is dropped in
    ``torchvision.ops.boxes``, where suppression lives, and stays everywhere else; the rotated IoU
    of that module, which has no operator either, then stops with torch's own message.
    """
    from torchvision.ops import boxes  # noqa: PLC0415  # importable only after registering

    boxes._assert_has_ops = lambda: None


def ensure_torchvision() -> bool:
    """Import torchvision, with our operator if the native one is missing.

    Returns:
        True if the pure-torch operator stands in, False if torchvision's own is there.

    Raises:
        RuntimeError: torchvision fails to import in any other way.
    """
    os.environ.setdefault("YOLO_AUTOINSTALL", "false")  # Ultralytics must not install packages
    if _libraries:
        return True
    try:
        importlib.import_module("torchvision")
    except RuntimeError as error:
        if SYMPTOM not in str(error):
            raise
        for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
            del sys.modules[name]
        register_nms()
        allow_box_operators()  # imports torchvision again, from the start
    return bool(_libraries)
