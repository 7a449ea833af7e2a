"""Divide images into training and validation by structure, never by random image.

Neighbouring ids are often neighbouring frames of one road; dividing them at random would let the
same crack appear on both sides. Whole blocks of consecutive ids are held out instead.
"""

from collections.abc import Sequence

from datasets.manifest import Split
from inspection.errors import BadInput


def split_by_block(
    sorted_ids: Sequence[str], *, block_count: int = 10, held_out: Sequence[int] = (3, 7)
) -> dict[str, tuple[Split, str]]:
    """Return the split and the block name of each id, in blocks of consecutive ids.

    Args:
        sorted_ids: Ids in the publisher's order.
        block_count: Number of blocks of near-equal size.
        held_out: Indices of the blocks used for validation.

    Raises:
        BadInput: An id is repeated or a held-out block does not exist.

    Examples:
        >>> splits = split_by_block(["a", "b", "c", "d"], block_count=2, held_out=(1,))
        >>> [splits[name][0].value for name in "abcd"]
        ['train', 'train', 'val', 'val']
    """
    if len(set(sorted_ids)) != len(sorted_ids):
        raise BadInput("the ids to split are not unique; each image needs one id")
    if not all(0 <= index < block_count for index in held_out):
        raise BadInput(f"held-out blocks {tuple(held_out)} must lie in 0..{block_count - 1}")
    splits: dict[str, tuple[Split, str]] = {}
    for position, name in enumerate(sorted_ids):
        block = position * block_count // len(sorted_ids)
        part = Split.VAL if block in held_out else Split.TRAIN
        splits[name] = (part, f"block{block}")
    return splits
