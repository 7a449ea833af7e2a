"""Elements of a bridge: numbers, members, checklists, damage records."""

import doctest
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.codelists.damage_classes import load_damage_types
from inspection.codelists.members import load_members, load_named_types, load_targets
from inspection.domain import bridge, damagerecord, elementdamage, elementnumber, roadsection
from inspection.domain.bridge import Element, Material, Span, checklist, damages_to_check
from inspection.domain.damagerecord import DamageRecord, print_record, read_record
from inspection.domain.elementdamage import ElementDamage, damage_key, latest, member_grades
from inspection.domain.elementnumber import ElementNumber, expand_elements, read_element
from inspection.domain.roadsection import RoadSection
from inspection.errors import BadInput

TYPES = load_named_types()
KINDS = load_members()
MG0101 = ElementNumber(symbol="Mg", number="0101")


@pytest.mark.parametrize("module", [bridge, damagerecord, elementnumber])
def test_examples_hold(module: object) -> None:
    outcome = doctest.testmod(module)  # type: ignore[arg-type]
    assert outcome.failed == 0
    assert outcome.attempted > 1


def names(text: str) -> list[str]:
    return [str(element) for element in expand_elements(text)]


@pytest.mark.parametrize("dash", "～〜~")
def test_a_range_runs_over_both_pairs_of_digits(dash: str) -> None:
    assert names(f"Mg0101{dash}0204") == [
        "Mg0101", "Mg0102", "Mg0103", "Mg0104", "Mg0201", "Mg0202", "Mg0203", "Mg0204",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mg0101", ["Mg0101"]),
        ("主桁 Mg0101", ["Mg0101"]),
        ("主桁　Ｍｇ０１０１", ["Mg0101"]),
        ("Ds0101,0102", ["Ds0101", "Ds0102"]),
        ("Ds0101、Cr0201", ["Ds0101", "Cr0201"]),
        ("Mg0101～0102,0201", ["Mg0101", "Mg0102", "Mg0201"]),
        ("Mg0101,0101", ["Mg0101"]),
    ],
)
def test_lists_and_names(text: str, expected: list[str]) -> None:
    assert names(text) == expected


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("0101", "no member symbol"),
        ("Mg0204～0101", "backwards"),
        ("Mg0102～0201", "backwards"),
        ("Mg0101～Cr0102", "one member to another"),
        ("Mg101", "is no element"),
        ("Mg0000～9999", "more than 2000"),
        ("", "is no element"),
        ("Mg0101～0102～0103", "is no element"),
    ],
)
def test_numbers_that_cannot_be_read(text: str, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        expand_elements(text)


@given(
    st.tuples(st.integers(0, 20), st.integers(0, 20)),
    st.tuples(st.integers(0, 9), st.integers(0, 9)),
)
def test_a_range_has_the_product_of_its_sides(
    start: tuple[int, int], more: tuple[int, int]
) -> None:
    end = (start[0] + more[0], start[1] + more[1])
    text = f"Mg{start[0]:02}{start[1]:02}～{end[0]:02}{end[1]:02}"
    found = expand_elements(text)
    assert len(found) == (more[0] + 1) * (more[1] + 1)
    assert list(found) == sorted(found)


def test_one_element_is_one() -> None:
    assert read_element("主桁 Mg0101") == MG0101
    assert (MG0101.first, MG0101.last) == (1, 1)
    with pytest.raises(BadInput, match="2 elements"):
        read_element("Mg0101～0102")
    with pytest.raises(BadInput, match="2 to 4 letters"):
        ElementNumber(symbol="M", number="0101")


@pytest.mark.parametrize(
    ("text", "member"),
    [("Mg0203", "02"), ("Ds0203", "00"), ("Ap0102", "02"), ("Pw0103", "03"), ("Ra0101", "00")],
)
def test_the_member_of_an_element(text: str, member: str) -> None:
    element = read_element(text)
    assert KINDS[element.symbol].member_number(element) == member


def element(text: str = "Mg0101", material: Material = Material.CONCRETE, span: int = 1) -> Element:
    return Element(asset_id="B", span=span, number=read_element(text), material=material)


def test_what_a_flight_cannot_show_stays_on_the_checklist() -> None:
    flight = {number: kind.drone_rgb for number, kind in load_damage_types().items()}
    found = checklist([element()], targets=load_targets(), flight=flight)
    assert [check.damage_no for check in found] == [
        6,
        7,
        8,
        9,
        10,
        11,
        12,
        13,
        18,
        19,
        20,
        21,
        22,
        23,
    ]
    assert [check.damage_no for check in found if check.flight == "no"] == [12, 21, 22]


def test_steel_and_concrete_are_checked_for_other_things() -> None:
    targets = load_targets()
    assert damages_to_check("Ff", Material.STEEL, targets=targets) == (1, 2, 5, 25, 26)
    assert damages_to_check("Ff", Material.CONCRETE, targets=targets) == (6, 7, 25, 26)
    assert damages_to_check("Bh", Material.RUBBER, targets=targets) == (
        4,
        13,
        16,
        19,
        20,
        21,
        23,
        24,
    )
    assert damages_to_check("Ap", Material.STEEL, targets=targets) is None
    assert damages_to_check("Zz", Material.STEEL, targets=targets) is None


def test_spans_and_sections_have_possible_sizes() -> None:
    with pytest.raises(BadInput, match="1 to 999"):
        element(span=0)
    with pytest.raises(BadInput, match="length"):
        Span(asset_id="B", span=1, length_m=-3)
    with pytest.raises(BadInput, match="beyond the start"):
        RoadSection(asset_id="R", from_m=100, to_m=100)
    with pytest.raises(BadInput, match="wide"):
        RoadSection(asset_id="R", width_m=0.1)
    assert RoadSection(asset_id="R", from_m=100, to_m=220).length_m == 120
    assert RoadSection(asset_id="R", from_m=100).length_m is None
    assert doctest.testmod(roadsection).failed == 0


def test_the_record_string_of_the_specification() -> None:
    line = "⑥ひびわれ(中大)-d→e[0.25mm/0.5m未満]パターン②(分類6:遊離石灰)"
    found = read_record(line, types=TYPES)
    assert found == DamageRecord(
        number=6, grade="e", previous="d", factors="中大", values="0.25mm/0.5m未満", pattern=2,
        division=6, words="遊離石灰",
    )  # fmt: skip
    assert print_record(found, types=TYPES) == line
    assert found.worsened_steps == 1


@pytest.mark.parametrize(
    ("line", "number", "grade"),
    [
        ("⑦剥離・鉄筋露出-d", 7, "d"),
        ("⑦ 剥離・鉄筋露出 － ｄ", 7, "d"),
        ("⑦剥離･鉄筋露出-c→d", 7, "d"),
        ("①腐食(大小)-d", 1, "d"),
        ("㉓変形・欠損-c", 23, "c"),
        ("㉖洗掘-e", 26, "e"),
        ("⑰その他-e（分類６：型枠残り）", 17, "e"),
        ("NON", None, "a"),
        ("ＮＯＮ", None, "a"),
        ("NON-a", None, "a"),
    ],
)
def test_records_as_they_are_written(line: str, number: int | None, grade: str) -> None:
    found = read_record(line, types=TYPES)
    assert (found.number, found.grade) == (number, grade)
    assert read_record(print_record(found, types=TYPES), types=TYPES) == found


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("ひびわれ-d", "not with ①"),
        ("⑥腐食-d", "⑥ is ひびわれ, not 腐食"),
        ("⑦剥離・鉄筋露出-b", "has no grade b"),
        ("⑫うき-c→e", "has no grade c"),
        ("⑥ひびわれ-f", "no damage record"),
        ("⑥ひびわれ", "no damage record"),
        ("㉗なにか-e", "not with ①"),
        ("", "no damage record"),
    ],
)
def test_records_that_cannot_be_read(line: str, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        read_record(line, types=TYPES)


@st.composite
def records(draw: st.DrawFn) -> DamageRecord:
    number = draw(st.integers(1, 26))
    letters = st.sampled_from(TYPES[number].grades)
    words = st.text("あいう遊離石灰0123456789m", max_size=8)
    division = draw(st.none() | st.integers(1, 9))
    return DamageRecord(
        number=number,
        grade=draw(letters),
        previous=draw(st.none() | letters),
        factors=draw(st.sampled_from(["", "大大", "小中", "大"])),
        values=draw(words),
        pattern=draw(st.none() | st.integers(1, 20)),
        division=division,
        words=draw(words) if division else "",
    )


@given(records())
def test_a_record_that_is_written_is_read_back(record: DamageRecord) -> None:
    assert read_record(print_record(record, types=TYPES), types=TYPES) == record


def test_a_record_keeps_its_own_rules() -> None:
    with pytest.raises(BadInput, match="a to e"):
        DamageRecord(number=6, grade="f")
    with pytest.raises(BadInput, match="means grade a"):
        DamageRecord(number=None, grade="b")
    assert DamageRecord(number=6, grade="b", previous="d").worsened_steps == 0


def damage(text: str, grade: str, year: int = 2025) -> ElementDamage:
    record = DamageRecord(number=7, grade=grade)
    return ElementDamage(element=element(text), fiscal_year=year, record=record)


def test_the_newest_inspection_counts() -> None:
    old, new = damage("Mg0101", "c", 2020), damage("Mg0101", "d", 2025)
    assert latest([old, new]) == (new,)
    assert damage_key(old) != damage_key(new)
    with pytest.raises(BadInput, match="fiscal year"):
        replace(old, fiscal_year=25)


def test_records_speak_for_their_member_group() -> None:
    found = member_grades(
        [damage("Mg0101", "c"), damage("Ra0101", "e")], kinds=KINDS, words=lambda d: d.record.grade
    )
    assert [(g.group, g.main, g.grade, g.what) for g in found] == [
        ("1/Mg", True, "c", "c"),
        ("1/Ra", False, "e", "e"),
    ]
    with pytest.raises(BadInput, match="no member symbol"):
        member_grades([damage("Zz0101", "c")], kinds=KINDS, words=str)
    assert doctest.testmod(elementdamage).failed == 0
