"""Measures and moments in both databases: recorded, withdrawn, counted, and whose they are."""

import uuid
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from inspection.domain.edit import EditKind, draw
from inspection.domain.eradate import day_in_japan
from inspection.domain.measure import Measure, Stage
from inspection.domain.review import Action, RejectReason, Verdict
from inspection.errors import BadInput, Conflict, NotFound, TenkenError
from inspection.store import measures, organisations, progress, reviews, steps
from inspection.store.engine import reading, writing
from inspection.store.measure_tables import measures as table
from inspection.store.scope import Scope, scoped
from tests.services.store import test_store_edits as editing
from tests.support.people import add_cities
from tests.support.records import NOON, Scene

DAY = day_in_japan(NOON)


def measure(scene: Scene, **changes: Any) -> Measure:
    values: dict[str, Any] = {
        "event_id": uuid.uuid4(),
        "asset_id": scene.asset.asset_id,
        "defect_id": scene.defects[0].defect_id,
        "stage": Stage.ORDERED,
        "day": DAY + timedelta(days=20),
        "recorded_by": "計画 太郎",
        "recorded_at": NOON + timedelta(days=40),
        "note": "契約 12",
    }
    return Measure(**(values | changes))


def decide(scene: Scene, number: int, action: Action, days: int, version: int = 1) -> Verdict:
    return Verdict(
        verdict_id=uuid.uuid4(),
        defect_id=scene.defects[number].defect_id,
        action=action,
        reviewer="Noto",
        decided_at=NOON + timedelta(days=days),
        expected_version=version,
        reason=RejectReason.SHADOW if action is Action.REJECT else None,
    )


def test_a_record_is_kept_once_and_withdrawn_once(engine: Engine, scene: Scene) -> None:
    wrong = measure(scene)
    with writing(engine) as connection:
        measures.record(connection, wrong)
        measures.record(connection, wrong)
        assert measures.of_asset(connection, scene.asset.asset_id) == (wrong,)
        with pytest.raises(Conflict, match="other contents"):
            measures.record(
                connection, measure(scene, event_id=wrong.event_id, stage=Stage.FINISHED)
            )
        with pytest.raises(BadInput, match="say why"):
            measures.withdraw(connection, wrong.event_id, by="x", now=NOON, note=" ")
        told = measures.withdraw(connection, wrong.event_id, by="x", now=NOON, note="別の橋")
        assert told == wrong
        assert measures.of_asset(connection, scene.asset.asset_id) == ()
        with pytest.raises(Conflict, match="withdrawn already"):
            measures.withdraw(connection, wrong.event_id, by="x", now=NOON, note="again")
        with pytest.raises(NotFound):
            measures.withdraw(connection, uuid.uuid4(), by="x", now=NOON, note="why")


def test_records_are_never_changed(engine: Engine, scene: Scene) -> None:
    with writing(engine) as connection:
        measures.record(connection, measure(scene))
    for statement in (sa.update(table).values(note="x"), sa.delete(table)):
        with pytest.raises((DBAPIError, TenkenError)), writing(engine) as connection:
            connection.execute(statement)
    with reading(engine) as connection:
        (kept,) = measures.of_asset(connection, scene.asset.asset_id)
    assert kept.note == "契約 12"


def test_what_is_not_there_has_no_measure(engine: Engine, scene: Scene) -> None:
    with writing(engine) as connection:
        with pytest.raises(NotFound, match="no asset 'x'"):
            measures.record(connection, measure(scene, asset_id="x", defect_id=None))
        with pytest.raises(NotFound, match="has no defect"):
            measures.record(connection, measure(scene, defect_id=uuid.uuid4()))


def test_equal_moments_come_together_and_decided_ones_apart(engine: Engine, scene: Scene) -> None:
    with writing(engine) as connection:
        (seen,) = progress.moments(connection)
        assert (seen.count, seen.detected, seen.decided) == (
            3,
            day_in_japan(scene.survey.created_at),
            None,
        )
        reviews.record(connection, decide(scene, 0, Action.CONFIRM, 4))
        reviews.record(connection, decide(scene, 1, Action.REJECT, 5))
        measures.record(connection, measure(scene))
        found = {one.decided: one for one in progress.moments(connection)}
    confirmed, rejected = DAY + timedelta(days=4), DAY + timedelta(days=5)
    assert {day: one.count for day, one in found.items()} == {None: 1, confirmed: 1, rejected: 1}
    assert found[confirmed].confirmed == confirmed and found[rejected].confirmed is None
    assert found[confirmed].ordered == DAY + timedelta(days=20)
    assert found[confirmed].finished is None and found[None].ordered is None


def test_detected_is_when_the_survey_was_finished(engine: Engine, scene: Scene) -> None:
    survey_id = scene.survey.survey_id
    with writing(engine) as connection:
        for days, digest in ((3, "a"), (9, "b")):  # a second run sees it again, later
            steps.commit(
                connection,
                survey_id,
                steps.LAST_STEP,
                digest,
                result={},
                seconds=1.0,
                peak_rss_mb=1.0,
                now=NOON + timedelta(days=days),
            )
        (seen,) = progress.moments(connection)
    assert seen.detected == DAY + timedelta(days=3)


def test_a_confirmation_that_was_taken_back_is_none(engine: Engine, scene: Scene) -> None:
    with writing(engine) as connection:
        reviews.record(connection, decide(scene, 0, Action.CONFIRM, 1))
        reviews.record(connection, decide(scene, 0, Action.REOPEN, 2, version=2))
        found = {one.decided: one for one in progress.moments(connection)}
        assert found[DAY + timedelta(days=1)].confirmed is None
        assert progress.waiting(connection) == []
        reviews.record(connection, decide(scene, 0, Action.CONFIRM, 6, version=3))
        found = {one.decided: one for one in progress.moments(connection)}
        assert found[DAY + timedelta(days=1)].confirmed == DAY + timedelta(days=1)


def test_the_waiting_wait_until_the_measure_is_finished(engine: Engine, scene: Scene) -> None:
    with writing(engine) as connection:
        for number in (0, 1):
            reviews.record(connection, decide(scene, number, Action.CONFIRM, 1))
        measures.record(connection, measure(scene))
        first, second = progress.waiting(connection)
        assert first.defect_id == scene.defects[0].defect_id
        assert first.ordered == DAY + timedelta(days=20) and second.ordered is None
        assert (first.asset_name, first.survey_id) == (scene.asset.name, scene.survey.survey_id)
        assert [one.defect_id for one in progress.waiting(connection, after=1)] == [
            second.defect_id
        ]
        measures.record(connection, measure(scene, stage=Stage.FINISHED))
        assert [one.defect_id for one in progress.waiting(connection)] == [second.defect_id]


def test_a_city_counts_and_records_its_own(engine: Engine, scene: Scene) -> None:
    add_cities(engine)
    with writing(engine) as connection:
        organisations.give(connection, "city-a", [scene.asset.asset_id])
    mine, theirs = (
        Scope(actor="t", action="t", at=NOON, own=city, visible=frozenset({city}))
        for city in ("city-a", "city-b")
    )
    with reading(scoped(engine, theirs)) as connection:
        assert progress.moments(connection) == () and progress.waiting(connection) == []
        assert measures.of_whole_assets(connection) == {}
    with pytest.raises(NotFound), writing(scoped(engine, theirs)) as connection:
        measures.record(connection, measure(scene, defect_id=None))
    whole = measure(scene, defect_id=None, day=date(2026, 4, 2))
    with writing(scoped(engine, mine)) as connection:
        measures.record(connection, whole)
        assert progress.moments(connection)[0].count == 3
    with reading(scoped(engine, mine)) as connection:
        assert measures.of_whole_assets(connection) == {
            scene.asset.asset_id: [(Stage.ORDERED, date(2026, 4, 2))]
        }
    with pytest.raises(NotFound), writing(scoped(engine, theirs)) as connection:
        measures.withdraw(connection, whole.event_id, by="x", now=NOON, note="why")


def test_what_an_engineer_draws_is_confirmed_by_it_and_what_was_split_counts_as_its_parts(
    engine: Engine, scene: Scene
) -> None:
    """Of three detections one is split in two, and a fourth damage is drawn."""
    with writing(engine) as connection:
        reviews.record(connection, decide(scene, 1, Action.REJECT, 3))
    editing.split_first(engine, scene)
    missed = editing.drawn(scene, 21, "missed")
    of = editing.edit(EditKind.DRAW, name="missed")
    editing.written(
        engine, of, [missed], lambda _found: draw(missed, scene.asset.asset_id, editing.new_id)
    )
    with reading(engine) as connection:
        found = progress.moments(connection)
        assert progress.waiting(connection) == []
        (waiting,) = progress.waiting_edited(connection)
    assert sum(one.count for one in found) == 5
    drawn = [one for one in found if one.confirmed is not None]
    day = day_in_japan(editing.LATER)
    assert [(one.count, one.decided, one.confirmed) for one in drawn] == [(1, day, day)]
    assert waiting.damage_class == missed.damage_class.value
    undecided = sum(one.count for one in found if one.decided is None)
    assert undecided == 3  # both parts, and the one that nobody has looked at
