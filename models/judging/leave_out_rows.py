"""Keep how a recipe does on sources it has never seen, beside the model of that recipe."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from inspection.errors import Broken
from models.judging.intervals import Interval, ScoreIntervals
from models.judging.metrics import PixelCounts

RESULTS_SUFFIX: Final = ".left-out.json"
"""Beside ``<name>.onnx``: how the recipe of that model does on sources left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """Hold the scores of cracks on one source that a network has never seen.

    Attributes:
        source: Name of the source.
        images: Images scored: all of the source, training images too.
        threshold: Threshold of cracks, chosen on other sources.
        counts: Pixels of cracks.
        intervals: 95 % intervals over images; None with fewer than two.
        cl_dice: Agreement of centre lines.
        steps: Steps that the network was trained.
        minutes: Minutes that it was trained.
    """

    source: str
    images: int
    threshold: float
    counts: PixelCounts
    intervals: ScoreIntervals | None
    cl_dice: float
    steps: int
    minutes: float


def mean_tolerant_f1(results: Sequence[LeftOut]) -> float:
    """Return the mean of F1 within 2 px over sources, each counted once whatever its size."""
    return sum(result.counts.tolerant_f1 for result in results) / len(results) if results else 0.0


def keep_results(path: Path, results: Iterable[LeftOut]) -> None:
    """Keep rows of a recipe beside its model, where the card finds them, in place of older ones.

    Rows of other sources stay. The same rows give the same file, in whichever order they came.

    Raises:
        Broken: The file that is there is damaged.
    """
    kept = {result.source: result for result in (*read_results(path), *results)}
    rows = [asdict(kept[source]) for source in sorted(kept)]
    path.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


def read_results(path: Path) -> tuple[LeftOut, ...]:
    """Return the rows that ``keep_results`` kept; none where nothing was measured.

    Raises:
        Broken: The file is damaged.
    """
    if not path.is_file():
        return ()
    try:
        return tuple(_from_plain(row) for row in json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise Broken(f"{path.name} holds no rows of left-out sources: {error}") from error


def _from_plain(row: Mapping[str, Any]) -> LeftOut:
    """Make one row of its plain values."""
    fields = dict(row)
    counts, bounds = fields.pop("counts"), fields.pop("intervals")
    intervals = None
    if bounds is not None:
        intervals = ScoreIntervals(**{name: Interval(**ends) for name, ends in bounds.items()})
    return LeftOut(**fields, counts=PixelCounts(**counts), intervals=intervals)
