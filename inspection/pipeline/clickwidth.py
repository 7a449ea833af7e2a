"""A place on a mosaic → the width of the crack there, with its uncertainty, or why there is none.

The profile is read in the photos, by the same estimators as along a whole crack. The crack is
looked for in all directions: the section square to it is the narrowest of those whose width is
sure. Where none is, as on a hairline or on texture, the least doubtful one is told with its doubt.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from inspection.domain.measurement import Quantity, WidthMethod
from inspection.errors import BadGeometry, BadPhoto, NotFound
from inspection.imaging.crossing import HALF_PX, MOST_HALF_PX
from inspection.imaging.sourcewidth import PhotoWidths, Places, measure_in_photos
from inspection.imaging.widths import METHODS, UNREADABLE
from inspection.pipeline.cracks import GroundScale, ground_scale
from inspection.pipeline.drawn import Paper

DIRECTIONS = 12
"""Directions that are tried, 15° apart."""

ALONG_PX = (-4.0, -2.0, 0.0, 2.0, 4.0)
"""Places along the crack that are read together; texture makes single ones stray."""

LEAST_READ = 3
"""Of these so many must be readable, in a direction that counts."""

SURE = 0.25
"""Standard uncertainty ÷ width at most of a section that is sure: U is half of the width (domain
specification §4.6 shows others in grey)."""


class Blind(StrEnum):
    """Say why no width was measured at a place."""

    NO_VIEWS = "no_views"
    PHOTO_MISSING = "photo_missing"
    NO_PHOTO = "no_photo"
    TOO_OBLIQUE = "too_oblique"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClickWidth:
    """Carry the width at one place.

    Attributes:
        width_mm: with U (k = 2), or below the limit; None when nothing could be measured.
        blind: why not; None when something was.
        method: the estimator of most readings; None when nothing was measured.
        across_m: (2, 2) ends of the section on the surface; empty when nothing was measured.
        readings: how many profiles were read.
        photo_sha256: the photo that was read first; None when there is none.
    """

    width_mm: Quantity | None
    blind: Blind | None = None
    method: WidthMethod | None = None
    across_m: NDArray[np.float64]
    readings: int = 0
    photo_sha256: str | None = None


def width_at(paper: Paper, at_m: tuple[float, float]) -> ClickWidth:
    """Measure the width of the crack at a place.

    Args:
        paper: the mosaic with what is behind it.
        at_m: (x, y) on the crack, in the CRS of the mosaic; the darkest line within 15 px counts.

    Raises:
        BadGeometry: when the place is not on the mosaic.
    """
    grid = paper.mosaic.grid
    x_px, y_px = (float(v) for v in grid.to_px([at_m])[0])
    if not (0 <= x_px <= grid.width_px and 0 <= y_px <= grid.height_px):
        raise BadGeometry("the place is not on the mosaic; click where there is a picture")
    if paper.sight is None:
        return _nothing(Blind(paper.blind.value))
    scale = ground_scale(grid, (x_px, y_px))
    for half_px in (HALF_PX, MOST_HALF_PX):
        places = places_around(at_m, half_px, scale, paper)
        try:
            found = measure_in_photos(
                places, paper.sight.views, paper.sight.surface, paper.sight.calibration
            )
        except (BadPhoto, NotFound):
            return _nothing(Blind.PHOTO_MISSING)
        if (found.view < 0).all():
            return _nothing(Blind.TOO_OBLIQUE if found.too_oblique.all() else Blind.NO_PHOTO)
        answer = narrowest(found, places, scale, paper)
        if answer is not None:
            return answer
    return _nothing(Blind.UNREADABLE)


def _nothing(why: Blind) -> ClickWidth:
    return ClickWidth(width_mm=None, blind=why, across_m=np.empty((0, 2)))


def places_around(
    at_m: tuple[float, float], half_px: int, scale: GroundScale, paper: Paper
) -> Places:
    """List the places of all directions, direction by direction."""
    angles = np.pi * np.arange(DIRECTIONS) / DIRECTIONS
    tangents = np.column_stack([np.cos(angles), np.sin(angles)])
    along = np.array(ALONG_PX) * scale.gsd_map_m_per_px
    points = np.array(at_m) + (along[None, :, None] * tangents[:, None, :]).reshape(-1, 2)
    count = len(points)
    shown = np.zeros(count, dtype=np.int64)
    if paper.sources is not None:
        shown = paper.sources.numbers_of(paper.mosaic.grid.to_px(points))
    normals = np.column_stack([-tangents[:, 1], tangents[:, 0]])
    return Places(
        points_m=points,
        normals=np.repeat(normals, len(along), axis=0),
        half_px=np.full(count, half_px, dtype=np.int64),
        preferred=shown - 1,
        step_m=scale.gsd_map_m_per_px,
        ground_per_map=1.0 / scale.linear,
    )


def narrowest(
    found: PhotoWidths, places: Places, scale: GroundScale, paper: Paper
) -> ClickWidth | None:
    """Take the direction in which the section is narrowest; None when none can be read."""
    assert paper.sight is not None
    rows = np.arange(len(found.view))
    first = np.argmax(found.method != UNREADABLE, axis=1)
    method = found.method[rows, first].reshape(DIRECTIONS, -1)
    readable = method != UNREADABLE
    enough = readable.sum(axis=1) >= LEAST_READ
    if not enough.any():
        return None
    width, std = (
        np.where(readable, values[rows, first].reshape(DIRECTIONS, -1), np.nan)
        for values in (found.width_mm, found.std_mm)
    )
    medians, doubt = np.full(DIRECTIONS, np.inf), np.full(DIRECTIONS, np.inf)
    medians[enough] = np.nanmedian(width[enough], axis=1)
    # a section that grazes the crack reads another width at each of its places
    apart = np.nanstd(width[enough], axis=1)
    unsure = np.hypot(np.nanmedian(std[enough], axis=1), apart)
    doubt[enough] = unsure / np.maximum(medians[enough], 1e-9)
    sure = doubt <= SURE
    chosen = int(np.argmin(np.where(sure, medians, np.inf) if sure.any() else doubt))
    mine = np.flatnonzero(readable[chosen]) + chosen * len(ALONG_PX)
    best = first[mine]
    value, limit = float(medians[chosen]), float(np.median(found.limit_mm[mine, best]))
    counted = np.bincount(found.method[mine, best])
    section = places.normals[mine[0]] * (value / 2000 * scale.linear + scale.gsd_map_m_per_px)
    middle = places.points_m[chosen * len(ALONG_PX) + len(ALONG_PX) // 2]
    return ClickWidth(
        width_mm=_quantity(
            value, float(doubt[chosen] * value), limit, paper.mosaic.gsd_uncertainty_ratio
        ),
        method=METHODS[int(counted.argmax())],
        across_m=np.stack([middle - section, middle + section]),
        readings=len(mine),
        photo_sha256=paper.sight.views[int(found.view[mine[0], best[0]])].sha256,
    )


def _quantity(width_mm: float, std_mm: float, limit_mm: float, gsd_ratio: float) -> Quantity:
    """Give a width with U (k = 2), or say that it is below the limit (domain §4.6, §4.7)."""
    if width_mm < limit_mm:
        return Quantity(value=None, expanded_uncertainty=None, limit=limit_mm, below_limit=True)
    u_mm = float(np.hypot(std_mm, width_mm * gsd_ratio))
    return Quantity(value=width_mm, expanded_uncertainty=2.0 * u_mm, limit=limit_mm)
