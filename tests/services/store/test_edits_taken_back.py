"""An edit that was taken back is as if it had never been, whatever the machines saw meanwhile."""

import random
import uuid
from dataclasses import replace
from pathlib import Path

import pytest
import shapely
from sqlalchemy import Engine

from inspection.domain.defect import Observation, ReviewState
from inspection.domain.edit import EditKind
from inspection.domain.review import Action, Verdict
from inspection.errors import Overtaken
from inspection.pipeline.consolidate import Consolidated
from inspection.pipeline.tie import tie
from inspection.store import edits, observations, reviewqueue, reviews
from inspection.store.engine import reading, writing
from tests.support.retraced import ABOVE_M, BELOW_M, Cluster, World, face, open_world


@pytest.fixture
def world(engine: Engine, tmp_path: Path) -> World:
    return open_world(engine, tmp_path)


def test_a_redraw_that_is_taken_back_makes_no_second_defect(world: World) -> None:
    world.run("a", [(1, BELOW_M)])
    before = world.known()
    edit = world.redraw(world.at((1, BELOW_M)))
    assert world.run("b", [(1, BELOW_M)]).held
    world.take_back(edit)
    assert {k: face(d) for k, d in world.known().items()} == {k: face(d) for k, d in before.items()}
    world.check_each_counts_once()


def test_a_redraw_of_what_two_surveys_saw_leaves_each_its_own(world: World) -> None:
    """The older one's sighting gave the defect its name: consolidated anew it took its place."""
    world.run("a", [(1, BELOW_M)], earlier=True)
    world.run("a", [(1, BELOW_M)])
    world.run("b", [(1, BELOW_M)])
    before = world.known()
    edit = world.redraw(world.at((1, BELOW_M)))
    world.take_back(edit)
    (after,), (was,) = world.known().values(), before.values()
    assert face(after) == face(was)
    assert set(after.observation_ids) > set(was.observation_ids)  # the drawing is kept
    world.check_each_counts_once()


def test_what_only_the_drawing_held_is_news_once_it_is_taken_back(world: World) -> None:
    world.run("a", [(1, BELOW_M)])
    edit = world.redraw(world.at((1, BELOW_M)))
    said = world.run("b", [(1, BELOW_M), (1, ABOVE_M)])
    assert (said.new, len(said.held)) == ((), 1)
    back = world.take_back(edit)
    world.check_each_counts_once()
    news = world.at((1, ABOVE_M))
    assert news.state is ReviewState.CANDIDATE
    with reading(world.desk.engine) as connection:
        (told,) = edits.history(connection, news.defect_id)
    assert told.edit.edit_id == back.edit_id


def test_a_drawing_that_is_taken_back_is_one_defect_however_many_models_saw_it(
    world: World,
) -> None:
    edit = world.draw(1)
    world.run("a", [(1, BELOW_M)])
    world.run("a", [(1, BELOW_M)], earlier=True)
    world.run("b", [(1, BELOW_M)])
    assert len(world.standing()) == 1
    world.take_back(edit)
    world.check_each_counts_once()
    found = world.at((1, BELOW_M))
    assert found.latest.model_id == "b"  # as it would have been without the drawing
    assert len(found.observation_ids) == 3


def test_the_undo_of_an_undo_leaves_one_for_one(world: World) -> None:
    world.run("a", [(2, BELOW_M)])
    edit = world.draw(1)
    world.run("a", [(1, BELOW_M), (2, BELOW_M)])
    stood = world.standing()
    back = world.take_back(edit)
    made = world.at((1, BELOW_M))
    again = world.take_back(back)
    assert {k: face(d) for k, d in world.standing().items()} == {
        k: face(d) for k, d in stood.items()
    }
    assert world.known()[made.defect_id].state is ReviewState.SUPERSEDED
    assert world.run("b", [(1, BELOW_M), (2, BELOW_M)]).new == ()
    assert world.standing().keys() == stood.keys()
    world.take_back(again)
    assert world.at((1, BELOW_M)).defect_id == made.defect_id
    world.check_each_counts_once()


def test_an_undo_is_not_taken_back_once_somebody_decided_about_what_it_let_go(
    world: World,
) -> None:
    edit = world.draw(1)
    world.run("a", [(1, BELOW_M)])
    back = world.take_back(edit)
    made = world.at((1, BELOW_M))
    with writing(world.desk.engine) as connection:
        reviews.record(
            connection,
            Verdict(
                verdict_id=uuid.uuid4(),
                defect_id=made.defect_id,
                action=Action.CONFIRM,
                reviewer="鈴木",
                decided_at=world.desk.clock.now(),
                expected_version=made.version,
            ),
        )
    before = world.known()
    with pytest.raises(Overtaken, match="鈴木 did 'confirm'"):
        world.take_back(back)
    assert world.known() == before


def test_the_last_run_is_shown_whichever_was_first(world: World) -> None:
    """Going back to an earlier model shows what that one saw, in an earlier survey too."""
    here = [(1, BELOW_M), (2, BELOW_M)]
    shown: dict[str, Observation] = {}
    for model in ("a", "b", "a", "b"):
        said = world.run(model, here)
        assert said.new == () or not shown
        one = world.at((1, BELOW_M))
        assert one.latest.model_id == model
        assert shown.setdefault(model, one.latest) == one.latest
        assert world.run(model, here).defects == ()  # twice is once
    world.check_each_counts_once()
    latest = world.at((1, BELOW_M)).latest
    for model in ("c", "a", "c"):
        world.run(model, here, earlier=True)
        assert world.at((1, BELOW_M)).latest == latest
        with reading(world.desk.engine) as connection:
            key = world.at((1, BELOW_M)).defect_id
            sighted = reviewqueue.sightings(connection, world.earlier.survey_id, [key])
        assert sighted[key].model_id == model


def test_a_drawing_holds_its_place_in_its_survey_when_a_later_one_has_seen_it(world: World) -> None:
    world.run("a", [(1, BELOW_M)], earlier=True)
    world.redraw(world.at((1, BELOW_M)), world.earlier)
    world.run("a", [(1, BELOW_M)])
    (before,) = world.standing().values()
    assert before.latest.survey_id == world.now.survey_id
    said = world.run("b", [(1, BELOW_M), (1, ABOVE_M)], earlier=True)
    assert (said.new, said.held) == ((), (before.defect_id,))
    (after,) = world.standing().values()
    assert face(after) == face(before)
    assert len(after.observation_ids) == len(before.observation_ids) + 2


def test_what_a_drawing_held_together_is_shown_one_by_one_by_the_next_run(world: World) -> None:
    """Two sightings of one run fit a crack; once it stands again, each run of theirs shows both."""
    world.run("a", [(1, BELOW_M)])
    whole = world.at((1, BELOW_M))
    edit = world.redraw(whole)
    low = world.sight(world.now, "b", (1, BELOW_M))
    pieces = [
        replace(
            low,
            observation_id=uuid.uuid4(),
            outline_surface_m=shapely.intersection(low.outline_surface_m, box),
            axis_surface_m=shapely.intersection(low.axis_surface_m, box),
        )
        for box in halves(low)
    ]

    def seen_by_b() -> Consolidated:
        with writing(world.desk.engine) as connection:
            turn = observations.next_turn(connection, world.now.survey_id)
            observations.save(connection, pieces, turn=turn)
            return tie(connection, pieces, asset_id=world.asset_id, now=world.desk.clock.now())

    assert seen_by_b().held == (whole.defect_id,)
    world.take_back(edit)
    assert face(world.known()[whole.defect_id]) == face(whole)
    said = seen_by_b()
    assert (len(said.new), said.matched, len(said.released)) == (1, (whole.defect_id,), 1)
    shown = {d.latest.observation_id for d in world.standing().values()}
    assert shown == {piece.observation_id for piece in pieces}
    assert seen_by_b().defects == ()


def halves(one: Observation) -> list[shapely.Polygon]:
    x0, y0, x1, y1 = one.outline_surface_m.buffer(1.0).bounds
    middle = (x0 + x1) / 2
    return [shapely.box(x0, y0, middle - 0.02, y1), shapely.box(middle + 0.02, y0, x1, y1)]


PLACES = range(1, 4)
EVERYWHERE = [(place, height) for place in PLACES for height in (BELOW_M, ABOVE_M)]


def runs(world: World, rolls: random.Random, seen: list[Cluster], *, earlier: bool) -> None:
    """Let models run that see some of the cracks; the earlier survey sees those below only."""
    for _ in range(rolls.randint(1, 3)):
        then = earlier and rolls.random() < 0.3
        visible = [one for one in seen if not then or one[1] == BELOW_M]
        found = rolls.sample(visible, rolls.randint(1, len(visible)))
        world.run(rolls.choice("abc"), found, earlier=then)


@pytest.mark.parametrize("kind", [k for k in EditKind if k is not EditKind.UNDO])
def test_whatever_runs_came_between_nothing_is_lost_and_nothing_counts_twice(
    engine: Engine, tmp_path: Path, kind: EditKind
) -> None:
    for number in range(3):
        rolls = random.Random(f"{kind} {number}")
        world = open_world(engine, tmp_path, number)
        world.run("a", [(1, BELOW_M), (2, BELOW_M)])
        runs(world, rolls, [(place, BELOW_M) for place in PLACES], earlier=True)
        world.check_each_counts_once()
        before = world.known()
        one, two = (world.at((place, BELOW_M)) for place in (1, 2))
        edit = world.edit(kind, one, two)
        left = world.standing()
        # what an earlier survey saw of a merged crack comes as one that goes on and one that is new
        runs(world, rolls, EVERYWHERE, earlier=kind is not EditKind.MERGE)
        stood = world.standing()
        back = world.take_back(edit)
        world.check_each_counts_once()
        after = world.known()
        with reading(engine) as connection:
            touched = {s.defect_id for s in edits.by_id(connection, edit.edit_id).shares}
        for key in touched & before.keys():
            assert face(after[key]) == face(before[key])
            assert set(after[key].observation_ids) >= set(before[key].observation_ids)
        again = world.take_back(back)
        assert world.standing().keys() == stood.keys()
        for key in touched & left.keys():
            assert face(world.known()[key]) == face(left[key])
        world.take_back(again)
        world.check_each_counts_once()
        assert {k: face(d) for k, d in world.known().items()} == {
            k: face(d) for k, d in after.items()
        }
