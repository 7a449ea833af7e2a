"""Compare what two models found in the same place: what both saw, and what only one of them.

An object counts as found by the other model too when at least half of its surface lies within a
tolerance of what the other found of the same class; where that holds only for other classes, the
two saw the same thing and called it otherwise. Each side is judged by its own objects, for one long
crack of the one may be five pieces of the other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import shapely
from numpy.typing import NDArray

from inspection.errors import BadInput

SHARE = 0.5
"""Share of an object that the other model must have found too."""

LEAST_TOLERANCE_M = 1e-6
"""Below it a tolerance is none: GEOS loses shapes that it grows by less than it can tell apart."""


class Agreement(StrEnum):
    """Say whether the other model found an object too."""

    BOTH = "both"
    OTHERWISE = "otherwise"
    ONLY = "only"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """Carry one thing that a model found.

    Attributes:
        damage_class: code of its class.
        confidence: mean probability, 0..1.
        area_m2: surface.
        length_m: length along the crack; None for what is no line.
        shape: outline in metres of the mosaic's surface.
    """

    damage_class: str
    confidence: float
    area_m2: float
    length_m: float | None
    shape: shapely.Geometry


def agreements(
    ours: Sequence[Outline],
    theirs: Sequence[Outline],
    *,
    tolerance_m: float,
    share: float = SHARE,
) -> tuple[Agreement, ...]:
    """Say of each of our objects whether the other model found it too, in our order.

    Args:
        ours: objects of the model that is judged.
        theirs: objects of the other.
        tolerance_m: how far apart two outlines of the same thing may be.
        share: share of the surface of an object that must lie within the tolerance, 0..1.

    Raises:
        BadInput: when the tolerance is negative or the share not in (0, 1].
    """
    if not tolerance_m >= 0 or not 0 < share <= 1:
        raise BadInput(f"tolerance {tolerance_m} m or share {share} is unusable")
    if not ours:
        return ()
    shapes = np.array([one.shape for one in ours], dtype=object)
    classes = np.array([one.damage_class for one in ours])
    same = np.zeros(len(ours), dtype=bool)
    for kind in set(classes.tolist()):
        mine = np.flatnonzero(classes == kind)
        others = [one.shape for one in theirs if one.damage_class == kind]
        same[mine] = _covered(shapes[mine], others, tolerance_m) >= share
    left = np.flatnonzero(~same)
    any_class = np.zeros(len(ours), dtype=bool)
    any_class[left] = _covered(shapes[left], [one.shape for one in theirs], tolerance_m) >= share
    return tuple(
        Agreement.BOTH if by_both else Agreement.OTHERWISE if otherwise else Agreement.ONLY
        for by_both, otherwise in zip(same.tolist(), any_class.tolist(), strict=True)
    )


def _covered(
    shapes: NDArray[np.object_], others: Sequence[shapely.Geometry], tolerance_m: float
) -> NDArray[np.float64]:
    """Give the share of each shape (n,) that lies within a tolerance of others, 0..1."""
    shares = np.zeros(len(shapes))
    if not others or not len(shapes):
        return shares
    reach_m = tolerance_m if tolerance_m > LEAST_TOLERANCE_M else 0.0
    grown = shapely.buffer(np.array(others, dtype=object), reach_m)
    mine, near = shapely.STRtree(grown).query(shapes, predicate="intersects")
    for index in np.unique(mine):
        around = shapely.union_all(grown[near[mine == index]])
        whole = shapes[index].area
        if whole > 0:
            shares[index] = shapely.intersection(shapes[index], around).area / whole
    return shares
