"""Elements, damage lines, stored records, ledger rows, people's names, figures: odd and hostile."""

import json
from dataclasses import fields, replace
from math import inf, nan
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.codelists.members import load_named_types
from inspection.domain.account import WORDS_MAX, check_name, check_words
from inspection.domain.asset import AssetKind, check_one_line
from inspection.domain.assetsheet import AssetSheet, LedgerEntry, LedgerRow, merge, says_done
from inspection.domain.damagerecord import DamageRecord, print_record, read_record
from inspection.domain.elementnumber import ElementNumber, expand_elements, read_element
from inspection.domain.figures import CYCLE_YEARS, FrozenAsset, cycle_of, figures_of, percent
from inspection.domain.growth import SeenCrack, match, overlap_share, same_crack
from inspection.domain.inspectionrecord import (
    Diagnosis,
    InspectionRecord,
    RecordedDamage,
    RecordedSurvey,
    digest,
    from_plain,
    to_plain,
)
from inspection.domain.measurement import (
    Quantity,
    WidthProfile,
    crack_width,
    expanded_uncertainty_mm,
    summarise_widths,
)
from inspection.domain.segment import segment_widths
from inspection.errors import BadInput, Broken

LAW = settings(max_examples=50, deadline=None, derandomize=True)
TYPES = load_named_types()


# elements §1.6
@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Mg0101～0102", "Mg0101 Mg0102"), ("Mg0101〜Mg0102", "Mg0101 Mg0102"),
        ("主桁 Mg0101, 0201", "Mg0101 Mg0201"), ("Mg0101・0101", "Mg0101"),
        ("Ｄｓ０００１、０００２", "Ds0001 Ds0002"), ("Mg 0101", "Mg0101"),
        ("床版 Ds0101~0102,Cr0201", "Ds0101 Ds0102 Cr0201"), ("Mg0101～0101", "Mg0101"),
        ("縦桁（左） St0101", "St0101"), ("\tMg0101\r\n", "Mg0101"),
    ],
)  # fmt: skip
def test_golden_elements_as_people_write_them(text: str, names: str) -> None:
    assert [str(one) for one in expand_elements(text)] == names.split()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no element"), ("0101", "no member symbol"), ("Mg101", "no element"),
        ("Mg01010", "no element"), ("M0101", "no element"), ("Mghij0101", "no element"),
        ("Mg0201～0101", "runs backwards"), ("Mg0102～0201", "runs backwards"),
        ("Mg0101～Cr0102", "from one member to another"), ("Mg0101～", "no element"),
        ("Mg0101～0102～0103", "no element"), ("Mg0001～9999", "more than 2000 elements"),
        ("Mg0101,,0102", "no element"), ("主桁Mg", "no element"), ("Mg٠١٠١", "no element"),
        ("Mg०१०१", "no element"),
    ],
)  # fmt: skip
def test_what_is_no_element_is_named_in_its_cell(text: str, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        expand_elements(text)


@pytest.mark.parametrize(
    ("symbol", "number"), [("", "0101"), ("M1", "0101"), ("Mg", "٠١٠١"), ("Mg", "01")]
)
def test_an_element_of_other_characters_is_refused(symbol: str, number: str) -> None:
    with pytest.raises(BadInput, match="2 to 4 letters and 4 digits"):
        ElementNumber(symbol=symbol, number=number)
    with pytest.raises(BadInput, match="names 2 elements, one is needed"):
        read_element("Mg0101,0102")


# damage lines §1.6
@pytest.mark.parametrize("pattern", [None, *range(0, 100)])
def test_every_pattern_that_is_read_is_written_and_read_again(pattern: int | None) -> None:
    record = DamageRecord(number=6, grade="d", factors="中大", pattern=pattern)
    line = print_record(record, types=TYPES)
    assert read_record(line, types=TYPES) == record
    if pattern is not None:
        for written in (f"{pattern}", f"{pattern:02}"):
            again = read_record(f"⑥ひびわれ(中大)-dパターン{written}", types=TYPES)
            assert again == record


@LAW
@given(st.integers(1, 26), st.data())
def test_a_line_says_the_same_in_the_characters_of_any_keyboard(
    number: int, data: st.DataObject
) -> None:
    letter = data.draw(st.sampled_from(TYPES[number].grades))
    record = DamageRecord(number=number, grade=letter, division=3, words="型枠")
    plain = print_record(record, types=TYPES)
    wide = plain.replace("(", "（").replace(")", "）").replace("-", "－").replace(":", "：")
    for line in (plain, wide, f"  {plain}　", plain.replace(f"-{letter}", f" － {letter} ")):
        assert read_record(line, types=TYPES) == record
    others = set("abcde") - set(TYPES[number].grades)
    for wrong in others:
        with pytest.raises(BadInput, match=f"has no grade {wrong}; it has"):
            read_record(plain.replace(f"-{letter}", f"-{wrong}"), types=TYPES)


@LAW
@given(
    st.text(
        alphabet="①⑥⑦ひびわれ剥離・鉄筋露出(中大)-abcdeA→[0.2mm]パターン②分類6:NO ", max_size=25
    )
)
def test_any_line_is_a_record_or_refused(text: str) -> None:
    try:
        record = read_record(text, types=TYPES)
    except BadInput:
        return
    assert read_record(print_record(record, types=TYPES), types=TYPES) == record


# stored records
RECORD = InspectionRecord(
    asset_id="ISK-1", fiscal_year=2025, guideline="jp_bridge_2024",
    asset={"name": "犀川大橋", "kind": "bridge"}, attributes={"adt": 12000, "asr": False},
    sheet={"route_name": "主要地方道"}, spans={"1": 20.5, "2": None},
    diagnosis=Diagnosis(subject="ISK-1", value="II", by="花子"),
    groups=(Diagnosis(subject="1/Mg", value="I"),),
    damages=(
        RecordedDamage(**{  # type: ignore[arg-type]
            **{f.name: "" for f in fields(RecordedDamage)}, "span": 1, "damage_no": 6, "pattern": 0,
            "division": 0, "countermeasures": ("C2", "S1"), "main": True, "grade": "d",
        }),
    ),
    surveys=(
        RecordedSurvey(survey_id="s", date="2025-10-01", surface="soffit", crs="LOCAL", photos=12,
                       mosaic_sha256="0" * 64, gsd_mm_per_px=0.3, models=("m1", "m2")),
    ),
    findings={"events": {"salt": "有"}}, unverified=("jp_member",),
)  # fmt: skip


def test_a_record_comes_back_exactly_and_equal_content_has_one_digest() -> None:
    plain = to_plain(RECORD)
    again = from_plain(json.loads(json.dumps(plain)))
    assert again == RECORD
    assert to_plain(again) == plain == json.loads(json.dumps(plain, ensure_ascii=True))
    backwards = dict(reversed(plain.items()))
    assert digest(backwards) == digest(plain)
    assert digest({**plain, "fiscal_year": 2026}) != digest(plain)
    assert (again.name, again.worst_grade) == ("犀川大橋", "d")


PLAIN = to_plain(RECORD)
STRANGE: list[Any] = [None, 7, "x", [], {}, [None], [7], ["x"], [{}], [[]], {"a": 1}]


@pytest.mark.parametrize("name", [*PLAIN, "strange"])
@pytest.mark.parametrize("value", STRANGE, ids=map(str, STRANGE))
def test_a_stored_record_that_is_damaged_is_our_fault_and_nobody_elses(
    name: str, value: object
) -> None:
    try:
        read = from_plain({**PLAIN, name: value})
    except Broken as error:
        assert "a stored record cannot be read" in str(error)
        return
    assert to_plain(read)[name] == value


def test_what_is_missing_in_a_stored_record_is_named() -> None:
    for name in ("asset_id", "diagnosis", "damages", "unverified"):
        with pytest.raises(Broken, match=name):
            from_plain({key: value for key, value in PLAIN.items() if key != name})
    with pytest.raises(Broken, match="no diagnosis"):
        from_plain({**PLAIN, "diagnosis": {**PLAIN["diagnosis"], "value": ""}})
    with pytest.raises(BadInput, match="record of ISK-1 has no diagnosis"):
        replace(RECORD, diagnosis=Diagnosis(subject="x", value=""))
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_plain(replace(RECORD, attributes={"adt": nan}))


# ledger rows
KNOWN = merge(
    None,
    LedgerRow(asset_id="A", asset={"name": "橋", "kind": "bridge"}, attributes={"adt": 5},
              sheet={"kana": "ハシ", "lon_deg": 136.6, "lat_deg": 36.6},
              section={"from_m": 0.0, "to_m": 20.0}),
    kind=AssetKind.OTHER,
)  # fmt: skip


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (LedgerRow(asset_id="A", asset={"kind": "tunnel"}), "kind 'tunnel' is none of bridge"),
        (LedgerRow(asset_id="A", asset={"concrete": "SRC"}), "concrete 'SRC' is none of RC, PC"),
        (LedgerRow(asset_id="A", section={"pavement": "mud"}), "'mud' is none of asphalt"),
        (LedgerRow(asset_id="A", section={"lenght": 3.0}), r"no fields \['lenght'\]"),
        (LedgerRow(asset_id="A", section={"to_m": -1.0}), "must lie beyond the start"),
        (LedgerRow(asset_id="A", sheet={"lat_deg": 136.6}), "swapped with longitude"),
        (LedgerRow(asset_id="A", sheet={"lon_deg": nan}), "longitude nan"),
        (LedgerRow(asset_id="B"), "several assets"),
    ],
)  # fmt: skip
def test_a_row_that_makes_an_asset_impossible_is_refused(row: LedgerRow, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        merge(KNOWN, row, kind=AssetKind.BRIDGE)


def test_what_a_row_omits_stays_and_saying_it_twice_changes_nothing() -> None:
    row = LedgerRow(asset_id="A", sheet={"kana": "", "address": "金沢市"}, attributes={"asr": True})
    once = merge(KNOWN, row, kind=AssetKind.OTHER)
    assert merge(once, row, kind=AssetKind.OTHER) == once
    assert (once.sheet.kana, once.sheet.address) == ("ハシ", "金沢市")
    assert once.asset.attributes == {"adt": 5, "asr": True}
    assert once.section == KNOWN.section
    assert merge(KNOWN, LedgerRow(asset_id="A"), kind=AssetKind.OTHER) == KNOWN
    with pytest.raises(BadInput, match="'N' is new and has no name"):
        merge(None, LedgerRow(asset_id="N"), kind=AssetKind.BRIDGE)
    with pytest.raises(BadInput, match="lacks its latitude"):
        AssetSheet(asset_id="A", lon_deg=136.6)
    assert LedgerEntry(**{f: getattr(KNOWN, f) for f in ("asset", "sheet", "section")}) == KNOWN


@pytest.mark.parametrize(
    ("status", "done"),
    [
        ("完了", True), ("措置完了（R6）", True), ("未完了", False), ("完了予定", False),
        ("一部完了", False), ("設計完了", False), ("工事中", False), ("", False), ("Done", True),
        ("not done", False), ("undone", False), ("完了見込み", False),
    ],
)  # fmt: skip
def test_golden_doubt_counts_as_not_done(status: str, done: bool) -> None:
    assert says_done(status, ["完了", "done"]) is done


# people
@pytest.mark.parametrize(
    "words", ["金沢　花子", "O'Neill", "Søren Ørsted", "𠮷田 太郎", "ﾊﾅｺ", "花" * WORDS_MAX]
)
def test_names_as_people_write_them_are_taken(words: str) -> None:
    assert check_words("name", words) == words
    assert check_one_line("name", words) == words


@pytest.mark.parametrize(
    "words",
    ["　", "花\u2028子", "花\u202e子", "\ufeff花子", "花\ud800", "花\x7f", "花" * (WORDS_MAX + 1)],
)
def test_names_that_hide_or_turn_something_around_are_refused(words: str) -> None:
    with pytest.raises(BadInput, match="one line of 1 to 200"):
        check_words("name", words)


@pytest.mark.parametrize(
    "name", ["", ".", "a.", "-a", "A", "花子", "ａ", "a b", "a\n", "a" * 101, "é"]
)
def test_sign_in_names_are_what_any_keyboard_types(name: str) -> None:
    with pytest.raises(BadInput, match="use 1 to 100 of"):
        check_name("account", name)


# numbers
@pytest.mark.parametrize("number", [nan, inf, -inf])
def test_a_quantity_is_a_number_or_below_its_limit(number: float) -> None:
    with pytest.raises(BadInput, match="is a number"):
        Quantity(value=number, expanded_uncertainty=0.1)
    with pytest.raises(BadInput, match="is a number"):
        Quantity(value=1.0, expanded_uncertainty=number)
    with pytest.raises(BadInput):
        crack_width(nan, gsd_mm_per_px=0.3, gsd_ratio=0.02)


@pytest.mark.parametrize(
    ("width", "gsd", "ratio", "edge", "u_mm"),
    [
        (0.2, 0.2, 0.02, 0.5, 2 * (0.01 + 0.000016) ** 0.5),
        (0.3, 0.1, 0.05, 0.25, 2 * (0.000625 + 0.000225) ** 0.5),
        (1.0, 0.0, 0.15, 0.5, 0.3), (0.0, 1.0, 0.05, 0.35, 0.7),
    ],
)  # fmt: skip
def test_golden_uncertainties_of_4_6(
    width: float, gsd: float, ratio: float, edge: float, u_mm: float
) -> None:
    found = expanded_uncertainty_mm(width, gsd_mm_per_px=gsd, gsd_ratio=ratio, edge_px=edge)
    assert found == pytest.approx(u_mm)


def test_a_piece_without_a_length_is_judged_by_its_point() -> None:
    point = WidthProfile(
        along_m=np.zeros(1), width_mm=np.array([0.4]), length_m=0.0,
        start_margin_m=0.0, end_margin_m=0.0,
    )  # fmt: skip
    assert segment_widths(point) == ()
    assert summarise_widths([point]).representative_mm == 0.4


@LAW
@given(st.floats(0.01, 20), st.integers(2, 200), st.floats(0.1, 2))
def test_segments_tile_a_piece_and_hold_each_trusted_point_once(
    length_m: float, points: int, segment_m: float
) -> None:
    along = np.linspace(0, length_m, points)
    profile = WidthProfile(
        along_m=along, width_mm=1 + along, length_m=length_m, start_margin_m=0.1 * length_m,
        end_margin_m=0.2 * length_m,
    )  # fmt: skip
    found = segment_widths(profile, segment_m=segment_m)
    assert sum(one.count for one in found) == int(profile.trusted().sum())
    for one in found:
        assert one.length_m <= 1.5 * max(segment_m, length_m / 1.5)
        assert 1 + one.start_m - 1e-9 <= one.mean_mm <= 1 + one.start_m + one.length_m + 1e-9
        assert one.median_mm <= one.robust_max_mm + 1e-9
        assert one.robust_max_mm <= one.largest_mm + 1e-9
    starts = [one.start_m for one in found]
    assert starts == sorted(starts)


# figures §9 and cycles §1.1
@pytest.mark.parametrize(
    ("year", "cycle"),
    [(2014, (2014, 2018)), (2018, (2014, 2018)), (2019, (2019, 2023)), (2024, (2024, 2028)),
     (2028, (2024, 2028)), (2013, (2009, 2013)), (2009, (2009, 2013))],
)  # fmt: skip
def test_golden_cycles(year: int, cycle: tuple[int, int]) -> None:
    assert cycle_of(year) == cycle
    assert cycle[1] - cycle[0] == CYCLE_YEARS - 1


ROWS = st.lists(
    st.builds(
        FrozenAsset, asset_id=st.uuids().map(str), kind=st.sampled_from(["bridge", "other"]),
        municipality=st.sampled_from(["", "金沢市", "輪島市"]), published=st.booleans(),
        soundness=st.none() | st.integers(1, 4), measure_done=st.none() | st.booleans(),
        inspected_fiscal_year=st.none() | st.integers(2012, 2028),
    ),
    max_size=20,
)  # fmt: skip


@LAW
@given(ROWS, st.randoms(use_true_random=False))
def test_municipalities_add_up_to_their_kind_and_order_decides_nothing(
    rows: list[FrozenAsset], rng: object
) -> None:
    found = figures_of(rows, fiscal_year=2026)
    shuffled = rows[:]
    rng.shuffle(shuffled)  # type: ignore[attr-defined]
    assert figures_of(shuffled, fiscal_year=2026) == found
    assert sum(one["assets"] for one in found["kinds"].values()) == len(rows)
    for kind, whole in found["kinds"].items():
        parts = [one for one in found["municipalities"] if one["kind"] == kind]
        for name in ("assets", "published", "inspected_in_cycle", "urgent", "urgent_done"):
            assert sum(part[name] for part in parts) == whole[name]
        assert whole["urgent_done"] <= whole["urgent"] <= whole["published"] <= whole["assets"]
        assert whole["urgent"] == whole["soundness"]["III"] + whole["soundness"]["IV"]
        assert whole["inspected_percent"] == percent(whole["inspected_in_cycle"], whole["assets"])


# growth §8
def crack(key: str, *points: tuple[float, float]) -> SeenCrack:
    return SeenCrack(
        key=key, axis_m=shapely.LineString(points), width_mm=None,
        length_m=Quantity(value=1.0, expanded_uncertainty=0.01),
    )  # fmt: skip


XY = st.tuples(st.floats(0, 0.6), st.floats(0, 0.3))
CRACKS = st.lists(st.tuples(XY, XY), max_size=5).map(
    lambda pairs: [crack(str(i), *pair) for i, pair in enumerate(pairs)]
)


@LAW
@given(CRACKS, CRACKS)
def test_every_crack_is_in_one_group_and_both_surveys_agree(
    before: list[SeenCrack], after: list[SeenCrack]
) -> None:
    groups = match(before, after)
    assert sorted(i for firsts, _ in groups for i in firsts) == list(range(len(before)))
    assert sorted(j for _, seconds in groups for j in seconds) == list(range(len(after)))
    swapped = {(b, a) for a, b in match(after, before)}
    assert {(tuple(sorted(a)), tuple(sorted(b))) for a, b in groups} == {
        (tuple(sorted(a)), tuple(sorted(b))) for a, b in swapped
    }
    for one in before:
        for two in after:
            same = same_crack(one.axis_m, two.axis_m)
            assert same == same_crack(two.axis_m, one.axis_m)
            assert 0 <= overlap_share(one.axis_m, two.axis_m, 0.05) <= 1 + 1e-9
