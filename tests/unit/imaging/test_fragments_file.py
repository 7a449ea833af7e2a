"""Fragments of a band as bytes: equal fragments give equal bytes, damage is noticed."""

import io
import random
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.domain.fragment import NOTHING, Fragments
from inspection.errors import Broken
from inspection.imaging.columnarchive import pack, unpack
from inspection.imaging.fragments_file import COLUMNS, pack_fragments, unpack_fragments


def one(row: int, start: int, *, score: int = 7) -> Fragments:
    return Fragments(
        runs=np.array([[row, start, start + 3]], dtype=np.int32),
        class_index=np.array([row % 2], dtype=np.int32),
        score_sum=np.array([score * 65535], dtype=np.int64),
        seeds=np.array([start % 2], dtype=np.int64),
        beside=np.array([start % 3], dtype=np.int64),
    )


def same(a: Fragments, b: Fragments) -> bool:
    return all(np.array_equal(getattr(a, name), getattr(b, name)) for name in COLUMNS)


places = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 9).map(lambda x: 10 * x)), unique=True, max_size=12
)


@given(places=places, order=st.randoms(use_true_random=False))
def test_the_order_of_the_parts_leaves_no_trace(
    places: list[tuple[int, int]], order: random.Random
) -> None:
    parts = [one(*place) for place in places]
    shuffled = list(parts)
    order.shuffle(shuffled)
    content = pack_fragments(parts)
    assert pack_fragments(shuffled) == content
    back = unpack_fragments(content)
    assert len(back) == len(places)
    assert back.runs[:, :2].tolist() == sorted([row, start] for row, start in places)
    assert back.score_sum.dtype == np.int64 and back.runs.dtype == np.int32


def test_no_fragments_come_back_as_none() -> None:
    assert same(unpack_fragments(pack_fragments([])), NOTHING)


def test_large_sums_come_back_exactly() -> None:
    back = unpack_fragments(pack_fragments([one(1, 2, score=2**40)]))
    assert back.score_sum.tolist() == [2**40 * 65535]


@pytest.mark.parametrize("cut", [0, 1, 40, -30, -1])
def test_a_truncated_file_is_broken(cut: int) -> None:
    with pytest.raises(Broken):
        unpack_fragments(pack_fragments([one(1, 2), one(5, 6)])[:cut])


@pytest.mark.parametrize("place", range(60, 300, 24))
def test_a_changed_byte_is_noticed_or_harmless(place: int) -> None:
    content = bytearray(pack_fragments([one(1, 2), one(5, 6)]))
    before = unpack_fragments(bytes(content))
    content[place] ^= 0x55
    try:
        after = unpack_fragments(bytes(content))
    except Broken:
        return
    assert same(before, after)  # a date or an attribute of the archive


def test_columns_that_do_not_belong_together_are_broken() -> None:
    columns = {name: np.zeros(2, dtype=dtype) for name, dtype in COLUMNS.items()}
    content = io.BytesIO()
    pack(columns, content)
    with pytest.raises(Broken, match="do not belong together"):
        unpack_fragments(content.getvalue())


def test_a_column_of_another_type_or_none_is_broken() -> None:
    content = io.BytesIO()
    pack({"runs": np.zeros((1, 3), dtype=np.float64)}, content)
    with pytest.raises(Broken, match="another type"):
        unpack(content, {"runs": np.int32})
    with pytest.raises(Broken, match="damaged"):
        unpack(content, {"seeds": np.int64})
    with pytest.raises(Broken, match="damaged"):
        unpack(io.BytesIO(b"PK no archive"), {"runs": None})


def test_pickled_objects_are_never_read() -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        pickled = io.BytesIO()
        np.lib.format.write_array(pickled, np.array([object], dtype=object), allow_pickle=True)
        archive.writestr("runs.npy", pickled.getvalue())
    with pytest.raises(Broken):
        unpack(content, {"runs": None})
