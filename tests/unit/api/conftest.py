"""The application over a seeded home folder, called in this process."""

import os
import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.app import create_app
from api.deps import Services
from api.upload import Limits
from inspection.errors import Unavailable
from inspection.pipeline.gather import Terms
from inspection.store.blobs import FolderBlobs
from inspection.store.engine import create_engine
from tests.support.seed import Seeded, database_url, seed
from tests.support.tus import TusClient, client_sender

NOW = datetime(2026, 5, 2, 9, 30, tzinfo=UTC)
BASE_URL = "http://127.0.0.1:8000"


class StoppedClock:
    """Tell always the same time."""

    def now(self) -> datetime:
        return NOW


@dataclass
class CountingBell:
    """Remember for which jobs the bell was rung; may be out of order."""

    rung: list[UUID] = field(default_factory=list)
    broken: bool = False

    def __call__(self, job_id: UUID) -> None:
        if self.broken:
            raise Unavailable("the broker is down")
        self.rung.append(job_id)


@pytest.fixture(scope="session")
def seeded_template(tmp_path_factory: pytest.TempPathFactory) -> Seeded:
    return seed(tmp_path_factory.mktemp("seeded") / "home")


@pytest.fixture
def seeded(tmp_path: Path, seeded_template: Seeded) -> Seeded:
    """Give a home folder with two finished surveys, fresh for this test."""
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(seeded_template.home / "tenken.sqlite", home)
    # blobs are never written to, only renamed into place: links are as good as copies
    shutil.copytree(seeded_template.home / "blobs", home / "blobs", copy_function=os.link)
    return Seeded(home=home, mapped=seeded_template.mapped, local=seeded_template.local)


@pytest.fixture
def bell() -> CountingBell:
    return CountingBell()


@pytest.fixture
def services(seeded: Seeded, bell: CountingBell) -> Iterator[Services]:
    engine = create_engine(database_url(seeded.home))
    yield Services(
        engine=engine,
        blobs=FolderBlobs(seeded.home / "blobs"),
        ring=bell,
        clock=StoppedClock(),
        limits=Limits(file_max_bytes=200_000, files_max=6),
        scratch=seeded.home / "incoming",
    )
    engine.dispose()


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    """Name the folder of the built pages; nothing is built."""
    return tmp_path / "dist"


@pytest.fixture(scope="session")
def app() -> FastAPI:
    """Build the application once; each test gives it services of its own."""
    return create_app(Services.__new__(Services))


@pytest.fixture
def client(app: FastAPI, services: Services, dist: Path) -> Iterator[TestClient]:
    app.state.services, app.state.dist = services, dist
    with closing(TestClient(app, base_url=BASE_URL, raise_server_exceptions=False)) as opened:
        yield opened


@pytest.fixture
def tus(client: TestClient, seeded: Seeded) -> TusClient:
    return TusClient(send=client_sender(client), survey_id=seeded.local.survey_id)


@pytest.fixture
def small_parts(app: FastAPI, services: Services) -> Services:
    """Write pieces down every 4 kB, so that small photos have many."""
    changed = replace(services, terms=Terms(part_bytes=4096, keep=timedelta(hours=2)))
    app.state.services = changed
    return changed
