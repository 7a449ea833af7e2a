"""Who publishes a picture and who keeps its photo back see each other, on both engines."""

import io
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import Connection, Engine

from inspection.domain.privatearea import (
    MarkAction,
    Obstacle,
    PrivacyMark,
    PrivateArea,
    PrivateKind,
    Screening,
)
from inspection.domain.release import InspectionState, ReleaseAction, ReleaseDecision
from inspection.errors import Conflict
from inspection.pipeline.picture import Made
from inspection.pipeline.publish import Gate, make_ready, publish
from inspection.pipeline.screen import Shown, mark
from inspection.pipeline.snapshot import freeze, verify
from inspection.pipeline.takeback import find_photo, take_back
from inspection.store import keys, photos, privacy, releases, snapshots
from inspection.store.blobs import FolderBlobs
from inspection.store.engine import reading, writing
from inspection.store.releases import ReleaseEvent
from tests.support.records import NOON, Scene, digest, make_photo
from tests.support.released import AtNoon, make_confirmed, make_record
from tests.support.waiting import until_somebody_waits

YEAR = 2026
PICTURES = Gate(pictures=True)
CLOCK = AtNoon(NOON)
AREA = PrivateArea(kind=PrivateKind.PERSON, box_px=(10, 10, 30, 40), score=0.9)
SEEN = Screening(detector_id="d@1", size_px=(90, 60), areas=(AREA,), at=NOON)

Act = Callable[[Connection], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gallery:
    """Hold an approved bridge with one damage, whose one photo somebody has looked at."""

    engine: Engine
    blobs: FolderBlobs
    asset_id: str
    survey_id: uuid.UUID

    def photo(self) -> Shown:
        with reading(self.engine) as connection:
            return find_photo(connection, self.asset_id, None, digest(1))

    def ready(self) -> Made | None:
        return make_ready(self.engine, self.blobs, self.asset_id, YEAR, PICTURES, clock=CLOCK)

    def publishing(self, made: Made | None) -> Act:
        return lambda connection: publish(
            connection,
            self.asset_id,
            YEAR,
            by="課長",
            why="定例",
            gate=PICTURES,
            clock=CLOCK,
            made=made,
        )

    def keeping_back(self, connection: Connection) -> tuple[str, ...]:
        held = PrivacyMark(action=MarkAction.WITHHOLD, by="公開担当", at=NOON, why="申出")
        mark(connection, find_photo(connection, self.asset_id, None, digest(1)), held)
        return take_back(connection, self.blobs, clock=CLOCK)

    def clearing(self, looked: str) -> Act:
        at = NOON + timedelta(hours=1)
        made = PrivacyMark(action=MarkAction.CLEAR, by="公開担当", at=at, looked=looked)
        return lambda connection: mark(connection, self.photo(), made)

    def freezing(self, connection: Connection) -> object:
        return freeze(connection, self.blobs, month=None, clock=CLOCK)

    def files(self) -> list[str]:
        return [key for key in self.blobs.keys("") if key.endswith(".jpg") and "photos/" not in key]


@pytest.fixture
def gallery(engine: Engine, scene: Scene, tmp_path: Path) -> Gallery:
    blobs, survey_id = FolderBlobs(tmp_path / "gallery"), scene.survey.survey_id
    content = io.BytesIO()
    Image.effect_noise((90, 60), 60).convert("RGB").save(content, "JPEG")
    photo = make_photo(1, name="DJI_0001.JPG")
    blobs.put_bytes(keys.photo_key(photo.sha256, ".jpg"), content.getvalue())
    damage = make_confirmed(survey_id=str(survey_id), photo_sha256s=(photo.sha256,))
    record = make_record(asset_id=scene.asset.asset_id, fiscal_year=YEAR, defects=(damage,))
    decision = ReleaseDecision(
        event_id=uuid.uuid4(),
        asset_id=scene.asset.asset_id,
        fiscal_year=YEAR,
        action=ReleaseAction.APPROVE,
        by="課長",
        at=NOON,
        why="照査済",
    )
    made = Gallery(engine=engine, blobs=blobs, asset_id=scene.asset.asset_id, survey_id=survey_id)
    with writing(engine) as connection:
        photos.save(connection, survey_id, [photo])
        privacy.add_screening(connection, survey_id, photo.sha256, SEEN)
        event = ReleaseEvent(
            decision=decision,
            state_before=InspectionState.DIAGNOSED,
            state_after=InspectionState.APPROVED,
            approval_id=releases.add_approval(connection, record, decision).approval_id,
        )
        releases.write(connection, event, expected_version=0)
    with writing(engine) as connection:
        made.clearing(made.photo().privacy.tag)(connection)
    return made


def cross(engine: Engine, first: Act, second: Act) -> tuple[object, object]:
    """Do two things at a time: the second begins before the first is committed."""

    def follow() -> object:
        with writing(engine) as connection:
            return second(connection)

    with ThreadPoolExecutor(1) as threads:
        with writing(engine) as connection:
            done = first(connection)
            following = threads.submit(follow)
            until_somebody_waits(engine)
        return done, following.result(timeout=60)


def test_a_picture_that_is_being_published_is_taken_back(gallery: Gallery) -> None:
    made = gallery.ready()
    assert made is not None
    (name,) = made.names.values()
    _, gone = cross(gallery.engine, gallery.publishing(made), gallery.keeping_back)
    assert gone == (name,) and gallery.files() == []


def test_a_photo_that_is_being_kept_back_is_not_published(gallery: Gallery) -> None:
    made = gallery.ready()
    gone, told = cross(gallery.engine, gallery.keeping_back, gallery.publishing(made))
    assert gone == () and [row["photo"] for row in told.damages] == [""]  # type: ignore[attr-defined]
    with reading(gallery.engine) as connection:
        stands = releases.find(connection, gallery.asset_id, YEAR)
    assert stands is not None and stands.public_row is not None
    assert "pictures" not in stands.public_row


@pytest.mark.parametrize("first", ["freeze", "keep back"])
def test_a_month_that_is_being_frozen_keeps_no_picture_of_who_asked(
    gallery: Gallery, first: str
) -> None:
    with writing(gallery.engine) as connection:
        gallery.publishing(gallery.ready())(connection)
    (kept,) = gallery.files()
    acts = [gallery.freezing, gallery.keeping_back]
    cross(gallery.engine, *(acts if first == "freeze" else acts[::-1]))
    assert gallery.files() == [], kept
    with reading(gallery.engine) as connection:
        (month,) = [one.month for one in snapshots.find(connection)]
        assert verify(connection, gallery.blobs, month).damaged == ()
        named = [f.name for f in snapshots.files_of(connection, month) if f.name.endswith(".jpg")]
        assert len(named) == (first == "freeze")
        assert set(named) <= privacy.retracted(connection)


def test_who_clears_does_not_lift_what_somebody_keeps_back_meanwhile(gallery: Gallery) -> None:
    clear = gallery.clearing(gallery.photo().privacy.tag)
    cross(gallery.engine, clear, gallery.keeping_back)
    assert gallery.photo().privacy.obstacle is Obstacle.WITHHELD


def test_who_keeps_back_is_not_overruled_by_who_clears_meanwhile(gallery: Gallery) -> None:
    clear = gallery.clearing(gallery.photo().privacy.tag)
    with pytest.raises(Conflict, match="kept back for good"):
        cross(gallery.engine, gallery.keeping_back, clear)
    assert gallery.photo().privacy.obstacle is Obstacle.WITHHELD


def test_what_a_detector_finds_meanwhile_is_looked_at_before_it_is_cleared(
    gallery: Gallery,
) -> None:
    """Its clock runs behind: by the times, the later look would have come after it."""
    looked = gallery.photo().privacy.tag
    late: datetime = NOON - timedelta(hours=1)
    other = replace(SEEN, detector_id="better@2", at=late)

    def find(connection: Connection) -> None:
        privacy.hold(connection)
        privacy.add_screening(connection, gallery.survey_id, digest(1), other)

    with pytest.raises(Conflict, match="look again"):
        cross(gallery.engine, find, gallery.clearing(looked))
    now = gallery.photo().privacy
    assert now.obstacle is Obstacle.NOT_CLEARED and now.tag != looked
    kept = now.marks[-1]
    assert (kept.action, kept.looked) == (MarkAction.CLEAR, looked), "kept as it was said"
