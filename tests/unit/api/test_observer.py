"""Requests are counted by route and logged without what they said; rows are counted when asked."""

import json
import logging
from dataclasses import replace
from datetime import timedelta

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from api.census import register
from api.deps import Services
from api.observer import NO_ROUTE, REGISTRY, subject_of
from inspection.store import jobs, schema
from inspection.store.engine import create_engine, writing
from inspection.telemetry import JsonFormatter
from tests.support.seed import Seeded
from tests.support.tus import TusClient, client_sender
from tests.unit.api.conftest import NOW


def requests(route: str, status: int) -> float:
    labels = {"route": route, "status": str(status)}
    return REGISTRY.get_sample_value("tenken_http_requests_total", labels) or 0.0


def test_a_request_is_counted_and_timed_by_its_route(client: TestClient, seeded: Seeded) -> None:
    name = "GET /api/surveys/{survey_id}"
    timed = ("tenken_http_request_seconds_count", {"route": name})
    before, times = requests(name, 200), REGISTRY.get_sample_value(*timed) or 0.0
    client.get(f"/api/surveys/{seeded.mapped.survey_id}")
    client.get("/api/surveys/6d1f3f5e-6f0c-5f0a-9a2e-74656e6b656e")
    assert requests(name, 200) == before + 1
    assert requests(name, 404) >= 1
    assert REGISTRY.get_sample_value(*timed) == times + 2


def test_addresses_that_are_none_share_one_name(client: TestClient) -> None:
    before = requests(NO_ROUTE, 405)
    for number in range(5):
        client.post(f"/nowhere/{number}/deeper", json={})
    assert requests(NO_ROUTE, 405) == before + 5
    text = generate_latest(REGISTRY).decode()
    assert "/nowhere" not in text


def test_no_label_holds_an_identifier(client: TestClient, seeded: Seeded) -> None:
    client.get(f"/api/surveys/{seeded.mapped.survey_id}/photos/{seeded.mapped.photo_sha256}")
    text = generate_latest(REGISTRY).decode()
    assert str(seeded.mapped.survey_id) not in text
    assert seeded.mapped.photo_sha256 not in text


def test_a_line_for_each_request_with_its_survey_and_without_its_question(
    client: TestClient, seeded: Seeded, services: Services
) -> None:
    written = []
    handler = logging.Handler()
    handler.setFormatter(JsonFormatter())
    handler.emit = lambda record: written.append(handler.format(record))  # type: ignore[method-assign]
    log = logging.getLogger("tenken.access")
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        client.get(
            f"/api/surveys/{seeded.mapped.survey_id}/defects?q=secret-question",
            headers={"authorization": "Bearer tk_0123456789ab_" + "B" * 43},
        )
    finally:
        log.removeHandler(handler)
    (line,) = map(json.loads, written)
    assert line["survey_id"] == str(seeded.mapped.survey_id)
    assert line["route"] == "GET /api/surveys/{survey_id}/defects"
    assert line["status"] == 401 and line["milliseconds"] > 0 and len(line["request_id"]) == 12
    assert "secret-question" not in written[0] and "BBBB" not in written[0]


@pytest.mark.parametrize(
    ("path", "subject"),
    [
        ("/api/surveys/6d1f3f5e-6f0c-5f0a-9a2e-74656e6b656e", "survey_id"),
        ("/api/surveys/6d1f3f5e-6f0c-5f0a-9a2e-74656e6b656e/defects", "survey_id"),
        ("/api/jobs/6D1F3F5E-6f0c-5f0a-9a2e-74656e6b656e/cancel", "job_id"),
        ("/api/surveys", None),
        ("/api/surveys/x", None),
        ("/api/surveys/" + "-" * 36, None),
        ("/api/assets/6d1f3f5e-6f0c-5f0a-9a2e-74656e6b656e", None),
    ],
)
def test_what_an_address_is_about(path: str, subject: str | None) -> None:
    expected = {} if subject is None else {subject: "6d1f3f5e-6f0c-5f0a-9a2e-74656e6b656e"}
    assert subject_of(path) == expected


def sample(registry: CollectorRegistry, name: str, **labels: str) -> float | None:
    return registry.get_sample_value(name, labels)


def test_the_rows_are_counted_when_asked(
    client: TestClient, services: Services, seeded: Seeded
) -> None:
    registry = CollectorRegistry()
    register(registry, lambda: services)
    assert sample(registry, "tenken_jobs", state="queued") == 0
    tus = TusClient(send=client_sender(client), survey_id=seeded.local.survey_id)
    tus.begin("a.jpg", b"x" * 1234)  # before the survey is worked on: nothing begins meanwhile
    with writing(services.engine) as connection:
        asked = NOW - timedelta(seconds=90)
        jobs.enqueue(connection, seeded.local.survey_id, "conduct", asked)
    assert sample(registry, "tenken_jobs", state="queued") == 1
    assert sample(registry, "tenken_jobs", state="dead") == 0
    assert sample(registry, "tenken_job_longest_wait_seconds") == 90
    assert sample(registry, "tenken_uploads_unfinished") == 1
    assert sample(registry, "tenken_uploads_unfinished_bytes") == 1234
    assert sample(registry, "tenken_up") == 1
    assert (sample(registry, "tenken_disk_free_bytes") or 0) > 0
    families = list(text_string_to_metric_families(generate_latest(registry).decode()))
    (build,) = [family for family in families if family.name == "tenken_build"]
    assert build.samples[0].labels["tables"] == schema.head()


def test_a_database_that_is_away_is_a_zero_and_no_failure(services: Services) -> None:
    away = replace(services, engine=create_engine("postgresql://u@127.0.0.1:9/d"))
    registry = CollectorRegistry()
    register(registry, lambda: away)
    assert sample(registry, "tenken_up") == 0
    assert sample(registry, "tenken_jobs", state="queued") is None


def test_alive_and_ready_are_told_apart(
    app: FastAPI, client: TestClient, services: Services
) -> None:
    assert client.get("/livez").json()["status"] == "alive"
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json()["tables"]) == (200, schema.head())
    app.state.services = replace(services, engine=create_engine("postgresql://u@127.0.0.1:9/d"))
    assert client.get("/livez").status_code == 200
    assert client.get("/readyz").status_code == 503
    assert client.get("/healthz").status_code == 503
