"""Choose where along cracks a width is wanted, and which photo the mosaic shows there."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from inspection.geo.grid import PixelGrid
from inspection.imaging.crossing import half_px
from inspection.imaging.evidence import Sources
from inspection.imaging.sourcewidth import HALF_STEP_PX, Places
from inspection.pipeline.cracks import GroundScale, Strand

STEP = 2
"""Every so many points of the centre line, which lie about a pixel apart; a profile is averaged
over five pixels along the crack anyway."""

TANGENT_POINTS = 7
"""The direction of a crack is taken over so many points to either side (domain §4.3 B)."""


class Followed(Protocol):
    """Have unbranched pieces, and know the size of a pixel where they lie."""

    @property
    def strands(self) -> tuple[Strand, ...]:
        """Give the pieces."""

    @property
    def scale(self) -> GroundScale:
        """Give the size of a pixel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CrackPlaces:
    """Carry the places of many cracks in one list.

    Attributes:
        places: of all cracks.
        crack: (n,) which crack each belongs to.
        strand: (n,) which of its strands.
        point: (n,) which point of that strand.
    """

    places: Places
    crack: NDArray[np.int64]
    strand: NDArray[np.int64]
    point: NDArray[np.int64]


def crack_places(
    cracks: Sequence[Followed], grid: PixelGrid, sources: Sources | None
) -> CrackPlaces | None:
    """List the places of all cracks; None when there are none.

    Args:
        cracks: followed and joined, on one mosaic.
        grid: of that mosaic.
        sources: says which photo the mosaic shows where; None when unknown.
    """
    parts = [
        _strand_places((i, j), strand, crack.scale.gsd_m_per_px, grid, sources)
        for i, crack in enumerate(cracks)
        for j, strand in enumerate(crack.strands)
    ]
    parts = [part for part in parts if len(part.point)]
    if not parts:
        return None
    first = cracks[0].scale
    return CrackPlaces(
        places=Places(
            points_m=np.concatenate([p.points_m for p in parts]),
            normals=np.concatenate([p.normals for p in parts]),
            half_px=np.concatenate([p.half_px for p in parts]),
            preferred=np.concatenate([p.preferred for p in parts]),
            step_m=first.gsd_map_m_per_px,
            ground_per_map=1.0 / first.linear,
        ),
        crack=np.concatenate([np.full(len(p.point), p.crack) for p in parts]),
        strand=np.concatenate([np.full(len(p.point), p.strand) for p in parts]),
        point=np.concatenate([p.point for p in parts]),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """Carry the places of one strand."""

    crack: int
    strand: int
    point: NDArray[np.int64]
    points_m: NDArray[np.float64]
    normals: NDArray[np.float64]
    half_px: NDArray[np.int64]
    preferred: NDArray[np.int64]


def _strand_places(
    name: tuple[int, int],
    strand: Strand,
    gsd_m_per_px: float,
    grid: PixelGrid,
    sources: Sources | None,
) -> _Part:
    """List the places of one strand: points on the mask, not those drawn out to its end."""
    on_mask = np.flatnonzero(np.isfinite(strand.width_mm))
    point = on_mask[::STEP] if len(strand.line) > 1 else on_mask[:0]
    points = strand.line[point]
    pixels = grid.to_px(points) if len(points) else np.empty((0, 2))
    typical_px = strand.typical_width_m / gsd_m_per_px if len(point) else 1.0
    reach = -(-half_px(typical_px) // HALF_STEP_PX) * HALF_STEP_PX
    shown = sources.numbers_of(pixels) if sources is not None else np.zeros(len(point), np.int64)
    return _Part(
        crack=name[0],
        strand=name[1],
        point=point,
        points_m=points,
        normals=_normals(strand.line)[point],
        half_px=np.full(len(point), reach, dtype=np.int64),
        preferred=shown - 1,
    )


def _normals(line: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give unit vectors (n, 2) across a line, by its chord over a few points to either side."""
    at = np.arange(len(line))
    last = len(line) - 1
    chord = line[np.minimum(at + TANGENT_POINTS, last)] - line[np.maximum(at - TANGENT_POINTS, 0)]
    size = np.maximum(np.hypot(chord[:, 0], chord[:, 1]), 1e-12)
    return np.column_stack([-chord[:, 1], chord[:, 0]]) / size[:, None]
