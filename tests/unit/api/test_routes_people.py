"""People and tokens over HTTP: who may change whom, what is shown once, and who is never lost."""

import logging
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api import passwords
from api.deps import Services
from api.people import ONCE_LIFE
from api.principal import csrf_of
from inspection.domain.account import Membership, Role
from inspection.store import accounts, audit
from inspection.store.engine import reading, writing
from inspection.store.scope import HOME
from tests.support.people import PASSWORD, Person, add_cities, add_person, add_token
from tests.unit.api.conftest import NOW

OWN = "a quite different passphrase"


@pytest.fixture
def admin(services: Services) -> Person:
    return add_person(services.engine, Role.ADMIN, HOME, NOW, name="kanri")


def invite(client: TestClient, admin: Person, **wanted: Any) -> dict[str, Any]:
    body = {"name": "hanako", "role": "engineer"} | wanted
    answer = client.post("/api/people", json=body, headers=admin.headers)
    assert answer.status_code == 201, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return dict(answer.json())


def sign_in(client: TestClient, name: str, password: str) -> Any:
    client.cookies.clear()
    return client.post("/api/session", json={"name": name, "password": password})


def headers_of(signed_in: Any) -> dict[str, str]:
    session = signed_in.cookies["tenken_session"]
    return {"cookie": f"tenken_session={session}", "x-tenken-csrf": csrf_of(session)}


def change(client: TestClient, admin: Person, person: dict[str, Any], **changes: Any) -> Any:
    body = {name: person[name] for name in ("display_name", "role", "approver", "active")}
    path = f"/api/people/{person['account_id']}"
    return client.put(path, json=body | changes, headers=admin.headers)


def people(client: TestClient, admin: Person) -> dict[str, Any]:
    answer = client.get("/api/people", headers=admin.headers)
    return {one["name"]: one for one in answer.json()["people"]}


def events(services: Services) -> list[audit.Event]:
    with reading(services.engine) as connection:
        return list(audit.find(connection))


# adding, and the one-time password


def test_somebody_is_added_signs_in_once_and_sets_their_own_password(
    client: TestClient, admin: Person
) -> None:
    told = invite(client, admin, display_name="金沢 花子")
    secret = told["one_time_password"]
    assert re.fullmatch(r"([2-9a-hj-km-z]{4}-){4}[2-9a-hj-km-z]{4}", secret)
    assert told["person"]["one_time_until"] == (NOW + ONCE_LIFE).isoformat().replace("+00:00", "Z")
    first = sign_in(client, "hanako", secret)
    assert first.status_code == 200 and first.json()["must_change_password"] is True
    assert first.json()["rights"] == ["self"]
    headers = headers_of(first)
    client.cookies.clear()
    assert client.get("/api/assets", headers=headers).status_code == 403
    refused = client.post(
        "/api/account/tokens", json={"label": "x", "scopes": ["look"]}, headers=headers
    )
    assert refused.status_code == 403 and "password of your own" in refused.text
    path = "/api/account/password"
    for old, new, status in (
        ("wrong", OWN, 403),
        (secret, "short", 422),
        (secret, secret, 422),
        (secret, OWN, 204),
    ):
        answer = client.post(path, json={"old": old, "new": new}, headers=headers)
        assert answer.status_code == status, answer.text
        assert new not in answer.text and old not in answer.text
    assert client.get("/api/session", headers=headers).json()["account"] is None
    assert sign_in(client, "hanako", secret).status_code == 401
    own = sign_in(client, "hanako", OWN)
    assert own.json()["must_change_password"] is False and "decide" in own.json()["rights"]
    assert people(client, admin)["hanako"]["one_time_until"] is None


def test_a_one_time_password_ends(
    client: TestClient, admin: Person, services: Services, app: FastAPI
) -> None:
    secret = invite(client, admin)["one_time_password"]

    class Later:
        def now(self) -> Any:
            return NOW + ONCE_LIFE + timedelta(seconds=1)

    app.state.services = replace(services, clock=Later())
    refused = sign_in(client, "hanako", secret)
    assert refused.status_code == 401 and "has ended" in refused.text


def test_somebody_may_have_no_password(client: TestClient, admin: Person) -> None:
    told = invite(client, admin, with_password=False)
    assert told["one_time_password"] is None and told["person"]["has_password"] is False


@pytest.mark.parametrize(
    ("wanted", "status", "words"),
    [
        ({"name": "kanri"}, 409, "choose another name"),
        ({"name": "Ha nako"}, 422, "use 1 to 100"),
        ({"role": "king"}, 422, "role"),
        ({"approver": True}, 422, "cannot be an approver"),
        ({"display_name": "a\nb"}, 422, "one line"),
    ],
)
def test_who_cannot_be_added_is_not(
    client: TestClient, admin: Person, wanted: dict[str, Any], status: int, words: str
) -> None:
    body = {"name": "hanako", "role": "engineer"} | wanted
    answer = client.post("/api/people", json=body, headers=admin.headers)
    assert answer.status_code == status and words in answer.text
    assert list(people(client, admin)) == ["kanri"]


def test_the_first_account_of_all_is_an_admin(client: TestClient) -> None:
    """Any other would end the single-user mode and leave nobody who can add a second."""
    sent = {"name": "hanako", "role": "engineer"}
    refused = client.post("/api/people", json=sent)
    assert refused.status_code == 409 and "admin first" in refused.text
    assert client.post("/api/people", json=sent | {"role": "admin"}).status_code == 201
    assert client.get("/api/people").status_code == 401


# changing


def test_role_mark_name_and_being_active_are_changed(
    client: TestClient, admin: Person, services: Services
) -> None:
    hanako = invite(client, admin)["person"]
    told = change(client, admin, hanako, role="planner", approver=True, display_name="花子")
    assert told.json() == {**hanako, "role": "planner", "approver": True, "display_name": "花子"}
    secret = client.post(
        f"/api/people/{hanako['account_id']}/password", headers=admin.headers
    ).json()["one_time_password"]
    signed_in = headers_of(sign_in(client, "hanako", secret))
    client.cookies.clear()
    off = change(client, admin, told.json(), active=False)
    assert off.json()["active"] is False
    assert client.get("/api/session", headers=signed_in).json()["account"] is None
    assert sign_in(client, "hanako", secret).status_code == 401
    client.cookies.clear()
    assert change(client, admin, off.json(), active=True).json()["active"] is True
    with reading(services.engine) as connection:
        assert list(audit.verify(connection)) == []
    done = [event.action for event in events(services)]
    assert done == [
        "add_person",
        "change_role",
        "rename_person",
        "reset_password",
        "sign_in",
        "disable_person",
        "sign_in_refused",
        "enable_person",
    ]
    by_admin = [event for event in events(services) if not event.action.startswith("sign_in")]
    assert {event.actor for event in by_admin} == {str(admin.account.account_id)}
    assert {event.subject.split()[1] for event in by_admin} == {hanako["account_id"]}
    assert by_admin[1].subject.endswith(" is planner, approver")


@pytest.mark.parametrize("changes", [{"active": False}, {"role": "engineer"}, None])
def test_the_last_admin_cannot_lock_everybody_out(
    client: TestClient, admin: Person, changes: dict[str, Any] | None
) -> None:
    invite(client, admin, name="disabled", role="admin")
    me = people(client, admin)
    change(client, admin, me["disabled"], active=False)
    path = f"/api/people/{me['kanri']['account_id']}"

    def leave() -> int:
        if changes is None:
            return client.delete(path, headers=admin.headers).status_code
        return int(change(client, admin, me["kanri"], **changes).status_code)

    assert leave() == 409
    assert people(client, admin)["kanri"] == me["kanri"]
    change(client, admin, me["disabled"], active=True)
    assert leave() in (200, 204)


def test_a_person_leaves_and_what_they_opened_closes(
    client: TestClient, admin: Person, services: Services
) -> None:
    engineer = add_person(services.engine, Role.ENGINEER, HOME, NOW)
    token = add_token(services.engine, engineer, {"look"}, NOW)
    path = f"/api/people/{engineer.account.account_id}"
    assert client.delete(path, headers=admin.headers).status_code == 204
    assert client.delete(path, headers=admin.headers).status_code == 404
    for headers in (engineer.headers, {"authorization": f"Bearer {token}"}):
        assert client.get("/api/assets", headers=headers).status_code == 401


# organisations


@pytest.fixture
def cities(services: Services) -> dict[str, Person]:
    add_cities(services.engine)
    return {
        city: add_person(services.engine, Role.ADMIN, city, NOW) for city in ("city-a", "city-b")
    }


def test_a_city_s_admin_sees_and_changes_only_its_people(
    client: TestClient, admin: Person, cities: dict[str, Person], services: Services
) -> None:
    engineer = add_person(services.engine, Role.ENGINEER, "city-a", NOW)
    account_id = engineer.account.account_id
    person = people(client, cities["city-a"])[engineer.account.name]
    for stranger in (cities["city-b"], admin):
        assert str(account_id) not in client.get("/api/people", headers=stranger.headers).text
        assert change(client, stranger, person, role="admin").status_code == 404
        for method, rest in (
            ("POST", "/password"),
            ("DELETE", ""),
            ("GET", "/tokens"),
            ("DELETE", f"/tokens/{'0' * 12}"),
        ):
            path = f"/api/people/{account_id}{rest}"
            assert client.request(method, path, headers=stranger.headers).status_code == 404


def test_somebody_of_two_organisations_is_nobody_s_alone(
    client: TestClient, cities: dict[str, Person], services: Services
) -> None:
    """Else a city's admin could sign in as the prefecture's engineer."""
    both = add_person(services.engine, Role.ENGINEER, HOME, NOW, name="both")
    with writing(services.engine) as connection:
        accounts.join(
            connection,
            Membership(
                account_id=both.account.account_id, organisation_id="city-a", role=Role.VIEWER
            ),
        )
    mine = cities["city-a"]
    person = people(client, mine)["both"]
    assert person["elsewhere"] is True and person["role"] == "viewer"
    for changes in ({"active": False}, {"display_name": "x"}):
        refused = change(client, mine, person, **changes)
        assert refused.status_code == 403 and "another organisation" in refused.text
    reset = client.post(f"/api/people/{person['account_id']}/password", headers=mine.headers)
    assert reset.status_code == 403
    assert change(client, mine, person, role="crew").json()["role"] == "crew"
    assert (
        client.delete(f"/api/people/{person['account_id']}", headers=mine.headers).status_code
        == 204
    )
    assert client.get("/api/assets", headers=both.headers).status_code == 200


# tokens


def test_own_tokens_are_shown_once_listed_and_revoked(
    client: TestClient, admin: Person, services: Services
) -> None:
    engineer = add_person(services.engine, Role.ENGINEER, HOME, NOW)
    asked = {"label": "QGIS", "scopes": ["look"], "days": 7}
    told = client.post("/api/account/tokens", json=asked, headers=engineer.headers)
    assert told.status_code == 201 and told.headers["cache-control"] == "no-store"
    secret, token = told.json()["secret"], told.json()["token"]
    bearer = {"authorization": f"Bearer {secret}"}
    assert client.get("/api/assets", headers=bearer).status_code == 200
    listed = client.get("/api/account/tokens", headers=engineer.headers)
    assert listed.json()["tokens"] == [token] and secret not in listed.text
    assert listed.json()["scopes"] == ["capture", "decide", "look", "operate", "originals"]
    path = f"/api/people/{engineer.account.account_id}/tokens"
    seen = client.get(path, headers=admin.headers)
    assert seen.json()["tokens"] == [token] and secret not in seen.text
    other = add_person(services.engine, Role.VIEWER, HOME, NOW)
    own = f"/api/account/tokens/{token['token_id']}"
    assert client.delete(own, headers=other.headers).status_code == 404
    assert client.delete(own, headers=engineer.headers).status_code == 204
    assert client.delete(own, headers=engineer.headers).status_code == 404
    assert client.get("/api/assets", headers=bearer).status_code == 401
    again = client.post("/api/account/tokens", json=asked, headers=engineer.headers).json()
    ended = f"{path}/{again['token']['token_id']}"
    assert client.delete(ended, headers=admin.headers).status_code == 204
    assert [event.action for event in events(services)] == [
        "create_token",
        "revoke_token",
        "create_token",
        "revoke_person_token",
    ]


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"scopes": ["fly"]}, "no scope fly"),
        ({"scopes": ["plan"]}, "cannot have the scope plan"),
        ({"scopes": ["self"]}, "cannot have the scope self"),
        ({"scopes": []}, "scopes"),
        ({"days": 0}, "days"),
        ({"days": 367}, "days"),
        ({"label": "a\nb"}, "one line"),
    ],
)
def test_a_token_that_may_not_be_is_not_made(
    client: TestClient, services: Services, wanted: dict[str, Any], words: str
) -> None:
    engineer = add_person(services.engine, Role.ENGINEER, HOME, NOW)
    asked = {"label": "QGIS", "scopes": ["look"], "days": 7} | wanted
    refused = client.post("/api/account/tokens", json=asked, headers=engineer.headers)
    assert refused.status_code == 422 and words in refused.text
    kept = client.get("/api/account/tokens", headers=engineer.headers).json()
    assert kept["tokens"] == []


def test_a_token_makes_no_tokens_and_changes_no_accounts(
    client: TestClient, admin: Person, services: Services
) -> None:
    every = add_token(services.engine, admin, {"administer", "self", "look"}, NOW)
    headers = {"authorization": f"Bearer {every}"}
    assert client.get("/api/people", headers=headers).status_code == 200
    account_id = admin.account.account_id
    for method, path, body in (
        ("POST", "/api/account/tokens", {"label": "x", "scopes": ["look"]}),
        ("POST", "/api/account/password", {"old": "x", "new": OWN}),
        ("POST", "/api/people", {"name": "x", "role": "admin"}),
        ("POST", f"/api/people/{account_id}/password", None),
        ("DELETE", f"/api/people/{account_id}", None),
    ):
        answer = client.request(method, path, json=body, headers=headers)
        assert answer.status_code == 403 and "not by a token" in answer.text, path


def test_a_change_from_another_page_is_refused(client: TestClient, admin: Person) -> None:
    forged = {"cookie": admin.headers["cookie"]}
    for path in ("/api/people", "/api/account/tokens"):
        refused = client.post(path, json={"name": "x", "role": "admin"}, headers=forged)
        assert refused.status_code == 403 and "page of this session" in refused.text


def test_guessing_the_old_password_is_slowed(client: TestClient, services: Services) -> None:
    stored = passwords.hashed(PASSWORD)
    person = add_person(services.engine, Role.VIEWER, HOME, NOW, name="v", password_hash=stored)
    path = "/api/account/password"
    for _ in range(5):
        wrong = client.post(path, json={"old": "guess", "new": OWN}, headers=person.headers)
        assert wrong.status_code == 403
    right = client.post(path, json={"old": PASSWORD, "new": OWN}, headers=person.headers)
    assert right.status_code == 429


def test_no_secret_gets_into_the_log_or_the_audit_log(
    client: TestClient, admin: Person, services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    told = invite(client, admin)
    path = f"/api/people/{told['person']['account_id']}/password"
    again = client.post(path, headers=admin.headers).json()
    token = client.post(
        "/api/account/tokens", json={"label": "x", "scopes": ["look"]}, headers=admin.headers
    ).json()
    written = caplog.text + repr(events(services))
    for secret in (told["one_time_password"], again["one_time_password"], token["secret"]):
        assert len(secret) > 20 and secret not in written
        assert secret[-20:] not in written


def test_one_time_passwords_are_all_different_and_strong() -> None:
    drawn = {passwords.one_time() for _ in range(200)}
    assert len(drawn) == 200
    assert all(passwords.checked(one, name="hanako") == one for one in drawn)
