"""Write what a box network sees in a folder of photos: ``<stem>.json``, and pictures on request."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.labels import read_rgb
from inspection.domain.taxonomy import DamageClass
from inspection.errors import BadInput, TenkenError, Unavailable
from models.boxes.detect import BoxDetector, SeenBox
from models.predict import Outcome, images_in

OVERLAY_SUFFIX = ".boxes.jpg"
COLOURS: dict[DamageClass, tuple[int, int, int]] = {
    DamageClass.CRACK: (230, 60, 60),
    DamageClass.ALLIGATOR_CRACK: (200, 80, 220),
    DamageClass.POTHOLE: (255, 170, 30),
    DamageClass.PATCH: (60, 170, 250),
}
"""Red, green, blue of a box; other damage is drawn in ``OTHER``."""

OTHER = (90, 210, 110)


def predict_boxes(
    detector: BoxDetector, folder: Path, out_dir: Path, *, overlay: bool = False
) -> Iterator[Outcome]:
    """Answer the photos of a folder one after the other; one that cannot be read is set aside.

    Args:
        detector: Model.
        folder: Folder of photos; not searched below.
        out_dir: Folder of the answers, made if absent; must be another one.
        overlay: Write ``<stem>.boxes.jpg`` too, the photo with its boxes drawn in.

    Raises:
        BadInput: The folder holds no image, or is the folder of the answers.
        Unavailable: An answer cannot be written.
    """
    images = images_in(folder)
    if out_dir.resolve() == folder.resolve():
        raise BadInput(f"the answers would lie among the photos of {folder.name}; choose another")
    out_dir.mkdir(parents=True, exist_ok=True)
    for path in images:
        try:
            rgb = read_rgb(path)
        except TenkenError as error:
            yield Outcome(image=path.name, reason=str(error))
            continue
        seen = detector.find(rgb)
        text = json.dumps(answer_of(detector, path, rgb, seen), indent=1, ensure_ascii=False)
        (out_dir / f"{path.stem}.json").write_text(f"{text}\n", encoding="utf-8")
        if overlay:
            write_overlay(out_dir / f"{path.stem}{OVERLAY_SUFFIX}", rgb, seen)
        yield Outcome(image=path.name, objects=len(seen))


def answer_of(
    detector: BoxDetector, path: Path, rgb: NDArray[np.uint8], seen: Sequence[SeenBox]
) -> dict[str, Any]:
    """Return what is written about a photo."""
    entry = detector.entry
    return {
        "image": path.name,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "size_px": [rgb.shape[1], rgb.shape[0]],
        "model": entry.model_id,
        "classes": list(entry.classes),
        "thresholds": dict(entry.thresholds),
        "objects": [
            {
                "class": box.class_name,
                "damage": box.damage.value,
                "confidence": box.confidence,
                "box_px": list(box.box_px),
            }
            for box in seen
        ],
    }


def draw_boxes(rgb: NDArray[np.uint8], seen: Sequence[SeenBox]) -> NDArray[np.uint8]:
    """Return a photo with its boxes, the surest on top, each with its class and confidence."""
    drawn = np.ascontiguousarray(rgb)
    drawn = drawn.copy()
    size = max(0.4, max(rgb.shape[:2]) / 1600)
    line = max(2, round(size * 2))
    for box in reversed(seen):
        colour = COLOURS.get(box.damage, OTHER)
        x0, y0, x1, y1 = (round(edge) for edge in box.box_px)
        cv2.rectangle(drawn, (x0, y0), (x1 - 1, y1 - 1), colour, line)
        words = f"{box.class_name.replace('_', ' ')} {box.confidence:.2f}"
        (width, height), below = cv2.getTextSize(words, cv2.FONT_HERSHEY_SIMPLEX, size, 1)
        left = min(max(0, x0), max(0, rgb.shape[1] - width))
        top = y0 - height - below if y0 >= height + below else y0
        cv2.rectangle(drawn, (left, top), (left + width, top + height + below), colour, -1)
        cv2.putText(
            drawn,
            words,
            (left, top + height),
            cv2.FONT_HERSHEY_SIMPLEX,
            size,
            (20, 20, 20),
            1,
            cv2.LINE_AA,
        )
    return np.asarray(drawn, dtype=np.uint8)


def write_overlay(path: Path, rgb: NDArray[np.uint8], seen: Sequence[SeenBox]) -> None:
    """Write the photo with its boxes as a JPEG, without metadata.

    Raises:
        Unavailable: It cannot be written.
    """
    bgr = draw_boxes(rgb, seen)[..., ::-1]
    if not cv2.imwrite(str(path), bgr, [cv2.IMWRITE_JPEG_QUALITY, 88]):
        raise Unavailable(f"{path.name} cannot be written; is the disk full or read-only?")
