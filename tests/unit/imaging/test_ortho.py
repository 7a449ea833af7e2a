"""Views: where a photo looks, how wanted it is, and the grid that holds all footprints."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.errors import BadInput
from inspection.geo.camera import Camera, Pose, rotation_from_gimbal
from inspection.imaging.ortho import MAX_INCIDENCE_DEG, View, frame_grid
from inspection.imaging.surface import FlatSurface

CAMERA = Camera(width_px=400, height_px=300, focal_px=400, cx_px=200, cy_px=150, k1=-0.02)
FLAT = FlatSurface()


def posed(
    x_m: float = 0, y_m: float = 0, *, pitch_deg: float = -90, height_m: float = 10, k1: float = 0
) -> View:
    camera = Camera(width_px=400, height_px=300, focal_px=400, cx_px=200, cy_px=150, k1=k1)
    pose = Pose(
        camera_from_world=rotation_from_gimbal(yaw_deg=0, pitch_deg=pitch_deg),
        centre_world_m=np.array([x_m, y_m, height_m]),
    )
    return View(
        sha256="a", path=Path("a.jpg"), width_px=400, height_px=300, camera=camera, pose=pose
    )


def planar(matrix: np.ndarray) -> View:
    return View(
        sha256="b", path=Path("b.jpg"), width_px=400, height_px=300, photo_from_plane=matrix
    )


def test_a_view_needs_exactly_one_way_to_see() -> None:
    with pytest.raises(BadInput, match="either camera and pose, or photo_from_plane"):
        View(sha256="a", path=Path("a"), width_px=400, height_px=300)
    with pytest.raises(BadInput, match="either"):
        View(
            sha256="a",
            path=Path("a"),
            width_px=400,
            height_px=300,
            camera=CAMERA,
            pose=posed().pose,
            photo_from_plane=np.eye(3),
        )
    with pytest.raises(BadInput, match="3×3"):
        planar(np.eye(2))


def test_a_camera_of_another_size_is_refused() -> None:
    with pytest.raises(BadInput, match="300×400 px with a camera of 400×300"):
        View(
            sha256="a",
            path=Path("a"),
            width_px=300,
            height_px=400,
            camera=CAMERA,
            pose=posed().pose,
        )


def test_straight_down_the_nadir_is_the_middle_and_east_is_right() -> None:
    view = posed(3, 4)
    pixels = view.project(np.array([[3.0, 4, 0], [4, 4, 0], [3, 5, 0]]))
    assert np.allclose(pixels, [[200, 150], [240, 150], [200, 110]])  # 40 px a metre


def test_points_above_the_camera_are_not_seen() -> None:
    assert np.isnan(posed().project(np.array([[0.0, 0, 20]]))).all()


def test_points_where_distortion_folds_back_are_not_seen() -> None:
    view = posed(k1=-0.3)
    near, far = view.project(np.array([[2.0, 0, 0], [25.0, 0, 0]]))
    assert np.isfinite(near).all()
    assert np.isnan(far).all()


def test_a_homography_ignores_height_and_ends_at_its_horizon() -> None:
    view = planar(np.array([[100.0, 0, 200], [0, -100, 150], [0, 0.5, 1.0]]))
    level, raised = view.project(np.array([[0.5, 0.5, 0], [0.5, 0.5, 9]]))
    assert np.allclose(level, raised)
    assert np.allclose(level, [250 / 1.25, 100 / 1.25])
    assert np.isnan(view.project(np.array([[0.0, -3.0, 0]]))).all()


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_homography_may_be_given_with_either_sign(sign: float) -> None:
    view = planar(sign * np.array([[100.0, 0, 200], [0, -100, 150], [0, 0.01, 1.0]]))
    assert np.allclose(view.project(np.zeros((1, 3))), [[200, 150]])


@settings(derandomize=True, deadline=None, max_examples=40)
@given(x=st.floats(-4, 4), y=st.floats(-3, 3), grow=st.floats(1.05, 1.5))
def test_the_cost_grows_away_from_the_nadir(x: float, y: float, grow: float) -> None:
    view = posed()
    points = np.array([[0.0, 0, 0], [x, y, 0], [grow * x, grow * y, 0]])
    below, near, far = view.cost_px(points, view.project(points))
    assert below == pytest.approx(0, abs=1e-9)
    assert near <= far
    assert near == pytest.approx(np.hypot(x, y) * 40)  # px: 400 px focal length, 10 m high


def test_both_ways_of_seeing_cost_the_same_for_a_square_on_photo() -> None:
    flat = planar(np.array([[40.0, 0, 200], [0, -40, 150], [0, 0, 1]]))
    points = np.array([[1.0, 2, 0], [-3, 1, 0]])
    for view in (flat, posed()):
        assert np.allclose(view.cost_px(points, view.project(points)), np.hypot(*points.T[:2]) * 40)


def test_rays_flatter_than_the_limit_are_not_used() -> None:
    view = posed(pitch_deg=-45)
    limit = 10 * np.tan(np.radians(MAX_INCIDENCE_DEG))
    points = np.array([[0, limit - 0.1, 0], [0, limit + 0.1, 0]])
    assert np.isfinite(view.cost_px(points, view.project(points))).tolist() == [True, False]


def test_a_handicap_is_added() -> None:
    plain = posed()
    view = View(
        sha256="a",
        path=plain.path,
        width_px=400,
        height_px=300,
        camera=plain.camera,
        pose=plain.pose,
        handicap_px=50,
    )
    points = np.array([[1.0, 0, 0]])
    assert view.cost_px(points, view.project(points))[0] == pytest.approx(90)


def test_the_footprint_of_a_square_on_photo_is_its_size_on_the_ground() -> None:
    outline = posed(5, -5).footprint_surface_m(FLAT)
    assert np.allclose(outline.min(axis=0), [5 - 5, -5 - 3.75])
    assert np.allclose(outline.max(axis=0), [5 + 5, -5 + 3.75])


def test_the_footprint_follows_the_height_of_the_surface() -> None:
    raised = posed(height_m=10).footprint_surface_m(FlatSurface(z_world_m=2.0))
    assert np.allclose(np.ptp(raised, axis=0), [8.0, 6.0])


def test_the_footprint_of_a_photo_of_the_horizon_is_bounded() -> None:
    outline = posed(pitch_deg=-5).footprint_surface_m(FLAT)
    reach = 10 * np.tan(np.radians(MAX_INCIDENCE_DEG))
    assert np.hypot(*outline.T).max() <= reach * 1.001


def test_the_footprint_of_a_homography_is_its_inverse() -> None:
    outline = planar(np.array([[100.0, 0, 0], [0, -100, 0], [0, 0, 1]])).footprint_surface_m(FLAT)
    assert np.allclose(outline.min(axis=0), [0, -3])
    assert np.allclose(outline.max(axis=0), [4, 0])


def test_the_grid_holds_all_footprints_and_snaps_to_its_own_resolution() -> None:
    views = [posed(0, 0), posed(6.123, 2.5)]
    grid = frame_grid(views, FLAT, gsd_m_per_px=0.04, crs="LOCAL")
    outline = np.concatenate([view.footprint_surface_m(FLAT) for view in views])
    pixels = grid.to_px(outline)
    assert pixels.min() >= -1e-6
    assert (pixels <= np.array([grid.width_px, grid.height_px]) + 1e-6).all()
    assert grid.width_px == pytest.approx((10 + 6.123) / 0.04, abs=2)
    corner = grid.corners_surface_m[0] / 0.04
    assert np.allclose(corner, np.rint(corner))


def test_a_grid_needs_views_and_a_sane_size() -> None:
    with pytest.raises(BadInput, match="at least one photo"):
        frame_grid([], FLAT, gsd_m_per_px=0.01, crs="LOCAL")
    with pytest.raises(BadInput, match="choose a coarser"):
        frame_grid([posed()], FLAT, gsd_m_per_px=1e-5, crs="LOCAL")
