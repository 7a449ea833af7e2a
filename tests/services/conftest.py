"""Real services for tests: a database of each kind, fresh for every test."""

import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from inspection.store import schema
from inspection.store.engine import create_engine
from tests.support.postgis import PostgisServer, running_server

TEMPLATE = "tenken_template"


@pytest.fixture(scope="session")
def postgis_server() -> Iterator[PostgisServer]:
    """Run one PostgreSQL with PostGIS for all tests; fails where it is not installed."""
    with running_server() as server, server.database(TEMPLATE) as url:
        schema.upgrade(url)
        yield server


@pytest.fixture
def empty_postgis_url(postgis_server: PostgisServer) -> Iterator[str]:
    """Give a PostgreSQL database without any table of ours."""
    with postgis_server.database(f"empty_{uuid.uuid4().hex}") as url:
        yield url


@pytest.fixture
def postgis_url(postgis_server: PostgisServer) -> Iterator[str]:
    """Give a PostgreSQL database with our tables, all of them empty."""
    with postgis_server.database(f"test_{uuid.uuid4().hex}", TEMPLATE) as url:
        yield url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make our tables in an SQLite file once."""
    file = tmp_path_factory.mktemp("sqlite") / "template.sqlite"
    schema.upgrade(f"sqlite:///{file}")
    return file


@pytest.fixture
def empty_sqlite_url(tmp_path: Path) -> str:
    """Name an SQLite file that does not exist yet, in a folder that does not either."""
    return f"sqlite:///{tmp_path / 'home' / 'empty.sqlite'}"


@pytest.fixture
def sqlite_url(tmp_path: Path, sqlite_template: Path) -> str:
    """Give an SQLite file with our tables, all of them empty."""
    file = tmp_path / "tenken.sqlite"
    shutil.copy(sqlite_template, file)
    return f"sqlite:///{file}"


BOTH = ["sqlite", pytest.param("postgis", marks=pytest.mark.services)]


@pytest.fixture(params=BOTH)
def database_url(request: pytest.FixtureRequest) -> str:
    """Give a database with our tables, of either kind."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture(params=BOTH)
def empty_database_url(request: pytest.FixtureRequest) -> str:
    """Give a database without our tables, of either kind."""
    url: str = request.getfixturevalue(f"empty_{request.param}_url")
    return url


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """Give an engine on a database with our tables, of either kind."""
    opened = create_engine(database_url)
    yield opened
    opened.dispose()
