"""Steps, grades and work lists: done once, decided by people, frozen when issued."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, delete, update

from inspection.domain.grade import GradeCandidate, Reason, Subject
from inspection.errors import BadInput, Conflict, NotFound
from inspection.store import grades, steps, surveys, tables, workorders
from inspection.store.engine import reading, writing
from inspection.store.grades import GradeDecision
from inspection.store.scope import Scope, scoped
from inspection.store.workorders import WorkList, WorkOrderRow
from tests.support.records import NOON, Scene, make_survey, named

DIGEST = "d" * 64


def _commit(connection: Any, scene: Scene, **changes: Any) -> steps.StepRow:
    values: dict[str, Any] = {
        "survey_id": scene.survey.survey_id,
        "step": "mosaic",
        "input_digest": DIGEST,
        "result": {"gsd_m_per_px": 0.0023, "z": 1, "a": [1, None, "橋"]},
        "seconds": 12.5,
        "peak_rss_mb": 812.25,
        "now": NOON,
    }
    return steps.commit(connection, **(values | changes))


def test_a_step_is_done_when_its_row_is_there(scene: Scene, engine: Engine) -> None:
    survey_id = scene.survey.survey_id
    with writing(engine) as connection:
        assert steps.done(connection, survey_id, "mosaic", DIGEST) is None
        written = _commit(connection, scene)
    with reading(engine) as connection:
        done = steps.done(connection, survey_id, "mosaic", DIGEST)
        assert done == written
        assert done is not None
        assert list(done.result) == ["gsd_m_per_px", "z", "a"]  # in the order of writing
        assert done.finished_at == NOON
        assert steps.done(connection, survey_id, "mosaic", "e" * 64) is None
        assert steps.done(connection, survey_id, "detect", DIGEST) is None
        assert steps.done(connection, named("other"), "mosaic", DIGEST) is None


def test_the_first_to_finish_a_step_counts(scene: Scene, engine: Engine) -> None:
    with writing(engine) as connection:
        first = _commit(connection, scene)
        second = _commit(connection, scene, result={"other": 1}, now=NOON + timedelta(hours=1))
        assert second == first
        assert steps.of_survey(connection, scene.survey.survey_id) == (first,)


def test_a_step_that_is_rolled_back_is_not_done(scene: Scene, engine: Engine) -> None:
    with pytest.raises(ZeroDivisionError), writing(engine) as connection:
        _commit(connection, scene)
        raise ZeroDivisionError
    with reading(engine) as connection:
        assert steps.of_survey(connection, scene.survey.survey_id) == ()


def test_steps_are_listed_as_they_finished_and_can_be_forgotten(
    scene: Scene, engine: Engine
) -> None:
    with writing(engine) as connection:
        for hour, step in ((3, "a"), (1, "c"), (2, "b")):
            _commit(connection, scene, step=step, now=NOON + timedelta(hours=hour))
        _commit(connection, scene, step="b", input_digest="e" * 64, now=NOON)
        listed = steps.of_survey(connection, scene.survey.survey_id)
        assert [row.step for row in listed] == ["b", "c", "b", "a"]
        assert steps.forget(connection, scene.survey.survey_id, "b") == 2
        assert steps.forget(connection, scene.survey.survey_id, "b") == 0
        listed = steps.of_survey(connection, scene.survey.survey_id)
        assert [row.step for row in listed] == ["c", "a"]


def test_a_step_needs_its_survey(scene: Scene, engine: Engine) -> None:
    with pytest.raises(Conflict), writing(engine) as connection:
        _commit(connection, scene, survey_id=named("nothing"))


CRACK_D = GradeCandidate(
    scheme="jp_crack_grade/1.0.0",
    subject=Subject.DEFECT,
    subject_id="1",
    candidates=("d", "e"),
    best="d",
    borderline=True,
    unresolved=False,
    record="⑥ひびわれ(大小)-d",
    values={"width_mm": 0.1 + 0.2},
    reasons=(Reason(code="wide", ja="幅が広い", en="wide"),),
)


def _decision(scene: Scene, name: str = "decision", **changes: Any) -> GradeDecision:
    values: dict[str, Any] = {
        "decision_id": named(name),
        "survey_id": scene.survey.survey_id,
        "scheme": CRACK_D.scheme,
        "subject": CRACK_D.subject,
        "subject_id": CRACK_D.subject_id,
        "decided": "c",
        "decided_by": "佐藤",
        "decided_at": NOON,
        "expected_version": 1,
        "note": "measured on site",
    }
    return GradeDecision(**(values | changes))


def test_a_machine_proposes_and_a_person_decides(scene: Scene, engine: Engine) -> None:
    survey_id = scene.survey.survey_id
    with writing(engine) as connection:
        other = replace(CRACK_D, subject_id="0", candidates=(), best=None, reasons=())
        grades.save(connection, survey_id, [CRACK_D, other])
        decided = grades.decide(connection, _decision(scene))
        worse = replace(CRACK_D, best="e", candidates=("e",))
        grades.save(connection, survey_id, [worse])
        undecided, kept = grades.of_survey(connection, survey_id)
    assert (decided.candidate, decided.decided, decided.version) == (CRACK_D, "c", 2)
    assert kept == replace(decided, candidate=worse)
    assert (kept.decided_by, kept.decided_at, kept.note) == ("佐藤", NOON, "measured on site")
    assert undecided == grades.GradeRow(survey_id=survey_id, candidate=other)


def test_what_follows_no_longer_goes_and_what_was_decided_stays(
    scene: Scene, engine: Engine
) -> None:
    survey_id = scene.survey.survey_id
    gone, decided = (replace(CRACK_D, subject_id=name) for name in ("gone", "decided"))
    member = replace(CRACK_D, subject=Subject.MEMBER, subject_id="gone")
    scope = Scope(actor="t", action="t", at=NOON, own="home", visible=frozenset({"home"}))

    def left(*about: str) -> set[tuple[str, str]]:
        with writing(scoped(engine, scope)) as connection:
            grades.renew(connection, survey_id, [CRACK_D], about=about or None)
            rows = grades.of_survey(connection, survey_id)
        return {(row.candidate.subject.value, row.candidate.subject_id) for row in rows}

    with writing(engine) as connection:
        grades.save(connection, survey_id, [gone, decided, member])
        grades.decide(connection, _decision(scene, subject_id="decided"))
    kept = {("defect", "1"), ("defect", "decided")}
    assert left("another", "decided") == {*kept, ("defect", "gone"), ("member", "gone")}
    assert left("gone") == {*kept, ("member", "gone")}
    assert left() == kept


def test_decisions_are_counted_once_and_kept_for_ever(scene: Scene, engine: Engine) -> None:
    first, second = _decision(scene), _decision(scene, "2", decided="e", expected_version=2)
    with writing(engine) as connection:
        grades.save(connection, scene.survey.survey_id, [CRACK_D])
        for decision in (first, first, second):
            row = grades.decide(connection, decision)
        assert (row.decided, row.version) == ("e", 3)
        history = grades.history(
            connection, scene.survey.survey_id, CRACK_D.scheme, CRACK_D.subject, CRACK_D.subject_id
        )
        assert history == (first, second)
        with pytest.raises(Conflict, match="version 3"):
            grades.decide(connection, _decision(scene, "3"))
        with pytest.raises(Conflict, match="other contents"):
            grades.decide(connection, replace(first, note=""))
        with pytest.raises(NotFound, match="has no grade"):
            grades.decide(connection, replace(first, subject_id="9"))
    for statement in (
        update(tables.grade_decisions).values(note=""),
        delete(tables.grade_decisions),
    ):
        with pytest.raises(Conflict, match="never changed"), writing(engine) as connection:
            connection.execute(statement)


def test_a_decision_needs_a_person_a_grade_and_a_moment(scene: Scene) -> None:
    for wrong in ({"decided_by": " "}, {"decided": ""}):
        with pytest.raises(BadInput, match="name of the person"):
            _decision(scene, **wrong)
    with pytest.raises(BadInput, match="time zone"):
        _decision(scene, decided_at=NOON.replace(tzinfo=None))


def _work_list(scene: Scene, name: str = "list", **changes: Any) -> WorkList:
    lines = tuple(
        WorkOrderRow(
            rank=rank,
            asset_id=scene.asset.asset_id,
            survey_id=scene.survey.survey_id,
            defect_id=defect.defect_id,
            score=73.4 / rank,
            tier=rank,
            reasons={"parts": [{"k": "L", "points": 49.0}]},
        )
        for rank, defect in enumerate(scene.defects, start=1)
    )
    whole = WorkOrderRow(rank=4, asset_id=scene.asset.asset_id, score=1.0, reasons=[])
    values: dict[str, Any] = {
        "work_list_id": named(name),
        "model": "priority_v1",
        "issued_at": NOON,
        "parameters": {"budget_jpy": 1e7},
        "rows": (*lines, whole),
    }
    return WorkList(**(values | changes))


def test_a_work_list_is_frozen_as_it_was_issued(scene: Scene, engine: Engine) -> None:
    issued = _work_list(scene)
    for moment in (NOON, NOON + timedelta(days=1)):
        with writing(engine) as connection:
            workorders.save(connection, replace(issued, issued_at=moment))
    with writing(engine) as connection:
        assert workorders.by_id(connection, issued.work_list_id) == issued
        with pytest.raises(Conflict, match="issue a new one"):
            workorders.save(connection, replace(issued, rows=issued.rows[:2]))
        with pytest.raises(NotFound, match="no work list"):
            workorders.by_id(connection, named("nothing"))
    for statement in (
        update(tables.work_orders).values(score=0.0),
        delete(tables.work_orders),
        update(tables.work_lists).values(model="other"),
        delete(tables.work_lists),
    ):
        with pytest.raises(Conflict, match="never changed"), writing(engine) as connection:
            connection.execute(statement)


def test_work_lists_are_found_newest_first(scene: Scene, engine: Engine) -> None:
    with writing(engine) as connection:
        for day in (1, 3, 2):
            moment = NOON + timedelta(days=day)
            workorders.save(connection, _work_list(scene, f"list {day}", issued_at=moment))
        workorders.save(connection, _work_list(scene, "empty", rows=()))
        page = workorders.find(connection, limit=3)
        rest = workorders.find(connection, limit=3, offset=3)
    assert [head.work_list_id for head in page.rows] == [named(f"list {d}") for d in (3, 2, 1)]
    assert [head.row_count for head in page.rows] == [4, 4, 4]
    assert (page.total, [head.row_count for head in rest.rows]) == (4, [0])


def test_a_work_list_names_only_what_exists(scene: Scene, engine: Engine) -> None:
    stray = WorkOrderRow(rank=1, asset_id="nobody", score=1.0, reasons={})
    with pytest.raises(Conflict), writing(engine) as connection:
        workorders.save(connection, _work_list(scene, rows=(stray,)))
    with reading(engine) as connection:
        assert workorders.find(connection).total == 0


def test_ranks_count_from_one(scene: Scene) -> None:
    with pytest.raises(BadInput, match="1, 2, 3"):
        _work_list(scene, rows=_work_list(scene).rows[1:])
    with pytest.raises(BadInput, match="time zone"):
        _work_list(scene, issued_at=NOON.replace(tzinfo=None))


def test_the_same_step_of_two_surveys_is_two_steps(scene: Scene, engine: Engine) -> None:
    other = make_survey(2)
    with writing(engine) as connection:
        surveys.save(connection, other)
        _commit(connection, scene)
        assert steps.done(connection, other.survey_id, "mosaic", DIGEST) is None
        _commit(connection, scene, survey_id=other.survey_id)
        assert len(steps.of_survey(connection, other.survey_id)) == 1
