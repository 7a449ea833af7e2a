"""Approving an inspection as a whole: who may, what was read, what a failed flight does to it."""

import json
import uuid
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.deps import Services
from inspection.domain.account import Role
from inspection.domain.grade import GradeCandidate, Subject
from inspection.domain.mission import SurveyState
from inspection.domain.review import Action, Verdict
from inspection.pipeline.decide import Judgement, decide
from inspection.store import audit, defects, grades, releases, reviews, surveys
from inspection.store.engine import reading, writing
from inspection.store.scope import HOME
from tests.support.people import Person, add_cities, add_person, add_token
from tests.support.released import FISCAL_YEAR, settle
from tests.support.seed import Seeded
from tests.unit.api.conftest import NOW, StoppedClock
from tests.unit.api.test_hostile_requests import problem_of

PLACE = "/api/inspections"


@pytest.fixture
def settled(services: Services, seeded: Seeded) -> Seeded:
    """Let people have done all that an approval needs."""
    with writing(services.engine) as connection:
        settle(connection, seeded.mapped)
    return seeded


def approver_of(services: Services, role: Role = Role.PLANNER, home: str = HOME) -> Person:
    return add_person(services.engine, role, home, NOW, name=f"chief.{role}.{home}", approver=True)


def read(client: TestClient, seeded: Seeded, headers: dict[str, str] | None = None) -> Any:
    query = {"asset_id": seeded.mapped.asset_id, "fiscal_year": FISCAL_YEAR}
    return client.get(PLACE, params=query, headers=headers or {}).json()


def wish(stands: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Ask to approve what was read."""
    return {
        "asset_id": stands["asset_id"],
        "fiscal_year": stands["fiscal_year"],
        "expected_version": stands["version"],
        "record_sha256": stands["record_sha256"] or "0" * 64,
        "why": "照査済",
        **changes,
    }


def approve(client: TestClient, body: dict[str, Any], person: Person | None = None) -> Any:
    headers = {} if person is None else person.headers
    return client.post(f"{PLACE}/approvals", json=body, headers=headers)


def test_what_is_missing_is_told_and_keeps_it_from_an_approval(
    client: TestClient, seeded: Seeded
) -> None:
    stands = read(client, seeded)
    assert stands["state"] == "ai_reviewed" and stands["version"] == 0
    assert stands["missing"] == [
        "4 detections are neither confirmed nor rejected",
        "nobody has decided the soundness in fiscal year 2026",
    ]
    assert stands["record_sha256"] is None and stands["approved"] is None
    problem = problem_of(approve(client, wish(stands, by="課長")), 409)
    assert "4 detections" in problem["detail"]
    newest = client.get(PLACE, params={"asset_id": seeded.mapped.asset_id}).json()
    assert newest == stands
    problem_of(client.get(PLACE, params={"asset_id": "none"}), 404)


def test_an_approver_approves_what_was_read(
    client: TestClient, services: Services, settled: Seeded
) -> None:
    chief = approver_of(services)
    stands = read(client, settled, chief.headers)
    assert stands["state"] == "diagnosed" and stands["missing"] == []
    assert stands["soundness"] == "II"
    body = wish(stands, by="somebody else", findings={"remarks": "所見"})
    answer = approve(client, body, chief)
    assert answer.status_code == 201, answer.text
    found = answer.json()
    assert found["state"] == "approved" and found["version"] == 1
    assert found["approved"]["by"] == chief.account.display_name
    assert found["approved"]["soundness"] == "II"
    # what is kept has the findings too
    assert found["approved"]["record_sha256"] != stands["record_sha256"] == found["record_sha256"]
    with reading(services.engine) as connection:
        release = releases.find(connection, settled.mapped.asset_id, FISCAL_YEAR)
        assert release is not None and release.approval_id is not None
        kept = releases.approval(connection, release.approval_id)
        assert kept.record.findings == {"remarks": "所見"}
        assert len(kept.record.defects) == 3
        lines = [one for one in audit.find(connection) if one.action == "approve_inspection"]
    assert {one.actor for one in lines} == {str(chief.account.account_id)}
    assert any("approvals" in str(one) for one in lines)
    again = problem_of(approve(client, wish(found), chief), 409)
    assert "approved" in again["detail"]


@pytest.mark.parametrize("role", list(Role))
def test_without_the_mark_of_an_approver_nobody_approves(
    client: TestClient, services: Services, settled: Seeded, role: Role
) -> None:
    person = add_person(services.engine, role, HOME, NOW)
    stands = read(client, settled, person.headers)
    assert stands["state"] == "diagnosed"
    for place in ("approvals", "revocations"):
        answer = client.post(f"{PLACE}/{place}", json=wish(stands), headers=person.headers)
        assert "needs the right 'approve'" in problem_of(answer, 403)["detail"]
    if role in {Role.PLANNER, Role.ADMIN}:
        chief = approver_of(services, role)
        token = add_token(services.engine, chief, {"look"}, NOW)
        refused = client.post(
            f"{PLACE}/approvals", json=wish(stands), headers={"authorization": f"Bearer {token}"}
        )
        problem_of(refused, 403)
        assert approve(client, wish(stands), chief).status_code == 201


@pytest.mark.parametrize("changes", [{"expected_version": 1}, {"record_sha256": "0" * 64}])
def test_what_was_not_read_is_not_approved(
    client: TestClient, services: Services, settled: Seeded, changes: dict[str, Any]
) -> None:
    chief = approver_of(services)
    stands = read(client, settled, chief.headers)
    problem = problem_of(approve(client, wish(stands, **changes), chief), 409)
    assert "read it again" in problem["detail"]
    assert read(client, settled, chief.headers) == stands


def test_a_verdict_after_it_was_read_is_a_change(
    client: TestClient, services: Services, settled: Seeded
) -> None:
    chief = approver_of(services)
    stands = read(client, settled, chief.headers)
    first = settled.mapped.defects[0].defect_id
    with writing(services.engine) as connection:
        version = defects.by_id(connection, first).version
        verdict = Verdict(
            verdict_id=uuid.uuid4(),
            defect_id=first,
            action=Action.REOPEN,
            reviewer="確認者",
            decided_at=NOW,
            expected_version=version,
            note="また見る",
        )
        reviews.record(connection, verdict)
        again = replace(verdict, verdict_id=uuid.uuid4(), action=Action.CONFIRM, note="")
        reviews.record(connection, replace(again, expected_version=version + 1))
    assert read(client, settled, chief.headers)["record_sha256"] != stands["record_sha256"]
    problem_of(approve(client, wish(stands), chief), 409)
    assert approve(client, wish(read(client, settled, chief.headers)), chief).status_code == 201


def diagnosed_by(services: Services, seeded: Seeded, name: str) -> None:
    """Let a person decide the soundness of the asset."""
    survey, asset_id = seeded.mapped.survey_id, seeded.mapped.asset_id
    candidate = GradeCandidate(
        scheme="soundness_candidate/1.0.0",
        subject=Subject.ASSET,
        subject_id=asset_id,
        candidates=("II",),
        best="II",
        borderline=False,
        unresolved=False,
    )
    with writing(services.engine) as connection:
        grades.save(connection, survey, [candidate])
        judgement = Judgement(
            survey_id=survey, scheme=candidate.scheme, subject_id=asset_id, decided="II", by=name
        )
        decide(connection, judgement, clock=StoppedClock())


def test_nobody_approves_their_own_diagnosis(
    client: TestClient, services: Services, settled: Seeded
) -> None:
    chief = approver_of(services)
    diagnosed_by(services, settled, chief.account.display_name)
    stands = read(client, settled, chief.headers)
    assert stands["diagnosed_by"] == chief.account.display_name
    problem = problem_of(approve(client, wish(stands), chief), 403)
    assert "somebody else approves it" in problem["detail"]
    other = approver_of(services, Role.ADMIN)
    assert approve(client, wish(stands), other).status_code == 201


def test_an_approval_is_taken_back_as_it_was_read_and_may_be_given_anew(
    client: TestClient, services: Services, settled: Seeded
) -> None:
    chief = approver_of(services)
    found = approve(client, wish(read(client, settled, chief.headers)), chief).json()
    body = {key: value for key, value in wish(found).items() if key != "record_sha256"}
    place = f"{PLACE}/revocations"
    stale = client.post(place, json={**body, "expected_version": 0}, headers=chief.headers)
    problem_of(stale, 409)
    taken = client.post(place, json={**body, "why": "誤記"}, headers=chief.headers)
    assert taken.status_code == 200, taken.text
    assert taken.json()["state"] == "diagnosed" and taken.json()["version"] == 2
    assert taken.json()["approved"] is None
    problem_of(client.post(place, json=body | {"expected_version": 2}, headers=chief.headers), 409)
    assert approve(client, wish(taken.json()), chief).json()["version"] == 3


def failed_flight(services: Services, seeded: Seeded) -> None:
    """Let a flight of the same year fail before anything was found on it."""
    with writing(services.engine) as connection:
        flown = surveys.by_id(connection, seeded.mapped.survey_id)
        failed = replace(flown, survey_id=uuid.uuid4(), state=SurveyState.FAILED)
        surveys.save(connection, failed)


def test_a_failed_flight_keeps_nobody_from_the_approval_of_its_year(
    client: TestClient, services: Services, settled: Seeded
) -> None:
    chief = approver_of(services)
    failed_flight(services, settled)
    stands = read(client, settled, chief.headers)
    assert (stands["surveys"], stands["surveys_failed"], stands["missing"]) == (1, 1, [])
    found = approve(client, wish(stands), chief)
    assert found.status_code == 201, found.text
    assert not found.json()["changed"]
    failed_flight(services, settled)
    later = read(client, settled, chief.headers)
    assert later["surveys_failed"] == 2 and not later["changed"]


def test_a_flight_that_is_not_done_yet_does_and_what_a_failed_one_gave_counts(
    client: TestClient, services: Services, settled: Seeded
) -> None:
    with writing(services.engine) as connection:
        flown = surveys.by_id(connection, settled.mapped.survey_id)
        surveys.save(connection, replace(flown, state=SurveyState.FAILED))
    stands = read(client, settled)
    assert (stands["surveys"], stands["surveys_failed"], stands["missing"]) == (1, 0, [])
    with writing(services.engine) as connection:
        open_ = replace(flown, survey_id=uuid.uuid4(), state=SurveyState.PROCESSING)
        surveys.save(connection, open_)
    stands = read(client, settled)
    assert stands["missing"] == ["1 surveys are not processed to the end"]


def test_one_approves_only_what_ones_own_organisation_has(
    client: TestClient, services: Services, settled: Seeded
) -> None:
    add_cities(services.engine)
    stranger = approver_of(services, home="city-a")
    stands = read(client, settled)  # asks nobody: refused, for somebody has an account now
    assert stands["status"] == 401
    chief = approver_of(services)
    seen = read(client, settled, chief.headers)
    problem_of(approve(client, wish(seen), stranger), 404)


def test_one_person_at_this_machine_says_who_they_are(client: TestClient, settled: Seeded) -> None:
    stands = read(client, settled)
    problem_of(approve(client, wish(stands)), 422)
    assert approve(client, wish(stands, by="課長")).json()["approved"]["by"] == "課長"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"why": " "}, "reason"),
        ({"why": "x" * 2001}, "2000"),
        ({"findings": {"unheard": "x"}}, "unknown keys"),
        ({"findings": {"remarks": "a\0b"}}, "remarks"),
        ({"findings": {"remarks": ["a"]}}, "remarks"),
        ({"findings": {"remarks": float("nan")}, "why": "\ud800"}, "why"),
        ({"findings": {"remarks": "\ud800"}}, "findings"),
        ({"record_sha256": "abc"}, "record_sha256"),
        ({"fiscal_year": 1900}, "fiscal_year"),
        ({"extra": 1}, "extra"),
    ],
)
def test_what_cannot_be_is_refused_in_words(
    client: TestClient, settled: Seeded, changes: dict[str, Any], says: str
) -> None:
    stands = read(client, settled)
    content = json.dumps(wish(stands, by="課長", **changes))
    sent = {"content-type": "application/json"}
    answer = client.post(f"{PLACE}/approvals", content=content, headers=sent)
    assert says in problem_of(answer, 422)["detail"]


def test_of_two_approvers_one_is_told(
    client: TestClient, services: Services, settled: Seeded
) -> None:
    first, second = approver_of(services), approver_of(services, Role.ADMIN)
    stands = read(client, settled, first.headers)
    statuses = sorted(
        approve(client, wish(stands), person).status_code for person in (first, second)
    )
    assert statuses == [201, 409]
    with closing(services.engine.connect()) as connection:
        assert len(releases.history(connection, asset_id=settled.mapped.asset_id)) == 1
