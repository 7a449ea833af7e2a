"""Drive small real surveys through an installation that is being killed, and compare what is left.

The same surveys go through an undisturbed installation. At the end the rows and the blobs of both
are equal: nothing lost, nothing twice, no decision touched. What may differ is when and how often:
moments, seconds, attempts.
"""

import hashlib
import random
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import select

from inspection.domain.asset import Asset, AssetKind
from inspection.domain.mission import Surface, Survey
from inspection.store import assets, audit, keys, schema, surveys
from inspection.store.blobs import FolderBlobs
from inspection.store.engine import create_engine, reading, writing
from inspection.store.tables import metadata
from tests.support.cluster import Cluster
from tests.support.records import make_scene, save_scene
from tests.support.tus import TusClient

LONG_S = 900.0
PIECE_BYTES = 60_000
VICTIMS = ("worker", "worker", "api", "redis", "postgresql")
"""The worker twice, for it does most of the work."""

PASSING = frozenset(
    {
        "seq", "created_at", "updated_at", "finished_at", "decided_at", "issued_at", "seconds",
        "peak_rss_mb", "known_at",
    }
)  # fmt: skip
"""Columns, and fields within them, that say when and how long."""

NOT_COMPARED = frozenset(
    {"jobs", "job_lines", "bands", "uploads", "audit_log", "audit_head", "worker_models"}
)
"""Tables that say how often something was tried, by whom, and which workers there are; the audit
log must verify instead."""


class Installation(Protocol):
    """Name where the rows and the files of an installation are."""

    @property
    def database_url(self) -> str:
        """Give the URL of the database."""

    @property
    def home(self) -> Path:
        """Name the folder of the blobs."""


Photos = Sequence[tuple[str, bytes]]


@dataclass(kw_only=True)
class Deaths:
    """Kill at random moments until enough have died; remember who."""

    cluster: Cluster
    wanted: int
    order: random.Random
    pause_s: tuple[float, float] = (0.3, 4.0)
    died: list[str] = field(default_factory=list)
    failure: BaseException | None = None
    _stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Kill and start again, one after the other."""
        try:
            while len(self.died) < self.wanted and not self._stop.is_set():
                self._stop.wait(self.order.uniform(*self.pause_s))
                victim = self._next()
                self.cluster.kill(victim)
                time.sleep(self.order.uniform(0.0, 0.5))
                self.cluster.start(victim)
                self.died.append(victim)
        except BaseException as error:  # the test hears of it
            self.failure = error
            raise

    def _next(self) -> str:
        """Choose who dies: each once first, then whoever it is."""
        alive = [name for name in sorted(set(VICTIMS)) if name not in self.died]
        return self.order.choice(alive or VICTIMS)

    def stop(self) -> None:
        """Kill nobody any more."""
        self._stop.set()

    @property
    def over(self) -> bool:
        """Tell whether enough have died."""
        return len(self.died) >= self.wanted


def survey_of(number: int) -> Survey:
    """Describe a survey that has the same identity in every installation."""
    return Survey(
        survey_id=uuid.uuid5(uuid.NAMESPACE_OID, f"surviving {number}"),
        asset_id="quay-1",
        surface=Surface.STRIP,
        gsd_m_per_px=0.002,
        created_at=datetime(2026, 4, 1, tzinfo=UTC),
    )


def prepare(cluster: Installation, count: int) -> list[uuid.UUID]:
    """Write down a survey of before with its defects, and those that photos will arrive for."""
    schema.upgrade(cluster.database_url)
    engine = create_engine(cluster.database_url)
    made = [survey_of(number) for number in range(count)]
    with writing(engine) as connection:
        save_scene(connection, make_scene())
        assets.save(connection, Asset(asset_id="quay-1", name="岸壁", kind=AssetKind.OTHER))
        for one in made:
            surveys.save(connection, one)
    engine.dispose()
    return [one.survey_id for one in made]


def send_photos(cluster: Cluster, survey_id: uuid.UUID, photos: Photos) -> None:
    """Upload photos in pieces; go on where the service is, however often it dies."""
    tus = TusClient(send=lambda *sent: cluster.request(*sent)[:2], survey_id=survey_id)
    for name, content in photos:
        ends_s = time.monotonic() + LONG_S
        place: str | None = None
        while True:
            assert time.monotonic() < ends_s, f"{name} never arrived:\n{cluster.log('api')}"
            try:
                place = place or tus.begin(name, content)
                at = tus.offset(place)
            except AssertionError:
                time.sleep(0.1)
                continue
            if at == len(content):
                break
            tus.piece(place, at, content[at : at + PIECE_BYTES])


def process(cluster: Cluster, survey_id: uuid.UUID) -> None:
    """Have a survey worked on until it is done; ask again when too many workers died of it."""
    ends_s = time.monotonic() + LONG_S
    while True:
        job = cluster.ask("POST", f"/api/surveys/{survey_id}/process")
        while job["active"]:
            assert time.monotonic() < ends_s, f"{job}\n{cluster.log('worker')}"
            time.sleep(0.2)
            job = cluster.ask("GET", f"/api/jobs/{job['job_id']}")
        if job["state"] == "done":
            return
        assert "fell silent" in job["error"], f"{job}\n{cluster.log('worker')}"


def decide(cluster: Cluster) -> int:
    """Decide on the defects of the survey that was there before; give how many were decided.

    A verdict carries its identifier, so that one whose answer got lost is simply sent again.
    """
    scene = make_scene()
    page = cluster.ask("GET", f"/api/surveys/{scene.survey.survey_id}/defects")
    for number, defect in enumerate(page["defects"]):
        verdict = {
            "verdict_id": str(uuid.uuid5(uuid.NAMESPACE_OID, f"verdict {defect['defect_id']}")),
            "action": "confirm" if number % 2 == 0 else "reject",
            "reviewer": "金沢 花子",
            "expected_version": 1,
            "reason": None if number % 2 == 0 else "stain",
        }
        cluster.ask("POST", f"/api/defects/{defect['defect_id']}/verdicts", verdict)
    return len(page["defects"])


@dataclass(frozen=True, kw_only=True)
class Left:
    """Hold what an installation has at the end.

    Attributes:
        rows: of each table, as text, without what passes.
        blobs: digests by key.
    """

    rows: Mapping[str, list[str]]
    blobs: Mapping[str, str]


def left_of(cluster: Installation) -> Left:
    """Read all that is left; the audit log must be whole."""
    engine = create_engine(cluster.database_url)
    with reading(engine) as connection:
        assert list(audit.verify(connection)) == []
        rows = {
            name: sorted(
                repr(lasting(dict(row))) for row in connection.execute(select(table)).mappings()
            )
            for name, table in metadata.tables.items()
            if name not in NOT_COMPARED
        }
    engine.dispose()
    store = FolderBlobs(cluster.home / "blobs")
    blobs = {
        key: hashlib.sha256(store.read_bytes(key)).hexdigest()
        for key in store.keys("")
        if not key.startswith((keys.UPLOADS, keys.BANDS))
    }
    return Left(rows=rows, blobs=blobs)


def lasting(value: Any) -> Any:
    """Give a value without what says when and how long, however deep it lies."""
    if isinstance(value, Mapping):
        return {key: lasting(inner) for key, inner in value.items() if key not in PASSING}
    if isinstance(value, list | tuple):
        return [lasting(inner) for inner in value]
    return value.wkb_hex if hasattr(value, "wkb_hex") else value


def differences(one: Left, other: Left) -> list[str]:
    """Say where two installations differ, a line each."""
    told = []
    for name in sorted(one.rows):
        told += [f"{name}: only undisturbed {row}" for row in _without(one, other, name)]
        told += [f"{name}: only killed {row}" for row in _without(other, one, name)]
    for key in sorted(set(one.blobs) | set(other.blobs)):
        if one.blobs.get(key) != other.blobs.get(key):
            told.append(f"blob {key}: {one.blobs.get(key)} and {other.blobs.get(key)}")
    return told


def _without(one: Left, other: Left, name: str) -> list[str]:
    rest = list(other.rows[name])
    alone = []
    for row in one.rows[name]:
        if row in rest:
            rest.remove(row)
        else:
            alone.append(row[:600])
    return alone
