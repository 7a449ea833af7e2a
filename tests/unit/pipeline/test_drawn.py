"""Drawings become sightings: where they lie, how long and wide they are, and what they are not."""

import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from inspection.domain.defect import HAND
from inspection.domain.raster import Orthomosaic
from inspection.domain.taxonomy import DamageClass
from inspection.errors import BadGeometry
from inspection.geo.cutting import Piece
from inspection.geo.grid import PixelGrid
from inspection.geo.scale import map_scale
from inspection.imaging.evidence import open_sources
from inspection.imaging.ortho import View
from inspection.imaging.surface import FlatSurface
from inspection.pipeline.crackwidths import PhotoSight
from inspection.pipeline.drawn import (
    LEAST_PX,
    MOST_PX,
    NoWidth,
    Paper,
    check_drawing,
    observe,
    piece_of,
    piece_of_drawing,
)
from tests.support.damage import crack, defect
from tests.support.masks import mosaic_of, write_raster
from tests.support.records import make_mosaic, make_survey
from tests.support.wall_line import DRAWN, WallLine, photograph

SHAPE, GSD_M = (160, 210), 0.002
EDIT = uuid.UUID("00000000-0000-4000-8000-00000000ed17")


@pytest.fixture(scope="module")
def mosaic() -> Orthomosaic:
    return mosaic_of(SHAPE, gsd_m_per_px=GSD_M, left_m=-0.21, top_m=0.16)


def paper_of(mosaic: Orthomosaic, views: Sequence[View]) -> Paper:
    sight = PhotoSight(views=views, surface=FlatSurface(), calibration=DRAWN)
    return Paper(mosaic=mosaic, sight=sight)


def stroke(line: WallLine, *, off_m: float = 0.0, half_m: float = 0.1) -> shapely.LineString:
    """Draw along a line as a hand does: beside it, and not quite straight."""
    at = np.linspace(-half_m, half_m, 9)
    wobble = 0.0005 * np.sin(40 * at)
    return shapely.LineString(line.along(at) + (off_m + wobble)[:, None] * line.normal)


def seen(drawn: Any, paper: Paper, damage_class: DamageClass = DamageClass.CRACK) -> Any:
    piece = piece_of_drawing(drawn, damage_class, paper.mosaic)
    return observe(piece, damage_class=damage_class, paper=paper, edit_id=EDIT, number=0)


@pytest.mark.parametrize("off_m", [0.0, 0.003, -0.005])
@pytest.mark.parametrize(("width_m", "angle_deg"), [(0.001, 25.0), (0.003, 90.0), (0.006, 160.0)])
def test_a_stroke_beside_a_crack_reads_the_width_of_the_crack(
    tmp_path: Path, mosaic: Orthomosaic, width_m: float, angle_deg: float, off_m: float
) -> None:
    line = WallLine(width_m=width_m, angle_deg=angle_deg)
    views = [photograph(tmp_path / f"{i}.png", [line], seed=i) for i in range(2)]
    found = seen(stroke(line, off_m=off_m), paper_of(mosaic, views))
    numbers = found.observation.measurement
    assert found.no_width is None
    width_mm = 1000 * width_m
    assert numbers.width_mean_mm == pytest.approx(width_mm, abs=0.15)
    assert abs(numbers.width_mm.value - width_mm) <= numbers.width_mm.expanded_uncertainty + 0.05
    assert numbers.width_mm.expanded_uncertainty < 0.5
    turn = abs((numbers.orientation_deg - angle_deg + 90) % 180 - 90)
    assert turn < 3
    assert numbers.area_m2.value == pytest.approx(numbers.length_m.value * width_m, rel=0.15)


def test_what_is_said_of_a_drawing(tmp_path: Path, mosaic: Orthomosaic) -> None:
    line = WallLine(width_m=0.004, angle_deg=25.0)
    views = [photograph(tmp_path / "a.png", [line])]
    drawn = stroke(line)
    one = seen(drawn, paper_of(mosaic, views)).observation
    again = seen(drawn, paper_of(mosaic, views)).observation
    assert one.observation_id == again.observation_id  # sending twice counts once
    assert (one.model_id, one.by_hand, one.confidence) == (HAND, True, 1.0)
    assert (one.survey_id, one.mosaic_sha256) == (mosaic.survey_id, mosaic.sha256)
    x0, y0, x1, y1 = one.box_px
    pixels = mosaic.grid.to_px(shapely.get_coordinates(one.outline_surface_m))
    assert (pixels >= (x0 - 1e-6, y0 - 1e-6)).all()
    assert (pixels <= (x1 + 1e-6, y1 + 1e-6)).all()
    assert (pixels.min(axis=0) < (x0 + 1, y0 + 1)).all()
    assert one.axis_surface_m.within(one.outline_surface_m.buffer(1e-9))
    width_m = one.outline_surface_m.area / one.axis_surface_m.length
    assert width_m == pytest.approx(0.004, abs=0.0005)


def test_photos_that_are_flat_dark_or_gone_give_no_width_and_the_reason(
    tmp_path: Path, mosaic: Orthomosaic
) -> None:
    line = WallLine(width_m=0.003, angle_deg=25.0)
    flat = photograph(tmp_path / "flat.png", [line], tilt_deg=55.0)
    gone = photograph(tmp_path / "gone.png", [line])
    gone.path.unlink()
    drawn = stroke(line)
    for paper, why in (
        (paper_of(mosaic, [flat]), NoWidth.TOO_OBLIQUE),
        (paper_of(mosaic, [gone]), NoWidth.PHOTO_MISSING),
        (Paper(mosaic=mosaic), NoWidth.NO_VIEWS),
        (Paper(mosaic=mosaic, blind=NoWidth.PHOTO_MISSING), NoWidth.PHOTO_MISSING),
    ):
        found = seen(drawn, paper)
        numbers = found.observation.measurement
        assert found.no_width is why
        assert (numbers.width_mm, numbers.width_mean_mm) == (None, None)
        assert numbers.length_m.value == pytest.approx(drawn.length, rel=0.01)
        assert numbers.area_m2.below_limit
        # nothing is known but that it lies in the band in which a width is looked for
        assert numbers.area_m2.limit == pytest.approx(numbers.length_m.value * 30 * GSD_M)


def test_a_crack_too_thin_for_the_photos_is_below_the_limit(
    tmp_path: Path, mosaic: Orthomosaic
) -> None:
    thin = WallLine(width_m=0.0001, angle_deg=25.0)
    views = [photograph(tmp_path / "a.png", [thin], noise=0.002)]
    numbers = seen(stroke(thin), paper_of(mosaic, views)).observation.measurement
    assert numbers.width_mm.below_limit and numbers.width_mm.value is None
    area = numbers.area_m2
    assert area.below_limit
    assert area.limit == pytest.approx(numbers.length_m.value * numbers.width_mm.limit / 1000)


def test_a_piece_of_the_machine_s_mask_keeps_its_own_outline(
    tmp_path: Path, mosaic: Orthomosaic
) -> None:
    line = WallLine(width_m=0.003, angle_deg=0.0)
    views = [photograph(tmp_path / "a.png", [line])]
    axis = shapely.LineString(line.along(np.array([-0.1, 0.1])))
    mask = Piece(outline=axis.buffer(0.004, cap_style="flat"), axis=axis)
    found = observe(
        mask,
        damage_class=DamageClass.CRACK,
        paper=paper_of(mosaic, views),
        edit_id=EDIT,
        number=1,
    ).observation
    assert found.outline_surface_m.equals(mask.outline)
    assert found.measurement.area_m2.value == pytest.approx(0.2 * 0.008, rel=1e-6)
    assert found.measurement.width_mm.value == pytest.approx(3.0, abs=0.2)  # not the 8 of the mask


corners = st.lists(st.floats(-0.13, 0.13), min_size=2, max_size=8).map(
    lambda ys: list(zip(np.linspace(-0.18, 0.18, len(ys)).tolist(), ys, strict=True))
)
"""Zigzags from the west of the mosaic to its east."""


@settings(max_examples=40)
@given(points=corners)
def test_a_line_is_as_long_as_it_was_drawn_whatever_its_corners(
    points: list[tuple[float, float]],
) -> None:
    mosaic = mosaic_of(SHAPE, gsd_m_per_px=GSD_M, left_m=-0.21, top_m=0.16)
    line = shapely.LineString(points)
    found = seen(line, Paper(mosaic=mosaic)).observation
    # smoothed by a quarter of a pixel at most, and never longer than drawn
    assert found.measurement.length_m.value <= line.length + 1e-9
    assert shapely.hausdorff_distance(found.axis_surface_m, line) <= 0.26 * GSD_M
    assert found.outline_surface_m.contains(shapely.Point(found.anchor_surface_m).buffer(1e-9))


@settings(max_examples=40)
@given(points=st.lists(st.tuples(st.floats(-0.18, 0.18), st.floats(-0.13, 0.13)), min_size=3))
def test_an_area_is_as_large_as_it_was_drawn(points: list[tuple[float, float]]) -> None:
    mosaic = mosaic_of(SHAPE, gsd_m_per_px=GSD_M, left_m=-0.21, top_m=0.16)
    outline = shapely.MultiPoint(points).convex_hull
    assume(outline.geom_type == "Polygon" and outline.area > (LEAST_PX * GSD_M) ** 2 * 1.01)
    found = seen(outline, Paper(mosaic=mosaic), DamageClass.SPALL).observation
    numbers = found.measurement
    assert numbers.area_m2.value == pytest.approx(outline.area, rel=1e-9)
    edge = 0.25 * outline.length * GSD_M  # a quarter of a pixel all around
    assert numbers.area_m2.expanded_uncertainty >= 2 * edge * 0.99
    assert (numbers.length_m, numbers.width_mm, numbers.orientation_deg) == (None, None, None)
    assert outline.buffer(1e-9).contains(shapely.Point(found.anchor_surface_m))


def test_lengths_are_those_of_the_ground_not_of_the_map() -> None:
    mosaic = make_mosaic(make_survey())
    x, y = mosaic.grid.corners_surface_m.mean(axis=0)
    line = shapely.LineString([(x - 5, y), (x + 5, y)])
    found = seen(line, Paper(mosaic=mosaic)).observation
    linear = map_scale(mosaic.grid.crs, x, y).linear
    assert linear != 1.0
    assert found.measurement.length_m.value == pytest.approx(10.0 / linear, rel=1e-9)
    assert found.anchor_lonlat is not None
    assert 136 < found.anchor_lonlat[0] < 137
    square = shapely.box(x, y, x + 1, y + 1)
    area = seen(square, Paper(mosaic=mosaic), DamageClass.SPALL).observation.measurement.area_m2
    assert area.value == pytest.approx(1.0 / linear**2, rel=1e-6)


def test_photos_are_named_by_what_the_mosaic_shows_under_the_drawing(
    tmp_path: Path, mosaic: Orthomosaic
) -> None:
    shown = np.ones(SHAPE, dtype=np.uint16)
    shown[:, 105:] = 2
    shown[:20] = 0
    path = write_raster(tmp_path / "sources.tif", shown)
    names = mosaic.source_photos
    with open_sources(path, (SHAPE[1], SHAPE[0])) as sources:
        paper = Paper(mosaic=mosaic, sources=sources)
        west = seen(shapely.LineString([(-0.1, 0), (-0.02, 0)]), paper).observation
        both = seen(shapely.LineString([(-0.04, 0), (0.15, 0)]), paper).observation
        assert west.photo_sha256s == names[:1]
        assert both.photo_sha256s == (names[1], names[0])  # most of it is on the second
        spot = seen(shapely.box(0.1, -0.05, 0.12, -0.03), paper, DamageClass.SPALL).observation
        assert spot.photo_sha256s == names[1:2]
        with pytest.raises(BadGeometry, match="shows nothing there"):
            seen(shapely.LineString([(-0.1, 0.14), (0.1, 0.14)]), paper)


def test_what_can_be_measured_has_a_least_and_a_largest_size(mosaic: Orthomosaic) -> None:
    def line(size_px: float) -> Piece:
        axis = shapely.LineString([(0, 0), (size_px * GSD_M, 0)])
        return Piece(outline=shapely.Polygon(), axis=axis)

    check_drawing(line(LEAST_PX + 0.01), mosaic)
    with pytest.raises(BadGeometry, match="between 3 and 60000 px"):
        check_drawing(line(LEAST_PX - 0.01), mosaic)
    grid = PixelGrid.north_up(
        left_m=0, top_m=1, gsd_m_per_px=GSD_M, width_px=MOST_PX + 10, height_px=1000
    )
    wide = Orthomosaic(
        survey_id=mosaic.survey_id,
        sha256=mosaic.sha256,
        blob_key="a",
        sources_key="b",
        source_photos=(),
        grid=grid,
        gsd_uncertainty_ratio=0.02,
        georeferenced=False,
        facts={},
    )
    check_drawing(line(MOST_PX - 1), wide)
    with pytest.raises(BadGeometry, match="between 3 and 60000 px"):
        check_drawing(line(MOST_PX + 1), wide)
    side = LEAST_PX * GSD_M
    check_drawing(Piece(outline=shapely.box(0, 0, side * 1.01, side)), mosaic)
    with pytest.raises(BadGeometry, match="at least 9 px²"):
        check_drawing(Piece(outline=shapely.box(0, 0, side * 0.99, side)), mosaic)


@pytest.mark.parametrize("edge_px", [(-1.5, 10), (211.5, 10), (10, -1.5), (10, 161.5)])
def test_a_drawing_stays_on_its_mosaic(mosaic: Orthomosaic, edge_px: tuple[float, float]) -> None:
    ends = mosaic.grid.to_surface([(50, 50), edge_px])
    with pytest.raises(BadGeometry, match="leaves the mosaic"):
        check_drawing(Piece(outline=shapely.Polygon(), axis=shapely.LineString(ends)), mosaic)


@pytest.mark.parametrize(
    ("shape", "damage_class", "words"),
    [
        (shapely.box(0, 0, 0.1, 0.1), DamageClass.CRACK, "crack is drawn as a line, got a Polygon"),
        (shapely.Point(0, 0), DamageClass.SPALL, "spall is drawn as an outline, got a Point"),
        (shapely.LineString(), DamageClass.CRACK, "is empty"),
    ],
)
def test_a_shape_of_another_kind_is_none(
    mosaic: Orthomosaic, shape: Any, damage_class: DamageClass, words: str
) -> None:
    with pytest.raises(BadGeometry, match=words):
        seen(shape, Paper(mosaic=mosaic), damage_class)


def test_a_defect_is_taken_as_it_is_shown() -> None:
    shown = defect(crack([(0, 0), (1, 0)]))
    piece = piece_of(shown)
    assert piece.axis is shown.latest.axis_surface_m
    assert piece.outline is shown.latest.outline_surface_m
