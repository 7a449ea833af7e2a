"""Shares, phases and series of a planner's dashboard; and the records of measures."""

import uuid
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.domain.duration import Days
from inspection.domain.figures import FrozenAsset, figures_of
from inspection.domain.measure import Measure, Stage, first_day
from inspection.domain.progress import (
    AssetStanding,
    DamageCase,
    Phase,
    days_until,
    months_until,
    phases_of,
    series_of,
    shares_of,
    spell_of,
)
from inspection.errors import BadInput

TODAY = date(2026, 5, 12)
START = date(2026, 1, 10)


def case(*, count: int = 1, **days: int) -> DamageCase:
    """Make a damage from days after the start."""
    found = {name: START + timedelta(days=day) for name, day in ({"detected": 0} | days).items()}
    return DamageCase(kind="bridge", municipality="金沢市", count=count, **found)


ASSETS = st.lists(
    st.builds(
        AssetStanding,
        asset_id=st.uuids().map(str),
        name=st.just("橋"),
        kind=st.sampled_from(["bridge", "other"]),
        municipality=st.sampled_from(["", "金沢市"]),
        level=st.sampled_from([None, 1, 2, 3, 4]),
        inspected_fiscal_year=st.sampled_from([None, 2023, 2024, 2026, 2028]),
        begun=st.booleans(),
        done=st.booleans(),
    ),
    max_size=12,
)


@given(ASSETS)
def test_the_shares_mean_what_the_published_figures_mean(known: list[AssetStanding]) -> None:
    """The same assets, all of them published, give the same numbers on the public page."""
    shares = shares_of(known, fiscal_year=2026)
    rows = [
        FrozenAsset(
            asset_id=one.asset_id,
            kind="bridge",
            municipality="",
            published=one.level is not None,
            soundness=one.level,
            inspected_fiscal_year=one.inspected_fiscal_year,
            measure_done=one.done,
        )
        for one in known
    ]
    public = figures_of(rows, fiscal_year=2026)["kinds"].get("bridge")
    if public is None:
        assert shares.assets == 0 and shares.inspected_percent is None
        return
    assert public["inspected_in_cycle"] == shares.inspected
    assert public["inspected_percent"] == shares.inspected_percent
    assert tuple(public["soundness"].values()) == shares.soundness
    assert (public["urgent"], public["urgent_done"]) == (shares.urgent, shares.urgent_done)
    assert public["urgent_done_percent"] == shares.urgent_done_percent


def test_golden_phases() -> None:
    cases = [
        case(count=6),  # nobody has looked
        case(decided=4, count=2),  # rejected
        case(decided=4, confirmed=4, ordered=20, finished=60),
        case(decided=10, confirmed=10, ordered=30),
        case(decided=10, confirmed=10),
    ]
    by_name = {phase.phase: phase for phase in phases_of(cases, TODAY)}
    age = (TODAY - START).days
    verdict = by_name[Phase.VERDICT]
    assert (verdict.ended, verdict.waiting, verdict.longest_waiting) == (5, 6, age)
    assert verdict.median == Days(days=age, at_least=True)
    order = by_name[Phase.ORDER]
    assert (order.ended, order.waiting, order.longest_waiting) == (2, 1, age - 10)
    assert order.median == Days(days=20) and order.p90 == Days(days=age - 10, at_least=True)
    repair = by_name[Phase.REPAIR]
    assert (repair.ended, repair.waiting, repair.median) == (1, 1, Days(days=40))
    whole = by_name[Phase.WHOLE]
    assert (whole.ended, whole.waiting) == (1, 2)
    assert whole.median == Days(days=age, at_least=True)


def test_of_nothing_there_are_no_days() -> None:
    for phase in phases_of([], TODAY):
        assert phase.median is None and phase.p90 is None and phase.longest_waiting is None
        assert phase.ended == phase.waiting == 0


def test_what_was_repaired_at_once_took_no_day_and_a_rejected_one_is_no_damage() -> None:
    at_once = case(decided=9, confirmed=9, finished=2)
    assert (spell := spell_of(Phase.ORDER, at_once, TODAY)) and (spell.days, spell.ended) == (
        0,
        True,
    )
    assert (spell := spell_of(Phase.WHOLE, at_once, TODAY)) and spell.days == 2
    rejected = case(decided=9)
    for phase in (Phase.ORDER, Phase.REPAIR, Phase.WHOLE):
        assert spell_of(phase, rejected, TODAY) is None


def test_golden_series_by_month() -> None:
    cases = [case(count=5), case(decided=30, confirmed=30, ordered=40, finished=85, count=2)]
    january, february, march, april, may = series_of(cases, months_until(TODAY, 5))
    assert (january.detected, january.decided, january.open) == (7, 0, 0)
    assert (february.decided, february.ordered, february.open) == (2, 2, 2)
    assert (march.finished, march.open) == (0, 2)
    assert (april.finished, april.open) == (2, 0)
    assert may.last == TODAY and may.first == date(2026, 5, 1)


@given(
    st.lists(
        st.builds(
            case,
            count=st.integers(1, 4),
            decided=st.integers(0, 50),
            confirmed=st.integers(0, 50),
            ordered=st.integers(0, 90),
            finished=st.integers(0, 90),
        ),
        max_size=8,
    )
)
def test_days_add_up_to_months(cases: list[DamageCase]) -> None:
    days = series_of(cases, days_until(TODAY, 132))
    months = series_of(cases, months_until(TODAY, 5))
    assert days[0].first == date(2026, 1, 1) == months[0].first
    for name in ("detected", "decided", "ordered", "finished"):
        assert sum(getattr(d, name) for d in days) == sum(getattr(m, name) for m in months)
    ends = {day.last: day.open for day in days}
    assert [ends[month.last] for month in months] == [month.open for month in months]


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(1, 40))
def test_periods_follow_each_other_until_today(today: date, count: int) -> None:
    for periods in (months_until(today, count), days_until(today, count)):
        assert len(periods) == count and periods[-1][1] == today
        for (_, last), (first, _) in pairwise(periods):
            assert first - last == timedelta(days=1)


# measures

NOW = datetime(2026, 5, 12, 16, 0, tzinfo=UTC)  # in Japan the 13th


def measure(**changes: Any) -> Measure:
    values: dict[str, Any] = {
        "event_id": uuid.uuid4(),
        "asset_id": "bridge-12",
        "defect_id": None,
        "stage": Stage.FINISHED,
        "day": date(2026, 5, 13),
        "recorded_by": "計画 太郎",
        "recorded_at": NOW,
    }
    return Measure(**(values | changes))


def test_a_measure_of_today_in_japan_is_recorded_and_one_of_tomorrow_is_a_plan() -> None:
    assert measure().day == date(2026, 5, 13)
    with pytest.raises(BadInput, match="belongs into a programme"):
        measure(day=date(2026, 5, 14))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"day": date(1899, 12, 31)}, "from 1900-01-01"),
        ({"recorded_by": " "}, "whoever records it"),
        ({"note": "a\nb"}, "control character"),
        ({"note": "あ" * 1001}, "at most 1000"),
        ({"recorded_at": NOW.replace(tzinfo=None)}, "time zone"),
    ],
)
def test_a_measure_that_says_nothing_sure_is_refused(changes: Any, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        measure(**changes)


def test_only_what_was_done_since_counts() -> None:
    done = [(Stage.FINISHED, date(2020, 1, 1)), (Stage.FINISHED, date(2026, 1, 1))]
    assert first_day(done, Stage.FINISHED, since=date(2024, 4, 1)) == date(2026, 1, 1)
    assert first_day(done, Stage.ORDERED, since=date(2024, 4, 1)) is None
