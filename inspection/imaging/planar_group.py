"""Find the photos of a strip that hang together, and the ties that only pretend to.

Repetitive concrete can tie the wrong places together convincingly. Such a tie cannot agree with
the others: after the adjustment its points are far off, and it is dropped.
"""

from collections.abc import Sequence

import numpy as np

from inspection.domain.capture import Photo
from inspection.errors import NotRegistered
from inspection.imaging.planar_adjust import Adjusted, adjust
from inspection.imaging.planar_ties import Tie

MAX_TIE_RESIDUAL_RATIO = 0.0015
"""A tie whose median residual exceeds this share of the photo's long side contradicts the others:
8 px of 5376."""


def largest_group(count: int, ties: Sequence[Tie]) -> list[int]:
    """Give the photos of the largest connected group; of equal ones the first.

    >>> largest_group(3, [])
    [0]
    """
    group = list(range(count))
    for tie in ties:
        old, new = sorted((group[tie.first], group[tie.second]), reverse=True)
        group = [new if g == old else g for g in group]
    best = max(sorted(set(group)), key=group.count)
    return [i for i, g in enumerate(group) if g == best]


def adjust_largest_group(
    photos: Sequence[Photo], ties: Sequence[Tie], *, gsd_m_per_px: float
) -> tuple[Adjusted, list[Tie]]:
    """Adjust the largest group, dropping the weakest tie as long as ties contradict each other.

    Returns:
        The cameras of the group, and the ties that were dropped.

    Raises:
        NotRegistered: when no two of several photos hang together.
    """
    remaining, dropped = list(ties), list[Tie]()
    while True:
        members = largest_group(len(photos), remaining)
        if len(members) < min(2, len(photos)):
            raise NotRegistered(
                f"no two of the {len(photos)} photos show enough of the same surface; neighbours "
                "must overlap by at least a tenth of the picture and show texture there"
            )
        inside = [tie for tie in remaining if tie.first in members]
        adjusted = adjust(photos, members, inside, gsd_m_per_px=gsd_m_per_px)
        wrong = _contradiction(photos, inside, adjusted)
        if wrong is None:
            return adjusted, dropped
        dropped.append(wrong)
        remaining = [tie for tie in remaining if tie is not wrong]


def _contradiction(photos: Sequence[Photo], ties: Sequence[Tie], adjusted: Adjusted) -> Tie | None:
    """Give the weakest of the ties that contradict the others, None when all agree.

    A wrong tie pulls its good neighbours off too, so the largest misfit does not tell which one is
    wrong; chance and repetition give fewer points than the same surface seen twice.
    """
    suspects = [
        tie
        for tie, residual_px in zip(ties, adjusted.residuals_px, strict=True)
        if float(np.median(residual_px)) > MAX_TIE_RESIDUAL_RATIO * _long_side(photos[tie.second])
    ]
    return min(suspects, key=lambda tie: len(tie.first_px), default=None)


def _long_side(photo: Photo) -> int:
    """Give the longer side of a photo in px."""
    return max(photo.width_px, photo.height_px)
