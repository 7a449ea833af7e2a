"""What a worker tells operators: lines about its survey and job, measured steps, no folders."""

import json
import logging
import threading
from pathlib import Path

import pytest

from inspection.errors import BadInput, Conflict, Unavailable
from inspection.pipeline.tools import Tools
from inspection.redaction import name_folder
from inspection.store import jobs
from inspection.store.engine import writing
from inspection.telemetry import JsonFormatter, subjects
from tests.unit.workers.conftest import Yard
from workers import holding, runtime
from workers.metrics import REGISTRY, StepClock
from workers.runtime import work


def count(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def doing(monkeypatch: pytest.MonkeyPatch, todo: runtime.Kind) -> None:
    monkeypatch.setitem(runtime.KINDS, "conduct", todo)


def test_every_line_of_a_job_says_its_survey_and_job(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []
    handler = logging.Handler()
    formatter = JsonFormatter()
    handler.emit = lambda record: written.append(formatter.format(record))  # type: ignore[method-assign]
    elsewhere = logging.getLogger("tenken.test-elsewhere")

    def todo(_survey_id: object, tools: Tools) -> None:
        elsewhere.warning("from a module that knows no job")
        tools.progress.say("a sentence")

    doing(monkeypatch, todo)
    job = yard.enqueue()
    logs = [elsewhere, logging.getLogger("tenken.worker")]
    for log in logs:
        log.addHandler(handler)
        log.setLevel(logging.INFO)
    try:
        assert work(yard.tools, job.job_id)
    finally:
        for log in logs:
            log.removeHandler(handler)
    lines = [json.loads(line) for line in written]
    assert {"from a module that knows no job", "a sentence"} <= {one["message"] for one in lines}
    for line in lines:
        assert (line["survey_id"], line["job_id"]) == (str(yard.survey_id), str(job.job_id))
    assert dict(subjects()) == {}


def test_the_thread_that_keeps_the_lease_is_about_the_job_too(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen, kept = [], threading.Event()
    report = holding.Held._report

    def spying(held: holding.Held, mark: holding.Mark) -> None:
        seen.append(dict(subjects()))
        report(held, mark)
        kept.set()

    monkeypatch.setattr(holding.Held, "_report", spying)
    doing(monkeypatch, lambda *_: kept.wait(120))
    job = yard.enqueue()
    work(yard.tools, job.job_id, lease_s=30, beat_s=0.05)
    assert seen[0] == {"survey_id": str(yard.survey_id), "job_id": str(job.job_id)}


def test_an_error_that_people_read_names_no_folder_and_no_password(
    yard: Yard, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    name_folder(tmp_path, "home")

    def full(*_: object) -> None:
        raise BadInput(f"{tmp_path}/blobs/a is bad, and so is postgresql://u:s3cret-word@h/d")

    doing(monkeypatch, full)
    job = yard.enqueue()
    work(yard.tools, job.job_id)
    told = yard.job(job.job_id).error
    assert "<home>/blobs/a is bad" in told
    assert str(tmp_path) not in told and "s3cret-word" not in told


def test_attempts_are_counted_by_their_end(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    def ended(end: str) -> float:
        return count("tenken_jobs_ended_total", kind="conduct", end=end)

    def refuse(*_: object) -> None:
        raise BadInput("no")

    def away(*_: object) -> None:
        raise Unavailable("the disk is full")

    def lose(*_: object) -> None:
        with writing(yard.tools.engine) as connection:
            jobs.cancel(connection, job.job_id, yard.tools.clock.now())
        raise Conflict("no longer yours")

    for todo, end in (
        (lambda *_: None, "done"),
        (refuse, "dead"),
        (lose, "lost"),
        (away, "failed"),  # the last one: it is tried again and keeps its survey
    ):
        before, timed = ended(end), count("tenken_job_seconds_count", kind="conduct")
        doing(monkeypatch, todo)  # type: ignore[arg-type]
        job = yard.enqueue()
        work(yard.tools, job.job_id)
        assert ended(end) == before + 1, end
        assert count("tenken_job_seconds_count", kind="conduct") == timed + 1


def test_steps_are_timed_one_after_the_other() -> None:
    def steps(step: str) -> float:
        return count("tenken_step_seconds_count", step=step)

    before = {step: steps(step) for step in ("a", "b")}
    clock = StepClock()
    clock.begin("a")
    clock.begin("b")
    assert steps("a") == before["a"] + 1 and steps("b") == before["b"]
    clock.begin(None)
    clock.begin(None)
    assert steps("b") == before["b"] + 1
