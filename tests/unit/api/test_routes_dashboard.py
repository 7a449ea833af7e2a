"""The dashboard over HTTP: shares, days and series that follow what people record."""

import uuid
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.deps import Services
from inspection.domain.account import Role
from inspection.domain.eradate import day_in_japan
from inspection.domain.grade import GradeCandidate, Subject
from inspection.pipeline.decide import Judgement, decide
from inspection.pipeline.oversee import oversee
from inspection.pipeline.rank import know
from inspection.store import assets, audit, grades, organisations, sheets
from inspection.store.engine import reading, writing
from inspection.store.scope import HOME
from tests.support import seed as seeds
from tests.support.people import add_cities, add_person
from tests.support.prefecture import FISCAL_YEAR, invent_bridges
from tests.support.seed import Seeded
from tests.unit.api.conftest import NOW

TODAY = day_in_japan(NOW)
DETECTED = day_in_japan(seeds.NOW)
BRIDGES = invent_bridges(60)


@pytest.fixture
def page(client: TestClient, services: Services) -> TestClient:
    """Give a client of a service that knows a prefecture."""
    with writing(services.engine) as connection:
        sheets.save(connection, BRIDGES)
    return client


def dashboard(page: TestClient, **query: object) -> dict[str, Any]:
    answer = page.get("/api/dashboard", params={k: str(v) for k, v in query.items()})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def phase(found: dict[str, Any], name: str) -> dict[str, Any]:
    return dict(next(one for one in found["phases"] if one["phase"] == name))


def confirm(page: TestClient, defect_id: object) -> None:
    answer = page.post(
        f"/api/defects/{defect_id}/verdicts",
        json={"action": "confirm", "reviewer": "Noto", "expected_version": 1},
    )
    assert answer.status_code == 201, answer.text


def record(page: TestClient, **measure: Any) -> Any:
    return page.post("/api/measures", json={"day": str(TODAY), **measure})


def test_the_shares_are_counted_from_the_ledger(page: TestClient) -> None:
    found = dashboard(page)
    levels = [str(b.asset.attributes["soundness"]) for b in BRIDGES]
    counts = [levels.count(level) for level in ("I", "II", "III", "IV")]
    shares = found["shares"]
    assert shares["assets"] == len(BRIDGES) + 2 and shares["soundness"] == counts
    assert shares["urgent"] == counts[2] + counts[3] == len(found["urgent"]) > 0
    years = [int(b.asset.attributes["inspection_fiscal_year"]) for b in BRIDGES]
    assert found["cycle"] == [2024, 2028] and found["fiscal_year"] == FISCAL_YEAR
    assert shares["inspected"] == sum(year >= 2024 for year in years)
    places = found["places"]
    assert sum(one["shares"]["assets"] for one in places) == shares["assets"]
    assert sorted({one["municipality"] for one in places}) == found["municipalities"]
    order = [(-one["level"], one["inspected_fiscal_year"]) for one in found["urgent"]]
    assert order == sorted(order)


def test_a_filter_shows_one_place(page: TestClient) -> None:
    whole = dashboard(page)
    for town in whole["municipalities"]:
        one = dashboard(page, kind="bridge", municipality=town)
        (place,) = one["places"]
        assert place == next(p for p in whole["places"] if p["municipality"] == town)
        assert one["shares"] == place["shares"]
        assert one["municipalities"] == whole["municipalities"]
    assert dashboard(page, kind="pavement_section")["shares"]["assets"] == 0
    assert page.get("/api/dashboard", params={"kind": "castle"}).status_code == 422


def test_an_empty_service_says_that_nothing_is_there(
    client: TestClient, services: Services
) -> None:
    add_cities(services.engine)
    planner = add_person(services.engine, Role.PLANNER, "city-a", NOW)
    found = client.get("/api/dashboard", headers=planner.headers).json()
    assert found["shares"]["assets"] == 0 and found["shares"]["inspected_percent"] is None
    assert found["kinds"] == found["places"] == found["urgent"] == []
    assert all(one["median"] is None for one in found["phases"])
    waiting = client.get("/api/dashboard/waiting", headers=planner.headers).json()
    assert waiting == {"damages": []}


def test_from_detection_to_repair(page: TestClient, seeded: Seeded) -> None:
    first, second = (defect.defect_id for defect in seeded.mapped.defects[:2])
    before = phase(dashboard(page), "verdict")
    age = (TODAY - DETECTED).days
    assert (before["ended"], before["waiting"]) == (0, 8)
    assert before["median"] == {"days": age, "at_least": True}
    for defect_id in (first, second):
        confirm(page, defect_id)
    asset_id = seeded.mapped.asset_id
    ordered = str(TODAY - timedelta(days=3))
    told = record(page, asset_id=asset_id, defect_id=str(first), stage="ordered", day=ordered)
    assert told.status_code == 201 and told.json()["recorded_by"] == "single-user"
    assert record(page, asset_id=asset_id, defect_id=str(first), stage="finished").is_success
    found = dashboard(page)
    assert phase(found, "verdict")["median"] == {"days": age, "at_least": True}
    assert phase(found, "repair")["median"] == {"days": 3, "at_least": False}
    whole = phase(found, "whole")
    assert (whole["ended"], whole["waiting"]) == (1, 1)
    assert whole["longest_waiting"] == age
    (waiting,) = page.get("/api/dashboard/waiting").json()["damages"]
    assert waiting["defect_id"] == str(second) and waiting["days"] == age
    assert waiting["asset_name"] == "点検橋 bridge-12" and waiting["ordered"] is None
    months = page.get("/api/dashboard/series", params={"periods": 3}).json()["periods"]
    assert [month["detected"] for month in months] == [0, 8, 0]
    assert [month["decided"] for month in months] == [0, 0, 2]
    assert [month["open"] for month in months] == [0, 0, 1]
    days = page.get("/api/dashboard/series", params={"step": "day", "periods": 60}).json()
    assert sum(day["detected"] for day in days["periods"]) == 8
    assert days["periods"][-1] == {**days["periods"][-1], "decided": 2, "finished": 1, "open": 1}


def test_a_repaired_bridge_leaves_the_urgent_ones_and_the_tier_of_the_ranking(
    page: TestClient, services: Services
) -> None:
    before = dashboard(page)
    asset_id = before["urgent"][0]["asset_id"]
    assert record(page, asset_id=asset_id, stage="ordered").is_success
    begun = dashboard(page)
    assert begun["shares"]["urgent_begun"] == before["shares"]["urgent_begun"] + 1
    assert begun["urgent"][0]["begun"] is True
    done = record(page, asset_id=asset_id, stage="finished").json()
    after = dashboard(page)
    assert after["shares"]["urgent_done"] == before["shares"]["urgent_done"] + 1
    assert asset_id not in [one["asset_id"] for one in after["urgent"]]
    with reading(services.engine) as connection:
        case = know(connection, fiscal_year=FISCAL_YEAR, asset_ids=[asset_id]).case(asset_id)
    assert case.attributes["measure_done"] is True and "measure_done" in case.evidence.derived
    path = f"/api/measures/{done['event_id']}/withdrawal"
    assert page.post(path, json={"note": ""}).status_code == 422
    assert page.post(path, json={"note": "別の橋だった"}).status_code == 200
    assert page.post(path, json={"note": "again"}).status_code == 409
    assert dashboard(page)["shares"] == begun["shares"]
    kept = page.get("/api/measures", params={"asset_id": asset_id}).json()["measures"]
    assert [one["stage"] for one in kept] == ["ordered"]


def test_what_was_repaired_before_the_diagnosis_is_not_what_it_asks_for(
    page: TestClient,
) -> None:
    asset = dashboard(page)["urgent"][0]
    before = date(asset["inspected_fiscal_year"], 3, 31)
    told = record(page, asset_id=asset["asset_id"], stage="finished", day=str(before))
    assert told.is_success
    assert dashboard(page)["urgent"][0]["asset_id"] == asset["asset_id"]


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        ({"day": str(TODAY + timedelta(days=1))}, 422, "belongs into a programme"),
        ({"asset_id": "nowhere"}, 404, "no asset 'nowhere'"),
        ({"defect_id": str(uuid.uuid4())}, 404, "has no defect"),
        ({"stage": "planned"}, 422, "stage"),
        ({"note": "a\tb"}, 422, "control character"),
    ],
)
def test_a_record_that_cannot_be_is_refused(
    page: TestClient, changes: dict[str, Any], status: int, words: str
) -> None:
    answer = record(page, **{"asset_id": "bridge-12", "stage": "ordered"} | changes)
    assert answer.status_code == status and words in answer.text


def test_the_same_record_twice_counts_once(page: TestClient) -> None:
    sent = {"event_id": str(uuid.uuid4()), "asset_id": "bridge-12", "stage": "ordered"}
    assert record(page, **sent).status_code == record(page, **sent).status_code == 201
    found = page.get("/api/measures", params={"asset_id": "bridge-12"}).json()["measures"]
    assert len(found) == 1
    assert record(page, **sent | {"stage": "finished"}).status_code == 409


def test_a_planner_records_under_their_name_and_the_audit_log_knows(
    page: TestClient, services: Services
) -> None:
    planner = add_person(services.engine, Role.PLANNER, HOME, NOW)
    engineer = add_person(services.engine, Role.ENGINEER, HOME, NOW)
    sent = {"asset_id": "bridge-12", "stage": "ordered", "day": str(TODAY)}
    assert page.post("/api/measures", json=sent, headers=engineer.headers).status_code == 403
    told = page.post("/api/measures", json=sent, headers=planner.headers)
    assert told.json()["recorded_by"] == planner.account.display_name
    with reading(services.engine) as connection:
        (event,) = audit.find(connection)
    assert event.action == "record_measure" and event.actor == str(planner.account.account_id)
    assert event.subject == f"measures {told.json()['event_id']}"


def test_a_prefecture_sees_its_cities_and_a_city_only_itself(
    page: TestClient, services: Services
) -> None:
    add_cities(services.engine)
    own = [one.asset.asset_id for one in BRIDGES[:7]]
    with writing(services.engine) as connection:
        organisations.give(connection, "city-a", own)
    city = add_person(services.engine, Role.PLANNER, "city-a", NOW)
    above = add_person(services.engine, Role.PLANNER, HOME, NOW)
    assert page.get("/api/dashboard", headers=city.headers).json()["shares"]["assets"] == 7
    everything = page.get("/api/dashboard", headers=above.headers).json()
    assert everything["shares"]["assets"] == len(BRIDGES) + 2
    sent = {"asset_id": own[0], "stage": "ordered", "day": str(TODAY)}
    assert page.post("/api/measures", json=sent, headers=above.headers).status_code in (404, 409)
    assert page.post("/api/measures", json=sent, headers=city.headers).status_code == 201


@pytest.mark.parametrize(("year", "level"), [(2027, 2), (2026, 4), (2021, 4), (None, 4)])
def test_the_newer_of_decision_and_ledger_counts_and_a_decision_of_the_same_year(
    services: Services, seeded: Seeded, year: int | None, level: int
) -> None:
    """The survey is of fiscal year 2026 and says IV, the ledger says II of some year."""
    asset_id, survey_id = seeded.mapped.asset_id, seeded.mapped.survey_id
    proposed = GradeCandidate(
        scheme="soundness_candidate/1.0.0",
        subject=Subject.ASSET,
        subject_id=asset_id,
        candidates=("IV",),
        best="IV",
        borderline=False,
        unresolved=False,
    )
    stated = {"soundness": "II"} | ({} if year is None else {"inspection_fiscal_year": year})
    with writing(services.engine) as connection:
        asset = assets.by_id(connection, asset_id)
        assets.save(connection, replace(asset, attributes=stated))
        (before,) = [a for a in oversee(connection).assets if a.asset_id == asset_id]
        assert (before.level, before.inspected_fiscal_year) == (2, year)
        grades.save(connection, survey_id, [proposed])
        judgement = Judgement(
            survey_id=survey_id, scheme=proposed.scheme, subject_id=asset_id, decided="IV", by="N"
        )
        decide(connection, judgement, clock=services.clock)
        (after,) = [a for a in oversee(connection).assets if a.asset_id == asset_id]
    assert after.level == level
    assert after.inspected_fiscal_year == (year if level == 2 else FISCAL_YEAR)


@pytest.mark.parametrize(
    ("repair_status", "stated", "done"),
    [
        ("措置完了（R6）", None, True),
        ("未完了", None, False),
        ("措置完了", False, False),
        ("", True, True),
    ],
)
def test_a_ledger_may_say_that_it_is_repaired_without_a_day(
    services: Services, repair_status: str, stated: bool | None, done: bool
) -> None:
    entry = BRIDGES[0]
    told = {} if stated is None else {"measure_done": stated}
    asset = replace(entry.asset, attributes={**entry.asset.attributes, "soundness": "III", **told})
    changed = replace(entry, asset=asset, sheet=replace(entry.sheet, repair_status=repair_status))
    with writing(services.engine) as connection:
        sheets.save(connection, [changed])
        (one,) = [a for a in oversee(connection).assets if a.asset_id == asset.asset_id]
    assert (one.done, one.begun) == (done, done)


@pytest.mark.parametrize(
    ("ledger", "done"),
    [
        ((2021, "III"), False),  # of an earlier round: not what the new diagnosis asks for
        ((None, "III"), False),
        ((2026, "II"), False),
        ((2026, "IV"), True),  # the ledger has taken the diagnosis over and tells of its measure
        ((2027, "IV"), True),
    ],
)
@pytest.mark.parametrize("stated", [True, None])
def test_a_ledger_s_old_measure_does_not_hide_a_new_diagnosis(
    services: Services,
    seeded: Seeded,
    ledger: tuple[int | None, str],
    done: bool,
    stated: bool | None,
) -> None:
    """The survey is of fiscal year 2026 and says IV; the ledger says that a measure is finished."""
    asset_id, survey_id = seeded.mapped.asset_id, seeded.mapped.survey_id
    year, soundness = ledger
    told: dict[str, Any] = {"soundness": soundness}
    told |= {} if year is None else {"inspection_fiscal_year": year}
    told |= {} if stated is None else {"measure_done": stated}
    proposed = GradeCandidate(
        scheme="soundness_candidate/1.0.0",
        subject=Subject.ASSET,
        subject_id=asset_id,
        candidates=("IV",),
        best="IV",
        borderline=False,
        unresolved=False,
    )
    judgement = Judgement(
        survey_id=survey_id, scheme=proposed.scheme, subject_id=asset_id, decided="IV", by="N"
    )
    with writing(services.engine) as connection:
        asset = replace(assets.by_id(connection, asset_id), attributes=told)
        sheet = replace(BRIDGES[0].sheet, asset_id=asset_id, repair_status="措置完了（R6）")
        sheets.save(connection, [replace(BRIDGES[0], asset=asset, sheet=sheet)])
        grades.save(connection, survey_id, [proposed])
        (before,) = [a for a in oversee(connection).assets if a.asset_id == asset_id]
        assert before.done
        decide(connection, judgement, clock=services.clock)
        found = oversee(connection)
        (after,) = [a for a in found.assets if a.asset_id == asset_id]
        case = know(connection, fiscal_year=2026, asset_ids=[asset_id]).case(asset_id)
    assert (after.level, after.done, after.begun) == (4, done, done)
    # a programme ranks and prices it by the same diagnosis
    assert case.attributes["soundness"] == "IV" and "soundness" not in case.evidence.derived
    assert (case.attributes.get("measure_done") is True) is done
    assert (asset_id in [one.asset_id for one in found.urgent_open()]) is not done
