"""Models, prices, closures, programmes and reports come back as they went in, on both engines."""

import uuid
from dataclasses import replace

import pytest
from sqlalchemy import Engine, text

from inspection.domain.emergency import Area, Emergency, Hazard, QuickReport, Signal
from inspection.domain.programme import Work
from inspection.domain.roadnetwork import Closure
from inspection.domain.unitcost import CostUnit, UnitCost
from inspection.errors import Conflict, NotFound, TenkenError
from inspection.store import (
    assets,
    closures,
    emergencies,
    prices,
    prioritymodels,
    programmes,
    transitions,
)
from inspection.store.engine import reading, writing
from inspection.store.prioritymodels import KeptModel
from inspection.store.programmes import KeptProgramme, WorkLine
from inspection.store.transitions import KeptTransition
from tests.support.records import NOON, make_asset

ROW = UnitCost(
    name="床版補強", work=Work.MAJOR, unit=CostUnit.SQUARE_METRE, yen=1e5 / 3,
    soundness=frozenset({"III", "IV"}), structure="鋼", overhead_percent=60,
)  # fmt: skip
ESTIMATE = UnitCost(name="見積", work=Work.REPLACEMENT, unit=CostUnit.EACH, yen=5e8, asset_id="A")


@pytest.fixture
def known(engine: Engine) -> Engine:
    with writing(engine) as connection:
        assets.save_all(connection, [make_asset("A"), make_asset("B")])
    return engine


def test_a_price_list_is_replaced_as_a_whole(engine: Engine) -> None:
    with writing(engine) as connection:
        prices.replace_list(connection, "2026", [ROW, ESTIMATE])
        prices.replace_list(connection, "2025", [ROW])
        assert prices.of_list(connection, "2026") == (ROW, ESTIMATE)
        prices.replace_list(connection, "2026", [ESTIMATE])
        assert prices.of_list(connection, "2026") == (ESTIMATE,)
        assert prices.names(connection) == {"2025": 1, "2026": 1}
    with reading(engine) as connection, pytest.raises(NotFound, match="known: 2025, 2026"):
        prices.of_list(connection, "2024")


def model(version: str = "1", **content: object) -> KeptModel:
    return KeptModel(
        model_id="ours", version=version, content={"weights": {"L": 1 / 3}, **content}, note="孤立",
        made_by="山田", made_at=NOON,
    )  # fmt: skip


def test_versions_of_a_model_are_never_changed(engine: Engine) -> None:
    with writing(engine) as connection:
        prioritymodels.save(connection, model())
        prioritymodels.save(connection, replace(model(), note="again"))
        assert prioritymodels.versions(connection) == (model(),)
        with pytest.raises(Conflict, match="never changed"):
            prioritymodels.save(connection, model(x=1))
        prioritymodels.save(connection, model("2", x=1))
        assert prioritymodels.by_name(connection, "ours").version == "2"
        assert prioritymodels.by_name(connection, "ours", "1") == model()
        with pytest.raises(NotFound, match="'theirs'"):
            prioritymodels.by_name(connection, "theirs")


def test_an_estimate_replaces_the_one_of_its_name(engine: Engine) -> None:
    one = KeptTransition(name="noto", matrix=[[0.1 + 0.2, 0.7]], evidence={"n": 1}, made_at=NOON)
    with writing(engine) as connection:
        transitions.save(connection, one)
        transitions.save(connection, replace(one, evidence={"n": 2}))
        assert transitions.by_name(connection, "noto") == replace(one, evidence={"n": 2})
        with pytest.raises(NotFound, match="'kaga'"):
            transitions.by_name(connection, "kaga")


def test_closures_come_back(known: Engine) -> None:
    around = Closure(
        asset_id="A", detour_m=1e4 / 3, detour_min=7.1, severs=False, people=0, places=(), road_m=0
    )
    cut = Closure(
        asset_id="B", detour_m=None, detour_min=None, severs=True, people=12.5,
        places=("奥原", "曽々木"), road_m=900.25,
    )  # fmt: skip
    with writing(known) as connection:
        closures.save(connection, [around, cut], network="n", now=NOON)
        assert closures.of_all(connection) == {"A": around, "B": cut}
        closures.save(connection, [replace(cut, asset_id="A")], network="m", now=NOON)
        assert closures.of_all(connection)["A"].severs


LINE = WorkLine(
    asset_id="A", task="repair", rank=1, tier=0, score=73.4, fiscal_year=2027, work="major",
    cost_yen=3_000_000_000, benefit=1e9 / 3, reason={"code": "must", "ja": "緊急", "en": "now"},
)  # fmt: skip
LEFT = replace(
    LINE, asset_id="B", rank=2, fiscal_year=None, work="", cost_yen=None, benefit=None, tier=2
)
KEPT = KeptProgramme(
    name="R9-13", model="priority_v1/1.0.0", request={"terms": {"first_year": 2027}},
    outcome={"gap": 0.001}, made_at=NOON, lines=(LINE, LEFT),
)  # fmt: skip


def test_a_programme_comes_back_and_is_replaced_only_on_purpose(known: Engine) -> None:
    with writing(known) as connection:
        programmes.save(connection, KEPT)
        assert programmes.by_name(connection, "R9-13") == KEPT
        with pytest.raises(Conflict, match="--replace"):
            programmes.save(connection, KEPT)
        changed = replace(KEPT, lines=(LEFT,))
        programmes.save(connection, changed, replace=True)
        assert programmes.by_name(connection, "R9-13") == changed
        assert [head["name"] for head in programmes.heads(connection)] == ["R9-13"]
        with pytest.raises(NotFound, match="known: R9-13"):
            programmes.by_name(connection, "R8")


def test_a_programme_of_unknown_assets_leaves_nothing(known: Engine) -> None:
    stranger = replace(KEPT, lines=(replace(LINE, asset_id="ghost"),))
    with pytest.raises(TenkenError), writing(known) as connection:
        programmes.save(connection, stranger)
    with reading(known) as connection:
        assert programmes.heads(connection) == []


def test_reports_are_a_history(known: Engine) -> None:
    noto = Emergency(
        name="noto", hazard=Hazard.EARTHQUAKE, began_at=NOON,
        area=Area(lonlat=(137.27, 37.5), radius_km=60.5), note="M7.6",
    )  # fmt: skip
    report = QuickReport(
        report_id=uuid.uuid4(), emergency="noto", asset_id="A", signal=Signal.RED,
        reported_by="山田", reported_at=NOON, lonlat=(137.1, 37.4), photos=("photos/ab/x.jpg",),
        note="段差",
    )  # fmt: skip
    later = replace(report, report_id=uuid.uuid4(), signal=Signal.GREEN, lonlat=None, photos=())
    with writing(known) as connection:
        emergencies.begin(connection, noto)
        emergencies.report(connection, report)
        emergencies.report(connection, later)
    with reading(known) as connection:
        assert emergencies.by_name(connection, "noto") == noto
        assert set(emergencies.reports_of(connection, "noto")) == {report, later}
    for statement in ("UPDATE emergency_reports SET note = ''", "DELETE FROM emergency_reports"):
        with pytest.raises(Exception, match="never changed"), writing(known) as connection:
            connection.execute(text(statement))
