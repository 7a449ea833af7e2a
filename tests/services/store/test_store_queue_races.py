"""Decisions and a machine's new sightings at the same time: the queue keeps what both wrote."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from inspection.domain.defect import Defect, Observation, ReviewState
from inspection.store import defects, observations, orthomosaics, reviewqueue, surveys, tables
from inspection.store.engine import reading, writing
from inspection.store.queue_tables import survey_defects
from inspection.store.tables import defect_observations
from tests.support.queued import _changed, decide
from tests.support.records import (
    NOON,
    Scene,
    make_defect,
    make_mosaic,
    make_observation,
    make_survey,
)
from tests.support.waiting import until_somebody_waits

Act = Callable[[Connection], None]


def seen_again(scene: Scene, confidence: float = 0.9) -> Observation:
    seen = scene.defects[0].latest
    return seen.__class__(**_changed(seen, confidence))


def save(scene: Scene) -> Act:
    return lambda connection: observations.save(connection, [seen_again(scene)])


def confirm(scene: Scene) -> Act:
    return lambda connection: decide(connection, scene.defects[0].defect_id)


@pytest.mark.parametrize(("first", "second"), [(save, confirm), (confirm, save)])
def test_a_decision_and_a_renewal_that_cross_are_both_kept(
    engine: Engine,
    scene: Scene,
    first: Callable[[Scene], Act],
    second: Callable[[Scene], Act],
) -> None:
    def follow() -> None:
        with writing(engine) as connection:
            second(scene)(connection)

    with ThreadPoolExecutor(1) as threads:
        with writing(engine) as connection:
            first(scene)(connection)
            following = threads.submit(follow)
            until_somebody_waits(engine)
        following.result(timeout=60)
    survey_id, defect_id = scene.survey.survey_id, scene.defects[0].defect_id
    with reading(engine) as connection:
        row = reviewqueue.place(connection, survey_id, defect_id)
        assert (row.state, row.version) == (ReviewState.CONFIRMED, 2)
        assert row.confidence == 0.9
        counted = reviewqueue.counts(connection, survey_id).by_state
        assert counted == {ReviewState.CONFIRMED: 1, ReviewState.CANDIDATE: 2}


def numbers(connection: Connection) -> dict[object, int]:
    c = survey_defects.c
    rows = connection.execute(sa.select(c.survey_id, c.defect_id, c.seq))
    return {(row.survey_id, row.defect_id): row.seq for row in rows}


def test_what_is_renewed_stays_the_same_row(engine: Engine, scene: Scene) -> None:
    """A later sighting of the same survey and of another one; then what was seen last goes."""
    defect = scene.defects[0]
    again, second = make_mosaic(scene.survey, 300), make_survey(2)
    elsewhere = make_mosaic(second, 400)
    with writing(engine) as connection:
        before = numbers(connection)
        observations.save(connection, [seen_again(scene)])
        surveys.save(connection, second)
        tied = [defect.latest.observation_id]
        for mosaic, confidence in ((again, 0.5), (elsewhere, 0.4)):
            orthomosaics.save(connection, mosaic)
            later = make_observation(mosaic, 1, confidence=confidence)
            tied.append(later.observation_id)
            renewed = make_defect(later, defect_id=defect.defect_id, observation_ids=tuple(tied))
            defects.save(connection, [renewed], now=NOON)
        after = numbers(connection)
        other = after.pop((second.survey_id, defect.defect_id))
        assert after == before and other not in before.values()
        shown = [
            reviewqueue.place(connection, survey.survey_id, defect.defect_id).confidence
            for survey in (scene.survey, second)
        ]
        assert shown == [0.5, 0.4]
        ties = defect_observations
        connection.execute(sa.delete(ties).where(ties.c.observation_id == tied[1]))
        row = reviewqueue.place(connection, scene.survey.survey_id, defect.defect_id)
        assert row.confidence == 0.9, "its sighting before that is shown again"
        connection.execute(sa.delete(ties).where(ties.c.observation_id == tied[0]))
        assert set(before) - set(numbers(connection)) == {
            (scene.survey.survey_id, defect.defect_id)
        }


def test_what_says_nothing_new_changes_no_revision(engine: Engine, scene: Scene) -> None:
    survey_id = scene.survey.survey_id
    with writing(engine) as connection:
        was = reviewqueue.revision(connection, survey_id)
        observations.save(connection, [defect.latest for defect in scene.defects])
    with reading(engine) as connection:
        assert reviewqueue.revision(connection, survey_id) == was


def test_a_defect_is_taken_before_what_follows_from_it(engine: Engine, scene: Scene) -> None:
    """A decision holds the defect and wants its row of the queue; a renewal took them in turn."""
    defect = scene.defects[0]
    renewed = make_defect(seen_again(scene, 0.8), defect_id=defect.defect_id)

    def renew() -> None:
        with writing(engine) as connection:
            defects.save(connection, [renewed], now=NOON)

    with ThreadPoolExecutor(1) as threads:
        with writing(engine) as connection:
            known = tables.defects
            mine = sa.select(known.c.seq).where(known.c.defect_id == defect.defect_id)
            connection.execute(mine.with_for_update())
            renewing = threads.submit(renew)
            until_somebody_waits(engine)
            decide(connection, defect.defect_id)
        renewing.result(timeout=60)
    with reading(engine) as connection:
        row = reviewqueue.place(connection, scene.survey.survey_id, defect.defect_id)
    assert (row.state, row.confidence) == (ReviewState.CONFIRMED, 0.8)


def test_transactions_count_surveys_of_an_asset_in_one_order(engine: Engine, scene: Scene) -> None:
    """Each decides about defects of two surveys, the one forwards and the other backwards."""
    second = make_survey(2)
    mosaic = make_mosaic(second, 400)
    others = [make_defect(make_observation(mosaic, number)) for number in (401, 402)]
    with writing(engine) as connection:
        surveys.save(connection, second)
        orthomosaics.save(connection, mosaic)
        defects.save(connection, others, now=NOON)
        was = reviewqueue.revision(connection, second.survey_id)
    forwards = [scene.defects[0], others[0]]
    backwards = [others[1], scene.defects[1]]

    def decide_and_count(connection: Connection, defect: Defect) -> None:
        decide(connection, defect.defect_id)
        if engine.dialect.name == "postgresql":  # as at the end of the transaction
            connection.execute(sa.text("SET CONSTRAINTS tenken_count IMMEDIATE"))
            connection.execute(sa.text("SET CONSTRAINTS tenken_count DEFERRED"))

    def backward() -> None:
        with writing(engine) as connection:
            for defect in backwards:
                decide_and_count(connection, defect)

    with ThreadPoolExecutor(1) as threads:
        with writing(engine) as connection:
            decide_and_count(connection, forwards[0])
            going = threads.submit(backward)
            until_somebody_waits(engine)
            decide_and_count(connection, forwards[1])
        going.result(timeout=60)
    with reading(engine) as connection:
        assert reviewqueue.revision(connection, second.survey_id) > was
        for defect in (*forwards, *backwards):
            assert defects.by_id(connection, defect.defect_id).state is ReviewState.CONFIRMED
