"""An issuer out of order: down, half configured, or answering with anything at all.

Whoever signs in hears whether to try again (503) or to ask somebody (403), never that Tenken is at
fault.

Source: OpenID Connect Core 1.0 §3.1.3.7, Discovery 1.0 §4.2; RFC 6749 §5.2.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from api.oidc import Issuer
from inspection.errors import BadInput, Refused, TenkenError, Unavailable
from tests.support.issuer import CLIENT_ID, Behaviour, running_issuer
from tests.support.issuer import Issuer as Running

REDIRECT = "http://127.0.0.1:8000/api/oidc/callback"
Change = Callable[[Running], None]


@pytest.fixture(scope="module")
def one() -> Iterator[Running]:
    with running_issuer() as issuer:
        yield issuer


@pytest.fixture
def running(one: Running) -> Running:
    """Give the issuer as it should be, whatever a test before made of it."""
    for changed in ("metadata", "keys", "token"):
        vars(one).pop(changed, None)
    one.behaviour = Behaviour()
    one.seen.clear()
    return one


def sign_in(running: Running) -> str:
    """Begin, agree at the issuer, come back, and give whom it vouches for."""
    issuer = Issuer(url=running.url, client_id=CLIENT_ID)
    address, flow = issuer.begin(REDIRECT)
    with httpx.Client(trust_env=False) as browser:
        back = browser.get(address).headers["location"]
    query = {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}
    return issuer.finish(flow, code=query["code"], state=query["state"], redirect_uri=REDIRECT)


def names(**changes: Any) -> Change:
    """Let the issuer name other places."""

    def change(running: Running) -> None:
        kept = running.metadata
        running.metadata = lambda: {**kept(), **changes}  # type: ignore[method-assign]

    return change


def has_keys(keys: Any) -> Change:
    """Let the issuer publish something else as its keys."""

    def change(running: Running) -> None:
        running.keys = lambda: keys  # type: ignore[method-assign]

    return change


def hands_out(token: Any, status: int = 200) -> Change:
    """Let the issuer answer something else to a code."""

    def change(running: Running) -> None:
        running.token = lambda *_: (status, token)  # type: ignore[method-assign]

    return change


def claims(**claimed: Any) -> Change:
    """Let the issuer say something else of the person."""

    def change(running: Running) -> None:
        running.behaviour.claims = claimed

    return change


OUT_OF_ORDER: list[tuple[Change, type[TenkenError], str]] = [
    (names(jwks_uri=None), Unavailable, "names no jwks_uri"),
    (names(jwks_uri=["x"]), Unavailable, "names no jwks_uri"),
    (names(jwks_uri="not an address"), Unavailable, "does not answer"),
    (names(jwks_uri="http://[::1"), Unavailable, "does not answer"),
    (names(token_endpoint=None), Unavailable, "names no token_endpoint"),
    (names(token_endpoint="::::"), Unavailable, "does not answer"),
    (names(token_endpoint="http://127.0.0.1:9/token"), Unavailable, "does not answer"),
    (names(authorization_endpoint=7), Unavailable, "names no authorization_endpoint"),
    (names(issuer=None), BadInput, "the issuer calls itself None"),
    (has_keys({}), Refused, "not signed by the issuer"),
    (has_keys({"keys": []}), Refused, "not signed by the issuer"),
    (has_keys({"keys": "k1"}), Refused, "not signed by the issuer"),
    (has_keys({"keys": [1]}), Refused, "not signed by the issuer"),
    (has_keys({"keys": [{"kty": "none"}]}), Refused, "not signed by the issuer"),
    (has_keys([1]), Unavailable, "does not answer"),
    (has_keys(None), Unavailable, "does not answer"),
    (hands_out([1]), Unavailable, "does not answer"),
    (hands_out("words"), Unavailable, "does not answer"),
    (hands_out(None), Unavailable, "does not answer"),
    (hands_out({"error": "server_error"}, 500), Unavailable, "does not answer"),
    (hands_out({}, 503), Unavailable, "does not answer"),
    (hands_out({"error": "invalid_grant"}, 400), Refused, r"\(invalid_grant\)"),
    (hands_out({"error": ["x"]}), Refused, "refused the sign-in"),
    (hands_out({}), Refused, "not signed by the issuer"),
    (hands_out({"access_token": "x", "id_token": None}), Refused, "not signed by the issuer"),
    (hands_out({"access_token": "x", "id_token": 5}), Refused, "not signed by the issuer"),
    (hands_out({"access_token": "x", "id_token": "a.b.c"}), Refused, "not signed"),
    (hands_out({"access_token": "x", "id_token": "e30.e30."}), Refused, "not signed"),
    (claims(sub=""), Refused, "not for this sign-in"),
    (claims(sub=None), Refused, "not for this sign-in"),
    (claims(sub=["a"]), Refused, "not for this sign-in"),
    (claims(exp="soon"), Refused, "not for this sign-in"),
    (claims(exp=-1), Refused, "expired"),
    (claims(iat=9_999_999_999), Refused, "issued in the future"),
    (claims(nbf=9_999_999_999), Refused, "not yet valid"),
    (claims(aud=None), Refused, "not for this sign-in"),
    (claims(aud=[]), Refused, "not for this sign-in"),
    (claims(aud=["another"]), Refused, "not for this sign-in"),
    (claims(aud=[CLIENT_ID, "another"]), Refused, "for several programs"),
    (claims(aud=[CLIENT_ID, "another"], azp="another"), Refused, "for several programs"),
    (claims(azp="another"), Refused, "not for this one"),
    (claims(iss="https://id.example.jp"), Refused, "not for this sign-in"),
    (claims(nonce=None), Refused, "not for this sign-in"),
]


@pytest.mark.parametrize(("change", "kind", "words"), OUT_OF_ORDER)
def test_whatever_is_wrong_is_told_as_what_it_is(
    running: Running, change: Change, kind: type[TenkenError], words: str
) -> None:
    change(running)
    with pytest.raises(kind, match=words) as told:
        sign_in(running)
    assert "eyJ" not in str(told.value), "no token stands in a message"


@pytest.mark.parametrize(
    "change",
    [
        claims(),
        claims(aud=[CLIENT_ID]),
        claims(aud=[CLIENT_ID], azp=CLIENT_ID),
        claims(aud=[CLIENT_ID, "another"], azp=CLIENT_ID),
        claims(azp=CLIENT_ID),
        claims(email="hanako@example.jp", name="花子", groups=["admin"]),
        names(extra="more", scopes_supported=["openid"]),
    ],
)
def test_what_a_sound_issuer_may_say_is_believed(running: Running, change: Change) -> None:
    change(running)
    assert sign_in(running) == "person-1"


def test_a_clock_that_is_a_little_ahead_is_forgiven_and_a_minute_more_is_not(
    running: Running,
) -> None:
    now = int(time.time())
    claims(iat=now + 40, exp=now - 40)(running)
    assert sign_in(running) == "person-1"
    claims(exp=now - 90)(running)
    with pytest.raises(Refused, match="expired"):
        sign_in(running)


def test_an_outage_is_over_when_the_issuer_is_back(running: Running) -> None:
    """Nothing of a failed try is remembered but what was sound."""
    kept = running.token
    hands_out({}, 500)(running)
    with pytest.raises(Unavailable, match="try again"):
        sign_in(running)
    running.token = kept  # type: ignore[method-assign]
    assert sign_in(running) == "person-1"


def test_what_the_issuer_says_of_itself_is_asked_once(running: Running) -> None:
    issuer = Issuer(url=running.url, client_id=CLIENT_ID)
    flows = [issuer.begin(REDIRECT)[1] for _ in range(3)]
    assert running.seen.count("/.well-known/openid-configuration") == 1
    secrets_ = {word for flow in flows for word in (flow.state, flow.nonce, flow.code_verifier)}
    assert len(secrets_) == 9
    assert all(43 <= len(flow.code_verifier) <= 128 for flow in flows), "RFC 7636 §4.1"


@pytest.mark.parametrize("state", ["", "x", "状態", "a" * 5000])
def test_a_state_that_is_not_ours_is_refused_before_anybody_is_asked(
    running: Running, state: str
) -> None:
    issuer = Issuer(url=running.url, client_id=CLIENT_ID)
    _, flow = issuer.begin(REDIRECT)
    before = len(running.seen)
    with pytest.raises(Refused, match="not begun in this browser"):
        issuer.finish(flow, code="c", state=state, redirect_uri=REDIRECT)
    assert len(running.seen) == before


@pytest.mark.parametrize(
    "url", ["http://id.example.jp", "ftp://id.example.jp", "id.example.jp", "", "http://"]
)
def test_an_issuer_in_the_clear_is_trusted_by_nobody(url: str) -> None:
    with pytest.raises(Refused, match="is not https, so nobody can trust it"):
        Issuer(url=url, client_id=CLIENT_ID)


def test_an_issuer_that_is_not_there_is_named_without_its_path() -> None:
    issuer = Issuer(url="http://127.0.0.1:9/realms/secret-name", client_id=CLIENT_ID)
    with pytest.raises(Unavailable, match=r"does not answer at 127\.0\.0\.1:9; try again") as told:
        issuer.begin(REDIRECT)
    assert "secret-name" not in str(told.value)
