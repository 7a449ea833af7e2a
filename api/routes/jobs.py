"""Jobs: how far the workers are."""

from uuid import UUID

from fastapi import APIRouter

from api.deps import ServicesDep
from api.schemas.job import JobList, JobOut
from inspection.domain.mission import SurveyState
from inspection.store import jobs, surveys
from inspection.store.engine import reading, writing

router = APIRouter(prefix="/api", tags=["jobs"])


@router.get("/jobs/{job_id}", operation_id="read_job")
def read_job(services: ServicesDep, job_id: UUID) -> JobOut:
    """Show how far a job has come."""
    with reading(services.engine) as connection:
        return JobOut.of(jobs.by_id(connection, job_id))


@router.get("/surveys/{survey_id}/jobs", operation_id="survey_jobs")
def survey_jobs(services: ServicesDep, survey_id: UUID) -> JobList:
    """List the jobs of a survey, newest first."""
    with reading(services.engine) as connection:
        surveys.by_id(connection, survey_id)
        return JobList(jobs=[JobOut.of(job) for job in jobs.of_survey(connection, survey_id)])


@router.post("/jobs/{job_id}/cancel", operation_id="cancel_job")
def cancel_job(services: ServicesDep, job_id: UUID) -> JobOut:
    """Cancel a job; a worker that has it stops at its next sign of progress."""
    with writing(services.engine) as connection:
        cancelled = jobs.cancel(connection, job_id, services.clock.now())
        surveys.set_state(connection, cancelled.survey_id, SurveyState.CREATED)
        return JobOut.of(cancelled)
