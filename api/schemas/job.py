"""Shapes of a job: the truth about long work that a worker does."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import Field

from api.schemas.base import Shape
from inspection.store.job import ACTIVE, Job, JobState


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
    attempt: int
    attempts_max: int
    progress: JobProgress | None
    error: str | None = Field(description="why the last attempt ended, in words")
    created_at: datetime
    changed_at: datetime
    due_at: datetime

    @classmethod
    def of(cls, job: Job) -> Self:
        """Show a job of the store."""
        begun = JobProgress(step=job.step, done=job.units_done, total=job.units_total)
        return cls(
            job_id=job.job_id,
            kind=job.kind,
            survey_id=job.survey_id,
            state=job.state,
            active=job.state in ACTIVE,
            attempt=job.attempt,
            attempts_max=job.attempts_max,
            progress=begun if job.step else None,
            error=job.error or None,
            created_at=job.created_at,
            changed_at=job.changed_at,
            due_at=job.due_at,
        )


class JobList(Shape):
    """List jobs, newest first."""

    jobs: list[JobOut]
