"""What a request says about its sender is read without a fault, whatever it says."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from api.principal import NOBODY, Principal, cookie_of, csrf_of, is_own_page, token_of
from inspection.store.sessions import TOKEN, hashed, new_secret

LATIN = st.text(st.characters(max_codepoint=255), max_size=60)


@pytest.mark.parametrize(
    ("sent", "token"),
    [
        ("Bearer abc", "abc"),
        ("bearer  abc ", "abc"),
        ("Basic " + base64.b64encode(b"any:tk_1").decode(), "tk_1"),
        ("Basic " + base64.b64encode("誰:tk:1".encode()).decode(), "tk:1"),
        ("Basic " + base64.b64encode(b"nocolon").decode(), ""),
        ("Basic !", ""),
        ("Basic " + base64.b64encode(b"\xff\xfe:x").decode(), ""),
        ("Negotiate abc", ""),
        ("Bearer", ""),
    ],
)
def test_a_token_is_read_and_anything_else_opens_nothing(sent: str, token: str) -> None:
    assert token_of(Headers({"authorization": sent})) == token


def test_without_a_word_about_it_there_is_no_token() -> None:
    assert token_of(Headers({})) is None
    assert token_of(Headers({"authorization": ""})) is None


@given(LATIN)
def test_any_header_is_read_without_a_fault(text: str) -> None:
    for name in ("authorization", "cookie", "x-tenken-csrf"):
        headers = Headers(raw=[(name.encode(), text.encode("latin-1"))])
        token_of(headers)
        cookie_of(headers, "tenken_session")
        assert not is_own_page(Principal(rights=frozenset(), csrf=csrf_of("x")), headers)


def test_a_cookie_is_found_among_others() -> None:
    headers = Headers({"cookie": "a=1; tenken_session=xyz; b=2"})
    assert cookie_of(headers, "tenken_session") == "xyz"
    assert cookie_of(headers, "other") is None


def test_the_word_of_a_session_is_its_own_and_tells_nothing_of_it() -> None:
    secret = new_secret()
    page = Principal(rights=frozenset(), csrf=csrf_of(secret))
    assert is_own_page(page, Headers({"x-tenken-csrf": csrf_of(secret)}))
    assert not is_own_page(page, Headers({"x-tenken-csrf": csrf_of(new_secret())}))
    assert csrf_of(secret) not in {hashed(secret), secret}
    assert is_own_page(NOBODY, Headers({})), "who has no session has no page either"


def test_secrets_are_long_random_and_fit_their_pattern() -> None:
    drawn = {new_secret() for _ in range(200)}
    assert len(drawn) == 200
    assert all(TOKEN.fullmatch(f"tk_0123456789ab_{secret}") for secret in drawn)
