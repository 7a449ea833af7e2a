"""Count what operators watch: jobs by state, how long the oldest waits, uploads on their way."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from inspection.store.job import JobState
from inspection.store.jobs import due
from inspection.store.tables import jobs
from inspection.store.upload_tables import uploads
from inspection.store.uploads import UploadState


@dataclass(frozen=True, slots=True, kw_only=True)
class Census:
    """Hold counts of one moment.

    Attributes:
        jobs: number by state; every state is there.
        longest_wait_s: how long the job that waits longest is due, 0 when none waits.
        uploads: number of unfinished uploads.
        upload_bytes: bytes that they reserve.
    """

    jobs: dict[JobState, int]
    longest_wait_s: float
    uploads: int
    upload_bytes: int


def count(connection: Connection, now: datetime) -> Census:
    """Count."""
    rows = connection.execute(select(jobs.c.state, func.count()).group_by(jobs.c.state))
    by_state: dict[str, int] = {str(state): int(number) for state, number in rows}
    waiting = due(connection, now, limit=1)
    number, size = connection.execute(
        select(func.count(), func.coalesce(func.sum(uploads.c.length_bytes), 0)).where(
            uploads.c.state == UploadState.RECEIVING.value
        )
    ).one()
    return Census(
        jobs={state: by_state.get(state.value, 0) for state in JobState},
        longest_wait_s=(now - waiting[0].due_at).total_seconds() if waiting else 0.0,
        uploads=int(number),
        upload_bytes=int(size),
    )
