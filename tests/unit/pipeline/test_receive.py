"""Photos that arrive a few at a time: each is kept once, set aside with its reason, never lost."""

import hashlib
import io
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from sqlalchemy import Engine

from inspection.domain.asset import Asset
from inspection.domain.capture import Photo, RejectionReason
from inspection.domain.mission import Surface, Survey
from inspection.pipeline.admit import original_key
from inspection.pipeline.receive import Arrival, Fate, Status, receive_photos
from inspection.store import assets, photos, schema, surveys
from inspection.store.blobs import FolderBlobs
from inspection.store.engine import create_engine, reading, writing

LIMIT = 1_000_000


def jpeg(seed: int) -> bytes:
    """Write a small photo of noise without metadata."""
    noise = np.random.default_rng(seed).integers(0, 256, (24, 32), dtype=np.uint8)
    content = io.BytesIO()
    Image.fromarray(noise).save(content, "JPEG", quality=90)
    return content.getvalue()


@dataclass
class Desk:
    """Hold a store, one survey of a strip, and the folder in which files arrive."""

    engine: Engine
    blobs: FolderBlobs
    survey: Survey
    incoming: Path
    count: int = 0

    def arrival(self, name: str, content: bytes) -> Arrival:
        self.count += 1
        path = self.incoming / f"{self.count:06d}"
        path.write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()
        return Arrival(name=name, path=path, sha256=digest, size_bytes=len(content))

    def receive(self, *arrivals: Arrival) -> list[Fate]:
        return receive_photos(
            self.survey, arrivals, engine=self.engine, blobs=self.blobs, file_max_bytes=LIMIT
        )

    def kept(self) -> tuple[Photo, ...]:
        with reading(self.engine) as connection:
            return photos.of_survey(connection, self.survey.survey_id)

    def set_aside(self) -> list[tuple[str, RejectionReason]]:
        with reading(self.engine) as connection:
            rows = photos.rejected(connection, self.survey.survey_id)
        return [(row.file, row.reason) for row in rows]


def add_survey(engine: Engine, surface: Surface = Surface.STRIP) -> Survey:
    survey = Survey(
        survey_id=uuid.uuid4(),
        asset_id="quay-3",
        surface=surface,
        gsd_m_per_px=0.002,
        created_at=datetime(2026, 5, 1, tzinfo=UTC),
    )
    with writing(engine) as connection:
        assets.save(connection, Asset(asset_id="quay-3", name="岸壁"))
        surveys.save(connection, survey)
    return survey


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    url = f"sqlite:///{tmp_path / 'tenken.sqlite'}"
    schema.upgrade(url)
    engine = create_engine(url)
    (tmp_path / "incoming").mkdir()
    blobs = FolderBlobs(tmp_path / "blobs")
    yield Desk(engine, blobs, add_survey(engine), tmp_path / "incoming")
    engine.dispose()


def statuses(fates: Sequence[Fate]) -> list[Status]:
    return [fate.status for fate in fates]


def test_photos_are_kept_under_the_names_that_people_gave_them(desk: Desk) -> None:
    fates = desk.receive(desk.arrival("橋 1.JPG", jpeg(1)), desk.arrival("b.jpeg", jpeg(2)))
    assert statuses(fates) == [Status.STORED, Status.STORED]
    assert {photo.name for photo in desk.kept()} == {"橋 1.JPG", "b.jpeg"}
    for photo in desk.kept():
        content = desk.blobs.read_bytes(original_key(photo))
        assert hashlib.sha256(content).hexdigest() == photo.sha256


def test_sending_again_changes_nothing(desk: Desk) -> None:
    desk.receive(desk.arrival("a.jpg", jpeg(1)))
    before, blobs = desk.kept(), list(desk.blobs.keys(""))
    (again,) = desk.receive(desk.arrival("a.jpg", jpeg(1)))
    assert again.status is Status.ALREADY_HERE
    assert (desk.kept(), list(desk.blobs.keys(""))) == (before, blobs)


def test_the_same_content_twice_in_one_batch_is_one_photo(desk: Desk) -> None:
    fates = desk.receive(desk.arrival("a.jpg", jpeg(1)), desk.arrival("copy.jpg", jpeg(1)))
    assert statuses(fates) == [Status.STORED, Status.REJECTED]
    assert fates[1].rejection is not None
    assert fates[1].rejection.reason is RejectionReason.DUPLICATE
    assert fates[1].rejection.detail == "the same bytes as a.jpg"
    assert [photo.name for photo in desk.kept()] == ["a.jpg"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", RejectionReason.EMPTY),
        (b"hello, this is a note", RejectionReason.NOT_AN_IMAGE),
        (jpeg(3)[:-40], RejectionReason.TRUNCATED),
    ],
    ids=["empty", "text", "cut"],
)
def test_a_bad_file_is_named_as_it_was_sent_and_the_others_go_on(
    desk: Desk, content: bytes, reason: RejectionReason
) -> None:
    fates = desk.receive(desk.arrival("メモ.jpg", content), desk.arrival("good.jpg", jpeg(1)))
    assert statuses(fates) == [Status.REJECTED, Status.STORED]
    assert fates[0].rejection is not None
    assert (fates[0].rejection.file, fates[0].rejection.reason) == ("メモ.jpg", reason)
    assert desk.set_aside() == [("メモ.jpg", reason)]
    assert len(desk.kept()) == 1


def test_a_file_over_the_limit_was_not_kept_and_says_its_size(desk: Desk) -> None:
    huge = Arrival(name="huge.jpg", path=None, sha256=None, size_bytes=LIMIT + 1)
    (fate,) = desk.receive(huge)
    assert fate.rejection is not None
    assert fate.rejection.reason is RejectionReason.TOO_LARGE
    assert f"{LIMIT + 1} bytes are over the limit of {LIMIT}" in fate.rejection.detail


def test_a_name_without_a_suffix_of_a_photo_gets_one(desk: Desk) -> None:
    desk.receive(desk.arrival("IMG_0001", jpeg(1)), desk.arrival("note.txt", jpeg(2)))
    names = {photo.name for photo in desk.kept()}
    assert names == {"IMG_0001.photo", "note.txt.photo"}
    assert all(desk.blobs.exists(original_key(photo)) for photo in desk.kept())


def test_a_nadir_survey_sets_photos_without_a_position_aside(desk: Desk) -> None:
    desk.survey = add_survey(desk.engine, Surface.NADIR)
    (fate,) = desk.receive(desk.arrival("a.jpg", jpeg(1)))
    assert fate.rejection is not None
    assert fate.rejection.reason is RejectionReason.NO_GPS
    assert desk.kept() == ()


def test_nothing_is_a_batch_too(desk: Desk) -> None:
    assert desk.receive() == []
    assert desk.kept() == ()


@settings(
    derandomize=True,
    deadline=None,
    max_examples=8,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(st.lists(st.integers(0, 4), max_size=3), min_size=1, max_size=4))
def test_however_photos_are_split_into_batches_the_survey_is_the_same(
    desk: Desk, batches: list[list[int]]
) -> None:
    """Photos 0 to 3 are pictures, 4 is none; each is kept or set aside exactly once."""
    desk.survey = add_survey(desk.engine)
    told: list[Fate] = []
    for batch in batches:
        told += desk.receive(
            *(desk.arrival(f"{n}.jpg", jpeg(n) if n < 4 else b"none") for n in batch)
        )
    sent = [n for batch in batches for n in batch]
    assert [fate.arrival.name for fate in told] == [f"{n}.jpg" for n in sent]
    assert {photo.name for photo in desk.kept()} == {f"{n}.jpg" for n in sent if n < 4}
    assert statuses(told).count(Status.STORED) == len({n for n in sent if n < 4})
    assert desk.set_aside() == ([("4.jpg", RejectionReason.NOT_AN_IMAGE)] if 4 in sent else [])
