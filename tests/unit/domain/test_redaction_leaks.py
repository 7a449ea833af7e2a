"""Ways out of the redaction gate: sensitive places by any word, wide characters, missing places."""

import json
import re
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.codelists.opendata import load_open_columns, load_redaction_rule
from inspection.domain.inspectionrecord import InspectionRecord
from inspection.domain.publicrow import LEVELS, Redacted, changed_columns, level_of, meshes, redact
from inspection.domain.release import (
    LEGAL,
    Evidence,
    InspectionState,
    ReleaseAction,
    state_of,
    step,
)
from inspection.errors import IllegalTransition, Refused
from inspection.geo.mesh import mesh_bounds
from tests.support.released import make_confirmed, make_record, with_sheet

RULE = load_redaction_rule()
LAW = settings(max_examples=40, deadline=None, derandomize=True)
SECRET_PLACE = re.compile(r"36\.594|136\.625")


def passed(record: InspectionRecord, **options: Any) -> Redacted:
    return redact(record, rule=RULE, published_on="2026-05-01", **options)


def sensitive(value: object, record: InspectionRecord | None = None) -> InspectionRecord:
    plain = record or make_record()
    return replace(plain, attributes={**plain.attributes, "sensitive_location": value})  # type: ignore[dict-item]


@pytest.mark.parametrize(
    "value", [True, 1, 1.0, "true", "True", "TRUE", "yes", "はい", "有", "１", "要", "?", "x"]
)
def test_a_place_called_sensitive_in_any_word_is_hidden(value: object) -> None:
    found = passed(sensitive(value))
    assert found.row["position"] == "mesh"
    assert not SECRET_PLACE.search(json.dumps(found.plain, ensure_ascii=False))


@pytest.mark.parametrize("value", [False, 0, 0.0, "", "false", "No", "無", "なし", "０", "いいえ"])
def test_only_a_plain_no_is_no(value: object) -> None:
    found = passed(sensitive(value))
    assert found.row["position"] == "exact"
    assert found.row["lat_deg"] == 36.59461


@pytest.mark.parametrize(
    "place",
    [{"lat_deg": None, "lon_deg": None}, {"lat_deg": 48.2, "lon_deg": 16.37},
     {"lat_deg": -36.0, "lon_deg": 136.6}, {"lat_deg": 66.0, "lon_deg": 179.0}],
    ids=["unknown", "Vienna", "south", "north of the grid"],
)  # fmt: skip
@pytest.mark.parametrize("how", ["blur", "attribute"])
def test_a_sensitive_asset_without_a_cell_does_not_tell_its_place_by_its_damages(
    place: dict[str, float | None], how: str
) -> None:
    # the ledger has no place that the grid knows, but the flight knows where its cracks are
    record = with_sheet(make_record(), **place)
    hidden = passed(record, blur=True) if how == "blur" else passed(sensitive(True, record))
    assert hidden.damages
    for damage in hidden.damages:
        assert (damage["lat_deg"], damage["lon_deg"], damage["outline"]) == (None, None, "")
    assert (hidden.row["lat_deg"], hidden.mesh_code) == (None, "")
    assert (hidden.row["address"], hidden.row["xroad_id"]) == ("", "")
    assert not SECRET_PLACE.search(json.dumps(hidden.plain))


@LAW
@given(st.floats(24, 46), st.floats(123, 146))
def test_what_a_cell_shows_is_the_same_for_all_places_in_it(lat: float, lon: float) -> None:
    first = passed(with_sheet(make_record(), lat_deg=lat, lon_deg=lon), blur=True)
    west, south, east, north = mesh_bounds(first.mesh_code)
    for share in (0.01, 0.5, 0.99):
        other = with_sheet(
            make_record(),
            lat_deg=south + share * (north - south), lon_deg=west + share * (east - west),
        )  # fmt: skip
        again = passed(other, blur=True)
        assert again.row == first.row
        assert again.mesh_code == first.mesh_code


def wide(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


FORBIDDEN = {
    "道路課 taro@example.jp": "an e-mail address", "076-225-1111": "a telephone number",
    "090-1234-5678": "a telephone number", "0762251111": "a telephone number",
    "連絡先0312345678": "a telephone number", "0120010123まで": "a telephone number",
    "0126742222": "a telephone number", "05012345678": "a telephone number",
    "076 225 1111": "a telephone number", "03.1234.5678": "a telephone number",
    "0761(22)1111": "a telephone number", "石川 330 あ 12-34": "a number plate",
    "金沢500さ・・12": "a number plate", "担当:山田": "the name of a person",
    "山田花子様": "the name of a person", "https://example.jp/a": "an address of the web",
    "javascript:alert(1)": "an address of the web", "FILE:///etc": "an address of the web",
}  # fmt: skip


@pytest.mark.parametrize("text", FORBIDDEN)
@pytest.mark.parametrize("write", [str, wide], ids=["narrow", "wide"])
def test_what_must_not_get_out_is_seen_in_wide_characters_too(text: str, write: Any) -> None:
    for field in ("administrator", "route_name", "repair_status"):
        with pytest.raises(Refused, match=f"its {field} has what looks like {FORBIDDEN[text]}"):
            passed(with_sheet(make_record(), **{field: write(text)}))
    with pytest.raises(Refused, match="mend the ledger, approve anew"):
        passed(replace(make_record(), asset={"name": write(text), "kind": "bridge"}))


def test_the_member_of_a_damage_is_searched_too() -> None:
    record = replace(make_record(), defects=(make_confirmed(member="担当：山田"),))
    with pytest.raises(Refused, match="its member has what looks like the name of a person"):
        passed(record)


@pytest.mark.parametrize(
    "text",
    ["犀川大橋", "金沢市片町２丁目１－２３", "主要地方道 金沢小松線", "様式橋", "R7.3 補修済",
     "三様橋梁", "Ｈ１２－３４", "国道157号", "第1-2号橋", "IC-12345", "2024-05-31 完了",
     "0201000112", "BR0762251111", "0762251111-2", "10762251111", "076225111", "橋梁0110010001",
     "05.12.2024 完了", "1.5 12 3456", "20240531 0762", "0.762251111", "3076225111112"],
)  # fmt: skip
def test_ordinary_words_of_a_ledger_pass_in_both_widths(text: str) -> None:
    for written in (text, wide(text)):
        row = passed(with_sheet(make_record(), route_name=written, address=written)).row
        assert row["route_name"] == written


@pytest.mark.parametrize(
    ("value", "status", "shown"),
    [
        ("I", "", True), ("II", "未措置", True), ("III", "", False), ("III", "完了予定", False),
        ("III", "措置完了", True), ("IV", "工事中", False), ("IV", "補修済", True),
        ("III-1", "", False), ("III-2", "未完了", False), ("III-2", "完了", True),
    ],
)  # fmt: skip
def test_golden_damages_of_badly_judged_assets_wait(value: str, status: str, shown: bool) -> None:
    record = with_sheet(make_record(), repair_status=status)
    found = passed(replace(record, diagnosis=replace(record.diagnosis, value=value)))
    assert bool(found.damages) == shown
    assert found.row["damage_count"] + found.row["damage_withheld"] == 1
    assert bool(found.row["damage_withheld"]) != shown
    assert level_of(value) == LEVELS[value]


def test_exactly_the_columns_of_the_list_and_no_person_leave_the_gate() -> None:
    for blur, show in product([False, True], repeat=2):
        found = passed(make_record(), blur=blur, show_damage=show)
        assert set(found.row) == {column.name for column in load_open_columns()}
        text = json.dumps(found.plain, ensure_ascii=False)
        for hidden in ("花子", "次郎", "三郎", "所見", ".jpg", "sha256", "inspector"):
            assert hidden not in text
        assert {damage["photo"] for damage in found.plain["damages"]} <= {""}, "none was asked for"
        assert json.loads(text) == found.plain
        assert passed(make_record(), blur=blur, show_damage=show) == found


ROWS = st.lists(
    st.fixed_dictionaries({
        "mesh_code": st.sampled_from(["", "54367510", "54367511"]),
        "soundness": st.none() | st.integers(1, 4),
    }),
    max_size=12,
)  # fmt: skip


@LAW
@given(ROWS, st.integers(1, 5), st.randoms(use_true_random=False))
def test_a_cell_of_few_assets_never_shows_how_bad_they_are(
    rows: list[dict[str, Any]], least: int, rng: Any
) -> None:
    found = meshes(rows, least)
    shuffled = rows[:]
    rng.shuffle(shuffled)
    by_code = {cell["mesh_code"]: cell for cell in found}
    assert {cell["mesh_code"]: cell for cell in meshes(shuffled, least)} == by_code
    assert "" not in by_code
    assert sum(cell["assets"] for cell in found) == sum(bool(row["mesh_code"]) for row in rows)
    for code, cell in by_code.items():
        levels = [row["soundness"] or 0 for row in rows if row["mesh_code"] == code]
        assert cell["worst"] == ((max(levels) or None) if len(levels) >= least else None)


@LAW
@given(st.dictionaries(st.sampled_from("abc"), st.integers(0, 2)))
def test_changes_lead_from_the_row_before_to_the_row_after(after: dict[str, int]) -> None:
    before = {"a": 1, "b": 1, "published_on": 0}
    found = changed_columns(before, {**after, "published_on": 9})
    assert "published_on" not in found
    assert found == {n: [before.get(n), v] for n, v in after.items() if before.get(n) != v}
    assert changed_columns(None, after) == {}
    assert changed_columns(after, after) == {}


# states §8
@LAW
@given(
    st.builds(
        Evidence, surveys=st.integers(0, 3), with_mosaic=st.integers(0, 3),
        searched=st.integers(0, 3), unreviewed=st.integers(0, 3), records=st.integers(0, 3),
        diagnosed=st.booleans(),
    )
)  # fmt: skip
def test_an_unreviewed_detection_or_an_unsearched_flight_keeps_an_inspection_from_records(
    evidence: Evidence,
) -> None:
    state = state_of(evidence)
    assert state not in (InspectionState.APPROVED, InspectionState.PUBLISHED)
    open_work = evidence.unreviewed or evidence.searched < evidence.surveys
    if state is InspectionState.DIAGNOSED:
        assert evidence.diagnosed
        assert not open_work
    for action in ReleaseAction:
        if (state, action) in LEGAL:
            assert state is InspectionState.DIAGNOSED
            assert action in (ReleaseAction.APPROVE, ReleaseAction.SEND_BACK)


@pytest.mark.parametrize(
    ("state", "action"),
    [*product(InspectionState, ReleaseAction)],
    ids=lambda value: value.value,
)
def test_every_step_is_legal_or_says_what_it_needs(
    state: InspectionState, action: ReleaseAction
) -> None:
    if (state, action) in LEGAL:
        assert step(state, action) is LEGAL[state, action]
        return
    needed = next(before.value for (before, what) in LEGAL if what is action)
    with pytest.raises(
        IllegalTransition,
        match=f"is {state.value}; '{action.value}' needs one that is {needed}: 3 left",
    ):
        step(state, action, why_not="3 left")
