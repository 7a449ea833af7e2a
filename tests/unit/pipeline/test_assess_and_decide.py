"""What follows from records, and what people decide: contradictions, due dates, versions."""

import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from inspection.codelists.damage_classes import load_damage_types
from inspection.domain.asset import AssetKind, Concrete
from inspection.domain.bridge import Span
from inspection.domain.elementdamage import ElementDamage
from inspection.domain.grade import GradeCandidate, Subject
from inspection.domain.mission import Survey
from inspection.domain.soundness import SOUNDNESS
from inspection.errors import BadInput, Conflict, NotFound
from inspection.pipeline.assess import assess, crack_contradiction
from inspection.pipeline.decide import Judgement, candidate_row, decide, history_of, legal_values
from inspection.store import elements, grades, sheets, surveys
from tests.support.bookshelf import damage, entry, fresh_store
from tests.support.released import AtNoon

SURVEY = uuid.UUID(int=7)
TODAY = date(2026, 11, 25)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Connection]:
    with fresh_store(tmp_path) as connection:
        yield connection


def recorded(store: Connection, *damages: ElementDamage, **attributes: Any) -> None:
    sheets.save(store, [entry("B", **attributes)])
    spans = sorted({d.element.span for d in damages})
    elements.save_spans(store, [Span(asset_id="B", span=number) for number in spans])
    elements.save_elements(store, {d.element.subject_id: d.element for d in damages}.values())
    elements.save_damages(store, damages)


def crack(grade: str, values: str, concrete: Concrete = Concrete.RC) -> ElementDamage:
    made = damage(grade=grade, values=values)
    return replace(made, element=replace(made.element, concrete=concrete))


class TestCracks:
    @pytest.mark.parametrize(
        ("values", "concrete", "letter"),
        [
            ("0.1mm/0.5m以上", "RC", "b"), ("0.1mm/0.5m未満", "RC", "c"),
            ("0.2mm/0.5m以上", "RC", "c"), ("0.2mm/0.5m未満", "RC", "d"),
            ("0.25mm/0.5m未満", "RC", "d"), ("0.3mm/0.5m以上", "RC", "d"),
            ("0.3mm/0.5m未満", "RC", "e"), ("1.5mm/0.3m", "RC", "e"), ("1.5mm/0.7m", "RC", "d"),
            ("0.05mm/0.5m以上", "PC", "b"), ("0.1mm/0.5m以上", "PC", "c"),
            ("0.1mm/0.5m未満", "PC", "d"), ("0.2mm/0.5m以上", "PC", "d"),
            ("0.2mm/0.5m未満", "PC", "e"), ("0.19mm/0.5m未満", "PC", "e"),
            ("０．３ｍｍ／０．５ｍ未満", "RC", "e"), ("0.3㎜/0.5m未満", "RC", "e"),
            ("0.3 mm / 0.5 m 未満", "RC", "e"),
        ],
    )  # fmt: skip
    def test_the_letter_that_values_give(self, values: str, concrete: str, letter: str) -> None:
        """§1.5.1: 小 < 0.2 ≤ 中 < 0.3 ≤ 大 mm (RC), 0.1 and 0.2 (PC); spacing below 0.5 m is 大."""
        for grade in "abcde":
            reason = crack_contradiction(crack(grade, values, Concrete(concrete)))
            assert (reason is None) is (grade == letter), grade
            if reason is not None:
                assert reason.en.endswith(f"give {letter}")
                assert reason.ja.endswith(f"からは {letter}")
                assert grade in reason.en and values in reason.en and concrete in reason.ja

    @pytest.mark.parametrize(
        ("values", "letters"), [("0.1mm", "bc"), ("0.25mm", "cd"), ("0.4mm", "de")]
    )
    def test_without_a_spacing_the_crack_may_be_alone_or_one_of_many(
        self, values: str, letters: str
    ) -> None:
        """A hair crack that was recorded as e is as odd as a wide one that was recorded as b."""
        agree = {g for g in "abcde" if crack_contradiction(crack(g, values)) is None}
        assert agree == set(letters)

    @pytest.mark.parametrize("values", ["", "幅0.3", "0.3", "mm", "0.3mm程度", "0.3cm", "3本"])
    def test_what_is_no_measurement_contradicts_nothing(self, values: str) -> None:
        assert crack_contradiction(crack("a", values)) is None

    def test_other_types_are_not_judged_by_the_rule_of_cracks(self) -> None:
        assert crack_contradiction(damage(number=11, grade="a", values="0.4mm/0.1m")) is None
        assert crack_contradiction(damage(number=None, grade="a", values="0.4mm/0.1m")) is None


class TestAssessment:
    def test_only_the_newest_inspection_counts(self, store: Connection) -> None:
        recorded(store, damage(fiscal_year=2019, grade="e"), damage(fiscal_year=2024, grade="c"))
        found = assess(store, "B", today=TODAY)
        assert found.fiscal_year == 2024
        assert [d.record.grade for d in found.damages] == ["c"]
        assert set(found.groups) == {"1/Mg"}

    def test_the_worst_element_speaks_for_its_group_and_the_bridge(self, store: Connection) -> None:
        recorded(
            store,
            damage("Mg0101", grade="b"),
            damage("Mg0201", grade="e"),
            damage("Mg0101", span=2, grade="c"),
            damage("Ra0101", span=2, number=23, grade="e"),
        )
        found = assess(store, "B", today=TODAY)
        worst = found.groups["1/Mg"]
        assert found.bridge is not None
        assert worst.candidates[-1] == found.bridge.candidates[-1]
        order = {name: SOUNDNESS.index(c.candidates[-1]) for name, c in found.groups.items()}
        assert order["1/Mg"] > order["2/Mg"]
        assert "IV" not in {v for c in found.groups.values() for v in c.candidates}

    def test_contradictions_are_named_by_element(self, store: Connection) -> None:
        recorded(
            store,
            damage("Mg0101", grade="b", values="0.4mm/0.2m"),
            damage("Mg0102", grade="e", values="0.4mm/0.2m"),
            damage("Mg0103", grade="e", countermeasures=("E1",), soundness="I"),
        )
        found = assess(store, "B", today=TODAY)
        named = [element for element, _ in found.warnings]
        assert named == ["1/Mg0101", "1/Mg0103"]

    def test_what_a_flight_cannot_show_stays_open_until_somebody_records_it(
        self, store: Connection
    ) -> None:
        """§1.4: 12 うき and 21, 22, 25, 26 are no business of a camera."""
        recorded(store, damage("Mg0101", grade="c"))
        before = {c.damage_no for c in assess(store, "B", today=TODAY).open_checks}
        assert 12 in before
        blind = {n for n, kind in load_damage_types().items() if kind.drone_rgb == "no"}
        assert before <= blind
        recorded(store, damage("Mg0101", grade="c"), damage("Mg0101", number=12, grade="a"))
        after = {c.damage_no for c in assess(store, "B", today=TODAY).open_checks}
        assert after == before - {12}

    @pytest.mark.parametrize(
        ("last", "today", "warning"),
        [
            (2021, date(2025, 3, 31), None),
            (2021, date(2026, 3, 31), None),
            (2021, date(2026, 4, 1), 12),
            (2021, date(2026, 9, 30), 12),
            (2021, date(2026, 10, 1), 6),
            (2021, date(2027, 1, 1), 3),
            (2021, date(2027, 3, 31), 3),
            (2021, date(2027, 4, 1), 0),
            (2015, TODAY, 0),
        ],
    )
    def test_a_bridge_is_due_by_the_end_of_the_fifth_fiscal_year(
        self, store: Connection, last: int, today: date, warning: int | None
    ) -> None:
        """§1.1: due within FY + 5, warn 12, 6 and 3 months before."""
        sheets.save(store, [entry("B", inspection_fiscal_year=last)])
        due = assess(store, "B", today=today).due
        assert due is not None
        assert (due.fiscal_year, due.last_day) == (last + 5, date(last + 6, 3, 31))
        assert due.warning_months == warning

    @pytest.mark.parametrize("year", [None, True, "R6"])
    def test_nothing_is_due_while_the_last_inspection_is_unknown(
        self, store: Connection, year: Any
    ) -> None:
        attributes = {} if year is None else {"inspection_fiscal_year": year}
        sheets.save(store, [entry("B", **attributes)])
        found = assess(store, "B", today=TODAY)
        assert (found.due, found.bridge, found.fiscal_year) == (None, None, None)

    def test_a_road_has_a_class_and_no_due_date(self, store: Connection) -> None:
        road = entry("R", kind=AssetKind.PAVEMENT_SECTION, crack_ratio_percent=45.0)
        sheets.save(store, [road])
        found = assess(store, "R", today=TODAY)
        assert found.due is None
        assert found.pavement is not None
        with pytest.raises(NotFound):
            assess(store, "none", today=TODAY)


def candidate(**changes: Any) -> GradeCandidate:
    values: dict[str, Any] = {
        "scheme": "soundness_candidate/1.0.0", "subject": Subject.ASSET, "subject_id": "B",
        "candidates": ("II", "III"), "best": None, "borderline": True, "unresolved": True,
    }  # fmt: skip
    return GradeCandidate(**{**values, **changes})


def judgement(decided: str = "II", **changes: Any) -> Judgement:
    values: dict[str, Any] = {
        "survey_id": SURVEY, "scheme": "soundness_candidate", "subject_id": "B", "by": "技師",
    }  # fmt: skip
    return Judgement(**{**values, "decided": decided, **changes})


@pytest.fixture
def graded(store: Connection) -> Connection:
    sheets.save(store, [entry("B")])
    made = datetime(2026, 5, 1, tzinfo=UTC)
    surveys.save(store, Survey(survey_id=SURVEY, asset_id="B", created_at=made))
    grades.save(store, SURVEY, [candidate()])
    return store


class TestDecisions:
    def test_the_candidate_stays_beside_every_decision(self, graded: Connection) -> None:
        clock = AtNoon(datetime(2026, 5, 1, tzinfo=UTC))
        for number, value in enumerate(("II", "III", "I"), 1):
            clock.moment += timedelta(hours=1)
            row = decide(graded, judgement(value, note="現地確認"), clock=clock)
            assert (row.decided, row.version, row.candidate) == (value, number + 1, candidate())
        told = history_of(graded, judgement())
        assert [one.decided for one in told] == ["II", "III", "I"]
        assert [one.expected_version for one in told] == [1, 2, 3]
        assert len({one.decision_id for one in told}) == 3
        grades.save(graded, SURVEY, [candidate(candidates=("III",))])
        assert candidate_row(graded, judgement()).decided == "I"

    @pytest.mark.parametrize("version", [0, 2, 99, -1])
    def test_a_decision_on_another_version_is_refused(
        self, graded: Connection, version: int
    ) -> None:
        with pytest.raises(Conflict, match=f"at version 1, you decided on version {version}"):
            decide(graded, judgement(expected_version=version), clock=AtNoon())
        assert history_of(graded, judgement()) == ()

    @pytest.mark.parametrize(
        ("changes", "error", "says"),
        [
            ({"decided": "V"}, BadInput, "'V' is no value of soundness_candidate"),
            ({"decided": "Ⅲ"}, BadInput, "is no value"),
            ({"decided": "iii"}, BadInput, "is no value"),
            ({"decided": ""}, BadInput, "is no value"),
            ({"decided": "IV"}, BadInput, "departs from the candidate II/III; say why"),
            ({"decided": "I", "note": " \t"}, BadInput, "say why"),
            ({"by": "  "}, BadInput, "name of the person"),
            ({"subject_id": "C"}, NotFound, "of 'C'"),
            ({"scheme": "jp_crack_grade"}, NotFound, "no candidate jp_crack_grade"),
            ({"scheme": "soundness_candidate/2"}, NotFound, "no candidate"),
            ({"survey_id": uuid.UUID(int=8)}, NotFound, "no candidate"),
        ],
    )
    def test_what_cannot_be_decided_is_said_and_kept_nowhere(
        self, graded: Connection, changes: dict[str, Any], error: type[Exception], says: str
    ) -> None:
        with pytest.raises(error, match=says):
            decide(graded, judgement(**changes), clock=AtNoon())
        assert history_of(graded, judgement()) == ()

    def test_two_versions_of_a_rule_must_be_told_apart(self, graded: Connection) -> None:
        grades.save(graded, SURVEY, [candidate(scheme="soundness_candidate/2.0.0")])
        with pytest.raises(BadInput, match=r"name one of .*1\.0\.0.*2\.0\.0"):
            decide(graded, judgement(), clock=AtNoon())
        named = judgement(scheme="soundness_candidate/2.0.0")
        assert decide(graded, named, clock=AtNoon()).candidate.scheme.endswith("2.0.0")

    @pytest.mark.parametrize("number", sorted(load_damage_types()))
    def test_a_letter_is_one_that_the_damage_type_uses(self, number: int) -> None:
        """§1.4: such as a and e only for ⑫ うき."""
        allowed = legal_values(f"appearance:{number}/1.0.0")
        assert allowed == load_damage_types()[number].grades
        assert allowed[0] == "a"
        assert list(allowed) == sorted(allowed)

    @pytest.mark.parametrize("scheme", ["", "x", "appearance", "Soundness_candidate/1", "/1.0.0"])
    def test_on_other_schemes_nobody_decides(self, scheme: str) -> None:
        with pytest.raises(BadInput, match="nobody decides on scheme"):
            legal_values(scheme)

    @pytest.mark.parametrize("scheme", ["appearance:27/1.0.0", "appearance:x/1", "appearance:/1"])
    def test_a_damage_type_that_does_not_exist_is_an_error_of_the_caller(self, scheme: str) -> None:
        with pytest.raises(BadInput, match="nobody decides on scheme"):
            legal_values(scheme)


@settings(max_examples=60, deadline=None)
@given(
    st.floats(0.0, 3.0).map(lambda w: round(w, 2)),
    st.floats(0.0, 2.0).map(lambda s: round(s, 2)),
    st.sampled_from(Concrete),
)
def test_wider_or_closer_cracks_never_get_a_better_letter(
    width: float, spacing: float, concrete: Concrete
) -> None:
    def letter(width_mm: float, spacing_m: float) -> str:
        (only,) = [
            g
            for g in "abcde"
            if crack_contradiction(crack(g, f"{width_mm:.2f}mm/{spacing_m:.2f}m", concrete)) is None
        ]
        return only

    assert letter(width + 0.1, spacing) >= letter(width, spacing)
    assert letter(width, spacing + 0.1) <= letter(width, spacing)
    assert letter(width, spacing) >= "b"
