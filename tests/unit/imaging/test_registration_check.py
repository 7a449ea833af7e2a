"""Checks against the metadata: heights, residuals, and an honest uncertainty of the scale."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from inspection.domain.capture import CapturePose, Photo
from inspection.geo.camera import Camera, Pose, rotation_from_gimbal
from inspection.imaging.registration_check import (
    ALTITUDE_UNCERTAINTY,
    HEIGHT_TOLERANCE,
    MODEL_UNCERTAINTY,
    Checked,
    check,
    gsd_uncertainty_ratio,
)
from inspection.imaging.sfm import Model

CAMERA = Camera(width_px=400, height_px=300, focal_px=300, cx_px=200, cy_px=150)
CENTRES = np.array([[x, y, 20.0] for x in (-8.0, 0, 8) for y in (-6.0, 0, 6)])


def photos(relative_m: Sequence[float | None]) -> list[Photo]:
    return [
        Photo(
            sha256=f"{n:064x}",
            name=f"{n}.jpg",
            width_px=400,
            height_px=300,
            pose=CapturePose(lon_deg=136.9, lat_deg=37.4, altitude_relative_m=height),
        )
        for n, height in enumerate(relative_m)
    ]


def model(ground_m: float = 0.0, slope: float = 0.0, count: int = 9) -> Model:
    random = np.random.default_rng(6)
    xy = random.uniform(-15, 15, (900, 2))
    z = ground_m + slope * xy[:, 0] + random.normal(0, 0.02, 900)
    down = rotation_from_gimbal(yaw_deg=0, pitch_deg=-90)
    return Model(
        cameras={f"{n:064x}": CAMERA for n in range(count)},
        poses={
            f"{n:064x}": Pose(camera_from_world=down, centre_world_m=CENTRES[n])
            for n in range(count)
        },
        points=np.column_stack([xy, z]),
        reprojection_px=0.4,
    )


def test_a_block_that_agrees_with_everything() -> None:
    checked = check(model(), photos([20.0] * 9), CENTRES)
    assert checked.height_ratio == pytest.approx(1.0, abs=0.002)
    assert checked.height_m == pytest.approx(20.0, abs=0.04)
    assert checked.height_stated_m == 20.0
    assert checked.rms_horizontal_m == 0
    assert checked.rms_vertical_m == 0
    assert checked.warnings == ()
    assert gsd_uncertainty_ratio(checked, "metadata") == MODEL_UNCERTAINTY


@pytest.mark.parametrize(
    ("stated", "warned"), [(20.5, False), (19.5, False), (17.2, True), (23, True)]
)
def test_the_user_is_told_when_heights_disagree_by_more_than_three_per_cent(
    stated: float, warned: bool
) -> None:
    checked = check(model(), photos([stated] * 9), CENTRES)
    assert checked.height_ratio == pytest.approx(20 / stated, abs=0.003)
    assert bool(checked.warnings) is warned
    if warned:
        assert f"{stated:.1f} m above take-off" in checked.warnings[0]
        assert "focal length" in checked.warnings[0]
        wanted = abs(20 / stated - 1)
        assert gsd_uncertainty_ratio(checked, "metadata") == pytest.approx(wanted, abs=0.003)


def test_single_wild_heights_do_not_move_the_ratio() -> None:
    heights: list[float | None] = [20.0] * 9
    heights[0], heights[5] = 3.0, 90.0
    checked = check(model(), photos(heights), CENTRES)
    assert checked.height_ratio == pytest.approx(1.0, abs=0.003)


def test_heights_count_from_the_ground_below_each_camera() -> None:
    sloping = check(model(ground_m=5.0, slope=0.2), photos([15.0] * 9), CENTRES)
    assert sloping.height_ratio == pytest.approx(1.0, abs=0.01)


def test_without_stated_heights_there_is_no_ratio_but_more_doubt() -> None:
    checked = check(model(), photos([None] * 9), CENTRES)
    assert checked.height_ratio is None
    assert checked.height_stated_m is None
    assert checked.warnings == ()
    assert gsd_uncertainty_ratio(checked, "metadata") == 0.05


def test_photos_taken_on_the_ground_state_no_height() -> None:
    checked = check(model(), photos([0.0] * 4 + [20.0] * 5), CENTRES)
    assert checked.height_ratio == pytest.approx(1.0, abs=0.003)


def test_residuals_are_found_minus_stated_by_photo() -> None:
    stated = CENTRES - (0.3, -0.4, 1.2)
    checked = check(model(), photos([20.0] * 9), stated)
    assert checked.rms_horizontal_m == pytest.approx(0.5)
    assert checked.rms_vertical_m == pytest.approx(1.2)
    assert [r.photo for r in checked.residuals] == [f"{n}.jpg" for n in range(9)]
    first = checked.residuals[0]
    assert (first.east_m, first.north_m, first.up_m) == pytest.approx((0.3, -0.4, 1.2))


def test_photos_that_are_not_in_the_model_have_no_residual() -> None:
    checked = check(model(count=6), photos([20.0] * 9), CENTRES)
    assert [r.photo for r in checked.residuals] == [f"{n}.jpg" for n in range(6)]


def test_noise_over_a_short_base_makes_the_scale_uncertain() -> None:
    random = np.random.default_rng(2)
    wide = check(model(), photos([20.0] * 9), CENTRES + random.normal(0, 0.5, CENTRES.shape))
    assert 0.005 < wide.scale_uncertainty_ratio < 0.04
    noisy = CENTRES + random.normal(0, 2.0, CENTRES.shape)
    narrow = check(model(), photos([20.0] * 9), noisy)
    assert narrow.scale_uncertainty_ratio > 2 * wide.scale_uncertainty_ratio
    assert gsd_uncertainty_ratio(narrow, "metadata") == narrow.scale_uncertainty_ratio


@pytest.fixture
def agreeing() -> Checked:
    return check(model(), photos([20.0] * 9), CENTRES)


def test_a_focal_length_that_nobody_stated_is_worth_an_altitude(agreeing: Checked) -> None:
    for source in ("altitude", "photos"):
        assert gsd_uncertainty_ratio(agreeing, source) == ALTITUDE_UNCERTAINTY


def test_control_points_give_the_scale_whatever_the_metadata_say(agreeing: Checked) -> None:
    doubtful = replace(agreeing, height_ratio=1.3, scale_uncertainty_ratio=0.2)
    assert gsd_uncertainty_ratio(doubtful, "photos", held=True) == MODEL_UNCERTAINTY


@pytest.mark.parametrize("off", [HEIGHT_TOLERANCE - 1e-6, HEIGHT_TOLERANCE + 1e-6])
def test_the_border_of_agreement(agreeing: Checked, off: float) -> None:
    ratio = gsd_uncertainty_ratio(replace(agreeing, height_ratio=1 + off), "metadata")
    assert ratio == pytest.approx(MODEL_UNCERTAINTY if off < HEIGHT_TOLERANCE else off)
