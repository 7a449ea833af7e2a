"""Widths seen at a slant: the factor is that of a strip under diag(cos θ, 1)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.domain.oblique import incidence_deg, oblique_factor
from inspection.errors import Refused


@given(st.floats(0, 45), st.floats(-180, 180))
def test_factor_undoes_the_projection_of_a_strip(tilt_deg: float, across_deg: float) -> None:
    squeeze = np.diag([np.cos(np.radians(tilt_deg)), 1.0])
    seen_normal = np.array([np.cos(np.radians(across_deg)), np.sin(np.radians(across_deg))])
    # points of the strip {seen · n = c} lie at {world · (squeeze n) = c}: 1 px wide in the photo is
    # 1 ÷ |squeeze n| wide on the surface, and the normal of the surface strip is squeeze n
    world = 1.0 / np.linalg.norm(squeeze @ seen_normal)
    assert oblique_factor(tilt_deg, across_deg) == pytest.approx(world)
    # the same by §4.2, with the angle between normal and tilt on the surface
    normal = squeeze @ seen_normal / np.linalg.norm(squeeze @ seen_normal)
    by_rule = np.hypot(normal[0] / np.cos(np.radians(tilt_deg)), normal[1])
    assert oblique_factor(tilt_deg, across_deg) == pytest.approx(by_rule)


@pytest.mark.parametrize("tilt_deg", [45.1, 89.0, -1.0, float("nan")])
def test_too_slanted_is_refused(tilt_deg: float) -> None:
    with pytest.raises(Refused):
        oblique_factor(tilt_deg, 0.0)


@given(st.floats(0, 90), st.floats(0.1, 50))
def test_incidence_is_the_angle_to_the_normal(angle_deg: float, size: float) -> None:
    angle = np.radians(angle_deg)
    ray = (size * np.sin(angle), 0.0, -size * np.cos(angle))
    assert incidence_deg(ray, (0.0, 0.0, 2.0)) == pytest.approx(angle_deg, abs=1e-4)


def test_no_direction_has_no_incidence() -> None:
    with pytest.raises(Refused):
        incidence_deg((0.0, 0.0, 0.0), (0.0, 0.0, 1.0))
