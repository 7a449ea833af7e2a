"""Alignment: a known similarity is found again, outliers are spared, one line keeps its level."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from inspection.errors import NotRegistered
from inspection.geo.camera import Pose, rotation_from_gimbal
from inspection.imaging.alignment import Similarity, align, breadth_m

UP = np.array([0.0, 0.0, 1.0])
BLOCK = np.array([[x, y, 30 + 0.1 * x * y] for x in (-9.0, -3, 3, 9) for y in (-5.0, 0, 5)])
LINE = np.array([[x, 2 * x, 20.0] for x in np.linspace(-10, 10, 9)])


def into_model(
    world: NDArray[np.float64], turn: Rotation, scale: float, shift: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Move world points, and the upward direction of each, into a model of its own."""
    rotation = turn.as_matrix()
    points = (world - shift) @ rotation / scale
    return points, np.tile(UP @ rotation, (len(world), 1))


@settings(derandomize=True, deadline=None, max_examples=50)
@given(
    angles=st.tuples(*[st.floats(-180, 180)] * 3),
    scale=st.floats(0.05, 500),
    shift=st.tuples(*[st.floats(-300, 300)] * 3),
)
@pytest.mark.parametrize("world", [BLOCK, LINE], ids=["block", "line"])
def test_a_known_similarity_is_found_again(
    world: NDArray[np.float64],
    angles: tuple[float, float, float],
    scale: float,
    shift: tuple[float, float, float],
) -> None:
    turn = Rotation.from_euler("xyz", angles, degrees=True)
    centres, back = into_model(world, turn, scale, np.array(shift))
    found = align(centres, world, back_model=back, back_world=np.tile(UP, (len(world), 1)))
    assert found.scale == pytest.approx(scale, rel=1e-6)
    assert np.allclose(found.points(centres), world, atol=1e-5)
    assert np.allclose(found.rotation, turn.as_matrix(), atol=1e-5)


def test_noise_of_the_receiver_moves_a_block_less_than_one_camera() -> None:
    random = np.random.default_rng(8)
    centres, back = into_model(BLOCK, Rotation.from_rotvec([0.2, 1, -2]), 7.0, np.ones(3))
    noisy = BLOCK + random.normal(0, 0.5, BLOCK.shape)
    found = align(centres, noisy, back_model=back, back_world=np.tile(UP, (len(BLOCK), 1)))
    error = np.linalg.norm(found.points(centres) - BLOCK, axis=1)
    noise = np.linalg.norm(noisy - BLOCK, axis=1)
    assert 0 < error.mean() < 0.6 * noise.mean()
    assert abs(found.scale / 7.0 - 1) < 0.03


def test_one_wild_position_does_not_drag_the_block_along() -> None:
    centres, back = into_model(BLOCK, Rotation.from_rotvec([1, 0.3, -1]), 3.0, np.zeros(3))
    stated = BLOCK.copy()
    stated[4] += (60, -40, 25)
    found = align(centres, stated, back_model=back, back_world=np.tile(UP, (len(BLOCK), 1)))
    good = np.delete(np.arange(len(BLOCK)), 4)
    assert np.linalg.norm(found.points(centres) - BLOCK, axis=1)[good].max() < 0.05


def test_noise_across_a_single_line_does_not_roll_the_ground() -> None:
    """Positions on one line say nothing about the roll: cameras that look down must."""
    random = np.random.default_rng(1)
    centres, back = into_model(LINE, Rotation.from_rotvec([0.5, -1, 2]), 2.0, np.zeros(3))
    noisy = LINE + random.normal(0, 0.02, LINE.shape)
    found = align(centres, noisy, back_model=back, back_world=np.tile(UP, (len(LINE), 1)))
    up = (found.rotation @ back.T).T
    roll_deg = np.degrees(np.arccos(np.clip(up @ UP, -1, 1))).max()
    assert roll_deg < 3.0


def test_the_gimbal_decides_where_positions_do_not() -> None:
    tilted = rotation_from_gimbal(yaw_deg=30, pitch_deg=-70)[2]
    centres, _ = into_model(LINE, Rotation.from_rotvec([0.5, -1, 2]), 2.0, np.zeros(3))
    turn = Rotation.from_rotvec([0.5, -1, 2]).as_matrix()
    back_world = np.tile(-tilted, (len(LINE), 1))
    found = align(centres, LINE, back_model=back_world @ turn, back_world=back_world)
    assert np.allclose(found.rotation, turn, atol=1e-6)


@pytest.mark.parametrize("count", [2, 5])
def test_photos_of_one_place_are_refused(count: int) -> None:
    same = np.tile([[1.0, 2, 3]], (count, 1))
    ups = np.tile(UP, (count, 1))
    with pytest.raises(NotRegistered, match="take photos at different places"):
        align(np.zeros((count, 3)), same, back_model=ups, back_world=ups)


def test_breadth_is_the_smaller_spread() -> None:
    assert breadth_m(LINE) == pytest.approx(0, abs=1e-9)
    assert breadth_m(BLOCK) == pytest.approx(np.std([-5, 0, 5]), rel=1e-9)
    turned = BLOCK @ Rotation.from_rotvec([0, 0, 0.7]).as_matrix().T
    assert breadth_m(turned) == pytest.approx(breadth_m(BLOCK))


@settings(derandomize=True, deadline=None, max_examples=30)
@given(angles=st.tuples(*[st.floats(-180, 180)] * 3), scale=st.floats(0.1, 50))
def test_a_pose_moves_with_its_points(angles: tuple[float, float, float], scale: float) -> None:
    """What a camera sees in a direction, it sees in that direction after the move."""
    similarity = Similarity(
        scale=scale,
        rotation=Rotation.from_euler("xyz", angles, degrees=True).as_matrix(),
        shift_m=np.array([5.0, -7, 11]),
    )
    pose = Pose(
        camera_from_world=rotation_from_gimbal(yaw_deg=40, pitch_deg=-80, roll_deg=5),
        centre_world_m=np.array([1.0, 2.0, 3.0]),
    )
    points = np.array([[0.0, 0, 0], [4, 1, -2], [-3, 2, 1]])
    before = pose.to_camera(points)
    after = similarity.pose(pose).to_camera(similarity.points(points))
    assert np.allclose(after, scale * before, atol=1e-6 * scale)
