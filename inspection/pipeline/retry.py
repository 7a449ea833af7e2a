"""Retry a job that ended or that waits for its next attempt, as a whole or from one step anew.

What is done stays done: a new job goes on where the old one stopped. A step that is named is
forgotten, so that it is done again; the steps after it follow when its result turns out another.
"""

import uuid
from datetime import datetime

from sqlalchemy import Connection

from inspection.domain.mission import SurveyState
from inspection.errors import Conflict, NotFound
from inspection.store import bands, jobs, steps, surveys
from inspection.store.job import ACTIVE, Job, JobState, Priority

DETECT = "detect"
STEPS = ("mosaic", DETECT, "measure", "consolidate", "issue")
"""Steps that can be done again, in the order of the road."""


def retry(
    connection: Connection,
    job_id: uuid.UUID,
    now: datetime,
    *,
    step: str | None = None,
    priority: Priority | None = None,
) -> Job:
    """Ask for a job again; give the job that will do it.

    Args:
        connection: an open transaction.
        job_id: a job that ended, or failed and waits for its next attempt.
        now: the present moment.
        step: a step to be done again even though it was done; None keeps all that was done.
        priority: as it was unless given.

    Raises:
        NotFound: when there is no such job or no such step.
        Conflict: when the job, or another one of its survey, is waiting for a worker or has one.
    """
    if step is not None and step not in STEPS:
        raise NotFound(f"there is no step {step!r}; choose one of {', '.join(STEPS)}")
    asked = jobs.by_id(connection, job_id)
    _demand_free(connection, asked)
    if step is not None:
        _forget(connection, asked.survey_id, step)
    if asked.state is JobState.FAILED:
        again = jobs.hurry(connection, job_id, now)
    else:
        again = jobs.enqueue(
            connection,
            asked.survey_id,
            asked.kind,
            now,
            priority=asked.priority if priority is None else priority,
        )
    surveys.set_state(connection, asked.survey_id, SurveyState.PROCESSING)
    return again


def _demand_free(connection: Connection, asked: Job) -> None:
    """Refuse to retry while somebody works, or is about to work, on the survey."""
    for job in jobs.of_survey(connection, asked.survey_id):
        waits = job.job_id == asked.job_id and job.state is JobState.FAILED
        if job.state in ACTIVE and not waits:
            which = "it" if job.job_id == asked.job_id else f"job {job.job_id} of the same survey"
            raise Conflict(
                f"job {asked.job_id} cannot be retried: {which} is {job.state.value}; wait for it "
                "or cancel it"
            )


def _forget(connection: Connection, survey_id: uuid.UUID, step: str) -> None:
    """Forget that a step was done; until it is done again the survey is not whole."""
    if step == DETECT:
        bands.forget(connection, survey_id)
    if steps.forget(connection, survey_id, step):
        surveys.set_state(connection, survey_id, SurveyState.CREATED)
