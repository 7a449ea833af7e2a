"""PixelGrid: pixels to metres and back, in both kinds of mapping."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.errors import BadInput
from inspection.geo.grid import LOCAL_CRS, PixelGrid

metres = st.floats(-1e6, 1e6)
gsds = st.floats(1e-4, 1.0)
pixels = st.tuples(st.floats(-1e4, 6e4), st.floats(-1e4, 6e4))


def grid(gsd_m_per_px: float = 0.01, left_m: float = 100.0, top_m: float = 50.0) -> PixelGrid:
    return PixelGrid.north_up(
        left_m=left_m, top_m=top_m, gsd_m_per_px=gsd_m_per_px, width_px=400, height_px=300
    )


@given(left=metres, top=metres, gsd=gsds, point=pixels)
def test_there_and_back_is_the_same_pixel(
    left: float, top: float, gsd: float, point: tuple[float, float]
) -> None:
    g = grid(gsd, left, top)
    back = g.to_px(g.to_surface([point]))[0]
    # 1e6 m carried in float64 leaves about 1e-10 m; a pixel is at least 1e-4 m.
    assert back == pytest.approx(point, abs=1e-4)


def test_origin_is_the_outer_corner_and_rows_run_down() -> None:
    assert grid().to_surface([[0, 0]])[0].tolist() == [100.0, 50.0]
    assert grid().to_surface([[0.5, 0.5]])[0].tolist() == pytest.approx([100.005, 49.995])
    assert grid().corners_surface_m.tolist() == pytest.approx(
        np.array([[100, 50], [104, 50], [104, 47], [100, 47]])
    )


@given(gsd=gsds)
def test_gsd_is_the_size_of_a_pixel(gsd: float) -> None:
    assert grid(gsd).gsd_m_per_px == pytest.approx(gsd, rel=1e-6)


def test_a_window_sees_the_same_surface() -> None:
    g = grid()
    part = g.window(x_px=30, y_px=20, width_px=10, height_px=10)
    assert part.to_surface([[0, 0]]).tolist() == pytest.approx(g.to_surface([[30, 20]]))
    assert (part.width_px, part.height_px, part.crs) == (10, 10, LOCAL_CRS)


def test_a_homography_is_no_affine_and_still_inverts() -> None:
    tilted = PixelGrid(
        surface_from_px=np.array([[0.01, 0, 0], [0, -0.01, 0], [1e-5, 2e-5, 1.0]]),
        width_px=1000,
        height_px=800,
    )
    assert not tilted.is_affine
    assert grid().is_affine
    corners = [[0, 0], [1000, 0], [1000, 800], [0, 800]]
    assert tilted.to_px(tilted.to_surface(corners)).tolist() == pytest.approx(np.array(corners))


@pytest.mark.parametrize(
    ("matrix", "width", "message"),
    [
        (np.eye(2), 10, "3×3"),
        (np.zeros((3, 3)), 10, "inverted"),
        (np.full((3, 3), np.nan), 10, "inverted"),
        (np.eye(3), 0, "size > 0"),
    ],
)
def test_nonsense_is_refused(matrix: np.ndarray, width: int, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        PixelGrid(surface_from_px=matrix, width_px=width, height_px=10)


@pytest.mark.parametrize("points", [[1.0, 2.0], [[1.0, 2.0, 3.0]]])
def test_points_need_two_columns(points: list[object]) -> None:
    with pytest.raises(BadInput, match=r"\(n, 2\)"):
        grid().to_surface(points)


def test_the_matrix_cannot_be_changed_behind_the_back() -> None:
    with pytest.raises(ValueError, match="read-only"):
        grid().surface_from_px[0, 0] = 1.0
