"""Decisions and a machine's new sightings at the same time: the queue keeps what both wrote."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from inspection.domain.defect import Observation, ReviewState
from inspection.store import defects, observations, orthomosaics, reviewqueue, surveys
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
