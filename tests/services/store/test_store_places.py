"""Where things lie: boxes, the date line, local frames, footprints; both engines say the same."""

import uuid
from datetime import timedelta

import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from inspection.domain.taxonomy import DamageClass
from inspection.errors import BadGeometry, BadInput
from inspection.geo.grid import LOCAL_CRS
from inspection.store import (
    catalogue,
    defects,
    observations,
    orthomosaics,
    photos,
    spatial,
    surveys,
)
from inspection.store.engine import reading, writing
from inspection.store.page import LIMIT_MAX, OFFSET_MAX, Page, check_window
from inspection.store.spatial import Box, intersects_box, split_at_antimeridian
from tests.support.records import (
    EAST_M,
    NOON,
    NORTH_M,
    PLANE_CRS,
    Scene,
    digest,
    make_defect,
    make_mosaic,
    make_observation,
    make_photo,
    make_scene,
    make_survey,
    save_scene,
)

ON_BOTH = settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def found(engine: Engine, **conditions: object) -> set[uuid.UUID]:
    with reading(engine) as connection:
        page = defects.find(connection, limit=LIMIT_MAX, **conditions)  # type: ignore[arg-type]
    assert page.total == len(page.rows)
    return {one.defect_id for one in page.rows}


# boxes on the surface

CORNERS = st.tuples(*[st.floats(-3, 8, allow_nan=False)] * 2, *[st.floats(3, 7)] * 2)


@given(CORNERS)
@ON_BOTH
def test_a_box_finds_what_shapely_finds(
    engine: Engine, scene: Scene, corners: tuple[float, ...]
) -> None:
    x0, x1 = sorted(corners[:2])
    y0, y1 = sorted(corners[2:])
    box = (EAST_M + x0, NORTH_M + y0, EAST_M + x1, NORTH_M + y1)
    wanted = {
        one.defect_id
        for one in scene.defects
        if one.latest.outline_surface_m.intersects(shapely.box(*box))
    }
    assert found(engine, bbox_surface=box) == wanted


@pytest.mark.parametrize("edge", ["west", "south", "east", "north"])
def test_touching_counts_and_a_hair_beyond_does_not(
    engine: Engine, scene: Scene, edge: str
) -> None:
    west, south, east, north = scene.defects[0].latest.outline_surface_m.bounds
    far = {"west": (west - 1, south, west, north), "east": (east, south, east + 0.05, north),
           "south": (west, south - 1, east, south), "north": (west, north, east,
           north + 1)}  # fmt: skip
    hair = 1e-6
    moved = {"west": (-1, 0, -hair, 0), "east": (hair, 0, hair, 0), "south": (0, -1, 0, -hair),
             "north": (0, hair, 0, 1)}  # fmt: skip
    first = scene.defects[0].defect_id
    assert first in found(engine, bbox_surface=far[edge])
    beyond = tuple(a + b for a, b in zip(far[edge], moved[edge], strict=True))
    assert first not in found(engine, bbox_surface=beyond)


def test_a_box_without_extent_is_a_point_and_one_upside_down_is_refused(
    engine: Engine, scene: Scene
) -> None:
    one = scene.defects[1]
    x, y = one.latest.anchor_surface_m
    assert found(engine, bbox_surface=(x, y, x, y)) == {one.defect_id}
    lon, lat = one.latest.anchor_lonlat or (0.0, 0.0)
    assert found(engine, bbox_lonlat=(lon, lat, lon, lat)) == {one.defect_id}
    for box, says in (
        ((x, y, x - 1, y), "x0 ≤ x1"), ((x, y, x, y - 1), "y0 ≤ y1"),
        ((float("nan"), y, x, y), "all finite"), ((x, y, float("inf"), y), "all finite"),
    ):  # fmt: skip
        with pytest.raises(BadInput, match=says):
            found(engine, bbox_surface=box)
    with pytest.raises(BadInput, match="y0 ≤ y1"):
        found(engine, bbox_lonlat=(0, 1, 1, 0))


def test_a_box_without_extent_means_the_same_when_only_one_row_is_asked(engine: Engine) -> None:
    alone = make_scene(defect_count=1)
    with writing(engine) as connection:
        save_scene(connection, alone)
    seen, wanted = alone.defects[0].latest, {alone.defects[0].defect_id}
    (x, y), (lon, lat) = seen.anchor_surface_m, seen.anchor_lonlat or (0.0, 0.0)
    for width, height in ((0.0, 0.0), (1e-7, 0.0), (0.0, 1e-7)):
        assert found(engine, bbox_lonlat=(lon, lat, lon + width, lat + height)) == wanted
        assert found(engine, bbox_surface=(x, y, x + width, y + height)) == wanted
        beyond = (lon + 1e-4, lat, lon + 1e-4 + width, lat + height)
        assert found(engine, bbox_lonlat=beyond) == set()
        assert found(engine, bbox_surface=(x, y + 1, x + width, y + 1 + height)) == set()


# the date line


@given(st.floats(-180, 180), st.floats(-180, 180), st.floats(-180, 180))
def test_a_split_box_holds_the_longitudes_from_west_eastwards(
    west: float, east: float, lon: float
) -> None:
    parts = split_at_antimeridian((west, -10.0, east, 10.0))
    held = any(part[0] <= lon <= part[2] for part in parts)
    wanted = west <= lon <= east if west <= east else lon >= west or lon <= east
    assert held is wanted
    assert all(part[0] <= part[2] and part[1:4:2] == (-10.0, 10.0) for part in parts)


@pytest.mark.parametrize(
    ("box", "meets"),
    [((136.0, 36.0, 137.0, 37.0), True), ((137.0, 36.0, 136.0, 37.0), False),
     ((136.7, 36.0, -170.0, 37.0), False), ((170.0, 36.0, 136.7, 37.0), True),
     ((-180, -90, 180, 90), True), ((180.0, -90.0, -180.0, 90.0), False)],
)  # fmt: skip
def test_boxes_that_cross_the_date_line(
    engine: Engine, scene: Scene, box: Box, meets: bool
) -> None:
    assert found(engine, bbox_lonlat=box) == (
        {one.defect_id for one in scene.defects} if meets else set()
    )
    with reading(engine) as connection:
        prints = catalogue.footprints(connection, bbox_lonlat=box)
    assert len(prints) == meets


# outlines


@pytest.mark.parametrize(
    "outline",
    [shapely.Polygon(), shapely.Polygon([(0, 0), (1, 0), (float("inf"), 1)])],
)
def test_outlines_that_are_none_are_refused_and_nothing_is_written(
    engine: Engine, scene: Scene, outline: shapely.Polygon
) -> None:
    good = make_observation(scene.mosaic, 9)
    bad = make_observation(scene.mosaic, 10, outline_surface_m=outline)
    with pytest.raises(BadGeometry), writing(engine) as connection:
        observations.save(connection, [good, bad])
    with reading(engine) as connection:
        assert len(observations.of_survey(connection, scene.survey.survey_id)) == 3


def test_a_geometry_that_is_missing_meets_nothing() -> None:
    assert not intersects_box(None, 0, 0, 1, 1)
    bow = shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])  # crosses itself
    assert intersects_box(shapely.to_wkb(bow), 0.9, 0.9, 1.1, 1.1)
    assert not intersects_box(shapely.to_wkb(bow), 0.9, 1.6, 1.1, 1.9)


# frames and footprints


def test_a_survey_in_a_local_frame_lies_nowhere_on_the_earth(engine: Engine, scene: Scene) -> None:
    survey = make_survey(7, map_crs=LOCAL_CRS)
    mosaic = make_mosaic(survey, 700, LOCAL_CRS)
    seen = make_observation(mosaic, 1)
    with writing(engine) as connection:
        surveys.save(connection, survey)
        orthomosaics.save(connection, mosaic)
        defects.save(connection, [make_defect(seen)], now=NOON)
        assert catalogue.frames(connection) == (PLANE_CRS,)
        assert [one.survey_id for one in catalogue.footprints(connection)] == [
            scene.survey.survey_id
        ]
        back = orthomosaics.by_sha256(connection, digest(700))
        assert (back.grid.crs, back.georeferenced) == (LOCAL_CRS, False)
    assert found(engine, surface_crs=LOCAL_CRS) == {make_defect(seen).defect_id}
    assert make_defect(seen).defect_id not in found(engine, bbox_lonlat=(-180, -90, 180, 90))
    assert found(engine, survey_id=survey.survey_id) == {make_defect(seen).defect_id}


def test_bounds_hold_every_footprint(engine: Engine, scene: Scene) -> None:
    with writing(engine) as connection:
        outline = catalogue.footprints(connection)[0].outline_lonlat
        assert catalogue.bounds_lonlat(connection) == outline.bounds
        moved = make_survey(2, created_at=NOON + timedelta(days=9))
        surveys.save(connection, moved)
        orthomosaics.save(connection, make_mosaic(moved, 200, "EPSG:6669"))  # system I, Nagasaki
        west, south, east, north = catalogue.bounds_lonlat(connection) or (0, 0, 0, 0)
        for one in catalogue.footprints(connection):
            assert shapely.box(west, south, east, north).covers(one.outline_lonlat)
        assert catalogue.frames(connection) == ("EPSG:6669", PLANE_CRS)
        assert [one.mosaic_sha256 for one in catalogue.footprints(connection)] == [
            digest(200), scene.mosaic.sha256,
        ]  # fmt: skip


def test_many_surveys_are_counted_in_batches(
    engine: Engine, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue, "CHUNK", 2)
    made = [make_survey(n) for n in range(10, 15)]
    with writing(engine) as connection:
        for n, survey in enumerate(made):
            surveys.save(connection, survey)
            photos.save(connection, survey.survey_id, [make_photo(p) for p in range(n)])
        counts = catalogue.photo_counts(connection, {one.survey_id for one in made})
        assert counts == {one.survey_id: n for n, one in enumerate(made) if n}


# pages


@pytest.mark.parametrize(("limit", "offset"), [(1, 0), (LIMIT_MAX, 0), (1, OFFSET_MAX)])
def test_a_window_at_its_bounds_is_answered(
    engine: Engine, scene: Scene, limit: int, offset: int
) -> None:
    check_window(limit, offset)
    with reading(engine) as connection:
        page = defects.find(connection, limit=limit, offset=offset)
    assert page.total == 3
    assert len(page.rows) == max(0, min(limit, 3 - offset))
    assert isinstance(page, Page) and scene.defects


def test_conditions_narrow_each_other_and_empty_choices_choose_all(
    engine: Engine, scene: Scene
) -> None:
    everything = {one.defect_id for one in scene.defects}
    assert found(engine, classes=(), states=()) == everything
    assert found(engine, classes=[DamageClass.CRACK], asset_id=scene.asset.asset_id) == everything
    assert found(engine, classes=[DamageClass.POTHOLE]) == set()
    assert found(engine, updated_after=NOON, updated_before=NOON) == everything
    assert found(engine, updated_after=NOON + timedelta(microseconds=1)) == set()
    assert found(engine, updated_before=NOON - timedelta(microseconds=1)) == set()
    for name in ("updated_after", "updated_before"):
        with pytest.raises(BadInput, match="needs a time zone"):
            found(engine, **{name: NOON.replace(tzinfo=None)})
    assert spatial.check_box((0, 0, 0, 0)) == (0, 0, 0, 0)
