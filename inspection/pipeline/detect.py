"""Detect damage on a mosaic of any size: read chips, score them, join what they show by shape."""

import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeVar

import numpy as np

from inspection.domain.detection import ChipScores, Detections
from inspection.domain.fragment import (
    Fragments,
    Thresholds,
    closed_specks_dropped,
    fragments,
    join,
)
from inspection.domain.raster import Chip
from inspection.errors import BadInput, OutOfMemory
from inspection.imaging.candidates import Decider
from inspection.imaging.chips import Core, RasterShape, chips, cores, raster_shape
from inspection.pipeline.ports import Detector, Progress, Silence

Item = TypeVar("Item")

CHIP_PX = 1024
"""Side of a chip with its margins: 30 % more mosaic a second than 640 px with the same margin."""

MARGIN_PX = 64
"""Margin around the core of a chip, which the network sees but does not speak for.

Measured on a drone photo: without a margin the scores in the outer 8 px of a core differ ten times
as much from those with 160 px of context as they do with 64 px.
"""

MIN_AREA_PX = 24
"""Detections with fewer pixels are specks: a crack of 2 px width would be 12 px long."""

CREST_SHARE = 0.6
"""A pixel stays when its score is at least this share of the highest within 2 px."""

BATCH = 4
"""Chips given to the detector at once, unless the settings say another number."""

AHEAD = 2
"""Batches that are read while the detector works; bounds the memory of the reader."""


BAND_CHIPS = 128
"""Chips of a band that one worker takes at a time, about 100 Mpx: a quarter of a minute on two
cores is long against what sharing costs, and short against what is lost when a worker dies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """Say how a mosaic is cut into chips, and those into bands.

    Attributes:
        chip_px: side of a chip with its margins, a multiple of 32 px.
        margin_px: margin on every side, a multiple of 16 px.
        band_chips: chips of a band, about.
    """

    chip_px: int = CHIP_PX
    margin_px: int = MARGIN_PX
    band_chips: int = BAND_CHIPS


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectionRun:
    """Carry the detections of one mosaic and how they came about.

    Attributes:
        detections: what was found, sorted by first pixel.
        model_id: the model and the digest of its weights.
        chips_read: chips that were scored.
        chips_skipped: chips without a valid pixel in their core.
        seconds: wall-clock time, s.
        warnings: sentences for the user.
    """

    detections: Detections
    model_id: str
    chips_read: int
    chips_skipped: int
    seconds: float
    warnings: tuple[str, ...] = ()

    @property
    def facts(self) -> dict[str, object]:
        """Give the run as plain values, for ``run.json``."""
        return {
            "model": self.model_id,
            "detections": len(self.detections),
            "chips_read": self.chips_read,
            "chips_skipped": self.chips_skipped,
            "seconds": round(self.seconds, 3),
            "warnings": list(self.warnings),
        }


def detect(
    mosaic_path: Path,
    *,
    detector: Detector,
    batch: int = BATCH,
    progress: Progress | None = None,
    min_area_px: int = MIN_AREA_PX,
    crest_share: float = CREST_SHARE,
    chip_px: int = CHIP_PX,
    margin_px: int = MARGIN_PX,
    window: Core | None = None,
) -> DetectionRun:
    """Find the damage on a mosaic; memory does not grow with the size of the mosaic.

    Each chip is scored with its margin, its core is cut into fragments, and the fragments of all
    chips are joined where they touch. The result depends neither on the order of chips nor on the
    batch. Distractor classes (joints) are among the detections: they explain what is no damage.

    Args:
        mosaic_path: a raster of uint8, grey or RGB, with or without a mask.
        detector: scores chips.
        batch: chips given to the detector at once.
        progress: hears of each chip.
        min_area_px: detections with fewer pixels are dropped.
        crest_share: see ``inspection.imaging.crest``; 0 keeps the slopes beside a crack.
        chip_px: side of a chip with its margins, a multiple of 32 px.
        margin_px: margin on every side, a multiple of 16 px.
        window: part of the raster to look at, x0 y0 x1 y1 px; None is the whole.

    Raises:
        BadInput: when the mosaic cannot be read or an argument is out of bounds.
        OutOfMemory: when not even one chip at a time fits.
        Broken: when the mosaic is damaged.
    """
    began, progress = time.monotonic(), progress or Silence()
    shape = raster_shape(mosaic_path)
    layout = cores(shape, chip_px=chip_px, margin_px=margin_px, window=window)
    warnings = gsd_warnings(shape, detector)
    for warning in warnings:
        progress.say(warning)
    progress.start("detect", len(layout))
    found = find(
        chips(mosaic_path, chip_px=chip_px, margin_px=margin_px, window=window),
        detector=detector,
        batch=batch,
        progress=Walk(layout, progress),
        min_area_px=min_area_px,
        crest_share=crest_share,
    )
    return DetectionRun(
        detections=join(found.parts, classes=detector.classes, min_area_px=min_area_px),
        model_id=detector.model_id,
        chips_read=found.chips_read,
        chips_skipped=len(layout) - found.chips_read,
        seconds=time.monotonic() - began,
        warnings=warnings,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Carry what some chips show, before the pieces are joined.

    Attributes:
        parts: fragments of the chips that show any, in the order of the chips.
        chips_read: chips that were scored.
    """

    parts: tuple[Fragments, ...]
    chips_read: int


class Walk:
    """Tell progress of a walk over chips in the order of a layout; those left out count too."""

    def __init__(self, layout: Sequence[Core], progress: Progress) -> None:
        """Begin a walk."""
        self._place = {core: number for number, core in enumerate(layout, 1)}
        self._done = 0
        self._progress = progress

    def reach(self, core: Core) -> None:
        """Say that a chip was scored, and that those before it were scored or left out."""
        self._advance(self._place[core])

    def end(self) -> None:
        """Say that the walk is over."""
        self._advance(len(self._place))

    def say(self, message: str) -> None:
        """Tell the user one sentence."""
        self._progress.say(message)

    def _advance(self, place: int) -> None:
        if place > self._done:
            self._progress.advance(place - self._done)
            self._done = place


def find(
    stream: Generator[Chip, None, None],
    *,
    detector: Detector,
    progress: Walk,
    batch: int = BATCH,
    min_area_px: int = MIN_AREA_PX,
    crest_share: float = CREST_SHARE,
) -> Found:
    """Find the fragments that chips show; for the arguments see ``detect``.

    Raises:
        BadInput: when an argument is out of bounds.
        OutOfMemory: when not even one chip at a time fits.
        Broken: when the mosaic is damaged.
    """
    if batch < 1 or min_area_px < 1:
        raise BadInput(f"batch {batch} and min_area_px {min_area_px} must be at least 1")
    thresholds = Thresholds(
        upper=detector.thresholds, continuation_ratio=detector.continuation_ratio
    )
    parts: list[Fragments] = []
    read = 0
    for chip, scores in scan(stream, detector=detector, batch=batch, say=progress.say):
        part = fragments_of_core(chip, scores, thresholds, crest_share=crest_share)
        kept = closed_specks_dropped(part, core=chip.core, min_area_px=min_area_px)
        parts += [kept] if len(kept) else []
        read += 1
        progress.reach(chip.core)
    progress.end()
    return Found(parts=tuple(parts), chips_read=read)


def scan(
    stream: Generator[Chip, None, None],
    *,
    detector: Detector,
    batch: int,
    say: Callable[[str], None] | None = None,
) -> Generator[tuple[Chip, ChipScores], None, None]:
    """Give each chip of a stream with its scores; the next ones are read and scored meanwhile.

    Raises:
        OutOfMemory: when not even one chip at a time fits.
    """
    told: deque[str] = deque()
    portion = Portion(detector, batch, told.append)
    for pairs in ahead(_scored(stream, portion, batch), depth=1):
        while told:  # here, because who listens need not expect another thread
            (say or Silence().say)(told.popleft())
        yield from pairs


def _scored(
    stream: Generator[Chip, None, None], portion: "Portion", batch: int
) -> Generator[list[tuple[Chip, ChipScores]], None, None]:
    """Give the groups of a stream with their scores; the next groups are read meanwhile."""
    with closing(ahead(batched(stream, batch), depth=AHEAD)) as groups:
        for group in groups:
            yield list(zip(group, portion.score(group), strict=True))


class Portion:
    """Give a detector as many chips at once as its memory holds; fewer once that was too many."""

    def __init__(self, detector: Detector, size: int, say: Callable[[str], None]) -> None:
        """Begin with portions of ``size`` chips."""
        self._detector = detector
        self._say = say
        self.size = size

    def score(self, group: Sequence[Chip]) -> list[ChipScores]:
        """Score chips, in smaller portions from the moment when memory did not suffice.

        Raises:
            OutOfMemory: when one chip alone is too many.
        """
        scores: list[ChipScores] = []
        while len(scores) < len(group):
            portion = group[len(scores) : len(scores) + self.size]
            try:
                scores += self._detector.score(np.stack([chip.pixels for chip in portion]))
            except (MemoryError, OutOfMemory) as error:
                self._shrink(len(portion), error)
        return scores

    def _shrink(self, tried: int, error: BaseException) -> None:
        if tried == 1:
            raise OutOfMemory(
                f"memory does not hold a single chip for {self._detector.model_id} ({error}); end "
                "other programs, or let a machine with more memory do it"
            ) from error
        self.size = tried // 2
        self._say(
            f"memory did not hold {tried} chips at once ({error}); going on with {self.size}; set "
            f"TENKEN_DETECT_BATCH={self.size} to begin so"
        )


def gsd_warnings(shape: RasterShape, detector: Detector) -> tuple[str, ...]:
    """Say when a mosaic's ground sample distance is not one for which the model was trained."""
    low, high = detector.gsd_range_mm_per_px
    if shape.gsd_m_per_px is None:
        return (
            "the mosaic has no ground sample distance in metres; the model was trained for "
            f"{low:g}–{high:g} mm/px and may miss or invent damage outside it",
        )
    gsd_mm = shape.gsd_m_per_px * 1000
    if low <= gsd_mm <= high:
        return ()
    return (
        f"the mosaic's ground sample distance of {gsd_mm:.3g} mm/px is outside the "
        f"{low:g}–{high:g} mm/px for which the model was trained; expect missed and false "
        "detections, or choose another model",
    )


def fragments_of_core(
    chip: Chip,
    scores: ChipScores,
    thresholds: Thresholds,
    *,
    crest_share: float = CREST_SHARE,
) -> Fragments:
    """Cut the fragments out of the part of a chip that speaks for the mosaic."""
    x0, y0, x1, y1 = chip.core
    rows = slice(y0 - chip.y_px, y1 - chip.y_px)
    columns = slice(x0 - chip.x_px, x1 - chip.x_px)
    decider = Decider(
        scores=scores, valid=chip.valid, thresholds=thresholds, crest_share=crest_share
    )
    found, beside = decider.core_beside_joints(rows, columns)
    return fragments(found, thresholds=thresholds, x_px=x0, y_px=y0, beside_joint=beside)


def batched(stream: Generator[Chip, None, None], size: int) -> Generator[list[Chip], None, None]:
    """Group a stream of chips, the last group may be smaller, and close it at the end."""
    with closing(stream):
        while group := list(islice(stream, size)):
            yield group


def ahead(items: Generator[Item, None, None], *, depth: int) -> Generator[Item, None, None]:
    """Take items from a generator on a thread of its own, at most ``depth`` in advance.

    An error of the generator is raised here, in its place. When the taker stops early, the
    generator is closed on its own thread, where it had opened its files.
    """
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="ahead") as taker:
        waiting: deque[Future[Item | None]] = deque(
            taker.submit(next, items, None) for _ in range(depth)
        )
        try:
            while (item := waiting.popleft().result()) is not None:
                waiting.append(taker.submit(next, items, None))
                yield item
        finally:
            for future in waiting:
                future.cancel()
            taker.submit(items.close).result()
