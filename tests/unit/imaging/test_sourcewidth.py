"""Widths in the photos themselves: which photo, how oblique, how wide on the surface."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from inspection.domain.oblique import oblique_factor
from inspection.errors import BadPhoto
from inspection.imaging.ortho import View
from inspection.imaging.sourcewidth import (
    COMPARE_EVERY,
    MOST_PHOTOS,
    PhotoWidths,
    Places,
    measure_in_photos,
)
from inspection.imaging.surface import FlatSurface
from inspection.imaging.widths import UNREADABLE
from tests.support.wall_line import DRAWN, FOCAL_PX, WallLine, photograph

FLAT = FlatSurface()
ALONG_M = np.linspace(-0.06, 0.06, 41)


def places_on(line: WallLine, *, preferred: int = -1, ground_per_map: float = 1.0) -> Places:
    points = line.along(ALONG_M)
    return Places(
        points_m=points,
        normals=np.tile(line.normal, (len(points), 1)),
        half_px=np.full(len(points), 15),
        preferred=np.full(len(points), preferred),
        step_m=0.001,
        ground_per_map=ground_per_map,
    )


def measured(places: Places, *views: View) -> PhotoWidths:
    return measure_in_photos(places, views, FLAT, DRAWN)


@pytest.mark.parametrize("planar", [False, True])
@pytest.mark.parametrize("angle_deg", [0.0, 37.0, 90.0])
@pytest.mark.parametrize("tilt_deg", [0.0, 20.0, 40.0])
def test_an_oblique_photo_gives_the_width_on_the_surface(
    tmp_path: Path, tilt_deg: float, angle_deg: float, planar: bool
) -> None:
    line = WallLine(width_m=0.003, angle_deg=angle_deg)
    view = photograph(tmp_path / "a.png", [line], tilt_deg=tilt_deg, planar=planar)
    found = measured(places_on(line), view)
    assert np.median(found.width_mm[:, 0]) == pytest.approx(3.0, abs=0.1)
    assert (found.view[:, 0] == 0).all()
    middle = found.incidence_deg[len(ALONG_M) // 2, 0]
    assert middle == pytest.approx(tilt_deg, abs=0.5)


def test_the_correction_is_that_of_the_domain_specification(tmp_path: Path) -> None:
    line = WallLine(width_m=0.003, angle_deg=60.0)
    view = photograph(tmp_path / "a.png", [line], tilt_deg=40.0)
    found = measured(places_on(line), view)
    middle = len(ALONG_M) // 2
    tangent = line.along(np.array([-1e-4, 1e-4]))
    ends = view.project(FLAT.to_world_m(tangent))
    dx, dy = ends[1] - ends[0]
    across_deg = float(np.degrees(np.arctan2(dx, -dy)))  # the tilt is along x in the photo
    by_formula = oblique_factor(40.0, across_deg) * 1000 / FOCAL_PX
    assert found.gsd_mm_per_px[middle, 0] == pytest.approx(by_formula, rel=0.002)


def test_a_view_flatter_than_45_degrees_is_not_used(tmp_path: Path) -> None:
    line = WallLine(width_m=0.003, angle_deg=90.0)
    flat = photograph(tmp_path / "flat.png", [line], tilt_deg=50.0)
    found = measured(places_on(line), flat)
    assert (found.view == -1).all()
    assert (found.method == UNREADABLE).all()
    assert np.isnan(found.width_mm).all()
    steep = photograph(tmp_path / "steep.png", [line], tilt_deg=42.0)
    assert (measured(places_on(line), flat, steep).view[:, 0] == 1).all()


def test_the_photo_of_the_mosaic_comes_first_then_the_squarest(tmp_path: Path) -> None:
    line = WallLine(width_m=0.003)
    tilts = (30.0, 0.0, 15.0, 8.0)
    views = [photograph(tmp_path / f"{t}.png", [line], tilt_deg=t) for t in tilts]
    middle = COMPARE_EVERY * (len(ALONG_M) // 2 // COMPARE_EVERY)
    assert measured(places_on(line), *views).view[middle].tolist() == [1, 3, 2]
    assert measured(places_on(line, preferred=0), *views).view[middle].tolist() == [0, 1, 3]
    assert measured(places_on(line, preferred=0), *views).view.shape == (41, MOST_PHOTOS)


def test_photos_are_compared_at_every_third_place(tmp_path: Path) -> None:
    line = WallLine(width_m=0.003)
    views = [photograph(tmp_path / f"{t}.png", [line], tilt_deg=t) for t in (0.0, 10.0)]
    found = measured(places_on(line), *views)
    compared = np.arange(len(ALONG_M)) % COMPARE_EVERY == 0
    assert (found.view[:, 0] == 0).all() and np.isfinite(found.width_mm[:, 0]).all()
    assert np.isfinite(found.width_mm[compared, 1]).all()
    assert (found.view[~compared, 1:] == -1).all() and np.isnan(found.width_mm[~compared, 1]).all()


def test_where_the_best_photo_cannot_be_read_another_is_at_every_place(tmp_path: Path) -> None:
    line = WallLine(width_m=0.003)
    blank = photograph(tmp_path / "blank.png", [line], tilt_deg=0.0)
    cv2.imwrite(str(blank.path), 255 - cv2.imread(str(blank.path)))  # a bright line is no crack
    good = photograph(tmp_path / "good.png", [line], tilt_deg=12.0)
    found = measured(places_on(line), blank, good)
    assert (found.view[:, 0] == 0).all() and (found.method[:, 0] == UNREADABLE).all()
    assert (found.view[:, 1] == 1).all()
    assert np.median(found.width_mm[:, 1]) == pytest.approx(3.0, abs=0.1)


def test_photos_of_one_place_agree_within_their_uncertainty(tmp_path: Path) -> None:
    line = WallLine(width_m=0.0025, angle_deg=20.0)
    views = [
        photograph(tmp_path / f"{d}.png", [line], distance_m=d, seed=i)
        for i, d in enumerate((0.8, 1.0, 1.2))
    ]
    found = measured(places_on(line), *views)
    medians = np.nanmedian(found.width_mm, axis=0)
    assert np.ptp(medians) < 0.12
    assert (np.abs(medians - 2.5) < 2 * np.nanmedian(found.std_mm, axis=0)).all()
    read = found.view >= 0
    assert (found.noise_mm[read] <= found.std_mm[read]).all()
    order = found.gsd_mm_per_px[
        7 * COMPARE_EVERY
    ]  # the preferred one is not given: all look square on
    assert sorted(np.round(order, 2)) == [0.8, 1.0, 1.2]


def test_a_place_beside_the_photo_or_at_its_border_is_not_read(tmp_path: Path) -> None:
    line = WallLine(width_m=0.003)
    view = photograph(tmp_path / "a.png", [line])
    places = replace(places_on(line), points_m=line.along(np.linspace(-0.3, 0.3, 41)))
    found = measured(places, view)
    seen = found.view[:, 0] == 0
    at_px = places.points_m[:, 0] * FOCAL_PX + 210
    assert (seen == ((at_px >= 18) & (at_px <= 420 - 18))).all()


def test_a_map_that_shrinks_the_ground_is_allowed_for(tmp_path: Path) -> None:
    line = WallLine(width_m=0.003)
    view = photograph(tmp_path / "a.png", [line])
    plain = measured(places_on(line), view)
    scaled = measured(places_on(line, ground_per_map=1.0 / 0.9996), view)
    assert np.nanmedian(scaled.width_mm / plain.width_mm) == pytest.approx(1 / 0.9996, rel=1e-6)


def test_a_photo_that_was_exchanged_is_named(tmp_path: Path) -> None:
    line = WallLine(width_m=0.003)
    view = photograph(tmp_path / "a.png", [line])
    with pytest.raises(BadPhoto, match=r"a\.png decodes to 420×320 px but was registered with 430"):
        measured(
            places_on(line),
            replace(
                view,
                width_px=430,
                camera=replace(view.camera, width_px=430) if view.camera else None,
            ),
        )


def test_every_view_is_heard_of_once(tmp_path: Path) -> None:
    line = WallLine(width_m=0.003)
    views = [photograph(tmp_path / f"{i}.png", [line], seed=i) for i in range(2)]
    heard: list[int] = []
    measure_in_photos(places_on(line), views, FLAT, DRAWN, on_view=lambda: heard.append(1))
    assert len(heard) == 2
