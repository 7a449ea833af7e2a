"""The ranking and the programmes over HTTP: the answers of the commands, to whom they concern."""

import csv
import io
from collections.abc import Iterator
from typing import Any

import openpyxl
import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.deps import Services
from inspection.domain.account import Role
from inspection.pipeline.rank import know
from inspection.pipeline.standing import stand
from inspection.pipeline.weigh import model_named
from inspection.store import organisations, prices, sheets
from inspection.store.engine import reading, writing
from tests.support.people import add_cities, add_person
from tests.support.prefecture import FISCAL_YEAR, PRICES, invent_bridges
from tests.unit.api.conftest import NOW

BRIDGES = invent_bridges(60)
TERMS: dict[str, Any] = {
    "first_year": FISCAL_YEAR + 1,
    "budgets_yen": [80_000_000] * 3,
    "price_list": "made-up",
}
WEIGHTED = "0.1,0.8,0.1"


@pytest.fixture
def page(client: TestClient, services: Services) -> TestClient:
    """Give a client of a service that knows a prefecture and its prices."""
    with writing(services.engine) as connection:
        sheets.save(connection, BRIDGES)
        prices.replace_list(connection, "made-up", PRICES)
    return client


def ranking(page: TestClient, **query: object) -> dict[str, Any]:
    answer = page.get("/api/ranking", params={"kind": "bridge", **query})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_every_bridge_has_its_place_and_what_makes_it(page: TestClient) -> None:
    found = ranking(page)
    places = found["places"]
    assert found["number_matched"] == len(places) >= len(BRIDGES)
    assert [place["rank"] for place in places] == list(range(1, len(places) + 1))
    assert all(place["rank"] == place["model_rank"] for place in places)
    order = [(place["tier"], -place["score"]) for place in places]
    assert order == sorted(order)
    for place in places:
        assert sum(place["points"]) == pytest.approx(place["score"], abs=0.02)
        assert place["risk"] == pytest.approx(place["parts"][0] * place["parts"][1] / 100, abs=0.02)
    assert sum(map(sum, found["risk_matrix"])) == len(places)
    known = {bridge.asset.asset_id: bridge for bridge in BRIDGES}
    for place in places:
        if place["asset_id"] in known:
            sheet = known[place["asset_id"]].sheet
            assert place["lonlat"] == [sheet.lon_deg, sheet.lat_deg]
            assert place["municipality"] == sheet.municipality


def test_the_matrix_counts_what_its_classes_say(page: TestClient) -> None:
    found = ranking(page)
    counts = [[0] * 5 for _ in range(5)]
    for place in found["places"]:
        likelihood, consequence, _ = place["parts"]
        counts[min(int(likelihood // 20), 4)][min(int(consequence // 20), 4)] += 1
    assert counts == found["risk_matrix"]


def test_pages_of_the_ranking_are_the_whole(page: TestClient) -> None:
    whole = ranking(page)["places"]
    pieces = [
        place
        for offset in range(0, len(whole) + 20, 20)
        for place in ranking(page, limit=20, offset=offset)["places"]
    ]
    assert pieces == whole


def test_other_weights_move_ranks_and_say_where_everybody_stood(page: TestClient) -> None:
    before = {place["asset_id"]: place["rank"] for place in ranking(page)["places"]}
    found = ranking(page, weights=WEIGHTED)
    assert found["weights"] == {"L": 0.1, "C": 0.8, "T": 0.1}
    assert found["model_weights"] != found["weights"]
    assert {place["asset_id"]: place["model_rank"] for place in found["places"]} == before
    assert any(place["rank"] != place["model_rank"] for place in found["places"])
    for place in found["places"]:
        score = sum(w * part for w, part in zip((0.1, 0.8, 0.1), place["parts"], strict=True))
        assert place["score"] == pytest.approx(score, abs=0.02)


@pytest.mark.parametrize(
    "weights", ["0.5,0.5", "a,b,c", "0.5,0.5,0.5", "-0.1,1,0.1", "nan,0.5,0.5"]
)
def test_weights_that_are_none_are_refused_by_name(page: TestClient, weights: str) -> None:
    for path in ("/api/ranking", "/api/ranking/X-00001"):
        answer = page.get(path, params={"weights": weights})
        assert answer.status_code == 422, answer.text
        assert "weights" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"model": "nobody's"}, 404),
        ({"model": "priority_v1/9.9"}, 422),
        ({"kind": "tunnel"}, 422),
        ({"limit": 0}, 422),
        ({"limit": 10_001}, 422),
        ({"offset": -1}, 422),
    ],
)
def test_what_cannot_be_ranked_says_why(
    page: TestClient, query: dict[str, Any], status: int
) -> None:
    answer = page.get("/api/ranking", params=query)
    assert answer.status_code == status, answer.text
    assert answer.json()["detail"]


def test_an_explanation_adds_up_to_the_score_of_its_place(page: TestClient) -> None:
    for weights in (None, WEIGHTED):
        extra = {} if weights is None else {"weights": weights}
        for place in ranking(page, **extra)["places"][:15]:
            asked = page.get(f"/api/ranking/{place['asset_id']}", params=extra)
            assert asked.status_code == 200, asked.text
            why = asked.json()
            assert why["score"] == place["score"] and why["tier"] == place["tier"]
            assert [part["value"] for part in why["parts"]] == place["parts"]
            assert sum(part["points"] for part in why["parts"]) == pytest.approx(
                why["score"], abs=0.03
            )
            assert [word["code"] for word in why["missing_words"]] == why["missing"]
            assert all(word["en"] != word["code"] for word in why["missing_words"])
            for part in why["parts"]:
                assert all(item["ja"] and item["en"] for item in part["items"])
    assert page.get("/api/ranking/no-such").status_code == 404


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(weights=st.lists(st.integers(0, 100), min_size=3, max_size=3).filter(any))
def test_any_weights_give_the_order_of_the_scores_within_the_tiers(
    page: TestClient, services: Services, weights: list[int]
) -> None:
    shares = {part: weight / sum(weights) for part, weight in zip("LCT", weights, strict=True)}
    with reading(services.engine) as connection:
        model = model_named(connection, "priority_v1")
        standing = stand(know(connection, fiscal_year=FISCAL_YEAR), model, shares)
    places = list(standing.places())
    assert sorted(place.rank for place in places) == list(range(1, len(standing) + 1))
    assert sorted(place.model_rank for place in places) == list(range(1, len(standing) + 1))
    keys = [(place.tier, -round(place.score, 9), place.entry.asset.asset_id) for place in places]
    assert keys == sorted(keys)


def test_a_draft_is_drawn_up_and_kept_nowhere(page: TestClient) -> None:
    answer = page.post("/api/programmes/drafts", json=TERMS)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert [year["fiscal_year"] for year in found["years"]] == [2027, 2028, 2029]
    for year in found["years"]:
        lines = [line for line in found["lines"] if line["fiscal_year"] == year["fiscal_year"]]
        assert len(lines) == year["works"]
        assert sum(line["cost_yen"] for line in lines) == year["spent_yen"] <= year["budget_yen"]
    assert 0 <= found["gap"] < 0.05 and found["differences"] is None
    assert all(line["reason"]["ja"] and line["reason"]["en"] for line in found["lines"])
    assert any(line["fiscal_year"] is None for line in found["lines"])
    listed = page.get("/api/programmes").json()
    assert listed == {"programmes": [], "price_lists": ["made-up"]}


def test_a_programme_is_kept_read_and_replaced_only_on_purpose(page: TestClient) -> None:
    kept = page.put("/api/programmes/R9-11 案", json=TERMS)
    assert kept.status_code == 200, kept.text
    assert page.get("/api/programmes/R9-11 案").json() == kept.json()
    again = page.put("/api/programmes/R9-11 案", json={**TERMS, "budgets_yen": [0]})
    assert again.status_code == 409 and "R9-11 案" in again.json()["detail"]
    assert page.get("/api/programmes/R9-11 案").json() == kept.json()
    replaced = page.put(
        "/api/programmes/R9-11 案", params={"replace": True}, json={**TERMS, "budgets_yen": [0]}
    )
    assert replaced.status_code == 200 and replaced.json()["years"][0]["works"] == 0
    (head,) = page.get("/api/programmes").json()["programmes"]
    assert head["name"] == "R9-11 案" and head["years"][0]["budget_yen"] == 0


def test_what_if_says_what_enters_and_what_leaves(page: TestClient) -> None:
    kept = page.put("/api/programmes/base", json=TERMS).json()
    same = page.post("/api/programmes/drafts", json={**TERMS, "compare_with": "base"}).json()
    assert same["differences"] == [] and not same["ledger_changed"]
    richer = {**TERMS, "budgets_yen": [160_000_000] * 3, "compare_with": "base"}
    found = page.post("/api/programmes/drafts", json=richer).json()
    assert found["differences"]

    def works(programme: dict[str, Any]) -> dict[tuple[str, str], tuple[int, str]]:
        return {
            (line["asset_id"], line["task"]): [line["fiscal_year"], line["work"]]
            for line in programme["lines"]
            if line["fiscal_year"] is not None
        }

    old, new = works(kept), works(found)
    for change in found["differences"]:
        key = (change["asset_id"], change["task"])
        assert change["before"] == old.get(key) != new.get(key) == change["after"]
    assert {(c["asset_id"], c["task"]) for c in found["differences"]} == {
        key for key in old | new if old.get(key) != new.get(key)
    }


def test_a_changed_ledger_is_said_beside_the_differences(
    page: TestClient, services: Services
) -> None:
    page.put("/api/programmes/base", json=TERMS)
    with writing(services.engine) as connection:
        sheets.save(connection, invent_bridges(61)[60:])
    found = page.post("/api/programmes/drafts", json={**TERMS, "compare_with": "base"}).json()
    assert found["ledger_changed"]


@pytest.mark.parametrize(
    ("change", "status", "named"),
    [
        ({"price_list": "none"}, 404, "none"),
        ({"compare_with": "nobody"}, 404, "nobody"),
        ({"ageing": "guess"}, 404, "guess"),
        ({"budgets_yen": []}, 422, "budgets_yen"),
        ({"budgets_yen": [-1]}, 422, "budgets_yen"),
        ({"budgets_yen": [10**15]}, 422, "budgets_yen"),
        ({"budgets_yen": [1] * 31}, 422, "budgets_yen"),
        ({"rate": 0.6}, 422, "rate"),
        ({"weights": {"L": 0.5, "C": 0.5, "T": 0.5}}, 422, "weights"),
        ({"weights": {"L": 0.5, "C": 0.5}}, 422, "T"),
        ({"first_year": 1999}, 422, "first_year"),
        ({"budget": 3}, 422, "budget"),
    ],
)
def test_terms_that_cannot_be_kept_are_refused_by_name(
    page: TestClient, change: dict[str, Any], status: int, named: str
) -> None:
    answer = page.post("/api/programmes/drafts", json={**TERMS, **change})
    assert answer.status_code == status, answer.text
    assert named in answer.text


@pytest.mark.parametrize("name", [" x", "x" * 101, "a\tb"])
def test_a_name_that_is_none_keeps_nothing(page: TestClient, name: str) -> None:
    answer = page.put(f"/api/programmes/{name.replace(chr(9), '%09')}", json=TERMS)
    assert answer.status_code == 422, answer.text
    assert page.get("/api/programmes").json()["programmes"] == []


def test_files_hold_every_line_with_its_reason(page: TestClient) -> None:
    kept = page.put("/api/programmes/base", json=TERMS).json()
    answer = page.get("/api/programmes/base/file.csv", params={"lang": "en"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert len(rows) == len(kept["lines"])
    assert {row["reason"] for row in rows} == {line["reason"]["en"] for line in kept["lines"]}
    for lang in ("ja", "en"):
        sheet = page.get("/api/programmes/base/file.xlsx", params={"lang": lang})
        book = openpyxl.load_workbook(io.BytesIO(sheet.content))
        text = {cell.value for each in book for row in each for cell in row}
        assert {line["reason"][lang] for line in kept["lines"]} <= text
    assert page.get("/api/programmes/base/file.doc").status_code == 422
    assert page.get("/api/programmes/other/file.csv").status_code == 404


@pytest.fixture
def cities(page: TestClient, services: Services) -> Iterator[TestClient]:
    """Give half of the bridges to each of two cities."""
    add_cities(services.engine)
    ids = [bridge.asset.asset_id for bridge in BRIDGES]
    with writing(services.engine) as connection:
        organisations.give(connection, "city-a", ids[::2])
        organisations.give(connection, "city-b", ids[1::2])
    yield page


def test_each_city_plans_its_own_bridges_and_sees_no_programme_of_the_other(
    cities: TestClient, services: Services
) -> None:
    mine = {bridge.asset.asset_id for bridge in BRIDGES[::2]}
    ours = add_person(services.engine, Role.PLANNER, "city-a", NOW).headers
    theirs = add_person(services.engine, Role.PLANNER, "city-b", NOW).headers
    kept = cities.put("/api/programmes/plan", json=TERMS, headers=ours)
    assert kept.status_code == 200, kept.text
    assert {line["asset_id"] for line in kept.json()["lines"]} <= mine
    seen = cities.get("/api/ranking", headers=ours, params={"kind": "bridge"}).json()
    assert {place["asset_id"] for place in seen["places"]} == mine
    assert cities.get("/api/programmes", headers=theirs).json()["programmes"] == []
    for path in ("/api/programmes/plan", "/api/programmes/plan/file.csv"):
        assert cities.get(path, headers=ours).status_code == 200
        assert cities.get(path, headers=theirs).status_code == 404
    stranger = next(iter(mine))
    assert cities.get(f"/api/ranking/{stranger}", headers=theirs).status_code == 404


@pytest.mark.parametrize("replace", [False, True])
def test_a_name_that_another_city_has_taken_is_a_conflict_and_changes_nothing(
    cities: TestClient, services: Services, replace: bool
) -> None:
    ours = add_person(services.engine, Role.PLANNER, "city-a", NOW).headers
    theirs = add_person(services.engine, Role.PLANNER, "city-b", NOW).headers
    kept = cities.put("/api/programmes/plan", json=TERMS, headers=ours).json()
    taken = cities.put(
        "/api/programmes/plan", json=TERMS, headers=theirs, params={"replace": replace}
    )
    assert taken.status_code == 409, taken.text
    assert cities.get("/api/programmes/plan", headers=ours).json() == kept


def test_the_prefecture_sees_a_city_s_programme_and_plans_only_its_own(
    cities: TestClient, services: Services
) -> None:
    city = add_person(services.engine, Role.PLANNER, "city-a", NOW).headers
    above = add_person(services.engine, Role.PLANNER, "home", NOW).headers
    cities.put("/api/programmes/plan", json=TERMS, headers=city)
    assert cities.get("/api/programmes/plan", headers=above).status_code == 200
    changed = cities.put(
        "/api/programmes/plan", json=TERMS, headers=above, params={"replace": True}
    )
    assert changed.status_code == 409
    draft = cities.post("/api/programmes/drafts", json=TERMS, headers=above).json()
    city_bridges = {bridge.asset.asset_id for bridge in BRIDGES}
    assert not city_bridges & {line["asset_id"] for line in draft["lines"]}


@pytest.mark.parametrize("role", [Role.VIEWER, Role.CREW, Role.ENGINEER])
def test_only_planners_draw_up(cities: TestClient, services: Services, role: Role) -> None:
    person = add_person(services.engine, role, "city-a", NOW).headers
    assert cities.get("/api/ranking", headers=person).status_code == 200
    assert cities.get("/api/programmes", headers=person).status_code == 200
    for method, path in (("POST", "/api/programmes/drafts"), ("PUT", "/api/programmes/p")):
        assert cities.request(method, path, json=TERMS, headers=person).status_code == 403
