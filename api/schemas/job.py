"""Shapes of a job: the truth about long work that workers do."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, Self
from uuid import UUID

from pydantic import Field

from api.schemas.base import Shape
from inspection.redaction import scrubbed
from inspection.store.band import Band, BandState
from inspection.store.job import ACTIVE, Job, JobState, Priority
from inspection.store.joblines import Said

PriorityName = Literal["low", "normal", "high", "emergency"]
StepName = Literal["mosaic", "detect", "measure", "consolidate", "issue"]


class JobProgress(Shape):
    """Say how far the current step has come."""

    step: str
    done: int
    total: int = Field(description="0 means unknown")


class JobOut(Shape):
    """Show a job."""

    job_id: UUID
    kind: str
    survey_id: UUID
    state: JobState = Field(description="failed means: will be tried again at due_at")
    active: bool = Field(description="something is still going to happen; ask again later")
    priority: PriorityName = Field(description="of two waiting jobs, the higher one goes first")
    attempt: int
    attempts_max: int
    progress: JobProgress | None
    error: str | None = Field(description="why the last attempt ended, in words")
    worker: str | None = Field(description="who works on it, or did last")
    created_at: datetime
    changed_at: datetime
    due_at: datetime
    heartbeat_at: datetime | None = Field(description="when its worker was last heard of")

    @classmethod
    def of(cls, job: Job) -> Self:
        """Show a job of the store."""
        return cls(**_fields(job))


def _fields(job: Job) -> dict[str, Any]:
    begun = JobProgress(step=job.step, done=job.units_done, total=job.units_total)
    return {
        "job_id": job.job_id,
        "kind": job.kind,
        "survey_id": job.survey_id,
        "state": job.state,
        "active": job.state in ACTIVE,
        "priority": job.priority.name.lower(),
        "attempt": job.attempt,
        "attempts_max": job.attempts_max,
        "progress": begun if job.step else None,
        "error": job.error or None,
        "worker": job.worker or None,
        "created_at": job.created_at,
        "changed_at": job.changed_at,
        "due_at": job.due_at,
        "heartbeat_at": job.heartbeat_at,
    }


class BandOut(Shape):
    """Show a band of a mosaic that one worker looks at while others look at the rest."""

    y0_px: int
    y1_px: int = Field(description="row after the last one")
    state: BandState
    chips_done: int
    chips_total: int
    attempt: int
    worker: str | None
    seconds: float | None = Field(description="how long it took, once it is finished")

    @classmethod
    def of(cls, band: Band, now: datetime) -> Self:
        """Show a band of the store."""
        state = band.state(now)
        return cls(
            y0_px=band.y0_px,
            y1_px=band.y1_px,
            state=state,
            chips_done=band.chips_done,
            chips_total=band.chips_total,
            attempt=band.attempt,
            worker=band.worker or None,
            seconds=band.seconds if state is BandState.FINISHED else None,
        )


class JobDetail(JobOut):
    """Show a job and the bands that workers share."""

    bands: list[BandOut] = Field(description="from the top down; empty while there is only one")

    @classmethod
    def with_bands(cls, job: Job, bands: Sequence[Band], now: datetime) -> Self:
        """Show a job of the store with the bands of its survey."""
        return cls(**_fields(job), bands=[BandOut.of(band, now) for band in bands])


class JobList(Shape):
    """List jobs, newest first."""

    jobs: list[JobOut]


class JobRow(JobOut):
    """Show a job among those of all surveys."""

    asset_id: str
    asset_name: str

    @classmethod
    def about(cls, job: Job, asset_id: str, asset_name: str) -> Self:
        """Show a job of the store and the asset that its survey visited."""
        return cls(**_fields(job), asset_id=asset_id, asset_name=asset_name)


class JobPage(Shape):
    """List jobs of all surveys, newest first, a page at a time."""

    jobs: list[JobRow]
    next: UUID | None = Field(description="give this as 'after' to read on; null on the last page")


class RetryIn(Shape):
    """Say how a job is to be tried again."""

    step: StepName | None = Field(
        default=None, description="do this step again even though it was done; null: only the rest"
    )
    priority: PriorityName | None = Field(default=None, description="as it was unless given")

    @property
    def chosen(self) -> Priority | None:
        """Give the priority that was chosen, None when it stays as it was."""
        return None if self.priority is None else Priority.named(self.priority)


class LineOut(Shape):
    """Show one line that a worker said about a job."""

    number: int
    at: datetime
    level: str
    message: str
    attempt: int
    worker: str

    @classmethod
    def of(cls, line: Said) -> Self:
        """Show a line of the store, once more without secrets and folders."""
        return cls(
            number=line.number,
            at=line.at,
            level=line.level,
            message=scrubbed(line.message),
            attempt=line.attempt,
            worker=line.worker,
        )


class JobLog(Shape):
    """List what workers said about a job, oldest first, a page at a time."""

    lines: list[LineOut]
    next: int | None = Field(description="give this as 'after' to read on; null: nothing more yet")
