"""How far an inspection has come, and which steps lead it into records and open data."""

import doctest
import uuid
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.domain import figures, inspectionrecord, municipality, release
from inspection.domain.inspectionrecord import digest, from_plain, to_plain
from inspection.domain.release import (
    LEGAL,
    Evidence,
    InspectionState,
    ReleaseAction,
    ReleaseDecision,
    state_of,
    step,
)
from inspection.errors import BadInput, Broken, IllegalTransition
from tests.support.released import make_confirmed, make_damage, make_record

LAW = settings(derandomize=True, deadline=None, max_examples=100)

DECISION = ReleaseDecision(
    event_id=uuid.UUID(int=1),
    asset_id="ISK-0001",
    fiscal_year=2026,
    action=ReleaseAction.APPROVE,
    by="鈴木課長",
    at=datetime(2026, 5, 1, tzinfo=UTC),
    why="照査済",
)


@pytest.mark.parametrize("module", [release, inspectionrecord, municipality, figures])
def test_doctests_hold(module: object) -> None:
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]  # a module is an object


@pytest.mark.parametrize(
    ("evidence", "state"),
    [
        (Evidence(), "planned"),
        (Evidence(surveys=2, searched=1), "captured"),
        (Evidence(surveys=2, with_mosaic=2, searched=1), "processed"),
        (Evidence(surveys=1, with_mosaic=1, searched=1, unreviewed=1), "ai_reviewed"),
        (
            Evidence(surveys=1, with_mosaic=1, searched=1, unreviewed=1, diagnosed=True),
            "ai_reviewed",
        ),
        (Evidence(surveys=1, with_mosaic=1, searched=1), "engineer_confirmed"),
        (Evidence(records=3), "engineer_confirmed"),
        (Evidence(records=3, diagnosed=True), "diagnosed"),
        (Evidence(diagnosed=True), "diagnosed"),
        (Evidence(surveys=1, searched=0, diagnosed=True), "captured"),
    ],
)
def test_the_state_follows_from_what_is_there(evidence: Evidence, state: str) -> None:
    assert state_of(evidence).value == state


def test_only_six_steps_are_legal() -> None:
    for state in InspectionState:
        for action in ReleaseAction:
            if (state, action) in LEGAL:
                assert step(state, action) is LEGAL[state, action]
            else:
                with pytest.raises(IllegalTransition, match=action.value):
                    step(state, action)
    assert len(LEGAL) == 6


@LAW
@given(st.lists(st.sampled_from(list(ReleaseAction)), max_size=12))
def test_nothing_is_published_that_was_not_approved_first(actions: list[ReleaseAction]) -> None:
    state, done = InspectionState.DIAGNOSED, []
    for action in actions:
        try:
            state = step(state, action)
        except IllegalTransition:
            continue
        done.append(action)
    depth = {
        ReleaseAction.APPROVE: 1,
        ReleaseAction.PUBLISH: 1,
        ReleaseAction.REVOKE: -1,
        ReleaseAction.WITHDRAW: -1,
        ReleaseAction.SEND_BACK: -1,
        ReleaseAction.RESUBMIT: 1,
    }
    assert sum(depth[action] for action in done) + 1 == [
        InspectionState.SENT_BACK,
        InspectionState.DIAGNOSED,
        InspectionState.APPROVED,
        InspectionState.PUBLISHED,
    ].index(state)


def test_a_refusal_says_what_is_missing() -> None:
    with pytest.raises(IllegalTransition, match="needs one that is diagnosed: 3 detections"):
        step(InspectionState.AI_REVIEWED, ReleaseAction.APPROVE, why_not="3 detections")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"by": " "}, "needs the name"),
        ({"by": "x" * 201}, "201"),
        ({"by": "a\nb"}, "control character"),
        ({"why": ""}, "needs a reason"),
        ({"why": "x" * 2001}, "2001"),
        ({"why": "a\0"}, "NUL"),
        ({"at": datetime(2026, 5, 1)}, "time zone"),
        ({"fiscal_year": 1900}, "1900"),
    ],
)
def test_a_decision_needs_who_when_and_why(changes: dict[str, object], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        replace(DECISION, **changes)  # type: ignore[arg-type]


class TestRecord:
    def test_it_comes_back_exactly(self) -> None:
        record = make_record(damages=(make_damage(), make_damage("Mg0102")))
        assert from_plain(to_plain(record)) == record

    def test_its_digest_sees_every_change(self) -> None:
        plain = to_plain(make_record())
        assert digest(plain) == digest(to_plain(make_record()))
        other = to_plain(make_record(defects=(make_confirmed(width="0.41 ± 0.10"),)))
        assert digest(plain) != digest(other)

    def test_there_is_none_without_a_diagnosis(self) -> None:
        with pytest.raises(BadInput, match="no diagnosis"):
            make_record(diagnosis=replace(make_record().diagnosis, value=""))

    @pytest.mark.parametrize("lack", ["damages", "diagnosis", "asset_id"])
    def test_a_damaged_one_is_named_as_such(self, lack: str) -> None:
        plain = to_plain(make_record())
        del plain[lack]
        with pytest.raises(Broken, match="cannot be read"):
            from_plain(plain)

    def test_the_worst_letter_counts_records_and_defects(self) -> None:
        assert make_record(damages=(make_damage(grade="e"),)).worst_grade == "e"
        assert make_record(damages=(), defects=()).worst_grade == ""


class TestMunicipality:
    def test_golden_codes_of_ishikawa(self) -> None:
        assert municipality.full_code("17000") == "170003"
        assert municipality.full_code("17201") == "172014"

    @pytest.mark.parametrize("code", ["170004", "1720", "17201a", "１７２０１", "1720145"])
    def test_slips_are_refused(self, code: str) -> None:
        with pytest.raises(BadInput, match="municipality code"):
            municipality.full_code(code)

    @LAW
    @given(st.integers(1000, 47999))
    def test_a_completed_code_is_complete(self, number: int) -> None:
        full = municipality.full_code(f"{number:05}")
        assert municipality.full_code(full) == full
        wrong = full[:5] + str((int(full[5]) + 1) % 10)
        with pytest.raises(BadInput, match=full):
            municipality.full_code(wrong)


class TestFigures:
    ROWS = (
        figures.FrozenAsset(
            asset_id="a",
            kind="bridge",
            municipality="金沢市",
            published=True,
            soundness=3,
            inspected_fiscal_year=2025,
            measure_done=True,
        ),
        figures.FrozenAsset(
            asset_id="b",
            kind="bridge",
            municipality="金沢市",
            published=True,
            soundness=4,
            inspected_fiscal_year=2023,
            measure_done=False,
        ),
        figures.FrozenAsset(asset_id="c", kind="bridge", municipality="小松市", published=False),
        figures.FrozenAsset(
            asset_id="d",
            kind="pavement_section",
            municipality="",
            published=True,
            soundness=1,
            inspected_fiscal_year=2024,
            measure_done=False,
        ),
    )

    def test_counts_by_kind(self) -> None:
        found = figures.figures_of(self.ROWS, fiscal_year=2026)
        assert found["cycle"] == [2024, 2028]
        bridges = found["kinds"]["bridge"]
        assert (bridges["assets"], bridges["published"], bridges["inspected_in_cycle"]) == (3, 2, 1)
        assert bridges["inspected_percent"] == 33.3
        assert bridges["soundness"] == {"I": 0, "II": 0, "III": 1, "IV": 1}
        assert (bridges["urgent"], bridges["urgent_done"]) == (2, 1)
        assert bridges["urgent_done_percent"] == 50.0
        assert found["kinds"]["pavement_section"]["urgent_done_percent"] is None

    @LAW
    @given(st.permutations(ROWS))
    def test_order_never_matters(self, rows: list[figures.FrozenAsset]) -> None:
        assert figures.figures_of(rows, fiscal_year=2026) == figures.figures_of(
            self.ROWS, fiscal_year=2026
        )

    def test_municipalities_add_up(self) -> None:
        found = figures.figures_of(self.ROWS, fiscal_year=2026)
        for kind, counted in found["kinds"].items():
            towns = [row for row in found["municipalities"] if row["kind"] == kind]
            assert sum(row["assets"] for row in towns) == counted["assets"]
            assert sum(row["urgent"] for row in towns) == counted["urgent"]
