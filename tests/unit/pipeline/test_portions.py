"""A memory that does not hold a batch: fewer chips at once, the same result, and it is said."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from inspection.domain.detection import ChipScores
from inspection.errors import OutOfMemory
from inspection.pipeline.detect import DetectionRun, detect
from tests.support.darkness import DarknessDetector
from tests.support.sharing import CUT, equal
from tests.unit.pipeline.test_detect import Ear, drawn, save

CHIPS = {"chip_px": CUT.chip_px, "margin_px": CUT.margin_px}


@pytest.fixture(scope="module")
def mosaic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(tmp_path_factory.mktemp("portions") / "mosaic.tif", drawn())


@pytest.fixture(scope="module")
def alone(mosaic: Path) -> DetectionRun:
    """Detect with all the memory there is."""
    return detect(mosaic, detector=DarknessDetector(), **CHIPS)


@dataclass
class Narrow:
    """A detector whose memory holds only so many chips at once."""

    holds: int
    error: type[Exception] = MemoryError

    model_id = DarknessDetector().model_id
    classes = DarknessDetector().classes
    thresholds = DarknessDetector().thresholds
    continuation_ratio = DarknessDetector().continuation_ratio
    gsd_range_mm_per_px = DarknessDetector().gsd_range_mm_per_px

    def score(self, chips: NDArray[np.uint8]) -> list[ChipScores]:
        if len(chips) > self.holds:
            raise self.error(f"{len(chips)} chips do not fit")
        return DarknessDetector().score(chips)


@dataclass(frozen=True)
class Tight:
    """A memory that holds so many chips, how many are tried at first, and what is then too many."""

    holds: int
    batch: int
    tried: tuple[int, ...]
    error: type[Exception] = MemoryError


TIGHT = [
    Tight(8, 8, ()),
    Tight(3, 8, (8, 4)),
    Tight(1, 4, (4, 2), OutOfMemory),
    Tight(2, 5, (5,), OutOfMemory),
]


@pytest.mark.parametrize("tight", TIGHT, ids=str)
def test_fewer_chips_at_once_when_memory_does_not_hold_them(
    mosaic: Path, alone: DetectionRun, tight: Tight
) -> None:
    ear = Ear()
    narrow = Narrow(tight.holds, tight.error)
    run = detect(mosaic, detector=narrow, batch=tight.batch, progress=ear, **CHIPS)
    assert equal(run.detections, alone.detections)
    said = [one for one in ear.said if "memory" in one]
    # once each, then it is kept in mind
    assert [int(one.split("hold ")[1].split()[0]) for one in said] == list(tight.tried)
    if tight.tried:
        assert f"going on with {tight.tried[-1] // 2}" in said[-1]
        assert f"TENKEN_DETECT_BATCH={tight.tried[-1] // 2}" in said[-1]


def test_where_not_even_one_chip_fits_the_cure_is_said(mosaic: Path) -> None:
    with pytest.raises(OutOfMemory, match=r"single chip .*more memory"):
        detect(mosaic, detector=Narrow(0), **CHIPS)
