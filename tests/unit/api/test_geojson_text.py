"""GeoJSON as text: number by number what ``json`` writes, whatever the numbers are."""

import json
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import mapping

from api.geojson import PLAIN_LEAST, PLAIN_MOST, multipolygons, written
from tests.support.feature_truth import plain_text

ANY = st.floats(allow_nan=False, allow_infinity=False)
PLAIN = st.one_of(
    st.just(0.0),
    st.just(-0.0),
    st.floats(PLAIN_LEAST, PLAIN_MOST, exclude_max=True),
    st.floats(-PLAIN_MOST, -PLAIN_LEAST, exclude_min=True),
    st.integers(-(10**9), 10**9).map(float),
    st.floats(100, 150),  # degrees
    st.integers(-(2**50), 2**50).map(lambda n: n / 1024),
)


def ring(numbers: st.SearchStrategy[float]) -> st.SearchStrategy[list[tuple[float, float]]]:
    return st.lists(st.tuples(numbers, numbers), min_size=3, max_size=6)


def polygon(numbers: st.SearchStrategy[float]) -> st.SearchStrategy[shapely.Polygon]:
    return st.builds(shapely.Polygon, ring(numbers), st.lists(ring(numbers), max_size=2))


def shapes(numbers: st.SearchStrategy[float]) -> st.SearchStrategy[list[Any]]:
    parts = st.lists(polygon(numbers), min_size=1, max_size=3).map(shapely.MultiPolygon)
    return st.lists(st.one_of(polygon(numbers), parts), max_size=4)


def true_text(shape: Any) -> str:
    parts = shape if shape.geom_type == "MultiPolygon" else shapely.MultiPolygon([shape])
    return plain_text(mapping(parts)["coordinates"])


@pytest.mark.parametrize("numbers", [ANY, PLAIN], ids=["any", "plain"])
def test_coordinates_are_written_as_json_writes_them(numbers: st.SearchStrategy[float]) -> None:
    @settings(max_examples=40)
    @given(shapes(numbers))
    def holds(drawn: list[Any]) -> None:
        assert multipolygons(np.array(drawn, dtype=np.object_)) == [true_text(s) for s in drawn]

    holds()


@pytest.mark.parametrize(
    "number",
    [
        0.0, -0.0, 1.0, -1.0, 0.1 + 0.2, 1 / 3, 1e-4, 0.00012345678901234567, np.nextafter(1e-4, 0),
        1e-5, 1e-7, 5e-324, 123456789012345.6, 999999999999999.9, 1e15, 1e16, 1e17, 1e22,
        1.7976931348623157e308, 136.62566900000002, 36.594606, float(2**53), -179.99999999999997,
    ],
)  # fmt: skip
def test_a_number_alone_is_written_as_json_writes_it(number: float) -> None:
    drawn = shapely.Polygon([(number, 0), (0, number), (1, 1)])
    (text,) = multipolygons(np.array([drawn]))
    assert text == true_text(drawn)
    assert json.loads(text)[0][0][0][0] == number


def test_an_empty_page_and_a_part_without_points_are_written() -> None:
    assert multipolygons(np.array([], dtype=np.object_)) == []
    hollow = shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.Polygon()])
    assert multipolygons(np.array([hollow])) == [true_text(hollow)]


def test_heights_are_left_out() -> None:
    high = shapely.Polygon([(0, 0, 5), (1, 0, 5), (1, 1, 5)])
    assert multipolygons(np.array([high])) == [true_text(shapely.force_2d(high))]


def test_letters_are_written_as_they_are_and_no_number_is_nan() -> None:
    assert written({"橋": ['a"b\\', None, True, 1, 1.5]}) == '{"橋":["a\\"b\\\\",null,true,1,1.5]}'
    with pytest.raises(ValueError, match="not JSON compliant"):
        written([float("nan")])
