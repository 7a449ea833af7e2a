"""The queue of a survey on both engines: what the database keeps by itself is always the truth."""

import random
import uuid
from collections.abc import Callable
from typing import Any

import pytest
import shapely
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine

from inspection.domain.defect import Defect, ReviewState
from inspection.domain.measurement import Quantity
from inspection.domain.review import Action, RejectReason, Verdict
from inspection.domain.taxonomy import DamageClass
from inspection.errors import BadInput, Broken, NotFound
from inspection.store import (
    defects,
    observations,
    orthomosaics,
    reviewqueue,
    reviews,
    surveys,
)
from inspection.store.engine import reading, writing
from inspection.store.migrations.versions import r0047_scale
from inspection.store.queue_tables import derived, survey_defects
from inspection.store.reviewqueue import Choice, Order
from inspection.store.scope import Scope, scoped
from inspection.store.tables import defect_observations
from inspection.store.tables import defects as defect_table
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

KINDS = (DamageClass.CRACK, DamageClass.SPALL, DamageClass.RUST_STAIN)


def a_quantity(value: float | None, limit: float = 0.0) -> Quantity:
    return Quantity(
        value=value,
        expanded_uncertainty=None if value is None else 0.1,
        limit=limit,
        below_limit=value is None,
    )


def many(scene: Scene, count: int, seed: int = 5) -> tuple[Defect, ...]:
    """Make defects of all kinds and sizes; some have equal sizes, some no width."""
    rolls = random.Random(seed)
    made = []
    for n in range(count):
        kind = rolls.choice(KINDS)
        linear = kind is DamageClass.CRACK
        width = a_quantity(rolls.choice([None, 0.1, 0.3, 1.0]), limit=0.25) if linear else None
        seen = make_observation(
            scene.mosaic,
            n + 100,
            damage_class=kind,
            confidence=rolls.choice([0.3, 0.5, 0.7, 0.9]),
            measurement=make_measurement().__class__(
                length_m=a_quantity(rolls.choice([0.5, 1.0, 2.0])) if linear else None,
                width_mm=width,
                width_mean_mm=None,
                area_m2=a_quantity(rolls.choice([0.01, 1.0])),
                orientation_deg=None,
                gsd_mm_per_px=10.0,
            ),
        )
        made.append(make_defect(seen))
    return tuple(made)


@pytest.fixture
def scene(engine: Engine) -> Scene:
    """Write a survey with forty defects."""
    bare = make_scene(defect_count=0)
    made = Scene(asset=bare.asset, survey=bare.survey, mosaic=bare.mosaic, defects=many(bare, 40))
    with writing(engine) as connection:
        save_scene(connection, made)
    return made


def decide(connection: Connection, defect_id: uuid.UUID, version: int = 1, **how: Any) -> None:
    told: dict[str, Any] = {"action": Action.CONFIRM, **how}
    reviews.record(
        connection,
        Verdict(
            verdict_id=uuid.uuid4(),
            defect_id=defect_id,
            reviewer="Yamada",
            decided_at=NOON,
            expected_version=version,
            **told,
        ),
    )


def expected_key(defect: Defect, order: Order) -> tuple[Any, ...]:
    """Say by plain words what a reviewer sees first."""
    seen = defect.latest
    length = seen.measurement.length_m
    square = length.value**2 if length and length.value else seen.measurement.area_m2.value or 0
    unsure = 4 * seen.confidence * (1 - seen.confidence)
    decided = defect.state is not ReviewState.CANDIDATE
    return {
        Order.SIZE: (-square, defect.defect_id),
        Order.URGENT: (decided, -unsure * unsure * square, defect.defect_id),
        Order.UNCERTAIN: (decided, -unsure, defect.defect_id),
    }[order]


def walk(connection: Connection, survey_id: uuid.UUID, limit: int, **how: Any) -> list[uuid.UUID]:
    ids: list[uuid.UUID] = []
    mark = None
    while page := reviewqueue.page(connection, survey_id, limit=limit, after=mark, **how):
        ids += [row.defect_id for row in page]
        mark = page[-1].mark
    return ids


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


def rows_of(connection: Connection) -> list[tuple[Any, ...]]:
    c = survey_defects.c
    columns = [column for column in c if column.name not in ("seq", "survey_seq")]
    return sorted(
        (tuple(row) for row in connection.execute(sa.select(*columns))),
        key=lambda row: (str(row[0]), str(row[1])),
    )


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
            sa.text(r0047_scale.see(engine.dialect.name, "1 = 1").replace(":", "\\:"))
        )
        assert rows_of(connection) == kept
        assert len(kept) == 40


def _changed(seen: Any, confidence: float) -> dict[str, Any]:
    return {name: getattr(seen, name) for name in seen.__slots__} | {"confidence": confidence}


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
