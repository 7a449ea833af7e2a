"""An approved bridge whose photo shows three damages, and a detector that always finds a person."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from inspection.pipeline.approve import approve
from inspection.pipeline.ports import PrivacyDetector
from inspection.store.blobs import FolderBlobs
from inspection.store.engine import create_engine, writing
from models.backends.openvino_private import open_private
from tests.support.pictured import CLOCK, FOUND_IN_1280
from tests.support.private_network import registered
from tests.support.released import FISCAL_YEAR, settle
from tests.support.seed import database_url, seed


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("pictures") / "home"
    seeded = seed(home)
    engine = create_engine(database_url(home))
    with writing(engine) as connection:
        settle(connection, seeded.mapped)
        approve(connection, "bridge-12", FISCAL_YEAR, by="課長", why="照査済", clock=CLOCK)
    engine.dispose()
    return home


@pytest.fixture
def home(template: Path, tmp_path: Path) -> Path:
    shutil.copytree(template, tmp_path / "home")
    return tmp_path / "home"


@pytest.fixture
def engine(home: Path) -> Iterator[Engine]:
    opened = create_engine(database_url(home))
    yield opened
    opened.dispose()


@pytest.fixture
def blobs(home: Path) -> FolderBlobs:
    return FolderBlobs(home / "blobs")


@pytest.fixture
def detector(tmp_path: Path) -> PrivacyDetector:
    return open_private(registered(tmp_path, [[*FOUND_IN_1280, 0.9, 0]]), threads=1)
