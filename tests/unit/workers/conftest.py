"""A store with one survey that waits to be worked on, and a clock that tests turn by hand."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NoReturn

import pytest
from sqlalchemy import Engine

from inspection.domain.asset import Asset
from inspection.domain.mission import Survey, SurveyState
from inspection.pipeline.ports import Detector, Silence
from inspection.pipeline.tools import Tools
from inspection.store import assets, jobs, schema, surveys
from inspection.store.blobs import FolderBlobs
from inspection.store.engine import create_engine, reading, writing
from inspection.store.job import Job

START = datetime(2026, 5, 2, 9, 30, tzinfo=UTC)


@dataclass
class HandClock:
    """Tell the time that a test set."""

    moment: datetime = START

    def now(self) -> datetime:
        return self.moment

    def turn(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


@dataclass
class Yard:
    """Hold a store and what workers need, for one test."""

    tools: Tools
    clock: HandClock
    survey_id: uuid.UUID
    done: list[uuid.UUID] = field(default_factory=list)

    @property
    def engine(self) -> Engine:
        return self.tools.engine

    def enqueue(self, kind: str = "conduct") -> Job:
        with writing(self.engine) as connection:
            return jobs.enqueue(connection, self.survey_id, kind, self.clock.now())

    def job(self, job_id: uuid.UUID) -> Job:
        with reading(self.engine) as connection:
            return jobs.by_id(connection, job_id)

    def state(self) -> SurveyState:
        with reading(self.engine) as connection:
            return surveys.by_id(connection, self.survey_id).state


def no_detector() -> NoReturn:
    raise AssertionError("these tests need no detector")


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    file = tmp_path_factory.mktemp("empty") / "tenken.sqlite"
    schema.upgrade(f"sqlite:///{file}")
    return file.read_bytes()


@pytest.fixture
def yard(tmp_path: Path, empty_database: bytes) -> Iterator[Yard]:
    file = tmp_path / "tenken.sqlite"
    file.write_bytes(empty_database)
    engine = create_engine(f"sqlite:///{file}")
    clock = HandClock()
    load_detector: Callable[[], Detector] = no_detector
    tools = Tools(
        engine=engine,
        blobs=FolderBlobs(tmp_path / "blobs"),
        load_detector=load_detector,
        model_id="none@000000000000/f32",
        clock=clock,
        progress=Silence(),
        work_dir=tmp_path / "work",
    )
    survey = Survey(survey_id=uuid.uuid4(), asset_id="b-1", created_at=START)
    with writing(engine) as connection:
        assets.save(connection, Asset(asset_id="b-1", name="Bridge"))
        surveys.save(connection, survey)
    yield Yard(tools=tools, clock=clock, survey_id=survey.survey_id)
    engine.dispose()
