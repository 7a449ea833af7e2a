"""Keep what workers say about a job, line by line, so that people can read it at the service."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select

from inspection.store.job_tables import job_lines
from inspection.store.page import check_window

MESSAGE_MAX = 2000
"""Longest message kept, characters; the end of a long one says the most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Carry one line.

    Attributes:
        at: when it was said, aware UTC.
        level: ``INFO``, ``WARNING`` or ``ERROR``.
        message: in words, without secrets and folders.
        attempt: of the job, at which it was said.
        worker: who said it.
        number: place among all lines, 0 before it is kept.
    """

    at: datetime
    level: str
    message: str
    attempt: int
    worker: str
    number: int = 0


def add(connection: Connection, job_id: uuid.UUID, lines: Sequence[Said]) -> None:
    """Keep lines about a job, in their order."""
    rows = [
        {
            "line_id": uuid.uuid4(),
            "job_id": job_id,
            "attempt": line.attempt,
            "worker": line.worker,
            "at": line.at,
            "level": line.level,
            "message": line.message[-MESSAGE_MAX:],
        }
        for line in lines
    ]
    if rows:
        connection.execute(insert(job_lines), rows)


def of_job(
    connection: Connection, job_id: uuid.UUID, *, after: int = 0, limit: int = 500
) -> tuple[Said, ...]:
    """List the lines about a job that were kept after a numbered one, oldest first."""
    check_window(limit, after)
    rows = connection.execute(
        select(job_lines)
        .where(job_lines.c.job_id == job_id, job_lines.c.seq > after)
        .order_by(job_lines.c.seq)
        .limit(limit)
    )
    return tuple(map(_said, rows))


def count(connection: Connection, job_id: uuid.UUID) -> int:
    """Count the lines that are kept about a job."""
    counted = select(func.count()).select_from(job_lines).where(job_lines.c.job_id == job_id)
    return int(connection.execute(counted).scalar_one())


def _said(row: Row[Any]) -> Said:
    return Said(
        at=row.at,
        level=row.level,
        message=row.message,
        attempt=row.attempt,
        worker=row.worker,
        number=row.seq,
    )
