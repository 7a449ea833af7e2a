"""What enters a record: people's values only, the worst of a member group, the year in Japan."""

import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from inspection.domain.asset import AssetKind
from inspection.domain.assetsheet import LedgerEntry
from inspection.domain.bridge import Span
from inspection.domain.elementdamage import ElementDamage
from inspection.domain.grade import GradeCandidate, Subject
from inspection.domain.inspectionrecord import digest, from_plain, to_plain
from inspection.domain.mission import Survey
from inspection.domain.soundness import SOUNDNESS
from inspection.errors import BadInput, NotFound
from inspection.pipeline.compile import (
    Gathered,
    compile_record,
    diagnosis_of,
    gather,
    survey_year,
    years_of,
)
from inspection.store import elements, sheets, surveys
from inspection.store.grades import GradeRow
from tests.support.bookshelf import damage, entry, fresh_store

NOW = datetime(2026, 6, 1, 3, 0, tzinfo=UTC)
DIAGNOSED: dict[str, Any] = {"soundness": "II", "inspection_fiscal_year": 2026}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Connection]:
    with fresh_store(tmp_path) as connection:
        yield connection


def gathered(*damages: ElementDamage, grades: tuple[GradeRow, ...] = (), **more: Any) -> Gathered:
    known: LedgerEntry = more.get("known") or entry("B", **DIAGNOSED)
    return Gathered(
        entry=known, fiscal_year=2026, surveys=(), defects=(), damages=damages,
        grades=grades, with_mosaic=0,
    )  # fmt: skip


def graded(
    decided: str | None,
    *,
    scheme: str = "soundness_candidate/1.0.0",
    subject: Subject = Subject.ASSET,
    subject_id: str = "B",
    minute: int = 0,
    needs_review: bool = False,
) -> GradeRow:
    when = NOW + timedelta(minutes=minute)
    return GradeRow(
        survey_id=uuid.UUID(int=1),
        candidate=GradeCandidate(
            scheme=scheme, subject=subject, subject_id=subject_id, candidates=("II", "III"),
            best=None, borderline=True, unresolved=True, needs_review=needs_review,
        ),
        decided=decided,
        decided_by=None if decided is None else f"技師{minute}",
        decided_at=None if decided is None else when,
        note="",
    )  # fmt: skip


def groups_of(store: Connection, found: Gathered) -> dict[str, str]:
    return {group.subject: group.value for group in compile_record(store, found, {}).groups}


class TestSoundnessOfMemberGroups:
    @pytest.mark.parametrize("order", list(permutations(SOUNDNESS)))
    def test_it_is_the_worst_of_its_elements_in_whatever_order_they_stand(
        self, store: Connection, order: tuple[str, ...]
    ) -> None:
        """§1.2: IV is worse than III, which is the longer word."""
        damages = [damage(f"Mg010{i}", soundness=value) for i, value in enumerate(order, 1)]
        assert groups_of(store, gathered(*damages)) == {"1/Mg": "IV"}

    @pytest.mark.parametrize(
        ("values", "worst"),
        [
            (("I", "II"), "II"),
            (("II", "I"), "II"),
            (("III", "II"), "III"),
            (("IV", "III"), "IV"),
            (("III", "IV", "III"), "IV"),
            (("I",), "I"),
            (("", "II", ""), "II"),
        ],
    )
    def test_pairs(self, store: Connection, values: tuple[str, ...], worst: str) -> None:
        damages = [damage(f"Mg010{i}", soundness=value) for i, value in enumerate(values, 1)]
        assert groups_of(store, gathered(*damages)) == {"1/Mg": worst}

    def test_whoever_said_the_worst_is_named(self, store: Connection) -> None:
        damages = [
            damage("Mg0101", soundness="IV", inspector="甲"),
            damage("Mg0102", soundness="III", inspector="乙"),
        ]
        (group,) = compile_record(store, gathered(*damages), {}).groups
        assert (group.value, group.by, group.source) == ("IV", "甲", "record")

    def test_spans_and_members_stay_apart(self, store: Connection) -> None:
        damages = [
            damage("Mg0101", soundness="II"),
            damage("Mg0101", span=2, soundness="III"),
            damage("Ds0101", number=11, soundness="IV"),
            damage("Pw0101", grade="b"),
        ]
        found = groups_of(store, gathered(*damages))
        assert found == {"1/Ds": "IV", "1/Mg": "II", "2/Mg": "III"}

    def test_a_decision_in_tenken_replaces_what_the_record_says_even_by_a_better_one(
        self, store: Connection
    ) -> None:
        rows = (
            graded("III", subject=Subject.MEMBER, subject_id="B/1/Mg", minute=1),
            graded("II", subject=Subject.MEMBER, subject_id="B/1/Mg", minute=2),
            graded(None, subject=Subject.MEMBER, subject_id="B/1/Ds"),
        )
        found = gathered(damage(soundness="IV"), damage("Ds0101", number=11), grades=rows)
        (group,) = compile_record(store, found, {}).groups
        assert (group.subject, group.value, group.by) == ("1/Mg", "II", "技師2")


class TestDiagnosis:
    def test_the_newest_decision_wins_over_older_ones_and_over_the_ledger(self) -> None:
        rows = tuple(graded(v, minute=m) for v, m in (("I", 1), ("III", 9), ("IV", 5)))
        for order in permutations(rows):
            found = diagnosis_of(gathered(grades=order))
            assert found is not None
            assert (found.value, found.by, found.source) == ("III", "技師9", "decision")
            assert datetime.fromisoformat(found.at) == NOW + timedelta(minutes=9)

    @pytest.mark.parametrize(
        "row",
        [
            graded(None),
            graded("III", subject=Subject.MEMBER, subject_id="B/1/Mg"),
            graded("III", subject_id="another"),
            graded("e", scheme="jp_crack_grade/1.0.0"),
        ],
        ids=["undecided", "member", "another asset", "another scheme"],
    )
    def test_what_is_no_decision_about_the_asset_leaves_the_ledger(self, row: GradeRow) -> None:
        found = diagnosis_of(gathered(grades=(row,)))
        assert found is not None
        assert (found.value, found.source, found.by, found.at) == ("II", "ledger", "", "")

    @pytest.mark.parametrize(
        ("attributes", "value"),
        [
            (DIAGNOSED, "II"),
            ({"pavement_class": "III-1", "inspection_fiscal_year": 2026}, "III-1"),
            ({"pavement_class": "not_inspected", "inspection_fiscal_year": 2026}, None),
            ({"soundness": "II", "inspection_fiscal_year": 2025}, None),
            ({"soundness": "II", "inspection_fiscal_year": 2026.0}, "II"),
            ({"soundness": "II"}, None),
            ({"soundness": 2.0, "inspection_fiscal_year": 2026}, None),
            ({"soundness": True, "inspection_fiscal_year": 2026}, None),
            ({"inspection_fiscal_year": 2026}, None),
            ({"soundness": "V", "inspection_fiscal_year": 2026}, None),
            ({"soundness": "良", "inspection_fiscal_year": 2026}, None),
            ({"pavement_class": "III-2", "inspection_fiscal_year": 2026}, "III-2"),
        ],
    )
    def test_a_ledger_speaks_for_the_year_of_its_inspection_only(
        self, attributes: dict[str, Any], value: str | None
    ) -> None:
        found = diagnosis_of(gathered(known=entry("B", **attributes)))
        assert (None if found is None else found.value) == value

    def test_a_record_without_one_names_asset_year_and_cure(self, store: Connection) -> None:
        with pytest.raises(BadInput, match=r"nobody has diagnosed B in fiscal year 2026; decide"):
            compile_record(store, gathered(known=entry("B")), {})


class TestYears:
    @pytest.mark.parametrize(
        ("moment", "year"),
        [
            ("2026-03-31T14:59:59.999999+00:00", 2025),
            ("2026-03-31T15:00:00+00:00", 2026),
            ("2026-04-01T00:00:00+09:00", 2026),
            ("2026-03-31T23:59:59+09:00", 2025),
            ("2026-12-31T23:00:00+00:00", 2026),
            ("2027-01-01T00:00:00+14:00", 2026),
            ("2026-04-01T03:00:00+14:00", 2025),
            ("2026-03-31T10:00:00-05:00", 2026),
        ],
    )
    def test_a_fiscal_year_begins_at_midnight_of_1_april_in_japan(
        self, moment: str, year: int
    ) -> None:
        survey = Survey(
            survey_id=uuid.uuid4(), asset_id="B", created_at=datetime.fromisoformat(moment)
        )
        assert survey_year(survey) == year

    def test_all_that_is_known_of_an_asset_gives_years_newest_first(
        self, store: Connection
    ) -> None:
        sheets.save(store, [entry("B", inspection_fiscal_year=2019), entry("C")])
        elements.save_spans(store, [Span(asset_id="B", span=1)])
        recorded = [damage(fiscal_year=2014), damage(fiscal_year=2024)]
        elements.save_elements(store, [recorded[0].element])
        elements.save_damages(store, recorded)
        for moment in ("2026-03-31T16:00:00+00:00", "2025-04-01T00:00:00+00:00"):
            surveys.save(
                store,
                Survey(
                    survey_id=uuid.uuid4(),
                    asset_id="B",
                    created_at=datetime.fromisoformat(moment),
                ),
            )
        assert list(years_of(store, "B")) == [2026, 2025, 2024, 2019, 2014]
        assert list(years_of(store, "C")) == []
        with pytest.raises(NotFound):
            years_of(store, "none")

    def test_only_records_of_the_year_are_gathered(self, store: Connection) -> None:
        sheets.save(store, [entry("B", **DIAGNOSED)])
        old, new = damage(fiscal_year=2021, grade="e"), damage(fiscal_year=2026, grade="c")
        elements.save_spans(store, [Span(asset_id="B", span=1)])
        elements.save_elements(store, [old.element])
        elements.save_damages(store, [old, new])
        assert [d.record.grade for d in gather(store, "B", 2026).damages] == ["c"]
        assert [d.record.grade for d in gather(store, "B", 2021).damages] == ["e"]
        found = gather(store, "B", 2020)
        assert (found.evidence.records, found.evidence.diagnosed) == (0, False)


class TestWholeRecord:
    @pytest.mark.parametrize(
        ("year", "guideline"),
        [
            (2013, "jp_bridge_2004"),
            (2014, "jp_bridge_2014"),
            (2018, "jp_bridge_2014"),
            (2019, "jp_bridge_2019"),
            (2023, "jp_bridge_2019"),
            (2024, "jp_bridge_2024"),
            (2060, "jp_bridge_2024"),
        ],
    )
    def test_the_guideline_is_the_one_in_force(
        self, store: Connection, year: int, guideline: str
    ) -> None:
        known = entry("B", soundness="I", inspection_fiscal_year=year)
        found = replace(gathered(known=known), fiscal_year=year)
        assert compile_record(store, found, {}).guideline == guideline

    def test_a_road_has_its_own_guideline(self, store: Connection) -> None:
        road = entry(
            "R", kind=AssetKind.PAVEMENT_SECTION, pavement_class="II", inspection_fiscal_year=2026
        )
        record = compile_record(store, gathered(known=road), {})
        assert (record.guideline, record.diagnosis.value) == ("jp_pavement_2016", "II")

    def test_rules_that_nobody_checked_are_named_only_where_they_were_used(
        self, store: Connection
    ) -> None:
        def lists(found: Gathered, findings: dict[str, Any]) -> set[str]:
            return {n.split("/")[0] for n in compile_record(store, found, findings).unverified}

        bare = lists(gathered(), {})
        assert bare == {"guideline"}
        with_form = lists(gathered(), {"evaluation": {"bridge": {"flood": "A"}}})
        assert with_form - bare == {"jp_r6_form"}
        deck = lists(gathered(damage("Ds0101", number=11)), {})
        assert "jp_deck_crack" in deck - lists(gathered(damage()), {})
        ruled = (graded("II", scheme="soundness_candidate/9", needs_review=True),)
        assert "soundness_candidate" in lists(gathered(grades=ruled), {})
        unused = (replace(ruled[0], decided=None, decided_at=None),)
        assert "soundness_candidate" not in lists(gathered(grades=unused), {})

    def test_no_damage_is_written_as_non(self, store: Connection) -> None:
        found = gathered(damage("Mg0101", number=None, grade="a"))
        (line,) = compile_record(store, found, {}).damages
        assert (line.damage_no, line.damage_ja, line.line, line.previous) == (0, "NON", "NON", "")

    @settings(
        max_examples=40,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(
        words=st.text(max_size=30),
        length_m=st.floats(0.1, 5000, allow_nan=False),
        flag=st.booleans(),
        findings=st.dictionaries(
            st.text(max_size=5), st.text(max_size=20) | st.integers() | st.none(), max_size=4
        ),
    )
    def test_a_record_comes_back_exactly_and_its_digest_is_that_of_its_content(
        self,
        store: Connection,
        words: str,
        length_m: float,
        flag: bool,
        findings: dict[str, Any],
    ) -> None:
        known = entry("B", length_m=length_m, lifeline=flag, remark=words, **DIAGNOSED)
        record = compile_record(store, gathered(damage(), known=known), findings)
        plain = to_plain(record)
        again = from_plain(plain)
        assert again == record
        assert digest(to_plain(again)) == digest(plain)
        other = replace(record, attributes={**record.attributes, "length_m": length_m / 2})
        assert digest(to_plain(other)) != digest(plain)
