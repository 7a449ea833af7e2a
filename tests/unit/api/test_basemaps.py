"""Background maps: none unless the operator wishes, and browsers may fetch from these alone."""

import json
from contextlib import closing
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from api.app import app_from_environment, create_app
from api.basemap import origin_of, origins, read_basemaps
from api.deps import Services
from inspection.errors import BadInput
from tests.unit.api.conftest import BASE_URL

GSI = {
    "name": "地理院地図",
    "url": "https://cyberjapandata.gsi.go.jp/xyz/std/{z}/{x}/{y}.png",
    "attribution": "国土地理院",
    "link": "https://maps.gsi.go.jp/development/ichiran.html",
}
OWN = {"name": "own", "url": "https://t.example:8443/{z}/{x}/{y}", "attribution": "us"}


def policy(client: TestClient) -> str:
    return client.get("/healthz").headers["content-security-policy"]


def test_nothing_is_fetched_from_outside_unless_somebody_wishes(client: TestClient) -> None:
    assert client.get("/api/basemaps").json() == {"basemaps": []}
    assert "img-src 'self' data: blob:;" in policy(client)
    assert "http" not in policy(client)


def test_browsers_may_fetch_from_these_origins_and_no_other(services: Services) -> None:
    known = read_basemaps(json.dumps([GSI, OWN, {**GSI, "name": "again"}]))
    app = create_app(services, backgrounds=known)
    with closing(TestClient(app, base_url=BASE_URL)) as client:
        shown = client.get("/api/basemaps").json()["basemaps"]
        assert shown[0] == {**GSI, "max_zoom": 18}
        wanted = (
            "img-src 'self' data: blob: https://cyberjapandata.gsi.go.jp https://t.example:8443;"
        )
        assert wanted in policy(client)
        assert policy(client).count("https:") == 2
        assert "default-src 'self';" in policy(client)


def test_the_environment_names_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("TENKEN_HOME", str(tmp_path))
    monkeypatch.setenv("TENKEN_BASEMAPS", json.dumps([GSI], ensure_ascii=False))
    assert [one.name for one in app_from_environment().state.basemaps] == ["地理院地図"]
    monkeypatch.setenv("TENKEN_BASEMAPS", "[")
    with pytest.raises(BadInput, match="no JSON"):
        app_from_environment()


@pytest.mark.parametrize("text", [None, "", "  ", "[]"])
def test_none_are_none(text: str | None) -> None:
    assert read_basemaps(text) == ()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"url": "http://tiles.example/{z}/{x}/{y}"}, "not https"),
        ({"url": "https://tiles.example/{z}/{x}"}, "{y} once"),
        ({"url": "https://tiles.example/{z}/{z}/{x}/{y}"}, "{z} once"),
        ({"url": "https://{z}.example/{x}/{y}"}, "names no host"),
        ({"url": "https://u:p@tiles.example/{z}/{x}/{y}"}, "names no host"),
        ({"url": "https://*/{z}/{x}/{y}"}, "names no host"),
        ({"url": "https://a.example;script-src/{z}/{x}/{y}"}, "without blanks"),
        ({"url": "https://a.example https://b.example/{z}/{x}/{y}"}, "without blanks"),
        ({"url": "data:image/png,{z}{x}{y}"}, "names no host|without blanks"),
        ({"url": "https://tiles.example:99999/{z}/{x}/{y}"}, "TENKEN_BASEMAPS"),
        ({"link": "javascript:alert(1)"}, "names no host"),
        ({"attribution": ""}, "attribution"),
        ({"attribution": "a\nb"}, "attribution"),
        ({"name": ""}, "name"),
        ({"max_zoom": 25}, "max_zoom"),
        ({"opacity": 1}, "opacity"),
    ],
)
def test_what_is_no_background_map_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        read_basemaps(json.dumps([{**GSI, **changes}]))


@pytest.mark.parametrize("text", ["{}", '"x"', "[1]", "nothing"])
def test_what_is_no_list_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="TENKEN_BASEMAPS"):
        read_basemaps(text)


def test_two_of_a_name_and_too_many_are_refused() -> None:
    for names in (["a", "a"], [str(n) for n in range(11)]):
        with pytest.raises(BadInput, match="another name"):
            read_basemaps(json.dumps([{**GSI, "name": name} for name in names]))


def test_a_tile_server_of_this_machine_may_speak_http() -> None:
    assert origin_of("http://127.0.0.1:8080/{z}/{x}/{y}.png") == "http://127.0.0.1:8080"


@given(st.text(max_size=60))
def test_no_address_smuggles_anything_into_the_policy(text: str) -> None:
    """Whatever is let through is one word: a scheme, a plain host, a port."""
    try:
        found = origin_of(f"https://{text}/{{z}}/{{x}}/{{y}}")
    except ValueError:
        return
    assert not set(found) & set(" ;,'\"*\\\n")
    assert found.startswith("https://") and len(found) > len("https://")


def test_each_origin_stands_once() -> None:
    known = read_basemaps(json.dumps([OWN, {**OWN, "name": "other"}, GSI]))
    assert origins(known) == ("https://t.example:8443", "https://cyberjapandata.gsi.go.jp")
