"""Keep what workers can load: each says so at its start and again and again while it lives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from inspection.domain.modelref import Offer, Origin
from inspection.store.model_tables import worker_models
from inspection.store.rows import choice

FORGOTTEN = timedelta(days=7)
"""How long what a worker offered is remembered after it fell silent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """Carry an offer and what the card of the model says in short.

    Attributes:
        offer: which worker can load which model.
        card: classes, thresholds, pixel sizes, licence, whether widths are calibrated, whether it
            is the service's own default; empty for uploads and for what cannot be read.
    """

    offer: Offer
    card: Mapping[str, Any]


def publish(connection: Connection, worker: str, offered: Sequence[Offered], now: datetime) -> None:
    """Say what a worker can load, in the place of what it said; forget who is long silent."""
    c = worker_models.c
    silent = c.seen_at < now - FORGOTTEN
    connection.execute(delete(worker_models).where((c.worker == worker) | silent))
    rows = [
        {
            "worker": worker,
            "key": one.offer.key,
            "sha256": one.offer.sha256,
            "answers": one.offer.answers,
            "origin": one.offer.origin.value,
            "card": dict(one.card),
            "fault": one.offer.fault,
            "seen_at": now,
        }
        for one in offered
    ]
    if rows:
        connection.execute(insert(worker_models), rows)


def touch(connection: Connection, worker: str, now: datetime) -> int:
    """Say that a worker lives and offers the same as before; give how many models that are."""
    mine = worker_models.c.worker == worker
    return connection.execute(update(worker_models).where(mine).values(seen_at=now)).rowcount


def every(connection: Connection) -> tuple[Offered, ...]:
    """List what workers offer or offered lately, by model, the newest word first."""
    c = worker_models.c
    rows = connection.execute(select(worker_models).order_by(c.key, c.seen_at.desc(), c.worker))
    return tuple(
        Offered(
            offer=Offer(
                worker=row.worker,
                key=row.key,
                sha256=row.sha256,
                answers=row.answers,
                origin=choice(Origin, row.origin),
                fault=row.fault,
                seen_at=row.seen_at,
            ),
            card=row.card,
        )
        for row in rows
    )
