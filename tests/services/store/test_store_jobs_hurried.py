"""A job that is asked for again and more urgently, while a worker claims it or ends it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection, Engine

from inspection.domain.mission import SurveyState
from inspection.store import jobs, surveys
from inspection.store.engine import reading, writing
from inspection.store.job import Job, JobState, Priority
from tests.support.records import NOON, Scene
from tests.support.waiting import until_somebody_waits

LEASE_S = 60.0


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def claimed(connection: Connection, job: Job, now: datetime = NOON) -> Job:
    held = jobs.claim(connection, job.job_id, "worker", now, LEASE_S)
    assert held is not None
    return held


def urgently(connection: Connection, scene: Scene) -> Job:
    return jobs.enqueue(
        connection, scene.survey.survey_id, "conduct", after(9), priority=Priority.EMERGENCY
    )


def while_open(engine: Engine, scene: Scene, act: Callable[[Connection], Job]) -> tuple[Job, Job]:
    """Ask more urgently while another transaction has acted and not ended; give both answers."""

    def ask() -> Job:
        with writing(engine) as connection:
            return urgently(connection, scene)

    with ThreadPoolExecutor(1) as threads:
        with writing(engine) as connection:
            done = act(connection)
            asked = threads.submit(ask)
            until_somebody_waits(engine)
        return done, asked.result(timeout=60)


@pytest.fixture
def job(scene: Scene, engine: Engine) -> Job:
    """Ask for one job."""
    with writing(engine) as connection:
        return jobs.enqueue(connection, scene.survey.survey_id, "conduct", NOON)


def test_a_claim_outlives_a_new_priority(job: Job, scene: Scene, engine: Engine) -> None:
    held, asked = while_open(engine, scene, lambda connection: claimed(connection, job))
    assert (asked.state, asked.worker, asked.attempt) == (JobState.RUNNING, "worker", 1)
    assert asked.priority is Priority.EMERGENCY
    with writing(engine) as connection:
        assert jobs.by_id(connection, job.job_id) == asked
        assert jobs.claim(connection, job.job_id, "other", after(1), LEASE_S) is None
        assert jobs.finish(connection, held, after(2)).state is JobState.DONE


def test_a_committed_result_outlives_a_new_priority(scene: Scene, engine: Engine) -> None:
    with writing(engine) as connection:
        surveys.set_state(connection, scene.survey.survey_id, SurveyState.PROCESSED)
        job = jobs.enqueue(connection, scene.survey.survey_id, "conduct", NOON)
        held = claimed(connection, job)
    assert held.survey_state_before is SurveyState.PROCESSED
    changed, asked = while_open(engine, scene, lambda connection: jobs.commit(connection, held))
    assert asked.survey_state_before is changed.survey_state_before is SurveyState.CREATED
    with reading(engine) as connection:
        assert jobs.by_id(connection, job.job_id) == asked


@pytest.mark.parametrize("end", [JobState.DONE, JobState.CANCELLED])
def test_a_job_that_ends_meanwhile_stays_ended_and_another_is_asked_for(
    job: Job, scene: Scene, engine: Engine, end: JobState
) -> None:
    with writing(engine) as connection:
        held = claimed(connection, job)

    def act(connection: Connection) -> Job:
        if end is JobState.DONE:
            return jobs.finish(connection, held, after(1))
        return jobs.cancel(connection, job.job_id, after(1))

    ended, asked = while_open(engine, scene, act)
    with reading(engine) as connection:
        assert jobs.by_id(connection, job.job_id) == ended
        assert ended.state is end
        assert jobs.of_survey(connection, scene.survey.survey_id) == (asked, ended)
    assert (asked.state, asked.priority) == (JobState.QUEUED, Priority.EMERGENCY)


def test_what_was_read_before_somebody_claimed_is_never_written_back(
    job: Job, engine: Engine
) -> None:
    """The same on an engine that lets only one write at a time: read, claim elsewhere, write."""
    with writing(engine) as connection:
        held = claimed(connection, job)
    with writing(engine) as connection:
        kept = jobs._reprioritised(connection, job, Priority.HIGH)
        assert kept is not None and (kept.state, kept.attempt) == (JobState.RUNNING, 1)
        jobs.finish(connection, held, after(1))
        assert jobs._reprioritised(connection, held, Priority.LOW) is None
        assert jobs.by_id(connection, job.job_id).priority is Priority.HIGH
