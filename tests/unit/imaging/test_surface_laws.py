"""Surfaces: there and back, flat where there is little to see, and never beyond the points."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from inspection.errors import BadInput
from inspection.imaging.surface import (
    MIN_POINTS_FOR_RELIEF,
    FlatSurface,
    HeightField,
    fit_height_field,
)

LAW = settings(derandomize=True, deadline=None, max_examples=40)
METRES = st.floats(-1e5, 1e5)


@LAW
@given(x=METRES, y=METRES, z=st.floats(-500, 4000))
def test_a_plane_takes_points_there_and_back(x: float, y: float, z: float) -> None:
    plane = FlatSurface(z_world_m=z)
    world = plane.to_world_m([[x, y]])
    assert world.tolist() == [[x, y, z]]
    assert plane.to_surface_m(world).tolist() == [[x, y]]


def test_giving_back_surface_points_leaves_the_world_alone() -> None:
    world = np.array([[1.0, 2.0, 3.0]])
    FlatSurface().to_surface_m(world)[:] = 9
    assert world.tolist() == [[1, 2, 3]]


@pytest.mark.parametrize("points", [[[1.0, 2.0, 3.0]], [[[1.0, 2.0]]], [[1.0]]])
def test_surface_points_have_two_columns(points: list[object]) -> None:
    with pytest.raises(BadInput, match=r"points must have shape \(n, 2\), got \("):
        FlatSurface().to_world_m(np.array(points))


def test_world_points_have_three_columns() -> None:
    with pytest.raises(BadInput, match=r"points must have shape \(n, 3\), got \(1, 2\)"):
        FlatSurface().to_surface_m([[1.0, 2.0]])


def field(z_m: NDArray[np.float64]) -> HeightField:
    rows, columns = z_m.shape
    return HeightField(x_m=np.arange(columns) * 10.0, y_m=np.arange(rows) * 10.0, z_m=z_m)


RAMP = field(np.array([[0.0, 1.0, 2.0], [10.0, 11.0, 12.0]]))


@pytest.mark.parametrize(
    ("xy", "height"),
    [((0, 0), 0), ((20, 10), 12), ((5, 5), 5.5), ((10, 0), 1), ((15, 2), 3.5)],
)
def test_heights_are_bilinear_between_the_nodes(xy: tuple[float, float], height: float) -> None:
    assert RAMP.height_m([xy]) == pytest.approx([height])


@pytest.mark.parametrize(
    ("xy", "border"),
    [((-50, 0), (0, 0)), ((99, 5), (20, 5)), ((7, -1), (7, 0)), ((1e9, 1e9), (20, 10))],
)
def test_outside_the_border_goes_on(xy: tuple[float, float], border: tuple[float, float]) -> None:
    assert RAMP.height_m([xy]).tolist() == RAMP.height_m([border]).tolist()


@LAW
@given(x=st.floats(-100, 100), y=st.floats(-100, 100))
def test_no_height_leaves_the_heights_of_the_nodes(x: float, y: float) -> None:
    assert -1e-9 <= RAMP.height_m([[x, y]])[0] <= 12 + 1e-9


def test_the_median_height_is_that_of_the_nodes() -> None:
    assert RAMP.median_height_m == 6.0


@pytest.mark.parametrize("shape", [(3, 2), (2, 2), (6,)])
def test_a_field_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(BadInput, match=r"height field of 2×3 nodes needs as many finite heights"):
        HeightField(x_m=RAMP.x_m, y_m=RAMP.y_m, z_m=np.zeros(shape))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_node_without_height_is_refused(bad: float) -> None:
    z = RAMP.z_m.copy()
    z[1, 1] = bad
    with pytest.raises(BadInput, match="finite"):
        HeightField(x_m=RAMP.x_m, y_m=RAMP.y_m, z_m=z)


@pytest.mark.parametrize("count", [1, 2])
def test_two_points_are_no_ground(count: int) -> None:
    with pytest.raises(BadInput, match=f"needs at least 3 sparse points, got {count}"):
        fit_height_field(np.arange(3.0 * count).reshape(count, 3))


def scattered(count: int, seed: int = 3, side_m: float = 60.0) -> NDArray[np.float64]:
    return np.random.default_rng(seed).uniform(-side_m / 2, side_m / 2, (count, 2))


def nodes(ground: HeightField) -> NDArray[np.float64]:
    x, y = np.meshgrid(ground.x_m, ground.y_m)
    return np.column_stack([x.ravel(), y.ravel()])


@pytest.mark.parametrize("count", [3, MIN_POINTS_FOR_RELIEF - 1, MIN_POINTS_FOR_RELIEF, 900])
def test_points_of_a_plane_give_the_plane(count: int) -> None:
    xy = scattered(count)
    ground = fit_height_field(np.column_stack([xy, 0.1 * xy[:, 0] - 0.2 * xy[:, 1] + 40]))
    at = nodes(ground)
    truth = 0.1 * at[:, 0] - 0.2 * at[:, 1] + 40
    assert np.abs(ground.height_m(at) - truth).max() < 0.02
    assert (ground.x_m[0], ground.y_m[0]) == tuple(xy.min(axis=0))
    assert (ground.x_m[-1], ground.y_m[-1]) >= tuple(xy.max(axis=0))


def hill(xy: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(3 * np.exp(-(xy**2).sum(axis=1) / (2 * 12.0**2)))


def test_few_points_of_a_hill_are_a_plane_and_many_are_the_hill() -> None:
    few, many = scattered(MIN_POINTS_FOR_RELIEF - 1), scattered(4000)
    flat = fit_height_field(np.column_stack([few, hill(few)]))
    bent = fit_height_field(np.column_stack([many, hill(many)]))
    middle, corner = [[0.0, 0.0]], [[-25.0, -25.0]]
    assert (bent.height_m(middle) - bent.height_m(corner))[0] > 2.3
    second = np.diff(flat.z_m, n=2, axis=1)
    assert np.abs(second).max() < 1e-6  # straight: no relief is invented
    at = scattered(300, seed=9, side_m=50)
    assert np.abs(bent.height_m(at) - hill(at)).max() < 0.45


def test_a_few_birds_do_not_lift_the_ground() -> None:
    xy = scattered(1000)
    z = np.random.default_rng(1).normal(0, 0.02, 1000)
    z[::50] += 25.0
    ground = fit_height_field(np.column_stack([xy, z]))
    assert np.abs(ground.z_m).max() < 0.1


@pytest.mark.parametrize("cell_m", [2.0, 7.5])
def test_the_node_spacing_can_be_chosen(cell_m: float) -> None:
    xy = scattered(300)
    ground = fit_height_field(np.column_stack([xy, np.zeros(300)]), cell_m=cell_m)
    assert np.allclose(np.diff(ground.x_m), cell_m)
    assert np.allclose(np.diff(ground.y_m), cell_m)


def test_points_in_one_row_still_have_two_nodes_each_way() -> None:
    x = np.linspace(0, 10, 5)
    ground = fit_height_field(np.column_stack([x, np.zeros(5), np.full(5, 7.0)]))
    assert min(ground.z_m.shape) >= 2
    assert ground.height_m([[5.0, 0.0]]) == pytest.approx([7.0], abs=1e-6)


def test_the_same_points_give_the_same_ground() -> None:
    points = np.column_stack([scattered(500), scattered(500, seed=8)[:, 0] / 10])
    assert np.array_equal(fit_height_field(points).z_m, fit_height_field(points).z_m)
