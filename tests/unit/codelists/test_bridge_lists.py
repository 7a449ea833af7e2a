"""Code-lists of bridges, pavement and other countries: sound as they ship, refused when wrong."""

import doctest
from typing import Any

import pytest

from inspection.codelists import columns, foreign
from inspection.codelists.bridgerules import (
    DECK_2004,
    DECK_2014,
    appearance_rule,
    corrosion_rule,
    deck_rule,
    load_appearance_rule,
    load_deck_rule,
    load_soundness_rule,
)
from inspection.codelists.codelist import Codelist, load_codelist
from inspection.codelists.columns import ELEMENTS, LEDGER, fields_of, heading_key, load_fields
from inspection.codelists.damage_classes import load_damage_types
from inspection.codelists.foreign import (
    class_map,
    indicative_mbei,
    indicative_nbi,
    load_class_map,
    load_mbei_rule,
    mbei_rule,
    nbi_class,
)
from inspection.codelists.guidelines import (
    bridge_guideline,
    check_guideline,
    guidelines,
    load_guidelines,
)
from inspection.codelists.members import (
    countermeasures,
    countermeasures_of,
    grade_texts,
    load_countermeasures,
    load_grade_texts,
    load_members,
    load_targets,
    members,
    targets,
)
from inspection.codelists.pavements import load_pavement_rule, pavement_rule, pci_model
from inspection.codelists.priorities import load_priority_model
from inspection.domain.bridge import Material
from inspection.domain.taxonomy import DamageClass
from inspection.errors import BadCodelist, BadInput

MAIN = (
    "Mg Cr St Ds Gb Cf Lu Ll Bt Dt Pt Pp Em Ar Sa Ha Ca Rg Rp Cn Pw Pb Pc Ap Ac Aw Ff Bh Ba Bm Bc"
)


def changed(name: str, **fields: Any) -> Codelist:
    shipped = load_codelist(name)
    return Codelist(
        id=shipped.id,
        version=shipped.version,
        source=shipped.source,
        needs_review=shipped.needs_review,
        fields={**shipped.fields, **fields},
    )


@pytest.mark.parametrize(
    "name",
    ["jp_deck_crack", "jp_deck_crack_2004", "jp_corrosion", "jp_countermeasure", "jp_grade_text",
     "jp_member", "jp_target_damage", "appearance_rule", "astm_pci", "class_map", "mbei_element"],
)  # fmt: skip
def test_what_is_not_checked_against_the_official_text_says_so(name: str) -> None:
    assert load_codelist(name).needs_review


def test_the_main_members_are_those_of_the_exporter_and_the_marked_ones() -> None:
    main = {symbol for symbol, kind in load_members().items() if kind.main}
    assert main == {*MAIN.split(), "Pa", "Sc", "Ts", "Th", "Td", "Co"}
    assert {len(symbol) for symbol in load_members()} == {2}


def test_every_target_is_a_member_with_damage_of_its_material() -> None:
    types = load_damage_types()
    for symbol, materials in load_targets().items():
        assert symbol in load_members()
        for material, numbers in materials.items():
            if material is Material.STEEL:
                assert not {6, 7, 8, 9, 11, 12} & set(numbers), symbol
            if material is Material.CONCRETE:
                assert not {1, 2, 3, 5} & set(numbers), symbol
            assert all(number in types for number in numbers)


def test_golden_targets_of_a_concrete_girder() -> None:
    concrete = load_targets()["Mg"][Material.CONCRETE]
    assert concrete == (6, 7, 8, 9, 10, 11, 12, 13, 18, 19, 20, 21, 22, 23)
    assert load_targets()["Bm"] == {Material.CONCRETE: (6, 7, 12, 16, 20, 23)}


def test_countermeasures_by_guideline() -> None:
    assert len(load_countermeasures()) == 9
    assert countermeasures_of("jp_bridge_2019") == tuple(load_countermeasures())
    assert countermeasures_of("jp_bridge_2024") == ("M", "S1", "S2")
    with pytest.raises(BadCodelist, match="jp_bridge_1999"):
        countermeasures_of("jp_bridge_1999")


def test_guidelines_follow_each_other_without_a_gap() -> None:
    assert [bridge_guideline(year) for year in (1999, 2013, 2014, 2023, 2024, 2050)] == [
        "jp_bridge_2004", "jp_bridge_2004", "jp_bridge_2014", "jp_bridge_2019", "jp_bridge_2024",
        "jp_bridge_2024",
    ]  # fmt: skip
    assert check_guideline("snbi_2022") == "snbi_2022"
    with pytest.raises(BadInput, match="none of"):
        check_guideline("jp_bridge_3000")
    for row in load_codelist("jp_countermeasure").rows():
        assert set(row["guidelines"]) <= set(load_guidelines())


def test_every_type_that_no_matrix_grades_has_words() -> None:
    texts = load_grade_texts()
    assert {number for number, _ in texts} == set(range(1, 27)) - {1, 6, 11}
    for (number, _), text in texts.items():
        assert text.texts["a"]
        assert set(text.texts) <= set(load_damage_types()[number].grades)
    assert set(texts[5, 1].texts) == {"a", "c", "d", "e"}
    assert set(texts[5, 2].texts) == {"a", "c", "e"}
    assert set(texts[5, 3].texts) == {"a", "b", "c", "d", "e"}
    assert texts[5, 3].needs_review
    assert not texts[7, 0].needs_review
    assert [division for number, division in texts if number == 17] == [1, 2, 3, 4, 5, 6]


def first(name: str, **fields: Any) -> Codelist:
    """Give a code-list whose first row is changed; None takes a field away."""
    head, *rest = load_codelist(name).rows()
    row = {key: value for key, value in {**head, **fields}.items() if value is not None}
    return changed(name, rows=[row, *rest])


@pytest.mark.parametrize(
    ("read", "wrong"),
    [
        (members, first("jp_member", group="roof")),
        (members, first("jp_member", main="yes")),
        (members, first("jp_member", numbering=None)),
        (members, changed("jp_member", rows=load_codelist("jp_member").rows()[:1] * 2)),
        (targets, changed("jp_target_damage", targets={"Zz": {"S": [1]}})),
        (targets, changed("jp_target_damage", targets={"Mg": {"Q": [1]}})),
        (targets, changed("jp_target_damage", targets={"Mg": {"S": [2, 1]}})),
        (targets, changed("jp_target_damage", targets={"Mg": {"S": [27]}})),
        (targets, changed("jp_target_damage", targets=[])),
        (countermeasures, first("jp_countermeasure", soundness="V")),
        (countermeasures, first("jp_countermeasure", ja=None)),
        (grade_texts, first("jp_grade_text", texts={"a": "x", "d": "y"})),
        (grade_texts, first("jp_grade_text", needs_review="no")),
        (deck_rule, first("jp_deck_crack", leak="maybe")),
        (deck_rule, first("jp_deck_crack", colour="red")),
        (deck_rule, first("jp_deck_crack", directions="three")),
        (deck_rule, changed("jp_deck_crack", otherwise="a")),
        (deck_rule, changed("jp_deck_crack", words={})),
        (corrosion_rule, changed("jp_corrosion", grades={"小小": "b"})),
        (corrosion_rule, changed("jp_corrosion", area_share="half")),
        (appearance_rule, changed("appearance_rule", stained_share=1.5)),
        (appearance_rule, changed("appearance_rule", stained_share="much")),
        (pavement_rule, changed("pavement_class", bounds={"rut_mm": [20, 40]})),
        (pavement_rule, changed("pavement_class", mci_bounds=[3, 5])),
        (pci_model, first("astm_pci", severity="X")),
        (pci_model, first("astm_pci", number=99)),
        (pci_model, first("astm_pci", range=[5, 1])),
        (pci_model, changed("astm_pci", ratings=[{"from": 10, "en": "x", "ja": "x"}])),
        (mbei_rule, changed("mbei_defect", width_mm={1130: [2, 1]})),
        (mbei_rule, changed("mbei_defect", width_mm={9999: [1, 2]})),
        (class_map, changed("class_map", rdd={"D00": "dragon"})),
        (class_map, first("class_map", pci=[99])),
        (guidelines, first("guideline", to=2012)),
        (guidelines, first("guideline", to=2015)),
        (guidelines, first("guideline", **{"from": "soon"})),
        (fields_of, first(LEDGER, kind="smell")),
        (fields_of, first(LEDGER, aliases=["施設番号", "橋梁名"])),
        (fields_of, first(LEDGER, choices={"a": ["x"]})),
        (fields_of, first(LEDGER, kind="choice", choices={"a": ["x"], "b": ["X"]})),
    ],
)  # fmt: skip
def test_a_wrong_code_list_is_refused_by_its_name(read: Any, wrong: Codelist) -> None:
    with pytest.raises(BadCodelist, match=wrong.id):
        read(wrong)


def test_both_versions_of_the_deck_table_ship() -> None:
    assert load_deck_rule().id == DECK_2014
    assert load_deck_rule(DECK_2004).rows[0].grade == "a"
    assert load_appearance_rule().rusty_rebar_share == 0.5
    assert load_soundness_rule().grades["e"] == "III"


def test_all_nineteen_dacl10k_names_map_by_name() -> None:
    found = load_class_map()
    assert len(found.names["dacl10k"]) == 19
    assert found.ours("dacl10k", "Rockpocket") is DamageClass.HONEYCOMB
    assert found.ours("dacl10k", "Drainage") is None
    assert found.ours("codebrim", "spallation") is DamageClass.SPALL
    assert found.ours("rdd", "D20") is DamageClass.ALLIGATOR_CRACK
    assert len(found.names["codebrim"]) == 6
    for wrong in (("rdd", "D99"), ("coco", "cat")):
        with pytest.raises(BadInput, match="is no class of"):
            found.ours(*wrong)


def test_classes_meet_mbei_and_pci() -> None:
    found = load_class_map()
    assert found.mbei[DamageClass.SPALL] == (1080,)
    assert found.pci[DamageClass.POTHOLE] == (13,)
    assert load_mbei_rule().width_mm[1130] == (0.30, 1.27)
    numbers = [row["number"] for row in load_codelist("mbei_element").rows()]
    assert numbers == sorted(set(numbers))
    assert {row["unit"] for row in load_codelist("mbei_element").rows()} == {"m", "m2", "each"}


@pytest.mark.parametrize(
    ("ratings", "name"),
    [({58: 9, 59: 7, 60: 7}, "Good"), ({58: 6, 59: 7, 60: 9}, "Fair"), ({58: 5}, "Fair"),
     ({58: 4, 59: 9}, "Poor"), ({62: 0}, "Poor"), ({58: 7, 61: 2}, "Good")],
)  # fmt: skip
def test_golden_nbi_classes(ratings: dict[int, int], name: str) -> None:
    assert nbi_class(ratings) == name


@pytest.mark.parametrize("ratings", [{}, {61: 5}, {58: 10}, {57: 5, 58: 5}])
def test_impossible_nbi_ratings(ratings: dict[int, int]) -> None:
    with pytest.raises(BadInput, match="NBI ratings"):
        nbi_class(ratings)


def test_indicative_scales_print_their_notice() -> None:
    assert [indicative_mbei(letter)[0] for letter in "abcde"] == ["CS1", "CS1", "CS2", "CS3", "CS3"]
    assert [indicative_nbi(code) for code in ("I", "II", "III", "IV")] == [
        (7, 9), (5, 6), (3, 4), (0, 2),
    ]  # fmt: skip
    assert "not an official" in load_codelist("indicative_scale")["notice"]["en"]
    with pytest.raises(BadInput):
        indicative_mbei("f")
    with pytest.raises(BadInput):
        indicative_nbi("V")


def test_pavement_bounds_and_names() -> None:
    rule = load_pavement_rule()
    assert rule.bounds["iri_mm_per_m"] == (3, 8)
    assert rule.mci_bounds == (5, 3)


@pytest.mark.parametrize(
    ("heading", "field"),
    [
        ("施設番号", "asset_id"), ("施設ＩＤ", "xroad_id"), ("橋長（ｍ）", "length_m"),
        ("橋 長", "length_m"),
        ("架設年度(西暦)", "built_fiscal_year"), ("健全性", "soundness"), ("橋梁名_カナ", "kana"),
        ("syogen.kyouchou", "length_m"), ("shogen.kyocho", "length_m"),
        ("syogen.kanrisya.meisyou", "administrator"), ("shogen.kanrisha.meisho", "administrator"),
        ("syogen.ichi.ido", "lat_deg"), ("tenken.kiroku.hantei_kubun", "soundness"),
        ("syogen.gyousei_kuiki.shikuchouson_mei", "municipality"),
        ("shogen.gyosei_kuiki.shikuchoson_mei", "municipality"),
        ("shisetsu_bangou", "asset_id"), ("shisetsu_bango", "asset_id"),
    ],
)  # fmt: skip
def test_headings_as_they_are_written(heading: str, field: str) -> None:
    key = heading_key(heading)
    assert [name for name, one in load_fields().items() if key in one.aliases] == [field]


def test_choices_of_a_ledger_are_levels_of_the_priority_model() -> None:
    model = load_priority_model()
    factors = {
        factor.name: factor
        for kind in model.kinds.values()
        for factor in (*kind.likelihood, *kind.consequence)
    }
    for name, field in load_fields().items():
        for value in set(field.choices.values()):
            if name in factors:
                factors[name].items(value)  # raises where the model does not know the level


def test_element_sheets_have_fields_of_their_own() -> None:
    assert {"asset_id", "element", "record", "span"} <= set(load_fields(ELEMENTS))


@pytest.mark.parametrize("module", [columns, foreign])
def test_examples_hold(module: object) -> None:
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]
