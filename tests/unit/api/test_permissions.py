"""Every route × every role, by real requests; and the matrix keeps the rules of review."""

import re
import uuid
from contextlib import closing
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

import api
from api.app import create_app
from api.deps import Services
from api.gate import route_lines
from api.permission import ANYONE, PUBLIC, parse, permissions
from api.permission_page import document
from inspection.domain.account import APPROVING, Membership, Role
from inspection.errors import BadCodelist, BadInput
from inspection.store.scope import HOME
from tests.support.people import Person, add_person, add_token
from tests.support.seed import Seeded
from tests.unit.api.conftest import BASE_URL, NOW

EVERYBODY = {PUBLIC, ANYONE}
CHANGING_NO_ROW = {
    "POST /api/session",
    "DELETE /api/session",
    "POST /api/account/password",  # one's own, like what follows
    "POST /api/account/tokens",
    "DELETE /api/account/tokens/{token_id}",
    "POST /api/flight/plans",  # computes a plan and keeps nothing
    "POST /api/flight/plans/files/{file_format}",
    "POST /api/surveys/{survey_id}/photos/known",  # asks which photos are here
}
"""Other methods than GET that are no change of what people share."""
DOCUMENT = Path(api.__file__).parents[1] / "docs" / "who-may-do-what.md"


@pytest.fixture
def people(services: Services) -> dict[Role, Person]:
    """Give one person for each role, signed in."""
    return {role: add_person(services.engine, role, HOME, NOW) for role in Role}


def address(name: str, seeded: Seeded) -> tuple[str, str]:
    """Fill the parameters of a route with things that exist."""
    method, path = name.split(" ", 1)
    survey = seeded.mapped
    known = {
        "survey_id": survey.survey_id,
        "asset_id": survey.asset_id,
        "defect_id": survey.defects[0].defect_id,
        "feature_id": survey.defects[0].defect_id,
        "earlier_id": survey.survey_id,
        "collection_id": "defects",
        "sha256": survey.photo_sha256,
        "kind": "not-found",
        "file_format": "csv",
        "image_format": "png",
        "job_id": survey.survey_id,
        "upload_id": survey.survey_id,
        "edit_id": survey.survey_id,
        "event_id": survey.survey_id,
        "own_model_id": survey.survey_id,
        "trial_id": survey.survey_id,
        "account_id": survey.survey_id,
        "token_id": "0" * 12,
        "asset": "nothing.js",
        "view": "surveys",
        "month": "2026-04",
        "name": "assets.csv",
        "z": 0,
        "x": 0,
        "y": 0,
    }
    return method, re.sub(r"{(\w+)}", lambda found: str(known[found[1]]), path)


def send(client: TestClient, name: str, seeded: Seeded, headers: dict[str, str]) -> int:
    method, path = address(name, seeded)
    if path.endswith("/photos") and method == "POST":
        files = {"files": ("a.jpg", b"x", "image/jpeg")}
        return client.post(path, files=files, headers=headers).status_code
    if method == "PATCH":
        sent = {**headers, "content-type": "application/offset+octet-stream"}
        return client.request(method, path, content=b"x", headers=sent).status_code
    if path.endswith("/file") and method == "PUT":
        sent = {**headers, "content-type": "application/octet-stream"}
        return client.put(path, content=b"x", headers=sent).status_code
    body = {} if method in {"POST", "PUT", "PATCH"} else None
    return client.request(
        method, path, json=body, headers=headers, follow_redirects=False
    ).status_code


def test_every_route_is_listed_and_every_line_is_a_route(app: FastAPI) -> None:
    there = {line.name for line in route_lines(app)}
    listed = set(permissions().routes)
    assert there - listed == set(), "say in api/permissions.yaml who may use these"
    assert listed - there == set(), "api/permissions.yaml lists routes that are gone"


@pytest.mark.parametrize("role", list(Role))
def test_each_role_gets_where_it_may_and_nowhere_else(
    client: TestClient, services: Services, seeded: Seeded, role: Role
) -> None:
    matrix = permissions()
    for name, right in matrix.routes.items():
        marked = role in APPROVING and right in matrix.rights and matrix.rights[right].approver
        person = add_person(
            services.engine, role, HOME, NOW, name=f"p{abs(hash(name))}", approver=marked
        )
        status = send(client, name, seeded, person.headers)
        may = right in EVERYBODY or role in matrix.rights[right].roles
        if may and name != "POST /api/session":
            assert status not in {401, 403}, f"{role} should reach {name}"
        elif not may:
            assert status == 403, f"{role} reached {name}"


def test_without_a_sign_in_only_what_is_public_answers(
    client: TestClient, people: dict[Role, Person], seeded: Seeded
) -> None:
    strangers = [
        {},
        {"cookie": "tenken_session=" + "x" * 43},
        {"authorization": "Bearer tk_000000000000_" + "x" * 43},
        {"authorization": "Bearer "},
        {"authorization": "Negotiate abc"},
        {"authorization": "Basic !!!", "cookie": f"tenken_session={people[Role.ADMIN].session}"},
    ]
    for name, right in permissions().routes.items():
        for headers in strangers:
            status = send(client, name, seeded, headers)
            if right in EVERYBODY and name != "POST /api/session":
                assert status != 401, name
            elif right not in EVERYBODY:
                assert status == 401, f"{headers} reached {name}"


def test_a_route_that_nobody_listed_is_closed_to_everybody(services: Services) -> None:
    app = create_app(services)
    app.router.routes.insert(0, _extra(app))
    with closing(TestClient(app, base_url=BASE_URL)) as client:
        refused = client.post("/api/secrets", json={})
        assert refused.status_code == 403
        assert "nobody has decided who may use POST /api/secrets" in refused.json()["detail"]
    assert {line.name for line in route_lines(app)} - set(permissions().routes) == {
        "POST /api/secrets"
    }


def test_a_route_that_comes_after_the_first_request_is_closed_too(services: Services) -> None:
    app = create_app(services)
    with closing(TestClient(app, base_url=BASE_URL)) as client:
        assert client.get("/healthz").status_code == 200
        app.router.routes.insert(0, _extra(app))
        assert client.post("/api/secrets", json={}).status_code == 403


def _extra(app: FastAPI) -> object:
    other = FastAPI()

    @other.post("/api/secrets")
    def secrets() -> dict[str, str]:
        return {"secret": "shown"}

    return other.routes[-1]


def test_no_socket_is_opened(client: TestClient) -> None:
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/api/assets"):
        pass


# The rules that the matrix must keep, whatever else is changed in it.


def member(role: Role, *, approver: bool = False) -> Membership:
    return Membership(account_id=uuid.uuid4(), organisation_id=HOME, role=role, approver=approver)


@pytest.mark.parametrize("role", list(Role))
def test_only_an_engineer_decides(role: Role) -> None:
    assert ("decide" in permissions().of(member(role))) is (role is Role.ENGINEER)
    assert permissions().routes["POST /api/defects/{defect_id}/verdicts"] == "decide"


@pytest.mark.parametrize("role", list(Role))
def test_only_an_approver_approves_and_nobody_who_decides_is_one(role: Role) -> None:
    assert "approve" not in permissions().of(member(role))
    if role in {Role.PLANNER, Role.ADMIN}:
        assert "approve" in permissions().of(member(role, approver=True))
        return
    with pytest.raises(BadInput, match="cannot be an approver"):
        member(role, approver=True)


def test_a_viewer_changes_nothing_and_nothing_public_changes_anything() -> None:
    matrix = permissions()
    for name, right in matrix.routes.items():
        if name.startswith("GET ") or name in CHANGING_NO_ROW:
            continue
        assert right not in EVERYBODY, name
        assert Role.VIEWER not in matrix.rights[right].roles, name


def test_what_is_public_shows_no_row(client: TestClient, seeded: Seeded, people: object) -> None:
    secret_words = ["bridge-12", "quay-3", str(seeded.mapped.survey_id)]
    for name, right in permissions().routes.items():
        if right in EVERYBODY and name.startswith("GET "):
            method, path = address(name, seeded)
            text = client.request(method, path, follow_redirects=False).text
            assert not [word for word in secret_words if word in text], name


def test_a_right_that_is_not_described_is_refused() -> None:
    with pytest.raises(BadCodelist, match="needs a right 'fly'"):
        parse("rights: {}\nroutes: {GET /api/x: fly}")


def test_a_token_may_do_what_its_scopes_and_its_person_both_may(
    client: TestClient, services: Services, seeded: Seeded, people: dict[Role, Person]
) -> None:
    engineer = people[Role.ENGINEER]
    looking = {"authorization": f"Bearer {add_token(services.engine, engineer, {'look'}, NOW)}"}
    assert send(client, "GET /api/assets", seeded, looking) == 200
    assert send(client, "POST /api/surveys", seeded, looking) == 403
    # a scope that the person does not have gives nothing
    greedy = add_token(services.engine, engineer, {"look", "describe"}, NOW)
    headers = {"authorization": f"Bearer {greedy}"}
    assert send(client, "PUT /api/assets/{asset_id}", seeded, headers) == 403
    assert send(client, "GET /api/assets", seeded, headers) == 200


def test_the_document_shows_the_matrix_as_it_is() -> None:
    written = DOCUMENT.read_text(encoding="utf-8")
    assert written == document(), "run 'make permissions' and commit docs/who-may-do-what.md"
    for right in permissions().rights.values():
        assert right.means_en in written and right.means_ja in written
    assert written.count("\n| `") == len(permissions().rights) + len(permissions().routes)
