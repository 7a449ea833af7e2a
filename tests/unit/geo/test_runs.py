"""Runs describe a mask exactly, and their components are those of the mask."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from inspection.geo.runs import components, encode, touching_below

labels = arrays(
    np.uint8,
    st.tuples(st.integers(1, 14), st.integers(1, 14)),
    elements=st.integers(0, 3),
)
masks = arrays(
    np.uint8,
    st.tuples(st.integers(1, 20), st.integers(1, 20)),
    elements=st.integers(0, 1),
)


def painted(
    shape: tuple[int, int], runs: NDArray[np.int32], value: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    image = np.zeros(shape, dtype=np.uint8)
    for (row, start, stop), number in zip(runs, value, strict=True):
        assert start < stop
        assert not image[row, start:stop].any()
        image[row, start:stop] = number
    return image


@given(labels)
@settings(max_examples=150, derandomize=True, deadline=None)
def test_runs_paint_the_image_again_and_are_sorted(image: NDArray[np.uint8]) -> None:
    runs, value = encode(image)
    assert runs.dtype == np.int32
    assert np.array_equal(painted(image.shape, runs, value), image)
    assert np.array_equal(runs, runs[np.lexsort((runs[:, 1], runs[:, 0]))])


@given(labels)
@settings(max_examples=80, derandomize=True, deadline=None)
def test_runs_are_as_long_as_can_be(image: NDArray[np.uint8]) -> None:
    runs, value = encode(image)
    for (row, _, stop), number in zip(runs, value, strict=True):
        assert stop == image.shape[1] or image[row, stop] != number


def test_an_empty_image_has_no_runs() -> None:
    runs, value = encode(np.zeros((5, 5), dtype=np.uint8))
    assert runs.shape == (0, 3)
    assert value.shape == (0,)
    assert touching_below(runs).shape == (0, 2)
    assert components(0, touching_below(runs)).shape == (0,)


@given(masks)
@settings(max_examples=150, derandomize=True, deadline=None)
def test_pairs_below_are_all_pairs_that_touch(mask: NDArray[np.uint8]) -> None:
    runs, _ = encode(mask)
    expected = {
        (i, j)
        for i, (row, start, stop) in enumerate(runs)
        for j, (next_row, next_start, next_stop) in enumerate(runs)
        if next_row == row + 1 and next_start <= stop and start <= next_stop
    }
    found = touching_below(runs)
    assert len(found) == len(expected)
    assert {(int(i), int(j)) for i, j in found} == expected


@given(masks)
@settings(max_examples=200, derandomize=True, deadline=None)
def test_components_of_runs_are_the_8_connected_components_of_the_mask(
    mask: NDArray[np.uint8],
) -> None:
    runs, _ = encode(mask)
    label = components(len(runs), touching_below(runs))
    count, truth = cv2.connectedComponents(mask, connectivity=8)
    assert len(set(label.tolist())) == count - 1
    names = set(zip(truth[runs[:, 0], runs[:, 1]].tolist(), label.tolist(), strict=True))
    assert len(names) == count - 1


@given(
    count=st.integers(1, 40),
    data=st.data(),
)
@settings(max_examples=100, derandomize=True, deadline=None)
def test_components_of_any_graph_name_the_smallest_fellow(count: int, data: st.DataObject) -> None:
    node = st.integers(0, count - 1)
    edges = data.draw(st.lists(st.tuples(node, node), max_size=60))
    fellows = {n: {n} for n in range(count)}
    for one, other in edges:
        union = fellows[one] | fellows[other]
        for member in union:
            fellows[member] = union
    pairs = np.array(edges, dtype=np.int64).reshape(-1, 2)
    assert components(count, pairs).tolist() == [min(fellows[n]) for n in range(count)]


@pytest.mark.parametrize("step", [1, -1])
def test_a_chain_of_a_million_is_one_component(step: int) -> None:
    node = np.arange(1_000_000, dtype=np.int64)[::step]
    label = components(len(node), np.column_stack([node[:-1], node[1:]]))
    assert not label.any()


def test_a_shuffled_chain_and_a_star_are_one_component() -> None:
    rng = np.random.default_rng(5)
    node = rng.permutation(100_000).astype(np.int64)
    assert not components(len(node), np.column_stack([node[:-1], node[1:]])).any()
    hub = np.full(99_999, 99_999, dtype=np.int64)
    assert not components(100_000, np.column_stack([hub, np.arange(99_999)])).any()
