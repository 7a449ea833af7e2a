"""A trough whose darkness is not known beforehand: found where it shows, expected where not."""

from dataclasses import replace

import numpy as np
import pytest

from inspection.imaging.crossing import light_of, sample_profiles
from inspection.imaging.widths import Widths, measure_light
from tests.drawn_line import RENDERED, DrawnLine

FREE = replace(RENDERED, core=0.3, core_std=0.15)
FIXED = replace(RENDERED, core=0.3)


def measured(line: DrawnLine, calibration: object) -> Widths:
    light = light_of(line.draw(), RENDERED.tone)
    points, normals = line.stations()
    return measure_light(sample_profiles(light, points, normals), calibration, False, True)  # type: ignore[arg-type]


@pytest.mark.parametrize("core", [0.15, 0.3, 0.45])
@pytest.mark.parametrize("width_px", [4.0, 6.0, 8.0])
def test_a_wide_crack_shows_its_own_darkness(width_px: float, core: float) -> None:
    found = measured(DrawnLine(width_px=width_px, core=core, angle_deg=17), FREE)
    assert np.median(found.width_px) == pytest.approx(width_px, abs=0.1)


def test_a_darkness_taken_as_known_misleads_where_it_is_wrong() -> None:
    line = DrawnLine(width_px=3.0, core=0.15, angle_deg=17)
    free, fixed = measured(line, FREE), measured(line, FIXED)
    assert abs(np.median(free.width_px) - 3.0) < 0.5 * abs(np.median(fixed.width_px) - 3.0)
    assert np.median(fixed.width_px) > 3.15


def test_what_a_narrow_crack_does_not_show_is_in_its_uncertainty() -> None:
    line = DrawnLine(width_px=1.2, core=0.3)
    free, fixed = measured(line, FREE), measured(line, FIXED)
    assert np.median(free.std_px) > 1.5 * np.median(fixed.std_px)
    for found in (free, fixed):
        assert np.median(found.width_px) == pytest.approx(1.2, abs=0.15)
        assert abs(np.median(found.width_px) - 1.2) < 2 * np.median(found.std_px)


def test_the_noise_is_a_part_of_the_uncertainty() -> None:
    found = measured(DrawnLine(width_px=2.0, core=0.3), FREE)
    assert (found.noise_px < found.std_px).all()
    common = np.sqrt(FREE.floor_px**2 + (FREE.share * found.width_px) ** 2)
    assert np.hypot(found.noise_px, common) == pytest.approx(found.std_px)


def test_offsets_are_taken_off_the_fit() -> None:
    line = DrawnLine(width_px=4.0, core=0.3)
    plain = measured(line, FREE)
    less = measured(line, replace(FREE, offsets_px=((2.0, 0.0), (4.0, 0.4))))
    assert np.median(plain.width_px - less.width_px) == pytest.approx(0.4, abs=0.05)
