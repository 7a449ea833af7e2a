"""The edge: this machine only, no foreign names, no foreign pages, no foreign bodies."""

import pytest
from fastapi.testclient import TestClient

from api.errors import MEDIA_TYPE
from api.security import SECURITY_HEADERS, is_loopback

JSON = {"content-type": "application/json"}
ASSET = {"asset_id": "b-1", "name": "Bridge"}


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "localhost", "::1", "[::1]"])
def test_loopback_is_this_machine_only(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "192.168.1.4", "example.org", "", "localhost.example.org", "127.1.x"]
)
def test_anything_else_is_reached_by_others(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:1", "[::1]:8000", "LOCALHOST"])
def test_names_of_this_machine_are_served(client: TestClient, host: str) -> None:
    assert client.get("/healthz", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost:80@evil.example", "", "[::1"]
)
def test_other_names_are_not(client: TestClient, host: str) -> None:
    answer = client.get("/healthz", headers={"host": host})
    assert answer.status_code == 421
    assert answer.headers["content-type"] == MEDIA_TYPE


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999"},
        {"origin": "http://127.0.0.1:8000.evil.example"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_a_page_of_another_site_changes_nothing(
    client: TestClient, headers: dict[str, str]
) -> None:
    answer = client.post("/api/assets", json=ASSET, headers=headers)
    assert answer.status_code == 403
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert client.get("/api/assets/b-1").status_code == 404


@pytest.mark.parametrize(
    "headers",
    [{}, {"origin": "http://127.0.0.1:8000", "sec-fetch-site": "same-origin"}],
)
def test_our_own_page_and_programs_may(client: TestClient, headers: dict[str, str]) -> None:
    assert client.post("/api/assets", json=ASSET, headers=headers).status_code == 201


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_bodies_that_a_foreign_form_can_send_are_refused(client: TestClient, kind: str) -> None:
    answer = client.post("/api/assets", content=b'{"asset_id":"b-1","name":"x"}', headers={
        "content-type": kind
    })  # fmt: skip
    assert answer.status_code == 415


def test_an_upload_must_be_multipart_and_nothing_else_may(client: TestClient) -> None:
    path = "/api/surveys/6d1f3f5e-6f0c-5f0a-9a2e-74656e6b656e/photos"
    assert client.post(path, content=b"{}", headers=JSON).status_code == 415
    files = {"files": ("a.jpg", b"x", "image/jpeg")}
    assert client.post(path, files=files).status_code == 404
    assert client.post("/api/assets", files=files).status_code == 415


@pytest.mark.parametrize("path", ["/healthz", "/", "/nowhere", "/collections", "/api/surveys"])
def test_every_answer_is_hardened_and_shared_with_no_other_origin(
    client: TestClient, path: str
) -> None:
    answer = client.get(path, headers={"origin": "http://evil.example"})
    for name, value in SECURITY_HEADERS.items():
        assert answer.headers[name] == value
    assert "access-control-allow-origin" not in answer.headers
    assert "unsafe-eval" not in answer.headers["content-security-policy"]
    assert "server" not in answer.headers


def test_preflight_of_another_origin_gets_no_permission(client: TestClient) -> None:
    answer = client.options(
        "/api/assets",
        headers={"origin": "http://evil.example", "access-control-request-method": "POST"},
    )
    assert answer.status_code >= 400
    assert not [name for name in answer.headers if name.startswith("access-control")]
