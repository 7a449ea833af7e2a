"""Jobs among many workers: the rows follow the rules of a job's life in every order of events."""

import random
import threading
import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from inspection.domain.mission import SurveyState
from inspection.errors import Conflict, NotFound, TenkenError
from inspection.store import assets, jobs, surveys
from inspection.store import job as life
from inspection.store.engine import reading, writing
from inspection.store.job import ACTIVE, Job, JobState
from tests.support.records import NOON, Scene, make_asset, make_survey

LEASE_S = 60.0


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def some_jobs(engine: Engine, count: int, *, kind: str = "conduct") -> list[Job]:
    """Ask for jobs of as many surveys, each a second after the one before."""
    with writing(engine) as connection:
        assets.save(connection, make_asset())
        made = [surveys.save(connection, make_survey(n + 100)) for n in range(count)]
        return [
            jobs.enqueue(connection, survey.survey_id, kind, after(n))
            for n, survey in enumerate(made)
        ]


# every order of events

ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(
            ["claim", "beat", "progress", "finish", "fail", "hopeless", "cancel", "wait"]
        ),
        st.sampled_from(["ann", "bob"]),
    ),
    max_size=14,
)


def pure(action: str, held: Job, stored: Job, now: datetime) -> Job:
    """Do what the rules say, on values alone."""
    life.check_ticket(held, stored)
    if action == "beat":
        return life.beaten(stored, now, LEASE_S)
    if action == "progress":
        return life.progressed(stored, "detect", 3, 7)
    if action == "finish":
        return life.finished(stored, now)
    return life.failed(stored, "broke", now, retryable=action == "fail")


def through(connection: Any, action: str, held: Job, now: datetime) -> Job:
    """Do it in the database."""
    if action == "beat":
        return jobs.heartbeat(connection, held, now, LEASE_S)
    if action == "progress":
        return jobs.progress(connection, held, step="detect", units_done=3, units_total=7)
    if action == "finish":
        return jobs.finish(connection, held, now)
    return jobs.fail(connection, held, "broke", now, retryable=action == "fail")


@given(ACTIONS)
@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_rows_and_rules_tell_the_same_life(
    engine: Engine, scene: Scene, actions: list[tuple[str, str]]
) -> None:
    now = NOON
    with writing(engine) as connection:
        survey = surveys.save(connection, make_survey(survey_id=uuid.uuid4()))
        wanted = jobs.enqueue(connection, survey.survey_id, "conduct", now)
    held: dict[str, Job] = {}
    for action, worker in actions:
        now += timedelta(seconds=100 if action == "wait" else 1)
        with writing(engine) as connection:
            if action == "claim":
                due = life.is_due(wanted, now)
                claimed = jobs.claim(connection, wanted.job_id, worker, now, LEASE_S)
                if due:
                    wanted = life.claimed(wanted, worker, now, LEASE_S)
                assert (claimed is not None) is (due and wanted.state is JobState.RUNNING)
                if claimed is not None:
                    held[worker] = claimed
            elif action == "cancel":
                if wanted.state in ACTIVE:
                    wanted = life.cancelled(wanted, now)
                    assert jobs.cancel(connection, wanted.job_id, now) == wanted
                else:
                    with pytest.raises(Conflict, match="nothing to cancel"):
                        jobs.cancel(connection, wanted.job_id, now)
            elif action != "wait" and worker in held:
                try:
                    expected = pure(action, held[worker], wanted, now)
                except Conflict:
                    with pytest.raises(Conflict, match="no longer yours"):
                        through(connection, action, held[worker], now)
                else:
                    wanted = held[worker] = expected
                    assert through(connection, action, replace(held[worker]), now) == wanted
            assert jobs.by_id(connection, wanted.job_id) == wanted
            waiting = [job for job in jobs.due(connection, now) if job.job_id == wanted.job_id]
            assert (waiting == [wanted]) is life.is_due(wanted, now)
    assert scene


# many at once


def test_a_crowd_of_workers_does_every_job_once(engine: Engine) -> None:
    waiting = some_jobs(engine, 8)
    done: list[uuid.UUID] = []
    gate = threading.Barrier(4)

    def work(name: int) -> None:
        gate.wait(timeout=30)
        order = random.Random(name).sample(waiting, len(waiting))
        for job in order:
            with writing(engine) as connection:
                held = jobs.claim(connection, job.job_id, f"w{name}", after(60), LEASE_S)
            if held is None:
                continue
            with writing(engine) as connection:
                jobs.progress(connection, held, step="x", units_done=1, units_total=1)
            with writing(engine) as connection:
                jobs.finish(connection, held, after(61))
                surveys.set_state(connection, held.survey_id, SurveyState.PROCESSED)
            done.append(job.job_id)

    with ThreadPoolExecutor(4) as crowd:
        list(crowd.map(work, range(4)))
    assert Counter(done) == Counter(job.job_id for job in waiting)
    with reading(engine) as connection:
        for job in waiting:
            kept = jobs.by_id(connection, job.job_id)
            assert (kept.state, kept.attempt, kept.units_done) == (JobState.DONE, 1, 1)
        assert jobs.due(connection, after(10**6)) == ()


def test_an_orphan_goes_to_one_of_the_workers_who_want_it(engine: Engine) -> None:
    (job,) = some_jobs(engine, 1)
    with writing(engine) as connection:
        assert jobs.claim(connection, job.job_id, "dead", NOON, LEASE_S)

    def take(name: int) -> Job | None:
        with writing(engine) as connection:
            return jobs.claim(connection, job.job_id, f"w{name}", after(LEASE_S), LEASE_S)

    with ThreadPoolExecutor(3) as crowd:
        taken = [one for one in crowd.map(take, range(3)) if one is not None]
    assert len(taken) == 1
    assert taken[0].attempt == 2


# what is due


def test_the_longest_waiting_are_due_first_and_as_many_as_asked(engine: Engine) -> None:
    waiting = some_jobs(engine, 5)
    with writing(engine) as connection:
        held = jobs.claim(connection, waiting[0].job_id, "a", after(0), 3.0)
        assert held is not None
        jobs.fail(connection, held, "x", after(1), retryable=True)  # due again after 5 s
        orphan = jobs.claim(connection, waiting[1].job_id, "b", after(1), 3.0)
        assert orphan is not None
        ids = [job.job_id for job in jobs.due(connection, after(4))]
        assert ids == [waiting[n].job_id for n in (1, 2, 3, 4)]
        ids = [job.job_id for job in jobs.due(connection, after(6))]
        assert ids == [waiting[n].job_id for n in (1, 2, 3, 4, 0)]
        assert [job.job_id for job in jobs.due(connection, after(6), limit=2)] == ids[:2]
        assert [job.job_id for job in jobs.due(connection, after(3))] == [
            waiting[n].job_id for n in (2, 3)
        ]


def test_a_job_waits_until_its_moment_to_the_microsecond(engine: Engine) -> None:
    (job,) = some_jobs(engine, 1)
    early = NOON - timedelta(microseconds=1)
    with writing(engine) as connection:
        assert jobs.due(connection, early) == ()
        assert jobs.claim(connection, job.job_id, "a", early, LEASE_S) is None
        held = jobs.claim(connection, job.job_id, "a", NOON, LEASE_S)
        assert held is not None and held.lease_until == after(LEASE_S)
        assert jobs.due(connection, after(LEASE_S) - timedelta(microseconds=1)) == ()
        assert jobs.due(connection, after(LEASE_S)) == (held,)


# words


def test_the_end_of_a_long_error_is_kept(engine: Engine) -> None:
    lengths = (0, jobs.ERROR_MAX, jobs.ERROR_MAX + 1, 3 * jobs.ERROR_MAX)
    for length, job in zip(lengths, some_jobs(engine, 4), strict=True):
        words = "".join(chr(0x4E00 + n % 500) for n in range(length))
        with writing(engine) as connection:
            held = jobs.claim(connection, job.job_id, "a", after(9), LEASE_S)
            assert held is not None
            failed = jobs.fail(connection, held, words, after(9), retryable=False)
            assert failed.error == words[-jobs.ERROR_MAX :]
            assert jobs.by_id(connection, job.job_id) == failed
            assert failed.state is JobState.DEAD


def test_a_job_with_a_number_of_tries_of_its_own(engine: Engine) -> None:
    with writing(engine) as connection:
        assets.save(connection, make_asset())
        survey = surveys.save(connection, make_survey())
        job = jobs.enqueue(connection, survey.survey_id, "conduct", NOON, attempts_max=1)
        held = jobs.claim(connection, job.job_id, "a", NOON, LEASE_S)
        assert held is not None
        assert jobs.claim(connection, job.job_id, "b", after(LEASE_S), LEASE_S) is None
        dead = jobs.by_id(connection, job.job_id)
        assert (dead.state, dead.attempt) == (JobState.DEAD, 1)
        assert dead.error == "the worker 'a' fell silent in step ''; given up after 1 attempts"


def test_jobs_that_are_not_there(engine: Engine) -> None:
    ghost = uuid.uuid4()
    with writing(engine) as connection:
        held = life.queued(ghost, uuid.uuid4(), "conduct", NOON)
        acts: list[Callable[[], object]] = [
            lambda: jobs.claim(connection, ghost, "a", NOON, LEASE_S),
            lambda: jobs.cancel(connection, ghost, NOON),
            lambda: jobs.finish(connection, held, NOON),
            lambda: jobs.heartbeat(connection, held, NOON, LEASE_S),
            lambda: jobs.fail(connection, held, "", NOON, retryable=True),
        ]
        for act in acts:
            with pytest.raises(NotFound, match=str(ghost)):
                act()
        assert jobs.of_survey(connection, ghost) == ()


def test_a_state_of_a_newer_program_is_said(engine: Engine) -> None:
    from inspection.store.tables import jobs as table

    (job,) = some_jobs(engine, 1)
    with pytest.raises(TenkenError), writing(engine) as connection:
        connection.execute(table.update().values(state="dreaming"))
        jobs.by_id(connection, job.job_id)
