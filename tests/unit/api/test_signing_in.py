"""Sign in, stay, sign out: sessions, brakes, tokens, forged pages, the single user."""

import json
import logging
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, update

from api import passwords
from api.deps import Services
from api.door import Door
from api.principal import csrf_of
from api.signin import FAILURES_OF_BOTH
from inspection.domain.account import Role
from inspection.errors import BadInput, Refused
from inspection.store import accounts, audit, organisations, sessions, signins
from inspection.store.engine import reading, writing
from inspection.store.identity_tables import api_tokens, sign_in_failures
from inspection.store.identity_tables import sessions as session_rows
from inspection.store.scope import HOME
from tests.support.people import PASSWORD, Person, add_cities, add_person, add_token
from tests.support.seed import Seeded
from tests.unit.api.conftest import NOW


@pytest.fixture(scope="module")
def password_hash() -> str:
    return passwords.hashed(PASSWORD)


@pytest.fixture
def hanako(services: Services, password_hash: str) -> Person:
    return add_person(
        services.engine, Role.ENGINEER, HOME, NOW, name="hanako", password_hash=password_hash
    )


def sign_in(client: TestClient, name: str = "hanako", password: str = PASSWORD, **more: Any) -> Any:
    return client.post("/api/session", json={"name": name, "password": password, **more})


def events(services: Services) -> list[tuple[str, str]]:
    with reading(services.engine) as connection:
        return [(event.action, event.actor) for event in audit.find(connection)]


def test_while_nobody_has_an_account_the_person_at_this_machine_works(
    client: TestClient, services: Services, seeded: Seeded
) -> None:
    told = client.get("/api/session").json()
    assert told["mode"] == "single-user" and told["account"] is None and told["csrf"] is None
    assert "decide" in told["rights"]
    assert client.get("/api/assets").json()["number_matched"] == 2
    body = {"action": "confirm", "reviewer": "Noto Taro", "expected_version": 1}
    defect_id = seeded.mapped.defects[0].defect_id
    assert client.post(f"/api/defects/{defect_id}/verdicts", json=body).status_code == 201
    assert events(services) == [("decide", "single-user")] * 2


@pytest.mark.parametrize("name", ["forwarded", "x-forwarded-for", "via", "x-real-ip"])
def test_whoever_comes_through_a_proxy_is_not_at_this_machine(
    client: TestClient, name: str
) -> None:
    assert client.get("/api/assets", headers={name: "192.0.2.9"}).status_code == 401


def test_under_another_name_nobody_works_without_a_sign_in(client: TestClient, app: Any) -> None:
    app.state.door = Door(public_url="https://tenken.example.jp")
    try:
        assert client.get("/api/assets").status_code == 401
    finally:
        app.state.door = Door()


def test_from_the_first_account_on_everybody_signs_in(client: TestClient, hanako: Person) -> None:
    refused = client.get("/api/assets")
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"] == 'Bearer realm="tenken"'
    told = client.get("/api/session").json()
    assert (told["mode"], told["account"], told["rights"]) == ("accounts", None, [])


def test_signing_in_and_out(client: TestClient, services: Services, hanako: Person) -> None:
    answer = sign_in(client)
    assert answer.status_code == 200
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Path=/" in cookie
    assert "Secure" not in cookie and "Domain" not in cookie
    assert answer.headers["cache-control"] == "no-store"
    told = answer.json()
    assert told["account"]["display_name"] == "点検 hanako"
    assert (told["role"], told["organisation"]["organisation_id"]) == ("engineer", HOME)
    assert client.get("/api/session").json() == told
    assert client.get("/api/assets").status_code == 200
    kept = client.cookies["tenken_session"]
    assert client.delete("/api/session").status_code == 403, "a forged page signs nobody out"
    csrf = {"x-tenken-csrf": told["csrf"]}
    out = client.delete("/api/session", headers=csrf)
    assert (out.status_code, out.headers["clear-site-data"]) == (204, '"cache"')
    again = {"cookie": f"tenken_session={kept}"}
    assert client.get("/api/assets", headers=again).status_code == 401
    actor = str(hanako.account.account_id)
    assert events(services) == [("sign_in", actor), ("sign_out", actor)]


def test_a_changed_row_names_the_account_and_the_verdict_its_person(
    client: TestClient, services: Services, seeded: Seeded, hanako: Person
) -> None:
    body = {"action": "confirm", "reviewer": "Somebody Else", "expected_version": 1}
    path = f"/api/defects/{seeded.mapped.defects[0].defect_id}/verdicts"
    shown = client.post(path, json=body, headers=hanako.headers).json()
    assert shown["history"][0]["reviewer"] == "点検 hanako"
    assert {actor for _, actor in events(services)} == {str(hanako.account.account_id)}


def test_the_name_may_be_left_out_by_whoever_is_signed_in(
    client: TestClient, seeded: Seeded, hanako: Person
) -> None:
    path = f"/api/defects/{seeded.mapped.defects[0].defect_id}/verdicts"
    body = {"action": "confirm", "expected_version": 1}
    assert client.post(path, json=body, headers=hanako.headers).status_code == 201


def test_a_page_without_the_word_of_the_session_changes_nothing(
    client: TestClient, hanako: Person
) -> None:
    body = {"asset_id": "b-1", "name": "Bridge"}
    cookie = {"cookie": hanako.headers["cookie"]}
    for sent in ({}, {"x-tenken-csrf": ""}, {"x-tenken-csrf": csrf_of("other")}):
        refused = client.post("/api/assets", json=body, headers={**cookie, **sent})
        assert refused.status_code == 403
    assert client.get("/api/assets/b-1", headers=cookie).status_code == 404
    assert client.post("/api/assets", json=body, headers=hanako.headers).status_code == 201


def test_https_makes_cookies_that_stay_on_https(
    client: TestClient, app: Any, hanako: Person
) -> None:
    app.state.door = Door(public_url="https://tenken.example.jp")
    try:
        cookie = sign_in(client).headers["set-cookie"]
    finally:
        app.state.door = Door()
    assert cookie.startswith("__Host-tenken_session=")
    assert "Secure" in cookie and "Path=/" in cookie and "Domain" not in cookie


@pytest.mark.parametrize(
    ("name", "password"),
    [("hanako", "wrong"), ("nobody", PASSWORD), ("hanako", PASSWORD + " "), ("HANAKO", PASSWORD)],
)
def test_what_does_not_fit_is_refused_in_the_same_words(
    client: TestClient, services: Services, hanako: Person, name: str, password: str
) -> None:
    refused = sign_in(client, name, password)
    assert refused.status_code == 401
    assert refused.json()["detail"].startswith("name and password do not fit")
    assert "set-cookie" not in refused.headers
    assert events(services) == [("sign_in_refused", "anonymous")]


def test_a_disabled_account_is_out_at_once(
    client: TestClient, services: Services, hanako: Person
) -> None:
    token = add_token(services.engine, hanako, {"look"}, NOW)
    with writing(services.engine) as connection:
        accounts.set_active(connection, hanako.account.account_id, active=False)
    assert client.get("/api/assets", headers=hanako.headers).status_code == 401
    bearer = {"authorization": f"Bearer {token}"}
    assert client.get("/api/assets", headers=bearer).status_code == 401
    assert sign_in(client).status_code == 401


def test_a_new_password_signs_out(client: TestClient, services: Services, hanako: Person) -> None:
    with writing(services.engine) as connection:
        accounts.set_password(
            connection, hanako.account.account_id, passwords.hashed("another long password")
        )
    assert client.get("/api/assets", headers=hanako.headers).status_code == 401
    assert sign_in(client).status_code == 401
    assert sign_in(client, password="another long password").status_code == 200


def test_sessions_end(client: TestClient, services: Services, hanako: Person) -> None:
    with writing(services.engine) as connection:
        connection.execute(update(session_rows).values(expires_at=NOW))
    assert client.get("/api/assets", headers=hanako.headers).status_code == 401


def test_guessing_is_slowed_and_the_others_are_not(
    client: TestClient, services: Services, hanako: Person, password_hash: str
) -> None:
    add_person(services.engine, Role.VIEWER, HOME, NOW, name="taro", password_hash=password_hash)
    for _ in range(FAILURES_OF_BOTH):
        assert sign_in(client, password="a wrong password").status_code == 401
    refused = sign_in(client)
    assert refused.status_code == 429, "even the right password waits"
    assert int(refused.headers["retry-after"]) == signins.WINDOW.total_seconds()
    assert "15 minutes" in refused.json()["detail"]
    assert sign_in(client, "taro").status_code == 200
    with writing(services.engine) as connection:
        old = NOW - signins.WINDOW
        connection.execute(update(sign_in_failures).values(failed_at=old))
    assert sign_in(client).status_code == 200
    with reading(services.engine) as connection:
        keys = connection.execute(select(sign_in_failures.c.key_hash)).scalars().all()
    assert all(len(key) == 64 and "hanako" not in key for key in keys)


def test_a_sign_in_that_fits_forgets_the_failures(
    client: TestClient, services: Services, hanako: Person
) -> None:
    for _ in range(2):
        for _ in range(FAILURES_OF_BOTH - 1):
            assert sign_in(client, password="a wrong password").status_code == 401
        assert sign_in(client).status_code == 200


def test_who_belongs_to_two_chooses_for_whom(
    client: TestClient, services: Services, hanako: Person
) -> None:
    add_cities(services.engine)
    with writing(services.engine) as connection:
        joined = accounts.memberships_of(connection, hanako.account.account_id)[0]
        accounts.join(connection, replace(joined, organisation_id="city-a", role=Role.VIEWER))
    assert sign_in(client).json()["organisation"]["organisation_id"] == "city-a"
    assert sign_in(client, organisation_id=HOME).json()["role"] == "engineer"
    assert sign_in(client, organisation_id="city-b").status_code == 403


def test_tokens_open_end_and_are_revoked(
    client: TestClient, services: Services, hanako: Person
) -> None:
    token = add_token(services.engine, hanako, {"look"}, NOW)
    bearer = {"authorization": f"Bearer {token}"}
    assert client.get("/api/assets", headers=bearer).status_code == 200
    assert client.get("/api/assets", auth=("any", token)).status_code == 200, "as QGIS sends it"
    for wrong in (token[:-1], token + "x", token.upper(), token[3:], ""):
        headers = {"authorization": f"Bearer {wrong}"}
        assert client.get("/api/assets", headers=headers).status_code == 401
    with reading(services.engine) as connection:
        row = connection.execute(select(api_tokens)).one()
    assert token.split("_", 2)[2] not in str(row)
    with writing(services.engine) as connection:
        sessions.revoke_token(connection, hanako.account.account_id, row.token_id, NOW)
    assert client.get("/api/assets", headers=bearer).status_code == 401


def test_a_token_ends_by_itself(client: TestClient, services: Services, hanako: Person) -> None:
    token = add_token(services.engine, hanako, {"look"}, NOW - timedelta(days=2), days=1)
    headers = {"authorization": f"Bearer {token}"}
    assert client.get("/api/assets", headers=headers).status_code == 401
    with pytest.raises(BadInput, match="past"):
        add_token(services.engine, hanako, {"look"}, NOW, days=0)


def test_nothing_secret_is_kept_in_the_clear(
    client: TestClient, services: Services, hanako: Person, seeded: Seeded
) -> None:
    sign_in(client)
    token = add_token(services.engine, hanako, {"look"}, NOW)
    with writing(services.engine) as connection:
        connection.exec_driver_sql("SELECT 1")
    kept = b"".join(
        path.read_bytes() for path in seeded.home.glob("tenken.sqlite*") if path.is_file()
    )
    for secret in (PASSWORD, client.cookies["tenken_session"], token, token.split("_", 2)[2]):
        assert secret.encode() not in kept


def test_neither_answers_nor_logs_tell_a_secret_or_a_folder(
    *,
    client: TestClient,
    services: Services,
    hanako: Person,
    seeded: Seeded,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    token = add_token(services.engine, hanako, {"look"}, NOW)
    wrong = "a wrong secret password"
    answers = [
        sign_in(client, password=wrong),
        sign_in(client),
        client.post("/api/session", json={"name": "hanako", "password": wrong, "more": 1}),
        client.post("/api/session", content=b'{"password": "' + wrong.encode(), headers={
            "content-type": "application/json"
        }),
        client.get("/api/surveys", headers={"authorization": f"Bearer {token}x"}),
        client.get(f"/api/surveys/{seeded.mapped.survey_id}/photos/0", headers=hanako.headers),
        client.get("/api/oidc/callback?code=secret-code-1&state=secret-state-1"),
    ]  # fmt: skip
    for row in (seeded.home / "blobs").rglob("*"):
        if row.is_file():
            row.unlink()
    photo = f"/api/surveys/{seeded.mapped.survey_id}/photos/{seeded.mapped.photo_sha256}"
    answers.append(client.get(photo, headers=hanako.headers))
    ours = [record for record in caplog.records if not record.name.startswith("httpx")]
    told = "".join(answer.text for answer in answers) + "".join(map(str, ours))
    told += "".join(record.getMessage() for record in ours)
    for secret in (wrong, PASSWORD, token, hanako.session, "secret-code-1", str(seeded.home)):
        assert secret not in told, secret


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("short", "15 to 1000"),
        ("x" * 1001, "15 to 1000"),
        ("hanakohanakohanako", "repeated"),
        ("aaaaaaaaaaaaaaaaaaa", "repeated"),
    ],
)
def test_passwords_that_are_easy_to_guess_are_refused(password: str, why: str) -> None:
    with pytest.raises(BadInput, match=why) as refused:
        passwords.checked(password, name="hanako")
    assert password not in str(refused.value)


def test_hashes_are_argon2id_salted_and_checked(password_hash: str) -> None:
    assert password_hash.startswith("$argon2id$")
    assert passwords.hashed(PASSWORD) != password_hash
    assert passwords.matches(password_hash, PASSWORD)
    assert not passwords.matches(password_hash, PASSWORD.upper())
    assert not passwords.matches(None, "nobody has this password")
    assert not passwords.matches("$broken", PASSWORD)
    assert not passwords.matches(password_hash, PASSWORD + "x" * 1000)


@pytest.mark.parametrize(
    "url",
    ["http://tenken.example.jp", "https://", "https://x.example/sub", "ftp://x.example", "x"],
)
def test_a_door_that_is_not_safe_is_refused(url: str) -> None:
    with pytest.raises(Refused):
        Door(public_url=url)


def test_a_city_sees_its_own_and_the_prefecture_sees_both(
    client: TestClient, services: Services
) -> None:
    add_cities(services.engine)
    with writing(services.engine) as connection:
        organisations.give(connection, "city-a", ["bridge-12"])
        organisations.give(connection, "city-b", ["quay-3"])
    a = add_person(services.engine, Role.PLANNER, "city-a", NOW)
    b = add_person(services.engine, Role.PLANNER, "city-b", NOW)
    above = add_person(services.engine, Role.PLANNER, HOME, NOW)
    for person, wanted in ((a, ["bridge-12"]), (b, ["quay-3"]), (above, ["bridge-12", "quay-3"])):
        listed = client.get("/api/assets", headers=person.headers).json()
        assert [row["asset_id"] for row in listed["assets"]] == wanted
        features = client.get("/collections/defects/items", headers=person.headers).json()
        assert bool(features["features"]) is ("bridge-12" in wanted)
        listed = client.get("/api/worklist?asset_id=bridge-12", headers=person.headers)
        assert listed.status_code == (200 if "bridge-12" in wanted else 404)
    body = {"asset_id": "bridge-12", "name": "taken over"}
    for person, status in ((b, 404), (above, 404), (a, 200)):
        changed = client.put("/api/assets/bridge-12", json=body, headers=person.headers)
        assert changed.status_code == status
        told = status == 404 and "only its own people change it" in changed.text
        assert told is (person is above), "who sees a row is told why they cannot change it"
    taken = client.post("/api/assets", json={**body, "name": "x"}, headers=b.headers)
    assert taken.status_code == 409
    assert json.dumps(client.get("/api/assets/bridge-12", headers=a.headers).json()).count(
        "taken over"
    )
