"""Grades that hold after an edit, on both engines: by scheme, in the queue, by whom and when."""

import random
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import shapely
from sqlalchemy import Connection, Engine

from inspection.domain.defect import Defect, ReviewState
from inspection.domain.edit import Edited, EditKind, merge, redraw, split, undo
from inspection.domain.eradate import day_in_japan
from inspection.domain.grade import GradeCandidate, Subject
from inspection.domain.review import Action, RejectReason
from inspection.domain.taxonomy import DamageClass
from inspection.pipeline.consolidate import defect_id as new_id
from inspection.pipeline.decide import Judgement, decide, nothing_proposed
from inspection.pipeline.settle import confirmation, grades_held, settled_grades_of
from inspection.store import (
    defects,
    descents,
    edits,
    grades,
    orthomosaics,
    progress,
    reviewqueue,
    surveys,
)
from inspection.store.engine import reading, writing
from inspection.store.queuechoice import UNGRADED, Choice, Held
from tests.services.store.test_store_edits import drawn, edit, written
from tests.services.store.test_store_queue_grades import FrozenClock
from tests.support.queued import decide as review
from tests.support.queued import many
from tests.support.records import (
    NOON,
    Scene,
    make_defect,
    make_mosaic,
    make_observation,
    make_scene,
    make_survey,
    save_scene,
)

CRACKS, REBAR = "jp_crack_grade/1.0.0", "appearance:7/1.0.0"
CUT = shapely.LineString([(0, 0), (0, 1)])


def graded(
    engine: Engine,
    scene: Scene,
    defect: Defect,
    letter: str,
    scheme: str = CRACKS,
    *,
    day: int = 0,
) -> None:
    """Let a person decide a grade; where nothing is proposed, nothing stands beside it."""
    survey_id, key = scene.survey.survey_id, str(defect.defect_id)
    clock = FrozenClock(NOON + timedelta(days=day))
    with writing(engine) as connection:
        known = {(g.candidate.scheme, g.candidate.subject_id) for g in of(connection, scene)}
        if (scheme, key) not in known:
            grades.save(connection, survey_id, [nothing_proposed(scheme, Subject.DEFECT, key)])
        said = Judgement(
            survey_id=survey_id, scheme=scheme, subject_id=key, decided=letter, by="高橋", note="n"
        )
        decide(connection, said, clock=clock)


def of(connection: Connection, scene: Scene) -> tuple[grades.GradeRow, ...]:
    return grades.of_survey(connection, scene.survey.survey_id)


def cut(engine: Engine, scene: Scene, whole: Defect, name: str, day: int) -> Edited:
    """Split a defect as it stands in two."""
    with reading(engine) as connection:
        now = defects.by_id(connection, whole.defect_id)
    place = 30 + 2 * day
    seen = [drawn(scene, place, name), drawn(scene, place + 1, name)]
    made = edit(
        EditKind.SPLIT, now, name=name, drawn_surface_m=CUT, edited_at=NOON + timedelta(days=day)
    )
    return written(engine, made, seen, lambda found: split(found[0], seen, made, new_id))


def put_together(engine: Engine, scene: Scene, parts: Sequence[Defect], day: int) -> Defect:
    with reading(engine) as connection:
        now = [defects.by_id(connection, one.defect_id) for one in parts]
    whole = drawn(scene, 90 + day, "whole")
    made = edit(EditKind.MERGE, *now, name=f"merge {day}", edited_at=NOON + timedelta(days=day))
    done = written(
        engine, made, [whole],
        lambda found: merge(found, whole, made, new_id, damage_class=DamageClass.CRACK),
    )  # fmt: skip
    return next(one for one in done.defects if one.state is not ReviewState.SUPERSEDED)


def holding(engine: Engine, defect: Defect) -> list[tuple[str, str, str | None]]:
    with reading(engine) as connection:
        now = defects.by_id(connection, defect.defect_id)
        found = settled_grades_of(connection, now)
    return [(one.scheme.split("/")[0], one.grade, one.again) for one in found]


def test_what_a_part_takes_over_stays_beside_what_is_decided_by_another_scheme(
    engine: Engine, scene: Scene
) -> None:
    """Only the same scheme is written over, and grades compare by their place, not as text."""
    whole = scene.defects[0]
    graded(engine, scene, whole, "e")
    graded(engine, scene, whole, "a", REBAR)
    one, other = cut(engine, scene, whole, "cut", 1).defects[1:]
    assert holding(engine, one) == [
        ("jp_crack_grade", "e", "split"), ("appearance:7", "a", "split"),
    ]  # fmt: skip
    graded(engine, scene, one, "c", REBAR, day=2)
    assert holding(engine, one) == [("appearance:7", "c", None), ("jp_crack_grade", "e", "split")]
    graded(engine, scene, one, "b", day=3)
    assert holding(engine, one) == [("jp_crack_grade", "b", None), ("appearance:7", "c", None)]
    # a whole made of both: of each scheme the worst, and the worst of all first
    graded(engine, scene, other, "III", "pavement_crack_ratio/1.0.0", day=3)
    merged = put_together(engine, scene, (one, other), 5)
    assert holding(engine, merged) == [
        ("pavement_crack_ratio", "III", "merged"),
        ("jp_crack_grade", "e", "merged"),
        ("appearance:7", "c", "merged"),
    ]


def brute(
    rows: Sequence[reviewqueue.QueueRow], held: dict[uuid.UUID, Held], chosen: Choice
) -> dict[uuid.UUID, tuple[Any, ...]]:
    """Say by plain words what a choice gives."""
    found = {}
    for row in rows:
        one = held.get(row.defect_id)
        grade = row.grade if one is None else one.grade
        counts = row.state in (ReviewState.CANDIDATE, ReviewState.CONFIRMED)
        again = one is not None and one.again and counts
        fits = (
            (not chosen.classes or row.damage_class in chosen.classes)
            and (not chosen.states or row.state in chosen.states)
            and row.confidence >= chosen.confidence
            and (not chosen.grades or (grade or UNGRADED) in chosen.grades)
            and (again or not chosen.again)
        )
        if fits:
            found[row.defect_id] = (grade, again, row.damage_class, row.state)
    return found


def test_the_queue_lists_and_counts_by_the_grade_that_holds(engine: Engine) -> None:
    """Sixty defects, a third of them edited; every choice as plain words say it."""
    bare = make_scene(defect_count=0)
    scene = replace(bare, defects=many(bare, 60))
    survey_id, rolls = scene.survey.survey_id, random.Random(8)
    with writing(engine) as connection:
        save_scene(connection, scene)
        proposed = [
            GradeCandidate(
                scheme=CRACKS, subject=Subject.DEFECT, subject_id=str(one.defect_id),
                candidates=(rolls.choice("bcde"),), best=None, borderline=False, unresolved=True,
            )
            for one in scene.defects[:45]
        ]  # fmt: skip
        grades.save(connection, survey_id, proposed)
        for one in scene.defects[:24:2]:
            rejects = one.defect_id.int % 2
            reject = {"action": Action.REJECT, "reason": RejectReason.STAIN}
            review(connection, one.defect_id, **(reject if rejects else {}))
        every = reviewqueue.page(connection, survey_id, limit=500)
    held = {
        one.defect_id: Held(grade=rolls.choice("abe"), again=rolls.random() < 0.7)
        for one in rolls.sample(scene.defects, 20)
    }
    choices = [
        Choice(grades=frozenset(letters), again=again, confidence=confidence, states=states)
        for letters in ((), ("e",), ("b", UNGRADED))
        for again in (False, True)
        for confidence in (0.0, 0.5)
        for states in (frozenset[ReviewState](), frozenset({ReviewState.CANDIDATE}))
    ]
    with reading(engine) as connection:
        for plain in choices:
            chosen = replace(plain, held=held)
            wanted = brute(every, held, chosen)
            page = reviewqueue.page(connection, survey_id, chosen=chosen, limit=500)
            shown = {r.defect_id: (r.grade, r.again, r.damage_class, r.state) for r in page}
            assert shown == wanted, plain
            counted = reviewqueue.counts(connection, survey_id, chosen)
            assert (counted.matched, counted.total) == (len(wanted), 60)
            assert counted.again == sum(again for _, again, _, _ in wanted.values())
            any_grade = brute(every, held, replace(chosen, grades=frozenset()))
            said = Counter(grade or UNGRADED for grade, *_ in any_grade.values())
            assert +Counter(counted.by_grade) == said
            assert all(n > 0 for n in reviewqueue.counts(connection, survey_id).by_grade.values())
            any_state = brute(every, held, replace(chosen, states=frozenset()))
            assert +Counter(counted.by_state) == Counter(s for *_, s in any_state.values())
        first = next(iter(held))
        row = reviewqueue.place(connection, survey_id, first, held=held)
        assert row.grade == held[first].grade


def test_only_what_was_edited_is_brought_along(engine: Engine, scene: Scene) -> None:
    survey_id = scene.survey.survey_id
    whole, other, third = scene.defects
    for one in (whole, other, third):
        graded(engine, scene, one, "d")
    with reading(engine) as connection:
        assert grades_held(connection, survey_id) == {}, "nothing was edited"
    parts = cut(engine, scene, whole, "cut", 1).defects[1:]
    shape = drawn(scene, 60, "shape")
    drawn_anew = edit(EditKind.REDRAW, other, name="redraw", edited_at=NOON + timedelta(days=2))
    written(engine, drawn_anew, [shape], lambda found: redraw(found[0], shape, drawn_anew))
    asked = {key: Held(grade="d", again=True) for key in (*(p.defect_id for p in parts),)}
    with reading(engine) as connection:
        asked |= {other.defect_id: Held(grade="d", again=True)}
        assert grades_held(connection, survey_id) == asked
    graded(engine, scene, parts[0], "b", day=3)
    with reading(engine) as connection:
        del asked[parts[0].defect_id]
        assert grades_held(connection, survey_id) == asked
    seen_later(engine, other)
    with reading(engine) as connection:
        del asked[other.defect_id]
        assert grades_held(connection, survey_id) == asked, "it is decided on in the later survey"
    graded(engine, scene, other, "c", day=3)
    with reading(engine) as connection:
        assert reviewqueue.place(connection, survey_id, other.defect_id).grade == "c"


def seen_later(engine: Engine, defect: Defect) -> None:
    """Let another survey see a defect again."""
    second = make_survey(2)
    mosaic = make_mosaic(second, 400)
    seen = make_observation(mosaic, 1)
    with writing(engine) as connection:
        surveys.save(connection, second)
        orthomosaics.save(connection, mosaic)
        known = defects.by_id(connection, defect.defect_id)
        ids = (*known.observation_ids, seen.observation_id)
        again = make_defect(seen, defect_id=defect.defect_id, observation_ids=ids)
        defects.save(connection, [again], now=NOON)


def test_a_confirmation_that_was_taken_back_before_the_cut_is_nobodys(
    engine: Engine, scene: Scene
) -> None:
    """A part that is confirmed later was not confirmed before, whatever the whole once was."""
    kept, reopened = scene.defects[:2]
    with writing(engine) as connection:
        for one in (kept, reopened):
            review(connection, one.defect_id)
        review(connection, reopened.defect_id, 2, action=Action.REOPEN)
    of_kept = cut(engine, scene, kept, "one", 3).defects[1:]
    of_reopened = cut(engine, scene, reopened, "two", 4).defects[1:]
    later = FrozenClock(NOON + timedelta(days=9))
    with writing(engine) as connection:
        for one in of_reopened:
            review(connection, one.defect_id, decided_at=later.now())
        heirs = descents.descent(connection)
        assert confirmation(connection, reopened.defect_id, heirs) is None
        by = confirmation(connection, of_kept[0].defect_id, heirs)
        assert by is not None and by[0] == "Yamada"
    with reading(engine) as connection:
        found = [one.confirmed for one in progress.moments(connection) if one.confirmed]
    assert Counter(found) == {
        day_in_japan(NOON): 2,
        day_in_japan(later.now()): 2,
    }


def test_an_undo_gives_back_what_held(engine: Engine, scene: Scene) -> None:
    whole = scene.defects[0]
    graded(engine, scene, whole, "d")
    done = cut(engine, scene, whole, "cut", 1)
    with reading(engine) as connection:
        (record,) = edits.history(connection, whole.defect_id)
        seen = {whole.latest.observation_id: whole.latest}
        seen |= {one.latest.observation_id: one.latest for one in done.defects}
        now = {one.defect_id: defects.by_id(connection, one.defect_id) for one in done.defects}
    back = edit(
        EditKind.UNDO, *now.values(), name="back", undoes=record.edit.edit_id,
        edited_at=NOON + timedelta(days=2),
    )  # fmt: skip
    written(
        engine, back, [], lambda found: undo(record.shares, {d.defect_id: d for d in found}, seen)
    )
    with reading(engine) as connection:
        held = grades_held(connection, scene.survey.survey_id)
        chosen = Choice(again=True, held=held)
        assert reviewqueue.page(connection, scene.survey.survey_id, chosen=chosen) == ()
        assert reviewqueue.counts(connection, scene.survey.survey_id, chosen).again == 0
    assert holding(engine, whole) == [("jp_crack_grade", "d", None)]
