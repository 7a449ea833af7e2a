"""Jobs of all surveys: listed page by page, cancelled, retried, and what workers said of them."""

import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.deps import Services
from inspection.domain.account import Role
from inspection.domain.mission import SurveyState
from inspection.redaction import name_folder
from inspection.store import bands, joblines, jobs, steps, surveys
from inspection.store.band import Band, Taker
from inspection.store.engine import reading, writing
from inspection.store.job import Job
from inspection.store.joblines import MESSAGE_MAX, Said
from inspection.store.scope import HOME
from tests.support.people import add_person
from tests.support.seed import Seeded
from tests.unit.api.conftest import NOW, CountingBell


def process(client: TestClient, survey_id: uuid.UUID, **chosen: str) -> dict[str, Any]:
    answer = client.post(f"/api/surveys/{survey_id}/process", params=chosen)
    assert answer.status_code == 202, answer.text
    return dict(answer.json())


def state_of(client: TestClient, survey_id: uuid.UUID) -> str:
    return str(client.get(f"/api/surveys/{survey_id}").json()["state"])


def retry(client: TestClient, job_id: object, **how: object) -> Any:
    return client.post(f"/api/jobs/{job_id}/retry", json=how or None)


def claimed(services: Services, job_id: str) -> Job:
    with writing(services.engine) as connection:
        held = jobs.claim(connection, uuid.UUID(job_id), "host:7", NOW, 60)
    assert held is not None
    return held


def end(services: Services, job_id: str, *, error: str = "", retryable: bool = False) -> None:
    """Let a worker take a job and end it."""
    held = claimed(services, job_id)
    with writing(services.engine) as connection:
        if error:
            jobs.fail(connection, held, error, NOW, retryable=retryable)
        else:
            jobs.finish(connection, held, NOW)


def commit_step(services: Services, survey_id: uuid.UUID, step: str) -> None:
    with writing(services.engine) as connection:
        steps.commit(connection, survey_id, step, "d", result={}, seconds=1, peak_rss_mb=1, now=NOW)


def test_jobs_of_all_surveys_are_listed_with_their_asset_newest_first(
    client: TestClient, seeded: Seeded, services: Services
) -> None:
    assert client.get("/api/jobs").json() == {"jobs": [], "next": None}
    first = process(client, seeded.mapped.survey_id)
    second = process(client, seeded.local.survey_id)
    end(services, first["job_id"], error="too few photos")
    page = client.get("/api/jobs").json()
    assert [row["job_id"] for row in page["jobs"]] == [second["job_id"], first["job_id"]]
    assert [row["asset_id"] for row in page["jobs"]] == ["quay-3", "bridge-12"]
    assert page["jobs"][1]["asset_name"] == "点検橋 bridge-12"
    assert page["jobs"][1]["worker"] == "host:7"
    dead = client.get("/api/jobs", params={"state": "dead"}).json()["jobs"]
    assert [(row["state"], row["error"]) for row in dead] == [("dead", "too few photos")]
    both = client.get("/api/jobs", params={"state": ["dead", "queued"]}).json()["jobs"]
    assert len(both) == 2
    assert client.get("/api/jobs", params={"state": "done"}).json()["jobs"] == []


def test_every_page_goes_on_where_the_one_before_ended(
    client: TestClient, seeded: Seeded, services: Services
) -> None:
    made = []
    for _ in range(5):
        made.insert(0, process(client, seeded.mapped.survey_id)["job_id"])
        end(services, made[0])
    read: list[str] = []
    after: dict[str, str] = {}
    while True:
        page = client.get("/api/jobs", params={"limit": "2", **after}).json()
        read += [row["job_id"] for row in page["jobs"]]
        process(client, seeded.local.survey_id)  # what comes meanwhile moves no page
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert read == made


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"state": "asleep"}, 422),
        ({"limit": "0"}, 422),
        ({"limit": "501"}, 422),
        ({"after": "12"}, 422),
        ({"after": str(uuid.uuid4())}, 404),
    ],
)
def test_what_cannot_be_listed_is_refused(
    client: TestClient, wrong: dict[str, str], status: int
) -> None:
    assert client.get("/api/jobs", params=wrong).status_code == status


def test_an_urgent_survey_is_taken_before_those_that_waited_longer(
    client: TestClient, seeded: Seeded, services: Services
) -> None:
    waiting = process(client, seeded.mapped.survey_id)
    urgent = process(client, seeded.local.survey_id, priority="emergency")
    assert (waiting["priority"], urgent["priority"]) == ("normal", "emergency")

    def order() -> list[str]:
        with reading(services.engine) as connection:
            return [str(job.job_id) for job in jobs.due(connection, NOW)]

    assert order() == [urgent["job_id"], waiting["job_id"]]
    again = process(client, seeded.local.survey_id, priority="low")
    assert (again["job_id"], again["priority"]) == (urgent["job_id"], "low")
    assert order() == [waiting["job_id"], urgent["job_id"]]
    assert process(client, seeded.local.survey_id)["priority"] == "low"
    wrong = client.post(
        f"/api/surveys/{seeded.local.survey_id}/process", params={"priority": "soon"}
    )
    assert wrong.status_code == 422


def test_a_cancelled_second_run_leaves_a_finished_survey_finished(
    client: TestClient, seeded: Seeded, services: Services
) -> None:
    survey_id = seeded.mapped.survey_id
    assert state_of(client, survey_id) == "processed"
    again = process(client, survey_id)
    assert state_of(client, survey_id) == "processing"
    process(client, survey_id)  # asking twice does not make it forget
    claimed(services, again["job_id"])
    client.post(f"/api/jobs/{again['job_id']}/cancel")
    assert state_of(client, survey_id) == "processed"


def test_a_second_run_that_changed_a_result_cannot_be_undone_by_cancelling(
    client: TestClient, seeded: Seeded, services: Services
) -> None:
    survey_id = seeded.mapped.survey_id
    again = process(client, survey_id)
    held = claimed(services, again["job_id"])
    with writing(services.engine) as connection:
        jobs.commit(connection, held)
    client.post(f"/api/jobs/{again['job_id']}/cancel")
    assert state_of(client, survey_id) == "created"


def test_a_failed_survey_is_failed_again_when_the_next_try_is_cancelled(
    client: TestClient, seeded: Seeded, services: Services
) -> None:
    with writing(services.engine) as connection:
        surveys.set_state(connection, seeded.local.survey_id, SurveyState.FAILED)
    job = process(client, seeded.local.survey_id)
    client.post(f"/api/jobs/{job['job_id']}/cancel")
    assert state_of(client, seeded.local.survey_id) == "failed"


@pytest.mark.parametrize("error", ["", "too few photos"])
def test_a_job_that_ended_is_retried_by_a_new_one(
    client: TestClient, seeded: Seeded, services: Services, bell: CountingBell, error: str
) -> None:
    old = process(client, seeded.mapped.survey_id, priority="high")
    end(services, old["job_id"], error=error)
    commit_step(services, seeded.mapped.survey_id, "mosaic")
    answer = retry(client, old["job_id"])
    assert answer.status_code == 202
    new = answer.json()
    assert new["job_id"] != old["job_id"]
    assert (new["state"], new["attempt"], new["priority"]) == ("queued", 0, "high")
    assert str(bell.rung[-1]) == new["job_id"]
    assert state_of(client, seeded.mapped.survey_id) == "processing"
    with reading(services.engine) as connection:
        assert len(steps.of_survey(connection, seeded.mapped.survey_id)) == 1  # what is done stays


def test_a_job_that_waits_for_its_next_attempt_need_not_wait(
    client: TestClient, seeded: Seeded, services: Services
) -> None:
    job = process(client, seeded.mapped.survey_id)
    end(services, job["job_id"], error="the disk is full", retryable=True)
    waiting = client.get(f"/api/jobs/{job['job_id']}").json()
    assert waiting["due_at"] > waiting["changed_at"]
    again = retry(client, job["job_id"]).json()
    assert (again["job_id"], again["state"], again["attempt"]) == (job["job_id"], "failed", 1)
    with reading(services.engine) as connection:
        assert [str(one.job_id) for one in jobs.due(connection, NOW)] == [job["job_id"]]


def test_nothing_is_retried_while_somebody_is_at_it(
    client: TestClient, seeded: Seeded, services: Services
) -> None:
    old = process(client, seeded.mapped.survey_id)
    end(services, old["job_id"])
    newer = process(client, seeded.mapped.survey_id)
    for job in (old, newer):
        refused = retry(client, job["job_id"])
        assert refused.status_code == 409
        assert "queued; wait for it or cancel it" in refused.json()["detail"]
    claimed(services, newer["job_id"])
    assert "running" in retry(client, newer["job_id"]).json()["detail"]
    assert retry(client, uuid.uuid4()).status_code == 404


@pytest.mark.parametrize("step", ["mosaic", "detect"])
def test_one_step_is_done_again_and_the_survey_is_not_whole_until_then(
    client: TestClient, seeded: Seeded, services: Services, step: str
) -> None:
    survey_id = seeded.mapped.survey_id
    for name in ("mosaic", "detect", "issue"):
        commit_step(services, survey_id, name)
    plan_bands(services, survey_id)
    old = process(client, survey_id)
    end(services, old["job_id"])
    with writing(services.engine) as connection:
        surveys.set_state(connection, survey_id, SurveyState.PROCESSED)
    new = retry(client, old["job_id"], step=step, priority="high").json()
    assert new["priority"] == "high"
    with reading(services.engine) as connection:
        left = {row.step for row in steps.of_survey(connection, survey_id)}
        assert left == {"mosaic", "detect", "issue"} - {step}
        assert len(bands.of_survey(connection, survey_id)) == (0 if step == "detect" else 2)
    client.post(f"/api/jobs/{new['job_id']}/cancel")
    assert state_of(client, survey_id) == "created"


def test_an_unknown_step_is_refused(client: TestClient, seeded: Seeded, services: Services) -> None:
    job = process(client, seeded.mapped.survey_id)
    end(services, job["job_id"])
    assert retry(client, job["job_id"], step="paint").status_code == 422
    assert retry(client, job["job_id"], steps="mosaic").status_code == 422


def plan_bands(services: Services, survey_id: uuid.UUID) -> None:
    """Plan two bands, of which one is finished and the other one taken."""
    planned = [
        Band(
            survey_id=survey_id,
            input_digest="d",
            y0_px=y0,
            y1_px=y0 + 500,
            mosaic_sha256="m",
            model_id="model",
            planned_at=NOW,
            chips_total=6,
        )
        for y0 in (0, 500)
    ]
    taker = Taker(worker="host:8", lease_s=60)
    with writing(services.engine) as connection:
        bands.plan(connection, planned)
        for number in range(2):
            held = bands.take(connection, survey_id, "d", taker, NOW)
            assert held is not None
            if number == 0:
                bands.finish(connection, held, blob_key="k", chips_read=5, seconds=2.5)
            else:
                bands.renew(connection, held, taker, NOW, chips_done=2)


def test_a_job_shows_its_bands(client: TestClient, seeded: Seeded, services: Services) -> None:
    job = process(client, seeded.mapped.survey_id)
    plan_bands(services, seeded.mapped.survey_id)
    shown = client.get(f"/api/jobs/{job['job_id']}").json()["bands"]
    assert [(row["y0_px"], row["y1_px"]) for row in shown] == [(0, 500), (500, 1000)]
    assert [row["state"] for row in shown] == ["finished", "taken"]
    assert [row["chips_done"] for row in shown] == [6, 2]
    assert [row["seconds"] for row in shown] == [2.5, None]
    assert {row["worker"] for row in shown} == {"host:8"}


def said(message: str, number: int = 0) -> Said:
    moment = NOW + timedelta(seconds=number)
    return Said(at=moment, level="INFO", message=message, attempt=1, worker="host:7")


def test_the_log_of_a_job_is_read_line_by_line_and_names_no_folder(
    client: TestClient, seeded: Seeded, services: Services
) -> None:
    job = process(client, seeded.mapped.survey_id)
    other = process(client, seeded.local.survey_id)
    name_folder(Path("/srv/secret-place"), "home")
    lines = [said(f"line {number}", number) for number in range(5)]
    lines.append(said("in /srv/secret-place/blobs with password=hunter2"))
    lines.append(said("x" * (MESSAGE_MAX + 10)))
    with writing(services.engine) as connection:
        joblines.add(connection, uuid.UUID(job["job_id"]), lines)
        joblines.add(connection, uuid.UUID(other["job_id"]), [said("of another job")])
        joblines.add(connection, uuid.UUID(job["job_id"]), [])
        assert joblines.count(connection, uuid.UUID(job["job_id"])) == 7
    address = f"/api/jobs/{job['job_id']}/log"
    whole = client.get(address).json()
    assert [row["message"] for row in whole["lines"][:5]] == [f"line {n}" for n in range(5)]
    assert whole["lines"][5]["message"] == "in <home>/blobs with password=…"
    assert len(whole["lines"][6]["message"]) == MESSAGE_MAX
    assert whole["next"] is None
    read, after = [], 0
    while after is not None:
        page = client.get(address, params={"limit": "3", "after": after}).json()
        read += page["lines"]
        after = page["next"]
    assert read == whole["lines"]
    assert client.get(f"/api/jobs/{uuid.uuid4()}/log").status_code == 404


def test_an_admin_operates_and_a_viewer_only_looks(
    client: TestClient, seeded: Seeded, services: Services
) -> None:
    job = process(client, seeded.mapped.survey_id)
    admin = add_person(services.engine, Role.ADMIN, HOME, NOW).headers
    viewer = add_person(services.engine, Role.VIEWER, HOME, NOW).headers
    for who, allowed in ((viewer, False), (admin, True)):
        assert client.get("/api/jobs", headers=who).status_code == 200
        log = client.get(f"/api/jobs/{job['job_id']}/log", headers=who)
        cancel = client.post(f"/api/jobs/{job['job_id']}/cancel", headers=who)
        again = client.post(f"/api/jobs/{job['job_id']}/retry", headers=who)
        expected = (200, 200, 202) if allowed else (403, 403, 403)
        assert (log.status_code, cancel.status_code, again.status_code) == expected
