"""Outlines become pixels: the smaller on top, boxes undecided, nothing silently background."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.classes import BACKGROUND, CRACK, IGNORE_INDEX, POTHOLE, class_index
from datasets.formats.shape import NOWHERE, Shape, ShapeKind, checked_size, paint
from inspection.errors import BadInput

CLASSES = {"c": CRACK, "p": POTHOLE, "nothing": BACKGROUND}


def polygon(name: str, *corners: tuple[float, float]) -> Shape:
    return Shape(name=name, kind=ShapeKind.POLYGON, points_px=np.array(corners, dtype=float))


def rectangle(name: str, x0: float, y0: float, x1: float, y1: float) -> Shape:
    return polygon(name, (x0, y0), (x1, y0), (x1, y1), (x0, y1))


def box(name: str, x0: float, y0: float, x1: float, y1: float) -> Shape:
    return Shape(name=name, kind=ShapeKind.BOX, points_px=np.array([[x0, y0], [x1, y1]]))


@given(x=st.integers(0, 30), y=st.integers(0, 20), w=st.integers(2, 20), h=st.integers(2, 20))
def test_an_outline_covers_its_area_within_a_rim(x: int, y: int, w: int, h: int) -> None:
    mask = paint([rectangle("c", x, y, x + w, y + h)], CLASSES, (64, 48))
    assert w * h <= (mask == CRACK).sum() <= (w + 1) * (h + 1)
    assert (mask[y : y + h, x : x + w] == CRACK).all()


@given(st.permutations(range(3)))
def test_the_smaller_shape_wins_in_any_order(order: list[int]) -> None:
    shapes = [
        rectangle("p", 0, 0, 30, 30),
        rectangle("nothing", 5, 5, 20, 20),
        rectangle("c", 8, 8, 12, 10),
    ]
    mask = paint([shapes[i] for i in order], CLASSES, (40, 40))
    assert (mask[9, 10], mask[15, 15], mask[25, 25], mask[35, 35]) == (
        CRACK,
        BACKGROUND,
        POTHOLE,
        BACKGROUND,
    )


def test_a_box_says_where_but_not_which_pixels() -> None:
    mask = paint([box("c", 30, 4, 10, 8)], CLASSES, (40, 20))
    assert (mask[4:8, 10:30] == IGNORE_INDEX).all()
    assert (mask == IGNORE_INDEX).sum() == 4 * 20


def test_a_line_is_one_pixel_wide() -> None:
    line = Shape(name="c", kind=ShapeKind.LINE, points_px=np.array([[2.5, 5.5], [30.5, 5.5]]))
    mask = paint([line], CLASSES, (40, 12))
    assert np.flatnonzero((mask == CRACK).any(axis=1)).tolist() == [5]
    assert (mask == CRACK).sum() == 29


def test_a_name_without_a_class_is_an_error() -> None:
    with pytest.raises(BadInput, match="'crakc'"):
        paint([rectangle("crakc", 0, 0, 4, 4)], CLASSES, (8, 8))


def test_a_bitmap_of_another_size_is_an_error() -> None:
    pixels = Shape(
        name="c", kind=ShapeKind.BITMAP, points_px=NOWHERE, bitmap=np.ones((3, 4), dtype=bool)
    )
    assert (paint([pixels], CLASSES, (4, 3)) == CRACK).all()
    with pytest.raises(BadInput, match="bitmap 'c'"):
        paint([pixels], CLASSES, (3, 4))


@pytest.mark.parametrize(
    ("kind", "points"),
    [
        (ShapeKind.POLYGON, [[0, 0], [1, 1]]),
        (ShapeKind.BOX, [[0, 0]]),
        (ShapeKind.LINE, [[0, 0], [np.nan, 1]]),
    ],
)
def test_too_few_or_unreal_points_make_no_shape(kind: ShapeKind, points: list[list[float]]) -> None:
    with pytest.raises(BadInput, match="finite"):
        Shape(name="c", kind=kind, points_px=np.array(points, dtype=float))


@pytest.mark.parametrize(("width", "height"), [(0, 5), (5, -1), ("x", 5), (10**6, 10**6), (2.5, 3)])
def test_an_image_size_must_be_that_of_a_photo(width: object, height: object) -> None:
    with pytest.raises(BadInput, match=r"a\.jpg: image size"):
        checked_size(width, height, "a.jpg")
    assert checked_size("96", 64, "a.jpg") == (96, 64)


def test_a_class_is_found_by_name_only() -> None:
    assert class_index("crack") == CRACK
    assert class_index("ignore") == IGNORE_INDEX
    with pytest.raises(BadInput, match="'Crack' is unknown; use ignore or one of background"):
        class_index("Crack")
