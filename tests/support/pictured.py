"""Decide about the pictures of an approved bridge, as the commands and the service do."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine

from inspection.domain.privatearea import MarkAction, PrivacyMark, PrivateArea
from inspection.pipeline.approve import approved_record
from inspection.pipeline.picture import Made
from inspection.pipeline.ports import PrivacyDetector, Silence
from inspection.pipeline.publish import Gate, make_ready, publish, withdraw
from inspection.pipeline.screen import Screened, Shown, mark, screen, shown_photos
from inspection.pipeline.snapshot import freeze
from inspection.pipeline.takeback import find_photo, take_back
from inspection.store.blobs import FolderBlobs
from inspection.store.engine import reading, writing
from tests.support.released import FISCAL_YEAR, AtNoon

CLOCK = AtNoon(datetime(2026, 5, 2, tzinfo=UTC))
BRIDGE = "bridge-12"
LONG_S = 60.0
"""Longer than any test lasts: whoever waits that long hangs."""

PICTURES = Gate(pictures=True)
SENSITIVE = Gate(pictures=True, blur=True)
FOUND_IN_1280 = [213, 107, 427, 320]
"""What the detector of these tests always sees: 100 50 200 150 px of the seeded 600 × 360 px."""

HELD = PrivacyMark(action=MarkAction.WITHHOLD, by="公開担当", at=CLOCK.now(), why="本人からの申出")


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
    (one,) = shown_now(engine)
    made = PrivacyMark(
        action=action,
        by="公開担当",
        at=CLOCK.now() + timedelta(minutes=minutes),
        why="本人からの申出",
        area=area,
        looked=one.privacy.tag if action is MarkAction.CLEAR else "",
    )
    with writing(engine) as connection:
        mark(connection, one, made)


def ready(engine: Engine, blobs: FolderBlobs, gate: Gate = PICTURES) -> Made | None:
    return make_ready(engine, blobs, BRIDGE, FISCAL_YEAR, gate, clock=CLOCK)


def release(engine: Engine, made: Made | None) -> tuple[str, ...]:
    with writing(engine) as connection:
        told = publish(
            connection,
            BRIDGE,
            FISCAL_YEAR,
            by="課長",
            why="定例",
            gate=PICTURES,
            clock=CLOCK,
            made=made,
        )
    return tuple(word.en for word in told.applied)


def keep_back(engine: Engine, blobs: FolderBlobs, called: str) -> tuple[str, ...]:
    with writing(engine) as connection:
        mark(connection, find_photo(connection, BRIDGE, None, called), HELD)
        return take_back(connection, blobs, clock=CLOCK)


def frozen_pictures(engine: Engine, blobs: FolderBlobs) -> list[str]:
    with writing(engine) as connection:
        _, files = freeze(connection, blobs, month=None, clock=CLOCK)
    return [file.name for file in files if file.name.endswith(".jpg")]


def take_from_public(engine: Engine) -> None:
    """Withdraw the inspection; frozen months keep what they have."""
    with writing(engine) as connection:
        withdraw(connection, BRIDGE, FISCAL_YEAR, by="課長", why="x", clock=CLOCK)
