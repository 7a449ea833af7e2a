"""The queue follows whatever is written: sightings, ties, odd numbers, other organisations."""

import base64
import random

import pytest
import shapely
import sqlalchemy as sa
from sqlalchemy import Engine

from inspection.domain.defect import ReviewState
from inspection.domain.edit import EditKind, redraw
from inspection.errors import BadInput, Broken, NotFound
from inspection.store import (
    defects,
    observations,
    orthomosaics,
    reviewqueue,
    surveys,
)
from inspection.store.engine import reading, writing
from inspection.store.migrations.versions import r0070_stand
from inspection.store.queue_tables import derived, survey_defects
from inspection.store.reviewqueue import Order
from inspection.store.scope import Scope, scoped
from inspection.store.tables import defect_observations
from tests.services.store import test_store_edits as editing
from tests.support.queued import (
    _changed,
    a_quantity,
    decide,
    many,
    rows_of,
    walk,
)
from tests.support.records import (
    NOON,
    Scene,
    make_defect,
    make_measurement,
    make_mosaic,
    make_observation,
    make_scene,
    make_survey,
    named,
    save_scene,
)


@pytest.fixture
def scene(engine: Engine) -> Scene:
    """Write a survey with forty defects."""
    bare = make_scene(defect_count=0)
    made = Scene(asset=bare.asset, survey=bare.survey, mosaic=bare.mosaic, defects=many(bare, 40))
    with writing(engine) as connection:
        save_scene(connection, made)
    return made


def test_each_survey_shows_its_own_sighting(engine: Engine, scene: Scene) -> None:
    """Two surveys see one defect; a third sighting comes by a new mosaic of the first survey."""
    defect = scene.defects[0]
    second = make_survey(2)
    mosaic = make_mosaic(second, 300)
    later = make_observation(mosaic, 1, confidence=0.6)
    again = make_defect(
        later,
        defect_id=defect.defect_id,
        observation_ids=(defect.latest.observation_id, later.observation_id),
    )
    with writing(engine) as connection:
        surveys.save(connection, second)
        orthomosaics.save(connection, mosaic)
        defects.save(connection, [again], now=NOON)
    with reading(engine) as connection:
        old = reviewqueue.place(connection, scene.survey.survey_id, defect.defect_id)
        new = reviewqueue.place(connection, second.survey_id, defect.defect_id)
        assert (old.confidence, new.confidence) == (defect.latest.confidence, 0.6)
        assert old.box_surface_m == defect.latest.outline_surface_m.bounds
        assert new.box_surface_m == later.outline_surface_m.bounds
    with writing(engine) as connection:
        decide(connection, defect.defect_id)
    with reading(engine) as connection:
        for survey_id in (scene.survey.survey_id, second.survey_id):
            row = reviewqueue.place(connection, survey_id, defect.defect_id)
            assert row.state is ReviewState.CONFIRMED
        assert reviewqueue.total(connection, second.survey_id) == 1


def test_a_drawing_stands_in_its_survey_whatever_is_seen_elsewhere_or_later(
    engine: Engine, scene: Scene
) -> None:
    """Redrawn in the first survey, seen by a second one, and by another run of the first."""
    first = scene.defects[5]
    shape = editing.drawn(scene, 205, "standing")
    of = editing.edit(EditKind.REDRAW, first, name="standing")
    editing.written(engine, of, [shape], lambda found: redraw(found[0], shape, of))
    second = make_survey(2)
    mosaic = make_mosaic(second, 300)
    later, machine = make_observation(mosaic, 5), make_observation(scene.mosaic, 305)
    seen = (first.latest, shape, later, machine)
    with writing(engine) as connection:
        surveys.save(connection, second)
        orthomosaics.save(connection, mosaic)
        observations.save(connection, [machine])
        again = make_defect(
            later,
            defect_id=first.defect_id,
            observation_ids=tuple(one.observation_id for one in seen),
        )
        defects.save(connection, [again], now=NOON)
        for survey, shown in ((scene.survey, shape), (second, later)):
            found = reviewqueue.sightings(connection, survey.survey_id, [first.defect_id])
            assert found == {first.defect_id: shown}
        kept = rows_of(connection)
        connection.execute(sa.delete(survey_defects))
        anew = r0070_stand.see(engine.dialect.name, "1 = 1").replace(":", "\\:")
        connection.execute(sa.text(anew))
        assert rows_of(connection) == kept


def test_what_a_machine_says_anew_is_followed(engine: Engine, scene: Scene) -> None:
    seen = scene.defects[3].latest
    changed = make_observation(
        scene.mosaic,
        103,
        confidence=0.99,
        outline_surface_m=shapely.affinity.translate(seen.outline_surface_m, 0.25, 0.0),
        damage_class=seen.damage_class,
    )
    assert changed.observation_id == seen.observation_id
    with writing(engine) as connection:
        was = reviewqueue.revision(connection, scene.survey.survey_id)
        observations.save(connection, [changed])
    with reading(engine) as connection:
        row = reviewqueue.place(connection, scene.survey.survey_id, scene.defects[3].defect_id)
        assert row.confidence == 0.99
        assert row.box_surface_m == changed.outline_surface_m.bounds
        assert reviewqueue.revision(connection, scene.survey.survey_id) > was
        assert reviewqueue.total(connection, scene.survey.survey_id) == 40


def test_a_tie_that_moves_or_goes_takes_its_row_along(engine: Engine, scene: Scene) -> None:
    """Defects that are merged hand their sightings over, whoever writes that."""
    giver, taker = scene.defects[0], scene.defects[1]
    ties = defect_observations
    with writing(engine) as connection:
        connection.execute(
            sa.update(ties)
            .where(ties.c.observation_id == giver.latest.observation_id)
            .values(defect_id=taker.defect_id)
        )
        with pytest.raises(NotFound):
            reviewqueue.place(connection, scene.survey.survey_id, giver.defect_id)
        kept = reviewqueue.place(connection, scene.survey.survey_id, taker.defect_id)
        assert kept.box_surface_m == taker.latest.outline_surface_m.bounds, "the latest is shown"
        connection.execute(
            sa.delete(ties).where(ties.c.observation_id == taker.latest.observation_id)
        )
        assert reviewqueue.total(connection, scene.survey.survey_id) == 38


def test_what_is_kept_by_the_way_equals_what_is_made_at_once(engine: Engine, scene: Scene) -> None:
    """Random decisions and renewals; then the migration's own statement makes everything anew."""
    rolls = random.Random(3)
    with writing(engine) as connection:
        for step in range(30):
            defect = defects.by_id(connection, rolls.choice(scene.defects).defect_id)
            if rolls.random() < 0.6 and defect.state is ReviewState.CANDIDATE:
                decide(connection, defect.defect_id, defect.version)
            else:
                observations.save(
                    connection,
                    [defect.latest.__class__(**_changed(defect.latest, step / 100))],
                )
        kept = rows_of(connection)
        connection.execute(sa.delete(survey_defects))
        connection.execute(
            sa.text(r0070_stand.see(engine.dialect.name, "1 = 1").replace(":", "\\:"))
        )
        assert rows_of(connection) == kept
        assert len(kept) == 40


def test_numbers_that_are_none_do_not_stop_a_save(engine: Engine, scene: Scene) -> None:
    """PostgreSQL refuses products beyond its numbers; an index must take what the tables took."""
    extreme = [
        make_defect(
            make_observation(
                scene.mosaic,
                900 + n,
                confidence=confidence,
                measurement=make_measurement(width).__class__(
                    length_m=a_quantity(length),
                    width_mm=a_quantity(width),
                    width_mean_mm=None,
                    area_m2=a_quantity(length),
                    orientation_deg=None,
                    gsd_mm_per_px=1.0,
                ),
            )
        )
        for n, (confidence, width, length) in enumerate(
            [(1e-300, 1e308, 1e-300), (1e300, 5e-324, 1e308), (-1.0, -1e308, -1e308)]
        )
    ]
    with writing(engine) as connection:
        defects.save(connection, extreme, now=NOON)
        assert reviewqueue.total(connection, scene.survey.survey_id) == 43
        assert len(walk(connection, scene.survey.survey_id, 9, order=Order.URGENT)) == 43


def test_a_mark_that_is_none_is_refused(engine: Engine, scene: Scene) -> None:
    with reading(engine) as connection:
        for mark in ("", "AAAA", "W10", "bnVsbA", "WzEsMl0", "WyJhIiwxXQ", "é"):
            for order in (Order.SIZE, Order.URGENT):
                with pytest.raises(BadInput, match="no place in the order"):
                    reviewqueue.page(connection, scene.survey.survey_id, order=order, after=mark)


def test_a_mark_with_a_number_out_of_range_is_refused(engine: Engine, scene: Scene) -> None:
    survey_id, defect_id = scene.survey.survey_id, scene.defects[0].defect_id.hex
    with reading(engine) as connection:
        for first in (10**400, -(10**400), 1e300, 2**31, 2**63, 2, -1, 0.5, "1", None, [0]):
            for order in (Order.URGENT, Order.UNCERTAIN):
                mark = reviewqueue._write_mark([first, -0.5, defect_id])
                with pytest.raises(BadInput, match="no place in the order"):
                    reviewqueue.page(connection, survey_id, order=order, after=mark)
        for key in (10**400, -(10**400), "1", None, [0]):
            mark = reviewqueue._write_mark([key, defect_id])
            with pytest.raises(BadInput, match="no place in the order"):
                reviewqueue.page(connection, survey_id, before=mark)
        for key in (1e300, -1e300, 5e-324, 2**63):
            mark = reviewqueue._write_mark([key, defect_id])
            assert len(reviewqueue.page(connection, survey_id, after=mark)) in (0, 40)


def test_a_mark_of_brackets_without_end_is_refused(engine: Engine, scene: Scene) -> None:
    mark = base64.urlsafe_b64encode(b"[" * 100_000).decode().rstrip("=")
    with reading(engine) as connection, pytest.raises(BadInput, match="no place in the order"):
        reviewqueue.page(connection, scene.survey.survey_id, after=mark)


def test_pages_have_bounds(engine: Engine, scene: Scene) -> None:
    with reading(engine) as connection:
        mark = reviewqueue.page(connection, scene.survey.survey_id, limit=1)[0].mark
        for wrong in ({"limit": 0}, {"limit": 501}, {"after": mark, "before": mark}):
            with pytest.raises(BadInput):
                reviewqueue.page(connection, scene.survey.survey_id, **wrong)
        with pytest.raises(BadInput, match="'urgent'"):
            reviewqueue.page(connection, scene.survey.survey_id, order=Order.URGENT, after=mark)
        with pytest.raises(NotFound):
            reviewqueue.counts(connection, named("nobody"))
        assert reviewqueue.page(connection, named("nobody")) == ()


def test_nobody_sees_another_organisation_s_queue_or_writes_one(
    engine: Engine, scene: Scene
) -> None:
    stranger = Scope(
        actor="s", action="look", at=NOON, own="elsewhere", visible=frozenset({"elsewhere"})
    )
    with reading(scoped(engine, stranger)) as connection:
        assert reviewqueue.page(connection, scene.survey.survey_id) == ()
        assert reviewqueue.total(connection, scene.survey.survey_id) == 0
        with pytest.raises(NotFound):
            reviewqueue.revision(connection, scene.survey.survey_id)
    with writing(scoped(engine, stranger)) as connection:
        for table in derived.tables.values():
            with pytest.raises(Broken, match="kept by the database itself"):
                connection.execute(sa.delete(table))
