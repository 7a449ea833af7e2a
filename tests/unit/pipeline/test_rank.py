"""What the models read: the owner first, then what follows, records, roads and surveys."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection

from inspection.codelists.priorities import load_priority_model
from inspection.domain.asset import Asset, AssetKind
from inspection.domain.assetsheet import AssetSheet, LedgerEntry
from inspection.domain.bridge import Element, Span
from inspection.domain.damagerecord import DamageRecord
from inspection.domain.elementdamage import ElementDamage
from inspection.domain.elementnumber import read_element
from inspection.domain.priority import Falling
from inspection.domain.prioritymodel import Attribute
from inspection.domain.roadnetwork import Closure
from inspection.errors import NotFound
from inspection.pipeline.rank import data_version, explained, know
from inspection.store import closures, elements, schema, sheets
from inspection.store.engine import create_engine, writing
from tests.support.records import make_scene, save_scene

MODEL = load_priority_model()
NOW = datetime(2026, 11, 25, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Connection]:
    url = f"sqlite:///{tmp_path / 't.sqlite'}"
    schema.upgrade(url)
    engine = create_engine(url)
    with writing(engine) as connection:
        yield connection
    engine.dispose()


def put(
    store: Connection,
    asset_id: str = "B-1",
    kind: AssetKind = AssetKind.BRIDGE,
    repair_status: str = "",
    **attributes: Attribute,
) -> None:
    sheets.save(
        store,
        [
            LedgerEntry(
                asset=Asset(asset_id=asset_id, name="橋", kind=kind, attributes=attributes),
                sheet=AssetSheet(asset_id=asset_id, repair_status=repair_status),
            )
        ],
    )


def record(store: Connection, text: str, number: int, grade: str, **more: object) -> None:
    previous = more.pop("previous", None)
    element = Element(asset_id="B-1", span=1, number=read_element(text))
    elements.save_spans(store, [Span(asset_id="B-1", span=1)])
    elements.save_elements(store, [element])
    elements.save_damages(
        store,
        [
            ElementDamage(
                element=element,
                record=DamageRecord(number=number, grade=grade, previous=previous),  # type: ignore[arg-type]
                **{"fiscal_year": 2024, **more},  # type: ignore[arg-type]
            )
        ],
    )


def test_years_become_ages_and_are_marked_as_derived(store: Connection) -> None:
    put(store, built_fiscal_year=1971, diagnosis_fiscal_year=2024, coast_distance_m=250)
    case = know(store, fiscal_year=2026).case("B-1")
    assert case.attributes["age_years"] == 55
    assert case.attributes["salt_zone"] == "I"
    assert {"age_years", "salt_zone", "years_since_diagnosis"} <= case.evidence.derived
    items = {i.code: i.origin for p in case.explain(MODEL).parts for i in p.items}
    assert items["salt_I"] == "derived"


def test_what_the_owner_states_is_never_overwritten(store: Connection) -> None:
    put(store, salt_zone="none", coast_distance_m=50, detour_min=5.0, main_grade="b")
    record(store, "Mg0101", 6, "e")
    closures.save(store, [CLOSURE], network="n", now=NOW)
    case = know(store, fiscal_year=2026).case("B-1")
    assert [case.attributes[n] for n in ("salt_zone", "detour_min", "main_grade")] == [
        "none", 5.0, "b",
    ]  # fmt: skip
    assert not case.evidence.derived & {"salt_zone", "detour_min", "main_grade"}


CLOSURE = Closure(
    asset_id="B-1", detour_m=None, detour_min=None, severs=True, people=30, places=("奥",), road_m=9
)


def test_a_closure_becomes_the_detour(store: Connection) -> None:
    put(store)
    closures.save(store, [CLOSURE], network="n", now=NOW)
    assert know(store, fiscal_year=2026).case("B-1").attributes["detour_min"] == "isolated"
    around = replace(CLOSURE, severs=False, detour_m=9000.0, detour_min=12.34)
    closures.save(store, [around], network="n", now=NOW)
    assert closures.of_all(store) == {"B-1": around}
    assert know(store, fiscal_year=2026).case("B-1").attributes["detour_min"] == 12.3


def test_records_give_grades_steps_and_countermeasures(store: Connection) -> None:
    put(store)
    record(store, "Mg0101", 6, "d", previous="c", countermeasures=("C1",))
    record(store, "Ra0101", 1, "e", countermeasures=("S1",))  # a railing is no main member
    record(store, "Mg0102", 6, "e", fiscal_year=2019)  # an older inspection does not count
    case = know(store, fiscal_year=2026).case("B-1")
    assert case.attributes["main_grade"] == "d"
    assert case.attributes["worsened_steps"] == 1
    assert case.attributes["countermeasures"] == "C1,S1"
    assert case.evidence.falling is Falling.NONE
    assert case.evidence.condition in ("II", "III")


def test_recorded_spalling_over_a_road_is_an_emergency(store: Connection) -> None:
    put(store, under_bridge="road", soundness="II")
    record(store, "Ds0101", 7, "d")
    found = explained(know(store, fiscal_year=2026), "B-1", MODEL)
    assert found["tier"] == 0
    assert [rule["rule"] for rule in found["rules"]] == ["R2"]
    assert not found["rules"][0]["provisional"]
    assert found["name"] == "橋"


def test_a_measure_that_is_done_lifts_rule_3(store: Connection) -> None:
    put(store, "B-1", soundness="III", diagnosis_fiscal_year=2021)
    put(store, "B-2", repair_status="措置完了", soundness="III", diagnosis_fiscal_year=2021)
    table = know(store, fiscal_year=2026).table(MODEL)
    assert dict(zip([c.asset_id for c in table.cases], table.tier.tolist(), strict=True)) == {
        "B-1": 1, "B-2": 2,
    }  # fmt: skip


def test_indices_of_a_road_section_are_a_candidate(store: Connection) -> None:
    put(store, kind=AssetKind.PAVEMENT_SECTION, crack_ratio_percent=45.0, rut_mm=30.0, adt=9000)
    case = know(store, fiscal_year=2026).case("B-1")
    assert case.evidence.condition == "III-1"
    assert case.evidence.observed["crack_excess_percent"] == 5
    assert case.evidence.observed["mci_bad"] is True
    assert case.explain(MODEL).soundness_is_candidate
    put(store, kind=AssetKind.PAVEMENT_SECTION, pavement_class="I", crack_ratio_percent=12.0)
    sound = know(store, fiscal_year=2026).case("B-1")
    assert sound.evidence.observed["crack_excess_percent"] == 12.0
    assert not sound.explain(MODEL).soundness_is_candidate


def test_surveys_are_evidence_beside_the_ledger(store: Connection) -> None:
    save_scene(store, make_scene())
    case = know(store, fiscal_year=2026).case("ISK-0123")
    assert "main_grade" in case.evidence.observed or case.evidence.condition is not None


def test_the_digest_names_the_state_of_knowledge(store: Connection) -> None:
    put(store, adt=100)
    before = know(store, fiscal_year=2026)
    assert know(store, fiscal_year=2026).digest == before.digest
    put(store, adt=200)
    after = know(store, fiscal_year=2026)
    assert after.digest != before.digest
    assert data_version(after.case("B-1")) != data_version(before.case("B-1"))


def test_some_assets_or_one_kind(store: Connection) -> None:
    put(store, "B-1")
    put(store, "R-1", AssetKind.PAVEMENT_SECTION)
    assert list(know(store, fiscal_year=2026).cases) == ["B-1", "R-1"]
    assert list(know(store, fiscal_year=2026, kind=AssetKind.BRIDGE).cases) == ["B-1"]
    assert list(know(store, fiscal_year=2026, asset_ids=["R-1", "ghost"]).cases) == ["R-1"]
    with pytest.raises(NotFound, match="no asset 'ghost'"):
        know(store, fiscal_year=2026).case("ghost")
