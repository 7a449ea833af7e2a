"""Models over HTTP: what there is and how it stands, uploads in quarantine, choices, who may."""

import hashlib
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.deps import Services
from inspection.domain.account import Role
from inspection.domain.modelref import Origin
from inspection.pipeline.backup import blobs_of_rows
from inspection.store import audit, errands, modelchoices, ownmodels
from inspection.store.engine import reading, writing
from inspection.store.scope import HOME
from tests.support.modelrows import SHA, offered, publish, taken_in
from tests.support.people import Person, add_cities, add_person
from tests.support.seed import Seeded
from tests.unit.api.conftest import NOW, CountingBell

OTHER = "d" * 64
UPLOADED = Origin.UPLOADED
FILE = {"content-type": "application/octet-stream"}
WANTED: dict[str, Any] = {
    "name": "bridge-2026",
    "file_name": "C:\\nets\\best.onnx",
    "channels": ["background", "crack", "spall", "crack"],
    "thresholds": {"crack": 0.4},
    "gsd_range_mm_per_px": [0.3, 1.5],
    "licence": "AGPL-3.0-only",
}


def models(client: TestClient, headers: dict[str, str] | None = None) -> dict[str, Any]:
    answer = client.get("/api/models", headers=headers or {})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def row(client: TestClient, name: str) -> dict[str, Any]:
    (found,) = [one for one in models(client)["models"] if one["name"] == name]
    return dict(found)


def describe(client: TestClient, **changes: Any) -> Any:
    return client.post("/api/models", json=WANTED | changes)


def send(client: TestClient, own_model_id: str, content: bytes = b"a network") -> Any:
    return client.put(f"/api/models/{own_model_id}/file", content=content, headers=FILE)


def told(services: Services) -> list[tuple[str, str]]:
    with reading(services.engine) as connection:
        return [(event.action, event.subject) for event in audit.find(connection)]


class TestList:
    def test_before_any_worker_ran_nothing_is_known(self, client: TestClient) -> None:
        found = models(client)
        assert (found["models"], found["workers"], found["default"]) == ([], 0, None)
        assert "crack" in found["classes"] and found["file_max_bytes"] == 500_000_000

    def test_what_workers_say_is_shown_with_how_it_stands(
        self, client: TestClient, services: Services
    ) -> None:
        publish(
            services.engine,
            NOW,
            offered(now=NOW),
            offered("dented", "", now=NOW, fault="its file is missing"),
        )
        publish(services.engine, NOW, offered(now=NOW, worker="host:2"), worker="host:2")
        found = models(client)
        assert found["workers"] == 2 and found["service_default"] == "tenken-crack-n"
        sound, dented = sorted(found["models"], key=lambda one: -one["workers"])
        assert (sound["workers"], sound["standing"], sound["is_default"]) == (2, "usable", True)
        assert sound["card"]["gsd_range_mm_per_px"] == [0.5, 5.0] and sound["card"]["is_calibrated"]
        assert (dented["standing"], dented["words"]) == ("broken", "its file is missing")
        assert dented["card"] is None

    def test_when_all_workers_sleep_it_says_so(
        self, client: TestClient, services: Services
    ) -> None:
        publish(services.engine, NOW - timedelta(hours=1))
        found = models(client)
        assert found["workers"] == 0
        assert found["models"][0]["standing"] == "asleep"
        assert "start 'tenken worker'" in found["models"][0]["words"]


class TestUpload:
    def test_a_file_waits_in_quarantine_for_the_worker_that_was_rung_for(
        self, client: TestClient, services: Services, bell: CountingBell
    ) -> None:
        answer = describe(client)
        assert answer.status_code == 201, answer.text
        described = answer.json()
        assert described["sha256"] == "" and described["standing"] is None
        assert described["upload"]["file_name"] == "best.onnx"
        assert described["card"]["thresholds"] == {"crack": 0.4, "spall": 0.5}
        sent = send(client, described["own_model_id"], b"x" * 70_000)
        assert sent.status_code == 202, sent.text
        upload = sent.json()["upload"]
        sha256 = hashlib.sha256(b"x" * 70_000).hexdigest()
        assert (upload["file_bytes"], upload["file_sha256"]) == (70_000, sha256)
        assert upload["job"]["state"] == "queued" and upload["job"]["active"]
        key = f"quarantine/{described['own_model_id']}/{sha256}.onnx"
        assert services.blobs.read_bytes(key) == b"x" * 70_000
        with reading(services.engine) as connection:
            (errand,) = errands.due(connection, NOW)
            assert key in set(blobs_of_rows(connection))
        assert bell.rung == [errand.job_id]
        assert (errand.kind, str(errand.subject_id)) == ("register", described["own_model_id"])
        assert send(client, described["own_model_id"]).status_code == 409  # once only
        assert list(services.scratch.iterdir()) == []  # nothing is left behind
        assert ("send_model_file", f"model bridge-2026, file {sha256[:12]}") in told(services)

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"name": "Bridge 2026"}, "name"),
            ({"channels": ["background", "riss"]}, "riss is not in the taxonomy"),
            ({"channels": ["background"]}, "no channel is damage"),
            ({"channels": []}, "channels"),
            ({"thresholds": {"pothole": 0.5}}, "threshold of pothole"),
            ({"thresholds": {"crack": 1.0}}, "thresholds"),
            ({"gsd_range_mm_per_px": [2.0, 1.0]}, "is not a range"),
            ({"gsd_range_mm_per_px": [1.0]}, "gsd_range_mm_per_px"),
            ({"deviation": [1.0, 0.0, 1.0]}, "must be above 0"),
            ({"size_multiple_px": 48}, "size_multiple_px"),
            ({"full_scale": 2}, "full_scale"),
            ({"surprise": 1}, "surprise"),
        ],
    )
    def test_what_cannot_be_is_refused_before_a_file_is_sent(
        self, client: TestClient, changes: dict[str, Any], words: str
    ) -> None:
        answer = describe(client, **changes)
        assert answer.status_code == 422
        assert words in answer.text
        assert models(client)["models"] == []

    def test_a_file_that_is_too_large_empty_or_of_another_type_is_not_kept(
        self, app: FastAPI, client: TestClient, services: Services
    ) -> None:
        limits = replace(services.limits, model_max_bytes=1000)
        app.state.services = replace(services, limits=limits)
        own_model_id = describe(client).json()["own_model_id"]

        def unsaid() -> Iterator[bytes]:
            for _ in range(20):
                yield b"x" * 100

        path = f"/api/models/{own_model_id}/file"
        said = send(client, own_model_id, b"x" * 1001)
        streamed = client.put(path, content=unsaid(), headers=FILE)
        assert [said.status_code, streamed.status_code] == [413, 413]
        assert "over 0.001 MB" in said.json()["detail"]
        assert send(client, own_model_id, b"").status_code in {415, 422}
        assert client.put(path, json={"a": 1}).status_code == 415
        assert client.put(path, files={"f": b"x"}).status_code == 415
        assert send(client, str(uuid.uuid4())).status_code == 404
        assert list(services.blobs.keys("quarantine/")) == []
        assert send(client, own_model_id, b"x" * 1000).status_code == 202

    def test_a_name_is_used_once_and_free_again_after_withdrawal(
        self, client: TestClient, services: Services
    ) -> None:
        own_model_id = describe(client).json()["own_model_id"]
        again = describe(client)
        assert again.status_code == 409 and "withdraw it first" in again.json()["detail"]
        send(client, own_model_id)
        assert client.delete(f"/api/models/{own_model_id}").status_code == 204
        assert list(services.blobs.keys("quarantine/")) == []
        with reading(services.engine) as connection:
            assert errands.due(connection, NOW) == ()  # nobody tries it any more
        assert client.delete(f"/api/models/{own_model_id}").status_code == 404
        assert describe(client).status_code == 201

    def test_why_an_upload_was_refused_is_shown(
        self, client: TestClient, services: Services
    ) -> None:
        own_model_id = describe(client).json()["own_model_id"]
        send(client, own_model_id)
        with writing(services.engine) as connection:
            (waiting,) = errands.due(connection, NOW)
            held = errands.claim(connection, waiting.job_id, "host:1", NOW, 60)
            assert held is not None
            errands.fail(connection, held, "upload.onnx is no ONNX", NOW, retryable=False)
            ownmodels.refuse(connection, uuid.UUID(own_model_id))
        found = row(client, "bridge-2026")
        assert found["words"] == "upload.onnx is no ONNX" and found["standing"] is None
        assert found["upload"]["job"]["state"] == "dead"


class TestChoice:
    def test_a_choice_is_kept_audited_and_shown_when_it_fails(
        self, client: TestClient, services: Services, seeded: Seeded
    ) -> None:
        publish(services.engine, NOW, offered(now=NOW), offered("road", OTHER, now=NOW))
        path = f"/api/surveys/{seeded.mapped.survey_id}/model"
        before = client.get(path).json()
        assert (before["model"], before["chosen_for"]) == (None, "service")
        assert before["found_by"] == ["seed@000000000000"]
        chosen = client.put("/api/models/default", json={"name": "road"})
        assert chosen.status_code == 200, chosen.text
        assert chosen.json()["model"] == {"name": "road", "own_model_id": None, "sha256": OTHER}
        assert ("choose_default_model", f"road@{OTHER[:12]}") in told(services)
        assert [row(client, name)["is_default"] for name in ("road", "tenken-crack-n")] == [
            True,
            False,
        ]
        assert client.get(path).json()["chosen_for"] == "organisation"
        # its file is exchanged: the choice was another network, and that is said everywhere
        publish(services.engine, NOW, offered(now=NOW), offered("road", SHA, now=NOW))
        found = models(client)
        assert found["default"]["standing"] == "changed"
        assert "was exchanged" in found["default"]["words"]
        lost = [one for one in found["models"] if one["sha256"] == OTHER]
        assert [one["standing"] for one in lost] == ["changed"] and lost[0]["is_default"]
        of_survey = client.get(path).json()
        assert of_survey["standing"] == "changed"
        assert "choose another model" in of_survey["words"]
        # no worker has one of that name any more
        publish(services.engine, NOW, offered(now=NOW))
        assert client.get(path).json()["standing"] == "gone"
        assert client.delete("/api/models/default").status_code == 204
        assert client.get(path).json()["chosen_for"] == "service"

    def test_other_thresholds_for_the_same_network_are_another_model(
        self, client: TestClient, services: Services
    ) -> None:
        """Two workers describe one file in two ways for a while; the choice is one of them."""
        publish(services.engine, NOW, offered("road", OTHER, now=NOW, answers="11111111"))
        assert client.put("/api/models/default", json={"name": "road"}).status_code == 200
        second = offered("road", OTHER, now=NOW, answers="22222222", worker="host:2")
        publish(services.engine, NOW, second, worker="host:2")
        both = models(client)
        assert both["default"]["standing"] == "usable"
        assert sorted(one["is_default"] for one in both["models"]) == [False, True]
        # the first worker has the new description too: what was chosen is nowhere any more
        publish(services.engine, NOW, offered("road", OTHER, now=NOW, answers="22222222"))
        found = models(client)
        assert found["default"]["standing"] == "changed"
        assert "other thresholds" in found["default"]["words"]
        assert [(one["standing"], one["is_default"]) for one in found["models"]] == [
            ("usable", False),
            ("changed", True),
        ]
        # chosen anew, it is what the workers have
        assert client.put("/api/models/default", json={"name": "road"}).status_code == 200
        (only,) = models(client)["models"]
        assert (only["standing"], only["is_default"], only["workers"]) == ("usable", True, 2)

    def test_a_choice_of_before_descriptions_were_kept_stands(
        self, client: TestClient, services: Services
    ) -> None:
        publish(services.engine, NOW, offered("road", OTHER, now=NOW))
        assert client.put("/api/models/default", json={"name": "road"}).status_code == 200
        publish(services.engine, NOW, offered("road", OTHER, now=NOW, answers="11111111"))
        (only,) = models(client)["models"]
        assert (only["standing"], only["is_default"]) == ("usable", True)

    def test_a_survey_may_have_a_choice_of_its_own(
        self, client: TestClient, services: Services, seeded: Seeded
    ) -> None:
        publish(services.engine, NOW, offered(now=NOW))
        path = f"/api/surveys/{seeded.mapped.survey_id}/model"
        answer = client.put(path, json={"name": "tenken-crack-n"})
        assert answer.status_code == 200
        assert (answer.json()["chosen_for"], answer.json()["standing"]) == ("survey", "usable")
        (naming,) = models(client)["surveys"]
        assert naming["asset_id"] == "bridge-12"
        assert naming["choice"]["model"]["sha256"] == SHA
        with reading(services.engine) as connection:
            other = modelchoices.of_survey(connection, seeded.local.survey_id)
        assert other is None
        assert client.delete(path).status_code == 204
        assert models(client)["surveys"] == []

    def test_only_what_can_be_used_is_chosen(self, client: TestClient, services: Services) -> None:
        def choose(**model: Any) -> Any:
            return client.put("/api/models/default", json=model)

        publish(services.engine, NOW - timedelta(hours=1), offered("old", now=NOW))
        asleep = choose(name="old")
        assert asleep.status_code == 409 and "no worker is running" in asleep.json()["detail"]
        publish(services.engine, NOW, offered(now=NOW), offered("bad", now=NOW, fault="damaged"))
        broken = choose(name="bad")
        assert broken.status_code == 409 and "is damaged" in broken.json()["detail"]
        unknown = choose(name="riss")
        assert unknown.status_code == 404 and "tenken-crack-n" in unknown.json()["detail"]
        assert choose(name="own", own_model_id=str(uuid.uuid4())).status_code == 404
        own = taken_in(services.engine, NOW)
        upload = {"name": "own", "own_model_id": str(own.own_model_id)}
        assert choose(**upload).status_code == 409  # no worker has said that it can load it
        publish(
            services.engine,
            NOW,
            offered(str(own.own_model_id), now=NOW, is_default=False, origin=UPLOADED),
        )
        assert choose(**upload).status_code == 200


class TestWhoMay:
    @pytest.fixture
    def people(self, services: Services) -> dict[str, Person]:
        add_cities(services.engine)
        return {
            place: add_person(services.engine, Role.ADMIN, place, NOW) for place in (HOME, "city-a")
        }

    def test_an_organisation_sees_and_uses_its_own_uploads_only(
        self, client: TestClient, services: Services, people: dict[str, Person], seeded: Seeded
    ) -> None:
        own = taken_in(services.engine, NOW)
        publish(
            services.engine,
            NOW,
            offered(now=NOW),
            offered(str(own.own_model_id), now=NOW, is_default=False, origin=UPLOADED),
        )
        seen = {
            place: {one["name"] for one in models(client, person.headers)["models"]}
            for place, person in people.items()
        }
        assert seen == {HOME: {"own", "tenken-crack-n"}, "city-a": {"tenken-crack-n"}}
        assert (
            str(own.own_model_id)
            not in client.get("/api/models", headers=people["city-a"].headers).text
        )
        city = people["city-a"].headers
        upload = {"name": "own", "own_model_id": str(own.own_model_id)}
        path = f"/api/models/{own.own_model_id}"
        assert client.put("/api/models/default", json=upload, headers=city).status_code == 404
        assert client.delete(path, headers=city).status_code == 404
        assert client.put(f"{path}/file", content=b"x", headers=city | FILE).status_code == 404
        survey = f"/api/surveys/{seeded.mapped.survey_id}/model"
        ours = {"name": "tenken-crack-n"}
        assert client.get(survey, headers=city).status_code == 404
        assert client.put(survey, json=ours, headers=city).status_code == 404
        # what the city chooses is its own matter
        assert client.put("/api/models/default", json=ours, headers=city).status_code == 200
        assert models(client, people[HOME].headers)["default"] is None
        assert models(client, city)["default"]["chosen_by"] == "点検 admin.city-a"
        with reading(services.engine) as connection:
            assert modelchoices.default_of(connection, HOME) is None

    def test_what_the_audit_log_says_has_no_name_of_a_person(
        self, client: TestClient, services: Services, people: dict[str, Person]
    ) -> None:
        publish(services.engine, NOW)
        person = people["city-a"]
        client.put("/api/models/default", json={"name": "tenken-crack-n"}, headers=person.headers)
        with reading(services.engine) as connection:
            (named,) = [e for e in audit.find(connection) if e.subject.startswith("tenken-crack-n")]
        assert named.actor == str(person.account.account_id)
        assert named.organisation_id == "city-a"
