"""The code-lists that ship, against the tables of the specification copied a second time."""

import pytest

from inspection.codelists.cameras import load_cameras
from inspection.codelists.codelist import load_codelist
from inspection.codelists.damage_classes import load_damage_labels, load_damage_types
from inspection.codelists.foreign import (
    indicative_mbei,
    indicative_nbi,
    load_class_map,
    load_mbei_rule,
    nbi_class,
)
from inspection.codelists.members import load_countermeasures, load_members, load_targets
from inspection.codelists.pavements import load_pci_model
from inspection.domain.bridge import Material, Numbering, WorkGroup
from inspection.domain.elementnumber import read_element
from inspection.domain.mbei import crack_state
from inspection.domain.taxonomy import DamageClass
from inspection.errors import BadInput

# §1.4: number, name, group, letters in use, visible to colour photos
TYPES = """
1 腐食 steel abcde yes|2 亀裂 steel ace partly|3 ゆるみ・脱落 steel ace partly|4 破断 steel ae yes
5 防食機能の劣化 steel abcde yes|6 ひびわれ concrete abcde yes|7 剥離・鉄筋露出 concrete acde yes
8 漏水・遊離石灰 concrete acde yes|9 抜け落ち concrete ae yes
10 補修・補強材の損傷 concrete ace partly
11 床版ひびわれ concrete abcde yes|12 うき concrete ae no|13 遊間の異常 other ace partly
14 路面の凹凸 other ace no|15 舗装の異常 other ace yes|16 支承部の機能障害 other ae partly
17 その他 other ae partly|18 定着部の異常 common ace partly|19 変色・劣化 common ace yes
20 漏水・滞水 common ae yes|21 異常な音・振動 common ae no|22 異常なたわみ common ae no
23 変形・欠損 common ace yes|24 土砂詰まり common ae yes|25 沈下・移動・傾斜 common ae no
26 洗掘 common ace no
"""


def test_golden_the_26_damage_types() -> None:
    rows = [row.split() for line in TYPES.strip().splitlines() for row in line.split("|")]
    assert [int(row[0]) for row in rows] == list(range(1, 27))
    for number, ja, material, letters, seen in rows:
        kind = load_damage_types()[int(number)]
        assert (kind.ja, kind.material, kind.drone_rgb) == (ja, material, seen)
        assert "".join(kind.grades) == letters
    # what a flight can never assess stays on the checklist: 12, 21, 22, 25, 26
    blind = {no for no, kind in load_damage_types().items() if kind.drone_rgb == "no"}
    assert {12, 21, 22, 25, 26} <= blind


STEEL = "1 2 3 4 5 10 13 18 20 21 22 23"
CONCRETE = "6 7 8 9 10 11 12 13 18 19 20 21 22 23"
TARGETS = [
    ("Mg Cr St Ds Gb Ar Sa Ha Ca Rg Rp", "S", STEEL),
    ("Mg Cr St Ds Gb Ar Sa Ha Ca Rg Rp", "C", CONCRETE),
    ("Cf Lu Ll Bt Dt Pt Pp Em", "S", STEEL), ("Pw Pb Pc", "S", "1 2 3 4 5 10 20 21 22 23"),
    ("Pw Pb Pc Ap Ac", "C", "6 7 8 10 12 18 19 20 21 22 23"),
    ("Aw", "C", "6 7 8 10 12 19 20 21 22 23"), ("Ff", "S", "1 2 5 25 26"), ("Ff", "C", "6 7 25 26"),
    ("Bh", "S", "1 2 3 4 5 13 16 20 21 23 24 25"), ("Bh", "R", "4 13 16 19 20 21 23 24"),
    ("Bh", "X", "4 13 16 19 20 21 23 24"), ("Ba", "S", "1 2 3 4 5 16 23"),
    ("Bm Bc", "C", "6 7 12 16 20 23"), ("Ss Sf Sd", "S", "1 2 3 4 5 13 21 22 23 24"),
    ("Ss Sf Sd", "C", "6 7 8 12 13 19 23 24"), ("Ra Gf Fg", "S", "1 2 3 4 5 10 23"),
    ("Ra Gf Fg", "C", "6 7 8 10 12 19 23"), ("Ej", "S", "1 2 3 4 5 13 14 20 21 23 24"),
    ("Ej", "C", "6 12 21 23"), ("Ej", "R", "13 14 19 20 21 23 24"),
    ("Dr Dp", "S", "1 4 5 19 20 23 24"), ("Dr Dp", "X", "4 19 20 23 24"),
    ("Ip Ut", "S", "1 2 3 4 5 21 22 23"), ("Cu", "C", "6 7 8 12 19 23"), ("Pm", "A", "14 15 24"),
    ("Pm", "C", "14 15 24"), ("Ww", "C", "6 7 8 19 23 25"), ("Cn", "S", "1 5 23"),
    ("Cn", "C", "6 7 8 12 18 19 23"),
]  # fmt: skip


@pytest.mark.parametrize(("symbols", "material", "numbers"), TARGETS)
def test_golden_damage_to_check(symbols: str, material: str, numbers: str) -> None:
    for symbol in symbols.split():
        assert load_targets()[symbol][Material(material)] == tuple(map(int, numbers.split()))


def test_no_other_target_ships() -> None:
    known = {(s, Material(m)) for symbols, m, _ in TARGETS for s in symbols.split()}
    assert {(s, m) for s, materials in load_targets().items() for m in materials} == known


@pytest.mark.parametrize(
    ("element", "number", "group"),
    [
        ("Mg0203", "02", "superstructure"), ("Cr0110", "01", "superstructure"),
        ("Ds0105", "00", "superstructure"), ("Pw0102", "02", "substructure"),
        ("Ap0101", "01", "substructure"), ("Aw0203", "03", "substructure"),
        ("Ff0102", "02", "substructure"), ("Bh0304", "03", "bearing"),
        ("Ra0101", "00", "road_surface"), ("Dr0102", "00", "drainage"),
        ("Ss0102", "00", "bearing"), ("Sx0102", "00", "superstructure"),
    ],
)  # fmt: skip
def test_golden_member_numbers_of_the_summary_form(element: str, number: str, group: str) -> None:
    found = read_element(element)
    kind = load_members()[found.symbol]
    assert kind.member_number(found) == number
    assert kind.group is WorkGroup(group)
    assert (kind.numbering is Numbering.LAST) == (group == "substructure" and kind.main)


def test_golden_soundness_and_countermeasures() -> None:
    rows = {row["code"]: row for row in load_codelist("jp_soundness").rows()}
    assert list(rows) == ["I", "II", "III", "IV"]
    words = {
        "I": ("健全", "#2E7D32", "●"), "II": ("予防保全段階", "#F9A825", "▲"),
        "III": ("早期措置段階", "#EF6C00", "◆"), "IV": ("緊急措置段階", "#C62828", "■"),
    }  # fmt: skip
    for level, (code, (ja, colour, symbol)) in enumerate(words.items(), start=1):
        row = rows[code]
        assert (row["level"], row["ja"], row["colour"], row["symbol"]) == (
            level,
            ja,
            colour,
            symbol,
        )
        assert row["definition_ja"].startswith("構造物の機能に支障が生じ")
    usual = {code: one.soundness for code, one in load_countermeasures().items()}
    assert usual == {
        "A": "I", "B": "I", "C1": "II", "C2": "III", "E1": "IV", "E2": "IV", "M": "II", "S1": "",
        "S2": "",
    }  # fmt: skip


# §3.2 to §3.5
def test_golden_defects_and_elements_of_mbei() -> None:
    numbers = {row["number"] for row in load_codelist("mbei_defect").rows()}
    assert {1000, 1010, 1020, 1080, 1090, 1100, 1110, 1120, 1130, 1190, 1900} <= numbers
    assert {2210, 2220, 2230, 2240, 2310, 2320, 2330, 2340, 2350, 2360, 2370} <= numbers
    assert {3210, 3220, 3230, 3410, 3420, 3430, 3440, 4000, 6000, 7000} <= numbers
    elements = {row["number"] for row in load_codelist("mbei_element").rows()}
    assert {12, 13, 15, 16, 38, 102, 104, 105, 107, 109, 110, 113, 152, 202, 205, 210} <= elements
    assert {215, 220, 234, 300, 310, 330, 510, 515, 520, 521} <= elements
    # 0.012 in and 0.05 in, 0.004 in and 0.009 in
    assert load_mbei_rule().width_mm == {1110: (0.10, 0.23), 1130: (0.30, 1.27)}
    assert crack_state(1130, 0.29, 3.0, rule=load_mbei_rule()) == "CS1"


@pytest.mark.parametrize(
    ("ratings", "name"),
    [({58: 9}, "Good"), ({58: 7, 59: 7, 60: 7}, "Good"), ({58: 9, 59: 6}, "Fair"),
     ({62: 5}, "Fair"), ({62: 4}, "Poor"), ({58: 9, 59: 9, 60: 0}, "Poor"),
     ({58: 8, 61: 2}, "Good")],
)  # fmt: skip
def test_golden_nbi_is_the_lowest_primary_component(ratings: dict[int, int], name: str) -> None:
    assert nbi_class(ratings) == name
    for wrong in ({}, {61: 5}, {57: 5}, {58: 10}, {58: -1}, {58: float("nan")}):
        with pytest.raises(BadInput, match="NBI ratings"):
            nbi_class(wrong)  # type: ignore[arg-type]


def test_golden_indicative_scales() -> None:
    assert [indicative_mbei(g) for g in "abcde"] == [
        ("CS1",), ("CS1", "CS2"), ("CS2",), ("CS3",), ("CS3", "CS4")
    ]  # fmt: skip
    assert [indicative_nbi(s) for s in ("I", "II", "III", "IV")] == [(7, 9), (5, 6), (3, 4), (0, 2)]
    for wrong in ("f", "", "A", "ab", "V"):
        with pytest.raises(BadInput):
            indicative_mbei(wrong)
        with pytest.raises(BadInput):
            indicative_nbi(wrong)
    assert "参考" in load_codelist("indicative_scale")["notice"]["ja"]


@pytest.mark.parametrize(
    ("data_set", "name", "ours"),
    [
        ("dacl10k", "Crack", "crack"), ("dacl10k", "ACrack", "alligator_crack"),
        ("dacl10k", "Spalling", "spall"), ("dacl10k", "ExposedRebars", "exposed_rebar"),
        ("dacl10k", "Efflorescence", "efflorescence"), ("codebrim", "crack", "crack"),
        ("codebrim", "spallation", "spall"), ("codebrim", "exposed bars", "exposed_rebar"),
        ("rdd", "D40", "pothole"),
    ],
)  # fmt: skip
def test_golden_classes_of_public_data_sets(data_set: str, name: str, ours: str) -> None:
    assert load_class_map().ours(data_set, name) is DamageClass(ours)
    for wrong in (name.upper() + "x", "", "0"):
        with pytest.raises(BadInput, match="is no class of"):
            load_class_map().ours(data_set, wrong)
    with pytest.raises(BadInput, match="known sets"):
        load_class_map().ours("coco", name)


def test_golden_deduct_curves_and_cameras() -> None:
    curves = load_pci_model().curves
    assert curves[1, "L"].coefficients == (11.31, 16.05, 7.572, -1.471)
    assert curves[15, "M"].coefficients == (18.47, 20.77, 6.617, -1.13, -0.5325)  # rule (iv)
    assert curves[13, "H"].coefficients == (110.7, 60.66, 2.378, -2.664)
    assert (curves[8, "M"].low_percent, curves[8, "M"].high_percent) == (0.13, 100)
    assert curves[12, "-"].low_percent in (1, 3)
    assert [low for low, _, _ in load_pci_model().ratings] == [85, 70, 55, 40, 25, 10, 0]
    pitches = {camera.code: camera.pitch_um for camera in load_cameras()}
    assert pitches["dji_p1"] == 4.4
    assert pitches["dji_m3e_wide"] == 3.3
    assert {1.6, 3.76} <= set(pitches.values())


def test_every_label_leads_to_a_type_that_its_letters_belong_to() -> None:
    for label in load_damage_labels().values():
        for number in label.jp_types[:1]:
            assert set(label.appearance_grades) <= set(load_damage_types()[number].grades)
        assert label.ja
        assert label.en
