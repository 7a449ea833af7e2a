"""Opening what a run left behind: by folder or identifier, whole or damaged."""

import hashlib
import json
import uuid
from datetime import UTC, datetime
from pathlib import Path

import pytest

from inspection.errors import BadInput, Broken, NotFound, TenkenError, Unavailable
from inspection.imaging.photofile import opened as lent
from inspection.store import assets, defects, keys, orthomosaics, surveys
from inspection.store.blobs import FolderBlobs
from inspection.store.engine import create_engine, writing
from tests.support.records import (
    digest,
    make_asset,
    make_defect,
    make_mosaic,
    make_observation,
    make_survey,
)
from workers.surveyed import Surveyed, open_survey, photo_files

SURVEY = make_survey()
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
OLD, NEW = make_mosaic(SURVEY, 100), make_mosaic(SURVEY, 101)


def fill(home: Path, empty_database: bytes, *, mosaics: bool = True) -> None:
    home.mkdir(parents=True)
    (home / "tenken.sqlite").write_bytes(empty_database)
    engine = create_engine(f"sqlite:///{home / 'tenken.sqlite'}")
    with writing(engine) as connection:
        assets.save(connection, make_asset())
        surveys.save(connection, SURVEY)
        if mosaics:
            for mosaic, numbers in ((OLD, (1, 2)), (NEW, (3,))):
                orthomosaics.save(connection, mosaic)
                found = [make_defect(make_observation(mosaic, n)) for n in numbers]
                defects.save(connection, found, now=NOON)
    engine.dispose()


@pytest.fixture
def run_dir(tmp_path: Path, empty_database: bytes) -> Path:
    """Give a folder as 'tenken run' leaves it."""
    fill(tmp_path / "run" / "store", empty_database)
    (tmp_path / "run" / "run.json").write_text(json.dumps({"survey_id": str(SURVEY.survey_id)}))
    return tmp_path / "run"


def test_a_folder_gives_the_newest_mosaic_and_what_was_seen_on_it(run_dir: Path) -> None:
    found = open_survey(str(run_dir))
    assert (found.survey_id, found.folder) == (SURVEY.survey_id, run_dir)
    assert found.mosaic.sha256 == NEW.sha256
    assert found.seen == (make_observation(NEW, 3),)


def test_a_folder_may_be_moved_and_the_environment_does_not_matter(
    run_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TENKEN_DATABASE_URL", "postgresql://elsewhere/db")
    monkeypatch.setenv("TENKEN_HOME", str(tmp_path / "nowhere"))
    moved = run_dir.rename(tmp_path / "点検 2026")
    assert open_survey(str(moved)).mosaic.sha256 == NEW.sha256


@pytest.mark.parametrize("written", ["{}", "{id}", "urn:uuid:{}", "{{{}}}"])
def test_a_survey_of_the_store_by_its_identifier(
    tmp_path: Path, empty_database: bytes, monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    fill(tmp_path / "home", empty_database)
    monkeypatch.setenv("TENKEN_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("TENKEN_DATABASE_URL", raising=False)
    monkeypatch.chdir(tmp_path)
    plain = str(SURVEY.survey_id)
    where = plain.upper().replace("-", "") if written == "{id}" else written.format(plain)
    found = open_survey(where)
    assert found.survey_id == SURVEY.survey_id
    assert found.folder == Path("out") / where
    with pytest.raises(NotFound, match="has no orthomosaic yet"):
        open_survey(str(uuid.UUID(int=0)))


@pytest.mark.parametrize("where", ["nowhere", "", "12", "../..x", "run.json"])
def test_what_is_neither_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises((BadInput, NotFound)) as refused:
        open_survey(where)
    if where:
        assert f"{where!r} is neither a folder" in str(refused.value)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b"5", b"{}", b'{"survey_id": null}', b'{"survey_id": 5}',
     b'{"survey_id": ["a"]}', b'{"survey_id": "x"}', b'{"survey_id": {}}', b"\xff\xfe{",
     '{"survey_id": "橋"}'.encode("cp932"), b"[" * 100_000],
)  # fmt: skip
def test_a_run_file_that_names_no_survey(run_dir: Path, content: bytes) -> None:
    (run_dir / "run.json").write_bytes(content)
    with pytest.raises(BadInput, match=r"run\.json names no survey"):
        open_survey(str(run_dir))


def test_a_run_file_that_is_a_folder_or_is_missing(run_dir: Path) -> None:
    (run_dir / "run.json").unlink()
    with pytest.raises(NotFound, match=r"holds no run\.json; name a folder of 'tenken run'"):
        open_survey(str(run_dir))
    (run_dir / "run.json").mkdir()
    with pytest.raises(BadInput, match="names no survey"):
        open_survey(str(run_dir))


def test_results_without_their_store(run_dir: Path, tmp_path: Path) -> None:
    (run_dir / "store").rename(tmp_path / "elsewhere")
    with pytest.raises(NotFound, match="copy the whole result folder"):
        open_survey(str(run_dir))
    (run_dir / "store").mkdir()
    with pytest.raises(Unavailable, match="tenken db upgrade"):
        open_survey(str(run_dir))


def test_a_survey_without_a_mosaic(tmp_path: Path, empty_database: bytes) -> None:
    fill(tmp_path / "run" / "store", empty_database, mosaics=False)
    (tmp_path / "run" / "run.json").write_text(json.dumps({"survey_id": str(SURVEY.survey_id)}))
    with pytest.raises(NotFound, match="has no orthomosaic yet"):
        open_survey(str(tmp_path / "run"))


def test_blobs_that_are_gone_are_named(run_dir: Path) -> None:
    found = open_survey(str(run_dir))
    with pytest.raises(NotFound, match=r"orthomosaics/101\.tif"), found.mosaic_path():
        pass
    with pytest.raises(NotFound, match="made by an earlier version: run it again"):
        found.views()
    found.blobs.put_bytes(NEW.blob_key, b"tif")
    found.blobs.put_bytes(keys.views_key(NEW.sha256), b'{"views": []}')
    with found.mosaic_path() as path:
        assert path.read_bytes() == b"tif"
    assert found.views() == {"views": []}


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"5", b"{}", b'{"views": 5}', b'{"views": [{}]}', b'{"views": [5]}'],
)
def test_views_that_are_damaged_are_our_fault_and_say_the_cure(
    run_dir: Path, content: bytes
) -> None:
    found = open_survey(str(run_dir))
    found.blobs.put_bytes(keys.views_key(NEW.sha256), content)
    with pytest.raises(Broken, match=r"views/.* is damaged .*again into a new folder"):
        found.views()


# photos


def opened(folder: Path) -> Surveyed:
    return Surveyed(
        survey_id=SURVEY.survey_id, mosaic=NEW, seen=(), blobs=FolderBlobs(folder / "blobs"),
        folder=folder,
    )  # fmt: skip


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_photos_are_found_by_what_they_hold_whatever_they_are_called(tmp_path: Path) -> None:
    card = tmp_path / "DCIM" / "100 橋"
    card.mkdir(parents=True)
    for name, content in (
        ("a.JPG", b"1"),
        ("b.jpg", b"2"),
        ("copy of a.jpg", b"1"),
        ("x.txt", b"3"),
    ):
        (card / name).write_bytes(content)
    wanted = {sha256(b"1"), sha256(b"3"), digest(9)}
    found = photo_files(opened(tmp_path), wanted, tmp_path / "DCIM")
    assert set(found) == {sha256(b"1"), sha256(b"3")}
    with lent(found[sha256(b"1")]) as path:
        assert path.read_bytes() == b"1"
    assert photo_files(opened(tmp_path), set(), tmp_path / "DCIM") == {}


def test_photos_of_the_store_are_found_without_a_folder(tmp_path: Path) -> None:
    survey = opened(tmp_path)
    for content in (b"1", b"2"):
        survey.blobs.put_bytes(keys.photo_key(sha256(content), ".JPG"), content)
    ((found, file),) = photo_files(survey, {sha256(b"1"), sha256(b"9")}, None).items()
    with lent(file) as path:
        assert (found, path.read_bytes()) == (sha256(b"1"), b"1")
    with pytest.raises(TenkenError):
        survey.blobs.read_bytes(keys.photo_key(sha256(b"9"), ".jpg"))
