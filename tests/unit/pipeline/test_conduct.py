"""The road from a mosaic to a work list: each step once, wherever it was broken off."""

import json
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from sqlalchemy import func, select

from inspection.domain.measurement import WidthMethod
from inspection.domain.mission import SurveyState
from inspection.domain.raster import Orthomosaic
from inspection.domain.taxonomy import DamageClass
from inspection.errors import BadInput, Broken, Conflict, NotFound, Unavailable
from inspection.imaging import viewfile
from inspection.imaging.ortho import View
from inspection.imaging.surface import FlatSurface
from inspection.pipeline.conduct import Conducted, conduct
from inspection.pipeline.gauge import Gauge
from inspection.pipeline.ledger import record
from inspection.pipeline.ports import Detector, Silence
from inspection.pipeline.tools import Tools
from inspection.pipeline.workshop import workshop
from inspection.store import defects, keys, orthomosaics, photos, steps, surveys, tables
from inspection.store.blobs import FolderBlobs
from inspection.store.engine import create_engine, reading, writing
from tests.support.darkness import DarknessDetector
from tests.support.seed import CRACKS_PX, LEFT_M, TOP_M, SeededSurvey, database_url, seed_mosaic

ROAD = ["mosaic", "detect", "measure", "consolidate", "issue"]
COUNTED = (
    tables.defects,
    tables.observations,
    tables.defect_observations,
    tables.steps,
    tables.orthomosaics,
    tables.work_lists,
    tables.work_orders,
)


class RunningClock:
    """Tell a time that is a second later at every look."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 5, 2, 9, 30, tzinfo=UTC)

    def now(self) -> datetime:
        self.moment += timedelta(seconds=1)
        return self.moment


@dataclass
class BrittleBlobs:
    """A folder of blobs that refuses at one call, as a full disk or a lost network drive does."""

    kept: FolderBlobs
    refuse_at: int | None = None
    calls: list[str] = field(default_factory=list)

    def _call(self, name: str) -> None:
        self.calls.append(name)
        if self.refuse_at == len(self.calls):
            raise Unavailable(f"the drive went away at call {len(self.calls)} ({name})")

    def put_file(self, key: str, source: Path) -> None:
        self._call("put_file")
        self.kept.put_file(key, source)

    def put_bytes(self, key: str, content: bytes) -> None:
        self._call("put_bytes")
        self.kept.put_bytes(key, content)

    def read_bytes(self, key: str) -> bytes:
        self._call("read_bytes")
        return self.kept.read_bytes(key)

    def exists(self, key: str) -> bool:
        self._call("exists")
        return self.kept.exists(key)

    @contextmanager
    def local_path(self, key: str) -> Iterator[Path]:
        self._call("local_path")
        with self.kept.local_path(key) as path:
            yield path

    def delete(self, key: str) -> None:
        self._call("delete")
        self.kept.delete(key)

    def keys(self, prefix: str) -> Iterator[str]:
        self._call("keys")
        return self.kept.keys(prefix)


@dataclass
class Site:
    """Hold one photographed survey and what the road may use."""

    tools: Tools
    blobs: BrittleBlobs
    survey_id: uuid.UUID
    loaded: list[str]

    def with_detector(self, detector: Detector, model_id: str | None = None) -> Tools:
        """Give the tools with another detector."""

        def load() -> Detector:
            self.loaded.append(detector.model_id)
            return detector

        named = model_id or detector.model_id
        return replace(self.tools, load_detector=load, model_id=named)

    def state(self) -> SurveyState:
        with reading(self.tools.engine) as connection:
            return surveys.by_id(connection, self.survey_id).state

    def rows(self) -> dict[str, int]:
        """Count the rows that the road writes."""
        with reading(self.tools.engine) as connection:
            return {
                table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
                for table in COUNTED
            }

    def found(self) -> list[tuple[Any, ...]]:
        """Describe the defects without moments, to compare two runs."""
        with reading(self.tools.engine) as connection:
            return [
                (row.defect_id, row.damage_class, row.latest.measurement, row.latest.box_px)
                for row in defects.find(connection).rows
            ]


@pytest.fixture(scope="module")
def photographed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, SeededSurvey]:
    home = tmp_path_factory.mktemp("photographed") / "home"
    return home, seed_mosaic(home)


@pytest.fixture
def site(tmp_path: Path, photographed: tuple[Path, SeededSurvey]) -> Iterator[Site]:
    template, made = photographed
    home = tmp_path / "home"
    shutil.copytree(template, home)
    engine = create_engine(database_url(home))
    blobs = BrittleBlobs(FolderBlobs(home / "blobs"))
    loaded: list[str] = []
    bare = Tools(
        engine=engine,
        blobs=blobs,
        load_detector=DarknessDetector,
        model_id=DarknessDetector().model_id,
        clock=RunningClock(),
        progress=Silence(),
        work_dir=home / "work",
    )
    opened = Site(bare, blobs, made.survey_id, loaded)
    opened.tools = opened.with_detector(DarknessDetector())
    _enter_mosaic(opened, made.mosaic)
    yield opened
    engine.dispose()


def _enter_mosaic(site: Site, made: Orthomosaic) -> None:
    """Write into the ledger that the mosaic was made: tying photos together is not tested here."""
    with reading(site.tools.engine) as connection:
        survey = surveys.by_id(connection, site.survey_id)
        taken = photos.of_survey(connection, site.survey_id)
    inputs = {
        "photos": sorted([photo.name, photo.sha256] for photo in taken),
        "surface": survey.surface.value,
        "gsd_m_per_px": survey.gsd_m_per_px,
        "map_crs": survey.map_crs,
        "control": "",
    }
    result = {"registration": {}, "mosaic": {}, "sha256": made.sha256}
    with writing(site.tools.engine) as connection, Gauge() as gauge:
        record(
            connection,
            site.tools.clock,
            site.survey_id,
            step="mosaic",
            inputs=inputs,
            result=result,
            gauge=gauge,
        )


def reused(conducted: Conducted) -> dict[str, bool]:
    """Say of each step whether it was done earlier."""
    return {entry.step: entry.reused for entry in conducted.entries}


def test_every_step_of_the_road_is_done_in_its_order(site: Site) -> None:
    conducted = conduct(site.survey_id, site.tools)
    assert [entry.step for entry in conducted.entries] == ROAD
    assert conducted.survey.state is SurveyState.PROCESSED is site.state()
    assert conducted.asset.asset_id == "bridge-12"
    assert site.loaded == ["darkness@000000000000"]
    rows = site.rows()
    assert rows["defects"] == rows["observations"] == len(CRACKS_PX)
    assert rows["work_orders"] == len(CRACKS_PX)
    assert rows["steps"] == len(ROAD)


def test_the_cracks_that_were_drawn_lie_where_they_were_drawn(site: Site) -> None:
    conducted = conduct(site.survey_id, site.tools)
    with reading(site.tools.engine) as connection:
        found = defects.find(connection).rows
    assert {row.damage_class for row in found} == {DamageClass.CRACK}
    grid = conducted.mosaic.grid
    for line in CRACKS_PX:
        drawn = shapely.LineString(grid.to_surface(list(line)))
        near = [row for row in found if row.latest.outline_surface_m.distance(drawn) < 0.002]
        assert len(near) == 1
        measured = near[0].latest.measurement.length_m
        assert measured is not None and measured.value is not None
        assert 0.95 * drawn.length < measured.value < 1.05 * drawn.length


def keep_views(site: Site, made: SeededSurvey) -> None:
    """Keep how the one photo sees the surface: the mosaic at two fifths of its resolution."""
    scale = 0.4 / made.mosaic.grid.gsd_m_per_px
    matrix = np.array([[scale, 0, -LEFT_M * scale], [0, -scale, TOP_M * scale], [0, 0, 1.0]])
    view = View(
        sha256=made.photo_sha256,
        path=Path("not kept"),
        width_px=600,
        height_px=360,
        photo_from_plane=matrix,
    )
    content = json.dumps(viewfile.to_plain([view], FlatSurface())).encode()
    site.blobs.kept.put_bytes(keys.views_key(made.mosaic.sha256), content)


def test_widths_are_read_in_the_photos_where_their_views_were_kept(
    site: Site, photographed: tuple[Path, SeededSurvey]
) -> None:
    keep_views(site, photographed[1])
    conducted = conduct(site.survey_id, site.tools)
    with reading(site.tools.engine) as connection:
        seen = [row.latest.measurement for row in defects.find(connection).rows]
    assert {numbers.method for numbers in seen} == {WidthMethod.TROUGH_FIT}
    measured = {entry.step: entry.result for entry in conducted.entries}["measure"]
    plain = json.loads(site.blobs.kept.read_bytes(str(measured["widths_key"])))
    assert len(plain["cracks"]) == len(CRACKS_PX)
    for crack in plain["cracks"]:
        assert crack["photo_gsd_mm_per_px"] == pytest.approx(5.0, rel=0.001)
    assert all(reused(conduct(site.survey_id, site.tools)).values())


def test_another_calibration_of_widths_measures_again(
    site: Site, photographed: tuple[Path, SeededSurvey]
) -> None:
    keep_views(site, photographed[1])
    conduct(site.survey_id, site.tools)
    before = site.found()
    masks = conduct(site.survey_id, replace(site.tools, widths=None))
    again = reused(masks)
    assert (again["detect"], again["measure"], again["consolidate"]) == (True, False, False)
    methods = {row[2].method for row in site.found()}
    assert methods == {WidthMethod.DISTANCE_TRANSFORM}
    assert [row[0] for row in site.found()] == [row[0] for row in before]


def test_conducting_again_does_nothing_and_loads_no_detector(site: Site) -> None:
    conduct(site.survey_id, site.tools)
    rows, found = site.rows(), site.found()
    again = conduct(site.survey_id, site.tools)
    assert all(reused(again).values())
    assert site.loaded == ["darkness@000000000000"]
    assert (site.rows(), site.found()) == (rows, found)


def test_another_model_searches_again_but_makes_no_mosaic(site: Site) -> None:
    conduct(site.survey_id, site.tools)
    other = site.with_detector(DarknessDetector(model_id="darkness@111111111111"))
    again = reused(conduct(site.survey_id, other))
    assert (again["mosaic"], again["detect"], again["measure"]) == (True, False, False)
    assert site.loaded == ["darkness@000000000000", "darkness@111111111111"]
    assert site.rows()["defects"] == len(CRACKS_PX)


def test_equal_detections_of_another_model_are_the_same_damage(site: Site) -> None:
    conduct(site.survey_id, site.tools)
    before = {row[0] for row in site.found()}
    conduct(site.survey_id, site.with_detector(DarknessDetector(model_id="darkness@2222")))
    assert {row[0] for row in site.found()} == before


@pytest.fixture(scope="module")
def unbroken(
    tmp_path_factory: pytest.TempPathFactory, photographed: tuple[Path, SeededSurvey]
) -> tuple[list[Any], dict[str, int], int]:
    """Give what a run without trouble finds and writes, and how often it asks for a blob."""
    template, made = photographed
    home = tmp_path_factory.mktemp("unbroken") / "home"
    shutil.copytree(template, home)
    engine = create_engine(database_url(home))
    blobs = BrittleBlobs(FolderBlobs(home / "blobs"))
    tools = Tools(
        engine=engine,
        blobs=blobs,
        load_detector=DarknessDetector,
        model_id=DarknessDetector().model_id,
        clock=RunningClock(),
        progress=Silence(),
        work_dir=home / "work",
    )
    site = Site(tools, blobs, made.survey_id, [])
    _enter_mosaic(site, made.mosaic)
    conduct(made.survey_id, tools)
    result = site.found(), site.rows(), len(blobs.calls)
    engine.dispose()
    return result


BLOB_CALLS = 8
"""How often a road that has its mosaic asks for a blob; the next test holds it to that."""


def test_the_road_asks_for_blobs_as_often_as_is_broken_below(
    unbroken: tuple[list[Any], dict[str, int], int],
) -> None:
    assert unbroken[2] == BLOB_CALLS


@pytest.mark.parametrize("call", range(1, BLOB_CALLS + 1))
def test_a_road_that_broke_off_anywhere_ends_as_an_unbroken_one(
    site: Site, unbroken: tuple[list[Any], dict[str, int], int], call: int
) -> None:
    site.blobs.refuse_at = call
    with pytest.raises(Unavailable, match=f"went away at call {call} "):
        conduct(site.survey_id, site.tools)
    assert site.state() is SurveyState.FAILED
    assert list((site.tools.work_dir).glob("survey-*/*")) == []
    site.blobs.refuse_at = None
    conduct(site.survey_id, site.tools)
    assert site.state() is SurveyState.PROCESSED
    assert (site.found(), site.rows()) == unbroken[:2]


@dataclass
class Interrupting:
    """Hear progress, and break the work off at the start of a step with an error."""

    step: str
    error: Exception
    heard: list[str] = field(default_factory=list)
    then: Callable[[], None] = lambda: None

    def start(self, step: str, total: int) -> None:
        self.heard.append(step)
        if step == self.step:
            self.then()
            raise self.error

    def advance(self, units: int = 1) -> None:
        pass

    def say(self, message: str) -> None:
        pass


@pytest.mark.parametrize("step", ["detect", "measure"])
def test_an_error_of_ours_leaves_the_survey_failed(site: Site, step: str) -> None:
    progress = Interrupting(step, Broken("the file is damaged"))
    with pytest.raises(Broken, match="damaged"):
        conduct(site.survey_id, replace(site.tools, progress=progress))
    assert progress.heard[-1] == step
    assert site.state() is SurveyState.FAILED


def test_a_survey_that_was_cancelled_keeps_the_state_that_the_cancelling_gave(site: Site) -> None:
    """A worker hears of it as a conflict; the survey is no longer its own to call failed."""

    def cancel() -> None:
        with writing(site.tools.engine) as connection:
            surveys.set_state(connection, site.survey_id, SurveyState.CREATED)

    progress = Interrupting("detect", Conflict("job 7 is no longer yours"), then=cancel)
    with pytest.raises(Conflict):
        conduct(site.survey_id, replace(site.tools, progress=progress))
    assert site.state() is SurveyState.CREATED


def test_a_second_process_does_not_call_the_work_of_the_first_failed(site: Site) -> None:
    with writing(site.tools.engine) as connection:
        surveys.set_state(connection, site.survey_id, SurveyState.PROCESSING)
    with (
        workshop(site.tools.work_dir, site.survey_id),
        pytest.raises(Conflict, match="another process works on survey"),
    ):
        conduct(site.survey_id, site.tools)
    assert site.state() is SurveyState.PROCESSING
    conduct(site.survey_id, site.tools)
    assert site.state() is SurveyState.PROCESSED


def test_exchanged_weights_are_noticed_before_anything_is_found(site: Site) -> None:
    tools = site.with_detector(DarknessDetector(), model_id="darkness@announced")
    with pytest.raises(Broken, match="darkness@announced was announced"):
        conduct(site.survey_id, tools)
    assert site.state() is SurveyState.FAILED
    assert site.rows()["observations"] == 0


def test_a_survey_without_photos_says_what_to_do_and_stays_as_it_is(site: Site) -> None:
    with reading(site.tools.engine) as connection:
        full = surveys.by_id(connection, site.survey_id)
    empty = replace(full, survey_id=uuid.uuid4())
    with writing(site.tools.engine) as connection:
        surveys.save(connection, empty)
    with pytest.raises(BadInput, match="upload photos first"):
        conduct(empty.survey_id, site.tools)
    with reading(site.tools.engine) as connection:
        assert surveys.by_id(connection, empty.survey_id).state is SurveyState.CREATED


def test_a_survey_that_does_not_exist_is_not_found(site: Site) -> None:
    with pytest.raises(NotFound, match="no survey"):
        conduct(uuid.uuid4(), site.tools)


def test_a_lost_mosaic_file_is_named_and_found_damage_is_kept(site: Site) -> None:
    conducted = conduct(site.survey_id, site.tools)
    before = site.found()
    site.blobs.kept.delete(conducted.mosaic.blob_key)
    other = site.with_detector(DarknessDetector(model_id="darkness@333333333333"))
    with pytest.raises(NotFound, match=conducted.mosaic.blob_key):
        conduct(site.survey_id, other)
    assert site.found() == before
    assert site.state() is SurveyState.FAILED


def test_a_forgotten_step_is_done_again_and_gives_the_same(site: Site) -> None:
    conduct(site.survey_id, site.tools)
    found, rows = site.found(), site.rows()
    with writing(site.tools.engine) as connection:
        assert steps.forget(connection, site.survey_id, "measure") == 1
    again = reused(conduct(site.survey_id, site.tools))
    assert again == {step: step != "measure" for step in ROAD}
    assert (site.found(), site.rows()) == (found, rows)


def test_the_mosaic_of_the_ledger_is_the_one_that_is_searched(site: Site) -> None:
    """A second mosaic row of the survey does not take the place of the one in the ledger."""
    with writing(site.tools.engine) as connection:
        made = orthomosaics.of_survey(connection, site.survey_id)
        orthomosaics.save(connection, replace(made, sha256="f" * 64))
    assert conduct(site.survey_id, site.tools).mosaic.sha256 == made.sha256
