"""A site with photographed surveys on which the road is conducted; blobs that break."""

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from inspection.domain.mission import SurveyState
from inspection.domain.raster import Orthomosaic
from inspection.errors import Unavailable
from inspection.pipeline.conduct import Conducted
from inspection.pipeline.gauge import Gauge
from inspection.pipeline.ledger import record
from inspection.pipeline.ports import Detector, Silence
from inspection.pipeline.tools import Tools
from inspection.store import defects, photos, surveys, tables
from inspection.store.blobs import BlobStat, FolderBlobs
from inspection.store.engine import create_engine, reading, writing
from tests.support.darkness import DarknessDetector
from tests.support.seed import SeededSurvey, database_url, keep_seeded_views, seed_mosaic

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

    def stat(self, key: str) -> BlobStat | None:
        self._call("stat")
        return self.kept.stat(key)

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
    with second_site(tmp_path / "home", photographed) as opened:
        yield opened


@contextmanager
def second_site(home: Path, photographed: tuple[Path, SeededSurvey]) -> Iterator[Site]:
    """Open a copy of the photographed survey in a home folder of its own."""
    template, made = photographed
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
    enter_mosaic(opened, made.mosaic)
    yield opened
    engine.dispose()


def enter_mosaic(site: Site, made: Orthomosaic) -> None:
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


def keep_views(site: Site, made: SeededSurvey) -> None:
    """Keep how the one photo sees the surface."""
    keep_seeded_views(site.blobs.kept, made)
