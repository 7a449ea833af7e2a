"""From photos of an approved record to public pictures: who lets them out, and how they look."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import Engine, text

from inspection.domain.inspectionrecord import InspectionRecord
from inspection.domain.privatearea import MarkAction, PrivacyMark, PrivateArea, PrivateKind
from inspection.errors import BadInput, Conflict, NotFound
from inspection.export.catalogue import Publisher, catalogue, json_ld
from inspection.export.ckan import package
from inspection.pipeline.approve import approved_record
from inspection.pipeline.backup import blobs_of_rows
from inspection.pipeline.cataloguing import data_sets
from inspection.pipeline.picture import Made, key_of_name
from inspection.pipeline.ports import PrivacyDetector
from inspection.pipeline.publish import Gate, preview
from inspection.pipeline.screen import mark, named, shown_photos
from inspection.pipeline.snapshot import verify
from inspection.store import keys, privacy, snapshots
from inspection.store.blobs import FolderBlobs
from inspection.store.engine import reading, writing
from models.backends.openvino_private import open_private
from tests.support.pictured import (
    BRIDGE,
    CLOCK,
    PICTURES,
    SENSITIVE,
    frozen_pictures,
    keep_back,
    look,
    ready,
    release,
    say,
    shown_now,
    take_from_public,
)
from tests.support.private_network import registered

PUBLISHER = Publisher(
    name="石川県", name_en="", uri="https://www.example.jp/", email="a@example.jp"
)


def test_without_a_detector_and_a_person_no_picture_gets_out(
    engine: Engine, blobs: FolderBlobs, detector: PrivacyDetector
) -> None:
    with reading(engine) as connection:
        told = preview(connection, BRIDGE, None, PICTURES, clock=CLOCK)
    assert "3 damages without a picture: no detector of faces and plates has looked at it" in (
        [word.en for word in told.applied]
    )
    (seen,) = look(engine, blobs, detector)
    assert seen.screening is not None
    assert [area.kind for area in seen.screening.areas] == [PrivateKind.PERSON]
    assert seen.shown.numbers == (1, 2, 3)
    said = release(engine, ready(engine, blobs))
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
    said = release(engine, ready(engine, blobs))
    assert "1 pictures, encoded anew without metadata, private areas blurred" in said
    (name,) = frozen_pictures(engine, blobs)
    with reading(engine) as connection:
        file = snapshots.file_of(connection, "2026-05", name)
        rows = [row for row in snapshots.frozen_rows(connection, "2026-05") if row.public_row]
        assert verify(connection, blobs, "2026-05").damaged == ()
        assert key_of_name(name) in set(blobs_of_rows(connection))
        sets = data_sets(connection, lambda m, n: f"https://a.example/{m}/{n}")
    told = json_ld(catalogue(sets, PUBLISHER, base_url="https://a.example/", modified=CLOCK.now()))
    assert f"https://a.example/2026-05/{name}" in told and "file-type/JPEG" in told
    assert "JPEG" in {r["format"] for r in package(sets[0], PUBLISHER, base_url="x")["resources"]}
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
    release(engine, ready(engine, blobs))
    (name,) = frozen_pictures(engine, blobs)
    (one,) = shown_now(engine)
    for called in (one.photo.name, name):  # again changes nothing
        assert keep_back(engine, blobs, called) == (name,)
    assert [key for key in blobs.keys("") if name in key or key.startswith("public/")] == []
    assert shown_now(engine) == ()  # the damage has no other photo
    with reading(engine) as connection:
        assert verify(connection, blobs, "2026-05").damaged == ()
        assert privacy.retracted(connection) == {name}
        assert key_of_name(name) not in set(blobs_of_rows(connection))
        offered = [f.name for one in data_sets(connection, lambda m, n: n) for f in one.files]
    assert "assets.csv" in offered and name not in offered
    cleared = PrivacyMark(
        action=MarkAction.CLEAR, by="公開担当", at=CLOCK.now(), looked=one.privacy.tag
    )
    with pytest.raises(Conflict, match="kept back for good"), writing(engine) as connection:
        mark(connection, one, cleared)
    take_from_public(engine)
    with writing(engine) as connection:
        # a mark that came in between all the same lifts nothing
        privacy.add_mark(connection, one.survey_id, one.photo.sha256, cleared)
    assert "3 damages without a picture: no photo of it may be shown" in (
        release(engine, ready(engine, blobs))
    )
    assert list(blobs.keys("public/")) == []


def test_a_sensitive_place_has_no_picture_and_pictures_are_never_there_unasked(
    engine: Engine, blobs: FolderBlobs, detector: PrivacyDetector
) -> None:
    look(engine, blobs, detector)
    say(engine, MarkAction.CLEAR, 1)
    with reading(engine) as connection:
        plain = preview(connection, BRIDGE, None, Gate(), clock=CLOCK)
        hidden = preview(connection, BRIDGE, None, SENSITIVE, clock=CLOCK)
    assert {row["photo"] for row in (*plain.damages, *hidden.damages)} == {""}
    told = [word.en for word in hidden.applied]
    assert told[-1] == "no pictures: the place is sensitive, and pictures would show it"
    assert ready(engine, blobs, Gate()) is None
    assert ready(engine, blobs, SENSITIVE) == Made(names={})
    assert list(blobs.keys("public/")) == []


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
