"""Rule files: shipped ones are whole, wrong ones are refused with every reason."""

import json
from datetime import date
from importlib import resources
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from flight.checks.rulefile import (
    HeightRule,
    RuleSet,
    ZoneRule,
    load_rules,
    parse_rules,
    shipped_rules,
)
from inspection.errors import BadCodelist, NotFound

OWN = """
id: own_manual
title: {en: Own manual, ja: 社内基準}
country: JP
source_url: https://example.org/manual
valid_from: 2026-04-01
reviewed_on: 2026-10-01
needs_review: false
rules:
  - {id: wind, kind: wind, limit_m_s: 4, outcome: refuse, source: own,
     title: {en: Wind, ja: 風}}
"""


@pytest.mark.parametrize("name", shipped_rules())
def test_shipped_rules_are_whole(name: str) -> None:
    rules = load_rules(name)
    assert rules.id == name
    assert str(rules.source_url).startswith("https://")
    assert date(2015, 1, 1) < rules.valid_from <= rules.reviewed_on
    assert rules.needs_review, "nobody has compared these with the official text"
    folder = resources.files("flight.rules")
    for layer in rules.layers:
        assert folder.joinpath(layer.file).is_file()
    for rule in rules.rules:
        assert "legal" not in rule.title.en.lower()


def test_the_three_countries_ship() -> None:
    assert set(shipped_rules()) == {"jp_uas_rule", "us_faa_part107", "eu_easa_open"}


def height_of(name: str) -> HeightRule:
    """Give the height rule of a shipped file."""
    found = [rule for rule in load_rules(name).rules if isinstance(rule, HeightRule)]
    assert len(found) == 1
    return found[0]


def test_limits_are_those_of_the_domain_specification() -> None:
    """Golden numbers of §6.1."""
    japan, faa, easa = (height_of(n) for n in ("jp_uas_rule", "us_faa_part107", "eu_easa_open"))
    assert (japan.limit_m, faa.limit_m, easa.limit_m) == (150, 121.92, 120)
    near = [rule.near_structure for rule in (japan, faa, easa)]
    assert all(near)
    assert [(n.within_m, n.above_m, n.least_height_m) for n in near if n] == [
        (30, None, 0),
        (121.92, 121.92, 0),
        (50, 15, 105),
    ]
    by_id = {rule.id: rule for rule in load_rules("jp_uas_rule").rules}
    assert by_id["third_party_30m"].limit_m == 30  # type: ignore[union-attr]
    assert by_id["manual_wind"].limit_m_s == 5  # type: ignore[union-attr]
    assert by_id["manual_wind"].needs_review
    speeds = [r.limit_m_s for r in load_rules("us_faa_part107").rules if r.kind == "speed"]
    assert speeds == [pytest.approx(100 * 1609.344 / 3600)]


def test_all_of_specified_flight_is_asked_for() -> None:
    """Domain §6.1: airspaces A–D and methods ①–⑥."""
    ids = {rule.id for rule in load_rules("jp_uas_rule").rules}
    assert {"airport", "emergency", "height_150m", "did"} <= ids
    assert {"night", "sight", "third_party_30m", "event", "goods"} <= ids


def test_the_ishikawa_layer_says_that_it_is_incomplete() -> None:
    text = resources.files("flight.rules").joinpath("ishikawa_ask_first.geojson").read_text("utf-8")
    layer = json.loads(text)
    assert "Incomplete" in layer["tenken_note"]
    names = " ".join(f["properties"]["name"] for f in layer["features"])
    assert all(word in names for word in ("志賀原子力発電所", "小松", "のと里山空港"))
    assert all(f["properties"]["needs_review"] for f in layer["features"])
    ask = [
        r
        for r in load_rules("jp_uas_rule").rules
        if isinstance(r, ZoneRule) and r.id == "ask_first"
    ]
    assert ask[0].outcome == "warn" and "incomplete" in ask[0].title.en


def test_an_own_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(OWN, encoding="utf-8")
    rules = load_rules(str(path))
    assert isinstance(rules, RuleSet) and rules.rules[0].id == "wind"


def test_what_is_wrong_is_named_with_its_value() -> None:
    content = yaml.safe_load(OWN)
    content["rules"][0] |= {"limit_m_s": -4, "colour": "red"}
    del content["source_url"]
    with pytest.raises(BadCodelist) as caught:
        parse_rules(yaml.safe_dump(content), "own.yaml")
    said = str(caught.value)
    assert "own.yaml is no rule file" in said
    assert "source_url: Field required" in said
    assert "limit_m_s: Input should be greater than 0 (got -4)" in said
    assert "colour: Extra inputs are not permitted (got 'red')" in said
    assert "too short" not in said and "at least 1" not in said


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"rules": []}, "rules: .*at least 1"),
        ({"country": "Japan"}, "country"),
        ({"valid_from": "soon"}, "valid_from"),
        ({"rules": [{"kind": "taste"}]}, "'taste'"),
        ({"id": "Own Manual"}, "id: String should match"),
    ],
)
def test_a_head_or_rule_out_of_form_is_refused(change: dict[str, object], match: str) -> None:
    with pytest.raises(BadCodelist, match=match):
        parse_rules(yaml.safe_dump(yaml.safe_load(OWN) | change), "own.yaml")


def test_two_rules_of_one_name_are_refused() -> None:
    content = yaml.safe_load(OWN)
    content["rules"] *= 2
    with pytest.raises(BadCodelist, match=r"there twice: \['wind'\]"):
        parse_rules(yaml.safe_dump(content), "own.yaml")


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    with pytest.raises(BadCodelist):
        parse_rules(text, "any.yaml")


def test_a_file_that_is_not_there_is_told_with_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"jp_uas_rule"):
        load_rules("jp_rule")
    binary = tmp_path / "b.yaml"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadCodelist, match="not UTF-8"):
        load_rules(str(binary))
