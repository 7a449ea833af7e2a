"""Cameras and poses: golden numbers of the specification, and laws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.errors import BadInput
from inspection.geo.camera import Camera, Pose, rotation_from_gimbal


def camera(focal_px: float = 2000.0, k1: float = 0.0) -> Camera:
    return Camera(width_px=4000, height_px=3000, focal_px=focal_px, cx_px=2000, cy_px=1500, k1=k1)


@pytest.mark.parametrize(
    ("pitch_um", "focal_mm", "distance_m", "gsd_mm"),
    [(4.4, 50, 3.0, 0.264), (3.3, 12.29, 5.0, 1.343), (1.6, 29.9, 5.0, 0.268)],
)
def test_gsd_golden_numbers_of_the_specification(
    pitch_um: float, focal_mm: float, distance_m: float, gsd_mm: float
) -> None:
    """Domain specification §6.2."""
    focal_px = focal_mm / (pitch_um / 1000)
    assert camera(focal_px).gsd_m_per_px(distance_m) * 1000 == pytest.approx(gsd_mm, abs=5e-4)


def test_footprint_is_gsd_times_pixels() -> None:
    assert camera().footprint_m(10.0) == pytest.approx((20.0, 15.0))


@given(
    x=st.floats(0, 4000), y=st.floats(0, 3000), k1=st.floats(-0.08, 0.08), depth=st.floats(0.5, 100)
)
def test_projecting_a_ray_gives_its_pixel(x: float, y: float, k1: float, depth: float) -> None:
    lens = camera(k1=k1)
    ray = lens.rays([[x, y]])
    assert np.linalg.norm(ray) == pytest.approx(1.0)
    assert lens.project(ray * depth)[0] == pytest.approx([x, y], abs=1e-3)


def test_a_point_behind_the_camera_has_no_pixel() -> None:
    assert np.isnan(camera().project([[0.0, 0.0, -1.0]])).all()


@given(yaw=st.floats(-180, 360), pitch=st.floats(-90, 90), roll=st.floats(-180, 180))
def test_gimbal_rotations_are_rotations(yaw: float, pitch: float, roll: float) -> None:
    r = rotation_from_gimbal(yaw_deg=yaw, pitch_deg=pitch, roll_deg=roll)
    assert np.allclose(r @ r.T, np.eye(3), atol=1e-9)
    assert np.linalg.det(r) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("yaw", "pitch", "forward", "right"),
    [
        (0, 0, (0, 1, 0), (1, 0, 0)),  # level, looking north: forward north, right east
        (90, 0, (1, 0, 0), (0, -1, 0)),  # looking east: right is south
        (0, -90, (0, 0, -1), (1, 0, 0)),  # straight down, top of the photo north
        (90, -90, (0, 0, -1), (0, -1, 0)),  # straight down, top of the photo east
        (180, -45, (0, -np.sqrt(0.5), -np.sqrt(0.5)), (-1, 0, 0)),
    ],
)
def test_gimbal_angles_look_where_they_say(
    yaw: float, pitch: float, forward: tuple[float, ...], right: tuple[float, ...]
) -> None:
    r = rotation_from_gimbal(yaw_deg=yaw, pitch_deg=pitch)
    assert r.T @ [0, 0, 1] == pytest.approx(forward, abs=1e-12)
    assert r.T @ [1, 0, 0] == pytest.approx(right, abs=1e-12)


def test_a_positive_roll_turns_the_horizon() -> None:
    r = rotation_from_gimbal(yaw_deg=0, pitch_deg=0, roll_deg=90)
    assert r.T @ [1, 0, 0] == pytest.approx(
        [0, 0, -1], abs=1e-12
    )  # right side of the photo is down


def test_a_pose_moves_world_points_and_directions_consistently() -> None:
    pose = Pose(
        camera_from_world=rotation_from_gimbal(yaw_deg=30, pitch_deg=-80, roll_deg=5),
        centre_world_m=np.array([10.0, 20.0, 30.0]),
    )
    target = np.array([[12.0, 25.0, 0.0]])
    direction = (target - pose.centre_world_m) / np.linalg.norm(target - pose.centre_world_m)
    seen = pose.to_camera(target)
    assert pose.to_world_directions(seen / np.linalg.norm(seen)) == pytest.approx(direction)
    assert pose.to_camera([pose.centre_world_m])[0] == pytest.approx([0, 0, 0])


@pytest.mark.parametrize("bad", [{"focal_px": 0.0}, {"focal_px": -5.0}, {"width_px": 0}])
def test_impossible_cameras_are_refused(bad: dict[str, float]) -> None:
    numbers = {"width_px": 10, "height_px": 10, "focal_px": 5.0, "cx_px": 5, "cy_px": 5} | bad
    with pytest.raises(BadInput):
        Camera(**numbers)  # type: ignore[arg-type]


def test_a_matrix_that_is_no_rotation_is_refused() -> None:
    with pytest.raises(BadInput, match="orthonormal"):
        Pose(camera_from_world=np.eye(3) * 2, centre_world_m=np.zeros(3))
    with pytest.raises(BadInput, match="shapes"):
        Pose(camera_from_world=np.eye(3), centre_world_m=np.zeros(2))
