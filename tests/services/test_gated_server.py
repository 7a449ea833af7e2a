"""The real service where others reach it: nothing without a sign-in, nothing secret in its log."""

import os
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from api import passwords
from inspection.domain.account import Role
from inspection.store import audit
from inspection.store.engine import create_engine, reading
from inspection.store.scope import HOME
from tests.support.people import PASSWORD, Person, add_person, add_token
from tests.support.seed import Seeded, seed
from tests.support.server import RunningServer, running_server

pytestmark = pytest.mark.services

OPEN = {"TENKEN_HOST": "0.0.0.0", "TENKEN_PUBLIC_URL": "https://0.0.0.0"}
"""Listens on every interface; the name is the one that the test calls."""


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Seeded:
    return seed(tmp_path_factory.mktemp("open") / "home")


@pytest.fixture(scope="module")
def admin(seeded: Seeded) -> Person:
    engine = create_engine(seeded.database_url)
    stored = passwords.hashed(PASSWORD)
    now = datetime.now(UTC)
    person = add_person(engine, Role.ADMIN, HOME, now, name="root", password_hash=stored)
    engine.dispose()
    return person


@pytest.fixture(scope="module")
def server(seeded: Seeded, admin: Person) -> Iterator[RunningServer]:
    with running_server(seeded.home, worker=False, environment=OPEN) as running:
        yield running


def test_nothing_is_told_without_a_sign_in(server: RunningServer) -> None:
    assert server.call("/healthz")[0] == 200
    for path in ("/api/assets", "/api/surveys", "/collections", "/api/worklist?asset_id=x"):
        status, problem = server.call(path)
        assert (status, problem["type"]) == (401, "/problems/not-signed-in")
    assert server.call("/api/session")[1]["mode"] == "accounts"


def test_gdal_reads_with_a_token_and_not_without(
    server: RunningServer, seeded: Seeded, admin: Person
) -> None:
    engine = create_engine(seeded.database_url)
    token = add_token(engine, admin, {"look"}, datetime.now(UTC))
    engine.dispose()
    environment = {name: value for name, value in os.environ.items() if name != "PROJ_DATA"}
    printed = {}
    for sent in (token, token[:-1]):
        header = f"Authorization: Bearer {sent}"
        done = subprocess.run(
            ["ogrinfo", "--config", "GDAL_HTTP_HEADERS", header, f"OAPIF:{server.base_url}"],
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
            env=environment,
        )
        printed[sent] = done.stdout + done.stderr
    assert "defects" in printed[token] and "surveys" in printed[token]
    assert "surveys" not in printed[token[:-1]]


def test_a_sign_in_a_token_and_an_error_leave_no_secret_in_the_log(
    server: RunningServer, seeded: Seeded, admin: Person
) -> None:
    wrong = {"name": "root", "password": "some wrong password"}
    assert server.call("/api/session", method="POST", body=wrong)[0] == 401
    right = {"name": "root", "password": PASSWORD}
    assert server.call("/api/session", method="POST", body=right)[1]["role"] == "admin"
    engine = create_engine(seeded.database_url)
    token = add_token(engine, admin, {"look"}, datetime.now(UTC))
    bearer = {"Authorization": f"Bearer {token}"}
    assert server.call("/api/assets", headers=bearer)[1]["number_matched"] == 2
    (seeded.home / "blobs").rename(seeded.home / "gone")
    tile = f"/api/surveys/{seeded.mapped.survey_id}/tiles/0/0/0.png"
    status, problem = server.call(tile, headers=bearer)
    assert status >= 400
    told = f"{problem}{server.tail()}"
    for secret in (PASSWORD, "some wrong password", token, str(seeded.home), str(Path.cwd())):
        assert secret not in told
    with reading(engine) as connection:
        actions = [event.action for event in audit.find(connection)]
        assert list(audit.verify(connection)) == []
    assert actions == ["sign_in_refused", "sign_in"]
    engine.dispose()
