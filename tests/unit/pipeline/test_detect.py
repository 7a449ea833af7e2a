"""Detection of a whole mosaic: exact, the same in any order and batch, and honest when it fails."""

import threading
from collections.abc import Generator
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray
from rasterio.transform import Affine

from inspection.domain.detection import ChipScores, Detections
from inspection.domain.raster import Chip
from inspection.domain.taxonomy import DamageClass
from inspection.errors import BadInput, Broken
from inspection.imaging.chips import chips
from inspection.imaging.cog import validate
from inspection.pipeline.detect import ahead, batched, detect, scan
from tests.benchmarks.detect_memory import write_cog
from tests.support.darkness import CONCRETE, DarknessDetector
from tests.support.detector_contract import DetectorContract

SMALL = {"chip_px": 128, "margin_px": 16}


class TestDarkness(DetectorContract):
    """The fake keeps the contract of the real detectors."""

    @pytest.fixture
    def detector(self) -> DarknessDetector:
        return DarknessDetector()


@dataclass
class Ear:
    """Remember what was told."""

    started: list[tuple[str, int]] = field(default_factory=list)
    units: int = 0
    said: list[str] = field(default_factory=list)

    def start(self, step: str, total: int) -> None:
        self.started.append((step, total))

    def advance(self, units: int = 1) -> None:
        assert units >= 0
        self.units += units

    def say(self, message: str) -> None:
        self.said.append(message)


def drawn(side: int = 400) -> NDArray[np.uint8]:
    """Draw three cracks and a pothole on light concrete."""
    rng = np.random.default_rng(11)
    canvas = rng.integers(170, 230, (side, side, 3), dtype=np.uint8)
    cv2.line(canvas, (5, 10), (390, 350), (30, 30, 30), 3)
    cv2.line(canvas, (20, 380), (380, 360), (40, 40, 40), 2)
    cv2.polylines(canvas, [np.array([[200, 5], [330, 90], [395, 95]])], False, (20, 20, 20), 4)
    cv2.circle(canvas, (96, 192), 30, (240, 20, 20), -1)
    return canvas


def save(
    path: Path,
    pixels: NDArray[np.uint8],
    valid: NDArray[np.bool_] | None = None,
    gsd_m: float | None = 0.002,
) -> Path:
    bands = pixels if valid is None else np.dstack([pixels, valid.astype(np.uint8) * 255])
    place = {} if gsd_m is None else {"transform": Affine(gsd_m, 0, 0, 0, -gsd_m, 0)}
    alpha = {} if valid is None else {"alpha": "YES"}
    with rasterio.open(
        path, "w", driver="GTiff", width=pixels.shape[1], height=pixels.shape[0],
        count=bands.shape[2], dtype="uint8", tiled=True, blockxsize=64, blockysize=64,
        photometric="RGB", compress="deflate", **place, **alpha,
    ) as sink:  # fmt: skip
        sink.write(np.moveaxis(bands, -1, 0))
    return path


@pytest.fixture
def mosaic(tmp_path: Path) -> Path:
    return save(tmp_path / "mosaic.tif", drawn())


def equal(one: Detections, other: Detections) -> bool:
    return one.classes == other.classes and all(
        np.array_equal(getattr(one, name), getattr(other, name))
        for name in ("class_index", "confidence", "run_offsets", "runs")
    )


def test_detections_are_exactly_what_was_drawn(mosaic: Path) -> None:
    run = detect(mosaic, detector=replace(DarknessDetector(), continuation_ratio=1.0), **SMALL)
    pixels = drawn()
    dark = (pixels.max(axis=2) <= 0.4 * CONCRETE * 255).astype(np.uint8)
    count, truth = cv2.connectedComponents(dark, connectivity=8)
    cracks = [i for i in range(len(run.detections))
              if run.detections.damage_class(i) is DamageClass.CRACK]  # fmt: skip
    assert len(cracks) == count - 1 == 3
    for index in cracks:
        mask, left, top = run.detections.mask(index)
        y, x = np.nonzero(mask)
        assert len(set(truth[y + top, x + left].tolist())) == 1
        assert (truth == truth[y[0] + top, x[0] + left]).sum() == mask.sum()
        assert 0.75 < run.detections.confidence[index] < 0.95


def test_a_crack_from_edge_to_edge_of_a_real_cog_is_one(tmp_path: Path) -> None:
    """The raster of the memory benchmark, small: tiled, with overviews and alpha."""
    path = tmp_path / "cog.tif"
    write_cog(path, 1500)
    assert validate(path) == ()
    run = detect(path, detector=DarknessDetector())
    boxes = [run.detections.box_px(i) for i in range(len(run.detections))]
    heights = sorted(y1 - y0 for _, y0, _, y1 in boxes)
    assert run.chips_read == 4
    assert 1 <= len(boxes) <= 3
    assert heights[-1] == 1500


def test_a_pothole_over_four_chips_is_one(mosaic: Path) -> None:
    run = detect(mosaic, detector=DarknessDetector(), **SMALL)
    potholes = [i for i in range(len(run.detections))
                if run.detections.damage_class(i) is DamageClass.POTHOLE]  # fmt: skip
    assert [run.detections.box_px(i) for i in potholes] == [(66, 162, 127, 223)]


@pytest.mark.parametrize("batch", [1, 3, 16])
@pytest.mark.parametrize("sizes", [SMALL, {"chip_px": 224, "margin_px": 32}, {}])
def test_nothing_depends_on_batch_or_chip_size(
    mosaic: Path, batch: int, sizes: dict[str, int]
) -> None:
    """The fake looks at single pixels, so that even the chip size must not matter."""
    reference = detect(mosaic, detector=DarknessDetector(), **SMALL).detections
    other = detect(mosaic, detector=DarknessDetector(), batch=batch, **sizes).detections
    assert len(reference) == 4
    assert equal(reference, other)


def test_the_run_says_what_was_done(tmp_path: Path) -> None:
    valid = np.zeros((400, 400), dtype=bool)
    valid[:100, :200] = True
    ear = Ear()
    path = save(tmp_path / "a.tif", drawn(), valid)
    run = detect(path, detector=DarknessDetector(), progress=ear, **SMALL)
    assert (run.chips_read, run.chips_skipped) == (6, 25 - 6)
    assert ear.started == [("detect", 25)]
    assert ear.units == 25
    assert ear.said == []
    assert run.facts["chips_read"] == 6
    assert run.facts["detections"] == len(run.detections) == 1
    assert run.facts["model"] == "darkness@000000000000"
    assert 0 < run.seconds < 60


def test_no_damage_is_found_where_there_is_no_picture(tmp_path: Path) -> None:
    valid = np.ones((400, 400), dtype=bool)
    valid[:, 200:] = False
    pixels = drawn()
    pixels[~valid] = 0  # as dark as any crack
    run = detect(save(tmp_path / "a.tif", pixels, valid), detector=DarknessDetector(), **SMALL)
    assert len(run.detections) == 3
    assert run.detections.runs[:, 2].max() == 200


def test_an_empty_mosaic_has_no_detections(tmp_path: Path) -> None:
    path = save(tmp_path / "a.tif", drawn(), np.zeros((400, 400), dtype=bool))
    ear = Ear()
    run = detect(path, detector=DarknessDetector(), progress=ear, **SMALL)
    assert (len(run.detections), run.chips_read, run.chips_skipped) == (0, 0, 25)
    assert ear.units == 25


def test_a_window_is_searched_alone_and_in_raster_pixels(mosaic: Path) -> None:
    detector = DarknessDetector()
    run = detect(mosaic, detector=detector, window=(60, 150, 140, 230), **SMALL)
    whole = detect(mosaic, detector=detector, **SMALL)
    potholes = [i for i in range(len(whole.detections)) if whole.detections.class_index[i] == 1]
    boxes = [run.detections.box_px(i) for i in range(len(run.detections))]
    assert whole.detections.box_px(potholes[0]) in boxes
    assert run.detections.runs[:, 0].min() >= 150
    assert run.detections.runs[:, 2].max() <= 140


@pytest.mark.parametrize(("gsd_m", "said"), [
    (0.0005, 0), (0.005, 0), (0.00049, 1), (0.0051, 1), (None, 1),
])  # fmt: skip
@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_a_strange_ground_sample_distance_is_told_and_nothing_is_rescaled(
    tmp_path: Path, gsd_m: float | None, said: int
) -> None:
    ear = Ear()
    path = save(tmp_path / "a.tif", drawn(), gsd_m=gsd_m)
    run = detect(path, detector=DarknessDetector(), progress=ear, **SMALL)
    assert len(ear.said) == said
    assert list(run.warnings) == ear.said
    assert all("0.5–5 mm/px" in sentence for sentence in ear.said)
    assert len(run.detections) == 4


def test_the_slopes_beside_a_crack_are_cut_and_its_faint_end_is_kept(tmp_path: Path) -> None:
    """A crack of 3 px with a slope of 1 px on both sides, and 1 px wide where it fades."""
    pixels = np.full((300, 300, 3), 200, dtype=np.uint8)
    for half, grey in ((2, 118), (1, 10)):
        pixels[150 - half : 151 + half, :150] = grey
    pixels[150, 150:] = np.linspace(10, 118, 150)[:, None]
    path = save(tmp_path / "a.tif", pixels)
    cut, whole = (
        detect(path, detector=DarknessDetector(), crest_share=share, **SMALL).detections
        for share in (0.6, 0.0)
    )
    assert len(cut) == len(whole) == 1
    assert cut.mask(0)[0][:, :140].sum() == 3 * 140
    assert whole.mask(0)[0][:, :140].sum() == 5 * 140
    assert cut.box_px(0) == (0, 149, 300, 152)


@pytest.mark.parametrize("wrong", [{"batch": 0}, {"min_area_px": 0}])
def test_arguments_out_of_bounds_are_refused(mosaic: Path, wrong: dict[str, float]) -> None:
    with pytest.raises(BadInput):
        detect(mosaic, detector=DarknessDetector(), **SMALL, **wrong)


def test_a_missing_mosaic_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"none\.tif"):
        detect(tmp_path / "none.tif", detector=DarknessDetector())


def test_a_damaged_mosaic_stops_the_run_and_leaves_no_thread(mosaic: Path) -> None:
    content = bytearray(mosaic.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 5000] = bytes(5000)
    mosaic.write_bytes(content)
    with pytest.raises(Broken, match=r"mosaic\.tif is damaged"):
        detect(mosaic, detector=DarknessDetector(), **SMALL)
    assert not [t for t in threading.enumerate() if t.name.startswith("ahead")]


class Failing(DarknessDetector):
    """Fail at the second batch, as an inference library might."""

    calls: list[int] = []  # noqa: RUF012  # shared on purpose

    def score(self, chips: NDArray[np.uint8]) -> list[ChipScores]:
        self.calls.append(len(chips))
        if len(self.calls) == 2:
            raise Broken("the network stopped")
        return super().score(chips)


def test_a_failing_detector_stops_the_reader_too(mosaic: Path) -> None:
    Failing.calls.clear()
    with pytest.raises(Broken, match="the network stopped"):
        detect(mosaic, detector=Failing(), batch=2, **SMALL)
    assert Failing.calls == [2, 2]
    assert not [t for t in threading.enumerate() if t.name.startswith("ahead")]


@dataclass(frozen=True, kw_only=True)
class Counting(DarknessDetector):
    """Say how many groups were scored."""

    scored: list[int] = field(default_factory=list)
    third: threading.Event = field(default_factory=threading.Event)

    def score(self, chips: NDArray[np.uint8]) -> list[ChipScores]:
        self.scored.append(len(chips))
        if len(self.scored) == 3:
            self.third.set()
        return super().score(chips)


def test_the_next_group_is_scored_while_one_is_looked_at_and_no_other(mosaic: Path) -> None:
    detector = Counting()
    walk = scan(chips(mosaic, **SMALL), detector=detector, batch=2)
    for _ in range(3):  # two of the first group, one of the second
        next(walk)
    assert detector.third.wait(timeout=60)
    assert len(detector.scored) == 3
    walk.close()
    assert len(detector.scored) == 3


class Narrow(DarknessDetector):
    """Hold one chip at a time."""

    def score(self, chips: NDArray[np.uint8]) -> list[ChipScores]:
        if len(chips) > 1:
            raise MemoryError
        return super().score(chips)


def test_what_scoring_says_is_told_on_the_thread_that_looks(mosaic: Path) -> None:
    heard: list[tuple[str, int]] = []

    def say(sentence: str) -> None:
        heard.append((sentence, threading.get_ident()))

    shown = list(scan(chips(mosaic, **SMALL), detector=Narrow(), batch=2, say=say))
    assert len(shown) == len(list(chips(mosaic, **SMALL)))
    ((sentence, thread),) = heard
    assert "going on with 1" in sentence and thread == threading.get_ident()


def chip(number: int) -> Chip:
    return Chip(
        x_px=number,
        y_px=0,
        core=(number, 0, number + 1, 1),
        pixels=np.zeros((1, 1, 3), dtype=np.uint8),
        valid=np.ones((1, 1), dtype=bool),
    )


@dataclass
class Source:
    """Count what was taken and remember on which thread it was closed."""

    total: int
    taken: int = 0
    opened_on: int = 0
    closed_on: int = 0

    def stream(self) -> Generator[Chip, None, None]:
        self.opened_on = threading.get_ident()
        try:
            for number in range(self.total):
                self.taken += 1
                yield chip(number)
        finally:
            self.closed_on = threading.get_ident()


@pytest.mark.parametrize("size", [1, 3, 10])
def test_reading_ahead_keeps_order_and_loses_nothing(size: int) -> None:
    source = Source(total=10)
    groups = list(ahead(batched(source.stream(), size), depth=2))
    assert [c.x_px for group in groups for c in group] == list(range(10))
    assert all(len(group) == size for group in groups[:-1])


def test_no_more_is_read_ahead_than_allowed() -> None:
    source = Source(total=1000)
    stream = ahead(batched(source.stream(), 4), depth=2)
    for taken in range(1, 20):
        next(stream)
        assert source.taken <= 4 * (taken + 2)
    stream.close()
    assert source.taken <= 4 * 21


def test_files_are_closed_on_the_thread_that_opened_them() -> None:
    source = Source(total=100)
    stream = ahead(batched(source.stream(), 2), depth=2)
    next(stream)
    stream.close()
    assert source.opened_on == source.closed_on != threading.get_ident()


def test_a_higher_threshold_finds_less(mosaic: Path) -> None:
    plain = replace(DarknessDetector(), continuation_ratio=1.0)
    areas = [
        int(np.diff(detect(mosaic, detector=d, **SMALL).detections.runs[:, 1:]).sum())
        for d in (plain, replace(plain, thresholds=(0.86, 0.6)))
    ]
    assert 0 < areas[1] < areas[0]
