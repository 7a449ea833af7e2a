"""Photos that somebody takes out of a survey and puts back; surveys that nobody may touch now."""

from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from api.deps import Services
from inspection.domain.account import Role
from inspection.errors import Conflict
from inspection.pipeline.backup import blobs_of_rows
from inspection.store import audit, jobs, photos, removals, surveys
from inspection.store.engine import reading, writing
from inspection.store.scope import HOME
from inspection.store.tables import photos as photo_table
from inspection.store.tables import survey_photos
from inspection.store.upload_tables import photo_removals
from tests.support.edited import draw, listed, split
from tests.support.people import Person, add_cities, add_person
from tests.support.seed import Seeded, SeededSurvey, keep_seeded_views
from tests.support.tus import TusClient, photo
from tests.unit.api.conftest import NOW
from tests.unit.api.test_hostile_requests import problem_of

CONDUCT = "conduct"


@pytest.fixture
def survey(seeded: Seeded) -> SeededSurvey:
    return seeded.mapped


def place(survey: SeededSurvey, what: str = "", sha256: str | None = None) -> str:
    address = f"/api/surveys/{survey.survey_id}/photos/{sha256 or survey.photo_sha256}"
    return f"{address}/{what}" if what else address


def decide(client: TestClient, survey: SeededSurvey, what: str, **more: Any) -> Any:
    headers = more.pop("headers", {})
    told = {"why": "手振れ", "by": "撮影班", **more}
    return client.post(place(survey, what), json=told, headers=headers)


def detail(client: TestClient, survey: SeededSurvey, person: Person | None = None) -> Any:
    headers = {} if person is None else person.headers
    return client.get(f"/api/surveys/{survey.survey_id}", headers=headers).json()


def processing(services: Services, survey: SeededSurvey) -> Any:
    """Let a worker be at the survey; give its job."""
    with writing(services.engine) as connection:
        return jobs.enqueue(connection, survey.survey_id, CONDUCT, NOW)


def done(services: Services, job: Any) -> None:
    with writing(services.engine) as connection:
        jobs.cancel(connection, job.job_id, NOW)


def test_a_photo_is_taken_out_with_its_reason_and_put_back(
    client: TestClient, services: Services, survey: SeededSurvey
) -> None:
    before = detail(client, survey)
    assert before["left_out"] == []
    count = before["photo_count"]
    answer = decide(client, survey, "removal")
    assert answer.status_code == 201, answer.text
    assert (answer.json()["action"], answer.json()["why"]) == ("remove", "手振れ")
    after = detail(client, survey)
    assert after["photo_count"] == count - 1 == len(after["photos"])
    (left,) = after["left_out"]
    assert left == answer.json() and left["photo"]["sha256"] == survey.photo_sha256
    assert (left["by"], left["at"]) == ("撮影班", "2026-05-02T09:30:00Z")
    with reading(services.engine) as connection:
        used = photos.of_survey(connection, survey.survey_id)
        every = photos.of_survey(connection, survey.survey_id, left_out=None)
        assert {one.sha256 for one in every} - {one.sha256 for one in used} == {survey.photo_sha256}
    problem = problem_of(decide(client, survey, "removal"), 409)
    assert "already" in problem["detail"]
    back = decide(client, survey, "restoration", why="見直した結果、使える")
    assert back.status_code == 201, back.text
    again = detail(client, survey)
    assert (again["photos"], again["left_out"]) == (before["photos"], [])
    problem_of(decide(client, survey, "restoration"), 409)
    with reading(services.engine) as connection:
        told = removals.history(connection, survey.survey_id, survey.photo_sha256)
    assert [(one.action.value, one.why) for one in told] == [
        ("remove", "手振れ"), ("restore", "見直した結果、使える")
    ]  # fmt: skip


def test_what_was_made_with_a_photo_keeps_it(
    client: TestClient, services: Services, survey: SeededSurvey
) -> None:
    """Evidence names it, another survey uses it: its row and its file stay for both."""
    with writing(services.engine) as connection:
        row = connection.execute(
            sa.select(survey_photos).where(survey_photos.c.sha256 == survey.photo_sha256)
        ).first()
        assert row is not None
        other = next(
            one.survey_id
            for one in surveys.find(connection).rows
            if one.survey_id != survey.survey_id
        )
        connection.execute(
            sa.insert(survey_photos).values(survey_id=other, sha256=row.sha256, name=row.name)
        )
    defect_id = survey.defects[0].defect_id
    seen = client.get(f"/api/defects/{defect_id}").json()["photos"]
    original = client.get(place(survey))
    assert original.status_code == 200 and seen
    assert decide(client, survey, "removal").status_code == 201
    assert client.get(f"/api/defects/{defect_id}").json()["photos"] == seen
    assert client.get(place(survey)).content == original.content
    assert client.get(place(survey, "thumbnail")).status_code == 200
    with reading(services.engine) as connection:
        named = [key for key in blobs_of_rows(connection) if survey.photo_sha256 in key]
        assert len(named) >= 2, "the storage page clears nothing away that a row names"
        assert connection.execute(sa.select(sa.func.count()).select_from(photo_table)).scalar_one()
        assert survey.photo_sha256 in {p.sha256 for p in photos.of_survey(connection, other)}


def test_a_survey_without_photos_is_not_processed_and_the_same_file_is_known(
    client: TestClient, survey: SeededSurvey
) -> None:
    for one in detail(client, survey)["photos"]:
        answer = client.post(
            place(survey, "removal", one["sha256"]), json={"why": "別の橋", "by": "撮影班"}
        )
        assert answer.status_code == 201
    problem = problem_of(client.post(f"/api/surveys/{survey.survey_id}/process"), 422)
    assert "no usable photo" in problem["detail"]
    asked = {"sha256s": [survey.photo_sha256]}
    known = client.post(f"/api/surveys/{survey.survey_id}/photos/known", json=asked).json()
    assert [one["sha256"] for one in known["here"]] == [survey.photo_sha256]


def test_who_takes_photos_out_is_known_and_may(
    client: TestClient, services: Services, survey: SeededSurvey
) -> None:
    people = {role: add_person(services.engine, role, HOME, NOW) for role in Role}
    for role in (Role.VIEWER, Role.ADMIN):
        for what in ("removal", "restoration"):
            problem_of(decide(client, survey, what, headers=people[role].headers), 403)
    crew = people[Role.CREW]
    answer = decide(client, survey, "removal", by="somebody else", headers=crew.headers)
    assert answer.json()["by"] == crew.account.display_name
    add_cities(services.engine)
    stranger = add_person(services.engine, Role.CREW, "city-a", NOW)
    problem_of(decide(client, survey, "restoration", headers=stranger.headers), 404)
    assert len(detail(client, survey, crew)["left_out"]) == 1
    with reading(services.engine) as connection:
        lines = [one for one in audit.find(connection) if one.action == "remove_photo"]
    assert {one.actor for one in lines} == {str(crew.account.account_id)}
    assert len(lines) == 2, "the photo of the survey, and the reason"


@pytest.mark.parametrize(
    ("sha256", "told", "status"),
    [
        (None, {"why": ""}, 422),
        (None, {"why": " \n"}, 422),
        (None, {"why": "x" * 1001}, 422),
        (None, {"why": "a\0b"}, 422),
        (None, {"why": "x", "by": ""}, 422),
        (None, {"why": "x", "by": "a\nb"}, 422),
        ("0" * 64, {"why": "x"}, 404),
        ("abc", {"why": "x"}, 422),
    ],
)
def test_what_cannot_be_is_refused(
    client: TestClient, survey: SeededSurvey, sha256: str | None, told: Any, status: int
) -> None:
    body = {"by": "撮影班", **told}
    problem_of(client.post(place(survey, "removal", sha256), json=body), status)
    assert detail(client, survey)["left_out"] == []


def test_the_history_refuses_changes(
    client: TestClient, services: Services, survey: SeededSurvey
) -> None:
    decide(client, survey, "removal")
    for statement in (sa.delete(photo_removals), sa.update(photo_removals).values(why="x")):
        refused = pytest.raises(Conflict, match="never changed")
        with refused, writing(services.engine) as connection:
            connection.execute(statement)


def test_while_a_survey_is_processed_its_photos_stay_as_they_are(
    client: TestClient, services: Services, seeded: Seeded, tus: TusClient
) -> None:
    """What is on its way still arrives, and counts for the next run; nothing new begins."""
    survey = seeded.local
    content = photo(3)
    begun = tus.begin("late.jpg", content)
    job = processing(services, survey)
    sent = {"files": ("new.jpg", photo(4), "image/jpeg")}
    photos_address = f"/api/surveys/{survey.survey_id}/photos"
    problem = problem_of(client.post(photos_address, files=sent), 409)
    assert "is being processed" in problem["detail"] and "stop the processing" in problem["detail"]
    headers = {"tus-resumable": "1.0.0", "upload-length": "10"}
    refused = client.post(f"/api/surveys/{survey.survey_id}/uploads", headers=headers)
    assert "is being processed" in problem_of(refused, 409)["detail"]
    for what in ("removal", "restoration"):
        problem_of(decide(client, survey, what), 409)
    assert tus.piece(begun, 0, content)[0] == 204
    named = [one["name"] for one in detail(client, survey)["photos"]]
    assert "late.jpg" in named and "new.jpg" not in named
    done(services, job)
    assert client.post(photos_address, files=sent).status_code == 200
    assert decide(client, survey, "removal").status_code == 201


def test_while_a_survey_is_processed_what_it_shows_is_not_edited(
    client: TestClient, services: Services, survey: SeededSurvey
) -> None:
    """Verdicts go on: a new run leaves them as they are."""
    keep_seeded_views(services.blobs, survey)  # type: ignore[arg-type]
    drawn = draw(client, survey)
    assert drawn.status_code == 201, drawn.text
    before = listed(client, survey)
    job = processing(services, survey)
    for answer in (
        split(client, survey),
        draw(client, survey),
        client.post(f"/api/edits/{drawn.json()['edit']['edit_id']}/undo", json={"editor": "佐藤"}),
    ):
        assert "is being processed" in problem_of(answer, 409)["detail"]
    assert listed(client, survey) == before
    told = {"action": "confirm", "reviewer": "佐藤", "expected_version": 1}
    defect_id = survey.defects[1].defect_id
    assert client.post(f"/api/defects/{defect_id}/verdicts", json=told).status_code == 201
    done(services, job)
    assert split(client, survey).status_code == 201
