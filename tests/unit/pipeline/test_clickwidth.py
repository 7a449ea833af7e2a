"""A click on a crack: the width square to it, or why there is none."""

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
from numpy.typing import NDArray

from inspection.domain.raster import Orthomosaic
from inspection.errors import BadGeometry
from inspection.imaging.evidence import open_sources
from inspection.imaging.ortho import View
from inspection.imaging.sourcewidth import PhotoWidths
from inspection.imaging.surface import FlatSurface
from inspection.pipeline.clickwidth import (
    ALONG_PX,
    DIRECTIONS,
    Blind,
    narrowest,
    places_around,
    width_at,
)
from inspection.pipeline.cracks import ground_scale
from inspection.pipeline.crackwidths import PhotoSight
from inspection.pipeline.drawn import NoWidth, Paper
from tests.support.masks import mosaic_of, write_raster
from tests.support.wall_line import DRAWN, WallLine, photograph

SHAPE, GSD_M = (160, 210), 0.002


@pytest.fixture(scope="module")
def mosaic() -> Orthomosaic:
    return mosaic_of(SHAPE, gsd_m_per_px=GSD_M, left_m=-0.21, top_m=0.16)


def paper_of(mosaic: Orthomosaic, *views: View) -> Paper:
    sight = PhotoSight(views=views, surface=FlatSurface(), calibration=DRAWN)
    return Paper(mosaic=mosaic, sight=sight)


@pytest.mark.parametrize("off_px", [0.0, 3.0])
@pytest.mark.parametrize("angle_deg", [0.0, 37.0, 90.0, 152.0])
@pytest.mark.parametrize("width_m", [0.0015, 0.004, 0.009])
def test_the_width_is_that_square_to_the_crack(
    tmp_path: Path, mosaic: Orthomosaic, width_m: float, angle_deg: float, off_px: float
) -> None:
    line = WallLine(width_m=width_m, angle_deg=angle_deg)
    view = photograph(tmp_path / "a.png", [line])
    x, y = off_px * GSD_M / 2 * line.normal
    found = width_at(paper_of(mosaic, view), (float(x), float(y)))
    width = found.width_mm
    assert width is not None and width.value is not None
    assert found.blind is None
    # directions are 15° apart: at most 1 / cos 7.5° too wide
    assert 0.93 * width_m <= width.value / 1000 <= 1.05 * width_m + 0.0001
    assert 0 < (width.expanded_uncertainty or 0) < 0.5
    across = np.degrees(np.arctan2(*(found.across_m[1] - found.across_m[0])[::-1]))
    assert abs((across - angle_deg) % 180 - 90) <= 16
    assert found.readings >= 3
    assert found.photo_sha256 == "a"


def test_a_crack_between_two_readings_takes_the_photo_that_the_mosaic_shows(
    tmp_path: Path, mosaic: Orthomosaic
) -> None:
    line = WallLine(width_m=0.004, angle_deg=25.0)
    views = [photograph(tmp_path / f"{name}.png", [line], seed=7) for name in "ab"]
    shown = np.full(SHAPE, 2, dtype=np.uint16)
    with open_sources(write_raster(tmp_path / "s.tif", shown), (SHAPE[1], SHAPE[0])) as sources:
        sight = PhotoSight(views=views, surface=FlatSurface(), calibration=DRAWN)
        paper = Paper(mosaic=mosaic, sources=sources, sight=sight)
        assert width_at(paper, (0.0, 0.0)).photo_sha256 == "b"


def test_a_hairline_is_below_the_limit_or_in_doubt(tmp_path: Path, mosaic: Orthomosaic) -> None:
    thin = WallLine(width_m=0.0001, angle_deg=25.0)
    found = width_at(
        paper_of(mosaic, photograph(tmp_path / "a.png", [thin], noise=0.002)), (0.0, 0.0)
    )
    width = found.width_mm
    assert width is not None
    assert width.below_limit or (width.expanded_uncertainty or 0) > (width.value or 0) / 2


def test_bare_concrete_has_no_sure_width(tmp_path: Path, mosaic: Orthomosaic) -> None:
    view = photograph(tmp_path / "a.png", [])
    found = width_at(paper_of(mosaic, view), (0.03, 0.02))
    width = found.width_mm
    if width is None:
        assert found.blind is Blind.UNREADABLE
    else:
        assert width.below_limit or (width.expanded_uncertainty or 0) > (width.value or 0) / 2


def test_why_there_is_none(tmp_path: Path, mosaic: Orthomosaic) -> None:
    line = WallLine(width_m=0.004, angle_deg=25.0)
    flat = photograph(tmp_path / "flat.png", [line], tilt_deg=55.0)
    gone = photograph(tmp_path / "gone.png", [line])
    gone.path.unlink()
    torn = photograph(tmp_path / "torn.png", [line])
    torn.path.write_bytes(torn.path.read_bytes()[:500])
    for paper, why in (
        (Paper(mosaic=mosaic), Blind.NO_VIEWS),
        (Paper(mosaic=mosaic, blind=NoWidth.PHOTO_MISSING), Blind.PHOTO_MISSING),
        (paper_of(mosaic, flat), Blind.TOO_OBLIQUE),
        (paper_of(mosaic, gone), Blind.PHOTO_MISSING),
        (paper_of(mosaic, torn), Blind.PHOTO_MISSING),
    ):
        found = width_at(paper, (0.0, 0.0))
        assert (found.width_mm, found.blind, found.readings) == (None, why, 0)
        assert found.across_m.shape == (0, 2)


@pytest.mark.parametrize("at_m", [(-0.22, 0.0), (0.22, 0.0), (0.0, 0.17), (0.0, -0.17)])
def test_a_click_beside_the_mosaic_is_none(mosaic: Orthomosaic, at_m: tuple[float, float]) -> None:
    with pytest.raises(BadGeometry, match="not on the mosaic"):
        width_at(Paper(mosaic=mosaic), at_m)


def test_every_reason_of_a_drawing_is_one_of_a_click() -> None:
    assert {reason.value for reason in NoWidth} <= {reason.value for reason in Blind}


def test_places_that_disagree_widen_the_uncertainty_that_is_told(mosaic: Orthomosaic) -> None:
    """No direction is sure: each reading is sharp, but they are not readings of one width."""
    paper = paper_of(mosaic, cast("View", SimpleNamespace(sha256="a")))
    scale = ground_scale(mosaic.grid, (100.0, 80.0))
    count = DIRECTIONS * len(ALONG_PX)

    def column(value: float) -> NDArray[np.float64]:
        return np.full((count, 1), value)

    readings_mm = np.array([0.2, 0.3, 0.6, 1.0, 1.4])
    found = PhotoWidths(
        view=np.zeros((count, 1), dtype=np.int64),
        width_mm=np.tile(readings_mm, DIRECTIONS)[:, None],
        std_mm=column(0.02),
        noise_mm=column(0.01),
        limit_mm=column(0.1),
        gsd_mm_per_px=column(2.0),
        method=np.zeros((count, 1), dtype=np.int8),
        incidence_deg=column(0.0),
        too_oblique=np.zeros(count, dtype=np.bool_),
    )
    answer = narrowest(found, places_around((0.0, 0.0), 16, scale, paper), scale, paper)
    assert answer is not None
    assert answer.width_mm is not None
    assert answer.width_mm.value == pytest.approx(0.6)
    expected = 2 * np.hypot(0.02, readings_mm.std())
    assert answer.width_mm.expanded_uncertainty == pytest.approx(expected, rel=0.01)
