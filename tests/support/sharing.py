"""A survey whose mosaic has cracks over all its bands, and workers in threads who share it."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from inspection.domain.detection import ChipScores, Detections
from inspection.pipeline.detect import Cut
from inspection.pipeline.share import Part, assist
from inspection.pipeline.tools import Tools
from inspection.store import bands
from inspection.store.band import Band, Taker
from inspection.store.engine import reading
from tests.support.darkness import DarknessDetector

CUT = Cut(chip_px=128, margin_px=16, band_chips=5)
"""Cores of 96 px: a mosaic of 400 px has five rows of five, a band each."""


@dataclass
class CountedDetector:
    """The fake detector; counts the chips it saw and may stop at one of them."""

    stop_at: int | None = None
    error: BaseException | None = None
    seen: int = 0
    before: Callable[[], None] = field(default=lambda: None)
    inner: DarknessDetector = field(default_factory=DarknessDetector)
    guard: threading.Lock = field(default_factory=threading.Lock)

    model_id = DarknessDetector().model_id
    classes = DarknessDetector().classes
    thresholds = DarknessDetector().thresholds
    continuation_ratio = DarknessDetector().continuation_ratio
    gsd_range_mm_per_px = DarknessDetector().gsd_range_mm_per_px

    def score(self, chips: NDArray[np.uint8]) -> list[ChipScores]:
        """Score chips, or stop."""
        self.before()
        with self.guard:
            self.seen += len(chips)
            if self.stop_at is not None and self.seen >= self.stop_at:
                assert self.error is not None
                raise self.error
        return self.inner.score(chips)


class Killed(BaseException):
    """Stand for the end of a process: nobody cleans up."""


def as_worker(tools: Tools, name: str, detector: CountedDetector | None = None) -> Tools:
    """Give the tools of another worker of the same store."""
    counted = detector or CountedDetector()
    taker = Taker(worker=name, lease_s=tools.taker.lease_s)
    return replace(tools, taker=taker, load_detector=lambda: counted)


def always(_connection: Connection) -> bool:
    """Go on helping."""
    return True


@contextmanager
def helpers(path: Path, part: Part, tools: Tools, count: int) -> Iterator[threading.Event]:
    """Let other workers look for bands again and again until the block ends.

    The event lets them begin; errors of theirs are raised at the end.
    """
    over, begin = threading.Event(), threading.Event()

    def helping(number: int) -> None:
        begin.wait(timeout=30)
        mine = as_worker(tools, f"helper-{number}")
        while not over.is_set():
            assist(path, part, mine, wanted=always)
            over.wait(0.01)

    with ThreadPoolExecutor(count) as pool:
        waiting = [pool.submit(helping, number) for number in range(count)]
        try:
            yield begin
        finally:
            begin.set()
            over.set()
            for one in waiting:
                one.result(timeout=60)


def bands_of(tools: Tools, part: Part) -> tuple[Band, ...]:
    """List the bands of a survey."""
    with reading(tools.engine) as connection:
        return bands.of_survey(connection, part.survey_id)


def equal(one: Detections, other: Detections) -> bool:
    """Tell whether detections are the same to the last bit."""
    return one.classes == other.classes and all(
        np.array_equal(getattr(one, name), getattr(other, name))
        for name in ("class_index", "confidence", "run_offsets", "runs")
    )
