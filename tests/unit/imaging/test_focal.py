"""Focal length in pixels: three sources, crops, reductions and zoom."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.codelists.cameras import CameraModel, load_cameras
from inspection.imaging.exif import Metadata
from inspection.imaging.focal import focal_px, focal_px_from_35mm, resize_ratio

CAMERAS = load_cameras()
PHANTOM = Metadata(make="DJI", model="FC300S", focal_mm=3.61, focal_35mm=20.0)
P1_35 = Metadata(make="DJI", model="ZenmuseP1", focal_mm=35.0)


def test_the_phantom_cropped_to_16_by_9() -> None:
    assert focal_px(PHANTOM, (4000, 2250), CAMERAS) == pytest.approx(3610 / 1.54)


def test_an_upright_photo_has_the_same_focal_length() -> None:
    assert focal_px(PHANTOM, (2250, 4000), CAMERAS) == pytest.approx(3610 / 1.54)


def test_a_reduced_photo_has_a_shorter_one() -> None:
    assert focal_px(PHANTOM, (2000, 1125), CAMERAS) == pytest.approx(3610 / 1.54 / 2)


def test_digital_zoom_lengthens_it() -> None:
    zoomed = Metadata(make="DJI", model="FC300S", focal_mm=3.61, digital_zoom=2.0)
    assert focal_px(zoomed, (4000, 3000), CAMERAS) == pytest.approx(2 * 3610 / 1.54)


def test_the_p1_by_its_pitch() -> None:
    assert focal_px(P1_35, (8192, 5460), CAMERAS) == pytest.approx(35_000 / 4.4)


def test_the_makers_calibration_wins_and_follows_a_reduction() -> None:
    calibrated = Metadata(
        make="DJI",
        model="ZenmuseP1",
        focal_mm=35.0,
        calibrated_focal_px=8200.0,
        original_size_px=(8192, 5460),
    )
    assert focal_px(calibrated, (8192, 5460), CAMERAS) == 8200.0
    assert focal_px(calibrated, (4096, 2730), CAMERAS) == 4100.0


def test_a_calibration_without_original_size_is_taken_as_it_is() -> None:
    assert focal_px(Metadata(calibrated_focal_px=3666.7), (5472, 3648), CAMERAS) == 3666.7


def test_an_unknown_camera_is_known_by_its_film_equivalent() -> None:
    unknown = Metadata(make="Nobody", model="X", focal_mm=5.0, focal_35mm=24.0)
    assert focal_px(unknown, (4000, 3000), CAMERAS) == pytest.approx(24 * 5000 / 43.27)


def test_a_known_camera_with_one_lens_needs_no_focal_length() -> None:
    assert focal_px(Metadata(make="DJI", model="FC300X"), (4000, 3000), CAMERAS) == pytest.approx(
        3610 / 1.54
    )


def test_a_known_body_whose_lens_is_not_said_is_not_guessed() -> None:
    assert focal_px(Metadata(make="SONY", model="ILCE-7RM4"), (9504, 6336), CAMERAS) is None


def test_wide_and_tele_of_one_body_are_told_apart_by_focal_length() -> None:
    wide = Metadata(make="DJI", model="M3E", focal_mm=12.29)
    tele = Metadata(make="DJI", model="M3E", focal_mm=29.9)
    neither = Metadata(make="DJI", model="M3E")
    assert focal_px(wide, (5280, 3956), CAMERAS) == pytest.approx(12_290 / 3.3)
    assert focal_px(tele, (4000, 3000), CAMERAS) == pytest.approx(29_900 / 1.6)
    assert focal_px(neither, (4000, 3000), CAMERAS) is None


def test_nothing_tells_nothing() -> None:
    assert focal_px(Metadata(), (4000, 3000), CAMERAS) is None


@given(
    scale=st.floats(0.1, 1.0),
    kept=st.floats(0.5, 1.0),
    which=st.booleans(),
    upright=st.booleans(),
)
def test_scale_survives_a_crop_of_one_side(
    scale: float, kept: float, which: bool, upright: bool
) -> None:
    original = (40_000, 30_000)
    width = round(original[0] * scale * (kept if which else 1.0))
    height = round(original[1] * scale * (1.0 if which else kept))
    if (width >= height) != (original[0] >= original[1]):
        return  # a crop that turns landscape into portrait hides which side is which
    size = (height, width) if upright else (width, height)
    assert resize_ratio(size, original) == pytest.approx(scale, abs=1e-3)


@given(st.floats(8, 200), st.integers(100, 10_000), st.integers(100, 10_000))
def test_the_film_equivalent_keeps_the_angle_over_the_diagonal(
    focal: float, width: int, height: int
) -> None:
    film = math.atan(43.27 / 2 / focal)
    picture = math.atan(math.hypot(width, height) / 2 / focal_px_from_35mm(focal, (width, height)))
    assert picture == pytest.approx(film, abs=1e-12)


def test_every_shipped_camera_can_be_found() -> None:
    camera: CameraModel
    for camera in CAMERAS:
        focal = camera.focal_mm[0] if camera.focal_mm else 35.0
        metadata = Metadata(make=camera.make, model=camera.exif_models[0], focal_mm=focal)
        found = focal_px(metadata, camera.pixels, CAMERAS)
        assert found is not None
        across_deg = 2 * math.degrees(math.atan(camera.pixels[0] / 2 / found))
        assert 10 < across_deg < 95
