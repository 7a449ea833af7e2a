"""One defect is graded as the whole list would grade it, however many others there are."""

import random

import pytest
import shapely
from sqlalchemy import Engine

from inspection.domain.asset import AssetKind
from inspection.domain.defect import Defect
from inspection.domain.grade import smallest_spacings_m
from inspection.domain.review import Action, RejectReason
from inspection.domain.taxonomy import DamageClass
from inspection.geo.grid import LOCAL_CRS
from inspection.pipeline import appraisal
from inspection.pipeline.appraisal import appraise_defect, rank_defect
from inspection.pipeline.worklist import draw_up
from inspection.store import assets, defects, reviews, surveys
from inspection.store.engine import reading, writing
from inspection.store.orthomosaics import save as save_mosaic
from tests.services.store.test_store_queue import decide
from tests.support.records import (
    NOON,
    PLANE_CRS,
    Scene,
    make_asset,
    make_defect,
    make_measurement,
    make_mosaic,
    make_observation,
    make_scene,
    make_survey,
)

TODAY = NOON.date()
LAID = (
    DamageClass.SPALL,
    DamageClass.EXPOSED_REBAR,
    DamageClass.RUST_STAIN,
    DamageClass.EFFLORESCENCE,
)


def crowded(scene: Scene, seed: int, count: int) -> tuple[Defect, ...]:
    """Lay cracks of all directions and patches on each other, in a part of the mosaic."""
    rolls = random.Random(seed)
    left, bottom = scene.mosaic.grid.corners_surface_m.min(axis=0).tolist()
    made = []
    for n in range(count):
        x, y = left + rolls.uniform(1, 25), bottom + rolls.uniform(1, 18)
        kind = DamageClass.CRACK if rolls.random() < 0.6 else rolls.choice(LAID)
        if kind is DamageClass.CRACK:
            dx, dy = rolls.choice([(1.5, 0.0), (1.5, 0.1), (0.0, 1.2)])
            axis = shapely.LineString([(x, y), (x + dx, y + dy)])
            shape, width = axis.buffer(0.005), rolls.choice([None, 0.1, 0.25, 0.5])
        else:
            axis, width = None, None
            shape = shapely.box(x, y, x + rolls.uniform(0.2, 2), y + rolls.uniform(0.2, 2))
        measured = make_measurement(width)
        if kind is not DamageClass.CRACK:
            measured = measured.__class__(
                length_m=None,
                width_mm=None,
                width_mean_mm=None,
                area_m2=measured.area_m2,
                orientation_deg=None,
                gsd_mm_per_px=10.0,
            )
        made.append(
            make_defect(
                make_observation(
                    scene.mosaic,
                    1000 * seed + n,
                    damage_class=kind,
                    outline_surface_m=shape,
                    axis_surface_m=axis,
                    anchor_surface_m=(x, y),
                    measurement=measured,
                )
            )
        )
    return tuple(made)


@pytest.fixture(params=[PLANE_CRS, LOCAL_CRS])
def scene(request: pytest.FixtureRequest, engine: Engine) -> Scene:
    """Write two surveys of one asset, which saw different defects at the same place."""
    bare = make_scene(crs=request.param, defect_count=0)
    made = Scene(
        asset=bare.asset,
        survey=bare.survey,
        mosaic=bare.mosaic,
        defects=crowded(bare, 1, 60),
    )
    second = make_survey(2)
    mosaic = make_mosaic(second, 300, request.param)
    other = crowded(Scene(asset=bare.asset, survey=second, mosaic=mosaic, defects=()), 2, 20)
    with writing(engine) as connection:
        assets.save(connection, made.asset)
        for survey, one in ((made.survey, made.mosaic), (second, mosaic)):
            surveys.save(connection, survey)
            save_mosaic(connection, one)
        defects.save(connection, [*made.defects, *other], now=NOON)
        for number, defect in enumerate(made.defects[:12]):
            if number % 3 == 0:
                decide(
                    connection,
                    defect.defect_id,
                    action=Action.REJECT,
                    reason=RejectReason.SHADOW,
                )
            elif number % 3 == 1:
                decide(
                    connection,
                    defect.defect_id,
                    action=Action.RECLASSIFY,
                    damage_class=DamageClass.RUST_STAIN,
                )
    return made


def test_a_defect_alone_is_graded_as_among_all(engine: Engine, scene: Scene) -> None:
    with reading(engine) as connection:
        _, (whole,) = draw_up(connection, asset_id=scene.asset.asset_id, today=TODAY)
        everyone = defects.known(connection, scene.asset.asset_id)
        spacings = 0
        for defect in everyone:
            alone = appraise_defect(connection, defect, today=TODAY, ranked_most=1)
            assert alone.grade == whole.grades.of_defects.get(defect.defect_id)
            assert (alone.row, alone.is_ranked) == (None, False)
            spacings += alone.grade is not None and "spacing_m" in alone.grade.values
        kinds = {grade.scheme.split("/")[0] for grade in whole.grades.of_defects.values()}
    assert len(everyone) == 80 and len(kinds) >= 3, kinds
    assert spacings > 10, "no crack had a neighbour, so that this proved little"


def test_a_rank_is_the_place_in_the_work_list(engine: Engine, scene: Scene) -> None:
    with reading(engine) as connection:
        listed, _ = draw_up(connection, asset_id=scene.asset.asset_id, today=TODAY)
        for row in listed.rows[::9]:
            defect = defects.by_id(connection, row.defect_id)
            assert rank_defect(connection, defect, today=TODAY).row == row
            small = appraise_defect(connection, defect, today=TODAY)
            assert (small.row, small.is_ranked, small.model) == (row, True, listed.model)
        rejected = defects.by_id(connection, scene.defects[0].defect_id)
        gone = rank_defect(connection, rejected, today=TODAY)
        assert (gone.row, gone.grade, gone.is_ranked) == (None, None, True)


def test_the_work_list_is_right_after_every_verdict(engine: Engine, scene: Scene) -> None:
    """The list is drawn up when it is read: no decision is missing, whoever reads next."""
    with reading(engine) as connection:
        before, _ = draw_up(connection, asset_id=scene.asset.asset_id, today=TODAY)
    victim = before.rows[0]
    with writing(engine) as connection:
        version = defects.by_id(connection, victim.defect_id).version
        decide(
            connection,
            victim.defect_id,
            version,
            action=Action.REJECT,
            reason=RejectReason.STAIN,
        )
        assert reviews.history(connection, victim.defect_id)
    with reading(engine) as connection:
        after, _ = draw_up(connection, asset_id=scene.asset.asset_id, today=TODAY)
        ids = {row.defect_id for row in after.rows}
        assert ids == {row.defect_id for row in before.rows} - {victim.defect_id}
        assert after.left_out["rejected"] == before.left_out["rejected"] + 1


def test_a_pavement_has_no_grades_of_single_defects(engine: Engine) -> None:
    bare = make_scene(defect_count=2)
    with writing(engine) as connection:
        asset = make_asset()
        road = asset.__class__(
            asset_id=asset.asset_id, name="road", kind=AssetKind.PAVEMENT_SECTION
        )
        assets.save(connection, road)
        surveys.save(connection, bare.survey)
        save_mosaic(connection, bare.mosaic)
        defects.save(connection, bare.defects, now=NOON)
    with reading(engine) as connection:
        alone = appraise_defect(connection, bare.defects[0], today=TODAY, ranked_most=1)
        assert alone == appraisal.Appraisal(grade=None, row=None, model="", is_ranked=False)


def test_the_spacing_of_one_is_that_among_all() -> None:
    rolls = random.Random(4)
    lines = [
        shapely.LineString([(x := rolls.uniform(0, 9), y := rolls.uniform(0, 9)), (x + 2, y + 0.1)])
        for _ in range(40)
    ]
    whole = smallest_spacings_m(lines)
    assert [smallest_spacings_m(lines, only=n)[n] for n in range(40)] == whole
    assert any(spacing is not None for spacing in whole)
    assert smallest_spacings_m(lines, only=-1) == [None] * 40
