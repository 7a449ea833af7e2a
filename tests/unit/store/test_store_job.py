"""The life of a job: every way through it ends, and only its holder may write."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.errors import Conflict
from inspection.store import job as life
from inspection.store.job import Job, JobState

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
LEASE_S = 60.0


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


@pytest.fixture
def queued() -> Job:
    return life.queued(uuid.UUID(int=1), uuid.UUID(int=2), "conduct", NOON)


@pytest.fixture
def running(queued: Job) -> Job:
    return life.claimed(queued, "a", NOON, LEASE_S)


def test_a_queued_job_is_due_at_once(queued: Job) -> None:
    assert life.is_due(queued, NOON)
    assert not life.is_due(queued, after(-1e-6))
    assert queued.attempt == 0


def test_a_claimed_job_is_its_workers_until_the_lease_ends(running: Job) -> None:
    assert (running.state, running.attempt, running.worker) == (JobState.RUNNING, 1, "a")
    assert running.lease_until == after(60)
    assert not life.is_due(running, after(59.999))
    assert life.is_due(running, after(60))
    with pytest.raises(Conflict, match="not due"):
        life.claimed(running, "b", after(59), LEASE_S)


def test_a_heartbeat_prolongs_the_lease(running: Job) -> None:
    beaten = life.beaten(running, after(50), LEASE_S)
    assert (beaten.heartbeat_at, beaten.lease_until) == (after(50), after(110))
    assert not life.is_due(beaten, after(109))


def test_an_orphan_is_claimed_anew_under_a_new_ticket(running: Job) -> None:
    second = life.claimed(running, "b", after(61), LEASE_S)
    assert (second.attempt, second.worker) == (2, "b")
    life.check_ticket(second, second)
    with pytest.raises(Conflict, match="no longer yours"):
        life.check_ticket(running, second)


def test_a_job_that_keeps_killing_its_workers_dies(queued: Job) -> None:
    job, now = queued, NOON
    for attempt in range(1, life.ATTEMPTS_MAX + 1):
        job = life.claimed(job, f"w{attempt}", now, LEASE_S)
        assert job.state is JobState.RUNNING
        now += timedelta(seconds=LEASE_S)
    job = life.progressed(job, "mosaic", 1, 9)
    dead = life.claimed(job, "last", now, LEASE_S)
    assert dead.state is JobState.DEAD
    assert "'w3' fell silent in step 'mosaic'" in dead.error
    assert not life.is_due(dead, now + timedelta(days=999))


def test_a_job_that_may_pass_is_tried_again_later_and_then_dies(queued: Job) -> None:
    job, now = queued, NOON
    waits = []
    while job.state is not JobState.DEAD:
        job = life.claimed(job, "w", now, LEASE_S)
        job = life.failed(job, "no disk", now, retryable=True)
        waits.append((job.due_at - now).total_seconds())
        now = max(now, job.due_at)
    assert job.attempt == life.ATTEMPTS_MAX == 3
    assert waits[:2] == [5.0, 10.0]
    assert job.error == "no disk"
    assert job.lease_until is None


def test_a_hopeless_job_dies_at_once(running: Job) -> None:
    dead = life.failed(running, "no photo", NOON, retryable=False)
    assert (dead.state, dead.attempt) == (JobState.DEAD, 1)


def test_a_finished_job_forgets_its_errors(running: Job) -> None:
    failed = life.failed(running, "no disk", NOON, retryable=True)
    again = life.claimed(failed, "b", failed.due_at, LEASE_S)
    assert again.error == "no disk"  # still to be seen while the next attempt runs
    done = life.finished(again, after(30))
    assert (done.state, done.error, done.changed_at) == (JobState.DONE, "", after(30))


def test_progress_is_written_down(running: Job) -> None:
    job = life.progressed(running, "detect", 3, 40)
    assert (job.step, job.units_done, job.units_total) == ("detect", 3, 40)
    assert job.state is JobState.RUNNING


def test_only_active_jobs_are_cancelled(queued: Job, running: Job) -> None:
    waiting = life.failed(running, "", NOON, retryable=True)
    for job in (queued, running, waiting):
        cancelled = life.cancelled(job, after(1))
        assert (cancelled.state, cancelled.lease_until) == (JobState.CANCELLED, None)
        with pytest.raises(Conflict, match="already"):
            life.cancelled(cancelled, after(2))


def test_what_is_not_running_cannot_be_worked_on(queued: Job) -> None:
    for act in (
        lambda: life.beaten(queued, NOON, LEASE_S),
        lambda: life.progressed(queued, "x", 0, 0),
        lambda: life.finished(queued, NOON),
        lambda: life.failed(queued, "x", NOON, retryable=True),
    ):
        with pytest.raises(Conflict, match="not running"):
            act()


ACTIONS = ("claim", "beat", "finish", "fail", "give up", "cancel", "wait")


@given(st.lists(st.sampled_from(ACTIONS), max_size=40))
def test_every_life_keeps_the_laws(actions: list[str]) -> None:
    job = life.queued(uuid.UUID(int=1), uuid.UUID(int=2), "conduct", NOON)
    now = NOON
    for action in actions:
        before, now = job, now + timedelta(seconds=700 if action == "wait" else 1)
        try:
            job = _act(job, action, now)
        except Conflict:
            assert job == before
        assert 0 <= job.attempt <= job.attempts_max
        assert (job.lease_until is not None) == (job.state is JobState.RUNNING)
        assert job.attempt - before.attempt in (0, 1)
        if before.state not in life.ACTIVE:
            assert job == before
            assert not life.is_due(job, now)


def _act(job: Job, action: str, now: datetime) -> Job:
    if action == "claim":
        return life.claimed(job, "w", now, LEASE_S)
    if action == "beat":
        return life.beaten(job, now, LEASE_S)
    if action == "finish":
        return life.finished(job, now)
    if action in ("fail", "give up"):
        return life.failed(job, "x", now, retryable=action == "fail")
    return life.cancelled(job, now) if action == "cancel" else job


@given(st.integers(1, 10_000))
def test_waiting_grows_and_has_an_end(attempt: int) -> None:
    wait = life.backoff_s(attempt)
    assert life.BACKOFF_FIRST_S <= wait <= life.backoff_s(attempt + 1) <= life.BACKOFF_MAX_S


def test_a_ticket_is_void_when_the_job_is_over(running: Job) -> None:
    for state in set(JobState) - {JobState.RUNNING}:
        with pytest.raises(Conflict, match=state.value):
            life.check_ticket(running, replace(running, state=state))
