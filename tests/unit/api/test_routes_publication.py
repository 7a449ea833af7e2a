"""Records as files and publication over HTTP: what is signed, what is public, what would be."""

import io
import json
from dataclasses import replace
from typing import Any

import openpyxl
import pytest
from fastapi.testclient import TestClient

from api.deps import Services
from api.routes.records import MEDIA_TYPES
from inspection.domain.account import Role
from inspection.domain.assetsheet import LedgerEntry
from inspection.domain.privatearea import (
    MarkAction,
    PrivacyMark,
    PrivateArea,
    PrivateKind,
    Screening,
)
from inspection.pipeline.recordfile import RecordFormat
from inspection.store import audit, keys, privacy, releases, sheets
from inspection.store.engine import reading, writing
from inspection.store.scope import HOME
from tests.support.people import Person, add_cities, add_person
from tests.support.released import FISCAL_YEAR, SECRETS, settle
from tests.support.seed import Seeded
from tests.unit.api.conftest import NOW
from tests.unit.api.test_hostile_requests import problem_of

INSPECTIONS, PLACE = "/api/inspections", "/api/publications"


@pytest.fixture
def chief(services: Services) -> Person:
    return add_person(services.engine, Role.PLANNER, HOME, NOW, name="chief", approver=True)


@pytest.fixture
def settled(services: Services, seeded: Seeded) -> Seeded:
    with writing(services.engine) as connection:
        settle(connection, seeded.mapped)
    return seeded


@pytest.fixture
def approved(client: TestClient, settled: Seeded, chief: Person) -> Seeded:
    approve(client, settled, chief)
    return settled


def ask(seeded: Seeded, **more: Any) -> dict[str, Any]:
    return {"asset_id": seeded.mapped.asset_id, "fiscal_year": FISCAL_YEAR, **more}


def approve(client: TestClient, seeded: Seeded, person: Person) -> None:
    stands = client.get(INSPECTIONS, params=ask(seeded), headers=person.headers).json()
    body = ask(seeded, expected_version=stands["version"], why="照査済")
    body["record_sha256"] = stands["record_sha256"]
    answer = client.post(f"{INSPECTIONS}/approvals", json=body, headers=person.headers)
    assert answer.status_code == 201, answer.text


def fetched(client: TestClient, seeded: Seeded, kind: str, person: Person, **more: Any) -> Any:
    place = f"{INSPECTIONS}/record.{kind}"
    return client.get(place, params=ask(seeded, **more), headers=person.headers)


def look(client: TestClient, seeded: Seeded, person: Person, **more: Any) -> dict[str, Any]:
    answer = client.get(PLACE, params=ask(seeded, **more), headers=person.headers)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def decide(client: TestClient, seeded: Seeded, person: Person, *, to: str = "", **more: Any) -> Any:
    body = ask(seeded, **{"expected_version": 1, "why": "定例公開", **more})
    return client.post(f"{PLACE}{to}", json=body, headers=person.headers)


def test_the_form_and_its_kin_are_downloaded(
    client: TestClient, services: Services, approved: Seeded, chief: Person
) -> None:
    """PDF needs libraries of the system and is fetched by its own test."""
    for kind in set(RecordFormat) - {RecordFormat.PDF}:
        answer = fetched(client, approved, kind.value, chief)
        assert answer.status_code == 200, (kind, answer.text)
        assert answer.headers["content-type"] == MEDIA_TYPES[kind]
        name = f"record-{approved.mapped.asset_id}-{FISCAL_YEAR}.{kind.value}"
        assert answer.headers["content-disposition"].endswith(f"filename*=UTF-8''{name}")
        assert answer.headers["cache-control"] == "no-store"
        if kind is RecordFormat.XLSX:
            book = openpyxl.load_workbook(io.BytesIO(answer.content))
            assert book.sheetnames[0] == "様式-1"
            cells = {c.value for row in book["様式-1"].iter_rows() for c in row}
            assert "犀川大橋" in cells
        if kind is RecordFormat.JSON:
            told = json.loads(answer.content)
            assert told["record"]["diagnosis"]["value"] == "II"
    plain = fetched(client, approved, "csv", chief).content
    cp932 = fetched(client, approved, "csv", chief, encoding="cp932")
    assert cp932.headers["content-type"] == "text/csv; charset=shift_jis"
    assert cp932.content.decode("cp932").splitlines() == plain.decode("utf-8-sig").splitlines()
    problem_of(fetched(client, approved, "docx", chief), 422)
    assert not list(services.scratch.glob("record-*")), "no draft is left lying about"


def test_the_record_is_printed_as_pdf(client: TestClient, approved: Seeded, chief: Person) -> None:
    answer = fetched(client, approved, "pdf", chief, lang="en")
    assert answer.status_code == 200, answer.text
    assert answer.content.startswith(b"%PDF-")


def test_only_what_is_approved_is_printed_and_as_it_was(
    client: TestClient, services: Services, settled: Seeded, chief: Person
) -> None:
    problem = problem_of(fetched(client, settled, "json", chief), 404)
    assert "only approved results reach records" in problem["detail"]
    approve(client, settled, chief)
    first = fetched(client, settled, "json", chief).content
    with writing(services.engine) as connection:
        settle_anew(connection, settled, kana="ベツノナ")
    assert fetched(client, settled, "json", chief).content == first
    other = fetched(client, settled, "json", chief, fiscal_year=2025)
    assert "2025" in problem_of(other, 404)["detail"]
    add_cities(services.engine)
    stranger = add_person(services.engine, Role.VIEWER, "city-a", NOW)
    problem_of(fetched(client, settled, "json", stranger), 404)


def settle_anew(connection: Any, seeded: Seeded, **changes: str) -> None:
    """Let the ledger say something else of the asset."""
    entry = sheets.by_id(connection, seeded.mapped.asset_id)
    sheets.save(connection, [LedgerEntry(asset=entry.asset, sheet=replace(entry.sheet, **changes))])


def test_what_would_be_published_is_seen_and_then_is(
    client: TestClient, services: Services, approved: Seeded, chief: Person
) -> None:
    before = look(client, approved, chief)
    assert (before["is_public"], before["stopped"], before["state"]) == (False, None, "approved")
    columns = {one["name"]: one for one in before["columns"]}
    assert columns["name"]["would_be"] == "犀川大橋" and columns["name"]["ja"] == "橋梁名"
    assert all(one["public"] == "" for one in before["columns"])
    assert before["damages_would_be"] == 3 and before["damages_public"] == 0
    (rounded,) = [one for one in before["applied"] if one["code"] == "position_rounded"]
    assert (rounded["en"], rounded["ja"]) == (
        "position rounded to 5 decimals",
        "位置を小数5桁に丸めます",
    )
    assert not any(secret in json.dumps(before, ensure_ascii=False) for secret in SECRETS)
    hidden = look(client, approved, chief, blur=True, show_damage=False)
    blurred = {one["name"]: one["would_be"] for one in hidden["columns"]}
    assert blurred["position"] == "mesh" and "address" not in blurred
    assert hidden["damages_would_be"] == 0
    answer = decide(client, approved, chief, blur=True, show_damage=False)
    assert answer.status_code == 201, answer.text
    found = answer.json()
    assert (found["state"], found["version"], found["is_public"]) == ("published", 2, True)
    public = {one["name"]: one["public"] for one in found["columns"]}
    assert public["position"] == "mesh" and public["lat_deg"] == blurred["lat_deg"]
    # what everybody sees stays, whatever one asks that would be
    exact = look(client, approved, chief)
    assert {one["name"]: one["public"] for one in exact["columns"] if one["public"]} == public
    with reading(services.engine) as connection:
        (one,) = releases.published(connection)
        assert one.public_row is not None and one.public_row["row"]["position"] == "mesh"
    problem_of(decide(client, approved, chief, expected_version=2), 409)
    taken = decide(client, approved, chief, to="/withdrawals", expected_version=2, why="誤記")
    assert taken.status_code == 200, taken.text
    assert (taken.json()["state"], taken.json()["is_public"]) == ("approved", False)
    problem_of(decide(client, approved, chief, to="/withdrawals", expected_version=3), 409)
    with reading(services.engine) as connection:
        told = {entry.action: entry.actor for entry in audit.find(connection)}
    account_id = str(chief.account.account_id)
    assert told["publish_inspection"] == told["withdraw_publication"] == account_id


def test_the_gate_says_what_it_stops_and_stops_it(
    client: TestClient, services: Services, settled: Seeded, chief: Person
) -> None:
    with writing(services.engine) as connection:
        settle_anew(connection, settled, address="片町 山田様 076-220-1234")
    approve(client, settled, chief)
    found = look(client, settled, chief)
    assert found["stopped"]["code"] == "stopped_by_text" and "address" in found["stopped"]["en"]
    assert "「所在地_連結表記」に電話番号とみられる" in found["stopped"]["ja"]
    assert (found["columns"], found["damages_would_be"]) == ([], 0)
    problem = problem_of(decide(client, settled, chief), 403)
    assert problem["detail"] == found["stopped"]["en"]
    with reading(services.engine) as connection:
        assert releases.published(connection) == ()


@pytest.mark.parametrize(
    ("changes", "status", "says"),
    [
        ({"expected_version": 0}, 409, "meanwhile"),
        ({"why": ""}, 422, "why"),
        ({"why": " "}, 422, "reason"),
        ({"fiscal_year": 2025}, 404, "2025"),
        ({"asset_id": "none"}, 404, "none"),
        ({"blur": "perhaps"}, 422, "blur"),
    ],
)
def test_what_was_not_read_or_has_no_reason_is_not_published(
    *, client: TestClient, approved: Seeded, chief: Person, changes: Any, status: int, says: str
) -> None:
    assert says in problem_of(decide(client, approved, chief, **changes), status)["detail"]
    assert not look(client, approved, chief)["is_public"]
    stale = decide(client, approved, chief, to="/withdrawals", expected_version=9)
    problem_of(stale, 409)


@pytest.mark.parametrize("role", list(Role))
def test_without_the_mark_of_an_approver_nobody_publishes(
    client: TestClient, services: Services, approved: Seeded, role: Role
) -> None:
    person = add_person(services.engine, role, HOME, NOW)
    for to in ("", "/withdrawals"):
        problem_of(decide(client, approved, person, to=to), 403)
    assert look(client, approved, person)["state"] == "approved", "everybody here may look"


def test_pictures_are_published_only_when_screened_and_looked_at(
    client: TestClient, approved: Seeded, chief: Person, services: Services
) -> None:
    survey = approved.mapped

    def told(**more: Any) -> set[str]:
        answer = client.get(PLACE, params=ask(approved, **more), headers=viewer.headers)
        return {one["code"] for one in answer.json()["applied"]}

    viewer = add_person(services.engine, Role.VIEWER, HOME, NOW)
    assert "picture_not_screened" in told(pictures=True)
    area = PrivateArea(kind=PrivateKind.PERSON, box_px=(100, 50, 200, 150), score=0.9)
    found = Screening(detector_id="test@1", size_px=(600, 360), areas=(area,), at=NOW)
    with writing(services.engine) as connection:
        privacy.add_screening(connection, survey.survey_id, survey.photo_sha256, found)
    assert "picture_not_cleared" in told(pictures=True)
    seen = PrivacyMark(action=MarkAction.CLEAR, by="公開担当", at=NOW)
    with writing(services.engine) as connection:
        privacy.add_mark(connection, survey.survey_id, survey.photo_sha256, seen)
    original = keys.photo_key(survey.photo_sha256, ".jpg")
    content = services.blobs.read_bytes(original)
    services.blobs.delete(original)
    assert "pictures" in told(pictures=True), "whoever may look has no photo decoded"
    services.blobs.put_bytes(original, content)
    assert "words_and_photos_inside" in told()
    assert list(services.blobs.keys("public/")) == []  # looking publishes nothing
    version = client.get(PLACE, params=ask(approved), headers=chief.headers).json()["version"]
    body = ask(approved, expected_version=version, why="定例公開", pictures=True)
    done = client.post(PLACE, json=body, headers=chief.headers)
    assert done.status_code == 201, done.text
    said = {one["code"]: one["ja"] for one in done.json()["applied"]}
    assert said["pictures"].startswith("写真1枚を公開します")
    assert (done.json()["is_public"], done.json()["version"]) == (True, version + 1)
    (key,) = services.blobs.keys("public/")
    assert survey.photo_sha256 not in key
    with reading(services.engine) as connection:
        release = releases.find(connection, survey.asset_id, FISCAL_YEAR)
    assert release is not None and release.public_row is not None
    names = {damage["photo"] for damage in release.public_row["damages"]}
    assert len(names) == 1 and key.endswith(names.pop().removeprefix("photo_"))
