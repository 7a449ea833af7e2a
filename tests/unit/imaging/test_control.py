"""Control points take the tilt and the shift out of a block; what cannot place it is refused."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.domain.capture import Photo
from inspection.errors import BadGeometry
from inspection.geo.camera import Camera, Pose, rotation_from_gimbal
from inspection.geo.frames import LocalFrame
from inspection.imaging.alignment import Similarity
from inspection.imaging.control import Mark, hold, read_marks
from inspection.imaging.sfm import Model

FRAME = LocalFrame(lon_deg=136.9, lat_deg=37.39, height_ellipsoid_m=40.0)
CAMERA = Camera(width_px=2000, height_px=1500, focal_px=3000, cx_px=1000, cy_px=750, k1=-0.02)
TARGETS = {"A": (-4.0, -2.0, 0.1), "B": (4.0, -2.0, 0.0), "C": (3.5, 2.5, 0.05), "D": (-4, 2, 0)}


def sha(number: int) -> str:
    return f"{number:064x}"


def photos() -> list[Photo]:
    return [
        Photo(sha256=sha(n), name=f"dcim/IMG_{n}.JPG", width_px=2000, height_px=1500)
        for n in range(6)
    ]


def true_model() -> Model:
    poses = {
        sha(n): Pose(
            camera_from_world=rotation_from_gimbal(yaw_deg=10.0 * n, pitch_deg=-88, roll_deg=1),
            centre_world_m=np.array([-3.0 + 1.2 * n, (-1) ** n * 0.8, 20.0]),
        )
        for n in range(6)
    }
    points = np.array([[0.0, 0.0, 0.0], [1.0, 1.0, 0.1]])
    return Model(
        cameras=dict.fromkeys(poses, CAMERA), poses=poses, points=points, reprojection_px=0.3
    )


def marks(model: Model, names: str = "ABCD", noise_px: float = 0.0) -> list[Mark]:
    rng = np.random.default_rng(3)
    found = []
    for name in names:
        lonlat_h = FRAME.to_lonlat_h([TARGETS[name]])[0]
        for photo in photos():
            pixel = CAMERA.project(model.poses[photo.sha256].to_camera([TARGETS[name]]))[0]
            inside = (pixel >= 0).all() and pixel[0] < 2000 and pixel[1] < 1500
            if inside:
                x, y = pixel + rng.normal(0, noise_px, 2)
                found.append(
                    Mark(
                        name=name,
                        photo=Path(photo.name).name,
                        pixel=(float(x), float(y)),
                        lonlat_h=(float(lonlat_h[0]), float(lonlat_h[1]), float(lonlat_h[2])),
                    )
                )
    return found


def disturbed(model: Model, tilt_mrad: float, shift_m: float, scale: float) -> Model:
    """Tilt, shift and scale a true block as a receiver's noise does."""
    angle = tilt_mrad / 1000
    rotation = np.array(
        [[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]]
    )
    move = Similarity(scale=scale, rotation=rotation, shift_m=np.array([shift_m, -shift_m, 0.1]))
    return Model(
        cameras=model.cameras,
        poses={name: move.pose(pose) for name, pose in model.poses.items()},
        points=move.points(model.points),
        reprojection_px=model.reprojection_px,
    )


@settings(max_examples=25, deadline=None)
@given(
    tilt_mrad=st.floats(-20, 20),
    shift_m=st.floats(-2, 2),
    scale=st.floats(0.95, 1.05),
)
def test_a_disturbed_block_comes_back_to_the_truth(
    tilt_mrad: float, shift_m: float, scale: float
) -> None:
    truth = true_model()
    moved, held = hold(disturbed(truth, tilt_mrad, shift_m, scale), photos(), marks(truth), FRAME)
    for name, pose in truth.poses.items():
        assert moved.poses[name].centre_world_m == pytest.approx(pose.centre_world_m, abs=1e-5)
        assert moved.poses[name].camera_from_world == pytest.approx(
            pose.camera_from_world, abs=1e-6
        )
    assert moved.points == pytest.approx(truth.points, abs=1e-5)
    assert held.rms_horizontal_m < 1e-5
    assert held.rms_vertical_m < 1e-5


def test_noise_of_the_marks_shows_in_the_residuals_not_beyond() -> None:
    truth = true_model()
    _, held = hold(truth, photos(), marks(truth, noise_px=0.5), FRAME)
    gsd_m = CAMERA.gsd_m_per_px(20.0)
    assert 0.02 * gsd_m < held.rms_horizontal_m < 1.0 * gsd_m
    assert set(held.residuals) == set("ABCD")
    assert held.facts["points"] == 4


def test_points_seen_once_are_named_as_unused() -> None:
    truth = true_model()
    every = marks(truth)
    once = [m for m in every if m.name != "D"] + [m for m in every if m.name == "D"][:1]
    _, held = hold(truth, photos(), once, FRAME)
    assert held.unused == ("D",)
    assert set(held.residuals) == set("ABC")


@pytest.mark.parametrize("names", ["AB", "A"])
def test_too_few_points_are_refused(names: str) -> None:
    truth = true_model()
    with pytest.raises(BadGeometry, match="3 are needed"):
        hold(truth, photos(), marks(truth, names), FRAME)


def test_points_on_one_line_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    truth = true_model()
    for name, x_m in zip("ABC", (-3.0, 0.0, 3.0), strict=True):
        monkeypatch.setitem(TARGETS, name, (x_m, 0.0, 0.0))
    with pytest.raises(BadGeometry, match="one line"):
        hold(truth, photos(), marks(truth, "ABC"), FRAME)


def test_a_wrong_coordinate_is_named_with_its_size() -> None:
    truth = true_model()
    wrong = [
        Mark(
            name=m.name,
            photo=m.photo,
            pixel=m.pixel,
            lonlat_h=(m.lonlat_h[0] + 1e-5 * (m.name == "B"), *m.lonlat_h[1:]),
        )
        for m in marks(truth)
    ]
    with pytest.raises(BadGeometry, match=r"control point . misses by 0\.\d\d m"):
        hold(truth, photos(), wrong, FRAME)


def test_an_unknown_photo_is_named() -> None:
    truth = true_model()
    stray = Mark(name="A", photo="other.jpg", pixel=(1, 1), lonlat_h=(136.9, 37.39, 40.0))
    with pytest.raises(BadGeometry, match=r"other\.jpg"):
        hold(truth, photos(), [*marks(truth), stray], FRAME)


def test_a_file_is_read_exactly(tmp_path: Path) -> None:
    path = tmp_path / "gcp.csv"
    path.write_text(
        "﻿# surveyed 2026-05\nname,photo,x_px,y_px,lon,lat,h\n"
        "G1,photos/IMG_1.JPG,10.5, 20.25,136.9,37.39,48.2\n",
        encoding="utf-8",
    )
    assert read_marks(path) == (
        Mark(name="G1", photo="IMG_1.JPG", pixel=(10.5, 20.25), lonlat_h=(136.9, 37.39, 48.2)),
    )


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("name,photo,x_px,y_px,x,y\nG1,a,1,2,3,4\n", "lon, lat, h"),
        ("name,photo,x_px,y_px,lon,lat,h\nG1,a,1,2,3,4,high\n", "'high'"),
        ("name,photo,x_px,y_px,lon,lat,h\nG1,a,1,2,37.39,136.9,1\n", "swapped"),
        ("", "lacks the columns"),
    ],
)
def test_a_wrong_file_is_refused_with_its_row(tmp_path: Path, text: str, named: str) -> None:
    path = tmp_path / "gcp.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadGeometry, match=named):
        read_marks(path)


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadGeometry, match=r"absent\.csv"):
        read_marks(tmp_path / "absent.csv")
