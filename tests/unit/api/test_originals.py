"""Who sees photos as they were taken: not the viewer, who sees them blurred or not at all."""

from fastapi.testclient import TestClient

from api.deps import Services
from inspection.domain.account import Role
from inspection.store.scope import HOME
from tests.support.people import Person, add_person, add_token
from tests.support.seed import Seeded
from tests.unit.api.conftest import NOW


def person(services: Services, role: Role) -> Person:
    return add_person(services.engine, role, HOME, NOW)


def addresses(seeded: Seeded) -> tuple[str, str]:
    survey = seeded.mapped
    photo = f"photos/{survey.photo_sha256}"
    return (
        f"/api/surveys/{survey.survey_id}/{photo}",
        f"/api/defects/{survey.defects[0].defect_id}/{photo}.jpg?window=0,0,600,360",
    )


def test_a_viewer_never_gets_an_original(
    client: TestClient, services: Services, seeded: Seeded
) -> None:
    original, _ = addresses(seeded)
    viewer = person(services, Role.VIEWER)
    refused = client.get(original, headers=viewer.headers)
    assert refused.status_code == 403 and "originals" in refused.json()["detail"]
    for role in (Role.CREW, Role.ENGINEER, Role.PLANNER, Role.ADMIN):
        assert client.get(original, headers=person(services, role).headers).status_code == 200


def test_a_token_that_only_looks_gets_none_either(
    client: TestClient, services: Services, seeded: Seeded
) -> None:
    original, part = addresses(seeded)
    engineer = person(services, Role.ENGINEER)
    headers = {"authorization": f"Bearer {add_token(services.engine, engineer, {'look'}, NOW)}"}
    assert client.get(original, headers=headers).status_code == 403
    assert client.get(part, headers=headers).status_code == 404
    whole = add_token(services.engine, engineer, {"look", "originals"}, NOW)
    assert client.get(original, headers={"authorization": f"Bearer {whole}"}).status_code == 200
