"""Adjustment of cameras over a plane: exact ties give the truth back, outliers do not matter."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from inspection.domain.capture import Photo
from inspection.geo.camera import Camera, Pose
from inspection.imaging.planar_adjust import (
    Adjusted,
    adjust,
    chain_similarities,
    residuals_px,
    to_photo,
    to_plane,
)
from inspection.imaging.planar_network import Network
from inspection.imaging.planar_ties import Tie, as_complex, fit_similarity
from tests.support.strip_scene import level_pose

CAMERA = Camera(width_px=720, height_px=480, focal_px=800.0, cx_px=360, cy_px=240, k1=0.02)
GSD = 0.00125
POSES = [
    level_pose(0.0, 0.0, 1.000, degrees=(0.0, 0.8, -0.5)),
    level_pose(0.03, 0.42, 1.015, degrees=(1.2, 0.6, -0.7)),
    level_pose(-0.02, 0.86, 0.985, degrees=(-0.8, 0.9, -0.4)),
    level_pose(0.01, 1.29, 1.000, degrees=(0.5, 0.7, -0.6)),
]
PHOTOS = [
    Photo(sha256=str(n) * 64, name=f"{n}.jpg", width_px=720, height_px=480, focal_px=800.0)
    for n in range(4)
]


def tie_of(first: int, second: int, *, noise_px: float = 0.0, points: int = 200) -> Tie:
    one, two = POSES[first], POSES[second]
    between = (one.centre_world_m[:2] + two.centre_world_m[:2]) / 2
    random = np.random.default_rng(first + 10 * second)
    plane = between + random.uniform((-0.4, -0.08), (0.4, 0.08), (points, 2))
    p = to_photo(CAMERA, one, plane)
    q = to_photo(CAMERA, two, plane) + random.normal(0, 1, (points, 2)) * noise_px
    return Tie(
        first=first,
        second=second,
        first_px=p,
        second_px=q,
        second_from_first=fit_similarity(as_complex(p), as_complex(q)),
    )


TIES = [tie_of(0, 1), tie_of(1, 2), tie_of(2, 3)]


def grid() -> NDArray[np.float64]:
    x, y = np.meshgrid(np.linspace(0, 720, 7), np.linspace(0, 480, 5))
    return np.column_stack([x.ravel(), y.ravel()])


def off_px(adjusted: Adjusted) -> NDArray[np.float64]:
    """Give how far (n,) px the adjusted plane is off the true one, best similarity removed."""
    seen = np.concatenate(
        [to_plane(adjusted.cameras[i], adjusted.poses[i], grid()) for i in adjusted.poses]
    )
    true = np.concatenate([to_plane(CAMERA, POSES[i], grid()) for i in adjusted.poses])
    a, b = fit_similarity(as_complex(seen), as_complex(true))
    return np.asarray(np.abs(a * as_complex(seen) + b - as_complex(true)) / GSD)


def test_plane_and_photo_are_inverse() -> None:
    for pose in POSES:
        assert np.allclose(to_photo(CAMERA, pose, to_plane(CAMERA, pose, grid())), grid())


def test_a_level_camera_sees_its_scale() -> None:
    pose = level_pose(5.0, 7.0, 1.0, degrees=(0.0, 0.0, 0.0))
    straight = replace(CAMERA, k1=0.0)
    plane = to_plane(straight, pose, np.array([[360.0, 240.0], [460.0, 240.0], [360.0, 340.0]]))
    assert np.allclose(plane, [[5.0, 7.0], [5.125, 7.0], [5.0, 6.875]])  # y up, rows down


def test_exact_ties_give_the_truth_back() -> None:
    adjusted = adjust(PHOTOS, range(4), TIES, gsd_m_per_px=GSD)
    assert 0 < off_px(adjusted).max() < 1.0  # not 0: the priors pull the tilts a little
    assert all(float(r.max()) < 0.05 for r in adjusted.residuals_px)
    assert adjusted.cameras[0].k1 == pytest.approx(0.02, abs=0.002)


def test_the_mean_ground_sample_distance_is_the_nominal_one() -> None:
    for nominal in (GSD, 3 * GSD):
        adjusted = adjust(PHOTOS, range(4), TIES, gsd_m_per_px=nominal)
        gsds = [
            adjusted.cameras[i].gsd_m_per_px(float(adjusted.poses[i].centre_world_m[2]))
            for i in range(4)
        ]
        assert np.exp(np.mean(np.log(gsds))) == pytest.approx(nominal, rel=1e-9)


def test_the_first_photo_is_upright() -> None:
    adjusted = adjust(PHOTOS, range(4), TIES, gsd_m_per_px=GSD)
    rightward = adjusted.poses[0].camera_from_world[0]
    assert abs(np.degrees(np.arctan2(rightward[1], rightward[0]))) < 0.1


def test_noise_stays_noise() -> None:
    noisy = [tie_of(i, i + 1, noise_px=1.0, points=400) for i in range(3)]
    adjusted = adjust(PHOTOS, range(4), noisy, gsd_m_per_px=GSD)
    rms = np.sqrt(np.mean(np.concatenate(adjusted.residuals_px) ** 2))
    assert 1.2 < rms < 1.6  # √2 · 1 px
    assert 0 < np.sqrt(np.mean(off_px(adjusted) ** 2)) < 3.0


def test_outliers_are_left_out_and_do_no_harm() -> None:
    wrong = TIES[1].second_px.copy()
    wrong[::10] += 25.0
    ties = [TIES[0], replace(TIES[1], second_px=wrong), TIES[2]]
    adjusted = adjust(PHOTOS, range(4), ties, gsd_m_per_px=GSD)
    assert len(adjusted.ties[1].first_px) == 180
    assert off_px(adjusted).max() < 0.8


def test_the_focal_length_makes_no_difference() -> None:
    unknown = [replace(photo, focal_px=None) for photo in PHOTOS]
    assert off_px(adjust(unknown, range(4), TIES, gsd_m_per_px=GSD)).max() < 0.7


def test_some_of_the_photos() -> None:
    adjusted = adjust(PHOTOS, [1, 2], [TIES[1]], gsd_m_per_px=GSD)
    assert sorted(adjusted.poses) == sorted(adjusted.cameras) == [1, 2]
    assert off_px(adjusted).max() < 2.0


def test_one_photo_alone_looks_straight_down() -> None:
    adjusted = adjust(PHOTOS, [2], [], gsd_m_per_px=GSD)
    assert adjusted.poses[2].camera_from_world == pytest.approx(np.diag([1.0, -1.0, -1.0]))
    assert adjusted.poses[2].centre_world_m == pytest.approx([360 * GSD, -240 * GSD, 800 * GSD])
    assert adjusted.ties == ()


def test_the_network_and_the_cameras_say_the_same() -> None:
    network = Network(PHOTOS, range(4), TIES, GSD)
    unknowns = network.first_guess(chain_similarities(range(4), TIES, GSD))
    unknowns[[4, 5, 10, 11, -1]] = (0.01, -0.02, 0.015, 0.005, 0.03)
    cameras, poses = network.cameras(unknowns), network.poses(unknowns)
    direct = np.concatenate([residuals_px(cameras, poses, tie) for tie in TIES])
    misfits = network.misfits(unknowns)[: 2 * len(direct)].reshape(-1, 2)
    assert np.linalg.norm(misfits, axis=1) * 2.0 == pytest.approx(direct, abs=1e-6)
    assert direct.max() > 1.0  # this guess is not yet the answer


def test_photos_of_two_sizes_have_two_lenses() -> None:
    photos = [PHOTOS[0], replace(PHOTOS[1], width_px=1440, height_px=960, focal_px=1600.0)]
    big = Camera(width_px=1440, height_px=960, focal_px=1600.0, cx_px=720, cy_px=480, k1=-0.01)
    plane = to_plane(CAMERA, POSES[0], np.random.default_rng(4).uniform(0, (720, 480), (300, 2)))
    p, q = to_photo(CAMERA, POSES[0], plane), to_photo(big, POSES[1], plane)
    tie = Tie(
        first=0,
        second=1,
        first_px=p,
        second_px=q,
        second_from_first=fit_similarity(as_complex(p), as_complex(q)),
    )
    adjusted = adjust(photos, [0, 1], [tie], gsd_m_per_px=GSD * 0.7)
    assert float(adjusted.residuals_px[0].max()) < 0.2
    assert adjusted.cameras[0].k1 > adjusted.cameras[1].k1
    assert adjusted.cameras[1].width_px == 1440


def test_chaining_follows_the_strip() -> None:
    chained = chain_similarities(range(4), TIES, GSD)
    assert chained[0][1] == 0
    for pose, (a, b) in zip(POSES, (chained[i] for i in range(4)), strict=True):
        centre = a * complex(360, 240) + b - (chained[0][0] * complex(360, 240))
        place: NDArray[np.float64] = pose.centre_world_m
        assert abs(centre.conjugate() - complex(*place[:2])) < 0.05
    assert np.mean([np.log(abs(a)) for a, _ in chained.values()]) == pytest.approx(np.log(GSD))


def test_chaining_works_against_the_direction_of_a_tie() -> None:
    backwards = chain_similarities([1, 0], [TIES[0]], GSD)
    forwards = chain_similarities([0, 1], [TIES[0]], GSD)
    step_back = backwards[0][0] / backwards[1][0]
    step_on = forwards[0][0] / forwards[1][0]
    assert step_back == pytest.approx(step_on)


def test_poses_are_rotations() -> None:
    adjusted = adjust(PHOTOS, range(4), TIES, gsd_m_per_px=GSD)
    pose: Pose
    for pose in adjusted.poses.values():
        tilt = np.degrees(np.arccos(-pose.camera_from_world[2, 2]))
        assert 0.3 < tilt < 2.0
