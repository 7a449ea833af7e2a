"""A confirmation that was taken back before a cut is nobody's: the day is that of the next one."""

import uuid
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from inspection.domain.defect import Defect, ReviewState
from inspection.domain.eradate import day_in_japan
from inspection.domain.review import Action, Verdict
from inspection.store import progress, reviews
from inspection.store.engine import reading, writing
from tests.support.conducted import RunningClock
from tests.support.retraced import BELOW_M, World, open_world


@pytest.fixture
def world(engine: Engine, tmp_path: Path) -> World:
    opened = open_world(engine, tmp_path)
    opened.run("a", [(1, BELOW_M), (2, BELOW_M)])
    return opened


def decide(world: World, defect: Defect, action: Action) -> date:
    """Decide about a defect ten days later; give that day."""
    clock = world.desk.clock
    assert isinstance(clock, RunningClock)
    clock.moment += timedelta(days=10)
    verdict = Verdict(
        verdict_id=uuid.uuid4(),
        defect_id=defect.defect_id,
        action=action,
        reviewer="鈴木",
        decided_at=clock.now(),
        expected_version=world.known()[defect.defect_id].version,
    )
    with writing(world.desk.engine) as connection:
        reviews.record(connection, verdict)
    return day_in_japan(verdict.decided_at)


def confirmed(world: World) -> set[date | None]:
    with reading(world.desk.engine) as connection:
        return {one.confirmed for one in progress.moments(connection, [world.asset_id])}


def split(world: World, whole: Defect) -> list[Defect]:
    before = world.known()
    world.seen |= {whole.latest.observation_id: (1, BELOW_M)}
    edit = world.split(world.known()[whole.defect_id])
    parts = [d for k, d in world.known().items() if k not in before]
    world.seen |= {d.latest.observation_id: (1, BELOW_M) for d in parts}
    assert edit.editor and len(parts) == 2
    return parts


def test_a_part_takes_over_the_day_on_which_its_whole_was_confirmed(world: World) -> None:
    whole = world.at((1, BELOW_M))
    day = decide(world, whole, Action.CONFIRM)
    assert {part.state for part in split(world, whole)} == {ReviewState.CONFIRMED}
    assert confirmed(world) == {None, day}


def test_a_whole_that_was_opened_again_hands_on_no_confirmation(world: World) -> None:
    whole = world.at((1, BELOW_M))
    decide(world, whole, Action.CONFIRM)
    decide(world, whole, Action.REOPEN)
    one, other = split(world, whole)
    assert {one.state, other.state} == {ReviewState.CANDIDATE}
    assert confirmed(world) == {None}
    day = decide(world, one, Action.CONFIRM)
    assert confirmed(world) == {None, day}


@pytest.mark.parametrize("reopened", [True, False])
def test_nor_does_what_that_one_came_of(world: World, reopened: bool) -> None:
    """The whole was confirmed; the part was opened again, or not, before it was cut once more."""
    whole = world.at((1, BELOW_M))
    first = decide(world, whole, Action.CONFIRM)
    one, other = split(world, whole)
    if reopened:
        decide(world, one, Action.REOPEN)
    pieces = split(world, one)
    days: Callable[[], set[date | None]] = lambda: confirmed(world)  # noqa: E731 read again
    assert days() == {None, first}  # of the other part
    decide(world, other, Action.REOPEN)
    assert days() == ({None} if reopened else {None, first})
    if reopened:
        assert decide(world, pieces[0], Action.CONFIRM) in days()
        assert first not in days()
