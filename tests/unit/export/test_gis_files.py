"""GeoPackage and GeoJSON as other programs see them: SQLite, GDAL, RFC 7946."""

import json
import math
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inspection.domain.defect import Defect
from inspection.errors import BadInput, Unavailable
from inspection.export.cells import Cell
from inspection.export.geojson import (
    LOCAL_NOTE,
    bounds_of,
    feature_collection,
    to_geojson_frame,
    write_geojson,
)
from inspection.export.gpkg import write_gpkg
from inspection.export.gpkgfile import Layer, column_array, write_layers
from inspection.export.table import COLUMNS
from inspection.geo.frames import to_crs
from tests.support.damage import area, crack, defect
from tests.support.worklist_scene import UTM, X, Y, listed, scene

PLANE_VII = "EPSG:6675"
quiet = settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def attributes(path: Path, layer: str) -> list[dict[str, Any]]:
    """Read the rows of a layer with nothing but SQLite."""
    with closing(sqlite3.connect(path)) as opened:
        opened.row_factory = sqlite3.Row
        return [dict(row) for row in opened.execute(f'SELECT * FROM "{layer}" ORDER BY fid')]


def shapes_of(path: Path, layer: str) -> tuple[dict[str, Any], list[shapely.Geometry]]:
    meta, _, geometry, _ = pyogrio.raw.read(path, layer=layer)
    return meta, list(shapely.from_wkb(geometry))


class TestColumns:
    @pytest.mark.parametrize(
        ("cells", "kind", "unknown"),
        [
            ([1, 2], "i", [False, False]),
            ([1, None], "i", [False, True]),
            ([1, 2.5], "f", [False, False]),
            ([None, 2.5], "f", [True, False]),
            (["a", None], "O", [False, True]),
            (["a", 1], "O", [False, False]),
            ([None, None], "O", [True, True]),
            ([], "O", []),
            ([0, 0.0], "f", [False, False]),
            (["", None], "O", [False, True]),
        ],
    )
    def test_one_type_a_column(self, cells: list[Cell], kind: str, unknown: list[bool]) -> None:
        values, mask = column_array(cells)
        assert values.dtype.kind == kind
        assert mask.tolist() == unknown
        assert len(values) == len(cells)

    @quiet
    @given(
        st.lists(st.none() | st.integers(-(2**63), 2**63 - 1), max_size=5)
        | st.lists(st.none() | st.floats(allow_nan=False), max_size=5)
        | st.lists(
            st.none() | st.text(st.characters(codec="utf-8", exclude_characters="\0")), max_size=5
        )
    )
    def test_a_table_comes_back_with_its_unknowns(self, tmp_path: Path, cells: list[Cell]) -> None:
        path = tmp_path / "t.gpkg"
        path.unlink(missing_ok=True)
        numbers: list[Cell] = list(range(len(cells)))
        write_layers(path, [Layer(name="t", table={"v": cells, "n": numbers})], crs=UTM)
        rows = attributes(path, "t")
        assert [row["n"] for row in rows] == numbers
        found = [row["v"] for row in rows]
        for one, other in zip(found, cells, strict=True):
            assert one == other or (one is None and isinstance(other, float) and math.isnan(other))
            assert (one is None) == (other is None)


class TestLayers:
    def test_a_package_is_registered_as_the_standard_demands(self, tmp_path: Path) -> None:
        """OGC GeoPackage: application id GPKG, contents, reference systems, geometry columns."""
        path = tmp_path / "a.gpkg"
        points = [shapely.Point(X, Y), shapely.Point(X + 1, Y)]
        layers = [
            Layer(name="p", kind="Point", shapes=points, table={"名": ["甲", "乙"]}),
            Layer(name="t", table={"a": [1]}),
        ]
        write_layers(path, layers, crs=PLANE_VII)
        with closing(sqlite3.connect(path)) as opened:
            (application,) = opened.execute("PRAGMA application_id").fetchone()
            contents = dict(opened.execute("SELECT table_name, data_type FROM gpkg_contents"))
            columns = opened.execute(
                "SELECT table_name, geometry_type_name, srs_id FROM gpkg_geometry_columns"
            ).fetchall()
            (sound,) = opened.execute("PRAGMA integrity_check").fetchone()
        assert application.to_bytes(4, "big") == b"GPKG"
        assert contents == {"p": "features", "t": "attributes"}
        assert columns == [("p", "POINT", 6675)]
        assert sound == "ok"

    def test_layers_without_a_row_are_there(self, tmp_path: Path) -> None:
        path = tmp_path / "a.gpkg"
        layers = [
            Layer(name="none", kind="MultiPolygon", shapes=[], table={}),
            Layer(name="empty", table={"a": []}),
        ]
        write_layers(path, layers, crs=UTM)
        assert [str(name) for name, _ in pyogrio.list_layers(path)] == ["none", "empty"]
        assert attributes(path, "empty") == []

    @pytest.mark.parametrize("crs", ["EPSG:999999", "nonsense", "EPSG:"])
    def test_a_reference_system_that_is_none_is_an_error_of_ours(
        self, tmp_path: Path, crs: str
    ) -> None:
        layer = Layer(name="p", kind="Point", shapes=[shapely.Point(0, 0)], table={"a": [1]})
        with pytest.raises(Unavailable, match=r"cannot write layer 'p' of a\.gpkg"):
            write_layers(tmp_path / "a.gpkg", [layer], crs=crs)

    @quiet
    @given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)), max_size=5))
    def test_coordinates_are_kept_to_the_last_bit(
        self, tmp_path: Path, places: list[tuple[float, float]]
    ) -> None:
        path = tmp_path / "p.gpkg"
        path.unlink(missing_ok=True)
        shapes = [shapely.Point(x, y) for x, y in places]
        ids: list[Cell] = list(range(len(places)))
        layer = Layer(name="p", kind="Point", shapes=shapes, table={"i": ids})
        write_layers(path, [layer], crs=UTM)
        meta, found = shapes_of(path, "p")
        assert [(p.x, p.y) for p in found] == places
        assert meta["crs"] == UTM


class TestWorkListPackage:
    def test_both_layers_say_what_the_list_says(self, tmp_path: Path) -> None:
        defects = scene()
        work_list = listed(defects)
        write_gpkg(defects, work_list, tmp_path / "a.gpkg")
        rows = attributes(tmp_path / "a.gpkg", "worklist")
        assert [row["rank"] for row in rows] == [1, 2, 3]
        for row, line in zip(rows, work_list.rows, strict=True):
            for column in COLUMNS:
                assert row[column.name] == column.value(line), column.name
        by_id = {r["defect_id"]: r for r in attributes(tmp_path / "a.gpkg", "defects")}
        assert {r["defect_id"]: r["rank"] for r in rows} == {k: v["rank"] for k, v in by_id.items()}

    def test_defects_outside_the_list_are_drawn_without_a_rank(self, tmp_path: Path) -> None:
        defects = scene()
        write_gpkg(defects, listed(defects[:1]), tmp_path / "a.gpkg")
        ranks = [row["rank"] for row in attributes(tmp_path / "a.gpkg", "defects")]
        assert sorted(ranks, key=str) == [1, None, None]
        meta, shapes = shapes_of(tmp_path / "a.gpkg", "defects")
        assert meta["geometry_type"] == "MultiPolygon"
        ordered = sorted(defects, key=lambda d: str(d.defect_id))
        for shape, one in zip(shapes, ordered, strict=True):
            assert shape.equals_exact(one.latest.outline_surface_m, 0) or shape.equals(
                one.latest.outline_surface_m
            )

    def test_a_local_frame_is_metres_and_no_place_on_earth(self, tmp_path: Path) -> None:
        defects = scene("LOCAL")
        write_gpkg(defects, listed(defects), tmp_path / "a.gpkg")
        meta, _ = shapes_of(tmp_path / "a.gpkg", "defects")
        assert "EPSG" not in str(meta["crs"]).split("LENGTHUNIT")[0]
        assert all(row["lon_deg"] is None for row in attributes(tmp_path / "a.gpkg", "worklist"))

    def test_nothing_to_do_is_an_empty_package(self, tmp_path: Path) -> None:
        write_gpkg([], listed([]), tmp_path / "a.gpkg")
        assert attributes(tmp_path / "a.gpkg", "worklist") == []
        assert attributes(tmp_path / "a.gpkg", "defects") == []

    def test_a_failure_leaves_the_file_that_was_there(self, tmp_path: Path) -> None:
        path = tmp_path / "a.gpkg"
        defects = scene()
        write_gpkg(defects, listed(defects), path)
        before = path.read_bytes()
        mixed = [*defects, *scene(PLANE_VII)]
        with pytest.raises(BadInput, match=r"one CRS, got \['EPSG:32653', 'EPSG:6675'\]"):
            write_gpkg(mixed, listed(defects), path)
        wrong = [defect(replace(d.latest, surface_crs="EPSG:999999")) for d in defects]
        with pytest.raises(Unavailable):
            write_gpkg(wrong, replace(listed(defects), rows=()), path)
        assert path.read_bytes() == before
        assert [p.name for p in tmp_path.iterdir()] == ["a.gpkg"]

    def test_writing_twice_replaces_and_does_not_add(self, tmp_path: Path) -> None:
        defects = scene()
        for _ in range(2):
            write_gpkg(defects, listed(defects), tmp_path / "a.gpkg")
        assert len(attributes(tmp_path / "a.gpkg", "worklist")) == 3


def around(x: float, y: float, size: float, *, hole: bool = False) -> shapely.Polygon:
    """Make a star of five points with or without a hole, its exterior clockwise."""
    turns = np.linspace(0, -2 * np.pi, 10, endpoint=False)
    radius = np.where(np.arange(10) % 2, 0.5, 1.0) * size
    ring = np.column_stack([x + radius * np.cos(turns), y + radius * np.sin(turns)])
    holes = [shapely.box(x - size / 9, y - size / 9, x + size / 9, y + size / 9).exterior]
    return shapely.Polygon(ring, holes if hole else [])


class TestGeoJson:
    @quiet
    @given(
        st.floats(-40_000, 40_000),
        st.floats(-60_000, 160_000),
        st.floats(0.05, 50),
        st.booleans(),
    )
    def test_shapes_follow_rfc_7946(
        self, east: float, north: float, size: float, hole: bool
    ) -> None:
        """§3.1.6: exteriors counter-clockwise, holes clockwise; §7.6: 7 decimals at most."""
        star = around(east, north, size, hole=hole)
        found = to_geojson_frame(star, PLANE_VII)
        assert found.is_valid
        assert found.exterior.is_ccw
        assert not any(ring.is_ccw for ring in found.interiors)
        coordinates = shapely.get_coordinates(found)
        assert np.allclose(coordinates, np.round(coordinates, 7), rtol=0, atol=1e-12)
        back = to_crs(coordinates, "EPSG:4326", PLANE_VII)
        true = shapely.get_coordinates(star)
        gaps = [np.hypot(*(true - point).T).min() for point in back]
        assert max(gaps) < 0.012

    def test_the_golden_place_of_the_specification(self) -> None:
        """§7.3: 36.594606° N, 136.625669° E is X 66 109.811 m, Y −48 404.916 m in zone VII."""
        found = to_geojson_frame(shapely.Point(-48_404.916, 66_109.811), PLANE_VII)
        assert (found.x, found.y) == pytest.approx((136.625669, 36.594606), abs=2e-8)

    def test_a_crack_thinner_than_the_rounding_keeps_its_shape(self) -> None:
        thin = shapely.LineString([(X, Y), (X + 0.004, Y)]).buffer(0.0002, cap_style="flat")
        found = to_geojson_frame(thin, UTM)
        assert found.is_valid
        assert found.area > 0

    @quiet
    @given(st.permutations(range(6)))
    def test_the_order_of_the_defects_does_not_matter(self, order: list[int]) -> None:
        defects = some(6)
        work_list = listed(defects[:3])
        first = feature_collection(defects, work_list=work_list)
        assert feature_collection([defects[i] for i in order], work_list=work_list) == first
        ranks = [f["properties"].get("rank") for f in first["features"]]
        assert ranks == [1, 2, 3, None, None, None]

    def test_the_box_is_around_all_features(self) -> None:
        told = feature_collection(some(6))
        boxes = [f["bbox"] for f in told["features"]]
        west, south, east, north = told["bbox"]
        assert [west, south] == [min(b[0] for b in boxes), min(b[1] for b in boxes)]
        assert [east, north] == [max(b[2] for b in boxes), max(b[3] for b in boxes)]
        for feature in told["features"]:
            shape = shapely.geometry.shape(feature["geometry"])
            assert feature["bbox"] == list(shape.bounds)

    def test_no_defects_is_a_collection_without_a_box(self, tmp_path: Path) -> None:
        assert write_geojson([], tmp_path / "a.geojson") == 0
        told = json.loads((tmp_path / "a.geojson").read_text(encoding="utf-8"))
        assert told == {"type": "FeatureCollection", "features": []}

    def test_local_metres_say_so_and_never_mix_with_degrees(self, tmp_path: Path) -> None:
        local, placed = scene("LOCAL"), scene()
        told = feature_collection(local)
        assert (told["tenken:crs"], told["tenken:note"]) == ("LOCAL", LOCAL_NOTE)
        with pytest.raises(BadInput, match="write two"):
            write_geojson([*local, *placed], tmp_path / "a.geojson")
        assert list(tmp_path.iterdir()) == []

    def test_it_opens_in_gdal_with_the_same_places(self, tmp_path: Path) -> None:
        defects = scene()
        write_geojson(defects, tmp_path / "a.geojson", work_list=listed(defects))
        meta, _, geometry, _ = pyogrio.raw.read(tmp_path / "a.geojson")
        assert meta["crs"] == "EPSG:4326"
        lon, lat = to_crs([[X, Y]], UTM, "EPSG:4326")[0]
        nearest = shapely.distance(shapely.from_wkb(geometry), shapely.Point(lon, lat)).min()
        assert nearest < 1.1e-7

    @pytest.mark.parametrize(
        ("boxes", "box"),
        [
            ([[1, 2, 3, 4]], [1, 2, 3, 4]),
            ([[0, 0, 1, 1], [5, -5, 6, 0]], [0, -5, 6, 1]),
            ([[-180, -90, 180, 90], [0, 0, 0, 0]], [-180, -90, 180, 90]),
        ],
    )
    def test_boxes_around_boxes(self, boxes: list[list[float]], box: list[float]) -> None:
        assert bounds_of(boxes) == box


def some(count: int) -> list[Defect]:
    """Make cracks and areas side by side on the bridge of the scene."""
    made = []
    for n in range(count):
        at = (X + 4.0 * n, Y + n)
        line = [at, (at[0] + 1 + n / 10, at[1])]
        seen = crack(line, crs=UTM) if n % 2 else area(around(*at, 0.4), crs=UTM)
        made.append(defect(seen, asset_id="ISK-0123"))
    return made
