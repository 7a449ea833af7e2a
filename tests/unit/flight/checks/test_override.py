"""Overrides: named, reasoned, kept, and gone with any edit."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
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
from flight.checks.record import digest_of
from inspection.errors import BadInput, Broken

NOW = datetime(2026, 11, 26, 1, 2, 3, tzinfo=UTC)


def refusal(check: str = "wind", wind: float = 9.0) -> Finding:
    """Refuse for wind."""
    return Finding(
        check=check,
        outcome=Outcome.REFUSE,
        reason="wind.over",
        source="maker",
        facts={"wind_m_s": wind, "limit_m_s": 8.0},
    )


def decided(finding: Finding, sha256: str, **changes: Any) -> Override:
    """Override a finding."""
    fields: dict[str, Any] = {"by": "Sato", "why": "tethered craft", "at": NOW}
    return override_of(finding.check, [finding], plan_sha256=sha256, **(fields | changes))


@given(st.binary(min_size=1, max_size=200), st.integers(0, 199), st.integers(1, 255))
def test_an_override_never_survives_an_edit(content: bytes, at: int, change: int) -> None:
    import hashlib

    edited = bytearray(content)
    edited[at % len(content)] ^= change
    before, after = (hashlib.sha256(text).hexdigest() for text in (content, bytes(edited)))
    one = decided(refusal(), before)
    assert holding(refusal(), [one], before) is one
    assert holding(refusal(), [one], after) is None


def test_the_digest_is_that_of_the_file(tmp_path: Path) -> None:
    import hashlib

    plan = tmp_path / "a.plan"
    plan.write_bytes(b"one")
    assert digest_of(plan) == hashlib.sha256(b"one").hexdigest()
    with pytest.raises(BadInput, match=r"b\.plan cannot be read"):
        digest_of(tmp_path / "b.plan")


@given(st.floats(8.1, 30), st.floats(8.1, 30))
def test_an_override_holds_for_what_was_found_only(first: float, second: float) -> None:
    one = decided(refusal(wind=first), "s")
    held = holding(refusal(wind=second), [one], "s")
    assert (held is one) == (first == second)
    assert holding(refusal("battery"), [one], "s") is None


def test_only_refusals_are_overridden() -> None:
    warned = Finding(check="wind", outcome=Outcome.WARN, reason="wind.tight", source="maker")
    with pytest.raises(BadInput, match=r"'wind' does not refuse.*refused: none"):
        override_of("wind", [warned], by="Sato", why="tethered craft", at=NOW, plan_sha256="s")
    with pytest.raises(BadInput, match="refused: wind"):
        override_of("wnd", [refusal()], by="Sato", why="tethered craft", at=NOW, plan_sha256="s")
    assert holding(warned, [decided(refusal(), "s")], "s") is None


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"by": " "}, "--by NAME"),
        ({"why": "ok"}, "--reason TEXT"),
        ({"at": datetime(2026, 1, 1)}, "zone"),
    ],
)
def test_a_person_and_a_reason_are_needed(changes: dict[str, Any], match: str) -> None:
    fields: dict[str, Any] = {
        "check": "wind", "by": "Sato", "why": "tethered craft", "at": NOW,
        "plan_sha256": "s", "finding_sha256": "f", "found": "",
    }  # fmt: skip
    with pytest.raises(BadInput, match=match):
        Override(**(fields | changes))


def test_the_record_grows_and_comes_back_as_it_was(tmp_path: Path) -> None:
    path = overrides_path(tmp_path / "pier.plan")
    assert read_overrides(path) == ()
    first = decided(refusal(), "s1", by="佐藤", why="係留飛行で実施する")
    second = decided(refusal(), "s2", at=NOW + timedelta(hours=1))
    assert add_overrides(path, [first]) == (first,)
    assert add_overrides(path, [second]) == (first, second)
    assert read_overrides(path) == (first, second)
    kept = json.loads(path.read_text("utf-8"))["overrides"][0]
    assert kept["by"] == "佐藤" and kept["found"] == "wind 9 m/s, limit 8 m/s; wait for less"


def test_the_newest_of_two_overrides_speaks() -> None:
    old, new = decided(refusal(), "s"), decided(refusal(), "s", at=NOW + timedelta(hours=2))
    assert holding(refusal(), [new, old], "s") is new


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "{}", '{"format": 2, "overrides": []}',
        '{"format": 1, "overrides": [{"check": "wind"}]}',
        '{"format": 1, "overrides": [{"check": 1, "by": "Sato", "reason": "tethered craft",'
        ' "at": "2026-11-26T01:02:03+00:00", "plan_sha256": "s", "finding_sha256": "f",'
        ' "found": ""}]}',
        '{"format": 1, "overrides": [{"check": "wind", "by": "", "reason": "tethered craft",'
        ' "at": "2026-11-26T01:02:03+00:00", "plan_sha256": "s", "finding_sha256": "f",'
        ' "found": ""}]}',
    ],
)  # fmt: skip
def test_a_damaged_record_is_never_taken_for_empty(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.plan.overrides.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Broken, match="damaged record"):
        read_overrides(path)
    with pytest.raises(Broken):
        add_overrides(path, [decided(refusal(), "s")])
    assert path.read_text("utf-8") == text


def test_findings_need_sources_and_finite_figures() -> None:
    with pytest.raises(BadInput, match="no source"):
        Finding(check="c", outcome=Outcome.PASS, reason="r", source=" ")
    with pytest.raises(BadInput, match="room_m is nan"):
        Finding(
            check="c", outcome=Outcome.PASS, reason="r", source="s", facts={"room_m": float("nan")}
        )


def test_the_gravest_outcome_counts() -> None:
    passed = Finding(check="c", outcome=Outcome.PASS, reason="r", source="s")
    assert worst((passed, refusal())) is Outcome.REFUSE
    assert worst((passed,)) is Outcome.PASS
