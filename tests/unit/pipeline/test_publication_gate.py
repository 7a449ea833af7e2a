"""The gate before open data: no person gets out in any width, no place more exact than allowed."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from inspection.codelists.opendata import load_open_columns, load_redaction_rule
from inspection.domain.assetsheet import says_done
from inspection.domain.inspectionrecord import Diagnosis
from inspection.domain.publicrow import Redacted, level_of, meshes, redact
from inspection.errors import IllegalTransition, NotFound, Refused
from inspection.geo.mesh import mesh_bounds, mesh_code
from inspection.pipeline.approve import approve
from inspection.pipeline.publish import Gate, changes, preview, publish, withdraw
from inspection.pipeline.rank import DONE_WORDS
from inspection.store import releases, sheets
from tests.support.bookshelf import entry, fresh_store
from tests.support.released import SECRETS, AtNoon, make_confirmed, make_record, with_sheet

CLOCK = AtNoon()
RULE = load_redaction_rule()
PERSONAL = (
    "076-225-1111", "０７６－２２５－１１１１", "(076)225-1111", "（０７６）２２５-１１１１",
    "076(225)1111", "076‐225‐1111", "076−225−1111", "０７６ー２２５ー１１１１", "℡076-225-1111",
    "090-1234-5678", "09012345678", "０９０１２３４５６７８", "+81-76-225-1111", "0120-123-456",
    "a.b@example.jp", "ａ．ｂ＠ｅｘａｍｐｌｅ．ｊｐ", "金沢500あ12-34", "金沢５００ あ １２－３４",
    "山田太郎氏", "山田太郎 様", "担当:山田", "担当：山田", "担当者：山田", "担当者 : 山田",
    "https://example.jp/x", "ｈｔｔｐｓ：／／example.jp", "www.example.jp", "JavaScript:alert(1)",
    "file:///etc/passwd",
)  # fmt: skip
ORDINARY = (
    "国道157号", "主要地方道 金沢小松線", "片町二丁目2-10-1", "金沢市広坂1丁目", "氏家橋", "様似町",
    "第3号橋（昭和50年）", "石川県土木部道路整備課", "36.594606", "鋼鈑桁橋", "措置完了（R6）",
    "BR0-011002-00001", "17-201-0001", "県道（旧国道8号）", "神様橋通り", "0番橋", "ISK-0001",
    "（仮称）新橋", "12k345", "",
)  # fmt: skip


def redacted(**changes: Any) -> Redacted:
    options = {name: changes.pop(name) for name in ("blur", "show_damage") if name in changes}
    return redact(make_record(**changes), rule=RULE, published_on="2026-05-01", **options)


class TestWords:
    @pytest.mark.parametrize("text", PERSONAL)
    @pytest.mark.parametrize("field", ["address", "repair_status", "structure"])
    def test_what_names_a_person_stops_in_whatever_width_it_was_typed(
        self, field: str, text: str
    ) -> None:
        record = with_sheet(make_record(), **{field: f"金沢市 {text}"})
        with pytest.raises(Refused, match=rf"its {field} has what looks like .*; mend the ledger"):
            redact(record, rule=RULE, published_on="2026-05-01")

    @pytest.mark.parametrize("text", PERSONAL)
    def test_a_name_of_a_bridge_is_searched_too(self, text: str) -> None:
        with pytest.raises(Refused, match="its name has"):
            redacted(asset={"name": text, "kind": "bridge"})

    @pytest.mark.parametrize("text", ORDINARY)
    @pytest.mark.parametrize("field", RULE.free_text)
    def test_ordinary_words_pass(self, field: str, text: str) -> None:
        record = make_record()
        if field == "name":
            record = replace(record, asset={"name": text or "橋", "kind": "bridge"})
        else:
            record = with_sheet(record, **{field: text})
        passed = redact(record, rule=RULE, published_on="2026-05-01")
        assert passed.row[field] == (text or ("橋" if field == "name" else ""))

    @pytest.mark.parametrize(
        "number", ["02-201-0001", "01-1002-00012", "BR0-022019-00001", "070-1"]
    )
    def test_numbers_of_assets_may_look_like_telephones_and_names_may_not(
        self, number: str
    ) -> None:
        """Codes of prefectures from 01 to 10 begin as telephone numbers do."""
        assert redacted(asset_id=number).row["asset_id"] == number
        with pytest.raises(Refused, match="its asset_id has what looks like an e-mail"):
            redacted(asset_id=f"{number}@example.jp")
        with pytest.raises(Refused, match="its name has what looks like a telephone number"):
            redacted(asset={"name": "02-201-0001", "kind": "bridge"})

    def test_every_searched_field_is_a_column_and_every_free_column_is_searched(self) -> None:
        columns = {column.name for column in load_open_columns()}
        assert set(RULE.free_text) <= columns

    def test_people_and_findings_are_nowhere_in_what_gets_out(self) -> None:
        plain = json.dumps(redacted().plain, ensure_ascii=False)
        assert not [word for word in SECRETS if word in plain]


class TestPlaces:
    @settings(max_examples=60, deadline=None)
    @given(st.floats(122.0, 153.9), st.floats(20.5, 45.9))
    def test_a_sensitive_place_is_anywhere_in_its_cell(self, lon: float, lat: float) -> None:
        """§7.5: the middle of a cell of about 1 km; all of its places look the same."""
        record = with_sheet(make_record(), lon_deg=lon, lat_deg=lat)
        shown = redact(record, rule=RULE, published_on="2026-05-01", blur=True)
        assert shown.mesh_code == mesh_code(lat, lon, 8)
        west, south, east, north = mesh_bounds(shown.mesh_code)
        other = with_sheet(
            record, lon_deg=west + 0.3 * (east - west), lat_deg=south + 0.6 * (north - south)
        )
        again = redact(other, rule=RULE, published_on="2026-05-01", blur=True)
        assert again.row == shown.row
        assert again.damages == shown.damages
        assert (shown.row["position"], shown.row["address"], shown.row["xroad_id"]) == (
            "mesh",
            "",
            "",
        )
        assert all(d["lat_deg"] is None and d["outline"] == "" for d in shown.damages)

    @settings(max_examples=60, deadline=None)
    @given(st.floats(122.0, 153.9), st.floats(20.5, 45.9), st.floats(0, 4e-5))
    def test_other_places_are_rounded_to_a_metre_with_their_damages(
        self, lon: float, lat: float, away: float
    ) -> None:
        outline = shapely.box(lon + away, lat, lon + away + 1e-5, lat + 2e-6)
        defect = make_confirmed(lon_deg=lon + away, lat_deg=lat, outline_lonlat=outline.wkt)
        record = replace(with_sheet(make_record(), lon_deg=lon, lat_deg=lat), defects=(defect,))
        shown = redact(record, rule=RULE, published_on="2026-05-01")
        assert (shown.row["lon_deg"], shown.row["lat_deg"]) == (round(lon, 5), round(lat, 5))
        (damage,) = shown.damages
        assert damage["lon_deg"] == round(lon + away, 5)
        moved = shapely.from_wkt(damage["outline"])
        assert moved.area == pytest.approx(outline.area, rel=0.02)
        assert moved.bounds[:2] == pytest.approx((damage["lon_deg"], damage["lat_deg"]), abs=2e-8)

    @pytest.mark.parametrize("place", [(None, None), (140.0, None), (None, 36.0)])
    def test_half_a_position_is_none(self, place: tuple[float | None, float | None]) -> None:
        record = with_sheet(make_record(), lon_deg=place[0], lat_deg=place[1])
        shown = redact(record, rule=RULE, published_on="2026-05-01")
        assert (shown.row["lon_deg"], shown.row["lat_deg"], shown.row["position"]) == (
            None,
            None,
            "",
        )

    def test_a_place_abroad_is_shown_but_never_blurred_to_a_wrong_cell(self) -> None:
        record = with_sheet(make_record(), lon_deg=2.35, lat_deg=48.85)
        shown = redact(record, rule=RULE, published_on="2026-05-01")
        assert (shown.row["lon_deg"], shown.mesh_code) == (2.35, "")
        hidden = redact(record, rule=RULE, published_on="2026-05-01", blur=True)
        assert (hidden.row["lon_deg"], hidden.row["position"], hidden.mesh_code) == (None, "", "")


class TestDamages:
    @pytest.mark.parametrize("value", ["I", "II", "III", "IV", "III-1", "III-2"])
    @pytest.mark.parametrize("words", ["", "措置完了", "未措置"])
    def test_those_of_badly_judged_assets_wait(self, value: str, words: str) -> None:
        record = with_sheet(make_record(), repair_status=words)
        record = replace(record, diagnosis=Diagnosis(subject="B", value=value, by="技師"))
        shown = redact(record, rule=RULE, published_on="2026-05-01")
        waits = (level_of(value) or 0) >= 3 and words != "措置完了"
        assert len(shown.damages) == (0 if waits else 1)
        assert shown.row["damage_count"] == len(shown.damages)
        assert shown.row["damage_withheld"] == 1 - len(shown.damages)
        assert any("withheld" in word.en for word in shown.applied) is waits

    def test_programmes_know_every_word_by_which_publications_take_a_measure_for_done(self) -> None:
        for word in RULE.done_words:
            assert says_done(word, DONE_WORDS), word
        for word in DONE_WORDS:
            assert RULE.measure_done(word), word

    @settings(max_examples=60, deadline=None)
    @given(
        st.lists(
            st.tuples(st.sampled_from(["54367510", "54367511", ""]), st.none() | st.integers(1, 4)),
            max_size=12,
        )
    )
    def test_a_cell_of_few_assets_does_not_give_their_soundness_away(
        self, rows: list[tuple[str, int | None]]
    ) -> None:
        """§7.5: at least three assets in a cell before its worst is shown."""
        found = meshes([{"mesh_code": c, "soundness": s} for c, s in rows], 3)
        assert [cell["mesh_code"] for cell in found] == sorted({c for c, _ in rows if c})
        for cell in found:
            levels = [s for c, s in rows if c == cell["mesh_code"]]
            assert cell["assets"] == len(levels)
            known = [s for s in levels if s]
            assert cell["worst"] == (max(known, default=None) if len(levels) >= 3 else None)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Connection]:
    with fresh_store(tmp_path) as connection:
        yield connection


def add(store: Connection, asset_id: str, **sheet: str | float) -> None:
    known = entry(asset_id, sheet=sheet, soundness="II", inspection_fiscal_year=2026)
    sheets.save(store, [known])


class TestPublishing:
    def test_a_preview_changes_nothing(self, store: Connection) -> None:
        add(store, "A")
        approve(store, "A", 2026, by="課長", why="照査済", clock=CLOCK)
        before = releases.history(store)
        shown = preview(store, "A", None, Gate(blur=True), clock=CLOCK)
        assert shown.row["asset_id"] == "A"
        assert releases.history(store) == before
        assert releases.published(store) == ()

    def test_what_the_gate_stops_stays_approved(self, store: Connection) -> None:
        add(store, "A", address="℡０７６－２２５－１１１１")
        approve(store, "A", 2026, by="課長", why="照査済", clock=CLOCK)
        with pytest.raises(Refused, match="address"):
            publish(store, "A", 2026, by="課長", why="定例", clock=CLOCK)
        assert [r.state.value for r in releases.of_asset(store, "A")] == ["approved"]
        assert changes(store) == ()

    @pytest.mark.parametrize(
        ("moment", "day"),
        [
            ("2026-03-31T14:59:59+00:00", "2026-03-31"),
            ("2026-03-31T15:00:00+00:00", "2026-04-01"),
        ],
    )
    def test_a_row_and_the_log_bear_the_day_in_japan(
        self, store: Connection, moment: str, day: str
    ) -> None:
        clock = AtNoon(datetime.fromisoformat(moment))
        add(store, "A")
        approve(store, "A", 2026, by="課長", why="照査済", clock=clock)
        assert publish(store, "A", 2026, by="課長", why="x", clock=clock).row["published_on"] == day
        assert [change.day for change in changes(store)] == [day]

    def test_the_log_tells_columns_and_never_people_or_reasons(self, store: Connection) -> None:
        add(store, "A", route_name="国道1号")
        for route in ("国道1号", "国道2号"):
            add(store, "A", route_name=route)
            approve(store, "A", 2026, by=SECRETS[1], why="秘密の理由", clock=CLOCK)
            publish(store, "A", 2026, by=SECRETS[1], why="秘密の理由", clock=CLOCK)
            withdraw(store, "A", 2026, by=SECRETS[1], why="秘密の理由", clock=CLOCK)
            from inspection.pipeline.approve import revoke

            revoke(store, "A", 2026, by=SECRETS[1], why="秘密の理由", clock=CLOCK)
        log = changes(store)
        assert [c.action for c in log] == ["publish", "withdraw"] * 2
        assert log[0].columns == {}
        assert log[2].columns == {"route_name": ["国道1号", "国道2号"]}
        assert "秘密" not in str(log)
        assert SECRETS[1] not in str(log)

    def test_what_is_not_there_or_out_already_is_said(self, store: Connection) -> None:
        add(store, "A")
        with pytest.raises(NotFound, match="only approved"):
            publish(store, "A", 2026, by="課長", why="x", clock=CLOCK)
        with pytest.raises(NotFound):
            withdraw(store, "A", 2026, by="課長", why="x", clock=CLOCK)
        approve(store, "A", 2026, by="課長", why="x", clock=CLOCK)
        publish(store, "A", 2026, by="課長", why="x", clock=CLOCK)
        with pytest.raises(IllegalTransition, match="published already; withdraw it first"):
            publish(store, "A", 2026, by="課長", why="x", clock=CLOCK)
