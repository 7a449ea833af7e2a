"""The queue of a survey on both engines: what the database keeps by itself is always the truth."""

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine

from inspection.domain.defect import ReviewState
from inspection.domain.review import Action, RejectReason
from inspection.domain.taxonomy import DamageClass
from inspection.store import (
    defects,
    reviewqueue,
)
from inspection.store.engine import reading, writing
from inspection.store.queue_tables import derived
from inspection.store.queuechoice import Choice
from inspection.store.reviewqueue import Order
from inspection.store.tables import defects as defect_table
from tests.support.queued import decide, expected_key, many, walk
from tests.support.records import (
    Scene,
    make_scene,
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


def test_the_migration_makes_the_tables_that_the_program_asks(engine: Engine) -> None:
    with reading(engine) as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "include_name": lambda name, kind, _: kind != "table" or name in derived.tables,
                "include_object": lambda _object, name, kind, *_: (
                    (kind, name) != ("index", "gix_survey_defects_place")
                ),
            },
        )
        assert compare_metadata(context, derived) == []


@pytest.mark.parametrize("order", list(Order))
def test_every_order_is_walked_from_end_to_end_without_a_gap(
    engine: Engine, scene: Scene, order: Order
) -> None:
    with writing(engine) as connection:
        for defect in scene.defects[::5]:
            decide(connection, defect.defect_id)
    with reading(engine) as connection:
        truth = sorted(
            defects.known(connection, scene.asset.asset_id), key=lambda d: expected_key(d, order)
        )
        ids = [defect.defect_id for defect in truth]
        assert walk(connection, scene.survey.survey_id, 7, order=order) == ids
        whole = reviewqueue.page(connection, scene.survey.survey_id, order=order, limit=500)
        back = reviewqueue.page(
            connection, scene.survey.survey_id, order=order, before=whole[20].mark, limit=6
        )
        assert [row.defect_id for row in back] == ids[14:20]
        middle = reviewqueue.place(connection, scene.survey.survey_id, ids[20], order)
        assert middle == whole[20]


@pytest.mark.parametrize(
    ("choice", "meant"),
    [
        (Choice(), lambda _d: True),
        (Choice(classes=frozenset({DamageClass.SPALL})), lambda d: d.damage_class == "spall"),
        (Choice(states=frozenset({ReviewState.CONFIRMED})), lambda d: d.state == "confirmed"),
        (Choice(confidence=0.7), lambda d: d.latest.confidence >= 0.7),
        (
            Choice(width_mm=0.35),  # 0.3 ± 0.1 may be as wide; what is below a limit of 0.25 is not
            lambda d: (
                (w := d.latest.measurement.width_mm) is None
                or (w.limit if w.value is None else w.value + w.expanded_uncertainty) >= 0.35
            ),
        ),
        (
            Choice(
                classes=frozenset({DamageClass.CRACK, DamageClass.SPALL}),
                states=frozenset({ReviewState.CANDIDATE}),
                confidence=0.5,
            ),
            lambda d: (
                d.damage_class != "rust_stain"
                and d.state == "candidate"
                and d.latest.confidence >= 0.5
            ),
        ),
    ],
)
def test_a_choice_lists_and_counts_what_it_says(
    engine: Engine, scene: Scene, choice: Choice, meant: Callable[[Any], bool]
) -> None:
    with writing(engine) as connection:
        for defect in scene.defects[:9]:
            decide(connection, defect.defect_id)
    with reading(engine) as connection:
        known = defects.known(connection, scene.asset.asset_id)
        wanted = {one.defect_id for one in known if meant(one)}
        survey_id = scene.survey.survey_id
        assert set(walk(connection, survey_id, 11, chosen=choice)) == wanted
        counted = reviewqueue.counts(connection, survey_id, choice)
        assert (counted.matched, counted.total) == (len(wanted), len(known))
        for damage_class, n in counted.by_class.items():
            alone = Choice(
                classes=frozenset({damage_class}),
                states=choice.states,
                width_mm=choice.width_mm,
                confidence=choice.confidence,
            )
            assert len(walk(connection, survey_id, 500, chosen=alone)) == n


def test_a_decision_moves_a_row_and_no_mark(engine: Engine, scene: Scene) -> None:
    survey_id = scene.survey.survey_id
    with writing(engine) as connection:
        before = reviewqueue.page(connection, survey_id, order=Order.URGENT, limit=10)
        first = before[0]
        was = reviewqueue.revision(connection, survey_id)
        decide(connection, first.defect_id, action=Action.REJECT, reason=RejectReason.SHADOW)
    with reading(engine) as connection:
        assert reviewqueue.revision(connection, survey_id) == was + 1
        now = reviewqueue.page(connection, survey_id, order=Order.URGENT, after=first.mark, limit=9)
        assert now == before[1:], "who goes on from where they stood misses nothing"
        row = reviewqueue.place(connection, survey_id, first.defect_id, Order.URGENT)
        assert (row.state, row.version) == (ReviewState.REJECTED, 2)
        assert walk(connection, survey_id, 50, order=Order.URGENT)[-1] == first.defect_id


def test_a_person_s_class_outranks_the_machine_s(engine: Engine, scene: Scene) -> None:
    defect = scene.defects[0]
    with writing(engine) as connection:
        decide(
            connection,
            defect.defect_id,
            action=Action.RECLASSIFY,
            damage_class=DamageClass.POTHOLE,
        )
    with reading(engine) as connection:
        only = Choice(classes=frozenset({DamageClass.POTHOLE}))
        assert walk(connection, scene.survey.survey_id, 5, chosen=only) == [defect.defect_id]


def test_what_others_have_superseded_is_shown_only_when_asked_for(
    engine: Engine, scene: Scene
) -> None:
    gone = scene.defects[0].defect_id
    with writing(engine) as connection:
        connection.execute(
            sa.update(defect_table)
            .where(defect_table.c.defect_id == gone)
            .values(state=ReviewState.SUPERSEDED.value, version=2)
        )
    survey_id = scene.survey.survey_id
    asked = Choice(states=frozenset({ReviewState.SUPERSEDED}))
    with reading(engine) as connection:
        assert gone not in walk(connection, survey_id, 50)
        assert reviewqueue.total(connection, survey_id) == 39
        assert walk(connection, survey_id, 50, chosen=asked) == [gone]
        every = reviewqueue.counts(connection, survey_id)
        assert (every.total, every.matched, sum(every.by_class.values())) == (39, 39, 39)
        only = reviewqueue.counts(connection, survey_id, asked)
        assert (only.total, only.matched, sum(only.by_class.values())) == (39, 1, 1)
