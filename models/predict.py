"""Write what a model sees in a folder of images: classes, probabilities and figures of each image.

For every image there are ``<stem>.png`` (class index of each pixel at native resolution, decided
as the pipeline decides), ``<stem>.json`` (model, digests, thresholds, objects) and, on request,
``<stem>.prob.png`` (highest probability of any damage, 0–255 for 0–1).
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.labels import read_rgb
from inspection.errors import BadInput, TenkenError, Unavailable
from inspection.pipeline.detect import MIN_AREA_PX
from models.judging.metrics import candidates, decided
from models.rule import Rule
from models.scoring import Scorer, score_windows

SUFFIXES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".webp")


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictor:
    """Hold what is needed to decide the pixels of an image.

    Attributes:
        scorer: Gives probabilities.
        model_id: Name, digest and arithmetic of the model.
        classes: Names in order, background first.
        rule: From which probability on pixels are taken.
    """

    scorer: Scorer
    model_id: str
    classes: tuple[str, ...]
    rule: Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """Hold what a model sees in one image.

    Attributes:
        classes: (h, w) uint8 class index, 0 for background.
        damage: (h, w) float32 highest probability of any class but background.
    """

    classes: NDArray[np.uint8]
    damage: NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Say what became of one image.

    Attributes:
        image: Its file name.
        objects: Objects found in it.
        reason: Why it was set aside; None if it was not.
    """

    image: str
    objects: int = 0
    reason: str | None = None


def images_in(folder: Path) -> list[Path]:
    """Return the images of a folder, by name.

    Raises:
        BadInput: There is none, or two share a stem and would overwrite each other's answer.
    """
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    if not found:
        raise BadInput(f"{folder.name} holds no image ({', '.join(SUFFIXES)})")
    stems: dict[str, str] = {}
    for path in found:
        if path.stem in stems:
            raise BadInput(
                f"{path.name} and {stems[path.stem]} would both be answered in {path.stem}.png; "
                "rename one of them"
            )
        stems[path.stem] = path.name
    return found


def predict_image(predictor: Predictor, rgb: NDArray[np.uint8]) -> Prediction:
    """Decide the pixels of an image (h, w, 3) uint8 RGB of any size."""
    found = np.zeros(rgb.shape[:2], dtype=np.uint8)
    seeds = np.zeros(rgb.shape[:2], dtype=np.bool_)
    damage = np.zeros(rgb.shape[:2], dtype=np.float32)
    rule = predictor.rule
    for window in score_windows(predictor.scorer, rgb):
        taken, sure = candidates(
            window.scores, rule.thresholds, predictor.classes, rule.continuation_ratio
        )
        place = window.rows, window.cols
        found[place], seeds[place] = taken[window.own], sure[window.own]
        damage[place] = window.scores[1:].max(axis=0)[window.own]
    told = decided(found, seeds, predictor.classes, min_area_px=MIN_AREA_PX)
    return Prediction(classes=told, damage=damage)


def objects_of(
    prediction: Prediction, names: Sequence[str], gsd_m_per_px: float | None
) -> list[dict[str, Any]]:
    """Return the objects of an image, the largest first: class, confidence, box and area.

    Args:
        prediction: Pixels of the image.
        names: Class names in order.
        gsd_m_per_px: Ground sample distance, if it is known; then areas are given in m² too.
    """
    objects = []
    for index in np.unique(prediction.classes[prediction.classes > 0]).tolist():
        mask = (prediction.classes == index).astype(np.uint8)
        count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
        sums = np.bincount(labels.ravel(), prediction.damage.ravel(), minlength=count)
        for number in range(1, count):
            x, y, width, height, area = (int(value) for value in stats[number])
            found: dict[str, Any] = {
                "class": names[index],
                "confidence": round(float(sums[number] / area), 4),
                "box_px": [x, y, x + width, y + height],
                "area_px": area,
            }
            if gsd_m_per_px is not None:
                found["area_m2"] = round(area * gsd_m_per_px**2, 8)
            objects.append(found)
    return sorted(objects, key=lambda found: (-found["area_px"], found["box_px"]))


def predict_folder(
    predictor: Predictor,
    folder: Path,
    out_dir: Path,
    *,
    probabilities: bool = False,
    gsd_mm_per_px: float | None = None,
) -> Iterator[Outcome]:
    """Answer the images of a folder one after the other; one that cannot be read is set aside.

    Args:
        predictor: Model.
        folder: Folder of images; not searched below.
        out_dir: Folder of the answers, made if absent; must be another one.
        probabilities: Write ``<stem>.prob.png`` too.
        gsd_mm_per_px: Ground sample distance of all images, if it is known.

    Raises:
        BadInput: The folder holds no image, or is the folder of the answers.
        Unavailable: An answer cannot be written.
    """
    images = images_in(folder)
    stems = {path.stem for path in images}
    if probabilities and (twice := sorted(s for s in stems if f"{s}.prob" in stems)):
        raise BadInput(
            f"the probabilities of {twice[0]} would overwrite the answer to {twice[0]}.prob; "
            "rename one of them"
        )
    if out_dir.resolve() == folder.resolve():
        raise BadInput(f"the answers would overwrite the images of {folder.name}; choose another")
    out_dir.mkdir(parents=True, exist_ok=True)
    for path in images:
        try:
            rgb = read_rgb(path)
        except TenkenError as error:
            yield Outcome(image=path.name, reason=str(error))
            continue
        prediction = predict_image(predictor, rgb)
        gsd_m_per_px = None if gsd_mm_per_px is None else gsd_mm_per_px / 1000
        objects = objects_of(prediction, predictor.classes, gsd_m_per_px)
        _write_png(out_dir / f"{path.stem}.png", prediction.classes)
        if probabilities:
            grey = np.rint(prediction.damage * 255).astype(np.uint8)
            _write_png(out_dir / f"{path.stem}.prob.png", grey)
        answer = {
            "image": path.name,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "size_px": [rgb.shape[1], rgb.shape[0]],
            "model": predictor.model_id,
            "classes": list(predictor.classes),
            "thresholds": dict(predictor.rule.thresholds),
            "continuation_ratio": predictor.rule.continuation_ratio,
            "gsd_mm_per_px": gsd_mm_per_px,
            "pixels": _pixels(prediction.classes, predictor.classes),
            "objects": objects,
        }
        text = json.dumps(answer, indent=1, ensure_ascii=False) + "\n"
        (out_dir / f"{path.stem}.json").write_text(text, encoding="utf-8")
        yield Outcome(image=path.name, objects=len(objects))


def _pixels(classes: NDArray[np.uint8], names: Sequence[str]) -> dict[str, int]:
    """Count the pixels of each class."""
    counts = np.bincount(classes.ravel(), minlength=len(names))
    return {name: int(count) for name, count in zip(names, counts, strict=True)}


def _write_png(path: Path, image: NDArray[np.uint8]) -> None:
    if not cv2.imwrite(str(path), image):
        raise Unavailable(f"{path.name} cannot be written; is the disk full or read-only?")
