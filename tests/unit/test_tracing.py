"""Spans: request → job → step in one trace, over Celery's headers; nothing without being asked."""

import logging
import subprocess
import sys
import uuid
from collections.abc import Iterator, Sequence

import pytest
from celery import Celery
from fastapi import FastAPI
from fastapi.testclient import TestClient
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from api.observer import Observer
from inspection import tracing
from inspection.errors import Broken
from inspection.pipeline.ledger import Outcome, keep_nothing, once
from inspection.telemetry import about
from inspection.tracing import carrier, configure_tracing, continued, serving, span
from tests.support.conducted import Site, photographed, site
from workers import queue, runtime, tasks

__all__ = ["photographed", "site"]

REMOTE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
"""A traceparent. Source: W3C Trace Context, §3.2.2."""


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    tracing.trace_to(SimpleSpanProcessor(exporter), "test")
    yield exporter
    tracing.trace_to(None, "test")


def by_name(exporter: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    return {one.name: one for one in exporter.get_finished_spans()}


def trace_of(one: ReadableSpan) -> str:
    return f"{one.context.trace_id:032x}"


def children(parent: ReadableSpan, all_spans: Sequence[ReadableSpan]) -> list[str]:
    return [
        one.name
        for one in all_spans
        if one.parent is not None and one.parent.span_id == parent.context.span_id
    ]


def test_without_being_asked_nothing_is_imported_and_nothing_carried() -> None:
    program = (
        "import sys\n"
        "from inspection.tracing import carrier, configure_tracing, continued, serving, span\n"
        "assert not configure_tracing('x')\n"
        "with serving({}) as told, continued({}), span('a', b=1):\n"
        "    told.answered('GET /', 200)\n"
        "    assert carrier() == {}\n"
        "assert not [name for name in sys.modules if name.startswith('opentelemetry')]\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, env={"PATH": ""})


def test_a_span_is_about_what_the_log_is_about(spans: InMemorySpanExporter) -> None:
    survey, job = uuid.uuid4(), uuid.uuid4()
    with about(survey_id=survey, job_id=job), span("job conduct", attempt=2), span("step mosaic"):
        pass
    found = by_name(spans)
    assert dict(found["job conduct"].attributes or {}) == {
        "tenken.survey_id": str(survey),
        "tenken.job_id": str(job),
        "tenken.attempt": 2,
    }
    assert children(found["job conduct"], spans.get_finished_spans()) == ["step mosaic"]
    assert found["step mosaic"].resource.attributes["service.name"] == "test"


def test_an_error_is_named_by_its_kind_and_its_words_stay_here(
    spans: InMemorySpanExporter,
) -> None:
    with pytest.raises(Broken), span("step detect"):
        raise Broken("/home/hanako/secret.tif is damaged")
    (one,) = spans.get_finished_spans()
    assert one.status.status_code is StatusCode.ERROR and one.events == ()
    assert (one.attributes or {})["error.type"] == "Broken"
    assert "hanako" not in one.to_json()


def test_a_request_is_part_of_its_senders_trace_and_named_by_its_route(
    spans: InMemorySpanExporter,
) -> None:
    with serving({"traceparent": REMOTE}) as told:
        told.answered("GET /api/surveys/{survey_id}", 503)
    (one,) = spans.get_finished_spans()
    assert one.name == "GET /api/surveys/{survey_id}"
    assert trace_of(one) == REMOTE.split("-")[1]
    told_of = one.attributes or {}
    assert told_of["http.route"] == "/api/surveys/{survey_id}"
    assert (told_of["http.request.method"], told_of["http.response.status_code"]) == ("GET", 503)
    assert one.status.status_code is StatusCode.ERROR


@pytest.mark.parametrize("nonsense", ["", "00-zz", "x" * 5000, REMOTE.replace("4bf9", "0x00")])
def test_nonsense_begins_a_trace_of_its_own(spans: InMemorySpanExporter, nonsense: str) -> None:
    with continued({"traceparent": nonsense}), span("job conduct"):
        pass
    (one,) = spans.get_finished_spans()
    assert one.parent is None


def test_a_message_carries_the_trace(spans: InMemorySpanExporter) -> None:
    assert carrier() == {}
    with serving({}) as told:
        carried = carrier()
        told.answered("POST /api/surveys/{survey_id}/process", 202)
    with continued(carried), span("job conduct"):
        pass
    request, job = spans.get_finished_spans()
    assert trace_of(request) == trace_of(job) and job.parent is not None
    assert job.parent.span_id == request.context.span_id


def test_from_the_request_over_celery_to_the_step_in_one_trace(
    spans: InMemorySpanExporter, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Celery itself carries the headers: a real application, with an in-memory broker."""
    app = Celery("tenken", broker="memory://", set_as_current=False)
    app.conf.update(task_always_eager=False, task_ignore_result=True)
    tasks.make_worker(app, site.tools)
    answered: list[uuid.UUID] = []

    def answer(tools: object, job_id: uuid.UUID, **_: object) -> None:
        answered.append(job_id)
        with about(survey_id=site.survey_id, job_id=job_id), span("job conduct", attempt=1):
            once(
                site.tools,
                site.survey_id,
                "issue",
                {"a": 1},
                lambda: Outcome(result={}, save=keep_nothing),
            )

    monkeypatch.setattr(runtime, "answer", answer)
    job_id = uuid.uuid4()
    with serving({}) as told:
        queue.ring(app, job_id)
        told.answered("POST /api/surveys/{survey_id}/process", 202)
    with app.connection_for_read() as connection:
        message = connection.SimpleQueue(queue.CPU_QUEUE).get(timeout=5)
        headers = message.headers
    assert headers["task"] == queue.LOOK and "traceparent" in headers
    app.tasks[queue.LOOK].apply(args=[str(job_id)], headers=headers)
    assert answered == [job_id]
    found = by_name(spans)
    request, job, step = (
        found["POST /api/surveys/{survey_id}/process"],
        found["job conduct"],
        found["step issue"],
    )
    assert trace_of(request) == trace_of(job) == trace_of(step)
    assert children(request, spans.get_finished_spans()) == ["job conduct"]
    assert children(job, spans.get_finished_spans()) == ["step issue"]
    assert (step.attributes or {})["tenken.job_id"] == str(job_id)


def test_the_service_makes_a_span_of_every_request(spans: InMemorySpanExporter) -> None:
    service = FastAPI()
    service.get("/healthz")(lambda: {})
    service.get("/api/surveys/{survey_id}")(lambda survey_id: {"survey": survey_id})
    service.add_middleware(Observer)
    with TestClient(service) as client:
        client.get("/healthz", headers={"traceparent": REMOTE})
        client.get("/api/surveys/6d1f3f5e-6f0c-5f0a-9a2e-74656e6b656e?secret=1")
    found = by_name(spans)
    assert trace_of(found["GET /healthz"]) == REMOTE.split("-")[1]
    survey = found["GET /api/surveys/{survey_id}"]
    assert (survey.attributes or {})["tenken.survey_id"] == "6d1f3f5e-6f0c-5f0a-9a2e-74656e6b656e"
    assert "secret" not in survey.to_json()


def test_what_is_asked_for_without_the_extra_is_said_and_the_work_goes_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with caplog.at_level(logging.WARNING):
        assert not configure_tracing("x")
    assert "pip install 'tenken[otel]'" in caplog.text
    assert carrier() == {}


def test_the_console_is_an_exporter_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "console")
    assert configure_tracing("tenken-test")
    with span("step mosaic"):
        assert "traceparent" in carrier()
    tracing.trace_to(None, "x")
