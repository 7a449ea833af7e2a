"""The same photos are the same survey, admitted as often as anybody likes."""

import hashlib
import io
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest
from PIL import Image

from inspection.domain.asset import Asset, AssetKind
from inspection.domain.mission import Surface
from inspection.errors import BadInput, NotFound
from inspection.pipeline.admit import Options, admit, original_key
from inspection.pipeline.ports import Detector, Silence
from inspection.pipeline.tools import SystemClock, Tools
from inspection.store import keys, photos, schema, steps, surveys
from inspection.store.blobs import FolderBlobs
from inspection.store.engine import create_engine, reading

BRIDGE = Asset(asset_id="b-1", name="犀川大橋", kind=AssetKind.BRIDGE)
GPS = {1: "N", 2: (36.0, 35.0, 40.5816), 3: "E", 4: (136.0, 37.0, 32.4084), 5: b"\x00", 6: 51.0}
STRIP = Options(surface=Surface.STRIP, gsd_m_per_px=0.0023)


def no_detector() -> NoReturn:
    raise AssertionError("taking photos in needs no detector")


def photo(path: Path, seed: int, *, gps: bool = True) -> Path:
    pixels = np.random.default_rng(seed).integers(40, 200, (60, 80, 3)).astype(np.uint8)
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "DJI", "FC300S"
    exif.get_ifd(0x8769).update({0x920A: 3.61, 0xA405: 20})
    if gps:
        exif.get_ifd(0x8825).update(GPS)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", exif=exif, quality=95)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(buffer.getvalue())
    return path


@pytest.fixture(scope="module")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    file = tmp_path_factory.mktemp("empty") / "tenken.sqlite"
    schema.upgrade(f"sqlite:///{file}")
    return file.read_bytes()


@pytest.fixture
def tools(tmp_path: Path, empty_database: bytes) -> Iterator[Tools]:
    (tmp_path / "tenken.sqlite").write_bytes(empty_database)
    engine = create_engine(f"sqlite:///{tmp_path / 'tenken.sqlite'}")
    load_detector: Callable[[], Detector] = no_detector
    yield Tools(
        engine=engine,
        blobs=FolderBlobs(tmp_path / "blobs"),
        load_detector=load_detector,
        model_id="none@000000000000/f32",
        clock=SystemClock(),
        progress=Silence(),
        work_dir=tmp_path / "work",
    )
    engine.dispose()


@pytest.fixture
def flight(tmp_path: Path) -> Path:
    folder = tmp_path / "flight"
    for number in (1, 2, 3):
        photo(folder / f"DJI_{number}.JPG", number)
    return folder


def contents(tmp_path: Path) -> dict[str, list[tuple[object, ...]]]:
    with closing(sqlite3.connect(tmp_path / "tenken.sqlite")) as database:
        names = database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE '%VIRTUAL%'"
        ).fetchall()
        return {name: database.execute(f'SELECT * FROM "{name}"').fetchall() for (name,) in names}


def test_admitting_twice_adds_no_row_and_no_blob(
    tmp_path: Path, tools: Tools, flight: Path
) -> None:
    first = admit([flight], asset=BRIDGE, options=Options(), tools=tools)
    rows, blobs = contents(tmp_path), list(tools.blobs.keys(""))
    second = admit([flight], asset=BRIDGE, options=Options(), tools=tools)
    assert second == first
    assert contents(tmp_path) == rows
    assert list(tools.blobs.keys("")) == blobs
    assert len(blobs) == 3


def test_the_originals_are_kept_byte_for_byte(tools: Tools, flight: Path) -> None:
    survey = admit([flight], asset=BRIDGE, options=Options(), tools=tools)
    with reading(tools.engine) as connection:
        taken = photos.of_survey(connection, survey.survey_id)
    assert [p.name for p in taken] == ["DJI_1.JPG", "DJI_2.JPG", "DJI_3.JPG"]
    for one in taken:
        kept = tools.blobs.read_bytes(original_key(one))
        assert kept == (flight / one.name).read_bytes()
        assert hashlib.sha256(kept).hexdigest() == one.sha256


def test_the_identity_knows_neither_folder_nor_names_nor_order(
    tmp_path: Path, tools: Tools, flight: Path
) -> None:
    first = admit([flight], asset=BRIDGE, options=Options(), tools=tools)
    moved = tmp_path / "card"
    moved.mkdir()
    for name, source in (("z.jpg", "DJI_1.JPG"), ("a.jpg", "DJI_3.JPG"), ("m.jpg", "DJI_2.JPG")):
        (moved / name).write_bytes((flight / source).read_bytes())
    again = admit(
        sorted(moved.iterdir(), reverse=True), asset=BRIDGE, options=Options(), tools=tools
    )
    assert again.survey_id == first.survey_id


def test_a_changed_asset_photo_or_option_is_another_survey(
    tmp_path: Path, tools: Tools, flight: Path
) -> None:
    control = tmp_path / "gcp.csv"
    control.write_text("name,x,y\n")
    variants = (
        (BRIDGE, Options(), 3),
        (BRIDGE, Options(), 2),
        (BRIDGE, Options(map_crs="EPSG:6675"), 3),
        (BRIDGE, Options(gsd_m_per_px=0.002), 3),
        (BRIDGE, STRIP, 3),
        (BRIDGE, Options(control_file=control), 3),
        (Asset(asset_id="b-2", name="b"), Options(), 3),
    )
    files = sorted(flight.iterdir())
    found = {
        admit(files[:count], asset=asset, options=options, tools=tools).survey_id
        for asset, options, count in variants
    }
    assert len(found) == len(variants)


def test_control_points_are_kept_with_the_survey(
    tmp_path: Path, tools: Tools, flight: Path
) -> None:
    control = tmp_path / "gcp.csv"
    control.write_bytes("名前,x,y\r\n".encode())
    options = Options(control_file=control)
    survey = admit([flight], asset=BRIDGE, options=options, tools=tools)
    assert tools.blobs.read_bytes(keys.control_key(survey.survey_id)) == control.read_bytes()
    bare = admit([flight], asset=BRIDGE, options=Options(), tools=tools)
    assert not tools.blobs.exists(keys.control_key(bare.survey_id))


def test_missing_control_points_are_named_before_any_photo_is_read(
    tmp_path: Path, tools: Tools, flight: Path
) -> None:
    rows = contents(tmp_path)
    options = Options(control_file=tmp_path / "nowhere.csv")
    with pytest.raises(NotFound, match=r"nowhere\.csv cannot be read"):
        admit([flight], asset=BRIDGE, options=options, tools=tools)
    assert contents(tmp_path) == rows
    assert list(tools.blobs.keys("")) == []


def test_files_that_are_set_aside_change_nothing_but_rejections(
    tmp_path: Path, tools: Tools, flight: Path
) -> None:
    first = admit([flight], asset=BRIDGE, options=Options(), tools=tools)
    (flight / "notes.jpg").write_text("a text")
    (flight / "cut.jpg").write_bytes((flight / "DJI_1.JPG").read_bytes()[:900])
    photo(flight / "indoors.jpg", 9, gps=False)
    again = admit([flight], asset=BRIDGE, options=Options(), tools=tools)
    assert again.survey_id == first.survey_id
    with reading(tools.engine) as connection:
        taken = photos.of_survey(connection, first.survey_id)
        rejected = photos.rejected(connection, first.survey_id)
    assert len(taken) == 3
    assert {r.file for r in rejected} == {"notes.jpg", "cut.jpg", "indoors.jpg"}
    assert all(r.detail for r in rejected)
    assert len(list(tools.blobs.keys(""))) == 3


def test_no_usable_photo_is_refused_with_the_first_reasons_and_leaves_nothing(
    tmp_path: Path, tools: Tools
) -> None:
    folder, rows = tmp_path / "bad", contents(tmp_path)
    folder.mkdir()
    for number in range(5):
        (folder / f"{number}.jpg").write_text(f"text {number}")
    with pytest.raises(BadInput, match="no usable photo") as caught:
        admit([folder], asset=BRIDGE, options=Options(), tools=tools)
    message = str(caught.value)
    assert sum(f"{number}.jpg" in message for number in range(5)) == 3
    assert contents(tmp_path) == rows


def test_a_path_that_is_not_there_is_named(tmp_path: Path, tools: Tools) -> None:
    with pytest.raises(NotFound, match="nowhere"):
        admit([tmp_path / "nowhere"], asset=BRIDGE, options=Options(), tools=tools)


def test_a_strip_takes_photos_without_a_position(tmp_path: Path, tools: Tools) -> None:
    folder = tmp_path / "quay"
    photo(folder / "1.jpg", 1, gps=False)
    survey = admit([folder], asset=BRIDGE, options=STRIP, tools=tools)
    assert (survey.surface, survey.gsd_m_per_px) == (Surface.STRIP, 0.0023)
    with pytest.raises(BadInput, match="no usable photo"):
        admit([folder], asset=BRIDGE, options=Options(), tools=tools)


def test_a_strip_without_a_scale_is_refused_with_an_example() -> None:
    with pytest.raises(BadInput, match=r"--gsd-mm-per-px 2\.3"):
        Options(surface=Surface.STRIP)
    assert not STRIP.gps_required
    assert Options().gps_required


def test_taking_in_stands_in_the_ledger_once(tools: Tools, flight: Path) -> None:
    for _ in range(2):
        survey = admit([flight], asset=BRIDGE, options=Options(), tools=tools)
    with reading(tools.engine) as connection:
        done = steps.of_survey(connection, survey.survey_id)
        assert surveys.by_id(connection, survey.survey_id) == survey
    assert [step.step for step in done] == ["ingest"]
    assert done[0].result["accepted"] == 3
    assert 0.0 <= done[0].seconds < 60.0
    assert 1.0 < done[0].peak_rss_mb < 100_000.0


def test_the_clock_of_the_machine_is_aware_and_does_not_run_back() -> None:
    clock = SystemClock()
    first, second = clock.now(), clock.now()
    assert first.tzinfo is UTC
    assert first <= second <= datetime.now(UTC)
