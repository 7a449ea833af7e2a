"""Sheets, sections, spans, elements and records come back as they went in, on both engines."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, func, select
from sqlalchemy.exc import DBAPIError

from inspection.domain.asset import Asset, AssetKind, Concrete
from inspection.domain.assetsheet import AssetSheet, LedgerEntry
from inspection.domain.bridge import Element, Material, Span
from inspection.domain.damagerecord import DamageRecord
from inspection.domain.elementdamage import ElementDamage
from inspection.domain.elementnumber import read_element
from inspection.domain.roadsection import PavementKind, RoadSection
from inspection.errors import BadInput, NotFound, TenkenError
from inspection.store import assets, elements, ledger_tables, sheets
from inspection.store.engine import reading, writing
from tests.support.records import make_asset

plain = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


def entry(asset_id: str = "ISK-1", **sheet: object) -> LedgerEntry:
    return LedgerEntry(
        asset=make_asset(asset_id),
        sheet=AssetSheet(asset_id=asset_id, **sheet),  # type: ignore[arg-type]
    )


def road(asset_id: str = "R-1") -> LedgerEntry:
    asset = Asset(asset_id=asset_id, name="県道", kind=AssetKind.PAVEMENT_SECTION)
    section = RoadSection(
        asset_id=asset_id, from_m=0.1 + 0.2, to_m=1e3 / 3, direction="上り", lane="1",
        width_m=3.25, pavement=PavementKind.CONCRETE,
    )  # fmt: skip
    return LedgerEntry(asset=asset, sheet=AssetSheet(asset_id=asset_id), section=section)


@settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
    ],  # upserts share one database
)
@given(kana=plain, route=plain, lon=st.floats(-180, 180), lat=st.floats(-90, 90))
def test_any_sheet_comes_back(
    engine: Engine, kana: str, route: str, lon: float, lat: float
) -> None:
    known = entry(kana=kana, route_name=route, lon_deg=lon, lat_deg=lat)
    with writing(engine) as connection:
        sheets.save(connection, [known])
        assert sheets.by_id(connection, "ISK-1") == known
        assert sheets.find(connection).total == 1


def test_road_sections_come_back(engine: Engine) -> None:
    with writing(engine) as connection:
        sheets.save(connection, [road(), entry()])
        assert sheets.by_id(connection, "R-1") == road()
        assert sheets.by_id(connection, "ISK-1").section is None


def test_an_asset_without_a_sheet_has_an_empty_one(engine: Engine) -> None:
    with writing(engine) as connection:
        assets.save(connection, make_asset("A-1"))
        assert sheets.by_id(connection, "A-1").sheet == AssetSheet(asset_id="A-1")
        with pytest.raises(NotFound, match="A-2"):
            sheets.by_id(connection, "A-2")
        assert sheets.by_ids(connection, ["A-1", "A-2"]).keys() == {"A-1"}
        assert sheets.all_ids(connection) == {"A-1"}


def test_saving_again_replaces(engine: Engine) -> None:
    with writing(engine) as connection:
        sheets.save(connection, [entry(kana="ア")])
        sheets.save(connection, [entry(kana="イ")])
        assert sheets.by_id(connection, "ISK-1").sheet.kana == "イ"
        assert (
            connection.execute(select(func.count(ledger_tables.asset_sheets.c.asset_id))).scalar()
            == 1
        )


def test_assets_are_found_by_words_and_kind(engine: Engine) -> None:
    with writing(engine) as connection:
        sheets.save(
            connection,
            [entry("A-1", municipality="金沢市"), entry("A-2", route_name="国道100%_"), road()],
        )
    with reading(engine) as connection:

        def found(**what: object) -> list[str]:
            page = sheets.find(connection, **what)  # type: ignore[arg-type]
            assert page.total >= len(page.rows)
            return [one.asset.asset_id for one in page.rows]

        assert found() == ["A-1", "A-2", "R-1"]
        assert found(text="金沢") == ["A-1"]
        assert found(text="100%_") == ["A-2"]
        assert found(text="%") == ["A-2"]  # a percent sign is a percent sign
        assert found(kind=AssetKind.PAVEMENT_SECTION) == ["R-1"]
        assert found(text="犀川", limit=1, offset=1) == ["A-2"]
        with pytest.raises(BadInput, match="limit"):
            found(limit=0)


def test_a_thousand_assets_are_read_in_batches(engine: Engine) -> None:
    many = [entry(f"A-{n:04}", kana="ア") for n in range(1200)]
    with writing(engine) as connection:
        sheets.save(connection, many)
        ids = [one.asset.asset_id for one in many]
        assert sheets.by_ids(connection, ids) == {one.asset.asset_id: one for one in many}


def element(text: str = "Mg0101", span: int = 1) -> Element:
    return Element(
        asset_id="ISK-1", span=span, number=read_element(text), material=Material.CONCRETE,
        concrete=Concrete.PC,
    )  # fmt: skip


def damage(number: int | None, grade: str, year: int = 2024, **more: object) -> ElementDamage:
    record = DamageRecord(number=number, grade=grade, **more)  # type: ignore[arg-type]
    return ElementDamage(
        element=element(), fiscal_year=year, record=record, guideline="jp_bridge_2024",
        inspector="山田",
        countermeasures=("C2", "S1"), soundness="III",
    )  # fmt: skip


def test_elements_and_their_records_come_back_in_order(engine: Engine) -> None:
    with writing(engine) as connection:
        sheets.save(connection, [entry()])
        elements.save_spans(
            connection,
            [Span(asset_id="ISK-1", span=2), Span(asset_id="ISK-1", span=1, length_m=30.5)],
        )
        known = [element("Mg0102"), element("Ds0101", 2), element("Ap0101"), element()]
        elements.save_elements(connection, known)
        records = [
            damage(7, "d"),
            damage(6, "c", 2019, factors="小大", values="0.15mm/0.5m未満"),
            damage(17, "e", division=6, words="型枠残り"),
            damage(17, "e", division=2),
            damage(None, "a", 2014),
        ]
        elements.save_damages(connection, records)
    with reading(engine) as connection:
        assert [s.length_m for s in elements.spans_of(connection, ["ISK-1"])] == [30.5, None]
        found = elements.elements_of(connection, ["ISK-1"])
        assert [(e.span, str(e.number)) for e in found] == [
            (1, "Ap0101"), (1, "Mg0101"), (1, "Mg0102"), (2, "Ds0101"),
        ]  # fmt: skip
        assert set(found) == set(known)
        read = elements.damages_of(connection, ["ISK-1"])
        assert [one.fiscal_year for one in read] == [2014, 2019, 2024, 2024, 2024]
        assert sorted(map(str, read)) == sorted(map(str, records))
        assert elements.damages_of(connection, ["ISK-2"]) == ()


def test_a_record_of_the_same_inspection_is_replaced(engine: Engine) -> None:
    with writing(engine) as connection:
        sheets.save(connection, [entry()])
        elements.save_spans(connection, [Span(asset_id="ISK-1", span=1)])
        elements.save_elements(connection, [element()])
        elements.save_damages(connection, [damage(7, "c")])
        elements.save_damages(connection, [damage(7, "d")])
        (found,) = elements.damages_of(connection, ["ISK-1"])
        assert found.record.grade == "d"


def test_elements_need_their_span_and_sheets_their_asset(engine: Engine) -> None:
    with pytest.raises((DBAPIError, TenkenError)), writing(engine) as connection:
        elements.save_elements(connection, [element()])
    with reading(engine) as connection:
        assert elements.elements_of(connection, ["ISK-1"]) == ()


def test_materials_are_replaced(engine: Engine) -> None:
    with writing(engine) as connection:
        sheets.save(connection, [entry()])
        elements.save_spans(connection, [Span(asset_id="ISK-1", span=1)])
        elements.save_elements(connection, [element()])
        elements.save_elements(connection, [replace(element(), material=Material.STEEL)])
        (found,) = elements.elements_of(connection, ["ISK-1"])
        assert found.material is Material.STEEL
