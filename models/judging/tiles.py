"""Count the tiles of a surface on which a model fires, with and without labelled cracks."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datasets.manifest import Box
from models.judging.metrics import long_components

TILE_PX = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class TileScores:
    """Hold how often tiles with and without crack boxes are fired on.

    Attributes:
        tiles_with_cracks: Tiles that hold a labelled box.
        fired_with_cracks: Of these, tiles with a reported component.
        tiles_without: Tiles without a box.
        fired_without: Of these, tiles with a reported component.
    """

    tiles_with_cracks: int = 0
    fired_with_cracks: int = 0
    tiles_without: int = 0
    fired_without: int = 0

    def __add__(self, other: "TileScores") -> "TileScores":
        """Return the counts of both sets together."""
        return TileScores(
            tiles_with_cracks=self.tiles_with_cracks + other.tiles_with_cracks,
            fired_with_cracks=self.fired_with_cracks + other.fired_with_cracks,
            tiles_without=self.tiles_without + other.tiles_without,
            fired_without=self.fired_without + other.fired_without,
        )

    @property
    def false_rate(self) -> float:
        """Return the share of crack-free tiles that are fired on."""
        return self.fired_without / self.tiles_without if self.tiles_without else 0.0


def one_tile(*, has_crack: bool, fired: bool) -> TileScores:
    """Return the counts of a single tile."""
    return TileScores(
        tiles_with_cracks=int(has_crack),
        fired_with_cracks=int(has_crack and fired),
        tiles_without=int(not has_crack),
        fired_without=int(not has_crack and fired),
    )


def count_tiles(
    mask: NDArray[np.bool_],
    boxes: Sequence[Box],
    *,
    gsd_m_per_px: float,
    tile_px: int = TILE_PX,
    reach_m: float = 0.3,
    least_length_m: float = 0.1,
) -> TileScores:
    """Cut a photo into whole tiles and count those fired on.

    A tile fires if it holds a pixel of a component that is long enough to be reported. A tile that
    touches a box has a crack; one that is merely within ``reach_m`` of a box is left out, for a
    box's border is not that exact.

    Args:
        mask: (h, w) pixels predicted as crack.
        boxes: Labelled boxes.
        gsd_m_per_px: Ground sample distance.
        tile_px: Side of a tile.
        reach_m: Distance from a box within which a tile is neither with nor without.
        least_length_m: Smallest box diagonal of a component that is reported.
    """
    labels, kept = long_components(mask, least_length_m / gsd_m_per_px)
    reported = np.isin(labels, kept)
    reach_px = reach_m / gsd_m_per_px
    total = TileScores()
    for top in range(0, mask.shape[0] - tile_px + 1, tile_px):
        for left in range(0, mask.shape[1] - tile_px + 1, tile_px):
            away = min((_gap_px(box, left, top, tile_px) for box in boxes), default=np.inf)
            if 0 < away <= reach_px:
                continue
            fired = bool(reported[top : top + tile_px, left : left + tile_px].any())
            total += one_tile(has_crack=away == 0, fired=fired)
    return total


def _gap_px(box: Box, left: int, top: int, tile_px: int) -> float:
    """Return the distance of a box from a tile, 0 where they touch."""
    dx = max(left - box.x1_px, box.x0_px - (left + tile_px), 0.0)
    dy = max(top - box.y1_px, box.y0_px - (top + tile_px), 0.0)
    return float(np.hypot(dx, dy))
