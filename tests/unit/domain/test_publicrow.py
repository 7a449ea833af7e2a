"""The redaction gate: what gets out, what is blurred, what waits, and what is stopped."""

import doctest
import json
from dataclasses import replace
from typing import Any

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.codelists.opendata import load_open_columns, load_redaction_rule
from inspection.domain import publicrow
from inspection.domain.gateword import GateCode
from inspection.domain.inspectionrecord import InspectionRecord
from inspection.domain.publicrow import Redacted, changed_columns, meshes, redact
from inspection.errors import Refused
from tests.support.released import SECRETS, make_confirmed, make_record, with_sheet

LAW = settings(derandomize=True, deadline=None, max_examples=60)


def passed(record: InspectionRecord | None = None, **options: Any) -> Redacted:
    return redact(
        record or make_record(),
        rule=load_redaction_rule(),
        published_on="2026-05-01",
        **options,
    )


def diagnosed(value: str, **sheet: Any) -> InspectionRecord:
    record = make_record()
    return with_sheet(replace(record, diagnosis=replace(record.diagnosis, value=value)), **sheet)


def test_doctests_hold() -> None:
    assert doctest.testmod(publicrow).failed == 0


class TestColumns:
    def test_exactly_the_listed_columns_get_out(self) -> None:
        assert set(passed().row) == {column.name for column in load_open_columns()}

    def test_names_of_people_notes_and_findings_stay_inside(self) -> None:
        everything = json.dumps(passed().plain, ensure_ascii=False)
        for word in SECRETS:
            assert word not in everything
        assert "DJI_0001" not in everything  # photos wait for a check of faces and plates
        assert "inspector" not in everything

    def test_the_code_gets_its_check_digit(self) -> None:
        assert passed().row["municipality_code"] == "172014"
        with pytest.raises(Refused, match="172014 would fit"):
            passed(with_sheet(make_record(), municipality_code="172015"))

    def test_values_and_due_year(self) -> None:
        row = passed().row
        assert (row["soundness"], row["inspected_fiscal_year"]) == ("II", 2026)
        assert row["next_due_fiscal_year"] == 2031
        assert row["length_m"] == 62.3
        assert row["unverified"] == "jp_member/1.0.0; jp_r6_form/1.0.0"
        road = make_record(asset={"name": "区間", "kind": "pavement_section"})
        assert passed(road).row["next_due_fiscal_year"] is None


class TestPosition:
    def test_it_is_rounded_to_five_decimals(self) -> None:
        row = passed().row
        assert (row["lat_deg"], row["lon_deg"]) == (36.59461, 136.62567)
        assert row["position"] == "exact"
        assert passed().mesh_code == "54367510"

    @pytest.mark.parametrize("how", ["flag", "attribute"])
    def test_a_sensitive_place_is_the_middle_of_its_cell(self, how: str) -> None:
        record = make_record()
        if how == "attribute":
            record = replace(record, attributes={**record.attributes, "sensitive_location": True})
        found = passed(record, blur=how == "flag")
        assert (found.row["lat_deg"], found.row["lon_deg"]) == (36.59583, 136.63125)
        assert found.row["position"] == "mesh"
        # the xROAD identifier is a position, and an address is one in words
        assert (found.row["xroad_id"], found.row["address"]) == ("", "")
        plain = json.dumps(found.plain)
        assert "36.5946" not in plain
        assert "136.6256" not in plain
        assert found.damages[0]["outline"] == ""

    def test_a_sensitive_place_outside_the_grid_has_none(self) -> None:
        record = with_sheet(make_record(), lat_deg=48.2, lon_deg=16.37)
        assert passed(record, blur=True).row["lat_deg"] is None
        assert passed(record).row["lat_deg"] == 48.2

    def test_an_asset_without_a_position_has_none(self) -> None:
        found = passed(with_sheet(make_record(), lat_deg=None, lon_deg=None))
        assert (found.row["lat_deg"], found.row["position"], found.mesh_code) == (None, "", "")

    @LAW
    @given(st.floats(30, 45), st.floats(130, 145))
    def test_what_is_shown_lies_near_and_says_no_more(self, lat: float, lon: float) -> None:
        record = with_sheet(make_record(), lat_deg=lat, lon_deg=lon)
        exact, blurred = passed(record).row, passed(record, blur=True).row
        assert abs(exact["lat_deg"] - lat) <= 5.1e-6
        assert abs(blurred["lat_deg"] - lat) <= 1 / 240 + 1e-5
        assert abs(blurred["lon_deg"] - lon) <= 1 / 160 + 1e-5


class TestDamages:
    def test_they_get_out_with_rounded_places_and_true_shapes(self) -> None:
        (damage,) = passed().damages
        assert damage["lat_deg"] == 36.59461
        kept = shapely.from_wkt(make_confirmed().outline_lonlat)
        shown = shapely.from_wkt(damage["outline"])
        assert shown.area == pytest.approx(kept.area, rel=0.01)
        assert shown.distance(shapely.Point(136.62567, 36.59461)) == 0

    @pytest.mark.parametrize("value", ["III", "IV"])
    def test_those_of_badly_judged_assets_wait_for_a_measure(self, value: str) -> None:
        waiting = passed(diagnosed(value))
        assert waiting.damages == ()
        assert (waiting.row["damage_count"], waiting.row["damage_withheld"]) == (0, 1)
        assert GateCode.DAMAGES_WAIT in {word.code for word in waiting.applied}
        assert len(passed(diagnosed(value, repair_status="措置済（R7）")).damages) == 1

    @pytest.mark.parametrize("words", ["未措置", "措置未完了", "設計中", "未措置済"])
    def test_words_of_an_unfinished_measure_are_none(self, words: str) -> None:
        assert passed(diagnosed("III", repair_status=words)).damages == ()

    def test_whoever_publishes_may_hide_them(self) -> None:
        assert passed(show_damage=False).row["damage_withheld"] == 1


class TestTexts:
    @pytest.mark.parametrize(
        ("field", "text", "kind"),
        [
            ("administrator", "道路課 taro@example.jp", "an e-mail address"),
            ("administrator", "道路課 076-225-1111", "a telephone number"),
            ("administrator", "担当：山田", "the name of a person"),
            ("repair_status", "山田太郎氏が対応", "the name of a person"),
            ("address", "石川 330 あ 12-34 の駐車場", "a number plate"),
            ("structure", "https://example.jp/", "an address of the web"),
        ],
    )
    def test_what_must_not_get_out_stops_the_publication(
        self, field: str, text: str, kind: str
    ) -> None:
        with pytest.raises(Refused, match=f"its {field} has what looks like {kind}"):
            passed(with_sheet(make_record(), **{field: text}))

    def test_a_name_is_searched_too(self) -> None:
        record = make_record(asset={"name": "橋 a@b.jp", "kind": "bridge"})
        with pytest.raises(Refused, match="its name"):
            passed(record)

    @pytest.mark.parametrize(
        "text",
        ["国道157号", "金沢市片町2-1-23", "R7.3 補修済", "第2次緊急輸送道路", "H12-34", "様似橋"],
    )
    def test_ordinary_words_pass(self, text: str) -> None:
        passed(with_sheet(make_record(), address=text, route_name=text))


class TestMeshes:
    def test_the_worst_is_shown_from_three_assets_on(self) -> None:
        rows = [{"mesh_code": "54367510", "soundness": level} for level in (1, 4, 2)]
        assert meshes(rows, 3) == [{"mesh_code": "54367510", "assets": 3, "worst": 4}]
        assert meshes(rows[:2], 3)[0]["worst"] is None

    @LAW
    @given(
        st.lists(
            st.tuples(st.sampled_from(["", "54367510", "54367511"]), st.none() | st.integers(1, 4))
        )
    )
    def test_every_placed_asset_is_counted_once(self, pairs: list[tuple[str, int | None]]) -> None:
        rows = [{"mesh_code": code, "soundness": level} for code, level in pairs]
        found = meshes(rows, 3)
        assert sum(cell["assets"] for cell in found) == sum(bool(code) for code, _ in pairs)
        for cell in found:
            assert cell["worst"] is None or cell["assets"] >= 3


def test_a_change_names_what_changed_and_the_first_row_is_none() -> None:
    before, after = passed().row, passed(diagnosed("III")).row
    assert changed_columns(None, before) == {}
    assert changed_columns(before, after)["soundness"] == ["II", "III"]
    assert changed_columns(before, {**before, "published_on": "2027-01-01"}) == {}
