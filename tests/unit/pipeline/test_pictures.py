"""From photos of an approved record to public pictures, and back again when one must go."""

import io
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import Engine, text

from inspection.domain.inspectionrecord import InspectionRecord
from inspection.domain.privatearea import MarkAction, PrivacyMark, PrivateArea, PrivateKind
from inspection.errors import BadInput, Conflict, NotFound
from inspection.pipeline.approve import approve, approved_record
from inspection.pipeline.backup import blobs_of_rows
from inspection.pipeline.cataloguing import data_sets
from inspection.pipeline.picture import key_of_name
from inspection.pipeline.ports import PrivacyDetector, Silence
from inspection.pipeline.publish import Gate, preview, publish, withdraw
from inspection.pipeline.screen import Screened, Shown, mark, named, screen, shown_photos
from inspection.pipeline.snapshot import freeze, verify
from inspection.pipeline.takeback import take_back
from inspection.store import keys, privacy, snapshots
from inspection.store.blobs import FolderBlobs
from inspection.store.engine import create_engine, reading, writing
from models.backends.openvino_private import open_private
from tests.support.private_network import registered
from tests.support.released import FISCAL_YEAR, AtNoon, settle
from tests.support.seed import database_url, seed

CLOCK = AtNoon(datetime(2026, 5, 2, tzinfo=UTC))
BRIDGE = "bridge-12"
PICTURES = Gate(pictures=True)
FOUND_IN_1280 = [213, 107, 427, 320]
"""What the detector of these tests always sees: 100 50 200 150 px of the seeded 600 × 360 px."""


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("pictures") / "home"
    seeded = seed(home)
    engine = create_engine(database_url(home))
    with writing(engine) as connection:
        settle(connection, seeded.mapped)
        approve(connection, BRIDGE, FISCAL_YEAR, by="課長", why="照査済", clock=CLOCK)
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


def shown_now(engine: Engine) -> tuple[Shown, ...]:
    with reading(engine) as connection:
        return shown_photos(connection, approved_record(connection, BRIDGE, None).record)


def look(
    engine: Engine, blobs: FolderBlobs, detector: PrivacyDetector, minutes: int = 0
) -> tuple[Screened, ...]:
    clock = AtNoon(CLOCK.now() + timedelta(minutes=minutes))
    return screen(
        engine, blobs, shown_now(engine), detector=detector, clock=clock, progress=Silence()
    )


def say(engine: Engine, action: MarkAction, minutes: int, area: PrivateArea | None = None) -> None:
    made = PrivacyMark(
        action=action,
        by="公開担当",
        at=CLOCK.now() + timedelta(minutes=minutes),
        why="本人からの申出",
        area=area,
    )
    with writing(engine) as connection:
        mark(connection, shown_now(engine)[0], made)


def release(engine: Engine, blobs: FolderBlobs, gate: Gate = PICTURES) -> tuple[str, ...]:
    with writing(engine) as connection:
        return publish(
            connection,
            BRIDGE,
            FISCAL_YEAR,
            by="課長",
            why="定例",
            gate=gate,
            clock=CLOCK,
            blobs=blobs,
        ).applied


def frozen_pictures(engine: Engine, blobs: FolderBlobs) -> list[str]:
    with writing(engine) as connection:
        _, files = freeze(connection, blobs, month=None, clock=CLOCK)
    return [file.name for file in files if file.name.endswith(".jpg")]


def test_without_a_detector_and_a_person_no_picture_gets_out(
    engine: Engine, blobs: FolderBlobs, detector: PrivacyDetector
) -> None:
    with reading(engine) as connection:
        told = preview(connection, BRIDGE, None, PICTURES, clock=CLOCK, blobs=blobs)
    assert "3 damages without a picture: no detector of faces and plates has looked at it" in (
        told.applied
    )
    (seen,) = look(engine, blobs, detector)
    assert seen.screening is not None
    assert [area.kind for area in seen.screening.areas] == [PrivateKind.PERSON]
    assert seen.shown.numbers == (1, 2, 3)
    said = release(engine, blobs)
    assert "3 damages without a picture: nobody has looked at it since it was blurred" in said
    assert list(blobs.keys("public/")) == []
    assert frozen_pictures(engine, blobs) == []


def test_a_picture_that_was_screened_and_looked_at_is_published_blurred(
    engine: Engine, blobs: FolderBlobs, detector: PrivacyDetector
) -> None:
    look(engine, blobs, detector)
    added = PrivateArea(kind=PrivateKind.PLATE, box_px=(400, 200, 500, 250))
    say(engine, MarkAction.ADD, 1, added)
    say(engine, MarkAction.CLEAR, 2)
    said = release(engine, blobs)
    assert "1 pictures, encoded anew without metadata, private areas blurred" in said
    (name,) = frozen_pictures(engine, blobs)
    with reading(engine) as connection:
        file = snapshots.file_of(connection, "2026-05", name)
        rows = [row for row in snapshots.frozen_rows(connection, "2026-05") if row.public_row]
        assert verify(connection, blobs, "2026-05").damaged == ()
        assert key_of_name(name) in set(blobs_of_rows(connection))
    assert {damage["photo"] for row in rows for damage in row.public_row["damages"]} == {name}
    content = blobs.read_bytes(file.blob_key)
    photo = shown_now(engine)[0].photo
    original = blobs.read_bytes(keys.photo_key(photo.sha256, ".jpg"))
    assert photo.sha256 not in name and b"bridge-12" not in content
    with Image.open(io.BytesIO(content)) as public, Image.open(io.BytesIO(original)) as taken:
        seen, before = (np.asarray(one.convert("RGB")).astype(float) for one in (public, taken))
    assert seen.shape == before.shape
    for x0, y0, x1, y1 in ((100, 50, 200, 150), added.box_px):
        assert seen[y0:y1, x0:x1].std() < 0.7 * before[y0:y1, x0:x1].std()
    elsewhere = np.abs(seen - before)[280:, :300]
    assert np.median(elsewhere) < 6  # only JPEG between them
    text_of_row = str([row.public_row for row in rows])
    assert photo.sha256 not in text_of_row and photo.name not in text_of_row


def test_an_added_area_and_a_new_detector_ask_for_another_look(
    engine: Engine, blobs: FolderBlobs, detector: PrivacyDetector, tmp_path: Path
) -> None:
    look(engine, blobs, detector)
    say(engine, MarkAction.CLEAR, 1)
    assert look(engine, blobs, detector, minutes=2) == ()  # it has looked already
    assert shown_now(engine)[0].privacy.obstacle is None
    better = registered(tmp_path, [[0, 0, 50, 50, 0.9, 0]], name="better", kinds=[PrivateKind.FACE])
    (seen,) = look(engine, blobs, open_private(better, threads=1), minutes=3)
    assert seen.screening is not None
    (one,) = shown_now(engine)
    assert len(one.privacy.areas) == 2 and one.privacy.obstacle is not None
    with pytest.raises(BadInput, match="reaches out of a photo of 600×360 px"):
        far = PrivateArea(kind=PrivateKind.FACE, box_px=(590, 0, 601, 10))
        say(engine, MarkAction.ADD, 4, far)


def test_a_picture_that_is_kept_back_goes_from_every_month_and_never_returns(
    engine: Engine, blobs: FolderBlobs, detector: PrivacyDetector
) -> None:
    look(engine, blobs, detector)
    say(engine, MarkAction.CLEAR, 1)
    release(engine, blobs)
    (name,) = frozen_pictures(engine, blobs)
    (one,) = shown_now(engine)
    held = PrivacyMark(
        action=MarkAction.WITHHOLD, by="公開担当", at=CLOCK.now(), why="本人からの申出"
    )
    for _ in range(2):  # again changes nothing
        with writing(engine) as connection:
            mark(connection, one, held)
            assert take_back(connection, blobs, clock=CLOCK) == (name,)
    assert [key for key in blobs.keys("") if name in key or key.startswith("public/")] == []
    assert shown_now(engine) == ()  # the damage has no other photo
    with reading(engine) as connection:
        assert verify(connection, blobs, "2026-05").damaged == ()
        assert privacy.retracted(connection) == {name}
        assert key_of_name(name) not in set(blobs_of_rows(connection))
        offered = [f.name for one in data_sets(connection, lambda m, n: n) for f in one.files]
    assert "assets.csv" in offered and name not in offered
    with writing(engine) as connection:
        withdraw(connection, BRIDGE, FISCAL_YEAR, by="課長", why="x", clock=CLOCK)
        mark(connection, one, replace(held, action=MarkAction.CLEAR, at=CLOCK.now()))
    assert (
        "3 damages without a picture: this very picture was taken back once; blur more of it"
        in (release(engine, blobs))
    )


def test_a_sensitive_place_has_no_picture_and_pictures_are_never_there_unasked(
    engine: Engine, blobs: FolderBlobs, detector: PrivacyDetector
) -> None:
    look(engine, blobs, detector)
    say(engine, MarkAction.CLEAR, 1)
    with reading(engine) as connection:
        plain = preview(connection, BRIDGE, None, Gate(), clock=CLOCK)
        hidden = preview(
            connection, BRIDGE, None, Gate(pictures=True, blur=True), clock=CLOCK, blobs=blobs
        )
        with pytest.raises(BadInput, match="say where the blobs lie"):
            preview(connection, BRIDGE, None, PICTURES, clock=CLOCK)
    assert {row["photo"] for row in (*plain.damages, *hidden.damages)} == {""}
    assert "no pictures: the place is sensitive, and pictures would show it" in hidden.applied


def test_a_photo_that_is_gone_or_damaged_stays_inside_and_the_others_go_on(
    engine: Engine, blobs: FolderBlobs, detector: PrivacyDetector
) -> None:
    photo = shown_now(engine)[0].photo
    key = keys.photo_key(photo.sha256, ".jpg")
    blobs.put_bytes(key, b"damaged")
    (seen,) = look(engine, blobs, detector)
    assert seen.screening is None and "cannot be decoded" in seen.reason
    blobs.delete(key)
    (seen,) = look(engine, blobs, detector)
    assert "there is no blob" in seen.reason
    with pytest.raises(BadInput, match="no detector has looked"):
        say(engine, MarkAction.CLEAR, 1)


def test_photos_are_called_by_name_or_digest(engine: Engine) -> None:
    shown = shown_now(engine)
    photo = shown[0].photo
    for called in (photo.name, photo.sha256, photo.sha256[:6], photo.sha256[:8].upper()):
        assert named(shown, called) is shown[0]
    for called in ("", photo.sha256[:5], "no.jpg"):
        with pytest.raises(NotFound):
            named(shown, called)
    with pytest.raises(BadInput, match="2 photos"):
        named((*shown, *shown), photo.name)


def test_histories_are_never_changed(
    engine: Engine, blobs: FolderBlobs, detector: PrivacyDetector
) -> None:
    look(engine, blobs, detector)
    say(engine, MarkAction.CLEAR, 1)
    for table in ("privacy_screenings", "privacy_marks"):
        with pytest.raises(Conflict, match="never changed"), writing(engine) as connection:
            connection.execute(text(f"DELETE FROM {table}"))


def test_a_record_without_defects_needs_no_picture(engine: Engine) -> None:
    with reading(engine) as connection:
        record: InspectionRecord = approved_record(connection, BRIDGE, None).record
        assert shown_photos(connection, replace(record, defects=())) == ()
