"""Shapes of a job: the truth about long work that a worker does."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from api.schemas.base import Shape


class JobProgress(Shape):
    """Say how far the current step has come."""

    step: str
    done: int
    total: int = Field(description="0 means unknown")


class JobOut(Shape):
    """Show a job."""

    job_id: UUID
    kind: str
    survey_id: UUID | None
    state: str = Field(description="queued, running, done, failed (will be tried again) or dead")
    attempts: int
    progress: JobProgress | None = None
    message: str = ""
    error: str | None = Field(default=None, description="why the last attempt ended, in words")
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None


class JobList(Shape):
    """List jobs, newest first."""

    jobs: list[JobOut]
