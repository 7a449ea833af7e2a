"""A grade is decided on what was looked at, on both engines, and follows the class that stands."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from inspection.domain.defect import Defect
from inspection.domain.grade import Subject
from inspection.domain.review import Action
from inspection.domain.taxonomy import DamageClass
from inspection.errors import BadInput, Conflict, Overtaken
from inspection.pipeline.decide import Judgement, decide, nothing_proposed
from inspection.pipeline.diagnose import Diagnosing, diagnose
from inspection.pipeline.judge import Said, gradable, judge
from inspection.pipeline.regrade import regrade_one, up_to_date
from inspection.pipeline.settle import settled_grades_of
from inspection.store import (
    defects,
    grades,
    reviewqueue,
)
from inspection.store.engine import reading, writing
from tests.services.store.test_store_held_grades import CRACKS, cut, graded, holding, of
from tests.services.store.test_store_queue_grades import FrozenClock
from tests.support.queued import decide as review
from tests.support.records import (
    NOON,
    Scene,
)
from tests.support.waiting import until_somebody_waits


def said(defect: Defect, grade: str, **changes: Any) -> Said:
    values: dict[str, Any] = {
        "defect_id": defect.defect_id, "scheme": "jp_crack_grade", "grade": grade, "by": "高橋",
        "expected_version": 1, "grade_version": 1, "note": "現地で確認",
    }  # fmt: skip
    return Said(**(values | changes))


def test_a_grade_is_decided_on_what_was_looked_at(engine: Engine, scene: Scene) -> None:
    """Two engineers at once, one who is late, one whose defect was cut meanwhile."""
    first, clock = scene.defects[0], FrozenClock(NOON)

    def follow() -> None:
        with writing(engine) as connection:
            judge(connection, said(first, "b"), clock=clock)

    with ThreadPoolExecutor(1) as threads:
        with writing(engine) as connection:
            row = judge(connection, said(first, "e"), clock=clock)
            following = threads.submit(follow)
            until_somebody_waits(engine)
        with pytest.raises(Conflict, match="read it again"):
            following.result(timeout=60)
    assert (row.decided, row.version) == ("e", 2)
    with reading(engine) as connection:
        offered = gradable(connection, first, None, settled_grades_of(connection, first))
    assert [(one.scheme, one.version) for one in offered] == [(row.candidate.scheme, 2)]
    with writing(engine) as connection:
        judge(connection, said(first, "d", grade_version=2), clock=clock)
        with pytest.raises(BadInput, match="is not graded by 'jp_corrosion'"):
            judge(connection, said(first, "d", scheme="jp_corrosion"), clock=clock)
    one, _ = cut(engine, scene, first, "cut", 1).defects[1:]
    with pytest.raises(Overtaken, match="did 'split'"), writing(engine) as connection:
        judge(connection, said(first, "a", grade_version=3), clock=clock)
    with pytest.raises(Conflict, match="others stand in its place"), writing(engine) as connection:
        judge(connection, said(first, "a", expected_version=2, grade_version=3), clock=clock)
    with writing(engine) as connection:
        late = FrozenClock(NOON + timedelta(days=2))
        judge(connection, said(one, "c"), clock=late)
    assert holding(engine, one) == [("jp_crack_grade", "c", None)]


def test_a_part_that_no_rule_grades_is_asked_by_the_scheme_of_the_whole(
    engine: Engine, scene: Scene
) -> None:
    whole = scene.defects[0]
    graded(engine, scene, whole, "e")
    part = cut(engine, scene, whole, "cut", 1).defects[1]
    with writing(engine) as connection:
        how = {"action": Action.RECLASSIFY, "damage_class": DamageClass.POTHOLE}
        review(connection, part.defect_id, part.version, **how)
        now = defects.by_id(connection, part.defect_id)
        (offered,) = gradable(connection, now, None, settled_grades_of(connection, now))
        assert (offered.scheme, offered.candidates, offered.values[0]) == (CRACKS, (), "a")
        wish = said(part, "a", expected_version=now.version, note="")
        with pytest.raises(BadInput, match="has no candidate; say why"):
            judge(connection, wish, clock=FrozenClock(NOON + timedelta(days=2)))
        judge(
            connection,
            replace(wish, note="ひびわれではない"),
            clock=FrozenClock(NOON + timedelta(days=2)),
        )
    assert holding(engine, part) == [("jp_crack_grade", "a", None)]


def test_the_class_that_stands_is_graded_not_the_one_that_was_decided_on(
    engine: Engine, scene: Scene
) -> None:
    """Two change the class one after the other; the grade of the first comes last."""
    first = scene.defects[0]
    with writing(engine) as connection:
        for damage_class, version in ((DamageClass.EXPOSED_REBAR, 1), (DamageClass.CRACK, 2)):
            how = {"action": Action.RECLASSIFY, "damage_class": damage_class}
            review(connection, first.defect_id, version, **how)
    for _ in range(2):
        with writing(engine) as connection:
            regrade_one(connection, first.defect_id, clock=FrozenClock(NOON))
            mine = [
                r for r in of(connection, scene) if r.candidate.subject_id == str(first.defect_id)
            ]
            assert [row.candidate.scheme.split("/")[0] for row in mine] == ["jp_crack_grade"]


def test_what_was_changed_while_a_survey_was_graded_keeps_the_grade_of_its_class(
    engine: Engine, scene: Scene
) -> None:
    """Read, changed by a person, written: only what nobody touched is as it was read."""
    survey_id, clock = scene.survey.survey_id, FrozenClock(NOON)
    first, second, _ = scene.defects
    with reading(engine) as connection:
        versions = reviewqueue.versions(connection, survey_id)
    assert versions == {one.defect_id: 1 for one in scene.defects}
    how = {"action": Action.RECLASSIFY, "damage_class": DamageClass.EXPOSED_REBAR}
    with writing(engine) as connection:
        review(connection, first.defect_id, **how)
    stale = [
        replace(nothing_proposed(CRACKS, Subject.DEFECT, str(one.defect_id)), candidates=("b",))
        for one in (first, second)
    ]
    member = replace(stale[0], subject=Subject.MEMBER, subject_id="ISK-0123/Ds")
    with writing(engine) as connection:
        told = [*stale, member]
        found = up_to_date(connection, survey_id, told, versions=versions, clock=clock)
        grades.renew(connection, survey_id, found)
        kept = {r.candidate.subject_id: r.candidate.scheme for r in of(connection, scene)}
    assert kept.pop("ISK-0123/Ds") == kept.pop(str(second.defect_id)) == CRACKS
    assert [scheme.split(":")[0] for scheme in kept.values()] == ["appearance"]


def test_a_diagnosis_does_not_write_over_one_that_came_while_it_was_read(
    engine: Engine, scene: Scene
) -> None:
    """Somebody decides after everything was read, just before the row is locked."""
    asset_id, survey_id = scene.asset.asset_id, scene.survey.survey_id
    wish = Diagnosing(
        asset_id=asset_id, fiscal_year=2026, value="II", by="山田", why="桁端", decided_before=None
    )
    mine = nothing_proposed("soundness_candidate/1.0.0", Subject.ASSET, asset_id)
    with writing(engine) as connection:
        grades.save(connection, survey_id, [mine])
    if engine.dialect.name == "sqlite":  # nobody else writes meanwhile
        with writing(engine) as connection:
            assert diagnose(connection, wish, clock=FrozenClock(NOON)).version == 2
        return
    came: list[str] = []

    def meanwhile(*of_statement: Any) -> None:
        statement = of_statement[2]
        if came or "FROM grades" not in statement or "FOR UPDATE" not in statement:
            return
        came.append(statement)
        with writing(engine) as other:
            theirs = Judgement(
                survey_id=survey_id, scheme="soundness_candidate", subject_id=asset_id,
                decided="III", by="鈴木", note="支承",
            )  # fmt: skip
            decide(other, theirs, clock=FrozenClock(NOON))

    with pytest.raises(Conflict, match="read it again"), writing(engine) as connection:
        sa.event.listen(connection, "before_cursor_execute", meanwhile)
        diagnose(connection, wish, clock=FrozenClock(NOON))
    assert came
    with reading(engine) as connection:
        (row,) = [r for r in of(connection, scene) if r.candidate.subject is Subject.ASSET]
    assert (row.decided, row.decided_by) == ("III", "鈴木")
