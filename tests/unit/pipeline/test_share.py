"""One mosaic shared by several workers: equal to doing it alone, whatever happens to them."""

import random
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine

from inspection.domain.asset import Asset
from inspection.domain.fragment import join
from inspection.domain.mission import Survey
from inspection.domain.raster import Chip
from inspection.errors import BadInput, Broken, Conflict, Unavailable
from inspection.imaging.chips import RasterShape, chips, cores, raster_shape
from inspection.imaging.fragments_file import pack_fragments
from inspection.pipeline import look as looking
from inspection.pipeline.detect import BAND_CHIPS, CHIP_PX, Cut, DetectionRun, Walk, detect, find
from inspection.pipeline.ports import Silence, Unconditional
from inspection.pipeline.share import Part, assist, band_rows, share
from inspection.pipeline.tools import Tools
from inspection.store import assets, bands, schema, surveys
from inspection.store.band import Band, BandState
from inspection.store.blobs import FolderBlobs
from inspection.store.engine import create_engine, writing
from tests.support.darkness import DarknessDetector
from tests.support.sharing import (
    CUT,
    CountedDetector,
    Killed,
    always,
    as_worker,
    bands_of,
    equal,
    helpers,
)
from tests.unit.pipeline.test_detect import Ear, save
from tests.unit.workers.conftest import START, HandClock

SIDE = 400
CHIPS = {"chip_px": CUT.chip_px, "margin_px": CUT.margin_px}


def picture() -> np.ndarray:  # type: ignore[type-arg]
    """Draw cracks that run over every border of the bands, along one, and a hole on one."""
    rng = np.random.default_rng(3)
    canvas = rng.integers(170, 230, (SIDE, SIDE, 3), dtype=np.uint8)
    cv2.line(canvas, (50, 2), (350, 397), (30, 30, 30), 3)
    cv2.line(canvas, (380, 5), (10, 390), (30, 30, 30), 2)
    cv2.line(canvas, (5, 192), (395, 191), (30, 30, 30), 4)  # along the border at 192 px
    cv2.circle(canvas, (60, 288), 22, (240, 20, 20), -1)
    return canvas


@pytest.fixture(scope="module")
def mosaic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(tmp_path_factory.mktemp("shared") / "mosaic.tif", picture())


@pytest.fixture(scope="module")
def alone(mosaic: Path) -> DetectionRun:
    """Detect with one worker and no bands."""
    return detect(mosaic, detector=DarknessDetector(), **CHIPS)


@dataclass
class Desk:
    """Hold a store with one survey, and what conductor and helpers need."""

    tools: Tools
    clock: HandClock
    part: Part
    invited: list[int]


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    file = tmp_path_factory.mktemp("empty") / "tenken.sqlite"
    schema.upgrade(f"sqlite:///{file}")
    return file.read_bytes()


@pytest.fixture
def desk(tmp_path: Path, empty: bytes) -> Iterator[Desk]:
    (tmp_path / "tenken.sqlite").write_bytes(empty)
    engine: Engine = create_engine(f"sqlite:///{tmp_path / 'tenken.sqlite'}")
    clock, invited = HandClock(), list[int]()
    bare = Tools(
        engine=engine,
        blobs=FolderBlobs(tmp_path / "blobs"),
        load_detector=DarknessDetector,
        model_id=DarknessDetector().model_id,
        clock=clock,
        progress=Silence(),
        work_dir=tmp_path / "work",
        cut=CUT,
        invite=invited.append,
    )
    survey = Survey(survey_id=uuid.uuid4(), asset_id="a", created_at=START)
    with writing(engine) as connection:
        assets.save(connection, Asset(asset_id="a", name="A"))
        surveys.save(connection, survey)
    part = Part(survey_id=survey.survey_id, mosaic_sha256="m", input_digest="d")
    yield Desk(as_worker(bare, "conductor"), clock, part, invited)
    engine.dispose()


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Report every chip, and do not wait long for others."""
    monkeypatch.setattr(looking, "REPORT_S", 0.0)
    monkeypatch.setattr("inspection.pipeline.share.WAIT_S", 0.01)


SHAPE = st.builds(
    RasterShape,
    width_px=st.integers(1, 60_000),
    height_px=st.integers(1, 60_000),
    gsd_m_per_px=st.none(),
)
CUTS = st.builds(
    Cut,
    chip_px=st.sampled_from([128, 640, 1024]),
    margin_px=st.sampled_from([16, 32]),
    band_chips=st.integers(1, 500),
)


@settings(max_examples=60)
@given(shape=SHAPE, cut=CUTS)
def test_bands_tile_a_mosaic_and_end_between_rows_of_cores(shape: RasterShape, cut: Cut) -> None:
    rows = band_rows(shape, cut)
    step = cut.chip_px - 2 * cut.margin_px
    assert rows[0][0] == 0 and rows[-1][1] == shape.height_px
    for (y0, y1), (below, _) in pairwise(rows):
        assert y0 < y1 == below
        assert y1 % step == 0
    columns, lines = -(-shape.width_px // step), -(-shape.height_px // step)
    assert len(rows) <= lines
    assert all(-(-(y1 - y0) // step) * columns <= 2 * cut.band_chips + columns for y0, y1 in rows)


@settings(max_examples=15)
@given(width=st.integers(1, 2500), height=st.integers(1, 2500), band_chips=st.integers(1, 60))
def test_the_chips_of_the_bands_are_those_of_the_whole(
    width: int, height: int, band_chips: int
) -> None:
    shape = RasterShape(width_px=width, height_px=height, gsd_m_per_px=None)
    cut = replace(CUT, band_chips=band_chips)
    whole = cores(shape, chip_px=128, margin_px=16)
    divided = [
        core
        for y0, y1 in band_rows(shape, cut)
        for core in cores(shape, chip_px=128, margin_px=16, window=(0, y0, width, y1))
    ]
    assert sorted(divided) == sorted(whole)


def test_a_small_mosaic_is_one_band() -> None:
    for side in (100, 5000, 11 * (CHIP_PX - 128)):
        shape = RasterShape(width_px=side, height_px=side, gsd_m_per_px=None)
        assert band_rows(shape, Cut()) == [(0, side)]
    wide = RasterShape(width_px=20_000, height_px=20_000, gsd_m_per_px=None)
    assert len(band_rows(wide, Cut())) == round(23 * 23 / BAND_CHIPS) == 4


@pytest.fixture(scope="module")
def cut_chips(mosaic: Path) -> list[Chip]:
    return list(chips(mosaic, **CHIPS))


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), batch=st.integers(1, 9))
def test_the_order_of_chips_changes_nothing(
    cut_chips: list[Chip], alone: DetectionRun, seed: int, batch: int
) -> None:
    shuffled = random.Random(seed).sample(cut_chips, len(cut_chips))
    detector = DarknessDetector()
    layout = [chip.core for chip in cut_chips]
    ear = Ear()
    found = find(
        (chip for chip in shuffled),
        detector=detector,
        progress=Walk(layout, ear),
        batch=batch,
    )
    joined = join(found.parts, classes=detector.classes, min_area_px=24)
    assert equal(joined, alone.detections)
    assert (found.chips_read, ear.units) == (25, 25)


def test_alone_in_bands_is_equal_to_alone_without(
    desk: Desk, mosaic: Path, alone: DetectionRun
) -> None:
    ear = Ear()
    run = share(mosaic, desk.part, replace(desk.tools, progress=ear))
    assert len(alone.detections) == 2  # the cracks cross, and the hole
    assert equal(run.detections, alone.detections)
    assert {**run.facts, "seconds": 0} == {**alone.facts, "seconds": 0}
    assert (ear.started, ear.units) == ([("detect", 25)], 25)
    assert ear.said[0] == "5 bands, 5 to be looked at"
    done = bands_of(desk.tools, desk.part)
    assert [(band.y0_px, band.y1_px) for band in done] == band_rows(raster_shape(mosaic), CUT)
    assert {band.worker for band in done} == {"conductor"}
    assert [band.chips_done for band in done] == [band.chips_read for band in done] == [5] * 5
    assert desk.invited == [4]


def test_four_workers_find_what_one_finds(desk: Desk, mosaic: Path, alone: DetectionRun) -> None:
    ear = Ear()
    with helpers(mosaic, desk.part, desk.tools, 3) as begin:

        def wait_for_others() -> None:
            begin.set()
            ends_s = time.monotonic() + 120
            while not workers_of(desk) - {"conductor"}:
                assert time.monotonic() < ends_s, "nobody came to help"
                time.sleep(0.01)

        waiting = CountedDetector(before=wait_for_others)
        mine = as_worker(desk.tools, "conductor", waiting)
        run = share(mosaic, desk.part, replace(mine, progress=ear))
    assert equal(run.detections, alone.detections)
    assert ear.units == 25
    done = bands_of(desk.tools, desk.part)
    assert all(band.attempt == 1 for band in done)
    assert waiting.seen == 5 * sum(band.worker == "conductor" for band in done)


def workers_of(desk: Desk) -> set[str]:
    """Name who has finished a band."""
    done = bands_of(desk.tools, desk.part)
    return {band.worker for band in done if band.blob_key is not None}


def test_a_killed_run_goes_on_with_the_bands_that_are_left(
    desk: Desk, mosaic: Path, alone: DetectionRun
) -> None:
    dying = CountedDetector(stop_at=12, error=Killed())
    with pytest.raises(Killed):
        share(mosaic, desk.part, as_worker(desk.tools, "first", dying))
    before = bands_of(desk.tools, desk.part)
    states = [band.state(desk.clock.now()) for band in before]
    assert states == [BandState.FINISHED] * 2 + [BandState.TAKEN] + [BandState.OPEN] * 2
    desk.clock.turn(61)
    second, ear = CountedDetector(), Ear()
    run = share(mosaic, desk.part, replace(as_worker(desk.tools, "second", second), progress=ear))
    assert equal(run.detections, alone.detections)
    assert second.seen == 15
    assert (ear.units, ear.said[0]) == (25, "5 bands, 3 to be looked at")
    after = bands_of(desk.tools, desk.part)
    assert [band.worker for band in after] == ["first"] * 2 + ["second"] * 3
    assert [band.attempt for band in after] == [1, 1, 2, 1, 1]
    third = CountedDetector()
    again = share(mosaic, desk.part, as_worker(desk.tools, "third", third))
    assert equal(again.detections, alone.detections) and third.seen == 0


def test_a_worker_that_was_silent_too_long_hands_its_band_over(
    desk: Desk, mosaic: Path, alone: DetectionRun
) -> None:
    """While it is frozen another one finishes everything; what it then finds counts for nothing."""
    shape = raster_shape(mosaic)
    ear = Ear()
    found: list[DetectionRun] = []

    def freeze() -> None:
        if not found:
            desk.clock.turn(61)
            found.append(share(mosaic, desk.part, as_worker(desk.tools, "quick")))

    conductor = CountedDetector(stop_at=1, error=Killed())
    with pytest.raises(Killed):
        share(mosaic, desk.part, as_worker(desk.tools, "gone", conductor))
    desk.clock.turn(61)
    frozen = as_worker(desk.tools, "frozen", CountedDetector(before=freeze))
    with writing(desk.tools.engine) as connection:
        held = bands.take(connection, desk.part.survey_id, "d", frozen.taker, desk.clock.now())
    assert held is not None
    ours = looking.look(mosaic, shape, held, replace(frozen, progress=ear), lambda: None)
    assert ours is False
    assert "no longer yours" in ear.said[0]
    assert equal(found[0].detections, alone.detections)
    assert {band.worker for band in bands_of(desk.tools, desk.part)} == {"quick"}


@pytest.mark.parametrize(
    "content",
    [None, b"no archive", pack_fragments([])[:50]],
    ids=["gone", "something else", "truncated"],
)
def test_a_band_whose_blob_is_gone_or_damaged_is_looked_at_again(
    desk: Desk, mosaic: Path, alone: DetectionRun, content: bytes | None
) -> None:
    share(mosaic, desk.part, desk.tools)
    key = bands_of(desk.tools, desk.part)[3].blob_key
    assert key is not None
    desk.tools.blobs.delete(key)
    if content is not None:
        desk.tools.blobs.put_bytes(key, content)
    second, ear = CountedDetector(), Ear()
    run = share(mosaic, desk.part, replace(as_worker(desk.tools, "second", second), progress=ear))
    assert equal(run.detections, alone.detections)
    assert second.seen == 5
    assert any("288–384 px are looked at again" in sentence for sentence in ear.said)


def test_a_band_that_fails_is_free_for_others(desk: Desk, mosaic: Path) -> None:
    failing = CountedDetector(stop_at=7, error=Unavailable("the card fell off the bus"))
    with pytest.raises(Unavailable, match="fell off"):
        share(mosaic, desk.part, as_worker(desk.tools, "first", failing))
    states = [band.state(desk.clock.now()) for band in bands_of(desk.tools, desk.part)]
    assert states == [BandState.FINISHED] + [BandState.OPEN] * 4
    helper = CountedDetector()
    assert assist(mosaic, desk.part, as_worker(desk.tools, "h", helper), wanted=always) == 4
    assert helper.seen == 20


def test_a_helper_stops_when_it_is_not_wanted_any_more(desk: Desk, mosaic: Path) -> None:
    failing = CountedDetector(stop_at=1, error=Unavailable("gone"))
    with pytest.raises(Unavailable):
        share(mosaic, desk.part, as_worker(desk.tools, "first", failing))
    asked: list[bool] = []

    def twice(_connection: Connection) -> bool:
        asked.append(len(asked) < 2)
        return asked[-1]

    assert assist(mosaic, desk.part, as_worker(desk.tools, "h"), wanted=twice) == 2
    assert asked == [True, True, False]
    nothing = Part(survey_id=desk.part.survey_id, mosaic_sha256="m", input_digest="another")
    assert assist(mosaic, nothing, desk.tools, wanted=always) == 0


class Lost(Unconditional):
    """Say that the survey is somebody else's now."""

    def check(self, connection: Connection) -> None:
        raise Conflict("the job was cancelled")


def test_whoever_lost_the_survey_takes_no_band(desk: Desk, mosaic: Path) -> None:
    counted = CountedDetector()
    lost = replace(as_worker(desk.tools, "w", counted), warrant=Lost())
    with pytest.raises(Conflict, match="cancelled"):
        share(mosaic, desk.part, lost)
    assert counted.seen == 0
    assert bands_of(desk.tools, desk.part) == ()


def test_another_division_or_another_step_replaces_the_plan(desk: Desk, mosaic: Path) -> None:
    share(mosaic, desk.part, desk.tools)
    share(mosaic, desk.part, replace(desk.tools, cut=replace(CUT, band_chips=12)))
    assert len(bands_of(desk.tools, desk.part)) == 2
    share(mosaic, replace(desk.part, input_digest="newer"), desk.tools)
    now = bands_of(desk.tools, desk.part)
    assert {band.input_digest for band in now} == {"newer"} and len(now) == 5


def test_weights_that_were_exchanged_stop_the_work(desk: Desk, mosaic: Path) -> None:
    with pytest.raises(Broken, match="the weights were exchanged meanwhile"):
        share(mosaic, desk.part, replace(desk.tools, model_id="another@1"))


def test_a_band_without_rows_or_chips_is_none() -> None:
    good = Band(
        survey_id=uuid.uuid4(),
        input_digest="d",
        y0_px=0,
        y1_px=1,
        mosaic_sha256="m",
        model_id="m",
        planned_at=START,
    )
    for wrong in ({"y0_px": 1}, {"y0_px": -1}, {"y1_px": 0}, {"chips_total": 0}):
        with pytest.raises(BadInput, match="needs rows and chips"):
            replace(good, **wrong)
