"""The queue knows grades on both engines: what a person decided, else the worst that may be."""

import random
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from inspection.domain.grade import GradeCandidate, Subject
from inspection.domain.review import Action
from inspection.domain.taxonomy import DamageClass
from inspection.pipeline.decide import Judgement, decide
from inspection.pipeline.regrade import regrade_one
from inspection.store import grades, observations, reviewqueue
from inspection.store.engine import reading, writing
from inspection.store.migrations.versions import r0062_desks
from inspection.store.queue_tables import survey_defects
from inspection.store.queuechoice import UNGRADED, Choice
from tests.support.queued import decide as review
from tests.support.queued import many, rows_of, walk
from tests.support.records import NOON, Scene, make_scene, save_scene

CRACKS, RUST = "jp_crack_grade/1.0.0", "appearance:12/1.0.0"


@dataclass(frozen=True)
class FrozenClock:
    """Always tell the same moment."""

    moment: datetime

    def now(self) -> datetime:
        return self.moment


def proposed(subject_id: object, letters: str, scheme: str = CRACKS) -> GradeCandidate:
    return GradeCandidate(
        scheme=scheme,
        subject=Subject.DEFECT,
        subject_id=str(subject_id),
        candidates=tuple(letters),
        best=None,
        borderline=len(letters) > 1,
        unresolved=True,
    )


@pytest.fixture
def scene(engine: Engine) -> Scene:
    """Write a survey with forty defects of which thirty are graded."""
    bare = make_scene(defect_count=0)
    made = Scene(asset=bare.asset, survey=bare.survey, mosaic=bare.mosaic, defects=many(bare, 40))
    with writing(engine) as connection:
        save_scene(connection, made)
        letters = ("b", "bc", "bcd", "e", "")
        found = [proposed(one.defect_id, letters[n % 5]) for n, one in enumerate(made.defects[:30])]
        member = replace(found[3], subject=Subject.MEMBER, subject_id="ISK-0001/Ds")
        grades.save(connection, made.survey.survey_id, [*found, member, proposed("Mg0101", "d")])
    return made


def grade_in_queue(connection: Connection, scene: Scene, number: int) -> str | None:
    defect_id = scene.defects[number].defect_id
    return reviewqueue.place(connection, scene.survey.survey_id, defect_id).grade


def judged(scene: Scene, number: int, letter: str, scheme: str = CRACKS) -> Judgement:
    return Judgement(
        survey_id=scene.survey.survey_id,
        scheme=scheme,
        subject_id=str(scene.defects[number].defect_id),
        decided=letter,
        by="山田",
        note="現地で確認",
    )


def test_the_worst_that_may_be_counts_until_a_person_decides(engine: Engine, scene: Scene) -> None:
    survey_id = scene.survey.survey_id
    with writing(engine) as connection:
        assert [grade_in_queue(connection, scene, n) for n in range(6)] == [
            "b", "c", "d", "e", None, "b"
        ]  # fmt: skip
        assert grade_in_queue(connection, scene, 39) is None
        was = reviewqueue.revision(connection, survey_id)
        decide(connection, judged(scene, 2, "b"), clock=FrozenClock(NOON))
        assert grade_in_queue(connection, scene, 2) == "b"
    with writing(engine) as connection:
        assert reviewqueue.revision(connection, survey_id) > was
        # what the machine says later changes nothing that a person said
        grades.save(connection, survey_id, [proposed(scene.defects[2].defect_id, "e")])
        assert grade_in_queue(connection, scene, 2) == "b"
        decide(connection, judged(scene, 2, "d"), clock=FrozenClock(NOON))
        assert grade_in_queue(connection, scene, 2) == "d"


CHOICES = (
    Choice(grades=frozenset({"e"})),
    Choice(grades=frozenset({"c", UNGRADED}), classes=frozenset({DamageClass.CRACK})),
    Choice(grades=frozenset({UNGRADED}), confidence=0.5),
    Choice(grades=frozenset({"III"})),
)


def test_a_choice_of_grades_lists_and_counts_what_it_says(engine: Engine, scene: Scene) -> None:
    with reading(engine) as connection:
        survey_id = scene.survey.survey_id
        every = reviewqueue.page(connection, survey_id, limit=500)
        for choice in CHOICES:
            fits = [
                row
                for row in every
                if (not choice.classes or row.damage_class in choice.classes)
                and row.confidence >= choice.confidence
            ]
            wanted = {r.defect_id for r in fits if (r.grade or UNGRADED) in choice.grades}
            assert set(walk(connection, survey_id, 7, chosen=choice)) == wanted
            counted = reviewqueue.counts(connection, survey_id, choice)
            assert (counted.matched, counted.total) == (len(wanted), 40)
            # beside each grade stands what choosing it would give, beside each class likewise
            assert +Counter(counted.by_grade) == Counter(row.grade or UNGRADED for row in fits)
            of_class = Counter(
                row.damage_class
                for row in every
                if row.confidence >= choice.confidence and (row.grade or UNGRADED) in choice.grades
            )
            assert +Counter(counted.by_class) == of_class


def test_a_grade_of_another_class_goes_unless_somebody_decided_on_it(
    engine: Engine, scene: Scene
) -> None:
    survey_id, first, second = scene.survey.survey_id, scene.defects[0], scene.defects[1]
    with writing(engine) as connection:
        decide(connection, judged(scene, 1, "c"), clock=FrozenClock(NOON))
        both = [str(one.defect_id) for one in (first, second)]
        anew = [proposed(one, "e", RUST) for one in both]
        grades.renew(connection, survey_id, anew, about=both)
        schemes = {
            (row.candidate.subject_id, row.candidate.scheme)
            for row in grades.of_survey(connection, survey_id)
        }
        assert (str(first.defect_id), CRACKS) not in schemes
        assert (str(second.defect_id), CRACKS) in schemes
        assert grade_in_queue(connection, scene, 0) == "e"
        assert grade_in_queue(connection, scene, 1) == "c", "a person's"
        later = FrozenClock(NOON + timedelta(hours=1))
        decide(connection, judged(scene, 1, "a", RUST), clock=later)
        assert grade_in_queue(connection, scene, 1) == "a", "what was decided last"
        grades.renew(connection, survey_id, [], about=[str(first.defect_id)])
        assert grade_in_queue(connection, scene, 0) is None
        grades.renew(connection, survey_id, [], about=[str(second.defect_id)])
        assert grade_in_queue(connection, scene, 1) == "a"


def test_a_class_that_a_person_changes_is_graded_by_its_own_rule(
    engine: Engine, scene: Scene
) -> None:
    crack = next(one for one in scene.defects if one.damage_class is DamageClass.CRACK)
    with writing(engine) as connection:
        for damage_class, version in ((DamageClass.EXPOSED_REBAR, 1), (DamageClass.POTHOLE, 2)):
            review(
                connection,
                crack.defect_id,
                version,
                action=Action.RECLASSIFY,
                damage_class=damage_class,
            )
            regrade_one(connection, crack.defect_id, clock=FrozenClock(NOON))
            place = reviewqueue.place(connection, scene.survey.survey_id, crack.defect_id)
            kept = [
                row.candidate
                for row in grades.of_survey(connection, scene.survey.survey_id)
                if row.candidate.subject_id == str(crack.defect_id)
            ]
            assert [one.scheme.split(":")[0] for one in kept] in ([], ["appearance"])
            assert place.grade == (kept[0].worst if kept else None)


def test_what_the_triggers_keep_is_what_the_migration_fills_in(
    engine: Engine, scene: Scene
) -> None:
    """Grades that come, change and go at random, and sightings whose rows are made again."""
    rolls = random.Random(6)
    survey_id = scene.survey.survey_id
    with writing(engine) as connection:
        for step in range(25):
            number = rolls.randrange(30)
            defect_id = scene.defects[number].defect_id
            if rolls.random() < 0.3:
                grades.renew(connection, survey_id, [], about=[str(defect_id)])
            elif rolls.random() < 0.5:
                letters = rolls.choice(("b", "cd", "e", ""))
                grades.save(connection, survey_id, [proposed(defect_id, letters)])
            else:
                grades.save(connection, survey_id, [proposed(defect_id, "bc")])
                judgement = judged(scene, number, rolls.choice("abcde"))
                decide(connection, judgement, clock=FrozenClock(NOON + timedelta(minutes=step)))
        observations.save(connection, [one.latest for one in scene.defects[:5]])
        kept = rows_of(connection)
        connection.execute(sa.update(survey_defects).values(grade=None))
        connection.execute(sa.text(r0062_desks.known_all(engine.dialect.name)))
        assert rows_of(connection) == kept
        assert {row.grade for row in connection.execute(sa.select(survey_defects.c.grade))} > {None}
