"""Sign in through an issuer: the real exchange with a small issuer, and all that is refused."""

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from fastapi.testclient import TestClient

from api.app import build_door
from api.deps import Services
from api.door import Door
from api.oidc import Issuer
from inspection.domain.account import Role
from inspection.errors import BadInput, Conflict, Refused, Unavailable
from inspection.settings import OidcSettings, ServeSettings
from inspection.store import accounts
from inspection.store.engine import writing
from inspection.store.scope import HOME
from tests.support.issuer import CLIENT_ID, Behaviour, running_issuer
from tests.support.issuer import Issuer as RunningIssuer
from tests.support.people import Person, add_person
from tests.unit.api.conftest import BASE_URL, NOW


@pytest.fixture(scope="module")
def one_issuer() -> Iterator[RunningIssuer]:
    with running_issuer() as running:
        yield running


@pytest.fixture
def issuer(one_issuer: RunningIssuer) -> RunningIssuer:
    one_issuer.behaviour, one_issuer.secret = Behaviour(), None
    one_issuer.codes.clear()
    return one_issuer


@pytest.fixture
def door(client: TestClient, app: Any, issuer: RunningIssuer) -> Iterator[Door]:
    app.state.door = Door(issuer=Issuer(url=issuer.url, client_id=CLIENT_ID))
    yield app.state.door
    app.state.door = Door()


@pytest.fixture
def hanako(services: Services, issuer: RunningIssuer) -> Person:
    person = add_person(services.engine, Role.ENGINEER, HOME, NOW, name="hanako")
    with writing(services.engine) as connection:
        accounts.link(connection, person.account.account_id, issuer=issuer.url, subject="person-1")
    return person


def to_the_issuer(client: TestClient) -> str:
    """Begin, let the issuer agree, and give the address to which it sends the browser back."""
    begun = client.get("/api/oidc/start", follow_redirects=False)
    assert begun.status_code == 303
    cookie = begun.headers["set-cookie"]
    assert cookie.startswith("tenken_flow=") and "HttpOnly" in cookie and "SameSite=lax" in cookie
    with httpx.Client(trust_env=False) as browser:
        agreed = browser.get(begun.headers["location"])
    back = agreed.headers["location"]
    assert back.startswith(f"{BASE_URL}/api/oidc/callback?")
    return back.removeprefix(BASE_URL)


def come_back(client: TestClient, path: str) -> Any:
    return client.get(path, follow_redirects=False)


def test_the_issuer_vouches_and_the_account_is_signed_in(
    client: TestClient, door: Door, hanako: Person
) -> None:
    assert client.get("/api/session").json()["oidc"] is True
    back = come_back(client, to_the_issuer(client))
    assert (back.status_code, back.headers["location"]) == (303, "/app")
    told = client.get("/api/session").json()
    assert (told["account"]["name"], told["role"]) == ("hanako", "engineer")
    assert "tenken_flow" not in client.cookies


def test_who_is_vouched_for_needs_no_one_time_password(
    client: TestClient, door: Door, hanako: Person, services: Services
) -> None:
    """Else they would be asked for a password that they never had before they may do anything."""
    with writing(services.engine) as connection:
        accounts.set_password(
            connection, hanako.account.account_id, "given", once_until=NOW + timedelta(hours=1)
        )
    come_back(client, to_the_issuer(client))
    shown = client.get("/api/session").json()
    assert shown["must_change_password"] is False and "look" in shown["rights"]
    with writing(services.engine) as connection:
        known = accounts.credentials(connection, hanako.account.name)
    assert known is not None and known.password_hash is None


def test_what_goes_to_the_issuer_is_new_each_time_and_proves_nothing_by_itself(
    client: TestClient, door: Door
) -> None:
    asked = [
        parse_qs(urlsplit(client.get("/api/oidc/start", follow_redirects=False)
        .headers["location"]).query)
        for _ in range(2)
    ]  # fmt: skip
    for name in ("state", "nonce", "code_challenge"):
        assert asked[0][name] != asked[1][name]
    assert "code_verifier" not in asked[0]


def test_a_client_with_a_secret_sends_it_and_one_with_a_wrong_one_is_told(
    client: TestClient, app: Any, door: Door, issuer: RunningIssuer, hanako: Person
) -> None:
    issuer.secret = "the client's own secret"
    for secret, status in (("wrong", 403), (issuer.secret, 303)):
        app.state.door = Door(
            issuer=Issuer(url=issuer.url, client_id=CLIENT_ID, client_secret=secret)
        )
        answer = come_back(client, to_the_issuer(client))
        assert answer.status_code == status
        assert secret not in answer.text
        assert secret not in repr(app.state.door)


def test_a_signature_on_a_curve_is_believed_too(
    client: TestClient, door: Door, issuer: RunningIssuer, hanako: Person
) -> None:
    issuer.behaviour = Behaviour(signed_by="curve")
    assert come_back(client, to_the_issuer(client)).status_code == 303


LIES: dict[str, Behaviour] = {
    "no signature": Behaviour(signed_by="none"),
    "key of somebody else": Behaviour(signed_by="other"),
    "another issuer": Behaviour(claims={"iss": "https://evil.example"}),
    "for another program": Behaviour(claims={"aud": "another"}),
    "for several programs": Behaviour(claims={"aud": [CLIENT_ID, "another"]}),
    "another sign-in": Behaviour(claims={"nonce": "of another"}),
    "no nonce": Behaviour(left_out={"nonce"}),
    "no subject": Behaviour(left_out={"sub"}),
    "no end": Behaviour(left_out={"exp"}),
    "ended": Behaviour(claims={"exp": int(time.time()) - 3600}),
    "somebody unknown": Behaviour(subject="person-2"),
}


@pytest.mark.parametrize("lie", LIES)
def test_what_is_not_to_be_believed_signs_nobody_in(
    *, client: TestClient, door: Door, issuer: RunningIssuer, hanako: Person, lie: str
) -> None:
    issuer.behaviour = LIES[lie]
    refused = come_back(client, to_the_issuer(client))
    assert refused.status_code == 403, refused.text
    assert client.get("/api/session").json()["account"] is None
    assert "tenken_session" not in client.cookies


def test_an_answer_comes_back_to_the_browser_that_asked_and_once(
    client: TestClient, door: Door, hanako: Person
) -> None:
    path = to_the_issuer(client)
    stolen = dict(client.cookies)
    client.cookies.clear()
    assert come_back(client, path).status_code == 403
    client.cookies.update(stolen)
    assert come_back(client, path.replace("state=", "state=x")).status_code == 403
    assert come_back(client, path).status_code == 403, "a flow ends with its first answer"


def test_a_code_of_another_flow_is_refused(client: TestClient, door: Door, hanako: Person) -> None:
    other = parse_qs(urlsplit(to_the_issuer(client)).query)["code"][0]
    mine = parse_qs(urlsplit(to_the_issuer(client)).query)["state"][0]
    refused = come_back(client, f"/api/oidc/callback?code={other}&state={mine}")
    assert refused.status_code == 403
    assert "invalid_grant" in refused.json()["detail"]


def test_a_person_who_does_not_agree_is_told(client: TestClient, door: Door) -> None:
    state = parse_qs(urlsplit(to_the_issuer(client)).query)["state"][0]
    refused = come_back(client, f"/api/oidc/callback?error=access_denied&state={state}")
    assert refused.status_code == 403
    assert "access_denied" in refused.json()["detail"]


def test_a_disabled_account_stays_out(
    client: TestClient, services: Services, door: Door, hanako: Person
) -> None:
    with writing(services.engine) as connection:
        accounts.set_active(connection, hanako.account.account_id, active=False)
    assert come_back(client, to_the_issuer(client)).status_code == 403


def test_new_keys_of_the_issuer_are_fetched(
    client: TestClient, door: Door, issuer: RunningIssuer, hanako: Person
) -> None:
    assert come_back(client, to_the_issuer(client)).status_code == 303
    issuer.key, issuer.other = issuer.other, issuer.key
    assert come_back(client, to_the_issuer(client)).status_code == 303


def test_a_subject_is_one_account(
    services: Services, issuer: RunningIssuer, hanako: Person
) -> None:
    other = add_person(services.engine, Role.VIEWER, HOME, NOW, name="taro")
    with (
        pytest.raises(Conflict, match="signs in as 'hanako' already"),
        writing(services.engine) as connection,
    ):
        accounts.link(connection, other.account.account_id, issuer=issuer.url, subject="person-1")


def test_without_an_issuer_there_is_nothing_to_begin(client: TestClient) -> None:
    assert client.get("/api/oidc/start", follow_redirects=False).status_code == 404
    assert client.get("/api/oidc/callback?code=a&state=b").status_code == 404


def test_an_issuer_that_calls_itself_otherwise_or_is_away_is_named(issuer: RunningIssuer) -> None:
    issuer.behaviour = Behaviour(issuer_named="https://other.example")
    with pytest.raises(BadInput, match="calls itself"):
        Issuer(url=issuer.url, client_id=CLIENT_ID).begin("http://127.0.0.1/x")
    with pytest.raises(Unavailable, match="does not answer"):
        Issuer(url="http://127.0.0.1:9", client_id=CLIENT_ID).begin("http://127.0.0.1/x")


def test_an_issuer_in_the_clear_is_refused() -> None:
    with pytest.raises(Refused, match="not https"):
        Issuer(url="http://issuer.example", client_id=CLIENT_ID)


def test_settings_make_the_door(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENKEN_OIDC_ISSUER", "https://issuer.example")
    with pytest.raises(BadInput, match="CLIENT_ID"):
        build_door(ServeSettings(), OidcSettings())
    monkeypatch.setenv("TENKEN_OIDC_CLIENT_ID", "us")
    monkeypatch.setenv("TENKEN_OIDC_CLIENT_SECRET", "our secret")
    monkeypatch.setenv("TENKEN_PUBLIC_URL", "https://tenken.example.jp")
    door = build_door(ServeSettings(), OidcSettings())
    assert door.issuer is not None and door.issuer.client_secret == "our secret"
    assert door.secure and "tenken.example.jp" in door.allowed_hosts
    assert "our secret" not in repr(door)
