"""Jobs: one is claimed once, an old worker cannot write, and a state changes with its survey."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import TypeVar

import pytest
from sqlalchemy import Engine, insert

from inspection.domain.mission import SurveyState
from inspection.errors import Conflict, NotFound, TenkenError
from inspection.store import jobs, surveys, tables
from inspection.store.engine import reading, writing
from inspection.store.job import Job, JobState
from tests.support.records import NOON, Scene, make_survey, named

Answer = TypeVar("Answer")
LEASE_S = 60.0


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


@pytest.fixture
def job(scene: Scene, engine: Engine) -> Job:
    """Ask for one job."""
    with writing(engine) as connection:
        return jobs.enqueue(connection, scene.survey.survey_id, "conduct", NOON)


def _claim(engine: Engine, job: Job, worker: str = "a", now: datetime = NOON) -> Job | None:
    with writing(engine) as connection:
        return jobs.claim(connection, job.job_id, worker, now, LEASE_S)


def _claimed(engine: Engine, job: Job, worker: str = "a", now: datetime = NOON) -> Job:
    held = _claim(engine, job, worker, now)
    assert held is not None
    return held


def _together(count: int, act: Callable[[int], Answer]) -> list[Answer]:
    """Let several threads act at the same moment."""
    gate = threading.Barrier(count)

    def start(number: int) -> Answer:
        gate.wait(timeout=30)
        return act(number)

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(start, range(count)))


def test_a_job_comes_back_as_it_is(job: Job, engine: Engine) -> None:
    with reading(engine) as connection:
        assert jobs.by_id(connection, job.job_id) == job
        assert jobs.of_survey(connection, job.survey_id) == (job,)
        assert jobs.due(connection, NOON) == (job,)
        assert jobs.due(connection, after(-1)) == ()
        with pytest.raises(NotFound, match="no job"):
            jobs.by_id(connection, named("nothing"))


def test_a_survey_has_one_active_job(job: Job, scene: Scene, engine: Engine) -> None:
    with writing(engine) as connection:
        again = jobs.enqueue(connection, scene.survey.survey_id, "conduct", after(9))
        assert again == job
        with pytest.raises(Conflict, match="wait for it or cancel it"):
            jobs.enqueue(connection, scene.survey.survey_id, "issue", NOON)
        with pytest.raises(NotFound, match="no survey"):
            jobs.enqueue(connection, named("nothing"), "conduct", NOON)


def test_the_table_itself_refuses_a_second_active_job(job: Job, engine: Engine) -> None:
    from dataclasses import asdict

    second = {**asdict(job), "job_id": named("second"), "state": "queued"}
    with pytest.raises(Conflict), writing(engine) as connection:
        connection.execute(insert(tables.jobs).values(second))
    with writing(engine) as connection:
        connection.execute(insert(tables.jobs).values({**second, "state": "done"}))


def test_jobs_that_are_asked_for_together_are_one(scene: Scene, engine: Engine) -> None:
    def ask(_number: int) -> Job:
        with writing(engine) as connection:
            return jobs.enqueue(connection, scene.survey.survey_id, "conduct", NOON)

    assert len({asked.job_id for asked in _together(4, ask)}) == 1


def test_a_job_that_ended_makes_room_for_the_next(job: Job, engine: Engine) -> None:
    held = _claimed(engine, job)
    with writing(engine) as connection:
        jobs.finish(connection, held, after(5))
        later = jobs.enqueue(connection, job.survey_id, "conduct", after(6))
        assert later.job_id != job.job_id
        listed = jobs.of_survey(connection, job.survey_id)
    assert [(j.job_id, j.state) for j in listed] == [
        (later.job_id, JobState.QUEUED),
        (job.job_id, JobState.DONE),
    ]


@pytest.mark.parametrize("round_number", range(3))
def test_a_job_is_claimed_once(job: Job, engine: Engine, round_number: int) -> None:
    answers = _together(5, lambda number: _claim(engine, job, f"worker {number}"))
    (won,) = [answer for answer in answers if answer is not None]
    assert won.attempt == 1
    with reading(engine) as connection:
        assert jobs.by_id(connection, job.job_id) == won
        assert jobs.due(connection, NOON) == ()


def test_a_bell_that_rings_late_or_twice_does_nothing(job: Job, engine: Engine) -> None:
    held = _claimed(engine, job)
    assert _claim(engine, job, "b", after(30)) is None
    with writing(engine) as connection:
        jobs.finish(connection, held, after(31))
    assert _claim(engine, job, "b", after(9999)) is None
    with writing(engine) as connection, pytest.raises(NotFound):
        jobs.claim(connection, named("nothing"), "b", NOON, LEASE_S)


def test_heartbeats_keep_a_job_and_progress_is_seen(job: Job, engine: Engine) -> None:
    held = _claimed(engine, job)
    with writing(engine) as connection:
        beaten = jobs.heartbeat(connection, held, after(50), LEASE_S)
        moved = jobs.progress(connection, held, step="detect", units_done=3, units_total=40)
    assert beaten.lease_until == moved.lease_until == after(110)
    with reading(engine) as connection:
        kept = jobs.by_id(connection, job.job_id)
        assert (kept.step, kept.units_done, kept.units_total) == ("detect", 3, 40)
        assert jobs.due(connection, after(109)) == ()
        assert jobs.due(connection, after(110)) == (kept,)


def test_a_worker_that_wakes_up_late_may_not_write(job: Job, engine: Engine) -> None:
    slow = _claimed(engine, job, "slow")
    quick = _claimed(engine, job, "quick", after(61))
    acts: list[Callable[[Job], object]] = []
    with writing(engine) as connection:
        acts += [
            lambda held: jobs.heartbeat(connection, held, after(62), LEASE_S),
            lambda held: jobs.progress(connection, held, step="x", units_done=1, units_total=1),
            lambda held: jobs.fail(connection, held, "x", after(62), retryable=True),
            lambda held: jobs.finish(connection, held, after(62)),
        ]
        for act in acts:
            with pytest.raises(Conflict, match="no longer yours"):
                act(slow)
        assert jobs.by_id(connection, job.job_id) == quick
        assert jobs.finish(connection, quick, after(63)).state is JobState.DONE


def test_a_failed_job_is_due_again_later_and_at_last_dead(job: Job, engine: Engine) -> None:
    now = NOON
    for attempt in range(1, 4):
        held = _claimed(engine, job, now=now)
        assert held.attempt == attempt
        with writing(engine) as connection:
            failed = jobs.fail(connection, held, "x" * 5000 + "disk full", now, retryable=True)
            assert len(failed.error) == jobs.ERROR_MAX
            assert failed.error.endswith("disk full")
        with reading(engine) as connection:
            assert jobs.due(connection, now) == ()
        now = failed.due_at
    assert failed.state is JobState.DEAD
    with reading(engine) as connection:
        assert jobs.due(connection, now + timedelta(days=99)) == ()


def test_a_job_that_kills_its_workers_is_dead_at_last(job: Job, engine: Engine) -> None:
    for attempt in range(3):
        _claimed(engine, job, f"w{attempt}", after(61 * attempt))
    assert _claim(engine, job, "w3", after(61 * 3)) is None
    with reading(engine) as connection:
        dead = jobs.by_id(connection, job.job_id)
    assert dead.state is JobState.DEAD
    assert "'w2' fell silent" in dead.error


def test_a_cancelled_job_is_lost_to_its_worker(job: Job, engine: Engine) -> None:
    held = _claimed(engine, job)
    with writing(engine) as connection:
        assert jobs.cancel(connection, job.job_id, after(1)).state is JobState.CANCELLED
        with pytest.raises(Conflict, match="already"):
            jobs.cancel(connection, job.job_id, after(2))
    with writing(engine) as connection, pytest.raises(Conflict, match="cancelled"):
        jobs.finish(connection, held, after(3))
    assert _claim(engine, job, "b", after(999)) is None


def test_finishing_and_cancelling_together_ends_one_way(job: Job, engine: Engine) -> None:
    held = _claimed(engine, job)

    def end(number: int) -> TenkenError | JobState:
        try:
            with writing(engine) as connection:
                if number:
                    return jobs.cancel(connection, job.job_id, after(1)).state
                return jobs.finish(connection, held, after(1)).state
        except Conflict as conflict:
            return conflict

    outcomes = _together(2, end)
    (won,) = [outcome for outcome in outcomes if isinstance(outcome, JobState)]
    with reading(engine) as connection:
        assert jobs.by_id(connection, job.job_id).state is won


def test_a_state_and_its_job_change_together_or_not_at_all(
    job: Job, scene: Scene, engine: Engine
) -> None:
    held = _claimed(engine, job)
    with pytest.raises(ZeroDivisionError), writing(engine) as connection:
        surveys.set_state(connection, scene.survey.survey_id, SurveyState.PROCESSED)
        jobs.finish(connection, held, after(1))
        raise ZeroDivisionError
    with reading(engine) as connection:
        kept = surveys.by_id(connection, scene.survey.survey_id)
        assert kept.state is SurveyState.CREATED
        assert jobs.by_id(connection, job.job_id) == held


def test_the_longest_waiting_job_is_due_first(job: Job, engine: Engine) -> None:
    asked = []
    with writing(engine) as connection:
        for number in (2, 3, 4):
            survey = surveys.save(connection, make_survey(number))
            asked.append(
                jobs.enqueue(connection, survey.survey_id, "conduct", after(-10.0 * number))
            )
        due = jobs.due(connection, NOON)
        assert [j.job_id for j in due] == [j.job_id for j in (*reversed(asked), job)]
        assert jobs.due(connection, NOON, limit=2) == due[:2]
        assert jobs.due(connection, after(-15)) == due[:3]
