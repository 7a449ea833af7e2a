"""Code-lists: what ships is sound, and what is unsound is refused with its place."""

import re
from importlib import resources
from typing import Any

import pytest
import yaml

from inspection import codelists
from inspection.codelists.codelist import Codelist, load_codelist, read_codelist
from inspection.codelists.damage_classes import (
    damage_labels,
    damage_types,
    load_damage_labels,
    load_damage_types,
)
from inspection.codelists.grades import (
    SOUNDNESS,
    crack_grade_rule,
    crack_ratio_rule,
    load_crack_grade_rule,
    load_crack_ratio_rule,
    load_soundness_candidates,
    soundness_candidates,
)
from inspection.codelists.priorities import load_priority_model, priority_model
from inspection.domain.asset import Concrete
from inspection.domain.taxonomy import DISTRACTOR_CLASSES, DamageClass, is_defect
from inspection.errors import BadCodelist

NAMES = (
    "appearance_rule",
    "astm_pci",
    "class_map",
    "damage_class",
    "deterioration",
    "element_column",
    "emergency_order",
    "guideline",
    "indicative_scale",
    "jp_corrosion",
    "jp_countermeasure",
    "jp_crack_grade",
    "jp_damage_type",
    "jp_deck_crack",
    "jp_deck_crack_2004",
    "jp_grade_text",
    "jp_member",
    "jp_r6_form",
    "jp_soundness",
    "jp_target_damage",
    "ledger_column",
    "mbei_defect",
    "mbei_element",
    "nbi",
    "open_data_catalogue",
    "open_data_column",
    "pavement_class",
    "pavement_crack_ratio",
    "priority_v1",
    "redaction_rule",
    "repair_effect",
    "soundness_candidate",
    "unit_cost_column",
)


def changed(name: str, **fields: Any) -> Codelist:
    """Give a code-list that ships, with some fields changed."""
    shipped = load_codelist(name)
    return Codelist(
        id=shipped.id,
        version=shipped.version,
        source=shipped.source,
        needs_review=shipped.needs_review,
        fields={**shipped.fields, **fields},
    )


@pytest.mark.parametrize("name", NAMES)
def test_every_code_list_says_its_version_source_and_review_state(name: str) -> None:
    found = load_codelist(name)
    assert re.fullmatch(r"\d+\.\d+\.\d+", found.version)
    assert "§" in found.source
    assert isinstance(found.needs_review, bool)


def test_no_code_list_is_forgotten_here() -> None:
    files = {
        f.name.removesuffix(".yaml")
        for f in resources.files(codelists).iterdir()
        if f.name.endswith(".yaml")
    }
    ours = {
        name
        for name in files
        if "id"
        in yaml.safe_load(
            resources.files(codelists).joinpath(f"{name}.yaml").read_text(encoding="utf-8")
        )
    }
    assert ours == set(NAMES)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [", "not YAML"),
        ("- 1", "one mapping"),
        ("id: x", "needs 'version'"),
        ("{id: y, version: '1', source: s, needs_review: true}", "calls itself 'y'"),
        ("{id: x, version: 1, source: s, needs_review: true}", "needs 'version'"),
    ],
)
def test_a_broken_head_is_refused(text: str, words: str) -> None:
    with pytest.raises(BadCodelist, match=words):
        read_codelist(text, "x")


def test_a_missing_list_field_or_row_is_named() -> None:
    with pytest.raises(BadCodelist, match="no code-list 'nowhere'"):
        load_codelist("nowhere")
    with pytest.raises(BadCodelist, match="lacks the field 'rows'"):
        load_codelist("jp_crack_grade").rows()
    with pytest.raises(BadCodelist, match="list of mappings"):
        changed("jp_damage_type", rows=[1]).rows()


def test_the_26_damage_types() -> None:
    types = load_damage_types()
    assert list(types) == list(range(1, 27))
    assert (types[6].ja, types[16].ja, types[18].ja) == (
        "ひびわれ",
        "支承部の機能障害",
        "定着部の異常",
    )
    assert types[12].drone_rgb == "no"
    assert all(kind.grades[0] == "a" and kind.grades[-1] == "e" for kind in types.values())
    assert types[7].grades == ("a", "c", "d", "e")


def test_every_class_has_names_in_both_languages_and_a_colour_of_its_own() -> None:
    labels = load_damage_labels()
    assert set(labels) == set(DamageClass)
    assert all(label.ja and label.en for label in labels.values())
    assert len({label.ja for label in labels.values()}) == len(labels)
    assert len({label.colour for label in labels.values()}) == len(labels)


def test_appearance_grades_are_letters_that_the_damage_type_has() -> None:
    types = load_damage_types()
    for label in load_damage_labels().values():
        if label.appearance_grades:
            assert set(label.appearance_grades) <= set(types[label.jp_types[0]].grades), label
            assert "a" not in label.appearance_grades


def test_distractors_have_no_damage_type() -> None:
    labels = load_damage_labels()
    assert all(not labels[c].jp_types for c in DISTRACTOR_CLASSES)
    assert all(not labels[c].appearance_grades for c in DamageClass if not is_defect(c))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("colour", "red"),
        ("geometry", "volume"),
        ("geometry", "area"),
        ("jp_types", [27]),
        ("appearance_grades", ["z"]),
        ("appearance_grades", ["e", "c"]),
        ("code", "unheard_of"),
    ],
)
def test_a_wrong_row_of_the_classes_is_refused(field: str, value: object) -> None:
    first, *rest = load_codelist("damage_class").rows()
    with pytest.raises(BadCodelist, match="damage_class"):
        damage_labels(changed("damage_class", rows=[{**first, field: value}, *rest]))


def test_a_forgotten_or_doubled_class_is_refused() -> None:
    rows = load_codelist("damage_class").rows()
    with pytest.raises(BadCodelist, match="missing"):
        damage_labels(changed("damage_class", rows=rows[1:]))
    with pytest.raises(BadCodelist, match="once"):
        damage_labels(changed("damage_class", rows=[*rows, rows[0]]))


def test_a_wrong_row_of_the_types_is_refused() -> None:
    first, *rest = load_codelist("jp_damage_type").rows()
    for wrong in ({**first, "drone_rgb": "maybe"}, {**first, "number": 2}, {"number": 1}):
        with pytest.raises(BadCodelist, match="jp_damage_type"):
            damage_types(changed("jp_damage_type", rows=[wrong, *rest]))


def test_the_rule_of_cracks() -> None:
    rule = load_crack_grade_rule()
    assert rule.width_mm == {Concrete.RC: (0.2, 0.3), Concrete.PC: (0.1, 0.2)}
    assert rule.matrix == (("b", "c"), ("c", "d"), ("d", "e"))


@pytest.mark.parametrize(
    "wrong",
    [
        {"width_mm": {"RC": [0.3, 0.2], "PC": [0.1, 0.2]}},
        {"width_mm": {"RC": [0.2, 0.3]}},
        {"width_mm": [0.2, 0.3]},
        {"matrix": [["b"]]},
        {"matrix": [["c", "b"], ["c", "d"], ["d", "e"]]},
        {"spacing_m": "half a metre"},
    ],
)
def test_a_wrong_rule_of_cracks_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(BadCodelist, match="jp_crack_grade"):
        crack_grade_rule(changed("jp_crack_grade", **wrong))


def test_the_rule_of_the_crack_ratio() -> None:
    assert load_crack_ratio_rule().class_percent == (20.0, 40.0)
    for wrong in ({"class_percent": [40, 20]}, {"crack_area_m2": [0, 1]}, {"cell_m": "x"}):
        with pytest.raises(BadCodelist, match="pavement_crack_ratio"):
            crack_ratio_rule(changed("pavement_crack_ratio", **wrong))


def test_soundness_has_four_levels_in_order() -> None:
    rows = load_codelist("jp_soundness").rows()
    assert tuple(row["code"] for row in rows) == SOUNDNESS
    assert [row["level"] for row in rows] == [1, 2, 3, 4]


def test_the_stand_in_for_soundness_is_flagged_and_never_says_iv() -> None:
    assert load_codelist("soundness_candidate").needs_review
    assert load_soundness_candidates() == {"a": "I", "b": "I", "c": "II", "d": "II", "e": "III"}
    good = dict(load_soundness_candidates())
    for wrong in (good | {"e": "IV"}, good | {"a": "III"}, {"a": "I"}, good | {"e": "bad"}):
        with pytest.raises(BadCodelist, match="soundness_candidate"):
            soundness_candidates(changed("soundness_candidate", grades=wrong))


def test_the_priority_model_is_whole() -> None:
    model = load_priority_model()
    assert model.weights == {"L": 0.5, "C": 0.4, "T": 0.1}
    assert set(model.kinds) == {"bridge", "pavement_section"}
    for kind in model.kinds.values():
        for factor in (*kind.likelihood, *kind.consequence):
            assert factor.levels or factor.bands or factor.ramp, factor.name
            points = [step.points for step in factor.levels.values()]
            points += [step.points for _, step in factor.bands]
            points += [factor.ramp.most] if factor.ramp else []
            assert 0 <= factor.neutral.points <= max(points), factor.name
    assert (
        sum(
            max([s.points for s in f.levels.values()] + [s.points for _, s in f.bands])
            for f in model.kinds["bridge"].consequence
        )
        == 100
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"weights": {"L": 0.5, "C": 0.5, "T": 0.1}},
        {"weights": {"L": 0.5}},
        {"kinds": {}},
        {"kinds": {"bridge": {}}},
        {"severity": {"grade": {"a": 5, "b": 1, "c": 2, "d": 4, "e": 6}}},
        {"falling_days": "soon"},
    ],
)
def test_a_wrong_priority_model_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(BadCodelist, match="priority_v1"):
        priority_model(changed("priority_v1", **wrong))


def test_bands_that_reward_more_traffic_with_less_are_refused() -> None:
    kinds = load_codelist("priority_v1")["kinds"]
    factor = {
        "name": "adt", "ja": "x", "en": "x", "neutral": {"points": 0},
        "bands": [{"from": 0, "points": 5}, {"from": 10, "points": 1}],
    }  # fmt: skip
    bridge = {**kinds["bridge"], "consequence": [factor]}
    with pytest.raises(BadCodelist, match="ascend"):
        priority_model(changed("priority_v1", kinds={**kinds, "bridge": bridge}))
