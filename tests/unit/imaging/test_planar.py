"""Strips of one plane: rendered photos with known cameras, whole and in part."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from inspection.domain.capture import CapturePose, Photo
from inspection.errors import BadGeometry, BadInput, NotRegistered
from inspection.geo.camera import Camera
from inspection.geo.grid import LOCAL_CRS
from inspection.imaging.planar import (
    StripRegistration,
    facts_of,
    lay_out,
    register_strip,
    views_of,
)
from inspection.imaging.planar_adjust import to_photo, to_plane
from inspection.imaging.planar_place import read_control_points
from inspection.imaging.planar_ties import Tie, as_complex, find_ties, fit_similarity
from tests.support.strip_scene import (
    CAMERA,
    GSD_M_PER_PX,
    StripScene,
    level_pose,
    render,
    texture,
    write_photo,
    write_strip,
)

SOMEWHERE = CapturePose(lon_deg=136.6, lat_deg=36.6)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> StripScene:
    return write_strip(tmp_path_factory.mktemp("strip"))


@pytest.fixture(scope="module")
def ties(scene: StripScene) -> list[Tie]:
    return find_ties(scene.photos, [scene.paths[photo.sha256] for photo in scene.photos])


@pytest.fixture(scope="module")
def registered(scene: StripScene, ties: list[Tie]) -> StripRegistration:
    return lay_out(scene.photos, ties, gsd_m_per_px=scene.true_gsd_m_per_px)


def pixels(camera: Camera = CAMERA) -> NDArray[np.float64]:
    x, y = np.meshgrid(np.linspace(0, camera.width_px, 9), np.linspace(0, camera.height_px, 7))
    return np.column_stack([x.ravel(), y.ravel()])


def seen_and_true(
    scene: StripScene, strip: StripRegistration
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give where the registration and the truth put the same pixels, metres."""
    shas = list(strip.poses)
    seen = [to_plane(strip.cameras[s], strip.poses[s], pixels()) for s in shas]
    true = [to_plane(CAMERA, scene.poses[s], pixels()) for s in shas]
    return np.concatenate(seen), np.concatenate(true)


# -- the whole strip ----------------------------------------------------------------------------


def test_all_photos_are_registered_by_the_overlaps_of_neighbours(
    scene: StripScene, registered: StripRegistration
) -> None:
    order = [photo.sha256 for photo in scene.photos]
    assert list(registered.poses) == order
    assert [(t.first, t.second) for t in registered.ties] == list(pairwise(order))
    assert all(100 < t.points < 5000 for t in registered.ties)
    assert all(0.05 < t.rms_px < 1.0 for t in registered.ties)
    assert 0.05 < registered.rms_px < 1.0
    assert not registered.unregistered
    assert registered.warnings == ()


def test_positions_are_true_up_to_a_similarity(
    scene: StripScene, registered: StripRegistration
) -> None:
    seen, true = seen_and_true(scene, registered)
    a, b = fit_similarity(as_complex(seen), as_complex(true))
    off_px = np.abs(a * as_complex(seen) + b - as_complex(true)) / GSD_M_PER_PX
    assert 0.01 < np.sqrt(np.mean(off_px**2)) < 1.5
    assert off_px.max() < 4.0
    assert 0.99 < abs(a) < 1.01  # the nominal scale is kept
    assert abs(np.degrees(np.angle(a))) < 0.5  # upright as the first photo, whose heading is 0


def test_the_focal_length_is_not_known_and_not_needed(registered: StripRegistration) -> None:
    (focal,) = {camera.focal_px for camera in registered.cameras.values()}
    assert focal == 720.0  # the long side, not the 800 px of the truth


def test_the_frame_is_local_and_begins_at_its_lower_left_corner(
    registered: StripRegistration,
) -> None:
    corners = np.concatenate(
        [to_plane(registered.cameras[s], p, pixels()) for s, p in registered.poses.items()]
    )
    low = corners.min(axis=0)
    assert (low >= 0).all() and (low < 1.0).all()
    assert registered.crs == LOCAL_CRS
    assert not registered.georeferenced
    assert registered.gsd_uncertainty_ratio == 0.15
    assert (registered.control_residuals, registered.control_rms_m) == ((), None)


def test_the_homographies_follow_the_lens_as_far_as_they_can(
    registered: StripRegistration,
) -> None:
    for sha256, matrix in registered.surface_from_px.items():
        camera, pose = registered.cameras[sha256], registered.poses[sha256]
        mapped = np.column_stack([pixels(), np.ones(63)]) @ matrix.T
        off = np.linalg.norm(
            mapped[:, :2] / mapped[:, 2:] - to_plane(camera, pose, pixels()), axis=1
        )
        stated = registered.homography_error_m[sha256]
        assert off.max() <= stated * (1 + 1e-9)
        assert 0 < stated < 4 * GSD_M_PER_PX


def test_the_same_photos_in_any_order_give_the_same_answer(
    scene: StripScene, registered: StripRegistration
) -> None:
    again = register_strip(scene.photos[::-1], scene.paths, gsd_m_per_px=scene.true_gsd_m_per_px)
    assert facts_of(again) == facts_of(registered)


def test_the_views_are_those_of_the_registered_photos(
    scene: StripScene, registered: StripRegistration
) -> None:
    views = views_of(registered, scene.photos[::-1], scene.paths)
    assert [view.sha256 for view in views] == [photo.sha256 for photo in scene.photos]
    for view in views:
        assert view.path == scene.paths[view.sha256]
        assert view.camera is registered.cameras[view.sha256]
        assert view.pose is registered.poses[view.sha256]


def test_the_facts_are_plain_values(registered: StripRegistration) -> None:
    import json

    facts = json.loads(json.dumps(facts_of(registered)))
    assert facts["method"] == "planar"
    assert facts["crs"] == "LOCAL"
    assert facts["reprojection_px"] == registered.rms_px
    assert set(facts["photos"]) == set(registered.poses)
    for sha256, row in facts["photos"].items():
        assert np.array_equal(row["surface_from_px"], registered.surface_from_px[sha256])


# -- strips with something missing --------------------------------------------------------------


def test_a_photo_without_ties_is_left_out_with_its_reason(
    scene: StripScene, ties: list[Tie]
) -> None:
    other = Photo(sha256="e" * 64, name="elsewhere.png", width_px=720, height_px=480)
    strip = lay_out([*scene.photos, other], ties, gsd_m_per_px=scene.true_gsd_m_per_px)
    assert set(strip.poses) == set(scene.poses)
    assert list(strip.unregistered) == [other.sha256]
    assert "elsewhere.png overlaps too little" in strip.unregistered[other.sha256]
    assert strip.warnings == tuple(strip.unregistered.values())


def test_photos_of_two_places_and_of_two_ends_are_not_tied(
    scene: StripScene, tmp_path: Path
) -> None:
    south, _, north = scene.photos
    pose = level_pose(0.55, -0.9, 1.0, degrees=(0.0, 0.0, 0.0))
    other = write_photo(tmp_path / "other.png", render(texture(99), pose, gain=1.0, seed=9))
    paths = {**scene.paths, other.sha256: tmp_path / other.name}
    with pytest.raises(NotRegistered, match=r"no two of the 3 photos.*tenth"):
        register_strip([south, north, other], paths, gsd_m_per_px=GSD_M_PER_PX)


def test_one_photo_alone_is_a_strip(scene: StripScene) -> None:
    (photo, *_) = scene.photos
    strip = register_strip([photo], scene.paths, gsd_m_per_px=GSD_M_PER_PX)
    corners = to_plane(
        strip.cameras[photo.sha256], strip.poses[photo.sha256], np.array([[0.0, 0.0], [720.0, 0.0]])
    )
    assert np.linalg.norm(corners[1] - corners[0]) == pytest.approx(720 * GSD_M_PER_PX)
    assert strip.rms_px == 0.0
    assert strip.ties == ()


def test_no_photo_is_no_strip() -> None:
    with pytest.raises(BadInput, match="at least one"):
        register_strip([], {}, gsd_m_per_px=GSD_M_PER_PX)


# -- control points -----------------------------------------------------------------------------

MAP_SHIFT = (-48_404.9, 66_109.8)
TURN = np.exp(1j * np.radians(30))


def on_map(plane: NDArray[np.float64]) -> NDArray[np.float64]:
    z = as_complex(plane) * TURN + complex(*MAP_SHIFT)
    return np.column_stack([z.real, z.imag])


def control_file(
    scene: StripScene, path: Path, crs: str, points: list[tuple[int, float, float]]
) -> Path:
    """Write control points at (photo number, x m, y m) of the true plane."""
    rows = [f"# crs: {crs}", "name,photo,x_px,y_px,x,y"]
    for number, x, y in points:
        photo = scene.photos[number]
        plane = np.array([[x, y]])
        (pixel,) = to_photo(CAMERA, scene.poses[photo.sha256], plane)
        (place,) = on_map(plane)
        rows.append(f"P{number},{photo.name},{pixel[0]},{pixel[1]},{place[0]!r},{place[1]!r}")
    path.write_text("\n".join(row.replace("np.float64(", "").replace(")", "") for row in rows))
    return path


def test_two_points_place_the_strip_on_the_map(
    scene: StripScene, ties: list[Tie], tmp_path: Path
) -> None:
    file = control_file(scene, tmp_path / "gcp.csv", "EPSG:6675", [(0, 0.4, -1.5), (2, 0.7, -0.3)])
    points = read_control_points(file)
    strip = lay_out(scene.photos, ties, gsd_m_per_px=0.0014, points=points)
    assert (strip.crs, strip.georeferenced) == ("EPSG:6675", True)
    assert strip.gsd_uncertainty_ratio == 0.05
    assert strip.gsd_m_per_px == pytest.approx(scene.true_gsd_m_per_px, rel=0.01)
    seen, true = seen_and_true(scene, strip)
    off = np.linalg.norm(seen - on_map(true), axis=1)
    assert 0 < np.sqrt(np.mean(off**2)) < 2 * GSD_M_PER_PX
    assert off.max() < 5 * GSD_M_PER_PX
    assert strip.control_rms_m is None  # two points leave nothing to check with
    assert "measure a third" in strip.warnings[0]
    for sha256, matrix in strip.surface_from_px.items():
        centre = matrix @ (360.0, 240.0, 1.0)
        truth = on_map(to_plane(CAMERA, scene.poses[sha256], np.array([[360.0, 240.0]])))[0]
        assert np.linalg.norm(centre[:2] / centre[2] - truth) < 3 * GSD_M_PER_PX


def test_a_third_point_checks_the_other_two(
    scene: StripScene, ties: list[Tie], tmp_path: Path
) -> None:
    points = [(0, 0.4, -1.5), (2, 0.7, -0.3), (1, 0.3, -0.9)]
    file = control_file(scene, tmp_path / "gcp.csv", "EPSG:6675", points)
    strip = lay_out(
        scene.photos,
        ties,
        gsd_m_per_px=scene.true_gsd_m_per_px,
        points=read_control_points(file),
    )
    assert strip.control_rms_m is not None
    assert 0 < strip.control_rms_m < 2 * GSD_M_PER_PX
    assert [r.name for r in strip.control_residuals] == ["P0", "P2", "P1"]
    assert strip.warnings == ()


def test_a_tape_on_the_ground_gives_the_scale_only(
    scene: StripScene, ties: list[Tie], tmp_path: Path
) -> None:
    file = control_file(scene, tmp_path / "tape.csv", "LOCAL", [(0, 0.4, -1.5), (2, 0.7, -0.3)])
    points = read_control_points(file)
    strip = lay_out(scene.photos, ties, gsd_m_per_px=0.0025, points=points)
    assert (strip.crs, strip.georeferenced) == (LOCAL_CRS, False)
    assert strip.gsd_m_per_px == pytest.approx(scene.true_gsd_m_per_px, rel=0.01)
    assert any("× the nominal" in warning for warning in strip.warnings)


def test_control_in_an_unknown_photo_is_refused_before_any_photo_is_read(
    scene: StripScene, tmp_path: Path
) -> None:
    nowhere = dict.fromkeys(scene.paths, tmp_path / "gone.png")
    file = tmp_path / "gcp.csv"
    file.write_text(
        "# crs: EPSG:6675\nname,photo,x_px,y_px,x,y\nA,other,1,1,0,0\nB,other,2,2,1,1\n"
    )
    with pytest.raises(BadGeometry, match="no such photo"):
        register_strip(scene.photos, nowhere, gsd_m_per_px=GSD_M_PER_PX, gcp_file=file)


def test_a_broken_control_file_is_refused_before_any_photo_is_read(tmp_path: Path) -> None:
    file = tmp_path / "gcp.csv"
    file.write_text("hello")
    photo = Photo(sha256="0" * 64, name="missing.jpg", width_px=9, height_px=9)
    with pytest.raises(BadGeometry, match="lacks the columns"):
        register_strip(
            [photo], {photo.sha256: tmp_path / "missing.jpg"}, gsd_m_per_px=0.01, gcp_file=file
        )
