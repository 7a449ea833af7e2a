"""Pictures are made outside of transactions; what changes meanwhile is not overlooked."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from inspection.domain.privatearea import MarkAction, PrivateArea, PrivateKind
from inspection.errors import BadInput, Conflict, IllegalTransition, NotFound, Unavailable
from inspection.pipeline import publish as publishing
from inspection.pipeline.picture import Made, key_of_name, picture_name
from inspection.pipeline.ports import PrivacyDetector
from inspection.pipeline.publish import make_ready, publish, withdraw
from inspection.pipeline.snapshot import verify
from inspection.pipeline.stocktake import QUIET_S, unowned
from inspection.store import keys, privacy
from inspection.store.blobs import FolderBlobs
from inspection.store.engine import reading, writing
from models.backends.openvino_private import open_private
from tests.support.pictured import (
    BRIDGE,
    CLOCK,
    HELD,
    LONG_S,
    PICTURES,
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
from tests.support.released import FISCAL_YEAR


@pytest.mark.parametrize("what", ["area", "detector"])
def test_what_changes_while_pictures_are_made_stops_them(
    engine: Engine, blobs: FolderBlobs, detector: PrivacyDetector, tmp_path: Path, what: str
) -> None:
    look(engine, blobs, detector)
    say(engine, MarkAction.CLEAR, 1)
    made = ready(engine, blobs)
    if what == "area":
        area = PrivateArea(kind=PrivateKind.FACE, box_px=(0, 0, 90, 90))
        say(engine, MarkAction.ADD, 2, area)
    else:
        better = registered(tmp_path, [[0, 0, 50, 50, 0.9, 0]], name="better")
        look(engine, blobs, open_private(better, threads=1), minutes=2)
    assert "3 damages without a picture: nobody has looked at it since it was blurred" in (
        release(engine, made)
    )
    assert frozen_pictures(engine, blobs) == []
    take_from_public(engine)
    say(engine, MarkAction.CLEAR, 3)
    with pytest.raises(Conflict, match="changed while their pictures were made"):
        release(engine, made)
    assert "1 pictures, encoded anew without metadata, private areas blurred" in (
        release(engine, ready(engine, blobs))
    )


def test_who_keeps_a_photo_back_while_pictures_are_made_is_heard(
    engine: Engine, blobs: FolderBlobs, detector: PrivacyDetector
) -> None:
    look(engine, blobs, detector)
    say(engine, MarkAction.CLEAR, 1)
    made = ready(engine, blobs)
    assert keep_back(engine, blobs, shown_now(engine)[0].photo.name) == ()
    assert "3 damages without a picture: no photo of it may be shown" in release(engine, made)
    (unnamed,) = blobs.keys("public/")
    with reading(engine) as connection:
        in_time = (blobs.stat(unnamed) or pytest.fail("gone")).touched_s + 2 * QUIET_S
        idle = [one.key for one in unowned(connection, blobs, now_s=in_time)]
    assert idle == [unnamed], "made, and named by no publication: it is cleared out in time"
    assert frozen_pictures(engine, blobs) == []
    with writing(engine) as connection, pytest.raises(BadInput, match="made before"):
        withdraw(connection, BRIDGE, FISCAL_YEAR, by="課長", why="x", clock=CLOCK)
        publish(connection, BRIDGE, FISCAL_YEAR, by="課長", why="x", gate=PICTURES, clock=CLOCK)


def test_a_month_that_is_frozen_meanwhile_loses_the_picture(
    engine: Engine, blobs: FolderBlobs, detector: PrivacyDetector
) -> None:
    """Kept back by a mark that no ``take_back`` has followed, as a lost race left it."""
    look(engine, blobs, detector)
    say(engine, MarkAction.CLEAR, 1)
    release(engine, ready(engine, blobs))
    (one,) = shown_now(engine)
    with writing(engine) as connection:
        privacy.add_mark(connection, one.survey_id, one.photo.sha256, HELD)
    (name,) = frozen_pictures(engine, blobs)
    assert [key for key in blobs.keys("") if name in key or key.startswith("public/")] == []
    with reading(engine) as connection:
        assert privacy.retracted(connection) == {name}
        assert verify(connection, blobs, "2026-05").damaged == ()


def test_what_cannot_be_read_and_what_was_taken_back_is_said_by_name(
    engine: Engine, blobs: FolderBlobs, detector: PrivacyDetector
) -> None:
    look(engine, blobs, detector)
    say(engine, MarkAction.CLEAR, 1)
    (one,) = shown_now(engine)
    made = ready(engine, blobs)
    assert made is not None
    (name,) = made.names.values()
    key = keys.photo_key(one.photo.sha256, ".jpg")
    content = blobs.read_bytes(key)
    blobs.put_bytes(key, b"damaged")
    assert ready(engine, blobs) == Made(names={}, unreadable=frozenset(made.names))
    said = release(engine, ready(engine, blobs))
    unread = f"3 damages without a picture: {one.photo.name} cannot be read"
    assert any(words.startswith(unread) for words in said)
    blobs.put_bytes(key, content)
    blobs.delete(key_of_name(name))
    take_from_public(engine)
    with writing(engine) as connection:
        privacy.retract(connection, [name, picture_name("cd" * 32)], CLOCK.now())
    again = ready(engine, blobs)
    assert again == made and list(blobs.keys("public/")) == [], "it is not kept once more"
    assert (
        "3 damages without a picture: this very picture was taken back once; blur more of it"
        in (release(engine, again))
    )


def test_one_publication_at_a_time_makes_pictures_and_no_transaction_waits_for_them(
    engine: Engine, blobs: FolderBlobs, detector: PrivacyDetector
) -> None:
    """While a photo is read, somebody else writes; the third publication is turned away."""
    look(engine, blobs, detector)
    say(engine, MarkAction.CLEAR, 1)
    slow = SlowBlobs(blobs)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(ready, engine, slow)
        assert slow.reading.wait(LONG_S)
        second = pool.submit(ready, engine, blobs)
        say(engine, MarkAction.CLEAR, 2)  # with SQLite, no writer but this one
        while publishing._making._room._value:
            threading.Event().wait(0.001)
        with pytest.raises(Unavailable, match="making public pictures"):
            ready(engine, blobs)
        slow.go_on.set()
        assert first.result(LONG_S) == second.result(LONG_S)


class SlowBlobs(FolderBlobs):
    """Give a blob only when told to."""

    def __init__(self, of: FolderBlobs) -> None:
        super().__init__(of._folder)
        self.reading, self.go_on = threading.Event(), threading.Event()

    def read_bytes(self, key: str) -> bytes:
        self.reading.set()
        assert self.go_on.wait(LONG_S)
        return super().read_bytes(key)


def test_pictures_are_not_made_for_who_may_not_publish_now(
    engine: Engine, blobs: FolderBlobs, detector: PrivacyDetector
) -> None:
    look(engine, blobs, detector)
    say(engine, MarkAction.CLEAR, 1)
    options: dict[str, Any] = {"gate": PICTURES, "clock": CLOCK}
    with pytest.raises(Conflict, match="meanwhile"):
        make_ready(engine, blobs, BRIDGE, FISCAL_YEAR, expected_version=9, **options)
    with pytest.raises(NotFound):
        make_ready(engine, blobs, BRIDGE, FISCAL_YEAR - 1, **options)
    release(engine, ready(engine, blobs))
    (key,) = blobs.keys("public/")
    blobs.delete(key)
    with pytest.raises(IllegalTransition, match="published already"):
        ready(engine, blobs)
    assert list(blobs.keys("public/")) == []
