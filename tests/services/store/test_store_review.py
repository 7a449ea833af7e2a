"""A verdict and the grade that follows are written together, on both engines."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine

import inspection.pipeline.review
from inspection.domain.defect import Defect
from inspection.domain.grade import Subject
from inspection.domain.review import Action, RejectReason, Verdict
from inspection.domain.taxonomy import DamageClass
from inspection.errors import NotFound
from inspection.pipeline.decide import nothing_proposed
from inspection.pipeline.review import review
from inspection.store import assets, defects, edits, grades, reviews
from inspection.store.engine import reading, writing
from tests.services.store.test_store_held_grades import CRACKS
from tests.services.store.test_store_queue_grades import FrozenClock
from tests.support.records import NOON, Scene
from tests.support.waiting import until_somebody_waits


def verdict(defect: Defect, action: Action, version: int = 1, **values: Any) -> Verdict:
    return Verdict(
        verdict_id=uuid.uuid4(),
        defect_id=defect.defect_id,
        action=action,
        reviewer="金沢 花子",
        decided_at=NOON,
        expected_version=version,
        **values,
    )


def rebar(defect: Defect, version: int = 1) -> Verdict:
    return verdict(defect, Action.RECLASSIFY, version, damage_class=DamageClass.EXPOSED_REBAR)


def schemes(engine: Engine, scene: Scene, defect: Defect) -> list[str]:
    """Name the code-lists by which a defect is graded."""
    with reading(engine) as connection:
        rows = grades.of_subject(connection, scene.survey.survey_id, str(defect.defect_id))
    return sorted(row.candidate.scheme.split("/")[0].split(":")[0] for row in rows)


def test_the_grade_follows_the_class_in_the_same_breath(engine: Engine, scene: Scene) -> None:
    first, clock = scene.defects[0], FrozenClock(NOON)
    changed = rebar(first)
    for _ in range(2):  # the answer was lost, and the page sends again
        with writing(engine) as connection:
            review(connection, changed, clock=clock)
        assert schemes(engine, scene, first) == ["appearance"]
    rejected = verdict(first, Action.REJECT, 2, reason=RejectReason.STAIN)
    with writing(engine) as connection:
        review(connection, rejected, clock=clock)
        review(connection, verdict(first, Action.REOPEN, 3), clock=clock)
    assert schemes(engine, scene, first) == ["appearance"]
    with reading(engine) as connection:
        assert defects.by_id(connection, first.defect_id).version == 4
        assert len(reviews.history(connection, first.defect_id)) == 3


def test_who_dies_before_the_grade_leaves_no_verdict(
    engine: Engine, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, clock = scene.defects[0], FrozenClock(NOON)

    def dies(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(inspection.pipeline.review, "regrade_one", dies)
    with pytest.raises(KeyboardInterrupt), writing(engine) as connection:
        review(connection, rebar(first), clock=clock)
    with reading(engine) as connection:
        assert reviews.history(connection, first.defect_id) == ()
        stands = defects.by_id(connection, first.defect_id)
    assert (stands.version, stands.damage_class_reviewed) == (1, None)


def test_a_defect_that_is_not_there(engine: Engine, scene: Scene) -> None:
    gone = replace(rebar(scene.defects[0]), defect_id=uuid.uuid4())
    with pytest.raises(NotFound, match="no defect"), writing(engine) as connection:
        review(connection, gone, clock=FrozenClock(NOON))


def test_a_verdict_that_changes_grades_waits_for_who_grades_the_survey(
    engine: Engine, scene: Scene
) -> None:
    """Both write grades and rows of the queue, in opposite orders: one must not have begun."""
    first, clock = scene.defects[0], FrozenClock(NOON)
    crack = nothing_proposed(CRACKS, Subject.DEFECT, str(first.defect_id))

    def say() -> None:
        with writing(engine) as connection:
            review(connection, rebar(first), clock=clock)

    with ThreadPoolExecutor(1) as threads:
        with writing(engine) as connection:
            assets.lock(connection, scene.asset.asset_id)
            saying = threads.submit(say)
            until_somebody_waits(engine)
            grades.renew(connection, scene.survey.survey_id, [crack])
            edits.locked(connection, {first.defect_id: 1})
        saying.result(timeout=60)
    assert schemes(engine, scene, first) == ["appearance"]
