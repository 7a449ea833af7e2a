"""Defects come back exactly, once, where they are; machines never overwrite what people decided."""

import uuid
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
import shapely
import shapely.affinity
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, func, select

from inspection.domain.defect import Defect, ReviewState
from inspection.domain.measurement import Quantity
from inspection.domain.review import Action, Verdict
from inspection.domain.taxonomy import DamageClass
from inspection.errors import BadGeometry, BadInput, Conflict, NotFound
from inspection.geo.frames import WGS84_LONLAT, to_crs
from inspection.geo.grid import LOCAL_CRS
from inspection.store import assets, defects, observations, orthomosaics, reviews, spatial, tables
from inspection.store.engine import reading, writing
from tests.support.records import (
    EAST_M,
    NOON,
    NORTH_M,
    PLANE_CRS,
    Scene,
    make_asset,
    make_defect,
    make_measurement,
    make_mosaic,
    make_observation,
    make_scene,
    named,
    save_scene,
)

LATER = NOON + timedelta(days=400)

number = st.floats(allow_nan=False, allow_infinity=False, width=64)


def _counts(connection: Connection) -> dict[str, int]:
    return {
        table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
        for table in tables.metadata.sorted_tables
    }


def _ids(rows: tuple[Defect, ...]) -> list[uuid.UUID]:
    return [defect.defect_id for defect in rows]


def test_defects_come_back_exactly(scene: Scene, engine: Engine) -> None:
    with reading(engine) as connection:
        assert defects.known(connection, "ISK-0123") == scene.defects
        assert defects.by_id(connection, scene.defects[1].defect_id) == scene.defects[1]
        seen = observations.of_survey(connection, scene.survey.survey_id)
        assert seen == tuple(defect.latest for defect in scene.defects)


def test_saving_twice_adds_nothing_and_changes_nothing(scene: Scene, engine: Engine) -> None:
    with writing(engine) as connection:
        before = _counts(connection)
        save_scene(connection, scene)
        defects.save(connection, scene.defects, now=LATER)
        assert _counts(connection) == before
        assert defects.find(connection, updated_after=LATER).total == 0


@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
    ],  # observations replace each other
)
@given(width_mm=st.none() | number, confidence=st.floats(0, 1), y=number)
def test_any_measurement_and_geometry_come_back(
    scene: Scene,
    engine: Engine,
    width_mm: float | None,
    confidence: float,
    y: float,
) -> None:
    measured = replace(
        make_measurement(width_mm), length_m=Quantity(value=y, expanded_uncertainty=0.1)
    )
    seen = replace(
        scene.defects[0].latest,
        confidence=confidence,
        measurement=measured,
        axis_surface_m=shapely.LineString([(0.1, y), (1.0, -y)]),
        anchor_surface_m=(y, y),
    )
    with writing(engine) as connection:
        observations.save(connection, [seen])
        assert defects.by_id(connection, scene.defects[0].defect_id).latest == seen


def test_numbers_of_numpy_stay_numbers(scene: Scene, engine: Engine) -> None:
    seen = replace(
        scene.defects[0].latest,
        confidence=np.float32(0.5),
        anchor_surface_m=tuple(np.array([0.25, 0.5], dtype=np.float32)),
        box_px=tuple(np.array([1, 2, 3, 4], dtype=np.int64)),
    )
    with writing(engine) as connection:
        observations.save(connection, [seen])
        kept = observations.of_survey(connection, scene.survey.survey_id)[0]
    assert (kept.confidence, kept.anchor_surface_m, kept.box_px) == (0.5, (0.25, 0.5), (1, 2, 3, 4))
    assert {type(value) for value in (kept.confidence, *kept.anchor_surface_m)} == {float}


def test_an_outline_without_extent_is_refused(scene: Scene, engine: Engine) -> None:
    nowhere = replace(scene.defects[0].latest, outline_surface_m=shapely.Polygon())
    with pytest.raises(BadGeometry, match="without an extent"), writing(engine) as connection:
        observations.save(connection, [nowhere])


def test_an_observation_needs_its_mosaic(scene: Scene, engine: Engine) -> None:
    unsaved = make_observation(make_mosaic(scene.survey, 999))
    with pytest.raises(Conflict), writing(engine) as connection:
        observations.save(connection, [unsaved])


def _second_visit(connection: Connection, first: Scene) -> Defect:
    """See the first defect again a day later, as another class."""
    second = make_scene(2, defect_count=1)
    save_scene(connection, replace(second, defects=()))
    again = replace(second.defects[0].latest, damage_class=DamageClass.ALLIGATOR_CRACK)
    old = first.defects[0]
    return replace(
        old,
        damage_class=DamageClass.ALLIGATOR_CRACK,
        latest=again,
        observation_ids=(*old.observation_ids, again.observation_id),
    )


def test_a_second_survey_renews_the_machine_values(scene: Scene, engine: Engine) -> None:
    with writing(engine) as connection:
        grown = _second_visit(connection, scene)
        defects.save(connection, [grown], now=LATER)
        assert defects.by_id(connection, grown.defect_id) == grown
        changed = defects.find(connection, updated_after=LATER, updated_before=LATER)
        assert changed.rows == (grown,)
        assert observations.of_defect(connection, grown.defect_id) == (
            scene.defects[0].latest,
            grown.latest,
        )


def test_machines_never_overwrite_what_people_decided(scene: Scene, engine: Engine) -> None:
    verdict = Verdict(
        verdict_id=named("verdict"),
        defect_id=scene.defects[0].defect_id,
        action=Action.CONFIRM,
        reviewer="Sato",
        decided_at=NOON,
        expected_version=1,
        damage_class=DamageClass.SPALL,
    )
    with writing(engine) as connection:
        reviews.record(connection, verdict)
        defects.save(connection, [_second_visit(connection, scene)], now=LATER)
        kept = defects.by_id(connection, scene.defects[0].defect_id)
    assert (kept.state, kept.version) == (ReviewState.CONFIRMED, 2)
    assert kept.damage_class_reviewed is DamageClass.SPALL
    assert kept.damage_class is DamageClass.ALLIGATOR_CRACK


def test_observations_once_tied_stay_tied(scene: Scene, engine: Engine) -> None:
    with writing(engine) as connection:
        grown = _second_visit(connection, scene)
        forgetful = replace(grown, observation_ids=())
        defects.save(connection, [forgetful], now=LATER)
        assert defects.by_id(connection, grown.defect_id) == grown


def test_one_sighting_is_not_two_damages(scene: Scene, engine: Engine) -> None:
    stolen = replace(
        scene.defects[1],
        observation_ids=(scene.defects[0].observation_ids[0], *scene.defects[1].observation_ids),
    )
    with pytest.raises(Conflict, match="two damages"), writing(engine) as connection:
        defects.save(connection, [stolen], now=LATER)


def test_a_new_defect_cannot_be_reviewed_already(scene: Scene, engine: Engine) -> None:
    claimed = make_defect(make_observation(scene.mosaic, 9), state=ReviewState.CONFIRMED)
    with pytest.raises(Conflict, match="verdicts only"), writing(engine) as connection:
        defects.save(connection, [claimed], now=NOON)
    with reading(engine) as connection, pytest.raises(NotFound):
        defects.by_id(connection, claimed.defect_id)


def test_a_defect_does_not_change_its_asset(scene: Scene, engine: Engine) -> None:
    with pytest.raises(Conflict, match="belongs to asset"), writing(engine) as connection:
        assets.save(connection, make_asset("other"))
        defects.save(connection, [replace(scene.defects[0], asset_id="other")], now=LATER)


def test_defects_are_found_by_what_they_are(scene: Scene, engine: Engine) -> None:
    reclassified = Verdict(
        verdict_id=named("verdict"),
        defect_id=scene.defects[2].defect_id,
        action=Action.RECLASSIFY,
        reviewer="Sato",
        decided_at=LATER,
        expected_version=1,
        damage_class=DamageClass.SPALL,
    )
    with writing(engine) as connection:
        reviews.record(connection, reclassified)
    crack, spall = DamageClass.CRACK, DamageClass.SPALL
    with reading(engine) as connection:

        def found(**conditions: object) -> list[uuid.UUID]:
            page = defects.find(connection, **conditions)  # type: ignore[arg-type]
            assert page.total == len(page.rows)
            return _ids(page.rows)

        ids = _ids(scene.defects)
        assert found() == ids
        assert found(classes=[crack]) == ids[:2]
        assert found(classes=[spall]) == ids[2:]
        assert found(classes=[crack, spall]) == ids
        assert found(states=[ReviewState.CONFIRMED]) == []
        assert found(states=[ReviewState.CANDIDATE]) == ids
        assert found(asset_id="other") == []
        assert found(survey_id=scene.survey.survey_id) == ids
        assert found(survey_id=named("other")) == []
        assert found(surface_crs=PLANE_CRS) == ids
        assert found(surface_crs=LOCAL_CRS) == []
        assert found(updated_before=NOON) == ids[:2]
        assert found(updated_after=NOON) == ids
        assert found(updated_after=NOON + timedelta(microseconds=1)) == ids[2:]
        with pytest.raises(BadInput, match="time zone"):
            found(updated_after=NOON.replace(tzinfo=None))


def test_pages_give_every_defect_once(scene: Scene, engine: Engine) -> None:
    with reading(engine) as connection:
        pages = [defects.find(connection, limit=2, offset=n) for n in (0, 2, 4)]
    assert [_ids(page.rows) for page in pages] == [
        _ids(scene.defects[:2]),
        _ids(scene.defects[2:]),
        [],
    ]
    assert {page.total for page in pages} == {3}


def test_a_box_on_the_surface_finds_what_it_meets(scene: Scene, engine: Engine) -> None:
    ids = _ids(scene.defects)  # at 1, 2, 3 m from the west edge, 0.9 m long, 5 m from the south
    with reading(engine) as connection:

        def found(west: float, south: float, east: float, north: float) -> list[uuid.UUID]:
            box = (EAST_M + west, NORTH_M + south, EAST_M + east, NORTH_M + north)
            return _ids(defects.find(connection, bbox_surface=box).rows)

        assert found(0, 0, 40, 20) == ids
        assert found(0.0, 4.0, 0.549, 6.0) == []
        assert found(0.0, 4.0, 0.551, 6.0) == ids[:1]
        assert found(1.9, 4.999, 2.1, 5.001) == ids[1:2]
        assert found(1.9, 5.011, 2.1, 6.0) == []
        assert found(1.4, 0, 2.6, 20) == ids
        with pytest.raises(BadInput, match="x0 ≤ x1"):
            found(2, 0, 1, 20)


def test_a_box_in_degrees_finds_what_it_meets(scene: Scene, engine: Engine) -> None:
    corners = [(EAST_M + x, NORTH_M + y) for x, y in [(1.5, 4.0), (2.5, 6.0)]]
    (west, south), (east, north) = to_crs(corners, PLANE_CRS, WGS84_LONLAT)
    with reading(engine) as connection:

        def found(box: tuple[float, float, float, float]) -> list[uuid.UUID]:
            return _ids(defects.find(connection, bbox_lonlat=box).rows)

        assert found((west, south, east, north)) == _ids(scene.defects[1:2])
        assert found((-180, -90, 180, 90)) == _ids(scene.defects)
        assert found((-170, -90, -160, 90)) == []
        assert found((130, 30, -170, 40)) == _ids(scene.defects)  # over the antimeridian
        assert found((170, 30, -170, 40)) == []
        with pytest.raises(BadInput, match="all finite"):
            found((0, float("nan"), 1, 1))


def test_a_slanting_crack_does_not_fill_its_box(scene: Scene, engine: Engine) -> None:
    x, y = EAST_M + 20.0, NORTH_M + 10.0
    slanting = shapely.LineString([(x, y), (x + 4, y + 4)]).buffer(0.01)
    seen = make_observation(
        scene.mosaic, 20, outline_surface_m=slanting, anchor_surface_m=(x + 2, y + 2)
    )
    corner, middle = (x + 3, y, x + 4, y + 1), (x + 1.5, y + 1.5, x + 2.5, y + 2.5)
    with writing(engine) as connection:
        defects.save(connection, [make_defect(seen)], now=NOON)
        for box, count in ((corner, 0), (middle, 1)):
            assert defects.find(connection, bbox_surface=box).total == count
            west, south = to_crs([box[:2]], PLANE_CRS, WGS84_LONLAT)[0]
            east, north = to_crs([box[2:]], PLANE_CRS, WGS84_LONLAT)[0]
            found = defects.find(connection, bbox_lonlat=(west, south, east, north))
            assert found.total == count


def test_an_outline_that_crosses_itself_can_be_found(scene: Scene, engine: Engine) -> None:
    x, y = EAST_M + 20.0, NORTH_M + 10.0
    bow_tie = shapely.Polygon([(x, y), (x + 1, y + 1), (x + 1, y), (x, y + 1)])
    assert not bow_tie.is_valid
    seen = make_observation(scene.mosaic, 20, outline_surface_m=bow_tie)
    whole = (x, y, x + 1, y + 1)
    with writing(engine) as connection:
        defects.save(connection, [make_defect(seen)], now=NOON)
        found = defects.find(connection, bbox_surface=whole)
        assert found.rows[0].latest.outline_surface_m == bow_tie
        west, south = to_crs([whole[:2]], PLANE_CRS, WGS84_LONLAT)[0]
        east, north = to_crs([whole[2:]], PLANE_CRS, WGS84_LONLAT)[0]
        assert defects.find(connection, bbox_lonlat=(west, south, east, north)).total == 1


def test_a_local_survey_is_found_on_its_surface_only(engine: Engine) -> None:
    scene = make_scene(crs=LOCAL_CRS)
    with writing(engine) as connection:
        save_scene(connection, scene)
        assert defects.known(connection, "ISK-0123") == scene.defects
        assert scene.defects[0].latest.anchor_lonlat is None
        assert defects.find(connection, bbox_lonlat=(-180, -90, 180, 90)).total == 0
        near = defects.find(connection, bbox_surface=(0.9, 4, 1.1, 6), surface_crs=LOCAL_CRS)
        assert near.rows == scene.defects[:1]
        other = defects.find(connection, bbox_surface=(0.9, 4, 1.1, 6), surface_crs=PLANE_CRS)
        assert other.total == 0


def test_a_moved_outline_is_found_at_its_new_place_only(scene: Scene, engine: Engine) -> None:
    old = scene.defects[0].latest
    outline = shapely.affinity.translate(old.outline_surface_m, yoff=8)
    moved = replace(old, outline_surface_m=outline)
    there = (EAST_M, NORTH_M + 12, EAST_M + 40, NORTH_M + 14)
    here = (EAST_M, NORTH_M + 4, EAST_M + 40, NORTH_M + 6)
    with writing(engine) as connection:
        observations.save(connection, [moved])
        assert defects.find(connection, bbox_surface=there).total == 1
        assert defects.find(connection, bbox_surface=here).total == 2


def test_thousands_of_defects_are_saved_and_read_in_batches(engine: Engine) -> None:
    scene = make_scene(defect_count=1201)
    with writing(engine) as connection:
        for _ in range(2):
            save_scene(connection, scene)
        assert _counts(connection)["defects"] == 1201
        assert len(defects.known(connection, "ISK-0123")) == 1201
        page = defects.find(connection, limit=1000, offset=1000)
        assert page.rows == scene.defects[1000:]


@pytest.mark.parametrize("kind", ["lonlat", "surface"])
def test_a_box_is_answered_by_an_index(scene: Scene, engine: Engine, kind: str) -> None:
    """Ask each engine for its plan; PostgreSQL is told not to read small tables whole."""
    sqlite = engine.dialect.name == "sqlite"
    build = spatial.meets_lonlat if kind == "lonlat" else spatial.meets_surface
    query = select(tables.observations.c.seq).where(build(engine.dialect.name, (0, 0, 1, 1)))
    with writing(engine) as connection:
        orthomosaics.save(connection, scene.mosaic)
        literal = query.compile(connection, compile_kwargs={"literal_binds": True})
        if not sqlite:
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        explain = "EXPLAIN QUERY PLAN" if sqlite else "EXPLAIN"
        plan = "\n".join(str(row) for row in connection.exec_driver_sql(f"{explain} {literal}"))
    index = {"lonlat": "gix_observations_outline_lonlat", "surface": "gix_observations_surface_box"}
    assert ("VIRTUAL TABLE INDEX" if sqlite else index[kind]) in plan
