"""The pages: served as built, never from outside their folder."""

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.routes.site import built_file

BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture
def built(dist: Path) -> Path:
    (dist / "assets").mkdir(parents=True)
    (dist / "index.html").write_text("<!doctype html><title>Tenken</title>", encoding="utf-8")
    (dist / "assets" / "index-BzR4x_9q.js").write_text("export {};", encoding="utf-8")
    (dist / "assets" / "plain.css").write_text("p {}", encoding="utf-8")
    (dist.parent / "secret.txt").write_text("secret", encoding="utf-8")
    return dist


def test_without_pages_the_service_says_how_to_build_them(client: TestClient) -> None:
    for path in ("/", "/app", "/app/surveys/1"):
        answer = client.get(path, headers=BROWSER)
        assert answer.status_code == 200
        assert "make web" in answer.text
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/", "/app", "/app/", "/app/surveys/7/defects/9"])
def test_every_view_is_the_one_page(client: TestClient, built: Path, path: str) -> None:
    answer = client.get(path, headers=BROWSER)
    assert answer.text == (built / "index.html").read_text(encoding="utf-8")
    assert "no-cache" in answer.headers["cache-control"]
    assert "script-src" not in answer.headers["content-security-policy"]
    assert "default-src 'self'" in answer.headers["content-security-policy"]


def test_files_named_by_their_content_are_kept_for_ever(client: TestClient, built: Path) -> None:
    script = client.get("/assets/index-BzR4x_9q.js")
    assert script.headers["content-type"].startswith("text/javascript")
    assert "immutable" in script.headers["cache-control"]
    style = client.get("/assets/plain.css")
    assert style.headers["content-type"].startswith("text/css")
    assert "no-cache" in style.headers["cache-control"]


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/assets/%2e%2e/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "//etc/passwd",
        "/%2fetc%2fpasswd",
        "/assets",
        "/nothing.js",
        "/api/nothing",
    ],
)
def test_nothing_outside_the_folder_is_served(client: TestClient, built: Path, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert "secret" not in answer.text.replace("secret.txt", "")
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_link_that_leads_outside_is_not_followed(built: Path) -> None:
    (built / "link.txt").symlink_to(built.parent / "secret.txt")
    assert built_file(built, "link.txt") is None
    assert built_file(built, "assets/plain.css") is not None


def test_problems_explain_themselves(client: TestClient) -> None:
    problem = client.get("/api/assets/none").json()
    explained = client.get(problem["type"]).json()
    assert explained["status"] == problem["status"] == 404
    assert explained["title"] == problem["title"]
    assert client.get("/problems/unheard-of").status_code == 404


def test_names_and_colours_of_damage_are_offered(client: TestClient) -> None:
    shown = client.get("/api/codelists/damage-classes").json()
    by_code = {row["code"]: row for row in shown["damage_classes"]}
    assert by_code["crack"]["linear"] is True and by_code["spall"]["linear"] is False
    assert by_code["joint"]["is_defect"] is False
    assert all(row["colour"].startswith("#") and row["ja"] for row in by_code.values())
    assert "shadow" in shown["reject_reasons"]
