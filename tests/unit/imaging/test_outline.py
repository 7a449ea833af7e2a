"""Outlines follow the edges of pixels, keep holes, tie corners and never need a mask."""

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from inspection.domain.detection import Detections
from inspection.domain.taxonomy import DamageClass
from inspection.errors import BadInput
from inspection.geo.runs import components, encode, touching_below
from inspection.imaging.outline import BRIDGE_PX, outline_px


def one(runs: NDArray[np.int32]) -> Detections:
    return Detections(
        classes=(DamageClass.CRACK,),
        class_index=np.zeros(1, dtype=np.int32),
        confidence=np.ones(1, dtype=np.float32),
        run_offsets=np.array([0, len(runs)], dtype=np.int64),
        runs=runs,
    )


def of_mask(mask: NDArray[np.bool_], *, left: int = 0, top: int = 0) -> Detections:
    runs, _ = encode(mask.astype(np.uint8))
    return one(runs + np.array([top, left, left], dtype=np.int32))


def test_one_pixel_is_a_square_of_side_one_around_its_centre() -> None:
    outline = outline_px(of_mask(np.ones((1, 1), dtype=bool), left=7, top=3), 0)
    assert outline.equals(shapely.box(7, 3, 8, 4))
    assert outline.centroid.coords[0] == (7.5, 3.5)


@pytest.mark.parametrize("tolerance_px", [0.0, 0.5])
def test_a_rectangle_keeps_its_outer_edges(tolerance_px: float) -> None:
    detections = of_mask(np.ones((30, 50), dtype=bool), left=100, top=200)
    outline = outline_px(detections, 0, tolerance_px=tolerance_px)
    assert outline.equals(shapely.box(100, 200, 150, 230))


def test_a_hole_stays_a_hole() -> None:
    mask = np.ones((20, 20), dtype=bool)
    mask[5:9, 6:13] = False
    outline = outline_px(of_mask(mask), 0)
    assert len(outline.interiors) == 1
    assert shapely.Polygon(outline.interiors[0]).equals(shapely.box(6, 5, 13, 9))
    assert outline.area == 400 - 28


def test_a_diagonal_crack_of_one_pixel_is_one_polygon() -> None:
    outline = outline_px(of_mask(np.eye(40, dtype=bool)), 0, tolerance_px=0)
    assert outline.geom_type == "Polygon"
    assert outline.is_valid
    assert outline.area == pytest.approx(40 + 39 * BRIDGE_PX**2)


def test_only_the_wanted_detection_is_drawn() -> None:
    runs = np.array([[0, 0, 4], [1, 0, 4], [50, 10, 12]], dtype=np.int32)
    two = Detections(
        classes=(DamageClass.CRACK, DamageClass.POTHOLE),
        class_index=np.array([1, 0], dtype=np.int32),
        confidence=np.ones(2, dtype=np.float32),
        run_offsets=np.array([0, 2, 3], dtype=np.int64),
        runs=runs,
    )
    assert outline_px(two, 0).bounds == (0, 0, 4, 2)
    assert outline_px(two, 1).bounds == (10, 50, 12, 51)


def test_pieces_that_do_not_touch_are_refused() -> None:
    with pytest.raises(BadInput, match="falls into 2 pieces"):
        outline_px(one(np.array([[0, 0, 2], [0, 5, 6]], dtype=np.int32)), 0)


def test_a_crack_with_a_box_of_400_megapixels_is_drawn_from_runs() -> None:
    row = np.arange(20_000, dtype=np.int32)
    outline = outline_px(one(np.column_stack([row, row, row + 3])), 0, tolerance_px=1.0)
    assert outline.bounds == (0, 0, 20_002, 20_000)
    assert outline.is_valid
    assert 0.97 < outline.area / 60_000 < 1.03
    assert shapely.get_num_coordinates(outline) < 20


@given(
    mask=arrays(np.bool_, st.tuples(st.integers(1, 12), st.integers(1, 12))),
    left=st.integers(0, 9),
    top=st.integers(0, 9),
)
@settings(max_examples=80, derandomize=True, deadline=None)
def test_the_outline_holds_exactly_the_centres_of_its_pixels(
    mask: NDArray[np.bool_], left: int, top: int
) -> None:
    runs, _ = encode(mask.astype(np.uint8))
    assume(len(runs) > 0)
    label = components(len(runs), touching_below(runs))
    detections = one(runs[label == label[0]] + np.array([top, left, left], dtype=np.int32))
    exact = outline_px(detections, 0, tolerance_px=0)
    painted, x0, y0 = detections.mask(0, margin_px=1)
    rows, columns = np.indices(painted.shape)
    inside = shapely.contains_xy(exact, columns + x0 + 0.5, rows + y0 + 0.5)
    assert exact.is_valid
    assert np.array_equal(inside, painted)
    simple = outline_px(detections, 0, tolerance_px=0.5)
    assert simple.is_valid
    assert exact.boundary.hausdorff_distance(simple.boundary) <= 0.5 + 1e-9
