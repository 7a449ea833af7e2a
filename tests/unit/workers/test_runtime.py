"""Jobs end as their work ended, are done by one worker only, and never vanish."""

import threading
import time
import uuid
from datetime import timedelta

import pytest

from inspection.domain.mission import SurveyState
from inspection.errors import (
    FAMILIES,
    BadInput,
    Broken,
    Conflict,
    NotFound,
    NotRegistered,
    TenkenError,
    Unavailable,
    family,
)
from inspection.pipeline.tools import Tools
from inspection.store import jobs
from inspection.store.engine import writing
from inspection.store.job import JobState
from tests.unit.workers.conftest import Yard
from workers import runtime
from workers.holding import RETRY, is_retryable
from workers.runtime import work, worker_name


def subclasses(kind: type[TenkenError]) -> list[type[TenkenError]]:
    return [kind, *(below for child in kind.__subclasses__() for below in subclasses(child))]


def test_the_table_has_exactly_the_families() -> None:
    assert set(RETRY) == set(FAMILIES)


@pytest.mark.parametrize("kind", subclasses(TenkenError)[1:], ids=lambda kind: kind.__name__)
def test_every_error_is_tried_again_or_dead(kind: type[TenkenError]) -> None:
    assert is_retryable(kind) is RETRY[family(kind)]
    assert is_retryable(kind("words")) is is_retryable(kind)


def test_what_may_pass_is_tried_again_and_what_cannot_is_not() -> None:
    assert is_retryable(Unavailable) and is_retryable(Conflict) and is_retryable(MemoryError())
    assert not (is_retryable(BadInput) or is_retryable(NotRegistered) or is_retryable(Broken))


def doing(monkeypatch: pytest.MonkeyPatch, todo: runtime.Kind) -> None:
    """Let jobs of the kind ``conduct`` do something that a test chose."""
    monkeypatch.setitem(runtime.KINDS, "conduct", todo)


def test_a_job_is_done_once_however_often_the_bell_rings(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    doing(monkeypatch, lambda survey_id, tools: yard.done.append(survey_id))
    job = yard.enqueue()
    assert [work(yard.tools, job.job_id) for _ in range(3)] == [True, False, False]
    assert yard.done == [yard.survey_id]
    ended = yard.job(job.job_id)
    assert (ended.state, ended.attempt, ended.error) == (JobState.DONE, 1, "")
    assert ended.worker == worker_name()


def test_a_bell_for_no_job_is_not_found(yard: Yard) -> None:
    with pytest.raises(NotFound):
        work(yard.tools, uuid.uuid4())


def test_bad_input_kills_the_job_with_its_words(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(survey_id: uuid.UUID, tools: Tools) -> None:
        raise NotRegistered("only 2 of 18 photos could be tied together")

    doing(monkeypatch, refuse)
    job = yard.enqueue()
    assert work(yard.tools, job.job_id) is True
    ended = yard.job(job.job_id)
    assert ended.state is JobState.DEAD
    assert ended.error == "only 2 of 18 photos could be tied together"
    assert yard.state() is SurveyState.FAILED


def test_unavailable_is_tried_again_later_and_not_for_ever(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(survey_id: uuid.UUID, tools: Tools) -> None:
        yard.done.append(survey_id)
        raise Unavailable("the disk is full")

    doing(monkeypatch, fail)
    job = yard.enqueue()
    pauses = []
    while yard.job(job.job_id).state is not JobState.DEAD:
        work(yard.tools, job.job_id)
        waiting = yard.job(job.job_id)
        assert work(yard.tools, job.job_id) is False  # not due yet, or dead
        pauses.append((waiting.due_at - yard.clock.now()).total_seconds())
        yard.clock.turn(601)
        assert len(pauses) < 10
    assert len(yard.done) == job.attempts_max == 3
    assert pauses[:2] == [5.0, 10.0]
    assert yard.state() is SurveyState.FAILED


def test_an_error_from_elsewhere_is_written_down_and_raised(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    def burst(survey_id: uuid.UUID, tools: Tools) -> None:
        raise ZeroDivisionError("somewhere deep")

    doing(monkeypatch, burst)
    job = yard.enqueue()
    with pytest.raises(ZeroDivisionError):
        work(yard.tools, job.job_id)
    ended = yard.job(job.job_id)
    assert ended.state is JobState.FAILED
    assert "ZeroDivisionError" in ended.error and "somewhere deep" in ended.error


def test_a_kind_that_nobody_knows_is_dead(yard: Yard) -> None:
    job = yard.enqueue("paint")
    assert work(yard.tools, job.job_id) is True
    ended = yard.job(job.job_id)
    assert ended.state is JobState.DEAD
    assert "'paint'" in ended.error


def test_a_job_that_kills_its_workers_dies_and_its_survey_with_it(yard: Yard) -> None:
    job = yard.enqueue()
    for _ in range(job.attempts_max):
        with writing(yard.engine) as connection:
            assert jobs.claim(connection, job.job_id, "gone:1", yard.clock.now(), 60) is not None
        yard.clock.turn(61)
    assert work(yard.tools, job.job_id) is False
    assert yard.job(job.job_id).state is JobState.DEAD
    assert "fell silent" in yard.job(job.job_id).error
    assert yard.state() is SurveyState.FAILED


def test_a_late_bell_for_a_dead_job_does_not_touch_its_survey(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(survey_id: uuid.UUID, tools: Tools) -> None:
        raise BadInput("no")

    doing(monkeypatch, refuse)
    dead = yard.enqueue()
    work(yard.tools, dead.job_id)
    doing(monkeypatch, runtime.conduct)
    with writing(yard.engine) as connection:
        runtime.surveys.set_state(connection, yard.survey_id, SurveyState.PROCESSED)
    assert work(yard.tools, dead.job_id) is False
    assert yard.state() is SurveyState.PROCESSED


def wait_until(happened: "threading.Event | object", timeout_s: float = 120.0) -> None:
    ends_s = time.monotonic() + timeout_s
    while not happened():  # type: ignore[operator]  # a question of the test
        assert time.monotonic() < ends_s, "it did not happen in time"
        time.sleep(0.01)


def test_the_lease_is_renewed_and_progress_written_while_the_work_goes_on(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = yard.enqueue()

    def slow(survey_id: uuid.UUID, tools: Tools) -> None:
        yard.clock.turn(50)
        tools.progress.start("mosaic", 8)
        tools.progress.advance(3)
        wait_until(lambda: yard.job(job.job_id).units_done == 3)
        held = yard.job(job.job_id)
        assert (held.state, held.step, held.units_total) == (JobState.RUNNING, "mosaic", 8)
        assert held.lease_until == yard.clock.now() + timedelta(seconds=60)
        assert work(yard.tools, job.job_id) is False  # nobody else gets it

    doing(monkeypatch, slow)
    assert work(yard.tools, job.job_id, beat_s=0.02) is True
    assert yard.job(job.job_id).state is JobState.DONE


def test_a_cancelled_job_stops_at_its_next_sign_of_progress(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = yard.enqueue()
    reached: list[str] = []

    def slow(survey_id: uuid.UUID, tools: Tools) -> None:
        tools.progress.start("detect", 100)
        with writing(yard.engine) as connection:
            jobs.cancel(connection, job.job_id, yard.clock.now())
        ends_s = time.monotonic() + 120
        while time.monotonic() < ends_s:
            tools.progress.advance()
            time.sleep(0.01)
        reached.append("the end")

    doing(monkeypatch, slow)
    assert work(yard.tools, job.job_id, beat_s=0.02) is True
    assert reached == []
    assert yard.job(job.job_id).state is JobState.CANCELLED


def test_a_worker_that_woke_up_late_does_not_finish_the_job_of_another(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = yard.enqueue()

    def sleepy(survey_id: uuid.UUID, tools: Tools) -> None:
        yard.clock.turn(3600)
        with writing(yard.engine) as connection:
            assert jobs.claim(connection, job.job_id, "other:2", yard.clock.now(), 60) is not None

    doing(monkeypatch, sleepy)
    assert work(yard.tools, job.job_id) is True
    held = yard.job(job.job_id)
    assert (held.state, held.worker, held.attempt) == (JobState.RUNNING, "other:2", 2)
