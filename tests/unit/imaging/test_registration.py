"""Registration of rendered flights: found against true poses, in metres."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from inspection.domain.capture import CapturePose, Photo
from inspection.errors import NotRegistered
from inspection.imaging.registration import NadirBlock, place_photos, register
from tests.support.nadir_scene import CAMERA, FRAME, HEIGHT_M, NadirScene, fly, mound, with_pose


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> NadirScene:
    return fly(tmp_path_factory.mktemp("flight"), lines=3, shots=3, height=mound)


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory, scene: NadirScene) -> tuple[Photo, Path]:
    """Give a photo of something else, taken in the middle of the flight."""
    path = tmp_path_factory.mktemp("stranger") / "stranger.png"
    random = np.random.default_rng(77)
    grey = cv2.resize(random.uniform(0, 255, (90, 120)), (480, 360), interpolation=cv2.INTER_CUBIC)
    assert cv2.imwrite(str(path), np.clip(grey, 0, 255).astype(np.uint8))
    return replace(scene.photos[4], sha256="f" * 64, name="stranger.png"), path


@pytest.fixture(scope="module")
def block(
    scene: NadirScene, stranger: tuple[Photo, Path], tmp_path_factory: pytest.TempPathFactory
) -> NadirBlock:
    photo, path = stranger
    return register(
        [*scene.photos, photo],
        {**scene.paths, photo.sha256: path},
        work_dir=tmp_path_factory.mktemp("work"),
    )


def true_centres(scene: NadirScene, block: NadirBlock) -> NDArray[np.float64]:
    """Give the true centres in the frame of the block, in the order of its poses."""
    centres = np.array([scene.poses[name].centre_world_m for name in block.registration.poses])
    return block.frame.to_enu_m(FRAME.to_lonlat_h(centres))


def found_centres(block: NadirBlock) -> NDArray[np.float64]:
    return np.array([pose.centre_world_m for pose in block.registration.poses.values()])


def test_every_photo_of_the_flight_is_registered_and_the_stranger_is_not(
    scene: NadirScene, block: NadirBlock
) -> None:
    assert set(block.registration.poses) == {photo.sha256 for photo in scene.photos}
    assert block.registration.unregistered == ("f" * 64,)
    assert any("1 of 10 photos could not be tied in" in w for w in block.registration.warnings)
    assert block.registration.method == "sfm"


def test_cameras_are_where_they_were_within_the_noise_of_their_receiver(
    scene: NadirScene, block: NadirBlock
) -> None:
    """Five centimetres of noise in nine photos shift a block by about two."""
    error = found_centres(block) - true_centres(scene, block)
    assert np.abs(error.mean(axis=0)).max() < 0.06
    assert (error - error.mean(axis=0)).std() < 0.05
    assert np.abs(error).max() > 1e-4


def test_cameras_look_where_they_looked(scene: NadirScene, block: NadirBlock) -> None:
    """Nine small photos leave k1 and a bow of the block half open: 6e-3 and 0.5°."""
    for name, pose in block.registration.poses.items():
        turn = pose.camera_from_world @ scene.poses[name].camera_from_world.T
        angle_deg = np.degrees(np.arccos(np.clip((np.trace(turn) - 1) / 2, -1, 1)))
        assert angle_deg < 1.2


def test_the_focal_length_of_the_metadata_is_kept_and_distortion_is_found(
    block: NadirBlock,
) -> None:
    assert block.focal_source == "metadata"
    assert block.focal_prior_px == CAMERA.focal_px
    for camera in block.registration.cameras.values():
        assert camera.focal_px == pytest.approx(CAMERA.focal_px, rel=1e-9)
        assert camera.k1 == pytest.approx(CAMERA.k1, abs=0.008)
        assert (camera.width_px, camera.height_px) == (480, 360)


def test_the_ground_is_the_mound(block: NadirBlock) -> None:
    """Half a GSD is 2 cm; heights are worse than positions by about the base to height ratio."""
    offset = block.frame.to_enu_m(FRAME.to_lonlat_h([[0.0, 0.0, 0.0]]))[0]
    x, y = np.meshgrid(np.linspace(-8, 8, 15), np.linspace(-8, 8, 15))
    xy = np.column_stack([x.ravel(), y.ravel()])
    found = block.checked.field.height_m(xy + offset[:2]) - offset[2]
    error = found - mound(xy)
    assert np.sqrt((error**2).mean()) < 0.25
    top = block.checked.field.height_m(offset[None, :2])[0] - offset[2]
    assert 1.1 < top < 1.7


def test_heights_and_residuals_agree_with_the_truth(block: NadirBlock) -> None:
    registration = block.registration
    assert registration.height_ratio is not None
    assert 0.93 < registration.height_ratio < 1.03  # cameras above the mound fly lower over it
    assert block.checked.height_stated_m == pytest.approx(HEIGHT_M, abs=0.4)
    assert registration.camera_gps_rms_horizontal_m is not None
    assert registration.camera_gps_rms_vertical_m is not None
    assert 0.01 < registration.camera_gps_rms_horizontal_m < 0.12
    assert 0.01 < registration.camera_gps_rms_vertical_m < 0.12
    assert registration.reprojection_px is not None
    assert 0.01 < registration.reprojection_px < 0.5
    assert len(registration.residuals) == 9
    assert len(block.points_enu_m) > 500


def test_registering_again_gives_the_same_bits(
    scene: NadirScene, stranger: tuple[Photo, Path], block: NadirBlock, tmp_path: Path
) -> None:
    """In any order of the photos."""
    photo, path = stranger
    again = register(
        [photo, *reversed(scene.photos)],
        {**scene.paths, photo.sha256: path},
        work_dir=tmp_path,
    )
    assert list(again.registration.poses) == list(block.registration.poses)
    assert np.array_equal(found_centres(again), found_centres(block))
    assert np.array_equal(again.points_enu_m, block.points_enu_m)


def test_a_wrong_focal_length_is_told_by_the_height(scene: NadirScene, tmp_path: Path) -> None:
    """Positions fit as well as ever; only the stated height gives the fault away.

    The mound and the freed distortion take up a part of the 16 %.
    """
    wrong = [replace(photo, focal_px=CAMERA.focal_px * 1.16) for photo in scene.photos]
    found = register(wrong, scene.paths, work_dir=tmp_path)
    assert found.registration.height_ratio == pytest.approx(1.11, abs=0.05)
    assert any("focal length is wrong" in warning for warning in found.registration.warnings)
    assert found.checked.rms_horizontal_m < 0.15


def test_without_a_focal_length_the_height_gives_one(scene: NadirScene, tmp_path: Path) -> None:
    unknown = [replace(photo, focal_px=None) for photo in scene.photos]
    found = register(unknown, scene.paths, work_dir=tmp_path)
    assert found.focal_source == "altitude"
    assert found.focal_prior_px is None
    assert found.registration.height_ratio is None  # it would only repeat what was put in
    focal = next(iter(found.registration.cameras.values())).focal_px
    assert focal == pytest.approx(CAMERA.focal_px, rel=0.06)
    assert any("do not state a focal length" in w for w in found.registration.warnings)


def test_too_few_positions_are_refused(scene: NadirScene, tmp_path: Path) -> None:
    lost = [replace(photo, pose=None) for photo in scene.photos[:-2]]
    with pytest.raises(NotRegistered, match=r"2 of 9 photos have a GPS position.*'strip'"):
        register([*lost, *scene.photos[-2:]], scene.paths, work_dir=tmp_path)


def poses(
    relative: Sequence[float | None], absolute: Sequence[float | None], std_m: float | None = None
) -> list[Photo]:
    return [
        Photo(
            sha256=f"{n:064x}",
            name=f"{n}.jpg",
            width_px=480,
            height_px=360,
            pose=CapturePose(
                lon_deg=136.9 + n * 1e-4,
                lat_deg=37.4,
                altitude_m=high,
                altitude_relative_m=low,
                horizontal_std_m=std_m,
                vertical_std_m=std_m,
            ),
        )
        for n, (low, high) in enumerate(zip(relative, absolute, strict=True))
    ]


def test_heights_count_from_take_off_where_the_barometer_tells() -> None:
    _, positions = place_photos(poses([39.8, 40.1, 40.0], [198.3, 250.0, 198.5]))
    assert np.allclose(positions[:, 2], [39.8, 40.1, 40.0], atol=1e-3)
    assert np.allclose(np.diff(positions[:, 0]), 8.85, atol=0.05)
    assert np.abs(positions[:, :2].mean(axis=0)).max() < 1e-3


def test_a_receiver_that_knows_its_height_to_centimetres_is_believed() -> None:
    _, positions = place_photos(poses([39.8, 40.3, 40.0], [198.0, 198.2, 198.1], std_m=0.02))
    assert np.allclose(np.diff(positions[:, 2]), [0.2, -0.1], atol=1e-3)


def test_without_relative_heights_the_absolute_ones_serve() -> None:
    frame, positions = place_photos(poses([None, 40.0, 40.0], [90.0, 91.0, 92.0]))
    assert np.allclose(np.diff(positions[:, 2]), 1.0, atol=1e-3)
    assert frame.height_ellipsoid_m == pytest.approx(51.5)


def test_no_height_at_all_is_refused() -> None:
    with pytest.raises(NotRegistered, match="neither a relative nor an absolute altitude"):
        place_photos(poses([None, 40.0], [None, 90.0]))


def test_stated_heights_may_be_missing(scene: NadirScene, tmp_path: Path) -> None:
    bare = [with_pose(photo, altitude_relative_m=None) for photo in scene.photos]
    found = register(bare, scene.paths, work_dir=tmp_path)
    assert len(found.registration.poses) == 9
    assert found.registration.height_ratio is None
    centres = found_centres(found)
    truth = true_centres(scene, found)
    assert np.abs((centres - truth) - (centres - truth).mean(axis=0)).max() < 0.15
