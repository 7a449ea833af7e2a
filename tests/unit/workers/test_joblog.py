"""What is said about a job is kept with it; a job that is lost commits nothing any more."""

import logging
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from inspection.domain.mission import SurveyState
from inspection.errors import Conflict, Unavailable
from inspection.pipeline.ledger import Outcome, keep_nothing, once
from inspection.pipeline.tools import Tools
from inspection.redaction import name_folder
from inspection.store import joblines, jobs, steps, surveys
from inspection.store.engine import reading, writing
from inspection.store.job import JobState
from inspection.store.joblines import Said
from inspection.telemetry import about
from tests.unit.workers.conftest import Yard
from workers import runtime
from workers.joblog import LINES_MAX, WAITING_MAX, JobLog
from workers.runtime import work


@pytest.fixture(autouse=True)
def talkative() -> Iterator[None]:
    """Let workers say what they say in a real process."""
    log = logging.getLogger("tenken")
    before, log.level = log.level, logging.INFO
    logging.getLogger("tenken.worker").setLevel(logging.INFO)
    yield
    log.setLevel(before)
    logging.getLogger("tenken.worker").setLevel(logging.NOTSET)


def doing(monkeypatch: pytest.MonkeyPatch, todo: runtime.Kind) -> None:
    monkeypatch.setitem(runtime.KINDS, "conduct", todo)


def lines_of(yard: Yard, job_id: uuid.UUID) -> tuple[Said, ...]:
    with reading(yard.engine) as connection:
        return joblines.of_job(connection, job_id)


def test_what_is_said_about_a_job_is_kept_with_it(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    name_folder(Path("/srv/yard"), "yard")
    elsewhere = logging.getLogger("tenken.elsewhere")

    def todo(survey_id: uuid.UUID, tools: Tools) -> None:
        tools.progress.start("mosaic", 3)
        tools.progress.say("half of /srv/yard is done")
        elsewhere.debug("of no interest")
        with about(job_id=uuid.uuid4()):
            elsewhere.warning("about another job")
        try:
            raise OSError("cannot read /srv/yard/a")
        except OSError:
            elsewhere.exception("a photo")
        raise Unavailable("the drive at /srv/yard went away")

    doing(monkeypatch, todo)
    job = yard.enqueue()
    assert work(yard.tools, job.job_id)
    said = lines_of(yard, job.job_id)
    words = [line.message for line in said]
    assert words[0].startswith(f"job {job.job_id}: conduct of survey")
    assert words[1:3] == ["step mosaic: 3 units", "half of <yard> is done"]
    assert words[3].startswith("a photo\nTraceback") and "cannot read <yard>/a" in words[3]
    assert words[4] == f"job {job.job_id} is failed: the drive at <yard> went away"
    assert [line.level for line in said] == ["INFO", "INFO", "INFO", "ERROR", "ERROR"]
    assert {(line.attempt, line.worker) for line in said} == {(1, runtime.worker_name())}
    handlers = logging.getLogger().handlers
    assert not [handler for handler in handlers if isinstance(handler, JobLog)]


def test_lines_are_there_while_the_work_goes_on(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = yard.enqueue()
    seen = threading.Event()

    def todo(survey_id: uuid.UUID, tools: Tools) -> None:
        tools.progress.say("the first half")
        for _ in range(2000):
            if any(line.message == "the first half" for line in lines_of(yard, job.job_id)):
                seen.set()
                return
            seen.wait(0.01)

    doing(monkeypatch, todo)
    assert work(yard.tools, job.job_id, beat_s=0.02)
    assert seen.is_set()


def test_a_loop_that_complains_does_not_fill_the_disk(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    def todo(survey_id: uuid.UUID, tools: Tools) -> None:
        for number in range(3 * LINES_MAX):
            tools.progress.say(f"line {number}")

    doing(monkeypatch, todo)
    job = yard.enqueue()
    assert work(yard.tools, job.job_id)
    with reading(yard.engine) as connection:
        assert joblines.count(connection, job.job_id) <= LINES_MAX + 1
        last = joblines.of_job(connection, job.job_id, limit=10_000)[-1]
    assert "in the worker's own log only" in last.message


def test_lines_that_could_not_be_written_wait_in_their_order() -> None:
    job_id = uuid.uuid4()
    log = JobLog(job_id, attempt=2, worker="w")
    record = logging.LogRecord("tenken", logging.INFO, "f", 1, "%s", ("a",), None)
    with about(job_id=job_id):
        for letter in "abc":
            record.args = (letter,)
            log.emit(record)
        taken = log.take()
        assert list(log.take()) == []
        record.args = ("d",)
        log.emit(record)
        log.give_back(taken)
    assert [line.message for line in log.take()] == ["a", "b", "c", "d"]
    assert WAITING_MAX >= LINES_MAX  # nothing that is heard is pushed out


def outcome(value: int) -> Outcome:
    return Outcome(result={"value": value}, save=keep_nothing)


def test_the_work_of_a_cancelled_job_is_not_committed(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = yard.enqueue()

    def todo(survey_id: uuid.UUID, tools: Tools) -> None:
        once(tools, survey_id, "mosaic", {}, lambda: outcome(1))

        def slow() -> Outcome:
            with writing(yard.engine) as connection:
                jobs.cancel(connection, job.job_id, yard.clock.now())
            return outcome(2)

        with pytest.raises(Conflict, match="no longer yours"):
            once(tools, survey_id, "detect", {}, slow)
        with pytest.raises(Conflict), writing(tools.engine) as connection:
            tools.warrant.check(connection)
        raise Unavailable("the link was cut")

    doing(monkeypatch, todo)
    assert work(yard.tools, job.job_id)
    with reading(yard.engine) as connection:
        assert [row.step for row in steps.of_survey(connection, yard.survey_id)] == ["mosaic"]
    assert yard.job(job.job_id).state is JobState.CANCELLED


def test_a_worker_that_comes_back_late_does_not_let_a_finished_survey_fail(yard: Yard) -> None:
    """Its own work fails; meanwhile another worker has finished the survey."""
    job = yard.enqueue()
    with writing(yard.engine) as connection:
        late = jobs.claim(connection, job.job_id, "late:1", yard.clock.now(), 60)
        assert late is not None
    yard.clock.turn(61)
    with writing(yard.engine) as connection:
        quick = jobs.claim(connection, job.job_id, "quick:2", yard.clock.now(), 60)
        assert quick is not None
        jobs.commit(connection, quick)
        surveys.set_state(connection, yard.survey_id, SurveyState.PROCESSED)
        jobs.finish(connection, quick, yard.clock.now())
    held = runtime.HeldJob(yard.tools, late, lease_s=60, beat_s=15)
    with pytest.raises(Conflict), writing(yard.engine) as connection:
        held.check(connection)
    with held:
        raise Unavailable("the link is back, but the database had closed it")
    assert yard.state() is SurveyState.PROCESSED
    assert yard.job(job.job_id).state is JobState.DONE


def test_a_job_remembers_what_its_survey_was_until_it_changes_it(yard: Yard) -> None:
    with writing(yard.engine) as connection:
        surveys.set_state(connection, yard.survey_id, SurveyState.PROCESSED)
    job = yard.enqueue()
    assert job.survey_state_before is SurveyState.PROCESSED
    with writing(yard.engine) as connection:
        held = jobs.claim(connection, job.job_id, "w", yard.clock.now(), 60)
        assert held is not None
        jobs.check(connection, held)
    assert yard.job(job.job_id).survey_state_before is SurveyState.PROCESSED
    with writing(yard.engine) as connection:
        jobs.commit(connection, held)
    assert yard.job(job.job_id).survey_state_before is SurveyState.CREATED
