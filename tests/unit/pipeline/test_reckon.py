"""How long the work still takes: by what was measured, or unknown; never a guess."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.pipeline.ledger import REVISIONS
from inspection.pipeline.reckon import SLACK_S, STAGE_OF, STAGES, Outlook, StageState, reckon
from inspection.store import job as life
from inspection.store.job import Job
from inspection.store.steps import StepCost, StepRow

NOW = datetime(2026, 5, 2, 9, 0, tzinfo=UTC)
SURVEY = uuid.UUID(int=1)
PHOTOS = 100


def asked(*, ago_s: float = 0.0, step: str = "") -> Job:
    """Give a job that a worker took so long ago."""
    moment = NOW - timedelta(seconds=ago_s)
    job = life.queued(uuid.UUID(int=2), SURVEY, "conduct", moment)
    running = life.claimed(job, "worker", moment, 600.0)
    return life.progressed(running, step, 1, 4) if step else running


def finished(step: str, *, ago_s: float, seconds: float = 7.0) -> StepRow:
    return StepRow(
        survey_id=SURVEY,
        step=step,
        input_digest="x",
        result={},
        seconds=seconds,
        peak_rss_mb=1.0,
        finished_at=NOW - timedelta(seconds=ago_s),
    )


def cost(step: str, seconds: float, photos: int = PHOTOS) -> StepCost:
    return StepCost(survey_id=uuid.uuid4(), step=step, seconds=seconds, photos=photos)


def history(surveys: int = 6, *, spread: float = 0.0, leave_out: str = "") -> list[StepCost]:
    """Give what each stage took in some surveys, about 10 s for a hundred photos."""
    return [
        cost(stage, 10.0 * (1 + spread * number))
        for number in range(surveys)
        for stage in STAGES
        if stage != leave_out
    ]


def states(outlook: Outlook) -> list[str]:
    return [stage.state.value for stage in outlook.stages]


def outlook(
    job: Job | None, done: list[StepRow], costs: list[StepCost], *, photos: int = PHOTOS
) -> Outlook:
    return reckon(job, done, costs, photos=photos, now=NOW)


def test_the_stages_are_those_of_the_road() -> None:
    assert set(STAGES) == set(REVISIONS) - {"ingest"}
    assert set(STAGE_OF.values()) <= set(STAGES)


def test_nobody_asked_for_anything() -> None:
    idle = outlook(None, [], history())
    assert states(idle) == ["waiting"] * 5
    assert idle.remaining is None
    assert idle.stages[0].typical is not None


def test_a_job_that_waits_for_a_worker_says_no_time() -> None:
    job = life.queued(uuid.UUID(int=2), SURVEY, "conduct", NOW)
    assert outlook(job, [], history()).remaining is None


def test_at_the_beginning_all_stages_are_ahead() -> None:
    begun = outlook(asked(step="find features"), [], history())
    assert states(begun) == ["working", *["waiting"] * 4]
    assert begun.remaining is not None
    assert begun.remaining.low_s == pytest.approx(50.0)
    assert begun.remaining.high_s == pytest.approx(50.0)
    assert begun.measured == 6


def test_what_is_done_is_said_with_its_time_and_counts_no_more() -> None:
    job = asked(ago_s=30, step="detect")
    middle = outlook(job, [finished("mosaic", ago_s=4, seconds=26.0)], history())
    assert states(middle) == ["done", "working", "waiting", "waiting", "waiting"]
    assert middle.stages[0].seconds == 26.0
    assert middle.stages[1].seconds is None
    assert middle.remaining is not None
    assert middle.remaining.low_s == pytest.approx(40.0 - 4.0)


def test_a_stage_that_reports_nothing_follows_the_one_that_is_done() -> None:
    rows = [finished(stage, ago_s=2) for stage in ("mosaic", "detect", "measure")]
    late = outlook(asked(ago_s=60, step="read widths"), rows, history())
    assert states(late) == ["done", "done", "done", "working", "waiting"]


def test_steps_of_an_earlier_run_are_not_those_of_this_one() -> None:
    early = [finished(stage, ago_s=900) for stage in STAGES]
    again = outlook(asked(ago_s=10, step="compare photos"), early, history())
    assert states(again)[0] == StageState.WORKING


def test_all_is_done() -> None:
    job = life.finished(asked(ago_s=60), NOW)
    rows = [finished(stage, ago_s=1) for stage in STAGES]
    end = outlook(job, rows, history())
    assert states(end) == ["done"] * 5
    assert end.remaining is None
    assert [stage.seconds for stage in end.stages] == [7.0] * 5


@pytest.mark.parametrize("missing", STAGES)
def test_a_stage_that_was_never_measured_makes_it_unknown(missing: str) -> None:
    unknown = outlook(asked(step="find features"), [], history(leave_out=missing))
    assert unknown.remaining is None
    assert unknown.measured == 0


def test_a_stage_that_was_never_measured_does_no_harm_once_it_is_done() -> None:
    job = asked(ago_s=30, step="detect")
    rows = [finished("mosaic", ago_s=1)]
    assert outlook(job, rows, history(leave_out="mosaic")).remaining is not None


def test_what_takes_longer_than_ever_before_is_unknown() -> None:
    costs = history()
    in_time = outlook(asked(ago_s=10 + SLACK_S - 1, step="find features"), [], costs)
    late = outlook(asked(ago_s=10 + SLACK_S + 1, step="find features"), [], costs)
    assert in_time.remaining is not None and in_time.remaining.low_s == pytest.approx(40.0)
    assert late.remaining is None


def test_few_surveys_give_a_wider_span_than_many() -> None:
    one = outlook(asked(step="find features"), [], history(1)).remaining
    many = outlook(asked(step="find features"), [], history(20, spread=0.01)).remaining
    assert one is not None and many is not None
    assert one.high_s / one.low_s == pytest.approx(2.25)
    assert many.high_s / many.low_s < 1.2


def test_stages_that_look_at_every_photo_grow_with_them_and_the_others_do_not() -> None:
    small = outlook(asked(step="find features"), [], history(), photos=PHOTOS)
    large = outlook(asked(step="find features"), [], history(), photos=10 * PHOTOS)
    grown = {
        a.name: b.typical.low_s / a.typical.low_s
        for a, b in zip(small.stages, large.stages, strict=True)
        if a.typical is not None and b.typical is not None
    }
    assert grown == pytest.approx(
        {"mosaic": 10, "detect": 10, "measure": 10, "consolidate": 1, "issue": 1}
    )


def test_surveys_without_photos_tell_nothing() -> None:
    costs = [replace(one, photos=0) for one in history()]
    assert outlook(asked(step="find features"), [], costs).remaining is None


@given(
    seconds=st.lists(st.floats(0.01, 1e4), min_size=5, max_size=40),
    ago_s=st.floats(0, 1e5),
    photos=st.integers(0, 5000),
)
def test_a_span_is_a_span(seconds: list[float], ago_s: float, photos: int) -> None:
    costs = [cost(STAGES[index % 5], value) for index, value in enumerate(seconds)]
    found = outlook(asked(ago_s=ago_s, step="paint mosaic"), [], costs, photos=photos)
    if found.remaining is not None:
        assert 0 <= found.remaining.low_s <= found.remaining.high_s + 1e-6
