"""The road breaks off, is cancelled or meets what is lost: it ends whole, or says why."""

import shutil
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from inspection.domain.mission import SurveyState
from inspection.errors import BadInput, Broken, Conflict, NotFound, Unavailable
from inspection.pipeline.conduct import conduct
from inspection.pipeline.ports import Silence
from inspection.pipeline.tools import Tools
from inspection.pipeline.workshop import workshop
from inspection.store import surveys
from inspection.store.blobs import FolderBlobs
from inspection.store.engine import create_engine, reading, writing
from tests.support.conducted import BrittleBlobs, RunningClock, Site, enter_mosaic
from tests.support.darkness import DarknessDetector
from tests.support.seed import SeededSurvey, database_url


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
    enter_mosaic(site, made.mosaic)
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
