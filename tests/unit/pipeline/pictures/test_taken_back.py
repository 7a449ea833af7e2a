"""A picture that must go goes, whatever became of its inspection since it was published."""

import uuid
from dataclasses import replace

import pytest
from sqlalchemy import Engine

from inspection.domain.privatearea import MarkAction
from inspection.domain.release import InspectionState
from inspection.errors import NotFound
from inspection.pipeline.approve import approve, approved_record, revoke
from inspection.pipeline.ports import PrivacyDetector
from inspection.pipeline.screen import shown_photos
from inspection.pipeline.takeback import find_photo, published_photos, take_back, within_reach
from inspection.store import photos, privacy, releases, surveys
from inspection.store.blobs import FolderBlobs
from inspection.store.engine import reading, writing
from inspection.store.releases import ReleaseEvent
from tests.support.pictured import (
    BRIDGE,
    CLOCK,
    HELD,
    frozen_pictures,
    keep_back,
    look,
    ready,
    release,
    say,
    shown_now,
    take_from_public,
)
from tests.support.released import FISCAL_YEAR


def test_what_is_out_can_be_taken_back_whatever_became_of_the_approval(
    engine: Engine, blobs: FolderBlobs, detector: PrivacyDetector
) -> None:
    """A month is frozen with the picture, then nothing is approved any more."""
    look(engine, blobs, detector)
    say(engine, MarkAction.CLEAR, 1)
    (photo,) = [one.photo for one in shown_now(engine)]
    release(engine, ready(engine, blobs))
    (name,) = frozen_pictures(engine, blobs)
    take_from_public(engine)
    with writing(engine) as connection:
        revoke(connection, BRIDGE, FISCAL_YEAR, by="課長", why="x", clock=CLOCK)
    with reading(engine) as connection:
        (one,) = within_reach(connection, BRIDGE)
        assert (one.photo, one.numbers, one.pictures) == (photo, (), (name,))
        assert published_photos(connection, BRIDGE, FISCAL_YEAR - 1) == ()
        with pytest.raises(NotFound, match="only approved"):
            within_reach(connection, BRIDGE, FISCAL_YEAR - 1)
        with pytest.raises(NotFound, match="there is no asset"):
            within_reach(connection, "no such bridge")
        with pytest.raises(NotFound, match="no photo 'nobody'"):
            find_photo(connection, BRIDGE, None, "nobody")
    assert keep_back(engine, blobs, name) == (name,)
    assert [key for key in blobs.keys("") if name in key or key.startswith("public/")] == []
    assert keep_back(engine, blobs, photo.sha256[:9]) == (name,)  # again changes nothing


def test_a_photo_is_kept_back_before_anybody_has_looked_at_it(
    engine: Engine, blobs: FolderBlobs
) -> None:
    """It is no candidate for publication yet, and is none later."""
    (one,) = shown_now(engine)
    with writing(engine) as connection:
        revoke(connection, BRIDGE, FISCAL_YEAR, by="課長", why="x", clock=CLOCK)
    assert keep_back(engine, blobs, one.photo.name) == ()
    with writing(engine) as connection:
        approve(connection, BRIDGE, FISCAL_YEAR, by="課長", why="照査済", clock=CLOCK)
    assert shown_now(engine) == ()


def test_the_same_photo_in_another_survey_is_kept_back_too(
    engine: Engine, blobs: FolderBlobs, detector: PrivacyDetector
) -> None:
    """A file that was delivered twice is one photo, and whoever is in it is in it twice."""
    look(engine, blobs, detector)
    say(engine, MarkAction.CLEAR, 1)
    release(engine, ready(engine, blobs))
    (one,) = shown_now(engine)
    with writing(engine) as connection:
        other = next(s for s in surveys.find(connection).rows if s.survey_id != one.survey_id)
        photos.save(connection, other.survey_id, [one.photo])
        privacy.add_mark(connection, other.survey_id, one.photo.sha256, HELD)
        (name,) = take_back(connection, blobs, clock=CLOCK)
        assert privacy.of_photo(connection, one.photo.sha256).obstacle is not None
        # its pixels under another digest make the very picture that was taken back
        assert name in privacy.retracted(connection)
        assert shown_photos(connection, approved_record(connection, BRIDGE, None).record) == ()
    assert list(blobs.keys("public/")) == []


def test_two_files_with_the_same_pixels_are_taken_back_as_one(
    engine: Engine, blobs: FolderBlobs, detector: PrivacyDetector
) -> None:
    look(engine, blobs, detector)
    say(engine, MarkAction.CLEAR, 1)
    made = ready(engine, blobs)
    release(engine, made)
    (one,) = shown_now(engine)
    assert made is not None
    (name,) = made.names.values()
    twin = replace(one.photo, sha256="ab" * 32, name="twin.jpg")
    origin = {"survey_id": str(one.survey_id), "sha256": twin.sha256}
    with writing(engine) as connection:
        photos.save(connection, one.survey_id, [twin])
        (before,) = releases.of_asset(connection, BRIDGE)
        decided = replace(releases.history(connection)[-1].decision, event_id=uuid.uuid4())
        later = ReleaseEvent(
            decision=decided,
            state_before=InspectionState.PUBLISHED,
            state_after=InspectionState.PUBLISHED,
            approval_id=before.approval_id,
            public_row={**(before.public_row or {}), "pictures": {name: origin}},
        )
        releases.write(connection, later, expected_version=before.version)
    assert keep_back(engine, blobs, one.photo.name) == (name,), "though the other came last"
    with reading(engine) as connection:
        assert [p.photo.name for p in published_photos(connection, BRIDGE)] == [
            one.photo.name,
            "twin.jpg",
        ]
