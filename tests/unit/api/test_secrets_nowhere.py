"""No password, no token, no session and no folder of the machine in an answer or a line of a log.

Every address of the service is asked, by somebody who is signed in, in a service that works and in
one whose parts are gone; every line that is logged on the way is kept, down to the finest.
"""

import io
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from api.app import create_app
from api.deps import Services
from api.door import Door
from api.oidc import Issuer
from api.passwords import hashed
from api.permission import permissions
from inspection.domain.account import Role
from inspection.redaction import ScrubbingFormatter, name_folder
from inspection.store.blobs import FolderBlobs
from inspection.store.engine import create_engine
from inspection.store.scope import HOME
from tests.support.people import PASSWORD, Person, add_person, add_token
from tests.support.seed import Seeded
from tests.support.tus import RESUMABLE
from tests.unit.api.conftest import BASE_URL, NOW
from tests.unit.api.test_permissions import address

DATABASE_WORD = "s3cret-word-of-the-database"
ISSUER_WORD = "s3cret-word-of-the-issuer"
ELSEWHERE = f"postgresql+psycopg://tenken:{DATABASE_WORD}@127.0.0.1:1/tenken"
HANDS_OUT = {"GET /api/session", "POST /api/session"}
"""What answers these, to their holder alone, is the word against forged requests and the cookie."""


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """Keep every line of every logger, written as the service writes lines."""
    stream, root = io.StringIO(), logging.getLogger()
    handler, level = logging.StreamHandler(stream), root.level
    handler.setFormatter(ScrubbingFormatter("%(name)s %(message)s"))
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.fixture
def person(services: Services, seeded: Seeded) -> Person:
    name_folder(seeded.home, "home")
    return add_person(services.engine, Role.PLANNER, HOME, NOW, password_hash=hashed(PASSWORD))


def whole(services: Services) -> Services:
    return services


def without_blobs(services: Services) -> Services:
    """Let the store be gone, and a file stand where files would arrive."""
    gone = services.scratch.parent / "gone"
    scratch = services.scratch.parent / "tenken.sqlite" / "incoming"
    return replace(services, blobs=FolderBlobs(gone / "blobs"), scratch=scratch)


def without_tables(services: Services) -> Services:
    """Lose tables in a way that no migration does."""
    with closing(sqlite3.connect(services.scratch.parent / "tenken.sqlite")) as connection:
        for table in ("surveys", "defects", "assets"):
            connection.execute(f"DROP TABLE {table}")
        connection.commit()
    return services


def without_database(services: Services) -> Services:
    return replace(services, engine=create_engine(ELSEWHERE))


def spoken(client: TestClient, name: str, seeded: Seeded, headers: dict[str, str]) -> str:
    """Ask one address; give all that came back."""
    method, path = address(name, seeded)
    sent = {**headers, **(RESUMABLE if "/uploads" in path else {})}
    if path.endswith("/photos") and method == "POST":
        answer = client.post(path, files={"files": ("a.jpg", b"x")}, headers=sent)
    elif method == "PATCH":
        sent |= {"content-type": "application/offset+octet-stream", "upload-offset": "0"}
        answer = client.request(method, path, content=b"x", headers=sent)
    else:
        if method == "POST" and path.endswith("/uploads"):
            sent["upload-length"] = "9"
        body = {"name": "planner.home", "password": PASSWORD} if method != "GET" else None
        answer = client.request(method, path, json=body, headers=sent, follow_redirects=False)
    return f"{answer.headers}\n{answer.text}"


@pytest.mark.parametrize("part", [whole, without_blobs, without_tables, without_database])
def test_nothing_tells_a_secret_or_a_folder(
    services: Services, seeded: Seeded, person: Person, lines: io.StringIO, part: object
) -> None:
    token = add_token(services.engine, person, {"look", "capture"}, NOW)
    secrets = {
        person.session,
        person.headers["x-tenken-csrf"],
        token.rpartition("_")[2],
        PASSWORD,
        DATABASE_WORD,
        ISSUER_WORD,
        str(seeded.home),
        str(Path(__file__).parents[3]),
    }
    assert callable(part)
    door = Door(issuer=Issuer(url="http://127.0.0.1:1", client_id="c", client_secret=ISSUER_WORD))
    app = create_app(part(services), door=door)
    bearer = {"authorization": f"Bearer {token}"}
    statuses = []
    with closing(TestClient(app, base_url=BASE_URL, raise_server_exceptions=False)) as client:
        for number, name in enumerate(permissions().routes):
            client.cookies.clear()
            told = spoken(client, name, seeded, bearer if number % 2 else person.headers)
            for secret in secrets:
                if name not in HANDS_OUT or secret == PASSWORD:
                    assert secret not in told, f"{name} in {part}"
            statuses.append(told)
    logged = lines.getvalue()
    for secret in secrets:
        assert secret not in logged, f"the log of {part}"
    if part is not whole:
        assert sum("application/problem+json" in told for told in statuses) > 20
        assert "incident" in "".join(statuses) or "/problems/unavailable" in "".join(statuses)


def test_the_net_has_something_to_catch(lines: io.StringIO, seeded: Seeded) -> None:
    """Show that the lines would tell, were they not scrubbed."""
    name_folder(seeded.home, "home")
    try:
        with sa.create_engine(ELSEWHERE).connect():
            pass
    except sa.exc.OperationalError as error:
        logging.getLogger("x").error("%s at %s for %s", ELSEWHERE, seeded.home, error)
    assert DATABASE_WORD not in lines.getvalue() and "…@127.0.0.1" in lines.getvalue()
    assert str(seeded.home) not in lines.getvalue() and "<home>" in lines.getvalue()
