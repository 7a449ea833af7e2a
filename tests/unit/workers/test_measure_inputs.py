"""``tenken measure``: numbers that are none, lines and tables that are none,
golden crack ratios."""

import csv
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
import shapely
import sqlalchemy as sa
from click.testing import CliRunner, Result

from inspection.codelists.grades import load_crack_ratio_rule
from inspection.domain.defect import Observation
from inspection.domain.measurement import Quantity
from inspection.domain.taxonomy import DamageClass
from inspection.errors import BadInput, TenkenError, Unavailable
from inspection.finite import FiniteRange
from inspection.geo.frames import to_crs
from inspection.geo.grid import LOCAL_CRS
from inspection.store import assets, defects, orthomosaics, surveys, tables
from inspection.store.engine import create_engine, writing
from tests.support.records import (
    PLANE_CRS,
    make_asset,
    make_defect,
    make_measurement,
    make_mosaic,
    make_observation,
    make_survey,
    named,
)
from workers.measure.cli import measure
from workers.measure.crackratio import LONGEST_M, read_line, read_truth
from workers.measure.pattern import lines_of, table

RULE = load_crack_ratio_rule()
FLOWN = datetime(2026, 5, 1, tzinfo=UTC)


def call(*words: object) -> Result:
    done = CliRunner().invoke(measure, [str(word) for word in words])
    if isinstance(done.exception, TenkenError):
        raise done.exception
    return done


# numbers


def walk(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from walk(command, (*path, name))
        else:
            yield (*path, name), command


def groups() -> list[click.Group]:
    from workers.emergency.cli import emergency
    from workers.programme.cli import programme

    return [measure, emergency, programme]


def test_no_option_takes_a_number_that_is_none() -> None:
    seen = 0
    for group in groups():
        for path, command in walk(group):
            for option in command.params:
                if isinstance(option.type, click.types.FloatParamType):
                    assert isinstance(option.type, FiniteRange), (path, option.name)
                    for word in ("nan", "inf", "-inf", "NaN", "1e999", "Infinity"):
                        with pytest.raises(click.BadParameter):
                            option.type.convert(word, option, None)
                    seen += 1
    assert seen >= 18


def test_bounds_of_a_number_are_kept() -> None:
    bounded = FiniteRange(0, 45, min_open=True)
    assert [bounded.convert(word, None, None) for word in ("45", "1e-9", " 3 ")] == [45, 1e-9, 3]
    for word in ("0", "45.001", "-1", "x", ""):
        with pytest.raises(click.BadParameter):
            bounded.convert(word, None, None)
    assert FiniteRange().convert("-1e300", None, None) == -1e300


# widths

GREY = " ".join(["120"] * 13 + ["100", "40", "10", "40", "100"] + ["120"] * 13)


def profiles(tmp_path: Path, *rows: str) -> Path:
    path = tmp_path / "p.csv"
    path.write_text("mm_per_px,profile_intensities\n" + "".join(f"{r}\n" for r in rows))
    return path


def test_answers_go_into_a_folder_that_is_made(tmp_path: Path) -> None:
    out = tmp_path / "new" / "deep" / "w.csv"
    done = call("widths", profiles(tmp_path, f"0.2,{GREY}"), "--out", out)
    assert (done.exit_code, done.stdout) == (
        0, "1 of 1 widths measured, 0 below the measurable limit, 0 refused\n",
    )  # fmt: skip
    (row,) = csv.DictReader(out.read_text(encoding="utf-8").splitlines())
    assert float(row["width_mm"]) > 0


def test_answers_that_cannot_be_written_leave_what_was_there(tmp_path: Path) -> None:
    source = profiles(tmp_path, f"0.2,{GREY}")
    (tmp_path / "file").write_text("mine")
    with pytest.raises(Unavailable, match="cannot write"):
        call("widths", source, "--out", tmp_path / "file" / "w.csv")
    assert (tmp_path / "file").read_text() == "mine"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "p.csv"]


def test_a_long_list_of_refusals_is_cut_short_and_counted(tmp_path: Path) -> None:
    done = call("widths", profiles(tmp_path, *["0.2,1 2"] * 25), "--out", tmp_path / "w.csv")
    assert done.stderr.count("row ") == 20
    assert done.stderr.splitlines()[-1] == "and 5 more rows were refused"


@pytest.mark.parametrize("scale", ["0", "-0.2", "nan", "inf", "", "x"])
def test_a_scale_that_is_none_refuses_its_row_alone(tmp_path: Path, scale: str) -> None:
    out = tmp_path / "w.csv"
    call("widths", profiles(tmp_path, f"{scale},{GREY}", f"0.2,{GREY}"), "--out", out)
    first, second = csv.DictReader(out.read_text(encoding="utf-8").splitlines())
    assert (first["method"], first["width_mm"]) == ("refused", "")
    assert second["width_mm"]


# lines


def line(tmp_path: Path, coordinates: Any, **more: Any) -> Path:
    path = tmp_path / "lane.geojson"
    plain = {"type": "LineString", "coordinates": coordinates, "tenken:crs": "LOCAL"} | more
    path.write_text(json.dumps(plain), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "coordinates",
    [[[0, 0], [float("nan"), 1]], [[0, 0], [float("inf"), 1]], [[0, 0]], [[0, 0], [1]],
     [["a", 0], [1, 1]], {"a": 1}, "x", 5],
)  # fmt: skip
def test_coordinates_that_are_none(tmp_path: Path, coordinates: Any) -> None:
    with pytest.raises(BadInput, match=r"lane\.geojson is no GeoJSON line"):
        read_line(line(tmp_path, coordinates), LOCAL_CRS)


@pytest.mark.parametrize(
    "text",
    ["", "[", "[1]", "5", "null", '{"features": []}', '{"features": [5]}', '{"features": {}}',
     '{"type": "LineString"}', '{"geometry": null}', '"x"'],
)  # fmt: skip
def test_files_that_hold_no_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "l.json"
    path.write_text(text)
    with pytest.raises(BadInput, match=r"l\.json (is no GeoJSON line|holds a)"):
        read_line(path, LOCAL_CRS)


def test_a_line_in_another_frame_is_too_long_to_be_one(tmp_path: Path) -> None:
    good = read_line(line(tmp_path, [[0, 0], [0, LONGEST_M]]), LOCAL_CRS)
    assert good.tolist() == [[0, 0], [0, LONGEST_M]]
    for end in (LONGEST_M * 1.001, 1e300):
        with pytest.raises(BadInput, match="up to 100 km are measured at a time"):
            read_line(line(tmp_path, [[0, 0], [0, end]]), LOCAL_CRS)
    path = tmp_path / "huge.geojson"
    path.write_text('{"tenken:crs":"LOCAL","type":"LineString","coordinates":[[0,0],[1e400,0]]}')
    with pytest.raises(BadInput, match="inf km long"):
        read_line(path, LOCAL_CRS)


def test_lon_lat_is_led_into_the_frame_of_the_mosaic(tmp_path: Path) -> None:
    lonlat = [[136.625669, 36.594606], [136.6257, 36.5947]]
    path = line(tmp_path, lonlat)
    plain = json.loads(path.read_text()) | {"tenken:crs": None}
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(plain).encode())  # with a byte order mark
    found = read_line(path, PLANE_CRS)
    assert np.allclose(found, to_crs(lonlat, "EPSG:4326", PLANE_CRS))
    assert found[0].round(3).tolist() == [-48404.916, 66109.811]
    with pytest.raises(BadInput, match="different frames"):
        read_line(path, LOCAL_CRS)


# truth


@pytest.mark.parametrize(
    ("content", "classes"),
    [
        (b"start_m,class\n0,I\n20,II\n", ["I", "II"]),
        (b"\xef\xbb\xbfclass,start_m\r\n III ,20.004\r\nI,0.0\r\n", ["I", "III"]),
        (b"start_m,class,note\n0,I,x\n20,III,\n40,I,more than needed\n", ["I", "III"]),
    ],
)
def test_true_classes_are_found_by_their_start(
    tmp_path: Path, content: bytes, classes: list[str]
) -> None:
    (tmp_path / "t.csv").write_bytes(content)
    assert read_truth(tmp_path / "t.csv", [0.0, 20.0]) == classes


@pytest.mark.parametrize(
    "content",
    [b"", b"start_m,class\n", b"start_m,class\n0,I\n", b"start_m,class\n0\n20,I\n", b"0,I\n20,I\n",
     b"start_m,class\nx,I\n20,I\n", "区間,class\n0,I\n".encode("cp932"), b"\xff\xfe\x00"],
)  # fmt: skip
def test_tables_of_truth_that_are_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(BadInput, match=r"t\.csv needs the columns start_m and class"):
        read_truth(tmp_path / "t.csv", [0.0, 20.0])


# the golden crack ratio, domain specification §2.2


def crack(x0: float, y: float, width_mm: float | None = 1.2, limit: float = 0.15) -> Observation:
    axis = shapely.LineString([(x0, y), (x0 + 0.3, y)])
    below = width_mm is None
    measured = Quantity(
        value=width_mm, expanded_uncertainty=None if below else 0.1, limit=limit, below_limit=below
    )
    return seen(axis.buffer(0.002), axis=axis, measured=measured)


def seen(outline: Any, *, axis: Any = None, measured: Any = None, kind: Any = None) -> Observation:
    mosaic = make_mosaic(make_survey(map_crs=LOCAL_CRS), 100, LOCAL_CRS)
    return make_observation(
        mosaic,
        observation_id=named(outline.wkt, str(measured)),
        damage_class=kind or DamageClass.CRACK,
        outline_surface_m=outline,
        axis_surface_m=axis,
        measurement=replace(make_measurement(), width_mm=measured),
    )


@contextmanager
def stored(folder: Path) -> Iterator[sa.Connection]:
    """Open the store of a folder of results for writing."""
    engine = create_engine(f"sqlite:///{folder / 'store' / 'tenken.sqlite'}")
    with writing(engine) as connection:
        yield connection
    engine.dispose()


def kept(folder: Path, *found: Observation) -> Path:
    """Keep a finished survey in a local frame and give the folder of its results."""
    survey = make_survey(map_crs=LOCAL_CRS)
    with stored(folder) as connection:
        assets.save(connection, make_asset())
        surveys.save(connection, survey)
        orthomosaics.save(connection, make_mosaic(survey, 100, LOCAL_CRS))
        defects.save(connection, map(make_defect, found), now=FLOWN)
    (folder / "run.json").write_text(json.dumps({"survey_id": str(survey.survey_id)}))
    return folder


@pytest.fixture
def run_dir(tmp_path: Path, empty_database: bytes) -> Path:
    (tmp_path / "run" / "store").mkdir(parents=True)
    (tmp_path / "run" / "store" / "tenken.sqlite").write_bytes(empty_database)
    return tmp_path / "run"


def ratio(run_dir: Path) -> dict[str, Any]:
    lane = line(run_dir, [[0, 1.5], [5, 1.5]])
    words = ("crackratio", run_dir, "--centre-line", lane, "--lane-width-m", 3)
    plain: dict[str, Any] = json.loads(call(*words, "--json").stdout)
    return plain


def cell(row: int, column: int) -> tuple[float, float]:
    return row * 0.5 + 0.1, column * 0.5


def test_the_golden_crack_ratio_from_the_store_to_the_answer(run_dir: Path) -> None:
    """3 m × 5 m: 10 cells with one crack, 4 with two, 2 half patched: 2.75 / 15 = 18.33 %, I."""
    cracks = [crack(x, y + 0.25) for x, y in (cell(i, 0) for i in range(10))]
    for x, y in (cell(i, 2) for i in range(4)):
        cracks += [crack(x, y + 0.15), crack(x, y + 0.35)]
    patches = [
        seen(shapely.box(x - 0.1, y, x + 0.15, y + 0.5), kind=DamageClass.PATCH)
        for x, y in (cell(7, 4), cell(9, 4))
    ]
    plain = ratio(kept(run_dir, *cracks, *patches))
    (section,) = plain["sections"]
    assert section["crack_ratio_percent"] == pytest.approx(18.33, abs=0.005)
    assert (section["start_m"], section["end_m"], section["class_code"]) == (0.0, 5.0, "I")
    assert plain["cracks_of_unknown_width"] == 0


@pytest.mark.parametrize(
    ("width_mm", "limit", "counted", "unknown"),
    [
        (1.0, 0.15, True, 0),  # §2.2: only cracks of at least 1 mm are taken
        (0.99, 0.15, False, 0),
        (5.0, 2.0, True, 0),
        (None, 0.5, False, 0),  # narrower than 0.5 mm, whatever it is
        (None, 0.99, False, 0),
        (None, 1.0, True, 1),  # may be 1 mm wide: leaving it out could hide a bad road
        (None, 3.0, True, 1),
    ],
)
def test_cracks_are_counted_unless_they_are_known_to_be_narrow(
    run_dir: Path, width_mm: float | None, limit: float, counted: bool, unknown: int
) -> None:
    plain = ratio(kept(run_dir, crack(0.1, 0.25, width_mm, limit)))
    assert plain["cracks_of_unknown_width"] == unknown
    wanted = 100 * 0.15 / 15 if counted else 0.0
    assert plain["sections"][0]["crack_ratio_percent"] == pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize(
    ("decided", "counted"),
    [
        ({}, True),
        ({"state": "confirmed", "damage_class_reviewed": "crack"}, True),
        ({"state": "confirmed", "damage_class_reviewed": "efflorescence"}, False),
        ({"state": "rejected"}, False),
        ({"state": "superseded"}, False),
    ],
)
def test_a_ratio_counts_what_people_let_stand(
    run_dir: Path, decided: dict[str, str], counted: bool
) -> None:
    kept(run_dir, crack(0.1, 0.25))
    with stored(run_dir) as connection:
        connection.execute(sa.update(tables.defects).values(**{"version": 2} | decided))
    (section,) = ratio(run_dir)["sections"]
    wanted = 100 * 0.15 / 15 if counted else 0.0
    assert section["crack_ratio_percent"] == pytest.approx(wanted, abs=1e-6)


def test_a_crack_that_two_models_saw_is_counted_once(run_dir: Path) -> None:
    """They saw it on two sides of a line of the mesh: both together would be two cracked cells."""
    first, second = crack(0.1, 0.49), crack(0.1, 0.51)
    kept(run_dir, first)
    whole = make_defect(first)
    ids = (first.observation_id, second.observation_id)
    with stored(run_dir) as connection:
        renewed = replace(whole, latest=second, observation_ids=ids)
        defects.save(connection, [renewed], now=FLOWN)
    (section,) = ratio(run_dir)["sections"]
    assert section["crack_ratio_percent"] == pytest.approx(100 * 0.15 / 15, abs=1e-6)


# patterns


def test_only_lines_with_a_length_are_lines() -> None:
    plain = shapely.LineString([(0, 0), (1, 0)])
    empty, point = shapely.LineString(), shapely.Point(0, 0)
    for shape, count in (
        (plain, 1), (empty, 0), (point, 0), (shapely.MultiLineString([plain, plain]), 2),
        (shapely.GeometryCollection([point, plain, shapely.MultiLineString([plain])]), 2),
        (shapely.LineString([(1, 1), (1, 1)]), 0), (shapely.box(0, 0, 1, 1), 0),
    ):  # fmt: skip
        assert len(lines_of(shape)) == count, shape


def test_a_panel_without_parallel_cracks_has_no_spacing() -> None:
    row = {
        "element": "床版1",
        "count": 1,
        "length_m": 1.0,
        "density_m_per_m2": 0.1,
        "directions": 1,
    }
    words = table(
        {"elements": [row | {"spacing_min_m": float("inf"), "grid_m": None},
                      row | {"spacing_min_m": 0.25, "grid_m": 0.5}]}
    ).splitlines()  # fmt: skip
    assert words[0].endswith("no parallel cracks")
    assert words[1].endswith("spacing 0.25 m   grid 0.50 m")
