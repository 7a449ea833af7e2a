"""Every error of Tenken has a status, and every answer about one is problem details."""

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api import errors
from api.errors import MEDIA_TYPE, SPECIAL, STATUS, all_kinds, slug, status_of, title_of
from inspection.errors import (
    FAMILIES,
    Broken,
    Conflict,
    NotFound,
    TenkenError,
    Unavailable,
    family,
)


def test_the_table_has_exactly_the_families() -> None:
    assert set(STATUS) == set(FAMILIES)


@pytest.mark.parametrize("kind", all_kinds().values(), ids=slug)
def test_every_error_has_a_status_a_slug_and_a_title(kind: type[TenkenError]) -> None:
    status = status_of(kind("words"))
    assert status in {401, 403, 404, 409, 410, 412, 413, 422, 429, 460, 500, 503}
    assert status == SPECIAL.get(kind, STATUS[family(kind)])
    assert slug(kind) == slug(kind).lower()
    assert title_of(kind)[0].isupper()
    assert not title_of(kind).startswith("Say that")


def test_all_kinds_walks_the_whole_tree() -> None:
    names = set(all_kinds())
    assert {"bad-photo", "not-registered", "illegal-transition", "too-large", "broken"} <= names
    assert len(names) == len({kind.__name__ for kind in all_kinds().values()})


def raising(error: Exception) -> TestClient:
    app = FastAPI()
    errors.install(app)

    @app.get("/it")
    def it() -> None:
        raise error

    @app.get("/ogc", tags=[errors.OGC_TAG])
    def ogc(count: int) -> None:
        raise error

    return TestClient(app, raise_server_exceptions=False)


@pytest.mark.parametrize("kind", all_kinds().values(), ids=slug)
def test_answers_are_problem_details(kind: type[TenkenError]) -> None:
    answer = raising(kind("crack 7 has no width")).get("/it")
    problem = answer.json()
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert answer.status_code == problem["status"] == status_of(kind(""))
    assert problem["type"].startswith("/problems/")
    assert problem["instance"] == "/it"
    if issubclass(kind, Broken):
        assert "crack 7" not in answer.text
    else:
        assert problem["detail"] == "crack 7 has no width"


def test_unavailable_says_when_to_try_again() -> None:
    answer = raising(Unavailable("the disk is full")).get("/it")
    assert answer.status_code == 503
    assert 1 <= int(answer.headers["retry-after"]) <= 60


def test_a_fault_of_ours_shows_a_number_and_no_inside(caplog: pytest.LogCaptureFixture) -> None:
    answer = raising(ZeroDivisionError("secret path /home/x")).get("/it")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert "secret" not in answer.text
    incident = answer.json()["detail"].split("incident ")[1].split()[0]
    assert len(incident) == 12
    assert incident in caplog.text


def test_ogc_routes_answer_400_to_bad_input() -> None:
    client = raising(errors.BadInput("bbox is no box"))
    assert client.get("/it").status_code == 422
    assert client.get("/ogc?count=1").status_code == 400
    assert client.get("/ogc?count=many").status_code == 400
    assert client.get("/ogc?count=many").json()["errors"][0]["where"] == "query.count"


@pytest.mark.parametrize("error", [NotFound("gone"), Conflict("changed")])
def test_ogc_routes_keep_other_statuses(error: TenkenError) -> None:
    assert raising(error).get("/ogc?count=1").status_code == status_of(error)


def test_an_unknown_address_and_method_are_problems_too() -> None:
    client = raising(NotFound("x"))
    for answer in (client.get("/nowhere"), client.put("/it")):
        assert answer.headers["content-type"] == MEDIA_TYPE
        assert answer.status_code == answer.json()["status"]
        assert answer.status_code in {404, 405}
