"""The whole examination and its reports in both languages."""

import json
import re
import string
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from flight.checks.circumstance import Circumstance
from flight.checks.examine import Examination, examine
from flight.checks.finding import Outcome
from flight.checks.layout import lay_out
from flight.checks.override import override_of
from flight.checks.record import digest_of, record_path, require_clear, write_record
from flight.checks.report import Report, to_html, to_markdown, to_plain, to_text, verdict_text
from flight.checks.rulefile import load_rules, shipped_rules
from flight.checks.words import Language, load_words, phrase, reason, title
from flight.drone import find_drone
from flight.flightplan import FlightPlan
from inspection.errors import Broken, Refused
from tests.support.courses import item, mission_through
from tests.support.flightplans import small_plan

NOW = datetime(2026, 11, 26, 1, 2, 3, tzinfo=UTC)
OVER_PLAN = [(5.0, 4.0, 10.0), (5.0, 16.0, 10.0), (15.0, 16.0, 10.0), (15.0, 4.0, 10.0)]
FENCE = [(-20, -20), (40, -20), (40, 40), (-20, 40)]


def examined(
    plan: FlightPlan | None = None, fence: Any = FENCE, before: Any = (), **around: Any
) -> Examination:
    """Examine a small mission over a deck."""
    mission = mission_through(*OVER_PLAN, fence_m=fence, before=before)
    return examine(
        mission,
        lay_out(mission),
        Circumstance(**around),
        rules=[load_rules(name) for name in shipped_rules()],
        plan=plan,
    )


def reported(examination: Examination, sha256: str = "s", **fields: Any) -> Report:
    """Report an examination."""
    return Report(
        plan_name="deck.plan",
        plan_sha256=sha256,
        checked_at=NOW,
        examination=examination,
        **fields,
    )


def windy() -> Examination:
    """Examine in a wind that is refused."""
    return examined(small_plan(), drone=find_drone("ardupilot_survey"), wind_m_s=9.0)


@pytest.mark.parametrize("language", list(Language))
def test_everything_found_can_be_said(language: Language) -> None:
    plain = to_plain(reported(windy()), language)
    assert plain["verdict"] == "refuse"
    assert plain["open_refusals"] == ["wind", "jp_uas_rule.manual_wind"]
    assert all(row["text"] and row["title"] and row["source"] for row in plain["findings"])
    assert len({row["check"] for row in plain["findings"]}) == len(plain["findings"])
    json.dumps(plain)


def test_every_wording_has_the_same_figures_in_both_languages() -> None:
    for table in load_words().values():
        for key, entry in table.items():
            fields = {
                language: {name for _, name, _, _ in string.Formatter().parse(text) if name}
                for language, text in entry.items()
            }
            assert fields["ja"] <= fields["en"] | {"drone"}, key
            assert re.search(r"[぀-ヿ一-鿿]", entry["ja"]), key


def test_every_reason_of_the_code_has_a_wording_and_none_is_left_over() -> None:
    folder = Path(__file__).resolve().parents[4] / "flight" / "checks"
    code = "".join(path.read_text("utf-8") for path in folder.glob("*.py"))
    used = set(re.findall(r'"([a-z_]+\.[a-z_0-9]+)"', code))
    known = set(load_words()["reasons"])
    assert known <= used
    groups = {key.split(".")[0] for key in known}
    assert {key for key in used if key.split(".")[0] in groups} <= known


def test_no_text_says_that_a_flight_is_legal() -> None:
    quiet = replace(windy(), findings=tuple(f for f in windy().findings if f.outcome.gravity == 0))
    assert verdict_text(reported(quiet), Language.EN) == (
        "No conflict found with the loaded rules."
    )
    everything = json.dumps(load_words(), ensure_ascii=False).lower()
    assert "legal" not in everything and "合法" not in everything


def test_the_stand_off_is_kept_from_the_surface_that_is_seen() -> None:
    found = {f.check: f for f in examined(small_plan()).findings}
    # take-off lies on the deck's corner and may; the legs are 10 m above it
    assert found["structure"].facts["room_m"] == pytest.approx(10.0, abs=0.01)
    plan = replace(small_plan(), surface_m=small_plan().surface_m + np.array([0, 0, 7.5]))
    near = {f.check: f for f in examined(plan, wind_m_s=2.0).findings}["structure"]
    assert near.outcome is Outcome.REFUSE


def test_a_named_override_opens_the_way_and_an_edit_closes_it(tmp_path: Path) -> None:
    plan = tmp_path / "deck.plan"
    plan.write_text("one", encoding="utf-8")
    examination = windy()
    sha256 = digest_of(plan)
    overrides = tuple(
        override_of(
            one.check, examination.findings, by="Sato", why="tethered craft", at=NOW,
            plan_sha256=sha256,
        )
        for one in examination.refusals
    )  # fmt: skip
    refused = reported(examination, sha256)
    opened = reported(examination, sha256, overrides=overrides)
    assert refused.verdict is Outcome.REFUSE and opened.verdict is Outcome.WARN
    said = verdict_text(opened, Language.EN)
    assert "No open refusal" in said and "named person" in said
    write_record(refused, plan, Language.JA)
    with pytest.raises(Refused, match=r"refuses: wind, jp_uas_rule\.manual_wind"):
        require_clear(plan, now=NOW)
    write_record(opened, plan, Language.JA)
    assert require_clear(plan, now=NOW + timedelta(hours=2))["verdict"] == "warn"
    with pytest.raises(Refused, match="is from"):
        require_clear(plan, now=NOW + timedelta(hours=25))
    with pytest.raises(Refused, match="is from"):
        require_clear(plan, now=NOW - timedelta(hours=1))
    plan.write_text("two", encoding="utf-8")
    with pytest.raises(Refused, match="was edited after its check"):
        require_clear(plan, now=NOW)
    edited = reported(examination, digest_of(plan), overrides=overrides)
    assert len(edited.open_refusals) == len(overrides) > 0


def test_a_plan_that_was_never_checked_is_not_flown(tmp_path: Path) -> None:
    plan = tmp_path / "deck.plan"
    plan.write_text("one", encoding="utf-8")
    with pytest.raises(Refused, match="has not been checked"):
        require_clear(plan, now=NOW)
    for text in ("", "[]", '{"format": 1}', '{"format": 1, "open_refusals": []}'):
        record_path(plan).write_text(text, encoding="utf-8")
        with pytest.raises(Broken, match="damaged"):
            require_clear(plan, now=NOW)


def test_the_terminal_shows_places_and_sources_of_what_is_wrong() -> None:
    outside = examined(fence=[(-20, -20), (10, -20), (10, 40), (-20, 40)])
    text = "\n".join(to_text(reported(outside), Language.EN))
    assert "✗ refuse Fence  [fence]" in text
    assert re.search(r"[34] leg\(s\) leave the fence", text)
    assert "items 4–6" in text and "Source: Tenken: the fence" in text
    assert text.endswith("Refused. Checks that say no: 1.")
    ja = "\n".join(to_text(reported(outside), Language.JA))
    assert "ジオフェンス" in ja and "不可" in ja and "確認日 2026-11-25" in ja


@pytest.mark.parametrize("language", list(Language))
def test_the_documents_hold_every_check(language: Language) -> None:
    report = reported(windy())
    page, text = to_html(report, language), to_markdown(report, language)
    for finding in report.findings:
        assert finding.check in page and finding.check in text
    assert "<script" not in page and "http-equiv" not in page
    assert f'lang="{language.value}"' in page
    assert phrase("caution", language) in text


def test_names_from_files_cannot_write_markup() -> None:
    sneaky = replace(small_plan(), name="<script>alert(1)</script>|x")
    report = reported(examined(sneaky, drone=find_drone("ardupilot_survey"), wind_m_s=9.0))
    page, text = to_html(report, Language.EN), to_markdown(report, Language.EN)
    assert "<script>" not in page and "<script>" not in text
    assert all(line.count("|") - line.count("\\|") in (0, 3, 5) for line in text.splitlines())


def test_a_missing_wording_is_our_fault() -> None:
    finding = replace(windy().findings[0], reason="no.such")
    with pytest.raises(Broken, match=r"no reasons for 'no\.such'"):
        reason(finding, Language.EN)
    with pytest.raises(Broken, match="asks for"):
        phrase("items", Language.EN)
    with pytest.raises(Broken, match="no titles"):
        title(replace(finding, check="none"), Language.EN)


def test_unread_items_are_told_in_the_report() -> None:
    odd = examined(before=[item(36, at_m=(3, 3, 10))])
    assert any("commands 36" in line for line in to_text(reported(odd), Language.EN))
