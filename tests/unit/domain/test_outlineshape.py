"""Area, perimeter, diameter; depth only where the heights can show it."""

import numpy as np
import pytest
import shapely
import shapely.affinity
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from inspection.domain.outlineshape import hollow_depth_m, outline_shape
from inspection.errors import BadGeometry, BadInput

DISC = shapely.Point(0, 0).buffer(0.3, quad_segs=64)


def heights(depth_m: float, noise_m: float, seed: int = 1) -> NDArray[np.float64]:
    """Sample a tilted surface with a flat-bottomed hollow of radius 0.3 m."""
    rng = np.random.default_rng(seed)
    xy = rng.uniform(-0.8, 0.8, (4000, 2))
    z = 0.02 * xy[:, 0] - 0.01 * xy[:, 1] - depth_m * (np.hypot(*xy.T) < 0.3)
    return np.column_stack([xy, z + rng.normal(0, noise_m, len(xy))])


def test_a_disc() -> None:
    shape = outline_shape(DISC)
    assert shape.mean_diameter_m == pytest.approx(0.6, rel=1e-3)
    assert shape.area_m2 == pytest.approx(np.pi * 0.09, rel=1e-3)
    assert shape.perimeter_m == pytest.approx(np.pi * 0.6, rel=1e-3)


@given(long=st.floats(0.1, 5), short=st.floats(0.05, 0.1), turn=st.floats(0, 180))
def test_a_rectangle_in_any_direction(long: float, short: float, turn: float) -> None:
    shape = outline_shape(shapely.affinity.rotate(shapely.box(0, 0, long, short), turn))
    assert (shape.long_m, shape.short_m) == pytest.approx((long, short), rel=1e-6)
    assert shape.mean_diameter_m == pytest.approx(2 * (long + short) / np.pi, rel=1e-6)


@pytest.mark.parametrize("seed", range(8))
def test_a_deep_hollow_is_measured_within_its_uncertainty(seed: int) -> None:
    depth = hollow_depth_m(DISC, heights(0.04, 0.003, seed))
    assert depth.value is not None and depth.expanded_uncertainty is not None
    assert abs(depth.value - 0.04) <= depth.expanded_uncertainty
    assert depth.expanded_uncertainty < 0.011


@pytest.mark.parametrize("depth_m", [0.0, 0.003])
def test_a_hollow_within_the_noise_has_no_depth(depth_m: float) -> None:
    depth = hollow_depth_m(DISC, heights(depth_m, 0.005))
    assert depth.below_limit and depth.value is None
    assert depth.limit == pytest.approx(0.015, rel=0.15)


def test_nonsense_is_refused() -> None:
    with pytest.raises(BadInput, match="too few"):
        hollow_depth_m(DISC, heights(0.1, 0.001)[:20])
    with pytest.raises(BadGeometry, match="area"):
        outline_shape(shapely.Polygon())
