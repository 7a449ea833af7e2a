"""Widths of drawn lines: the golden tests of domain §4.8, and laws over all they may look like."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from inspection.domain.measurement import WidthMethod
from inspection.domain.widthcalibration import CONCRETE, Tone, WidthCalibration
from inspection.errors import BadInput
from inspection.imaging.crossing import light_of, sample_profiles
from inspection.imaging.localwidth import local_width_px
from inspection.imaging.profilewidth import core_darkness, read_profiles, to_light
from inspection.imaging.trough import fit_troughs
from inspection.imaging.widths import (
    METHODS,
    UNREADABLE,
    Widths,
    measure_light,
    measure_profiles,
)
from tests.drawn_line import RENDERED, SIZE_PX, DrawnLine

LAWS = settings(max_examples=40, deadline=None, derandomize=True)


def profiles_of(line: DrawnLine) -> np.ndarray:
    points, normals = line.stations()
    return sample_profiles(light_of(line.draw(), Tone.SRGB), points, normals)


def measured(line: DrawnLine, *, fit: bool = True) -> Widths:
    return measure_light(profiles_of(line), replace(RENDERED, core=line.core), False, fit)


@pytest.mark.parametrize("angle_deg", [0.0, 17.0, 45.0])
@pytest.mark.parametrize("width_px", [0.6, 1.0, 2.0, 3.0, 6.0])
@pytest.mark.parametrize("fit", [True, False])
def test_golden_4_8_profile_widths(width_px: float, angle_deg: float, fit: bool) -> None:
    allowed = 0.15 if width_px >= 1 else 0.2
    line = DrawnLine(width_px=width_px, angle_deg=angle_deg)
    found = measured(line, fit=fit)
    assert abs(np.median(found.width_px) - width_px) <= allowed
    assert np.sqrt(np.mean((found.width_px - width_px) ** 2)) <= allowed


@pytest.mark.parametrize("angle_deg", [0.0, 17.0, 45.0])
@pytest.mark.parametrize("width_px", [1.0, 2.0, 3.0, 6.0])
def test_golden_4_8_estimator_a(width_px: float, angle_deg: float) -> None:
    line = DrawnLine(width_px=width_px, angle_deg=angle_deg, offset_px=0.25)
    centre = np.arange(SIZE_PX) + 0.5 - SIZE_PX / 2
    x, y = np.meshgrid(centre, centre)
    mask = np.abs(x * line.normal[0] + y * line.normal[1] - 0.25) <= width_px / 2 + 1e-9
    runs = []
    for row in range(SIZE_PX):
        edges = np.flatnonzero(np.diff(np.r_[0, mask[row].astype(np.int8), 0]))
        runs += [(row, a, b) for a, b in edges.reshape(-1, 2)]
    points, normals = line.stations()
    width = local_width_px(np.array(runs, np.int32), points, normals, width_px)
    assert abs(np.median(width) - width_px) <= 0.6


LINES = st.builds(
    DrawnLine,
    width_px=st.floats(0.4, 12.0),
    angle_deg=st.floats(0.0, 180.0),
    blur_px=st.floats(0.5, 1.2),
    noise=st.floats(0.002, 0.03),
    offset_px=st.floats(-0.5, 0.5),
    core=st.floats(0.0, 0.3),
    background=st.floats(0.2, 0.6),
    seed=st.integers(0, 2**31),
)


@LAWS
@given(LINES)
@example(DrawnLine(width_px=0.4, angle_deg=45, blur_px=1.2, offset_px=0.5, core=0.0))
@example(DrawnLine(width_px=12.0, blur_px=0.5, offset_px=0.5, core=0.3))
@example(DrawnLine(width_px=4.0, blur_px=1.125, core=0.0, noise=0.0156))
def test_width_is_right_for_any_line(line: DrawnLine) -> None:
    found = measured(line)
    assert -0.2 <= np.median(found.width_px) - line.width_px <= 0.2
    assert np.mean(found.method == UNREADABLE) <= 0.05
    assert (found.std_px > 0).all()


@LAWS
@given(
    width_px=st.floats(0.4, 12.0),
    angle_deg=st.floats(0.0, 180.0),
    texture=st.floats(0.0, 0.03),
    seed=st.integers(0, 2**31),
)
def test_width_is_right_on_texture_within_its_grain(
    width_px: float, angle_deg: float, texture: float, seed: int
) -> None:
    line = DrawnLine(width_px=width_px, angle_deg=angle_deg, texture=texture, seed=seed)
    error = np.median(measured(line).width_px) - width_px
    # patches of 3 px and a share of the background: 12 px of texture may pass for crack
    assert abs(error) <= 0.2 + 12 * texture


@pytest.mark.parametrize("texture", [0.0, 0.02])
def test_intervals_cover_and_are_not_too_wide(texture: float) -> None:
    rng = np.random.default_rng(5)
    errors, reach = [], []
    for number in range(60):
        line = DrawnLine(
            width_px=float(np.exp(rng.uniform(np.log(0.4), np.log(12)))),
            angle_deg=float(rng.uniform(0, 180)),
            blur_px=float(rng.uniform(0.6, 1.1)),
            noise=float(rng.uniform(0.01, 0.03)),
            offset_px=float(rng.uniform(-0.5, 0.5)),
            core=float(rng.uniform(0.02, 0.25)),
            texture=texture,
            seed=number,
        )
        found = measured(line)
        errors.append(np.abs(found.width_px - line.width_px)[::5])
        reach.append(2 * found.std_px[::5])
    error, u = np.concatenate(errors), np.concatenate(reach)
    coverage, needed = np.mean(error <= u), np.quantile(error, 0.95)
    print(f"texture {texture}: coverage {coverage:.3f}, mean U {u.mean():.3f}, needed {needed:.3f}")
    assert coverage >= 0.92
    assert u.mean() <= 2 * needed


def test_no_line_is_unreadable_by_b_and_below_the_limit() -> None:
    flat = DrawnLine(width_px=0.0)
    by_b = measured(flat, fit=False)
    assert (by_b.method == UNREADABLE).mean() > 0.9
    assert measured(flat).below_limit.mean() > 0.9
    assert measured(DrawnLine(width_px=2.0)).below_limit.mean() == 0.0


def test_methods_are_chosen_by_what_the_profile_supports() -> None:
    fitted = measured(DrawnLine(width_px=2.0))
    assert {METHODS[m] for m in fitted.method} == {WidthMethod.TROUGH_FIT}
    narrow = measured(DrawnLine(width_px=1.5), fit=False)
    assert {METHODS[m] for m in narrow.method} == {WidthMethod.PROFILE_DEFICIT}
    wide = measured(DrawnLine(width_px=6.0), fit=False)
    assert {METHODS[m] for m in wide.method} == {WidthMethod.PROFILE_EDGES}


def test_profile_beyond_the_image_is_unreadable() -> None:
    line = DrawnLine(width_px=2.0)
    light = light_of(line.draw(), Tone.SRGB)
    points = np.array([[48.0, 48.0], [48.0, 5.0]])
    light_profiles = sample_profiles(light, points, np.tile(line.normal, (2, 1)))
    found = measure_light(light_profiles, RENDERED, False, True)
    assert found.method.tolist() == [0, UNREADABLE]
    assert np.isnan(found.width_px[1]) and found.below_limit.tolist() == [False, True]


def test_short_profiles_are_refused() -> None:
    with pytest.raises(BadInput, match="at least 21 samples"):
        measure_profiles(np.full((3, 12), 100.0), CONCRETE)


def test_no_profile_gives_no_width() -> None:
    assert len(measure_profiles(np.empty((0, 31)), CONCRETE).width_px) == 0


def test_core_is_learnt_from_the_wide_cracks_of_an_image() -> None:
    light = np.concatenate(
        [
            profiles_of(DrawnLine(width_px=8.0, core=0.25)),
            profiles_of(DrawnLine(width_px=1.5, core=0.25)),
        ]
    )
    read = read_profiles(light, np.full(len(light), 0.1), RENDERED)
    assert core_darkness(read, 0.1) == pytest.approx(0.25, abs=0.05)
    few = read_profiles(light[:5], np.full(5, 0.1), RENDERED)
    assert core_darkness(few, 0.1) == 0.1
    together = measure_light(light, RENDERED, True, True)
    assert np.median(together.width_px[-41:]) == pytest.approx(1.5, abs=0.15)


@LAWS
@given(st.floats(0.2, 3.0), st.floats(0.5, 20.0))
def test_reversed_profile_gives_the_same_width(scale: float, width_px: float) -> None:
    profile = profiles_of(DrawnLine(width_px=min(width_px, 12.0), noise=0.01 * scale))[:3]
    core = np.full(3, 0.1)
    forward = fit_troughs(profile, core, RENDERED).width_px
    backward = fit_troughs(profile[:, ::-1].copy(), core, RENDERED).width_px
    np.testing.assert_allclose(forward, backward, atol=0.02)


def test_light_is_srgb_or_as_coded() -> None:
    grey = np.array([0.0, 10.0, 128.0, 255.0])
    np.testing.assert_allclose(to_light(grey, Tone.CODED), grey / 255)
    np.testing.assert_allclose(to_light(grey, Tone.SRGB), [0, 0.003035, 0.215861, 1], atol=1e-5)


@pytest.mark.parametrize(
    ("field", "value"), [("core", 0.95), ("core", -0.1), ("blur_px", 0.0), ("share", -1.0)]
)
def test_calibration_out_of_range_is_refused(field: str, value: float) -> None:
    plain = {
        name: getattr(CONCRETE, name)
        for name in ("name", "tone", "core", "blur_px", "blur_std_px", "floor_px", "share")
    }
    with pytest.raises(BadInput):
        WidthCalibration(**{**plain, field: value})
