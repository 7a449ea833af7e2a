"""Single widths where it is difficult: branches, hairlines, photos that show nothing."""

import uuid
from pathlib import Path

import cv2
import numpy as np
import pytest
import shapely

from inspection.domain.defect import Observation
from inspection.domain.measurement import Measurement, Quantity
from inspection.domain.raster import Orthomosaic
from inspection.domain.taxonomy import DamageClass
from inspection.errors import BadGeometry
from inspection.imaging.ortho import View
from inspection.imaging.surface import FlatSurface
from inspection.pipeline.crackwidths import PhotoSight
from inspection.pipeline.profile import ProfilePoint, read_profile
from tests.support.masks import SURVEY_ID, mosaic_of
from tests.support.wall_line import DRAWN, WallLine, photograph

SHAPE, GSD_M = (160, 210), 0.002
ACROSS = WallLine(width_m=0.003)
UPRIGHT = WallLine(width_m=0.004, angle_deg=90.0)
FORK = "MULTILINESTRING ((-0.1 0, 0 0), (0 0, 0.1 0), (0 0, 0 0.08))"


@pytest.fixture(scope="module")
def mosaic() -> Orthomosaic:
    return mosaic_of(SHAPE, gsd_m_per_px=GSD_M, left_m=-0.21, top_m=0.16)


def seen_along(axis: str | None, mosaic: Orthomosaic, width_mm: float = 3.0) -> Observation:
    """Give a sighting with a centre line, metres from the middle of the wall."""
    line = None if axis is None else shapely.from_wkt(axis)
    return Observation(
        observation_id=uuid.UUID(int=1),
        survey_id=SURVEY_ID,
        mosaic_sha256=mosaic.sha256,
        damage_class=DamageClass.CRACK,
        confidence=0.9,
        outline_surface_m=shapely.box(-0.1, -0.01, 0.1, 0.01),
        axis_surface_m=line,
        anchor_surface_m=(0.0, 0.0),
        surface_crs=mosaic.grid.crs,
        anchor_lonlat=None,
        box_px=(50, 70, 160, 90),
        photo_sha256s=(),
        measurement=Measurement(
            length_m=Quantity(value=0.2, expanded_uncertainty=0.01),
            width_mm=Quantity(value=width_mm, expanded_uncertainty=0.3),
            width_mean_mm=width_mm,
            area_m2=Quantity(value=0.001, expanded_uncertainty=0.0001),
            orientation_deg=0.0,
            gsd_mm_per_px=2.0,
        ),
        model_id="drawn",
    )


def read(axis: str | None, mosaic: Orthomosaic, views: list[View]) -> list[ProfilePoint]:
    sight = PhotoSight(views=views, surface=FlatSurface(), calibration=DRAWN)
    return read_profile(seen_along(axis, mosaic), mosaic=mosaic, sources=None, sight=sight)


def values(points: list[ProfilePoint]) -> list[float]:
    return [p.width_mm.value for p in points if p.width_mm is not None and p.width_mm.value]


def test_branches_are_read_one_by_one_and_not_at_the_fork(
    tmp_path: Path, mosaic: Orthomosaic
) -> None:
    views = [photograph(tmp_path / "a.png", [ACROSS, UPRIGHT])]
    found = read(FORK, mosaic, views)
    assert {point.piece for point in found} == {0, 1, 2}
    distances = [point.distance_m for point in found]
    assert distances == sorted(distances) and distances[-1] == pytest.approx(0.28, abs=0.005)
    for piece, true_mm in enumerate((3.0, 3.0, 4.0)):
        mine = [p for p in found if p.piece == piece and abs(sum(p.surface_m)) > 0.03]
        assert np.median(values(mine)) == pytest.approx(true_mm, abs=0.15)
    at_fork = [p for p in found if np.hypot(*p.surface_m) < 0.003]
    assert at_fork and not any(point.trusted for point in at_fork)
    in_the_middle = [p for p in found if 0.03 < np.hypot(*p.surface_m) < 0.06]
    assert all(point.trusted for point in in_the_middle)


def test_a_hairline_is_below_the_limit_everywhere_and_never_a_number(
    tmp_path: Path, mosaic: Orthomosaic
) -> None:
    thin = WallLine(width_m=0.0001)
    views = [photograph(tmp_path / "a.png", [thin], noise=0.002)]
    found = read("LINESTRING (-0.1 0, 0.1 0)", mosaic, views)
    known = [point.width_mm for point in found if point.width_mm is not None]
    assert len(known) > 0.8 * len(found) > 20
    assert all(width.below_limit and width.value is None for width in known)
    assert all(0.2 < width.limit < 0.5 for width in known)  # about a third of a pixel of 1 mm


def test_where_a_photo_shows_nothing_there_is_no_width(tmp_path: Path, mosaic: Orthomosaic) -> None:
    view = photograph(tmp_path / "a.png", [ACROSS])
    grey = cv2.imread(str(view.path), cv2.IMREAD_GRAYSCALE)
    assert grey is not None
    grey[:, :210] = 120  # a sheet of paper lies on the left half
    cv2.imwrite(str(view.path), grey)
    found = read("LINESTRING (-0.15 0, 0.15 0)", mosaic, [view])
    left = [p for p in found if p.surface_m[0] < -0.03]
    right = [p for p in found if p.surface_m[0] > 0.03]
    assert np.median(values(right)) == pytest.approx(3.0, abs=0.15)
    assert all(p.photo_px is not None and p.photo_sha256 == "a" for p in right)
    unread = [p for p in left if p.width_mm is None]
    assert len(unread) > 0.5 * len(left)
    assert all(p.method is None and p.photo_px is None and not p.trusted for p in unread)


def test_what_no_photo_sees_has_places_without_widths(tmp_path: Path, mosaic: Orthomosaic) -> None:
    found = read("LINESTRING (-0.1 0, 0.1 0)", mosaic, [])
    assert len(found) > 20 and all(point.width_mm is None for point in found)
    assert not any(point.trusted for point in found)
    with pytest.raises(BadGeometry, match="made of lines"):
        read(None, mosaic, [photograph(tmp_path / "b.png", [ACROSS])])


def test_photos_that_differed_widen_the_band(tmp_path: Path, mosaic: Orthomosaic) -> None:
    sight = PhotoSight(
        views=[photograph(tmp_path / "a.png", [ACROSS])],
        surface=FlatSurface(),
        calibration=DRAWN,
    )
    seen = seen_along("LINESTRING (-0.1 0, 0.1 0)", mosaic)
    half = {"line_m": [[-0.1, 0.0], [0.0, 0.0]], "photos_differ_by_mm": 0.5}
    alone = {"line_m": [[0.0, 0.0], [0.1, 0.0]], "photos_differ_by_mm": None}
    found = read_profile(seen, mosaic=mosaic, sources=None, sight=sight, segments=[half, alone])
    reach = {
        side: np.median(
            [
                p.width_mm.expanded_uncertainty
                for p in found
                if p.width_mm is not None
                and p.width_mm.expanded_uncertainty is not None
                and sign * p.surface_m[0] > 0.02
            ]
        )
        for side, sign in (("differed", -1.0), ("alone", 1.0))
    }
    assert reach["differed"] > 1.0 > 3 * reach["alone"] > 0.1  # U = 2 · 0.5 mm, and more
