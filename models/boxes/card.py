"""Write the card of a box model from its registration and its measured scores, never by hand."""

from models.boxes.judge import Judgement
from models.boxes.precision import DRAWS
from models.boxes.registry import BoxEntry
from models.judging.card import data_section, table, training_section
from models.judging.intervals import Interval

LIMITS = """\
- It is for photos that a vehicle's camera takes of the road ahead. It is not used on orthomosaics:
  surveys take a model that tells the class of each pixel, because boxes break thin cracks.
- A box has no width, length or area in metres: such a photo has no single size of a pixel.
- Nothing is claimed for other damage, for other roads or for a camera that looks straight down.
- Few photos were learned from and fewer judge it; read the intervals, not the digits."""


def between(value: float, interval: Interval | None) -> str:
    """Return a score with its 95 % interval, where there is one.

    Examples:
        >>> between(0.5, Interval(low=0.4, high=0.61)), between(0.5, None)
        ('0.500 (0.40–0.61)', '0.500')
    """
    if interval is None:
        return f"{value:.3f}"
    return f"{value:.3f} ({interval.low:.2f}–{interval.high:.2f})"


def score_section(entry: BoxEntry, judgement: Judgement) -> str:
    """Return the table of scores, a row for each class and one for their mean."""
    rows = []
    for name, score in zip(entry.classes, judgement.classes, strict=True):
        measured = (
            [
                between(score.ap50, score.ap50_interval),
                f"{score.ap:.3f}",
                f"{score.precision:.3f}",
                f"{score.recall:.3f}",
                f"{score.f1:.3f}",
            ]
            if score.labelled
            else ["no label"] * 5
        )
        kind = [name, entry.damage[name].value, str(score.labelled), str(score.photos)]
        rows.append([*kind, *measured[:2], f"{score.threshold:.3f}", *measured[2:]])
    mean = between(judgement.map50, judgement.map50_interval)
    rows.append(["mean", "", "", str(judgement.photos), mean, f"{judgement.map:.3f}", *[""] * 4])
    header = ["class", "damage", "boxes", "photos", "AP50", "AP50-95", "threshold"]
    return table([*header, "precision", "recall", "F1"], rows)


def write_box_card(entry: BoxEntry, judgement: Judgement) -> None:
    """Write the card of a box model from what was measured."""
    size_mb = entry.onnx_path.stat().st_size / 1e6
    labels = "\n".join(
        f"- {name}: {', '.join(labels)}"
        for name, labels in entry.training.get("labels", {}).items()
    )
    text = f"""# {entry.name}

Written by `tenken models evaluate`; do not edit. A detection network: boxes around
{", ".join(entry.classes)} in road photos taken from vehicles. Licence {entry.licence}. ONNX,
{size_mb:.1f} MB, half-precision weights, sha256 `{entry.sha256}`. A photo is shown whole, its
longer side {entry.photo_px} px.

## Training data
Only the `train` part of each set: blocks of consecutive ids, whole. The photos are
CC BY-SA 4.0 where the table says so; the weights carry the program's own licence.

{data_section(entry)}

Boxes of the labels that each class gathers:
{labels}

## Training
{training_section(entry)}

## Scores on the `val` blocks
These photos also chose the thresholds and the half of the head that answers, so these are
validation scores, not test scores. A box is true if its IoU with a label of its class is at least
0.5 (AP50), or over 0.5 to 0.95 in steps of 0.05 (AP50-95); average precision as Ultralytics
computes it, without a fault 0.995. Precision, recall and F1 are at the threshold.

{score_section(entry, judgement)}

In brackets: 95 % intervals, photos drawn again {DRAWS} times.

## Limits
{LIMITS}
"""
    entry.card_path.parent.mkdir(parents=True, exist_ok=True)
    entry.card_path.write_text(text, encoding="utf-8")
