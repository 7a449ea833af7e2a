"""Blocks of neighbours stay on one side of the split."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.manifest import Split
from datasets.split import split_by_block
from inspection.errors import BadInput


@settings(deadline=None)
@given(count=st.integers(10, 300))
def test_every_id_has_a_split_and_blocks_are_contiguous(count: int) -> None:
    ids = [f"{number:04d}" for number in range(count)]
    splits = split_by_block(ids)
    assert list(splits) == ids
    blocks = [splits[name][1] for name in ids]
    changes = sum(a != b for a, b in pairwise(blocks))
    assert changes == len(set(blocks)) - 1


@settings(deadline=None)
@given(count=st.integers(10, 300))
def test_about_two_of_ten_blocks_are_held_out(count: int) -> None:
    splits = split_by_block([str(number).zfill(4) for number in range(count)])
    held = sum(split is Split.VAL for split, _ in splits.values())
    assert abs(held - count / 5) <= 2


def test_a_block_is_on_one_side_only() -> None:
    splits = split_by_block([str(number) for number in range(57)])
    sides: dict[str, Split] = {}
    for split, block in splits.values():
        assert sides.setdefault(block, split) is split


def test_repeated_id_is_refused() -> None:
    with pytest.raises(BadInput, match="not unique"):
        split_by_block(["a", "a"])


def test_block_that_does_not_exist_is_refused() -> None:
    with pytest.raises(BadInput, match=r"0\.\.1"):
        split_by_block(["a", "b"], block_count=2, held_out=(2,))
