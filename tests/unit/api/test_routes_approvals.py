"""From a diagnosis to an approval over HTTP: the list, what is read, who is who, the way back."""

import uuid
from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.deps import Services
from inspection.domain.account import Role
from inspection.domain.asset import Asset, AssetKind
from inspection.domain.mission import SurveyState
from inspection.domain.release import InspectionState
from inspection.domain.review import Action, Verdict
from inspection.pipeline.compile import years_of
from inspection.pipeline.examine import progress
from inspection.store import accounts, assets, defects, grades, reviews, surveys
from inspection.store.engine import reading, writing
from inspection.store.scope import HOME
from tests.support.people import Person, add_cities, add_person
from tests.support.released import FISCAL_YEAR, settle
from tests.support.seed import Seeded
from tests.unit.api.conftest import NOW
from tests.unit.api.test_hostile_requests import problem_of

PLACE = "/api/inspections"


@pytest.fixture
def settled(services: Services, seeded: Seeded) -> Seeded:
    """Let people have done all that an approval needs."""
    with writing(services.engine) as connection:
        settle(connection, seeded.mapped)
    return seeded


@pytest.fixture
def chief(services: Services) -> Person:
    return add_person(services.engine, Role.PLANNER, HOME, NOW, name="chief", approver=True)


@pytest.fixture
def engineer(services: Services) -> Person:
    return add_person(services.engine, Role.ENGINEER, HOME, NOW)


def ask(seeded: Seeded, **more: Any) -> dict[str, Any]:
    return {"asset_id": seeded.mapped.asset_id, "fiscal_year": FISCAL_YEAR, **more}


def read(client: TestClient, seeded: Seeded, person: Person | None = None) -> dict[str, Any]:
    headers = {} if person is None else person.headers
    answer = client.get(PLACE, params=ask(seeded), headers=headers)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def content(client: TestClient, seeded: Seeded, person: Person, **more: Any) -> dict[str, Any]:
    answer = client.get(f"{PLACE}/content", params=ask(seeded, **more), headers=person.headers)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def post(client: TestClient, what: str, body: dict[str, Any], person: Person) -> Any:
    return client.post(f"{PLACE}/{what}", json=body, headers=person.headers)


def wish(stands: dict[str, Any], why: str = "照査済", *, sha256: bool = True) -> dict[str, Any]:
    """Decide on what was read."""
    body = {
        "asset_id": stands["asset_id"],
        "fiscal_year": stands["fiscal_year"],
        "expected_version": stands["version"],
        "why": why,
    }
    return {**body, "record_sha256": stands["record_sha256"]} if sha256 else body


def verdict(services: Services, seeded: Seeded, action: Action, **more: Any) -> None:
    """Let somebody decide on the first defect once more."""
    defect_id = seeded.mapped.defects[0].defect_id
    with writing(services.engine) as connection:
        now = defects.by_id(connection, defect_id)
        said = Verdict(
            verdict_id=uuid.uuid4(),
            defect_id=defect_id,
            action=action,
            reviewer="別の確認者",
            decided_at=NOW,
            expected_version=now.version,
            **more,
        )
        reviews.record(connection, said)


def diagnosis(seeded: Seeded, value: str, before: str | None = None, **more: Any) -> dict[str, Any]:
    return {**ask(seeded), "value": value, "decided_before": before, "why": "桁端の腐食", **more}


def test_an_engineer_diagnoses_and_the_record_says_so(
    client: TestClient, services: Services, settled: Seeded, chief: Person, engineer: Person
) -> None:
    assert read(client, settled, engineer)["values"] == ["I", "II", "III", "IV"]
    answer = post(client, "diagnoses", diagnosis(settled, "III"), engineer)
    assert answer.status_code == 201, answer.text
    stands = answer.json()
    assert (stands["decided"], stands["soundness"], stands["state"]) == ("III", "III", "diagnosed")
    told = content(client, settled, chief)["record"]["diagnosis"]
    assert (told["by"], told["note"]) == (engineer.account.display_name, "桁端の腐食")
    assert told["source"] == "decision"
    with reading(services.engine) as connection:
        (row,) = [
            one
            for one in grades.of_survey(connection, settled.mapped.survey_id)
            if one.decided is not None
        ]
    assert row.decided_account == engineer.account.account_id
    # who decides on what is not there any more is told; so is who says what is no soundness
    problem_of(post(client, "diagnoses", diagnosis(settled, "II"), engineer), 409)
    problem_of(post(client, "diagnoses", diagnosis(settled, "V", "III"), engineer), 422)
    problem_of(post(client, "diagnoses", diagnosis(settled, "II", "III"), chief), 403)
    nobody = diagnosis(settled, "II", fiscal_year=2019)
    assert "no survey" in problem_of(post(client, "diagnoses", nobody, engineer), 409)["detail"]
    assert post(client, "diagnoses", diagnosis(settled, "II", "III"), engineer).status_code == 201
    stands = read(client, settled, chief)
    assert post(client, "approvals", wish(stands), chief).status_code == 201
    late = post(client, "diagnoses", diagnosis(settled, "IV", "II"), engineer)
    assert "is approved" in problem_of(late, 409)["detail"]


def same_name(services: Services, one: Person, other: Person) -> None:
    """Let two people be called alike."""
    with writing(services.engine) as connection:
        accounts.rename(connection, other.account.account_id, one.account.display_name)


def test_two_accounts_of_one_name_are_two_people(
    client: TestClient, services: Services, settled: Seeded, chief: Person, engineer: Person
) -> None:
    same_name(services, engineer, chief)
    post(client, "diagnoses", diagnosis(settled, "III"), engineer)
    stands = read(client, settled, chief)
    answer = post(client, "approvals", wish(stands), chief)
    assert answer.status_code == 201, answer.text
    assert answer.json()["approved"]["by"] == stands["diagnosed_by"], "called alike"


def test_who_is_renamed_is_still_the_one_who_diagnosed(
    client: TestClient, services: Services, settled: Seeded, engineer: Person
) -> None:
    """An engineer diagnoses, becomes an approver, and is called something else."""
    post(client, "diagnoses", diagnosis(settled, "III"), engineer)
    with writing(services.engine) as connection:
        account_id = engineer.account.account_id
        changed = replace(engineer.membership, role=Role.PLANNER, approver=True)
        accounts.join(connection, changed)
        accounts.rename(connection, account_id, "改姓 花子")
    stands = read(client, settled, engineer)
    assert stands["diagnosed_by"] != "改姓 花子"
    problem = problem_of(post(client, "approvals", wish(stands), engineer), 403)
    assert "somebody else approves it" in problem["detail"]
    other = add_person(services.engine, Role.ADMIN, HOME, NOW, name="deputy", approver=True)
    assert post(client, "approvals", wish(stands), other).status_code == 201


def test_a_typed_name_is_taken_for_whoever_bears_it(
    client: TestClient, settled: Seeded, services: Services
) -> None:
    """What was decided before anybody signed in names no account: displayed and sign-in name."""
    typed = client.post(f"{PLACE}/diagnoses", json=diagnosis(settled, "III", by="chief"))
    assert typed.status_code == 201, typed.text
    chief = add_person(services.engine, Role.PLANNER, HOME, NOW, name="chief", approver=True)
    stands = read(client, settled, chief)
    problem_of(post(client, "approvals", wish(stands), chief), 403)
    other = add_person(services.engine, Role.PLANNER, HOME, NOW, name="deputy", approver=True)
    assert post(client, "approvals", wish(stands), other).status_code == 201


def test_what_is_sent_back_waits_for_an_answer_or_a_change(
    client: TestClient, services: Services, settled: Seeded, chief: Person, engineer: Person
) -> None:
    stands = read(client, settled, chief)
    for person, what in ((engineer, "returns"), (chief, "resubmissions")):
        refused = post(client, what, wish(stands, sha256=what == "returns"), person)
        problem_of(refused, 403)
    stale = wish(stands) | {"record_sha256": "0" * 64}
    problem_of(post(client, "returns", stale, chief), 409)
    returned = post(client, "returns", wish(stands, "写真3を撮り直すこと"), chief)
    assert returned.status_code == 200, returned.text
    found = returned.json()
    assert (found["state"], found["version"], found["missing"]) == ("sent_back", 1, [])
    assert found["sent_back"]["why"] == "写真3を撮り直すこと"
    assert found["sent_back"]["by"] == chief.account.display_name
    problem = problem_of(post(client, "approvals", wish(found), chief), 409)
    assert "sent_back" in problem["detail"]
    # an engineer says that it stands
    problem_of(post(client, "resubmissions", wish(stands, sha256=False), engineer), 409)
    answered = post(client, "resubmissions", wish(found, "撮影済み", sha256=False), engineer)
    assert answered.status_code == 200, answered.text
    again = answered.json()
    assert (again["state"], again["sent_back"]) == ("diagnosed", None)
    twice = post(client, "resubmissions", wish(again, sha256=False), engineer)
    problem_of(twice, 409)
    # sent back once more: now somebody changes a verdict, and it waits by itself
    post(client, "returns", wish(again, "桁端を確認"), chief)
    verdict(services, settled, Action.REOPEN, note="また見る")
    assert read(client, settled, chief)["state"] == "ai_reviewed"
    verdict(services, settled, Action.CONFIRM)
    changed = read(client, settled, chief)
    assert (changed["state"], changed["sent_back"]) == ("diagnosed", None)
    told = content(client, settled, chief)
    assert told["compared_with"]["why"] == "桁端を確認"
    (change,) = told["changes"]
    assert (change["part"], change["field"]) == ("defect", "confirmed_by")
    assert change["after"] == "別の確認者" and told["change_count"] == 1
    assert [one["action"] for one in told["history"]] == ["send_back", "resubmit", "send_back"]
    assert post(client, "approvals", wish(changed), chief).status_code == 201


def test_an_approver_reads_all_of_it_page_by_page(
    client: TestClient, settled: Seeded, chief: Person
) -> None:
    told = content(client, settled, chief, limit=2)
    record = told["record"]
    assert (told["is_approved"], told["compared_with"], told["changes"]) == (False, None, [])
    assert (record["defect_count"], record["defects_next"]) == (3, 2)
    assert (record["damage_count"], record["damages_next"]) == (1, None)
    assert record["damages"][0]["line"].startswith("⑦")
    assert record["surveys"][0]["survey_id"] == str(settled.mapped.survey_id)
    rest = content(client, settled, chief, limit=2, defects_after=2)["record"]
    ids = {one["defect_id"] for one in (*record["defects"], *rest["defects"])}
    known = {str(one.defect_id) for one in settled.mapped.defects}
    assert len(ids) == 3 and ids < known and rest["defects_next"] is None
    for one in record["defects"]:
        shown = client.get(f"/api/defects/{one['defect_id']}/chip.png", headers=chief.headers)
        assert shown.status_code == 200, "the evidence is there"
    beyond = content(client, settled, chief, defects_after=10**9)["record"]
    assert beyond["defects"] == [] and beyond["defect_count"] == 3
    stands = read(client, settled, chief)
    approved = {**wish(stands), "findings": {"remarks": "所見"}}
    assert post(client, "approvals", approved, chief).status_code == 201
    told = content(client, settled, chief)
    assert told["is_approved"] and told["record"]["findings"] == ["remarks"]
    assert told["compared_with"]["action"] == "approve" and told["changes"] == []


def test_what_cannot_be_compiled_yet_shows_no_record(
    client: TestClient, seeded: Seeded, chief: Person
) -> None:
    told = content(client, seeded, chief)
    assert told["record"] is None and told["history"] == [] and told["change_count"] == 0
    missing = client.get(
        f"{PLACE}/content", params={"asset_id": "x", "fiscal_year": 2026}, headers=chief.headers
    )
    problem_of(missing, 404)


def listed(client: TestClient, person: Person, **query: Any) -> list[dict[str, Any]]:
    """Walk through the list."""
    rows: list[dict[str, Any]] = []
    mark = None
    while True:
        asked = query | ({} if mark is None else {"after": mark})
        answer = client.get(f"{PLACE}/list", params=asked, headers=person.headers)
        assert answer.status_code == 200, answer.text
        rows += answer.json()["inspections"]
        mark = answer.json()["next"]
        if mark is None:
            return rows


def crowd(services: Services, seeded: Seeded) -> None:
    """Add assets in every condition, some with several years, and surveys that failed."""
    with writing(services.engine) as connection:
        flown = surveys.by_id(connection, seeded.mapped.survey_id)
        for n in range(130):
            known: dict[str, Any] = {}
            if n % 3 == 0:
                known = {
                    "soundness": "II" if n % 2 else "?",
                    "inspection_fiscal_year": 2020 + n % 5,
                }
            made = Asset(asset_id=f"R{n:03}", name="橋", kind=AssetKind.BRIDGE, attributes=known)
            assets.save(connection, made)
            if n % 7 == 0:
                state = (SurveyState.FAILED, SurveyState.CREATED, SurveyState.PROCESSED)[n % 3]
                one = replace(
                    flown, survey_id=uuid.uuid4(), asset_id=made.asset_id, state=state,
                    created_at=NOW.replace(year=2023 + n % 3),
                )  # fmt: skip
                surveys.save(connection, one)


def test_the_list_says_of_each_what_it_says_alone(
    client: TestClient, services: Services, settled: Seeded, chief: Person
) -> None:
    crowd(services, settled)
    stands = read(client, settled, chief)
    assert post(client, "returns", wish(stands), chief).status_code == 200
    whole = listed(client, chief, limit=100)
    assert len({(one["asset_id"], one["fiscal_year"]) for one in whole}) == len(whole)
    with reading(services.engine) as connection:
        ids = sorted(one.asset_id for one in assets.find(connection, limit=500).rows)
        expected = [(one, year) for one in ids for year in years_of(connection, one)]
        assert [(one["asset_id"], one["fiscal_year"]) for one in whole] == expected
        for one in whole:
            alone = progress(connection, one["asset_id"], one["fiscal_year"])
            found = alone.evidence
            assert one["state"] == alone.state.value, one
            assert (one["surveys"], one["surveys_failed"]) == (found.surveys, found.failed)
            assert (one["unreviewed"], one["element_records"]) == (found.unreviewed, found.records)
            assert bool(one["soundness"]) is found.diagnosed
    assert {one["state"] for one in whole} >= {"captured", "planned", "diagnosed", "sent_back"}
    (returned,) = listed(client, chief, state="sent_back")
    assert returned["last"]["why"] == "照査済" and returned["asset_id"] == stands["asset_id"]
    # small pages, narrowed by state and year, are the whole narrowed
    two = [one for one in whole if one["state"] in ("diagnosed", "captured")]
    assert listed(client, chief, limit=7, state=["diagnosed", "captured"]) == two
    ours = [
        one
        for one in whole
        if one["surveys"] or one["surveys_failed"] or one["element_records"] or one["last"]
    ]
    assert 5 < len(ours) < len(whole)
    assert listed(client, chief, limit=9, ledger_only=False) == ours
    year = [one for one in whole if one["fiscal_year"] == 2022]
    assert len(year) > 3 and listed(client, chief, limit=1, fiscal_year=2022) == year


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("after=nonsense", "no place in the list"),
        ("after=W10", "no place in the list"),
        ("after=WyJhXHUwMDAwIiwxXQ", "no place in the list"),
        ("after=a.b", "query.after"),
        ("limit=101", "query.limit"),
        ("state=dragon", "query.state"),
        ("fiscal_year=1900", "query.fiscal_year"),
    ],
)
def test_a_list_that_cannot_be_is_refused(client: TestClient, query: str, says: str) -> None:
    assert says in problem_of(client.get(f"{PLACE}/list?{query}"), 422)["detail"]


def test_one_lists_and_decides_only_what_ones_own_organisation_has(
    client: TestClient, services: Services, settled: Seeded, chief: Person
) -> None:
    add_cities(services.engine)
    stranger = add_person(services.engine, Role.PLANNER, "city-a", NOW, approver=True)
    assert listed(client, stranger) == []
    problem_of(client.get(f"{PLACE}/content", params=ask(settled), headers=stranger.headers), 404)
    stands = read(client, settled, chief)
    problem_of(post(client, "returns", wish(stands), stranger), 404)
    city = add_person(services.engine, Role.ENGINEER, "city-a", NOW)
    problem_of(post(client, "diagnoses", diagnosis(settled, "III"), city), 404)
    assert read(client, settled, chief) == stands
    assert InspectionState(stands["state"]) is InspectionState.DIAGNOSED
