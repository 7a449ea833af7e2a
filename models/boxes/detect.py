"""Show a road photo to a box network and take its boxes back into the photo's pixels.

The whole photo is shown at once, its longer side brought to the size that the network learned: a
road runs away from the camera, and what damage looks like depends on where in the photo it lies.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.box_views import GREY
from inspection.domain.taxonomy import DamageClass
from inspection.errors import BadInput, Broken
from models.boxes.overlap import suppress
from models.boxes.registry import LEAST_PHOTO_PX, BoxEntry
from models.detector import AUTO, choose_engine

Network = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""Looks at pixels (h, w, 3) uint8 RGB, h and w multiples of 32, and answers (k, 6)."""

STEP_PX = 32
LEAST_SCORE = 0.001
"""Answers below are nobody's, not even a curve's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Boxes:
    """Hold what was seen in one photo, the surest first.

    Attributes:
        corners: (n, 4) float32 x0 y0 x1 y1, px of the photo, half-open.
        scores: (n,) float32, 0..1.
        classes: (n,) int64.
    """

    corners: NDArray[np.float32]
    scores: NDArray[np.float32]
    classes: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenBox:
    """Hold one box that is told to people.

    Attributes:
        class_name: Class of the network.
        damage: What that is in the taxonomy.
        confidence: Score, 0..1.
        box_px: x0 y0 x1 y1, px of the photo, half-open.
    """

    class_name: str
    damage: DamageClass
    confidence: float
    box_px: tuple[float, float, float, float]


def find_boxes_in(
    network: Network, rgb: NDArray[np.uint8], *, photo_px: int, overlap: float, count: int
) -> Boxes:
    """Return everything that a network sees in a photo, however unsure.

    Args:
        network: Answers boxes.
        rgb: (h, w, 3) uint8 photo of any size.
        photo_px: Longer side at which it is shown.
        overlap: IoU above which the lesser of two boxes of a class is dropped.
        count: Number of classes.

    Raises:
        BadInput: The photo has another shape or type.
        Broken: The network answers something else than it should.
    """
    if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3 or not rgb.size:
        raise BadInput(f"a photo is (H, W, 3) uint8, got {rgb.shape} {rgb.dtype}")
    shown, scale = framed(rgb, photo_px)
    answer = network(shown)
    if answer.ndim != 2 or answer.shape[1] != 6 or not np.isfinite(answer).all():
        raise Broken(f"a box network answers numbers (k, 6), not {answer.shape}")
    answer = answer[answer[:, 4] >= LEAST_SCORE]
    classes = np.rint(answer[:, 5]).astype(np.int64)
    if len(classes) and not 0 <= classes.min() <= classes.max() < count:
        raise Broken(f"the network answers class {classes.max()}; it has {count} from 0")
    height, width = rgb.shape[:2]
    corners = np.clip(answer[:, :4] / scale, 0, np.array([width, height] * 2))
    real = (corners[:, 2:] > corners[:, :2]).all(axis=1)  # others lie in the grey beside the photo
    corners, scores, classes = corners[real], answer[real, 4], classes[real]
    kept = suppress(corners, scores, classes, overlap=overlap)
    return Boxes(
        corners=corners[kept].astype(np.float32),
        scores=np.minimum(scores[kept], 1).astype(np.float32),
        classes=classes[kept],
    )


def framed(rgb: NDArray[np.uint8], photo_px: int) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Return a photo at the size at which it is shown, on grey, and how it was scaled.

    Returns:
        Pixels with sides that are multiples of 32, and (4,) px shown for a pixel of the photo, for
        x0 y0 x1 y1.
    """
    height, width = rgb.shape[:2]
    wanted = photo_px / max(height, width)
    size = max(1, round(width * wanted)), max(1, round(height * wanted))
    if size != (width, height):
        how = cv2.INTER_AREA if wanted < 1 else cv2.INTER_LINEAR
        rgb = np.asarray(cv2.resize(rgb, size, interpolation=how), dtype=np.uint8)
    wide, high = (-(-max(side, LEAST_PHOTO_PX) // STEP_PX) * STEP_PX for side in size)
    frame = np.full((high, wide, 3), GREY, dtype=np.uint8)
    frame[: size[1], : size[0]] = rgb
    return frame, np.array([size[0] / width, size[1] / height] * 2)


class BoxDetector:
    """See damage in road photos with a registered box network."""

    def __init__(self, entry: BoxEntry, network: Network) -> None:
        """Use a network as its description says."""
        self._entry = entry
        self._network = network

    @property
    def entry(self) -> BoxEntry:
        """Give the description of the network."""
        return self._entry

    def look(self, rgb: NDArray[np.uint8]) -> Boxes:
        """Return everything seen in a photo, however unsure; see ``find_boxes_in``."""
        return find_boxes_in(
            self._network,
            rgb,
            photo_px=self._entry.photo_px,
            overlap=self._entry.overlap,
            count=len(self._entry.classes),
        )

    def find(self, rgb: NDArray[np.uint8]) -> tuple[SeenBox, ...]:
        """Return the boxes that reach the threshold of their class, the surest first."""
        return told(self.look(rgb), self._entry.classes, self._entry.damage, self._entry.thresholds)


def told(
    boxes: Boxes,
    classes: tuple[str, ...],
    damage: Mapping[str, DamageClass],
    thresholds: Mapping[str, float],
) -> tuple[SeenBox, ...]:
    """Return the boxes that reach the threshold of their class."""
    found = []
    for corners, score, index in zip(boxes.corners, boxes.scores, boxes.classes, strict=True):
        name = classes[index]
        if score >= thresholds[name]:
            x0, y0, x1, y1 = (round(float(edge), 1) for edge in corners)
            found.append(
                SeenBox(
                    class_name=name,
                    damage=damage[name],
                    confidence=round(float(score), 4),
                    box_px=(x0, y0, x1, y1),
                )
            )
    return tuple(found)


def open_boxes(entry: BoxEntry, *, engine: str = AUTO, threads: int = 0) -> BoxDetector:
    """Open a registered box network.

    Args:
        entry: What was registered.
        engine: ``openvino``, ``onnxruntime``, or ``auto`` for the preferred one that is here.
        threads: Threads of the processor, 0 for all.

    Raises:
        BadInput: No such engine computes boxes.
        Unavailable: The engine is not installed.
        Broken: The network cannot be read.
    """
    chosen = choose_engine(engine)
    if chosen == "openvino":
        from models.backends.openvino_boxes import OpenVinoBoxes  # noqa: PLC0415  # heavy

        return BoxDetector(entry, OpenVinoBoxes(entry, threads=threads))
    if chosen == "onnxruntime":
        from models.backends.onnxruntime_boxes import OnnxRuntimeBoxes  # noqa: PLC0415  # heavy

        return BoxDetector(entry, OnnxRuntimeBoxes(entry, threads=threads))
    raise BadInput(f"engine {chosen} does not compute boxes; choose openvino or onnxruntime")
