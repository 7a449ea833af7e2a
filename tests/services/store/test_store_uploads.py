"""The rows of uploads in pieces: the offset moves once, who comes second is told; both engines."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from inspection.domain.capture import RejectionReason
from inspection.errors import Conflict, NotFound
from inspection.store import assets, surveys, uploads
from inspection.store.engine import reading, writing
from inspection.store.uploads import Part, Upload, UploadState
from tests.support.records import NOON, make_asset, make_survey

SURVEY = make_survey()
LATER = NOON + timedelta(hours=5)


def an_upload(**changes: object) -> Upload:
    plain = Upload(
        upload_id=uuid.uuid4(),
        survey_id=SURVEY.survey_id,
        name="DJI 橋.JPG",
        length_bytes=3_000_000_000,
        sha256_promised="ab" * 32,
        created_at=NOON,
        expires_at=NOON + timedelta(hours=1),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def part(size_bytes: int) -> Part:
    return Part(key=f"uploads/x/{uuid.uuid4()}", size_bytes=size_bytes)


@pytest.fixture
def upload(engine: Engine) -> Upload:
    begun = an_upload()
    with writing(engine) as connection:
        assets.save(connection, make_asset())
        surveys.save(connection, SURVEY)
        uploads.begin(connection, begun)
    return begun


def read(engine: Engine, upload: Upload) -> Upload:
    with reading(engine) as connection:
        return uploads.by_id(connection, upload.survey_id, upload.upload_id)


def test_an_upload_is_read_back_as_it_was_begun(engine: Engine, upload: Upload) -> None:
    assert read(engine, upload) == upload
    with reading(engine) as connection:
        for survey_id, upload_id in (
            (uuid.uuid4(), upload.upload_id),
            (upload.survey_id, uuid.uuid4()),
        ):
            with pytest.raises(NotFound, match="may have expired"):
                uploads.by_id(connection, survey_id, upload_id)


def test_the_offset_moves_over_two_gigabytes_and_keeps_its_parts(
    engine: Engine, upload: Upload
) -> None:
    first, second = part(2_900_000_000), part(100_000_000)
    with writing(engine) as connection:
        further = uploads.advance(connection, upload, (first,), LATER)
        assert further.offset_bytes == 2_900_000_000 and not further.is_complete
        whole = uploads.advance(connection, further, (second,), LATER)
    assert whole == read(engine, upload)
    assert whole.parts == (first, second) and whole.is_complete
    assert whole.expires_at == LATER


def test_of_those_who_write_at_the_same_place_one_wins(engine: Engine, upload: Upload) -> None:
    def write(size_bytes: int) -> bool:
        try:
            with writing(engine) as connection:
                uploads.advance(connection, upload, (part(size_bytes),), LATER)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(6) as writers:
        won = list(writers.map(write, range(1, 7)))
    assert won.count(True) == 1
    assert read(engine, upload).offset_bytes == won.index(True) + 1


def test_the_first_who_says_what_became_of_it_is_believed(engine: Engine, upload: Upload) -> None:
    with writing(engine) as connection:
        told = uploads.finish(
            connection,
            upload,
            state=UploadState.REJECTED,
            sha256="cd" * 32,
            reason=RejectionReason.TRUNCATED,
            detail="cut off",
        )
        again = uploads.finish(connection, upload, state=UploadState.STORED, sha256="ef" * 32)
        with pytest.raises(Conflict, match="no longer at byte 0"):
            uploads.advance(connection, upload, (part(1),), LATER)
    assert again == told == read(engine, upload)
    assert (told.state, told.reason, told.detail) == (
        UploadState.REJECTED, RejectionReason.TRUNCATED, "cut off",
    )  # fmt: skip


def test_what_is_due_is_expired_or_complete(engine: Engine, upload: Upload) -> None:
    complete = an_upload(length_bytes=5, expires_at=LATER)
    running = an_upload(expires_at=LATER)
    with writing(engine) as connection:
        for one in (complete, running):
            uploads.begin(connection, one)
        uploads.advance(connection, complete, (part(5),), LATER)
        at_the_edge = {one.upload_id for one in uploads.due(connection, upload.expires_at)}
        before = {
            one.upload_id
            for one in uploads.due(connection, upload.expires_at - timedelta(microseconds=1))
        }
    assert at_the_edge == {upload.upload_id, complete.upload_id}
    assert before == {complete.upload_id}


def test_room_is_reserved_by_organisation_until_the_end(engine: Engine, upload: Upload) -> None:
    other = replace(SURVEY, survey_id=uuid.uuid4(), asset_id="other-1")
    with writing(engine) as connection:
        assets.save(connection, make_asset("other-1"))
        surveys.save(connection, other)
        uploads.begin(connection, an_upload(survey_id=other.survey_id, length_bytes=10))
        assert uploads.reserved_bytes(connection, SURVEY.survey_id) == (2, 3_000_000_010)
        uploads.finish(connection, upload, state=UploadState.STORED, sha256="ab" * 32)
        assert uploads.reserved_bytes(connection, SURVEY.survey_id) == (1, 10)
        assert uploads.forget_unfinished(connection) == 1
        uploads.remove(connection, upload)
        uploads.remove(connection, upload)
    with pytest.raises(NotFound):
        read(engine, upload)
