"""The routes of open data: catalogue, CKAN, files, figures; read only, empty at first."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi.testclient import TestClient
from rdflib import RDF, Graph, Namespace

from api.app import create_app, publisher_of_settings
from api.deps import Services
from inspection.errors import Unavailable
from inspection.export.catalogue import Publisher
from inspection.pipeline.approve import approve
from inspection.pipeline.publish import publish
from inspection.pipeline.snapshot import figures_today, freeze
from inspection.store.engine import writing
from tests.support.released import FISCAL_YEAR, SECRETS, AtNoon, settle
from tests.support.seed import Seeded

pytestmark = pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")

BASE_URL = "http://127.0.0.1:8000"
DCAT = Namespace("http://www.w3.org/ns/dcat#")
PUBLISHER = Publisher(
    name="石川県", name_en="Ishikawa", uri="https://www.example.jp/", email="a@example.jp"
)


@pytest.fixture
def client(services: Services) -> Iterator[TestClient]:
    ours = replace(services, publisher=lambda: PUBLISHER)
    with TestClient(create_app(ours), base_url=BASE_URL) as opened:
        yield opened


@pytest.fixture
def frozen(services: Services, seeded: Seeded) -> str:
    """Publish the mapped bridge and freeze its month."""
    clock = AtNoon(datetime(2026, 5, 2, tzinfo=UTC))
    with writing(services.engine) as connection:
        settle(connection, seeded.mapped)
        approve(connection, "bridge-12", FISCAL_YEAR, by=SECRETS[1], why=SECRETS[4], clock=clock)
        publish(connection, "bridge-12", FISCAL_YEAR, by=SECRETS[1], why=SECRETS[4], clock=clock)
        figures_today(connection, clock=clock)
        kept, _ = freeze(connection, services.blobs, month=None, clock=clock)
    return kept.month


def result(client: TestClient, path: str) -> Any:
    answer = client.get(f"/api/3/action/{path}")
    assert answer.status_code == 200
    body = answer.json()
    assert body["success"] is True
    assert body["help"].startswith(BASE_URL)
    return body["result"]


class TestBeforeAnything:
    def test_ckan_lists_nothing_and_the_catalogue_says_what_to_do(self, client: TestClient) -> None:
        assert result(client, "package_list") == []
        assert result(client, "package_search")["count"] == 0
        answer = client.get("/catalog.jsonld")
        assert answer.status_code == 404
        assert "tenken publish snapshot" in answer.json()["detail"]
        assert client.get("/api/figures/daily").json() == {"days": []}
        assert client.get("/api/figures/monthly").json() == {"months": []}

    def test_a_service_that_does_not_know_who_publishes_says_so(
        self, services: Services, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with TestClient(create_app(services), base_url=BASE_URL) as opened:
            answer = opened.get("/catalog.ttl")
        assert answer.status_code == 503
        assert "TENKEN_PUBLISHER_NAME" in answer.json()["detail"]
        monkeypatch.delenv("TENKEN_PUBLISHER_NAME", raising=False)
        with pytest.raises(Unavailable, match="TENKEN_PUBLISHER_NAME"):
            publisher_of_settings()
        for name, value in (("NAME", "石川県"), ("URI", "https://x.jp/"), ("EMAIL", "a@x.jp")):
            monkeypatch.setenv(f"TENKEN_PUBLISHER_{name}", value)
        assert publisher_of_settings().name == "石川県"


class TestCatalogue:
    def test_both_forms_parse_and_lead_to_files(self, client: TestClient, frozen: str) -> None:
        json_ld, ttl = client.get("/catalog.jsonld"), client.get("/catalog.ttl")
        assert json_ld.headers["content-type"].startswith("application/ld+json")
        assert ttl.headers["content-type"].startswith("text/turtle")
        graph = Graph().parse(data=json_ld.text, format="json-ld")
        assert len(graph) == len(Graph().parse(data=ttl.text, format="turtle"))
        assert len(list(graph.subjects(RDF.type, DCAT.Dataset))) == 2
        urls = {str(url) for url in graph.objects(None, DCAT.downloadURL)}
        assert len(urls) == 13
        for url in urls:
            assert client.get(url.removeprefix(BASE_URL)).status_code == 200

    def test_a_file_is_the_one_that_the_catalogue_describes(
        self, client: TestClient, frozen: str
    ) -> None:
        package = result(client, "package_show?id=road-structure-inspection")
        for resource in package["resources"]:
            answer = client.get(resource["url"].removeprefix(BASE_URL))
            assert len(answer.content) == resource["size"]
            assert f"sha256:{hashlib.sha256(answer.content).hexdigest()}" == resource["hash"]
            assert answer.headers["content-type"].startswith(resource["mimetype"])
            assert "immutable" in answer.headers["cache-control"]
            again = client.get(
                resource["url"].removeprefix(BASE_URL),
                headers={"If-None-Match": answer.headers["etag"]},
            )
            assert again.status_code == 304

    def test_no_file_names_a_person_or_a_reason(self, client: TestClient, frozen: str) -> None:
        package = result(client, "package_show?id=road-structure-inspection")
        for resource in package["resources"]:
            content = client.get(resource["url"].removeprefix(BASE_URL)).content
            for word in SECRETS:
                assert word.encode() not in content, (resource["name"], word)


class TestCkan:
    def test_lists_and_shows(self, client: TestClient, frozen: str) -> None:
        names = result(client, "package_list")
        assert names == ["road-structure-inspection", f"road-structure-inspection-{frozen}"]
        assert result(client, "package_list?limit=1&offset=1") == names[1:]
        for name in names:
            shown = result(client, f"package_show?id={name}")
            assert shown == result(client, f"package_show?id={shown['id']}")
            assert shown["organization"]["title"] == "石川県"

    def test_an_unknown_package_is_ckans_own_error(self, client: TestClient, frozen: str) -> None:
        answer = client.get("/api/3/action/package_show?id=nothing")
        assert answer.status_code == 404
        assert answer.json()["success"] is False
        assert answer.json()["error"] == {"__type": "Not Found Error", "message": "Not found"}

    def test_searches(self, client: TestClient, frozen: str) -> None:
        assert result(client, "package_search?q=橋梁")["count"] == 2
        assert result(client, f"package_search?q={frozen}")["count"] == 1
        page = result(client, "package_search?rows=1&start=1")
        assert (page["count"], len(page["results"])) == (2, 1)
        assert client.get("/api/3/action/package_search?rows=-1").status_code == 422
        assert client.get(f"/api/3/action/package_search?q={'x' * 300}").status_code == 422

    @pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
    def test_nothing_can_be_written(self, client: TestClient, method: str) -> None:
        answer = getattr(client, method)("/api/3/action/package_list")
        assert answer.status_code in (403, 405, 415)


class TestFiles:
    @pytest.mark.parametrize(
        "path",
        ["2026-05/none.csv", "2020-01/assets.csv"],
    )
    def test_what_is_not_there_is_not_found(
        self, client: TestClient, frozen: str, path: str
    ) -> None:
        assert client.get(f"/opendata/{path}").status_code == 404

    @pytest.mark.parametrize(
        "path", ["2026-05/..%2f..%2ftenken.sqlite", "x/assets.csv", "2026-05/A.csv"]
    )
    def test_odd_names_are_refused(self, client: TestClient, frozen: str, path: str) -> None:
        assert client.get(f"/opendata/{path}").status_code in (404, 422)


def test_figures_of_days_and_months(client: TestClient, frozen: str) -> None:
    (day,) = client.get("/api/figures/daily").json()["days"]
    (month,) = client.get("/api/figures/monthly").json()["months"]
    assert day["day"] == "2026-05-02"
    assert month["month"] == frozen == "2026-05"
    assert day["figures"] == month["figures"]
    assert month["figures"]["kinds"]["bridge"]["published"] == 1
