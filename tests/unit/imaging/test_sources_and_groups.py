"""Which photos a mosaic shows at places of any kind, and which photos of a strip hang together."""

from collections import Counter
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from rasterio.transform import Affine

from inspection.domain.capture import Photo
from inspection.errors import BadInput, NotRegistered
from inspection.imaging.evidence import READ_PX, check_size, open_sources
from inspection.imaging.planar_group import adjust_largest_group, largest_group
from inspection.imaging.planar_ties import Tie

LAW = settings(max_examples=40, deadline=None, derandomize=True)
PLACED = Affine(0.01, 0, 5, 0, -0.01, 7)


def write_sources(path: Path, numbers: NDArray[np.uint16]) -> Path:
    with rasterio.open(
        path, "w", driver="GTiff", width=numbers.shape[1], height=numbers.shape[0], count=1,
        dtype="uint16", transform=PLACED, tiled=True, blockxsize=64, blockysize=64,
    ) as opened:  # fmt: skip
        opened.write(numbers, 1)
    return path


@pytest.fixture(scope="module")
def quarters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a mosaic of four photos and nothing in its middle."""
    numbers = np.ones((100, 120), np.uint16)
    numbers[:50, 60:] = 2
    numbers[50:, :60] = 3
    numbers[50:, 60:] = 65_535
    numbers[40:60, 50:70] = 0
    return write_sources(tmp_path_factory.mktemp("sources") / "sources.tif", numbers)


@pytest.mark.parametrize(
    ("point", "number"),
    [
        ((0.0, 0.0), 1), ((59.99, 10), 1), ((60.0, 10), 2), ((119.99, 0.0), 2), ((120.0, 0.0), 2),
        ((10, 50.0), 3), ((10, 100.0), 3), ((119.5, 99.5), 65_535), ((60, 50), 0),
        ((-0.01, 10), 0), ((120.01, 10), 0), ((10, -5), 0), ((10, 100.5), 0), ((-1e6, 1e6), 0),
    ],
)  # fmt: skip
def test_golden_the_photo_of_a_point_and_none_beyond_the_mosaic(
    quarters: Path, point: tuple[float, float], number: int
) -> None:
    with open_sources(quarters, (120, 100)) as sources:
        assert sources.numbers_of(np.array([point], float)).tolist() == [number]
        several = np.array([point, (5.0, 5.0), (100.0, 5.0)], float)
        assert sources.numbers_of(several).tolist() == [number, 1, 2]
        assert sources.numbers_of(np.empty((0, 2))).shape == (0,)


@LAW
@given(st.lists(st.tuples(st.floats(-20, 140), st.floats(-20, 120)), min_size=1, max_size=12))
def test_photos_are_named_most_frequent_first_and_each_once(
    quarters: Path, points: list[tuple[float, float]]
) -> None:
    at = np.array(points)
    with open_sources(quarters, (120, 100)) as sources:
        single = [int(sources.numbers_of(at[i : i + 1])[0]) for i in range(len(at))]
        assert sources.numbers_of(at).tolist() == single
        low, high = np.floor(at.min(axis=0)).astype(int), np.floor(at.max(axis=0)).astype(int) + 1
        found = sources.numbers_at((*map(int, low), *map(int, high)), at)  # type: ignore[arg-type]
    counted = Counter(number for number in single if number)
    assert sorted(found) == sorted(counted)
    assert [counted[n] for n in found] == sorted(counted.values(), reverse=True)


def test_a_box_larger_than_the_limit_is_read_coarser_and_names_the_same_photos(
    tmp_path: Path,
) -> None:
    width = 3 * READ_PX
    numbers = np.repeat(np.array([[1, 2, 3]], np.uint16), READ_PX, axis=1).repeat(4, axis=0)
    path = write_sources(tmp_path / "wide.tif", numbers)
    points = np.array([[READ_PX * share, 2.0] for share in (0.5, 0.6, 1.5, 1.6, 1.7, 2.5)])
    with open_sources(path, (width, 4)) as sources:
        assert sources.numbers_at((0, 0, width, 4), points) == (2, 1, 3)
        assert sources.numbers_of(points).tolist() == [1, 1, 2, 2, 2, 3]
        assert sources.numbers_at((width, 0, width + 9, 4), points) == ()


def test_a_raster_of_another_mosaic_or_none_is_refused(quarters: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"120×100 px but the mosaic has 100×120 px"):
        check_size(quarters, (100, 120))
    (tmp_path / "words.tif").write_text("words")
    for path in (tmp_path / "absent.tif", tmp_path / "words.tif"):
        with pytest.raises(BadInput, match=f"cannot open {path.name}"), open_sources(path, (1, 1)):
            pass


def test_a_damaged_block_is_said_to_be_damaged(tmp_path: Path) -> None:
    random = np.random.default_rng(2)
    numbers = random.integers(1, 9, (128, 128)).astype(np.uint16)
    path = tmp_path / "sources.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=128, height=128, count=1, dtype="uint16",
        transform=PLACED, tiled=True, blockxsize=64, blockysize=64, compress="deflate",
    ) as opened:  # fmt: skip
        opened.write(numbers, 1)
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 400] = b"\x00" * 400
    path.write_bytes(content)
    with (
        pytest.raises(BadInput, match=r"cannot read .*sources\.tif.*damaged"),
        open_sources(path, (128, 128)) as sources,
    ):
        sources.numbers_of(random.uniform(0, 128, (500, 2)))


# groups
def tie(first: int, second: int) -> Tie:
    points = np.array([[1.0, 1.0], [5.0, 1.0], [1.0, 7.0]])
    return Tie(
        first=first, second=second, first_px=points, second_px=points,
        second_from_first=(1 + 0j, 0j),
    )  # fmt: skip


PAIRS = st.lists(
    st.tuples(st.integers(0, 7), st.integers(0, 7)).filter(lambda p: p[0] < p[1]), max_size=9
)


@LAW
@given(st.integers(8, 10), PAIRS, st.randoms(use_true_random=False))
def test_the_largest_group_is_the_largest_component_and_of_equals_the_first(
    count: int, pairs: list[tuple[int, int]], rng: object
) -> None:
    graph = nx.Graph(pairs)
    graph.add_nodes_from(range(count))
    groups = sorted(sorted(group) for group in nx.connected_components(graph))
    expected = max(groups, key=len)
    assert largest_group(count, [tie(*pair) for pair in pairs]) == expected
    shuffled = pairs[:]
    rng.shuffle(shuffled)  # type: ignore[attr-defined]
    assert largest_group(count, [tie(*pair) for pair in shuffled]) == expected


@pytest.mark.parametrize("count", [2, 5])
def test_photos_that_do_not_hang_together_are_no_strip(count: int) -> None:
    photos = [
        Photo(sha256=f"{n:064x}", name=f"{n}.jpg", width_px=60, height_px=40, focal_px=70.0)
        for n in range(count)
    ]
    with pytest.raises(NotRegistered, match=f"no two of the {count} photos"):
        adjust_largest_group(photos, [], gsd_m_per_px=0.001)
    alone, dropped = adjust_largest_group(photos[:1], [], gsd_m_per_px=0.001)
    assert (list(alone.poses), dropped) == ([0], [])
    assert alone.poses[0].centre_world_m[2] == pytest.approx(0.07)
