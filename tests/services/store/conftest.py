"""One survey with three cracks, written into a database of either kind."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from inspection.pipeline.backup import blobs_of_rows
from inspection.store.blobs import FolderBlobs
from inspection.store.engine import reading, writing
from tests.support.backups import Place, take
from tests.support.records import Scene, make_scene, save_scene


@pytest.fixture
def scene(engine: Engine) -> Scene:
    """Write an asset, a survey, its mosaic and three defects."""
    made = make_scene()
    with writing(engine) as connection:
        save_scene(connection, made)
    return made


@pytest.fixture
def empty_place(database_url: str, request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Give an empty installation of the same kind as ``engine``."""
    kind = "sqlite" if database_url.startswith("sqlite") else "postgis"
    url: str = request.getfixturevalue(f"empty_{kind}_url")
    return Place(url=url, blobs=FolderBlobs(tmp_path / "restored"))


@pytest.fixture
def kept(engine: Engine, scene: Scene, tmp_path: Path) -> FolderBlobs:
    """Keep a file under every key that the rows name, and some that no row names."""
    store = FolderBlobs(tmp_path / "blobs")
    with reading(engine) as connection:
        for number, key in enumerate(sorted(set(blobs_of_rows(connection)))):
            store.put_bytes(key, f"content {number}".encode() * 1000)
    store.put_bytes("reports/日本 語.txt", b"report")
    store.put_bytes("uploads/half/0", b"half a photo")
    return store


@pytest.fixture
def backup(engine: Engine, kept: FolderBlobs, tmp_path: Path) -> Path:
    take(tmp_path / "backup", engine, kept)
    return tmp_path / "backup"
