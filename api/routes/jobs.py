"""Jobs: how far the workers are, what they said, and what people make of that."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from api.deps import ServicesDep
from api.routes.surveys import ring_or_log
from api.schemas.job import JobDetail, JobList, JobLog, JobOut, JobPage, JobRow, LineOut, RetryIn
from inspection.pipeline.retry import retry
from inspection.store import bands, catalogue, joblines, jobs, surveys
from inspection.store.engine import reading, writing
from inspection.store.job import JobState
from inspection.store.page import OFFSET_MAX

router = APIRouter(prefix="/api", tags=["jobs"])


@router.get("/jobs", operation_id="list_jobs")
def list_jobs(
    services: ServicesDep,
    state: Annotated[
        list[JobState] | None, Query(description="may be given more than once")
    ] = None,
    after: Annotated[UUID | None, Query(description="last job of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> JobPage:
    """List the jobs of all surveys, newest first."""
    with reading(services.engine) as connection:
        found = jobs.find(connection, states=state or (), after=after, limit=limit + 1)
        visited = catalogue.assets_of(connection, {job.survey_id for job in found})
    rows = [JobRow.about(job, *visited[job.survey_id]) for job in found[:limit]]
    return JobPage(jobs=rows, next=rows[-1].job_id if len(found) > limit else None)


@router.get("/jobs/{job_id}", operation_id="read_job")
def read_job(services: ServicesDep, job_id: UUID) -> JobDetail:
    """Show how far a job has come, and the bands that workers share."""
    with reading(services.engine) as connection:
        job = jobs.by_id(connection, job_id)
        shared = bands.of_survey(connection, job.survey_id)
    return JobDetail.with_bands(job, shared, services.clock.now())


@router.get("/jobs/{job_id}/log", operation_id="job_log")
def job_log(
    services: ServicesDep,
    job_id: UUID,
    after: Annotated[int, Query(ge=0, le=OFFSET_MAX, description="last number read")] = 0,
    limit: Annotated[int, Query(ge=1, le=2000)] = 500,
) -> JobLog:
    """List what workers said about a job, oldest first; no line names a folder or a secret."""
    with reading(services.engine) as connection:
        jobs.by_id(connection, job_id)
        found = joblines.of_job(connection, job_id, after=after, limit=limit + 1)
    lines = [LineOut.of(line) for line in found[:limit]]
    return JobLog(lines=lines, next=lines[-1].number if len(found) > limit else None)


@router.get("/surveys/{survey_id}/jobs", operation_id="survey_jobs")
def survey_jobs(services: ServicesDep, survey_id: UUID) -> JobList:
    """List the jobs of a survey, newest first."""
    with reading(services.engine) as connection:
        surveys.by_id(connection, survey_id)
        return JobList(jobs=[JobOut.of(job) for job in jobs.of_survey(connection, survey_id)])


@router.post("/jobs/{job_id}/cancel", operation_id="cancel_job")
def cancel_job(services: ServicesDep, job_id: UUID) -> JobOut:
    """Cancel a job; a worker that has it stops at its next sign of progress.

    A survey that was finished stays finished when the job had not changed anything yet.
    """
    with writing(services.engine) as connection:
        cancelled = jobs.cancel(connection, job_id, services.clock.now())
        surveys.set_state(connection, cancelled.survey_id, cancelled.survey_state_before)
        return JobOut.of(cancelled)


@router.post("/jobs/{job_id}/retry", operation_id="retry_job", status_code=202)
def retry_job(services: ServicesDep, job_id: UUID, how: RetryIn | None = None) -> JobOut:
    """Try a job again that ended or waits for its next attempt; the answer is the job to follow.

    What was done stays done, except the step that is named.
    """
    asked = how or RetryIn()
    with writing(services.engine) as connection:
        again = retry(
            connection, job_id, services.clock.now(), step=asked.step, priority=asked.chosen
        )
    ring_or_log(services, again.job_id)
    return JobOut.of(again)
