"""What browsers really send: cookies of neighbours, origins that are none, wishes for languages and
forms, names in other scripts; and passwords as terminals and other machines type them."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.datastructures import Headers
from starlette.requests import Request

from api import passwords
from api.app import build_door
from api.content import prefers_html
from api.deps import Services
from api.door import Door
from api.principal import cookie_of
from inspection.domain.account import Role
from inspection.errors import BadInput, Refused
from inspection.settings import OidcSettings, ServeSettings
from inspection.store.scope import HOME
from tests.support.people import PASSWORD, Person, add_person
from tests.support.seed import Seeded
from tests.support.spoken import run_tenken
from tests.unit.api.conftest import BASE_URL, NOW

NEIGHBOURS = [
    'prefs={"theme":"dark","cols":[1,2]}',
    "a[b]=1",
    "{}",
    "novalue",
    "=nameless",
    "expires=1",
    "path=/x",
    "secure",
    "q=a b c",
    'q="a;b"',
    'broken="',
    "日=本",
    "_ga=GA1.1.5; _ga_X=GS1.1$a",
    "tenken_sessio=near; tenken_session2=nearer",
]
"""Cookies of other programs on 127.0.0.1: a browser does not tell ports apart."""


@pytest.fixture
def hanako(services: Services) -> Person:
    hashed = passwords.hashed(PASSWORD)
    return add_person(
        services.engine, Role.ENGINEER, HOME, NOW, name="hanako", password_hash=hashed
    )


class TestCookies:
    """Nobody is signed out by what another program has set."""

    @pytest.mark.parametrize("neighbour", NEIGHBOURS)
    @pytest.mark.parametrize("order", ["{0}; {1}", "{0};{1};{0}"])
    def test_a_session_is_found_beside_any_neighbour(
        self, client: TestClient, hanako: Person, neighbour: str, order: str
    ) -> None:
        sent = order.format(neighbour, f"tenken_session={hanako.session}").encode()
        told = client.get("/api/session", headers={"cookie": sent}).json()
        assert told["account"]["name"] == "hanako"

    @pytest.mark.parametrize("neighbour", NEIGHBOURS)
    def test_a_neighbour_alone_is_nobody(
        self, client: TestClient, hanako: Person, neighbour: str
    ) -> None:
        told = client.get("/api/session", headers={"cookie": neighbour.encode()}).json()
        assert (told["account"], told["rights"]) == (None, [])

    @settings(deadline=None)
    @given(
        st.lists(st.text(st.characters(max_codepoint=255, exclude_characters=";"), max_size=20)),
        st.lists(st.text(st.characters(max_codepoint=255, exclude_characters=";"), max_size=20)),
    )
    def test_whatever_stands_before_and_behind(self, before: list[str], behind: list[str]) -> None:
        others = [word for word in (*before, *behind) if not word.strip().startswith("mine=")]
        text = "; ".join([*others[:3], "mine=s3cret-_.~", *others[3:]])
        headers = Headers(raw=[(b"cookie", text.encode("latin-1"))])
        assert cookie_of(headers, "mine") == "s3cret-_.~"


class TestOrigins:
    """A change comes from one of our own pages, or from a program; anything else is foreign."""

    @pytest.mark.parametrize(
        "origin",
        [
            "http://[",
            "http://[::1",
            "http://]",
            "null",
            "",
            "http://",
            "127.0.0.1:8000",
            "http://127.0.0.1",
            "http://127.0.0.1:8001",
            "http://127.0.0.1:8000.evil.example",
            "http://127.0.0.1:8000@evil.example",
            "http://evil.example/?http://127.0.0.1:8000",
            "https://点検.example.jp",
        ],
    )
    def test_a_foreign_origin_changes_nothing_and_is_no_fault(
        self, client: TestClient, origin: str
    ) -> None:
        answer = client.post(
            "/api/assets",
            json={"asset_id": "x", "name": "x"},
            headers={"origin": origin.encode()},
        )
        assert answer.status_code == 403
        assert "page of another site" in answer.json()["detail"]
        assert client.get("/api/assets/x").status_code == 404

    @pytest.mark.parametrize(
        "origin", [BASE_URL, BASE_URL.upper(), "http://127.0.0.1:8000/", "ftp://127.0.0.1:8000"]
    )
    def test_our_own_origin_may(self, client: TestClient, origin: str) -> None:
        answer = client.post(
            "/api/assets", json={"asset_id": "x", "name": "x"}, headers={"origin": origin}
        )
        assert answer.status_code == 201

    @pytest.mark.parametrize("site", ["cross-site", "same-site", "anything"])
    def test_a_browser_that_says_so_itself_is_believed(self, client: TestClient, site: str) -> None:
        headers = {"sec-fetch-site": site, "origin": BASE_URL}
        answer = client.post("/api/assets", json={"asset_id": "x", "name": "x"}, headers=headers)
        assert answer.status_code == 403


ACCEPTED = [
    # header, page wanted? (RFC 9110 §12.5.1: the most specific range that fits decides)
    ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", True),
    ("text/html;q=0.1, */*;q=0.9", False),
    ("text/html, */*", False),
    ("TEXT/HTML", True),
    ("Text/HTML;Q=0.9, Application/JSON;q=0.1", True),
    ("text/html;Q=0.1, application/json", False),
    ("text/*, application/json;q=0.5", True),
    ("text/*;q=0.4, application/json;q=0.5", False),
    ("application/json;q=0, */*", True),
    ("application/*;q=0.9, text/html;q=0.5", False),
    ("application/geo+json, text/html;q=0.9", False),
    ("application/geo+json;q=0.2, text/html;q=0.9", True),
    ("*/*", False),
    ("", False),
    (",", False),
    (";q=1", False),
    ("text/html;level=1;q=0.3, application/json;q=0.2", True),
    ("text/html;q=high, application/json", False),
    ("text/html;q=nan", False),
]


@pytest.mark.parametrize(("header", "page"), ACCEPTED)
def test_the_most_specific_range_decides_between_page_and_data(header: str, page: bool) -> None:
    scope = {"type": "http", "headers": [(b"accept", header.encode())]}
    assert prefers_html(Request(scope)) is page
    assert prefers_html(Request(scope), "html")
    assert not prefers_html(Request(scope), "json")


@pytest.mark.parametrize(("header", "page"), ACCEPTED[:5])
def test_the_first_page_follows_the_header(client: TestClient, header: str, page: bool) -> None:
    kind = client.get("/", headers={"accept": header}).headers["content-type"]
    assert kind.startswith("text/html" if page else "application/json")


class TestDoors:
    """Which addresses the service answers to, whatever script they are written in."""

    @pytest.mark.parametrize(
        "url",
        [
            "https://[::1",
            "https://a:99999",
            "https://a:port",
            "https://a:0",
            "https:///path",
            "https://",
            "https://a/app",
            "https://a/?x=1",
            "https://a/#x",
            "https://user@a",
            "https://user:secret@a",
            "https://" + "a" * 64 + ".jp",
            "https://a..jp",
            "tenken.example.jp",
        ],
    )
    def test_what_is_no_whole_site_is_refused_in_words(self, url: str) -> None:
        with pytest.raises(Refused, match="is no address of a whole site; write it like https://"):
            Door(public_url=url)

    @pytest.mark.parametrize(
        ("url", "host"),
        [
            ("https://tenken.example.jp", "tenken.example.jp"),
            ("https://Tenken.Example.JP:8443/", "tenken.example.jp"),
            ("https://点検.example.jp", "xn--f4v75n.example.jp"),
            ("https://127.0.0.1", "127.0.0.1"),
            ("https://[2001:db8::1]:443", "2001:db8::1"),
        ],
    )
    def test_a_host_is_spelt_as_browsers_do(self, url: str, host: str) -> None:
        door = Door(public_url=url)
        assert door.host == host
        assert door.allowed_hosts == {"localhost", "127.0.0.1", "::1", host}
        assert door.secure and door.session_cookie == "__Host-tenken_session"

    @pytest.mark.parametrize("url", ["http://localhost:8000", "http://127.0.0.1", "http://[::1]"])
    def test_this_machine_needs_no_certificate(self, url: str) -> None:
        door = Door(public_url=url)
        assert (door.secure, door.single_user_allowed) == (False, True)
        assert door.flow_cookie == "tenken_flow"

    @pytest.mark.parametrize("url", ["http://tenken.example.jp", "ftp://tenken.example.jp"])
    def test_passwords_never_cross_a_network_in_the_clear(self, url: str) -> None:
        with pytest.raises(Refused, match="is not https: passwords would cross"):
            Door(public_url=url)

    def test_half_an_issuer_is_told(self) -> None:
        settings_ = OidcSettings(issuer="https://id.example.jp", client_id=None)
        with pytest.raises(BadInput, match="TENKEN_OIDC_CLIENT_ID"):
            build_door(ServeSettings(), settings_)


HALF = "\\ud800" + "a" * 20
"""Half a character, as JSON can carry it and UTF-8 cannot."""


class TestHalfCharacters:
    """JSON may hold half a character; nothing of it is a fault of ours."""

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            (f'{{"name":"hanako","password":"{HALF}"}}', 401),
            (f'{{"name":"{HALF}","password":"{PASSWORD}"}}', 422),
            (f'{{"name":"hanako","password":"{PASSWORD}","organisation_id":"{HALF}"}}', 422),
        ],
    )
    def test_a_sign_in_is_refused(
        self, client: TestClient, hanako: Person, body: str, status: int
    ) -> None:
        answer = client.post(
            "/api/session", content=body.encode(), headers={"content-type": "application/json"}
        )
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"

    @pytest.mark.parametrize(
        "part", ['"asset_id":"{0}"', '"name":"{0}"', '"member":"{0}"', '"attributes":{{"{0}":1}}',
                 '"attributes":{{"adt":"{0}"}}'],
    )  # fmt: skip
    def test_an_asset_is_refused_with_its_field(self, client: TestClient, part: str) -> None:
        fields = {"asset_id": '"asset_id":"x1"', "name": '"name":"x"'}
        fields[part.split('"')[1]] = part.format(HALF)
        body = "{" + ",".join(fields.values()) + "}"
        answer = client.post(
            "/api/assets", content=body.encode(), headers={"content-type": "application/json"}
        )
        assert answer.status_code == 422
        assert f"body.{part.split(chr(34))[1]}" in answer.json()["detail"]


class TestTypedPasswords:
    """A password is what the person typed, on whatever machine."""

    @pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
    def test_the_end_of_a_line_is_no_part_of_it(
        self, client: TestClient, seeded: Seeded, ending: str
    ) -> None:
        said = run_tenken(
            *("users", "add", "taro", "--role", "viewer", "--password-stdin"),
            *("--home", seeded.home),
            typed=PASSWORD + ending,
        )
        assert said.code == 0, said.err
        signed_in = client.post("/api/session", json={"name": "taro", "password": PASSWORD})
        assert signed_in.status_code == 200

    def test_spaces_are_a_part_of_it(self) -> None:
        typed = "  橋 を 点検 する 人々 の 合言葉  "
        stored = passwords.hashed(passwords.checked(typed, name="taro"))
        assert passwords.matches(stored, typed)
        assert not passwords.matches(stored, typed.strip())

    @pytest.mark.parametrize(
        ("length", "fits"), [(14, False), (15, True), (1000, True), (1001, False)]
    )
    def test_both_bounds_of_its_length(self, length: int, fits: bool) -> None:
        typed = ("橋梁点検" * 251)[:length]
        if fits:
            assert passwords.checked(typed, name="taro") == typed
            return
        with pytest.raises(BadInput, match=f"15 to 1000 characters, this has {length}") as told:
            passwords.checked(typed, name="taro")
        assert typed[:8] not in str(told.value)

    def test_bytes_that_are_no_characters_are_told_without_the_password(self) -> None:
        with pytest.raises(BadInput, match="bytes that are no characters; type it as UTF-8"):
            passwords.checked("correct horse \udc82\udcd0", name="taro")

    def test_only_the_same_text_fits(self) -> None:
        stored = passwords.hashed(PASSWORD)
        assert passwords.matches(stored, PASSWORD)
        near = (PASSWORD.upper(), PASSWORD + " ", PASSWORD[:-1], PASSWORD + "\0", "\ud800", "")
        assert not any(passwords.matches(stored, other) for other in near)
        assert not passwords.matches("$argon2id$broken", PASSWORD)
        assert not passwords.matches(None, PASSWORD)


@pytest.fixture
def public(app: Any) -> Iterator[str]:
    """Let the service be reached under a Japanese name."""
    app.state.door = Door(public_url="https://点検.example.jp")
    yield "xn--f4v75n.example.jp"
    app.state.door = Door()


def test_a_session_under_a_japanese_name_is_bound_to_it(
    client: TestClient, public: str, hanako: Person
) -> None:
    answer = client.post("/api/session", json={"name": "hanako", "password": PASSWORD})
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-tenken_session=")
    assert "Secure" in cookie and "HttpOnly" in cookie and "Domain" not in cookie
