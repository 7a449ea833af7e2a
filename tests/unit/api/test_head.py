"""HEAD answers wherever GET does: the same status and headers, and not a byte."""

import pytest
from fastapi.testclient import TestClient

from api.permission import permissions
from tests.support.seed import Seeded
from tests.support.tus import RESUMABLE, TusClient
from tests.unit.api.test_permissions import address

READ = [
    name
    for name in permissions().routes
    if name.startswith("GET ") and "/uploads/" not in name  # where tus says what HEAD means
]


@pytest.mark.parametrize("name", READ)
def test_head_is_get_without_a_body(client: TestClient, seeded: Seeded, name: str) -> None:
    _, path = address(name, seeded)
    told = client.head(path, follow_redirects=False)
    asked = client.get(path, follow_redirects=False)
    assert told.content == b""
    assert told.status_code == asked.status_code != 405
    assert told.headers["content-type"] == asked.headers["content-type"]
    if asked.status_code != 500:
        assert told.headers["content-length"] == asked.headers["content-length"]
    assert told.headers["content-security-policy"]


def test_a_client_that_has_it_hears_so(client: TestClient, seeded: Seeded) -> None:
    path = f"/api/defects/{seeded.mapped.defects[0].defect_id}/chip.png"
    tag = client.head(path).headers["etag"]
    assert client.head(path, headers={"if-none-match": tag}).status_code == 304


def test_head_changes_nothing_and_reaches_nothing_else(client: TestClient) -> None:
    for path in ("/api/flight/plans", "/api/programmes/drafts/x/y", "/nothing.js"):
        assert client.head(path).status_code in {404, 405}
    assert client.head("/api/flight/plans").status_code == 405


def test_an_upload_still_answers_head_in_its_own_way(client: TestClient, tus: TusClient) -> None:
    path = tus.begin("a.jpg", b"x" * 10)
    told = client.head(path, headers=RESUMABLE)
    assert told.headers["upload-offset"] == "0"
    assert client.head(path).status_code == 412
