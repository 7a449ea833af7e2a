"""Vector tiles on both engines, read back by GDAL: one contract for PostGIS and our own."""

import random
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyogrio
import pytest
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Engine

from inspection.domain.defect import ReviewState
from inspection.domain.raster import Orthomosaic
from inspection.errors import NotFound
from inspection.geo.grid import LOCAL_CRS
from inspection.store import defects as defect_rows
from inspection.store import defecttiles, surveys
from inspection.store.defecttiles import BUFFER, EXTENT, TILE_PX, TileWindow
from inspection.store.engine import reading, writing
from inspection.store.orthomosaics import save as save_mosaic
from inspection.store.queuechoice import Choice
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
    named,
    save_scene,
)

FEW = 60
"""How many a tile draws here; the real number only takes longer."""

Read = dict[str, tuple[BaseGeometry, Mapping[str, Any]]]
"""Geometry in units of the tile, y up, and properties, by the identifier of the defect."""


def read_tile(content: bytes) -> Read:
    """Read a tile with GDAL, which knows nothing of ours."""
    if not content:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tile.mvt"
        path.write_bytes(content)
        meta, _, shapes, columns = pyogrio.raw.read(path, layer="defects")
    fields = [str(name) for name in meta["fields"]]
    rows = [dict(zip(fields, row, strict=True)) for row in zip(*columns, strict=True)]
    return {
        row["id"]: (shape, row) for shape, row in zip(shapely.from_wkb(shapes), rows, strict=True)
    }


def frame_of(mosaic: Orthomosaic) -> str:
    crs = mosaic.grid.crs
    return f"LOCAL {mosaic.sha256}" if crs == LOCAL_CRS else crs


def window(mosaic: Orthomosaic, x_m: float, y_m: float, gsd_m: float) -> TileWindow:
    """Give a tile whose lower left corner lies so far from that of the mosaic."""
    left, bottom = mosaic.grid.corners_surface_m.min(axis=0).tolist()
    side = TILE_PX * gsd_m
    return TileWindow(
        box_m=(left + x_m, bottom + y_m, left + x_m + side, bottom + y_m + side),
        frame=frame_of(mosaic),
    )


def to_units(shape: BaseGeometry, on: TileWindow) -> BaseGeometry:
    x0, y0, x1, _ = on.box_m
    return shapely.transform(shape, lambda xy: (xy - [x0, y0]) * EXTENT / (x1 - x0))


@pytest.fixture(params=[PLANE_CRS, LOCAL_CRS])
def scene(request: pytest.FixtureRequest, engine: Engine) -> Scene:
    """Write six cracks a metre from each other, 0.9 m long and 2 cm wide."""
    made = make_scene(crs=request.param, defect_count=6)
    with writing(engine) as connection:
        save_scene(connection, made)
    return made


def draw(engine: Engine, scene: Scene, on: TileWindow, choice: Choice | None = None) -> Read:
    with reading(engine) as connection:
        return read_tile(defecttiles.draw(connection, scene.survey.survey_id, on, choice))


def test_large_defects_are_drawn_by_their_outlines(engine: Engine, scene: Scene) -> None:
    on = window(scene.mosaic, 0.0, 0.0, 0.02)  # 10.24 m; the cracks lie at 5 m from below
    drawn = draw(engine, scene, on)
    assert set(drawn) == {str(defect.defect_id) for defect in scene.defects}
    for defect in scene.defects:
        shape, told = drawn[str(defect.defect_id)]
        truth = to_units(defect.latest.outline_surface_m, on)
        assert shape.is_valid
        assert shapely.hausdorff_distance(shape, truth) <= 1.5, "more than a unit and a bit"
        assert told["class"] == "crack" and told["state"] == "candidate" and told["version"] == 1
        assert told["confidence"] == 0.75 and told["width"] == 0.2
        assert "generalised" not in told


def test_what_only_has_a_line_is_a_line_and_what_is_tiny_is_a_point(
    engine: Engine, scene: Scene
) -> None:
    thin = draw(engine, scene, window(scene.mosaic, 0.0, 0.0, 0.2))  # 0.9 m: 4.5 px, 2 cm: 0.1 px
    kinds = {shape.geom_type for shape, _ in thin.values()}
    assert len(thin) == 6 and kinds <= {"LineString", "Polygon"}, kinds
    far = draw(engine, scene, window(scene.mosaic, 0.0, 0.0, 0.5))  # 0.9 m: 1.8 px
    assert {shape.geom_type for shape, _ in far.values()} == {"Point"} and len(far) == 6
    on = window(scene.mosaic, 0.0, 0.0, 0.5)
    for defect in scene.defects:
        truth = to_units(defect.latest.outline_surface_m.centroid, on)
        assert far[str(defect.defect_id)][0].distance(truth) <= 1.0


def test_shapes_end_a_little_beyond_the_tile_and_points_belong_to_one(
    engine: Engine, scene: Scene
) -> None:
    near = [window(scene.mosaic, x, 4.0, 0.005) for x in (0.0, 2.56, 5.12)]
    seen = [draw(engine, scene, on) for on in near]
    reach = shapely.box(-BUFFER - 1, -BUFFER - 1, EXTENT + BUFFER + 1, EXTENT + BUFFER + 1)
    for tile in seen:
        assert all(reach.contains(shape) for shape, _ in tile.values())
    assert set().union(*seen) == {str(defect.defect_id) for defect in scene.defects}
    split = [name for name in seen[0] if name in seen[1]]
    assert split, "a crack over the seam is in both tiles"
    side = TILE_PX * 0.5
    points = [
        draw(engine, scene, window(scene.mosaic, 3.0 - side * (1 - n), 0.0, 0.5)) for n in (0, 1)
    ]
    assert not set(points[0]) & set(points[1])
    assert len(points[0]) + len(points[1]) == 6


def test_a_choice_is_drawn_and_nothing_else(engine: Engine, scene: Scene) -> None:
    on = window(scene.mosaic, 0.0, 0.0, 0.02)
    confirmed = Choice(states=frozenset({ReviewState.CONFIRMED}))
    assert draw(engine, scene, on, confirmed) == {}
    assert len(draw(engine, scene, on, Choice(confidence=0.7))) == 6
    assert draw(engine, scene, on, Choice(confidence=0.8)) == {}
    assert draw(engine, scene, on, Choice(width_mm=0.35)) == {}


def test_elsewhere_there_is_nothing(engine: Engine, scene: Scene) -> None:
    on = window(scene.mosaic, 0.0, 0.0, 0.02)
    away = window(scene.mosaic, 20.0, 0.0, 0.02)
    other = TileWindow(box_m=on.box_m, frame="LOCAL of another mosaic")
    assert draw(engine, scene, away) == draw(engine, scene, other) == {}
    with reading(engine) as connection, pytest.raises(NotFound):
        defecttiles.draw(connection, named("nobody"), on)


def test_surveys_at_the_same_place_are_not_mixed(engine: Engine, scene: Scene) -> None:
    """All local frames begin at zero."""
    other = make_survey(2)
    mosaic = make_mosaic(other, 555, scene.mosaic.grid.crs)
    crack = make_defect(make_observation(mosaic, 2))
    with writing(engine) as connection:
        surveys.save(connection, other)
        save_mosaic(connection, mosaic)
        defect_rows.save(connection, [crack], now=NOON)
    on = window(scene.mosaic, 0.0, 0.0, 0.02)
    assert str(crack.defect_id) not in draw(engine, scene, on) and len(draw(engine, scene, on)) == 6
    with reading(engine) as connection:
        mine = read_tile(
            defecttiles.draw(
                connection, other.survey_id, TileWindow(box_m=on.box_m, frame=frame_of(mosaic))
            )
        )
    assert set(mine) == {str(crack.defect_id)}


def test_shapes_of_every_kind_survive(engine: Engine) -> None:
    """Holes, several parts, and an outline that crosses itself."""
    made = make_scene(defect_count=0)
    left, bottom = made.mosaic.grid.corners_surface_m.min(axis=0).tolist()

    def at(shape: BaseGeometry, n: int) -> BaseGeometry:
        return shapely.affinity.translate(shape, left + 1 + 2 * n, bottom + 5)

    ring = shapely.Point(0, 0).buffer(0.5).difference(shapely.Point(0, 0).buffer(0.25))
    parts = shapely.MultiPolygon([shapely.box(0, 0, 0.3, 0.3), shapely.box(0.5, 0, 0.8, 0.3)])
    bow = shapely.Polygon([(0, 0), (0.6, 0.6), (0.6, 0), (0, 0.6)])
    found = tuple(
        make_defect(
            make_observation(made.mosaic, n, outline_surface_m=at(shape, n), axis_surface_m=None)
        )
        for n, shape in enumerate((ring, parts, bow))
    )
    with writing(engine) as connection:
        save_scene(connection, Scene(**{**_fields(made), "defects": found}))
    on = window(made.mosaic, 0.0, 0.0, 0.02)
    drawn = draw(engine, made, on)
    for defect, holes, count in zip(found, (1, 0, 0), (1, 2, 2), strict=True):
        shape, _ = drawn[str(defect.defect_id)]
        truth = to_units(shapely.make_valid(defect.latest.outline_surface_m), on)
        polygons = shapely.get_parts(shape)
        assert shape.is_valid and len(polygons) == count
        assert sum(len(one.interiors) for one in polygons) == holes
        assert shape.area == pytest.approx(truth.area, rel=0.05)


def _fields(scene: Scene) -> dict[str, Any]:
    return {name: getattr(scene, name) for name in scene.__slots__}


@pytest.fixture
def crowd(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """Write more defects than a tile may draw, of all sizes; the number is the size in mm²."""
    monkeypatch.setattr(defecttiles, "MOST", FEW)
    bare = make_scene(defect_count=0)
    rolls = random.Random(1)
    left, bottom = bare.mosaic.grid.corners_surface_m.min(axis=0).tolist()
    found = []
    for n in range(FEW + 40):
        x, y = left + rolls.uniform(0.1, 39.9), bottom + rolls.uniform(0.1, 19.9)
        size = make_measurement()
        measured = size.__class__(
            length_m=None,
            width_mm=None,
            width_mean_mm=None,
            area_m2=size.area_m2.__class__(value=n + 1.0, expanded_uncertainty=0.1),
            orientation_deg=None,
            gsd_mm_per_px=10.0,
        )
        found.append(
            make_defect(
                make_observation(
                    bare.mosaic,
                    n,
                    outline_surface_m=shapely.box(x, y, x + 0.02, y + 0.02),
                    axis_surface_m=None,
                    anchor_surface_m=(x + 0.01, y + 0.01),
                    anchor_lonlat=None,
                    measurement=measured,
                )
            )
        )
    made = Scene(asset=make_asset(), survey=bare.survey, mosaic=bare.mosaic, defects=tuple(found))
    with writing(engine) as connection:
        save_scene(connection, made)
    return made


def test_a_crowded_tile_draws_the_largest_and_says_so(engine: Engine, crowd: Scene) -> None:
    whole = window(crowd.mosaic, 0.0, 0.0, 0.1)
    drawn = draw(engine, crowd, whole)
    largest = crowd.defects[-FEW:]
    assert set(drawn) == {str(defect.defect_id) for defect in largest}
    assert all(told["generalised"] for _, told in drawn.values())
    nearer = draw(engine, crowd, window(crowd.mosaic, 0.0, 0.0, 0.02))
    assert 0 < len(nearer) < FEW
    assert all("generalised" not in told for _, told in nearer.values())
    assert draw(engine, crowd, whole, Choice(confidence=0.9)) == {}
    wide = TileWindow(box_m=whole.box_m, frame=whole.frame, part=1.0)
    by_size = draw(engine, crowd, wide)
    assert by_size == drawn, "the two ways to fill a tile choose the same"
    assert draw(engine, crowd, TileWindow(box_m=whole.box_m, frame="LOCAL x", part=1.0)) == {}


@pytest.mark.parametrize("part", [0.0, 1.0])
def test_what_lies_on_a_replaced_mosaic_hides_nothing(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, part: float
) -> None:
    """More old defects than a tile may draw, all larger than the current ones at their place."""
    monkeypatch.setattr(defecttiles, "MOST", 4)
    made = make_scene(crs=LOCAL_CRS, defect_count=6)
    new = make_mosaic(made.survey, 300, LOCAL_CRS)
    small = make_measurement()
    small = small.__class__(
        **{name: getattr(small, name) for name in small.__slots__} | {"length_m": None}
    )
    current = [make_defect(make_observation(new, n, measurement=small)) for n in (1, 2, 3)]
    with writing(engine) as connection:
        save_scene(connection, made)
        save_mosaic(connection, new)
        defect_rows.save(connection, current, now=NOON)
    on = window(new, 0.0, 0.0, 0.02)
    drawn = draw(engine, made, TileWindow(box_m=on.box_m, frame=on.frame, part=part))
    assert set(drawn) == {str(defect.defect_id) for defect in current}
    assert all("generalised" not in told for _, told in drawn.values())
    old = draw(engine, made, TileWindow(box_m=on.box_m, frame=frame_of(made.mosaic), part=part))
    assert len(old) == 4 and all(told["generalised"] for _, told in old.values())
