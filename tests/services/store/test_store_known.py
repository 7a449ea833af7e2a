"""What need not be sent again, what steps took, grades that follow the flight; both engines."""

import uuid
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from inspection.domain.capture import Photo, PhotoQuality, Rejection, RejectionReason
from inspection.store import assets, photos, steps, surveys, uploads
from inspection.store.engine import reading, writing
from inspection.store.uploads import Part, Upload, UploadState
from tests.support.records import NOON, make_asset, make_survey

SURVEY = make_survey()
LATER = NOON + timedelta(hours=1)
GRADE = PhotoQuality(
    sharpness=10.0,
    sharpness_relative=1.0,
    exposure_mean=0.5,
    clipped_dark_fraction=0.0,
    clipped_bright_fraction=0.0,
)


def sha(number: int) -> str:
    return f"{number:064x}"


def a_photo(number: int, quality: PhotoQuality | None = GRADE) -> Photo:
    return Photo(
        sha256=sha(number), name=f"P{number}.JPG", width_px=4, height_px=3, quality=quality
    )


def an_upload(number: int, offset_bytes: int, **changes: object) -> Upload:
    plain = Upload(
        upload_id=uuid.uuid4(),
        survey_id=SURVEY.survey_id,
        name="a.jpg",
        length_bytes=100,
        offset_bytes=offset_bytes,
        sha256_promised=sha(number),
        created_at=NOON,
        expires_at=LATER,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


@pytest.fixture
def filled(engine: Engine) -> Engine:
    """Give a survey with two photos, one of them graded, and two files that were set aside."""
    aside = [
        Rejection(file="c.jpg", reason=RejectionReason.EMPTY, detail="0 bytes", sha256=sha(3)),
        Rejection(file="old.jpg", reason=RejectionReason.TRUNCATED, detail="cut"),
    ]
    with writing(engine) as connection:
        assets.save(connection, make_asset())
        surveys.save(connection, SURVEY)
        taken = [a_photo(1), a_photo(2, None)]
        photos.save(connection, SURVEY.survey_id, taken, aside)
    return engine


def test_photos_are_known_by_their_digests_in_their_survey(filled: Engine) -> None:
    with reading(filled) as connection:
        asked = {sha(number) for number in range(400)}
        here = photos.names_of(connection, SURVEY.survey_id, asked)
        assert here == {sha(1): "P1.JPG", sha(2): "P2.JPG"}
        assert photos.names_of(connection, uuid.uuid4(), asked) == {}
        assert photos.names_of(connection, SURVEY.survey_id, []) == {}


def test_files_that_were_set_aside_are_known_when_somebody_read_them(filled: Engine) -> None:
    with reading(filled) as connection:
        told = photos.rejected_of(connection, SURVEY.survey_id, {sha(1), sha(3)})
        assert [(key, one.file, one.reason) for key, one in told.items()] == [
            (sha(3), "c.jpg", RejectionReason.EMPTY)
        ]
        everything = photos.rejected(connection, SURVEY.survey_id)
    assert {one.file: one.sha256 for one in everything} == {"c.jpg": sha(3), "old.jpg": None}


def test_the_upload_that_has_come_furthest_goes_on(filled: Engine) -> None:
    near, far = an_upload(7, 90), an_upload(7, 10)
    other, gone = an_upload(8, 5), an_upload(9, 5, expires_at=NOON)
    silent = an_upload(7, 99, sha256_promised=None)
    ended = an_upload(8, 100)
    with writing(filled) as connection:
        for one in (near, far, other, gone, silent, ended):
            uploads.begin(connection, one)
        uploads.finish(connection, ended, state=UploadState.STORED, sha256=sha(8))
    asked = {sha(7), sha(8), sha(9)}
    with reading(filled) as connection:
        found = uploads.arriving(connection, SURVEY.survey_id, asked, NOON)
        assert {key: one.upload_id for key, one in found.items()} == {
            sha(7): near.upload_id,
            sha(8): other.upload_id,
        }
        assert uploads.arriving(connection, SURVEY.survey_id, asked, LATER) == {}
    with writing(filled) as connection:
        uploads.advance(connection, far, (Part(key="uploads/x", size_bytes=85),), LATER)
    with reading(filled) as connection:
        found = uploads.arriving(connection, SURVEY.survey_id, {sha(7)}, NOON)
    assert found[sha(7)].upload_id == far.upload_id


def test_grades_are_replaced_one_by_one(filled: Engine) -> None:
    with writing(filled) as connection:
        photos.save(connection, SURVEY.survey_id, [a_photo(4)])
        assert set(photos.qualities(connection, SURVEY.survey_id)) == {sha(1), sha(4)}
        softer = replace(GRADE, sharpness_relative=0.25)
        photos.regrade(connection, SURVEY.survey_id, {sha(4): softer})
        photos.regrade(connection, SURVEY.survey_id, {})
        after = photos.qualities(connection, SURVEY.survey_id)
    assert after == {sha(1): GRADE, sha(4): softer}
    with reading(filled) as connection:
        shown = {one.sha256: one.quality for one in photos.of_survey(connection, SURVEY.survey_id)}
    assert shown == {sha(1): GRADE, sha(2): None, sha(4): softer}


def test_what_steps_took_comes_with_the_photos_of_their_survey(filled: Engine) -> None:
    with writing(filled) as connection:
        for number, step in enumerate(("mosaic", "detect")):
            steps.commit(
                connection,
                SURVEY.survey_id,
                step,
                "digest",
                result={},
                seconds=10.0 + number,
                peak_rss_mb=1.0,
                now=NOON + timedelta(minutes=number),
            )
    with reading(filled) as connection:
        costs = steps.costs(connection, limit=10)
        assert [(one.step, one.seconds, one.photos) for one in costs] == [
            ("detect", 11.0, 2),
            ("mosaic", 10.0, 2),
        ]
        assert len(steps.costs(connection, limit=1)) == 1
