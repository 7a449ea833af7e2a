"""The record beside a plan decides whether it may be flown: only a whole and fresh one does.

A damaged record is never taken for a clear one, and its time has two ends: a check from the future
says as little about today as one from yesterday.
"""

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flight.checks.finding import Finding, Outcome, worst
from flight.checks.override import (
    Override,
    add_overrides,
    holding,
    override_of,
    overrides_path,
    read_overrides,
)
from flight.checks.record import FRESH, digest_of, record_path, require_clear
from flight.checks.words import Language, load_words, phrase, reason, title
from inspection.errors import BadInput, Broken, Refused
from tests.support.courses import square, write_geojson
from tests.support.flightcommand import fly
from tests.support.sites import DECK, polygon, write

NOW = datetime(2026, 11, 26, 1, 0, tzinfo=UTC)
TOKYO = timezone(timedelta(hours=9))


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    path = tmp_path / "橋脚 1.plan"
    path.write_text("items")
    return path


def keep(plan: Path, **changes: Any) -> Path:
    """Write a record that lets a plan be flown, but for some changes; None leaves a field out."""
    usual = {
        "format": 1,
        "plan_sha256": digest_of(plan),
        "checked_at": NOW.isoformat(),
        "verdict": "pass",
        "open_refusals": [],
    }
    content = {name: value for name, value in (usual | changes).items() if value != "left out"}
    record_path(plan).write_text(json.dumps(content))
    return plan


def test_a_whole_and_fresh_record_opens_the_way(plan: Path) -> None:
    assert require_clear(keep(plan), now=NOW)["verdict"] == "pass"
    assert require_clear(keep(plan, verdict="warn"), now=NOW)["verdict"] == "warn"


@pytest.mark.parametrize(
    "field", ["format", "plan_sha256", "checked_at", "verdict", "open_refusals"]
)
@pytest.mark.parametrize("value", ["left out", None, 7, 2.5, "x", {}, [1], [None], [["a"]]])
def test_a_damaged_record_is_our_fault_or_a_refusal_and_never_a_pass(
    plan: Path, field: str, value: object
) -> None:
    with pytest.raises((Broken, Refused)) as told:
        require_clear(keep(plan, **{field: value}), now=NOW)
    assert plan.name in str(told.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "5", "[" * 100_000, '"pass"', "\ufeff{}"])
def test_a_record_that_is_none_is_our_fault(plan: Path, text: str) -> None:
    record_path(plan).write_text(text, encoding="utf-8")
    with pytest.raises(Broken, match="damaged record of a check"):
        require_clear(plan, now=NOW)


def test_bytes_that_are_no_text_are_our_fault(plan: Path) -> None:
    record_path(plan).write_bytes("点検済".encode("shift_jis"))
    with pytest.raises(Broken, match="damaged"):
        require_clear(plan, now=NOW)


@pytest.mark.parametrize(
    ("age", "fresh"),
    [
        (timedelta(0), True),
        (FRESH, True),
        (FRESH + timedelta(seconds=1), False),
        (-timedelta(seconds=1), False),
        (timedelta(days=365), False),
    ],
)
@pytest.mark.parametrize("zone", [UTC, TOKYO])
def test_a_check_holds_for_a_day_whatever_the_zone(
    plan: Path, age: timedelta, fresh: bool, zone: timezone
) -> None:
    keep(plan, checked_at=NOW.astimezone(zone).isoformat())
    if fresh:
        assert require_clear(plan, now=(NOW + age).astimezone(TOKYO))
    else:
        with pytest.raises(Refused, match=r"the check of 橋脚 1\.plan is from 2026-11-26"):
            require_clear(plan, now=NOW + age)


def test_a_time_without_a_zone_is_no_time(plan: Path) -> None:
    with pytest.raises(Broken, match="damaged"):
        require_clear(keep(plan, checked_at="2026-11-26T10:00:00"), now=NOW)


@pytest.mark.parametrize(
    ("changes", "reason_"),
    [
        ({"open_refusals": ["structure", "wind"]}, "refuses: structure, wind; mend the plan"),
        ({"verdict": "refuse"}, "refuses"),
        ({"plan_sha256": "0" * 64}, "was edited after its check"),
    ],
)
def test_what_keeps_a_plan_on_the_ground_is_said(
    plan: Path, changes: dict[str, object], reason_: str
) -> None:
    with pytest.raises(Refused, match=reason_):
        require_clear(keep(plan, **changes), now=NOW)


def test_one_byte_more_is_another_plan(plan: Path) -> None:
    keep(plan)
    plan.write_text("items ")
    with pytest.raises(Refused, match=r"edited after its check; run: tenken flight check"):
        require_clear(plan, now=NOW)
    plan.write_text("items")
    assert require_clear(plan, now=NOW), "the very same bytes are the very same plan"


def test_a_plan_that_is_gone_is_told(plan: Path) -> None:
    keep(plan)
    plan.unlink()
    with pytest.raises(BadInput, match=r"橋脚 1\.plan cannot be read"):
        require_clear(plan, now=NOW)


# --- overrides -----------------------------------------------------------------------------------


def refusal(**facts: float | str) -> Finding:
    usual: dict[str, float | int | str] = {"wind_m_s": 9.0, "limit_m_s": 8.0}
    return Finding(
        check="wind", outcome=Outcome.REFUSE, reason="wind.over", source="s", facts=usual | facts
    )


def lifted(**changes: Any) -> Override:
    fields: dict[str, Any] = {
        "check": "wind", "by": "佐藤 健", "why": "風は収まった、現地確認済", "at": NOW,
        "plan_sha256": "a" * 64, "finding_sha256": refusal().digest, "found": "wind 9 m/s",
    }  # fmt: skip
    return Override(**(fields | changes))


@given(
    first=st.dictionaries(st.sampled_from(["wind_m_s", "limit_m_s", "x"]), st.integers(0, 3)),
    second=st.dictionaries(st.sampled_from(["wind_m_s", "limit_m_s", "x"]), st.integers(0, 3)),
)
@settings(max_examples=50)
def test_a_digest_tells_findings_apart_and_nothing_else(
    first: dict[str, Any], second: dict[str, Any]
) -> None:
    one, other = refusal(**first), refusal(**second)
    assert (one.digest == other.digest) == (dict(one.facts) == dict(other.facts))
    turned = Finding(
        check=one.check, outcome=one.outcome, reason=one.reason, source="other",
        facts=dict(reversed(list(one.facts.items()))), items=(3,),
    )  # fmt: skip
    assert turned.digest == one.digest, "the order of figures and the place are no statement"


@pytest.mark.parametrize(
    ("change", "holds"),
    [
        ({}, True),
        ({"plan_sha256": "b" * 64}, False),
        ({"check": "gust"}, False),
        ({"finding_sha256": "c" * 64}, False),
    ],
)
def test_an_override_holds_for_one_finding_of_one_file(change: dict[str, Any], holds: bool) -> None:
    held = holding(refusal(), [lifted(**change)], "a" * 64)
    assert (held is not None) == holds


@pytest.mark.parametrize("outcome", [Outcome.PASS, Outcome.WARN])
def test_only_a_refusal_can_be_lifted(outcome: Outcome) -> None:
    calm = Finding(check="wind", outcome=outcome, reason="wind.over", source="s")
    assert holding(calm, [lifted(finding_sha256=calm.digest)], "a" * 64) is None
    with pytest.raises(BadInput, match="nothing to override; refused: none"):
        override_of("wind", [calm], by="A. B", why="reason enough", at=NOW, plan_sha256="a" * 64)


@pytest.mark.parametrize(
    ("by", "why", "named"),
    [
        ("", "reason enough", "--by NAME"),
        ("　", "reason enough", "--by NAME"),  # a full-width space
        ("A", "reason enough", "--by NAME"),
        ("A. B", "short", "--reason TEXT"),
        ("A. B", "        .", "--reason TEXT"),
    ],
)
def test_nobody_and_nothing_do_not_lift_a_refusal(by: str, why: str, named: str) -> None:
    with pytest.raises(BadInput, match=named):
        override_of("wind", [refusal()], by=by, why=why, at=NOW, plan_sha256="a" * 64)


@given(
    texts=st.lists(
        st.tuples(
            st.sampled_from(["佐藤 健", "ｻﾄｳ ｹﾝ", "O'Neil", 'K. "S" Sato', "é é"]),
            st.sampled_from(
                ["通行止め、許可 令和8-118", "line\nbreak and \\ more", "𠮷野橋 立入管理済"]
            ),
        ),
        min_size=1,
        max_size=4,
    )
)
@settings(max_examples=20)
def test_a_record_of_overrides_comes_back_word_for_word(
    tmp_path_factory: pytest.TempPathFactory, texts: list[tuple[str, str]]
) -> None:
    path = tmp_path_factory.mktemp("o") / "p.plan.overrides.json"
    made = [lifted(by=by, why=why) for by, why in texts]
    for count, one in enumerate(made, start=1):
        assert len(add_overrides(path, [one])) == count
    assert read_overrides(path) == tuple(made)


@pytest.mark.parametrize("text", ["", "[]", "5", "{}", "[" * 100_000, '{"format": 1}'])
def test_a_damaged_record_of_overrides_is_never_added_to(tmp_path: Path, text: str) -> None:
    path = tmp_path / "p.plan.overrides.json"
    path.write_text(text)
    for use in (read_overrides, lambda p: add_overrides(p, [lifted()])):
        with pytest.raises(Broken, match="damaged record of overrides"):
            use(path)
    assert path.read_text() == text, "it was overwritten"


@pytest.mark.parametrize("field", ["check", "by", "reason", "at", "plan_sha256", "found"])
@pytest.mark.parametrize("value", [None, 5, [], ""])
def test_a_damaged_override_is_never_left_out(tmp_path: Path, field: str, value: object) -> None:
    path = tmp_path / "p.plan.overrides.json"
    add_overrides(path, [lifted()])
    content = json.loads(path.read_text())
    content["overrides"][0][field] = value
    path.write_text(json.dumps(content))
    if value == "" and field in {"check", "plan_sha256", "found"}:
        (kept,) = read_overrides(path)
        assert holding(refusal(), [kept], "a" * 64) is None or field == "found"
    else:
        with pytest.raises(Broken, match="damaged"):
            read_overrides(path)


# --- words ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", Language)
def test_every_phrase_is_said_in_its_own_language(language: Language) -> None:
    for table, entries in load_words().items():
        for key, texts in entries.items():
            said = texts[language.value]
            assert said.strip() == said, (table, key)
            japanese = any("぀" <= letter <= "鿿" for letter in said)
            assert japanese == (language is Language.JA), (table, key)


@pytest.mark.parametrize("language", Language)
def test_a_wording_that_there_is_not_is_our_fault(language: Language) -> None:
    lost = Finding(check="none", outcome=Outcome.PASS, reason="none.at_all", source="s")
    for say in (title, reason):
        with pytest.raises(Broken, match="none"):
            say(lost, language)
    with pytest.raises(Broken, match="warn"):
        phrase("verdict_warn", language)  # its figure is missing
    with pytest.raises(Broken, match="nothing"):
        phrase("nothing", language)


def test_the_gravest_of_all_counts() -> None:
    findings = tuple(
        Finding(check=one.value, outcome=one, reason="r", source="s") for one in Outcome
    )
    assert [worst(findings[:n]).value for n in range(4)] == ["pass", "pass", "warn", "refuse"]


# --- on the command line -------------------------------------------------------------------------


def test_lifting_two_refusals_takes_two_names_of_checks(tmp_path: Path) -> None:
    site = write(tmp_path / "deck.geojson", polygon(DECK, name="deck"))
    out = tmp_path / "deck.plan"
    wish = ["--camera", "dji_m3e_wide", "--gsd-mm-per-px", "5", "--takeoff", "36.594606,136.625669"]
    assert fly("plan", "area", site, *wish, "--out", out).code == 0
    zone = write_geojson(tmp_path / "did.geojson", [("Polygon", square(0, 0, 300), {"name": "D"})])
    ask = ["--layer", f"did={zone}", "--wind-m-s", "13", "--lang", "ja"]
    ran = fly("check", out, *ask)
    assert ran.code == 3
    names = set(ran.said.split(": ")[1].split(", "))
    assert {"wind", "jp_uas_rule.did"} <= names
    lift = [word for name in sorted(names) for word in ("--override", name)]
    who = ["--by", "佐藤 健", "--reason", "許可 令和8年第118号、通行止め"]
    ran = fly("check", out, *ask, *lift[2:], *who)
    assert ran.code == 3
    assert ran.said.endswith(lift[1]), "the one that was left is the one that is named"
    ran = fly("check", out, *ask, *lift, *who)
    assert ran.code == 0
    assert "解除" in ran.out
    kept = read_overrides(overrides_path(out))
    assert {one.by for one in kept} == {"佐藤 健"}
    assert fly("check", out, *ask).code == 0, "what was lifted stays lifted"
    assert fly("check", out, *ask, "--gust-m-s", "14").code == 3, "a stronger wind is another thing"
