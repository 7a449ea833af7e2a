"""What each cell could have shown, by hand: scale, slant, light, blur, and which photo wins."""

from math import inf, nan
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from inspection.errors import BadInput
from inspection.geo.camera import Camera, Pose, rotation_from_gimbal
from inspection.geo.grid import PixelGrid
from inspection.imaging.blur import TILE_PX, BlurGrade, fill_blur
from inspection.imaging.capability import (
    BRIGHT,
    CLIPPED_MAX,
    DARK,
    HARD_LIMIT_DEG,
    REFERENCE_BLUR_PX,
    SMALLEST_PX,
    Capability,
    Inspected,
    PhotoGrade,
    grey_of,
    map_capability,
    read_tiles,
    smallest_width_mm,
)
from inspection.imaging.ortho import View
from inspection.imaging.surface import FlatSurface

LAW = settings(max_examples=30, deadline=None, derandomize=True)
CAMERA = Camera(width_px=1280, height_px=960, focal_px=2000, cx_px=640, cy_px=480)
GRID = PixelGrid.north_up(left_m=-0.5, top_m=0.5, gsd_m_per_px=0.1, width_px=10, height_px=10)


def view(
    x_m: float = 0.0, y_m: float = 0.0, z_m: float = 5.0, *, pitch_deg: float = -90.0,
    yaw_deg: float = 0.0, handicap_px: float = 0.0,
) -> View:  # fmt: skip
    return View(
        sha256="a" * 64, path=Path("a.jpg"), width_px=1280, height_px=960, camera=CAMERA,
        pose=Pose(camera_from_world=rotation_from_gimbal(yaw_deg=yaw_deg, pitch_deg=pitch_deg),
                  centre_world_m=np.array([x_m, y_m, z_m])),
        handicap_px=handicap_px,
    )  # fmt: skip


def grades(blur_px: float = 0.5, level: float = 128.0, clipped: float = 0.0) -> PhotoGrade:
    shape = (-(-960 // TILE_PX), -(-1280 // TILE_PX))
    blur = BlurGrade(
        edge_px=np.full(shape, blur_px, np.float32),
        texture_px=np.full(shape, nan if np.isnan(blur_px) else 0.0, np.float32),
        texture_mm=nan,
    )
    return PhotoGrade(
        blur=blur,
        level=np.full(shape, level, np.float32), clipped=np.full(shape, clipped, np.float32),
    )  # fmt: skip


def mapped(
    *views: View, grade: PhotoGrade | list[PhotoGrade] | None = None, **more: Any
) -> Capability:
    several = grade if isinstance(grade, list) else [grade or grades()] * len(views)
    return map_capability(views, FlatSurface(), GRID, lambda number: several[number], **more)


# §4.1 and §6.2: GSD = Z/f, in mm
@pytest.mark.parametrize(("height_m", "gsd_mm"), [(2.0, 1.0), (5.0, 2.5), (10.0, 5.0), (4.0, 2.0)])
def test_golden_straight_down_the_scale_is_distance_over_focal_length(
    height_m: float, gsd_mm: float
) -> None:
    found = mapped(view(z_m=height_m))
    seen = found.views > 0
    assert found.gsd_mm_per_px[seen] == pytest.approx(np.full(seen.sum(), gsd_mm), rel=1e-5)
    assert found.width_min_mm[4, 4] == pytest.approx(SMALLEST_PX * gsd_mm, rel=1e-5)
    # cell (4, 4) lies 0.05 m left and above of the middle
    slant = np.degrees(np.arctan(np.hypot(0.05, 0.05) / height_m))
    assert found.incidence_deg[4, 4] == pytest.approx(slant, abs=1e-3)


@pytest.mark.parametrize("tilt", [0.0, 10.0, 19.0, 30.0, 44.0])
@pytest.mark.parametrize("yaw", [0.0, 90.0, 215.0])
def test_golden_a_slanted_photo_has_its_worst_scale_along_the_tilt(tilt: float, yaw: float) -> None:
    distance, angle = 5.0, np.radians(tilt)
    back = -distance * np.sin(angle) * np.array([np.sin(np.radians(yaw)), np.cos(np.radians(yaw))])
    slanted = view(back[0], back[1], distance * np.cos(angle), pitch_deg=tilt - 90, yaw_deg=yaw)
    grid = PixelGrid.north_up(
        left_m=-0.005, top_m=0.005, gsd_m_per_px=0.01, width_px=1, height_px=1
    )
    found = map_capability(
        [slanted], FlatSurface(), grid, lambda _: grades(), max_incidence_deg=HARD_LIMIT_DEG
    )
    assert found.incidence_deg[0, 0] == pytest.approx(tilt, abs=1e-2)
    # §4.1: GSD along = GSD / cos θ
    assert found.gsd_mm_per_px[0, 0] == pytest.approx(2.5 / np.cos(angle), rel=2e-3)
    strict = map_capability([slanted], FlatSurface(), grid, lambda _: grades())
    assert np.isfinite(strict.width_min_mm[0, 0]) == (tilt <= 20)
    assert strict.views[0, 0] == 1


@pytest.mark.parametrize(
    ("blur", "factor"),
    [(0.1, 1), (REFERENCE_BLUR_PX, 1), (1.6, 2), (2.4, 3), (8.0, 10)],
)
def test_golden_blur_widens_what_can_be_seen(blur: float, factor: float) -> None:
    found = mapped(view(), grade=grades(blur_px=blur))
    assert found.width_min_mm[5, 5] == pytest.approx(0.33 * 2.5 * factor, rel=1e-5)
    assert found.blur_px[5, 5] == pytest.approx(max(blur, 0.3))  # no lens is sharper


@pytest.mark.parametrize(
    ("grade", "able"),
    [
        (grades(level=DARK), True), (grades(level=DARK - 0.1), False),
        (grades(level=BRIGHT), True), (grades(level=BRIGHT + 0.1), False),
        (grades(clipped=CLIPPED_MAX), True), (grades(clipped=CLIPPED_MAX + 0.01), False),
        (grades(blur_px=nan), False),
    ],
)  # fmt: skip
def test_golden_what_is_dark_bright_clipped_or_without_an_edge_shows_no_crack(
    grade: PhotoGrade, able: bool
) -> None:
    found = mapped(view(), grade=grade)
    assert bool(np.isfinite(found.width_min_mm).all()) == able
    assert (found.views == 1).all()
    assert (found.photo == 1).all()
    answer = found.inspected(2.0)
    assert set(np.unique(answer)) == {Inspected.YES if able else Inspected.NO}


def test_the_finest_able_photo_wins_and_all_that_see_are_counted() -> None:
    near, far, dark = view(z_m=4.0), view(z_m=8.0), view(z_m=2.5)
    several = [grades(), grades(), grades(level=5.0)]
    found = mapped(near, far, dark, grade=several)
    assert found.photo[5, 5] == 1
    assert found.views[5, 5] == 3
    assert found.gsd_mm_per_px[5, 5] == pytest.approx(2.0, rel=1e-5)
    turned = mapped(dark, far, near, grade=several[::-1])
    assert turned.photo[5, 5] == 3
    assert np.array_equal(turned.width_min_mm, found.width_min_mm)
    # where none is able, the finest is shown and says no
    only = mapped(dark, view(z_m=6.0), grade=[grades(level=5.0), grades(level=5.0)])
    assert only.photo[5, 5] == 1
    assert np.isinf(only.width_min_mm[5, 5])


VIEWS = st.lists(
    st.tuples(st.floats(-0.6, 0.6), st.floats(-0.6, 0.6), st.floats(1.5, 9), st.floats(-90, -65)),
    min_size=1, max_size=4,
)  # fmt: skip


@LAW
@given(VIEWS, st.randoms(use_true_random=False), st.floats(0.1, 3))
def test_another_photo_never_takes_capability_away_and_their_order_decides_nothing(
    drawn: list[tuple[float, float, float, float]], rng: object, width_mm: float
) -> None:
    views = [view(x, y, z, pitch_deg=p) for x, y, z, p in drawn]
    whole, first = mapped(*views), mapped(views[0])
    assert np.all(whole.width_min_mm <= first.width_min_mm)
    assert np.all(whole.views >= first.views)
    shuffled = views[:]
    rng.shuffle(shuffled)  # type: ignore[attr-defined]
    again = mapped(*shuffled)
    assert np.array_equal(again.width_min_mm, whole.width_min_mm)
    assert np.array_equal(again.views, whole.views)
    assert np.array_equal(whole.views == 0, whole.photo == 0)
    assert np.array_equal(np.isnan(whole.gsd_mm_per_px), whole.views == 0)
    wide, narrow = whole.inspected(2 * width_mm), whole.inspected(width_mm)
    assert np.all(wide[narrow == Inspected.YES] == Inspected.YES)
    assert np.all((narrow == Inspected.NOT_SEEN) == (whole.views == 0))


def test_what_lies_outside_is_not_asked_about_and_behind_the_camera_nothing_is_seen() -> None:
    found = mapped(view())
    inside = np.zeros((10, 10), bool)
    inside[2:4, 3:7] = True
    answer = found.inspected(1.0, inside)
    assert np.array_equal(answer != Inspected.OUTSIDE, inside)
    for blind in (view(x_m=50.0), view(z_m=5.0, pitch_deg=90.0), view(z_m=-5.0)):
        nothing = mapped(blind)
        assert not nothing.views.any()
        assert (nothing.inspected(100.0) == Inspected.NOT_SEEN).all()
    assert (mapped().inspected(1.0) == Inspected.NOT_SEEN).all()


@pytest.mark.parametrize("width", [0.0, -0.2, nan, inf])
def test_a_width_that_is_none_cannot_be_asked_for(width: float) -> None:
    with pytest.raises(BadInput, match="wanted width must be above 0 mm"):
        mapped(view(), grade=grades(level=0.0)).inspected(width)


@pytest.mark.parametrize("limit", [0.0, -5.0, 45.1, 90.0, nan])
def test_a_limit_of_incidence_beyond_the_specification_is_refused(limit: float) -> None:
    with pytest.raises(BadInput, match="0–45°"):
        mapped(view(), max_incidence_deg=limit)


def test_ground_lengths_of_a_map_that_draws_too_short_make_pixels_coarser() -> None:
    plain, stretched = mapped(view()), mapped(view(), ground_per_map=1.0004)
    ratio = stretched.gsd_mm_per_px / plain.gsd_mm_per_px
    assert ratio == pytest.approx(np.full((10, 10), 1.0004), rel=1e-5)


def test_progress_is_heard_once_a_view() -> None:
    heard: list[tuple[int, int]] = []
    map_capability(
        [view(), view(x_m=99.0), view()], FlatSurface(), GRID, lambda _: grades(),
        on_view=lambda done, total: heard.append((done, total)),
    )  # fmt: skip
    assert heard == [(1, 3), (2, 3), (3, 3)]


# tiles
def board(level: int, size: tuple[int, int] = (128, 192)) -> NDArray[np.uint8]:
    picture = np.full(size, level, np.uint8)
    picture[::16] = level // 2
    return picture


def test_golden_tiles_know_their_light_and_what_is_clipped() -> None:
    picture = board(200)
    picture[:64, :64] = 255
    picture[64:, 128:] = 0
    picture[64:66, 64:128] = 1
    found = read_tiles(picture)
    assert found.level.shape == found.clipped.shape == found.blur.edge_px.shape == (2, 3)
    assert (found.level[0, 0], found.clipped[0, 0]) == (255, 1)
    assert (found.level[1, 2], found.clipped[1, 2]) == (0, 1)
    assert (found.level[0, 1], found.clipped[0, 1]) == (200, 0)
    assert found.clipped[1, 1] == pytest.approx(2 / 64)


@pytest.mark.parametrize("size", [(64, 64), (65, 64), (130, 70), (8, 300)])
def test_every_pixel_of_a_photo_lies_in_a_tile(size: tuple[int, int]) -> None:
    found = read_tiles(board(180, size))
    assert found.level.shape == (-(-size[0] // TILE_PX), -(-size[1] // TILE_PX))
    assert np.isfinite(found.level).all()
    with pytest.raises(BadInput, match="at least 8×8"):
        read_tiles(board(180, (7, 64)))


@LAW
@given(st.lists(st.one_of(st.just(nan), st.floats(0.3, 5)), min_size=12, max_size=12))
def test_a_tile_without_an_edge_takes_what_its_neighbours_know(values: list[float]) -> None:
    found = np.array(values, np.float32).reshape(3, 4)
    filled = fill_blur(found)
    if np.isnan(found).all():
        assert np.isnan(filled).all()
        return
    assert np.isfinite(filled).all()
    assert np.nanmin(found) - 1e-6 <= filled.min() <= filled.max() <= np.nanmax(found) + 1e-6
    assert fill_blur(np.full((3, 4), 2.0, np.float32)) == pytest.approx(np.full((3, 4), 2.0))


def test_golden_grey_is_luminance_and_the_least_width_a_third_of_a_pixel() -> None:
    colours = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [9, 9, 9]]], np.uint8)
    assert grey_of(colours).tolist() == [[76, 150, 29, 9]]
    # §4.7: 0.33 · GSD
    gsd = np.array([0.3, 0.2, 0.1], np.float32)
    found = smallest_width_mm(gsd, np.full(3, 0.8, np.float32))
    assert found == pytest.approx([0.099, 0.066, 0.033], rel=1e-5)
