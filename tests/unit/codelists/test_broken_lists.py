"""Code-lists that somebody changed by hand: what cannot be used is refused as such, never taken."""

import copy
import dataclasses
import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.codelists.ageing import ageing, effects
from inspection.codelists.bridgerules import appearance_rule, corrosion_rule, deck_rule
from inspection.codelists.codelist import Codelist, load_codelist
from inspection.codelists.columns import fields_of
from inspection.codelists.damage_classes import damage_labels, damage_types
from inspection.codelists.emergencies import order_rule
from inspection.codelists.foreign import class_map, mbei_rule
from inspection.codelists.grades import crack_grade_rule, crack_ratio_rule, soundness_candidates
from inspection.codelists.guidelines import guidelines
from inspection.codelists.members import countermeasures, grade_texts, members, targets
from inspection.codelists.opendata import open_columns, redaction_rule
from inspection.codelists.pavements import pavement_rule, pci_model
from inspection.codelists.priorities import priority_model
from inspection.errors import BadCodelist

BUILDERS: Mapping[str, Callable[[Codelist], object]] = {
    "appearance_rule": appearance_rule,
    "astm_pci": pci_model,
    "class_map": class_map,
    "damage_class": damage_labels,
    "deterioration": ageing,
    "element_column": fields_of,
    "emergency_order": order_rule,
    "guideline": guidelines,
    "jp_corrosion": corrosion_rule,
    "jp_countermeasure": countermeasures,
    "jp_crack_grade": crack_grade_rule,
    "jp_damage_type": damage_types,
    "jp_deck_crack": deck_rule,
    "jp_deck_crack_2004": deck_rule,
    "jp_grade_text": grade_texts,
    "jp_member": members,
    "jp_target_damage": targets,
    "ledger_column": fields_of,
    "mbei_defect": mbei_rule,
    "open_data_column": open_columns,
    "pavement_class": pavement_rule,
    "pavement_crack_ratio": crack_ratio_rule,
    "priority_v1": priority_model,
    "redaction_rule": redaction_rule,
    "repair_effect": effects,
    "soundness_candidate": soundness_candidates,
    "unit_cost_column": fields_of,
}
ENDLESS = {"fields_of"}
"""Builders whose bounds may be infinite: a column without a least number has none."""

Path = tuple[Any, ...]


def paths(value: Any, here: Path = ()) -> Iterator[Path]:
    """Name every place in nested mappings and lists."""
    inner = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, one in inner:
        yield (*here, key)
        yield from paths(one, (*here, key))


def changed(shipped: Codelist, path: Path, value: Any) -> Codelist:
    """Give a code-list with another value at one place; ... leaves the place out."""
    fields = copy.deepcopy(dict(shipped.fields))
    place: Any = fields
    for key in path[:-1]:
        place = place[key]
    if value is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return dataclasses.replace(shipped, fields=fields)


def numbers(value: Any) -> Iterator[float]:
    """Give every number inside what was built."""
    if isinstance(value, float):
        yield value
    elif isinstance(value, np.ndarray):
        yield from map(float, value.ravel())
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from numbers(getattr(value, field.name))
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield from numbers(key)
            yield from numbers(one)
    elif isinstance(value, list | tuple | set | frozenset):
        for one in value:
            yield from numbers(one)


STRANGE: st.SearchStrategy[Any] = st.sampled_from(
    [..., None, "", "x", "いろは", -1, 0, 7, 1e300, math.nan, math.inf, -math.inf, "nan", "inf",
     True, 1.5,
     [], [1], [None], [[]], {}, {"x": 1}, {"x": None}, ["a", "b", "c"], [3, 2, 1]]
)  # fmt: skip


@pytest.mark.parametrize("name", BUILDERS)
@settings(max_examples=30, deadline=None, derandomize=True)
@given(data=st.data())
def test_a_list_changed_at_any_place_is_used_whole_or_refused_by_name(
    name: str, data: st.DataObject
) -> None:
    shipped = load_codelist(name)
    path = data.draw(st.sampled_from(list(paths(dict(shipped.fields)))))
    other = changed(shipped, path, data.draw(STRANGE))
    build = BUILDERS[name]
    try:
        built = build(other)
    except BadCodelist as error:
        assert name in str(error) or "code-list" in str(error)
        return
    if build.__name__ not in ENDLESS:
        assert all(math.isfinite(number) for number in numbers(built))


@pytest.mark.parametrize("name", BUILDERS)
def test_a_list_without_its_rows_or_fields_is_refused_by_name(name: str) -> None:
    shipped = load_codelist(name)
    empty = dataclasses.replace(shipped, fields={})
    with pytest.raises(BadCodelist, match=name):
        BUILDERS[name](empty)


def with_field(name: str, *path: Any, value: Any) -> Codelist:
    return changed(load_codelist(name), path, value)


FIRST_JA = load_codelist("open_data_column").rows()[0]["ja"]


@pytest.mark.parametrize(
    ("name", "path", "value", "says"),
    [
        ("priority_v1", ("weights", "L"), math.nan, "nan"),
        ("priority_v1", ("weights", "L"), "inf", "inf"),
        ("priority_v1", ("weights", "T"), 0.2, "must add up to 1"),
        ("priority_v1", ("weights",), {"L": 1.2, "C": -0.2, "T": 0}, "must add up to 1"),
        ("priority_v1", ("kinds",), {}, "needs tables for 'bridge'"),
        ("priority_v1", ("severity", "grade"), dict.fromkeys("abcde", 1) | {"e": 0}, "must ascend"),
        ("guideline", ("rows", 2, "to"), 2022, "leave a gap or overlap"),
        ("guideline", ("rows", 2, "from"), 2018, "leave a gap or overlap"),
        ("guideline", ("rows", 1, "to"), ..., "leave a gap or overlap"),
        ("guideline", ("rows", 0, "from"), "Heisei", "Heisei"),
        ("mbei_defect", ("width_mm", 1130), [1.27, 0.3], "out of order"),
        ("mbei_defect", ("spacing_m",), [0.3, 0.91], "out of order"),
        ("mbei_defect", ("width_mm", 1999), [0.1, 0.2], r"\[1999\] are no defects"),
        ("mbei_defect", ("width_mm", 1130), [0.3], "mbei_defect"),
        ("class_map", ("dacl10k", "Crack"), "krack", "krack"),
        ("class_map", ("rows", 0, "mbei"), [4711], r"\[4711\] are neither"),
        ("class_map", ("rows", 0, "pci"), [77], r"\[77\] are neither"),
        ("soundness_candidate", ("grades", "e"), "IV", "may say I, II or III only"),
        ("soundness_candidate", ("grades", "d"), "I", "better soundness for worse damage"),
        ("soundness_candidate", ("grades", "a"), ..., "one soundness for each"),
        ("jp_corrosion", ("grades", "大大"), "b", "ascending"),
        ("jp_corrosion", ("area_share",), 1, "between 0 and 1"),
        ("appearance_rule", ("element_share",), 1, "between 0 and 1"),
        ("appearance_rule", ("element_share",), math.nan, "no finite number"),
        ("emergency_order", ("waves",), [20, 40], "must descend"),
        ("emergency_order", ("waves",), [40, 40], "must descend"),
        ("pavement_class", ("bounds", "iri_mm_per_m"), ..., "bounds are needed for"),
        ("pavement_crack_ratio", ("patch_share",), [0.75, 0.25], "must be less than"),
        ("jp_crack_grade", ("width_mm", "PC"), [0.2, 0.1], "must be less than"),
        ("astm_pci", ("ratings", -1, "from"), 5, "must descend to 0"),
        ("astm_pci", ("rows", 0, "severity"), "X", "none of L, M, H, -"),
        ("astm_pci", ("rows", 0, "number"), 2, "missing or strange"),
        ("deterioration", ("states",), ["I", "II"], "the states must be I, II, III, IV"),
        ("open_data_column", ("rows", 1, "ja"), FIRST_JA, "a ja twice"),
        ("open_data_column", ("rows", 0, "type"), "geometry", "must be one of text, integer"),
        ("redaction_rule", ("least_assets_per_mesh",), 0, "needs at least one asset"),
        ("redaction_rule", ("position_decimals",), 8, "0 to 7 decimals"),
        ("redaction_rule", ("withhold_damage_of",), ["V"], "'V'"),
        ("redaction_rule", ("forbidden", 0, "pattern"), "(", "redaction_rule"),
        ("jp_countermeasure", ("rows", 0, "soundness"), "V", "none of I to IV"),
        ("jp_target_damage", ("targets", "Zz"), {"S": [1]}, "'Zz' is no member symbol"),
        ("jp_target_damage", ("targets", "Mg", "S"), [2, 1], "must ascend within 1 to 26"),
        ("jp_target_damage", ("targets", "Mg", "S"), [27], "must ascend within 1 to 26"),
        ("jp_damage_type", ("rows", 0, "number"), 2, "numbers 1 to 26 in order"),
        ("jp_damage_type", ("rows", 0, "grades"), "ba", "ascending letters"),
        ("ledger_column", ("rows", 0, "kind"), "colour", "colour"),
    ],
)  # fmt: skip
def test_each_rule_of_a_list_is_kept_and_named(
    name: str, path: Path, value: Any, says: str
) -> None:
    with pytest.raises(BadCodelist, match=says) as caught:
        BUILDERS[name](with_field(name, *path, value=value))
    assert name in str(caught.value)


def test_a_heading_or_a_spelling_that_means_two_things_is_refused() -> None:
    rows = [dict(row) for row in load_codelist("ledger_column").rows()]
    first, second = rows[0], rows[1]
    second["aliases"] = [*second["aliases"], first["aliases"][0].upper()]
    with pytest.raises(BadCodelist, match=f"means both '{first['field']}' and '{second['field']}'"):
        fields_of(with_field("ledger_column", "rows", value=rows))
    choice = next(row for row in load_codelist("ledger_column").rows() if row["kind"] == "choice")
    one, two = list(choice["choices"])[:2]
    twice = {**choice["choices"], one: ["同じ"], two: ["同じ"]}
    with pytest.raises(BadCodelist, match=re.escape("spelling '同じ' means two values")):
        fields_of(with_field("ledger_column", "rows", value=[{**choice, "choices": twice}]))
