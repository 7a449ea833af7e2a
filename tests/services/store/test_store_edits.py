"""Edits: who split, merged, redrew and drew what stands for good, and of two engineers one wins."""

import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import shapely
from sqlalchemy import Engine, delete, text, update

from inspection.domain.defect import HAND, Defect, Observation, ReviewState
from inspection.domain.edit import Edit, Edited, EditKind, draw, merge, redraw, split, undo
from inspection.domain.review import Action, RejectReason, Verdict
from inspection.domain.taxonomy import DamageClass
from inspection.errors import Conflict, IllegalTransition, NotFound, Overtaken
from inspection.pipeline.consolidate import defect_id as new_id
from inspection.store import defects, edits, meanwhile, observations, orthomosaics, reviews, surveys
from inspection.store.edit_tables import edit_shares
from inspection.store.edit_tables import edits as edit_rows
from inspection.store.engine import reading, writing
from tests.support.records import (
    NOON,
    Scene,
    make_mosaic,
    make_observation,
    make_survey,
    named,
)

LATER = NOON + timedelta(hours=2)


def edit(kind: EditKind, *of: Defect, name: str = "edit", **changes: Any) -> Edit:
    values: dict[str, Any] = {
        "edit_id": named(name),
        "kind": kind,
        "asset_id": "ISK-0123",
        "editor": "佐藤 花子",
        "edited_at": LATER,
        "expected_versions": {d.defect_id: d.version for d in of},
        "note": "二本のひび割れ",
    }
    return Edit(**(values | changes))


def drawn(scene: Scene, number: int, name: str = "drawn", **changes: Any) -> Observation:
    """Make a sighting that an engineer drew, at ``number`` metres from the west edge."""
    return make_observation(
        scene.mosaic,
        number,
        observation_id=named(name, number),
        model_id=HAND,
        confidence=1.0,
        **changes,
    )


def written(
    engine: Engine, of: Edit, seen: list[Observation], compose: Callable[[list[Defect]], Edited]
) -> Edited:
    with writing(engine) as connection:
        done = compose(edits.locked(connection, of.expected_versions))
        edits.record(connection, of, done, seen)
    return done


def split_first(engine: Engine, scene: Scene, name: str = "edit") -> tuple[Edit, Edited]:
    first = scene.defects[0]
    seen = [drawn(scene, 11, name), drawn(scene, 12, name)]
    of = edit(
        EditKind.SPLIT, first, name=name, drawn_surface_m=shapely.LineString([(0, 0), (0, 1)])
    )
    return of, written(engine, of, seen, lambda found: split(found[0], seen, of, new_id))


def test_a_split_supersedes_and_stands_in_the_history_of_all(scene: Scene, engine: Engine) -> None:
    of, done = split_first(engine, scene)
    first, parts = scene.defects[0], done.defects[1:]
    with reading(engine) as connection:
        assert defects.by_id(connection, first.defect_id).state is ReviewState.SUPERSEDED
        assert tuple(defects.by_id(connection, d.defect_id) for d in parts) == parts
        (kept,) = edits.history(connection, first.defect_id)
        assert edits.history(connection, parts[0].defect_id) == (kept,)
        assert edits.history(connection, scene.defects[1].defect_id) == ()
        assert edits.by_id(connection, of.edit_id) == kept
        # what the machine saw is as it was
        assert observations.of_defect(connection, first.defect_id) == (first.latest,)
        standing = defects.standing(connection, "ISK-0123")
        listed = defects.find(connection, survey_id=scene.survey.survey_id).rows
        all_known = defects.known(connection, "ISK-0123")
        superseded = defects.find(connection, states=[ReviewState.SUPERSEDED]).rows
    assert kept.edit == of
    assert sorted(kept.shares, key=str) == sorted(done.shares, key=str)
    assert edits.successors([kept], first.defect_id) == tuple(
        s.defect_id for s in kept.shares if s.brought
    )
    assert {d.defect_id for d in standing} == {d.defect_id for d in (*scene.defects[1:], *parts)}
    assert standing == listed
    assert len(all_known) == len(standing) + 1
    assert [d.defect_id for d in superseded] == [first.defect_id]


def test_every_kind_is_taken_back_and_taken_back_again(scene: Scene, engine: Engine) -> None:
    one, two, three = scene.defects
    whole, shape, missed = (drawn(scene, n, "kinds") for n in (21, 22, 23))
    kinds: list[tuple[Edit, list[Observation], Callable[[list[Defect]], Edited]]] = []
    merged = edit(EditKind.MERGE, one, two, name="merge")
    kinds.append((merged, [whole], lambda found: merge(found, whole, merged, new_id)))
    redrawn = edit(EditKind.REDRAW, three, name="redraw")
    kinds.append((redrawn, [shape], lambda found: redraw(found[0], shape, redrawn)))
    added = edit(EditKind.DRAW, name="draw")
    kinds.append((added, [missed], lambda _: draw(missed, "ISK-0123", new_id)))
    with reading(engine) as connection:
        before = defects.standing(connection, "ISK-0123")
    for of, seen, compose in kinds:
        written(engine, of, seen, compose)
    with reading(engine) as connection:
        after = {d.defect_id: d for d in defects.standing(connection, "ISK-0123")}
    assert after[three.defect_id].latest == shape
    assert after[three.defect_id].observation_ids == (
        three.latest.observation_id,
        shape.observation_id,
    )
    assert len(after) == 3  # the whole, the redrawn one, the missed one

    def back(target: Edit, name: str) -> Edit:
        with writing(engine) as connection:
            shares = edits.by_id(connection, target.edit_id).shares
            now = edits.locked(connection, {s.defect_id: s.version_after for s in shares})
            seen = observations.by_ids(connection, [s.before.observation_id for s in shares])
            of = edit(EditKind.UNDO, name=name, undoes=target.edit_id)
            edits.record(connection, of, undo(shares, {d.defect_id: d for d in now}, seen), [])
        return of

    undone = [back(of, f"undo {of.kind}") for of, _, _ in kinds]
    with reading(engine) as connection:
        again = defects.standing(connection, "ISK-0123")
        assert edits.by_id(connection, merged.edit_id).undone_by == undone[0].edit_id
        made = next(s.defect_id for s in edits.by_id(connection, added.edit_id).shares)
        assert edits.successors(edits.history(connection, made), made) == ()  # withdrawn
    assert [(d.defect_id, d.state, d.latest) for d in again] == [
        (d.defect_id, d.state, d.latest) for d in before
    ]
    for of in undone:
        back(of, f"redo {of.edit_id}")
    with reading(engine) as connection:
        redone = defects.standing(connection, "ISK-0123")
    assert {(d.defect_id, d.state, d.latest) for d in redone} == {
        (d.defect_id, d.state, d.latest) for d in after.values()
    }


def test_the_second_engineer_hears_who_did_what_and_when(scene: Scene, engine: Engine) -> None:
    first = scene.defects[0]
    verdict = Verdict(
        verdict_id=named("verdict"),
        defect_id=first.defect_id,
        action=Action.CONFIRM,
        reviewer="鈴木 一郎",
        decided_at=NOON + timedelta(hours=1),
        expected_version=1,
    )
    with writing(engine) as connection:
        reviews.record(connection, verdict)
    stale = edit(EditKind.SPLIT, first, name="stale")
    with (
        pytest.raises(Overtaken, match="鈴木 一郎 did 'confirm'") as told,
        writing(engine) as connection,
    ):
        edits.locked(connection, stale.expected_versions)
    (change,) = told.value.meanwhile
    assert change == {
        "subject": str(first.defect_id),
        "who": "鈴木 一郎",
        "when": "2026-05-01T04:00:00+00:00",
        "what": "confirm",
        "version": "2",
    }
    confirmed = replace(first, version=2, state=ReviewState.CONFIRMED)
    seen = [drawn(scene, 11), drawn(scene, 12)]
    of = edit(EditKind.SPLIT, confirmed)
    done = written(engine, of, seen, lambda found: split(found[0], seen, of, new_id))
    assert {d.state for d in done.defects[1:]} == {ReviewState.CONFIRMED}  # the verdict lives on
    late = replace(
        verdict, verdict_id=named("late"), action=Action.REJECT, reason=RejectReason.STAIN
    )
    with (
        pytest.raises(Overtaken, match=r"did 'confirm'.*佐藤 花子 did 'split'"),
        writing(engine) as connection,
    ):
        reviews.record(connection, late)
    informed = replace(late, expected_version=3)
    with pytest.raises(IllegalTransition, match="superseded"), writing(engine) as connection:
        reviews.record(connection, informed)
    with reading(engine) as connection:
        told_all = meanwhile.changes(connection, first.defect_id, since_version=0)
    assert [(c["what"], c["version"]) for c in told_all] == [("confirm", "2"), ("split", "3")]


def test_of_engineers_who_edit_together_exactly_one_wins(scene: Scene, engine: Engine) -> None:
    """Two split, one merges the same defect with another; nothing of the losers is written."""
    first, second = scene.defects[:2]
    gate = threading.Barrier(3)

    def attempt(n: int) -> str:
        of = edit(
            EditKind.MERGE if n == 2 else EditKind.SPLIT,
            first,
            *([second] if n == 2 else []),
            name=f"e{n}",
            editor=f"engineer {n}",
        )
        seen = [drawn(scene, 30 + n, f"e{n}"), drawn(scene, 40 + n, f"e{n}")]
        gate.wait(timeout=30)
        try:
            if n == 2:
                written(engine, of, seen[:1], lambda found: merge(found, seen[0], of, new_id))
            else:
                written(engine, of, seen, lambda found: split(found[0], seen, of, new_id))
        except Overtaken as late:
            return f"late: {late.meanwhile[0]['who']}"
        return f"won: engineer {n}"

    with ThreadPoolExecutor(3) as pool:
        outcomes = sorted(pool.map(attempt, range(3)))
    winner = outcomes[-1].removeprefix("won: ")
    assert outcomes == [f"late: {winner}"] * 2 + [f"won: {winner}"]
    with reading(engine) as connection:
        (kept,) = edits.history(connection, first.defect_id)
        assert kept.edit.editor == winner
        hand = [o for o in observations.of_survey(connection, scene.survey.survey_id) if o.by_hand]
    assert len(hand) == sum(share.brought for share in kept.shares)


def test_an_edit_is_recorded_once(scene: Scene, engine: Engine) -> None:
    of, _ = split_first(engine, scene)
    spare = scene.defects[2]
    again = edit(EditKind.REDRAW, spare)
    seen = drawn(scene, 50)
    with pytest.raises(Conflict, match="recorded already"):
        written(engine, again, [seen], lambda found: redraw(found[0], seen, again))
    with reading(engine) as connection:
        assert defects.by_id(connection, spare.defect_id).version == 1
        assert edits.find(connection, named("no such edit")) is None
        with pytest.raises(NotFound, match="no edit"):
            edits.by_id(connection, named("no such edit"))
    assert of.edit_id == again.edit_id


def test_nothing_is_written_when_a_defect_changed_after_it_was_read(
    scene: Scene, engine: Engine
) -> None:
    """The lock keeps others out; a program that forgot to lock is stopped by the version."""
    first = scene.defects[0]
    seen = [drawn(scene, 61), drawn(scene, 62)]
    of = edit(EditKind.SPLIT, first, name="forgot")
    done = split(first, seen, of, new_id)
    split_first(engine, scene, name="faster")
    with pytest.raises(Overtaken, match="did 'split'"), writing(engine) as connection:
        edits.record(connection, of, done, seen)
    with reading(engine) as connection:
        assert edits.find(connection, of.edit_id) is None
        assert observations.by_ids(connection, [o.observation_id for o in seen]) == {}


@pytest.mark.parametrize("table", [edit_rows, edit_shares], ids=lambda table: table.name)
def test_histories_refuse_to_be_changed(scene: Scene, engine: Engine, table: Any) -> None:
    split_first(engine, scene)
    column = table.c.note if table is edit_rows else table.c.state_after
    for statement in (
        update(table).values({column.name: "x"}),
        delete(table),
        text(f"DELETE FROM {table.name}"),
    ):
        with (
            pytest.raises(Conflict, match="never changed or removed"),
            writing(engine) as connection,
        ):
            connection.execute(statement)


def test_a_drawn_class_outlasts_another_run_of_the_machine(scene: Scene, engine: Engine) -> None:
    """Saving machine values again never touches what an edit wrote."""
    _, done = split_first(engine, scene)
    with writing(engine) as connection:
        defects.save(connection, scene.defects, now=LATER + timedelta(days=1))
        assert defects.by_id(connection, scene.defects[0].defect_id).state is ReviewState.SUPERSEDED
        for part in done.defects[1:]:
            assert defects.by_id(connection, part.defect_id) == part
    assert isinstance(done.defects[1].defect_id, uuid.UUID)
    assert done.defects[1].shown_class is DamageClass.CRACK


def test_a_later_survey_that_saw_a_defect_is_named(scene: Scene, engine: Engine) -> None:
    """Its version says only what people decided, so that the sighting is compared."""
    known = scene.defects[0]
    later = make_survey(2)
    mosaic = make_mosaic(later, 200)
    seen = make_observation(mosaic, 1, model_id="later@1")
    shown = [d.latest.observation_id for d in scene.defects]
    with writing(engine) as connection:
        surveys.save(connection, later)
        orthomosaics.save(connection, mosaic)
        now = edits.locked(connection, {d.defect_id: d.version for d in scene.defects})
        meanwhile.check_sightings(connection, now, shown)
        observations.save(connection, [seen])
        ids = (*known.observation_ids, seen.observation_id)
        defects.save(connection, [replace(known, latest=seen, observation_ids=ids)], now=LATER)
        now = edits.locked(connection, {d.defect_id: d.version for d in scene.defects})
        with pytest.raises(Overtaken, match=str(later.survey_id)) as e:
            meanwhile.check_sightings(connection, now, shown)
    (told,) = e.value.meanwhile
    assert told == {
        "subject": str(known.defect_id),
        "who": "later@1",
        "when": later.created_at.isoformat(timespec="seconds"),
        "what": "see_later",
        "version": "1",
    }
