"""Lists: any page size joins to the whole, bounds are told, and every error is problem details."""

import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.deps import Services
from api.errors import MEDIA_TYPE, RETRY_AFTER_S, all_kinds
from api.upload import Limits
from inspection import __version__
from inspection.codelists.damage_classes import load_damage_labels
from inspection.domain.review import RejectReason
from inspection.domain.taxonomy import DISTRACTOR_CLASSES, LINEAR_CLASSES, DamageClass
from inspection.store.blobs import FolderBlobs
from inspection.store.engine import create_engine
from tests.support.seed import Seeded, database_url
from tests.unit.api.conftest import BASE_URL, CountingBell, StoppedClock

NOBODY = uuid.UUID(int=7)
LISTS = {"/api/assets": 1000, "/api/surveys": 500}
"""Each list with the longest page that it gives."""


@pytest.fixture(scope="module")
def reader(
    seeded_template: Seeded, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TestClient]:
    """Give a client for tests that change nothing: one home folder serves them all."""
    engine = create_engine(database_url(seeded_template.home))
    services = Services(
        engine=engine,
        blobs=FolderBlobs(seeded_template.home / "blobs"),
        ring=CountingBell(),
        clock=StoppedClock(),
        limits=Limits(file_max_bytes=1000),
        scratch=tmp_path_factory.mktemp("incoming"),
    )
    with closing(TestClient(create_app(services), base_url=BASE_URL)) as opened:
        yield opened
    engine.dispose()


def more_assets(client: TestClient, count: int) -> None:
    for number in range(count):
        body = {"asset_id": f"p-{number:02d}", "name": f"Pier {number}"}
        assert client.post("/api/assets", json=body).status_code == 201


def test_pages_of_any_size_join_to_the_whole(client: TestClient) -> None:
    more_assets(client, 5)
    whole = client.get("/api/assets").json()
    assert whole["number_matched"] == len(whole["assets"]) == 7
    names = [row["asset_id"] for row in whole["assets"]]
    assert names == sorted(names)
    for limit in (1, 2, 3, 7, 1000):
        joined: list[dict[str, Any]] = []
        for offset in range(0, 8, limit):
            page = client.get("/api/assets", params={"limit": limit, "offset": offset}).json()
            assert len(page["assets"]) == max(0, min(limit, 7 - offset))
            assert page["number_matched"] == 7
            joined += page["assets"]
        assert joined == whole["assets"]


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("offset", [2, 3, 10**6, 2**31])
def test_behind_the_end_is_an_empty_page_that_still_counts(
    reader: TestClient, path: str, offset: int
) -> None:
    page = reader.get(path, params={"offset": offset}).json()
    rows = page["assets"] if "assets" in page else page["surveys"]
    assert rows == []
    assert page["number_matched"] == 2


@pytest.mark.parametrize("path", LISTS)
def test_both_bounds_of_a_page_are_taken(reader: TestClient, path: str) -> None:
    for limit in (1, LISTS[path]):
        assert reader.get(path, params={"limit": limit, "offset": 0}).status_code == 200


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("limit", 0, "greater than or equal to 1"),
        ("limit", -3, "greater than or equal to 1"),
        ("limit", 1001, "less than or equal to"),
        ("limit", "all", "valid integer"),
        ("offset", -1, "greater than or equal to 0"),
        ("offset", "1.5", "valid integer"),
    ],
)
def test_beyond_them_the_field_and_the_bound_are_named(
    reader: TestClient, path: str, field: str, value: object, words: str
) -> None:
    answer = reader.get(path, params={field: str(value)})
    assert answer.status_code == 422
    (problem,) = answer.json()["errors"]
    assert problem["where"] == f"query.{field}"
    assert words in problem["message"]
    assert f"query.{field}: {problem['message']}" == answer.json()["detail"]


@pytest.mark.parametrize("limit", [1, 2, 3, 5000])
def test_the_defects_of_a_survey_are_chained_without_loss(
    reader: TestClient, seeded_template: Seeded, limit: int
) -> None:
    survey = seeded_template.mapped
    path: str | None = f"/api/surveys/{survey.survey_id}/defects?limit={limit}"
    seen: list[str] = []
    while path is not None:
        page = reader.get(path).json()
        assert page["number_returned"] == len(page["defects"]) <= limit
        assert (page["number_matched"], page["limit"]) == (len(survey.defects), limit)
        assert page["offset"] == len(seen)
        seen += [row["defect_id"] for row in page["defects"]]
        path = page["next"]
    assert len(seen) == len(set(seen))
    assert set(seen) == {str(one.defect_id) for one in survey.defects}


@pytest.mark.parametrize("limit", [0, 5001])
def test_a_page_of_defects_has_bounds_too(
    reader: TestClient, seeded_template: Seeded, limit: int
) -> None:
    answer = reader.get(f"/api/surveys/{seeded_template.mapped.survey_id}/defects?limit={limit}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["where"] == "query.limit"


WRONG = [
    ("GET", "/api/assets/none", 404, "there is no asset 'none'"),
    ("GET", f"/api/surveys/{NOBODY}", 404, f"there is no survey {NOBODY}"),
    ("GET", f"/api/jobs/{NOBODY}", 404, f"there is no job {NOBODY}"),
    ("POST", f"/api/jobs/{NOBODY}/cancel", 404, f"there is no job {NOBODY}"),
    ("GET", f"/api/defects/{NOBODY}", 404, f"there is no defect {NOBODY}"),
    ("GET", "/api/jobs/7", 422, "path.job_id"),
    ("GET", "/api/worklist", 422, "give exactly one of the two"),
    ("GET", f"/api/worklist?survey_id={NOBODY}", 404, f"there is no survey {NOBODY}"),
    (
        "GET",
        "/api/worklist.docx?asset_id=bridge-12",
        422,
        "'csv', 'xlsx', 'geojson', 'gpkg', 'dxf' or 'pdf'",
    ),
    ("GET", "/api/worklist.csv?asset_id=bridge-12&lang=fr", 422, "'ja' or 'en'"),
    ("GET", "/api/codelists/none", 404, "there is nothing at /api/codelists/none"),
    ("GET", "/problems/none", 404, "there is no kind of problem 'none'; one of ["),
    ("GET", "/collections/defects/items?limit=0", 400, "query.limit"),
    ("GET", "/collections/defects/items?crs=EPSG:1", 400, "is not offered here; use one of"),
    ("GET", "/collections/defects/items?colour=red", 400, "unknown parameter colour; there are"),
]


@pytest.mark.parametrize(("method", "path", "status", "words"), WRONG)
def test_every_error_is_a_problem_that_explains_itself(
    reader: TestClient, method: str, path: str, status: int, words: str
) -> None:
    answer = reader.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == MEDIA_TYPE
    problem = answer.json()
    assert problem["status"] == status
    assert words in problem["detail"]
    assert problem["instance"] == path.partition("?")[0]
    explained = reader.get(problem["type"])
    assert explained.status_code == 200
    assert explained.json()["title"] == problem["title"]


def test_every_kind_of_problem_has_a_page(reader: TestClient) -> None:
    for kind in all_kinds():
        page = reader.get(f"/problems/{kind}").json()
        assert page["kind"] == kind
        assert 400 <= page["status"] <= 599
        assert page["meaning"].startswith("Say that ")


def test_health_names_the_version(reader: TestClient) -> None:
    assert reader.get("/healthz").json() == {"status": "ok", "version": __version__}


def test_without_its_database_the_service_is_not_healthy(
    client: TestClient, services: Services, tmp_path: Any
) -> None:
    lost = create_engine(f"sqlite:///{tmp_path / 'no-such-folder' / 'tenken.sqlite'}")
    client.app.state.services = replace(services, engine=lost)  # type: ignore[attr-defined]
    answer = client.get("/healthz")
    lost.dispose()
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == str(RETRY_AFTER_S)
    assert answer.json()["type"] == "/problems/unavailable"
    assert str(tmp_path) not in answer.text


def test_the_code_list_has_each_class_once_with_a_colour(reader: TestClient) -> None:
    listed = reader.get("/api/codelists/damage-classes").json()
    rows = {row["code"]: row for row in listed["damage_classes"]}
    assert len(rows) == len(listed["damage_classes"]) == len(load_damage_labels())
    assert set(rows) == {one.value for one in DamageClass}
    for code, row in rows.items():
        assert row["linear"] is (code in LINEAR_CLASSES)
        assert row["is_defect"] is (code not in DISTRACTOR_CLASSES)
        assert row["ja"] and row["en"]
        red_green_blue = int(row["colour"].removeprefix("#"), 16)
        assert len(row["colour"]) == 7 and 0 <= red_green_blue <= 0xFFFFFF
    assert listed["reject_reasons"] == [reason.value for reason in RejectReason]
