"""Compare the cracks of two surveyed mosaics of one place."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import shapely
import shapely.ops
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.errors import RasterioError
from rasterio.windows import Window, from_bounds

from inspection.domain.defect import Observation
from inspection.domain.growth import (
    Change,
    Difference,
    Growth,
    SeenCrack,
    length_difference,
    match,
    verdict,
    width_difference,
)
from inspection.domain.taxonomy import DamageClass
from inspection.errors import BadInput, Broken
from inspection.geo.polyline import length
from inspection.imaging.cog import read_grid
from inspection.imaging.widthchange import (
    MAX_SHIFT_PX,
    MIN_RESPONSE,
    DeficitPair,
    aligned,
    deficits,
    linear_light,
    local_shift,
    width_change_px,
)
from inspection.pipeline.ports import Progress

CRACKS = frozenset({DamageClass.CRACK, DamageClass.DECK_CRACK})
STRETCH_M, MARGIN_PX = 1.0, 48
BLUR_PX = 1.0
WIDE_PX = 3.0
"""From this width on a crack shows the darkness of its own core (§4.3 B)."""
SEEN_SHARE = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """Carry one of the two surveys.

    Attributes:
        mosaic: RGBA GeoTIFF.
        cracks: in the CRS of the mosaic.
    """

    mosaic: Path
    cracks: tuple[SeenCrack, ...]


def cracks_of(observations: Sequence[Observation]) -> tuple[SeenCrack, ...]:
    """Take the cracks with a centre line out of what was observed."""
    return tuple(
        SeenCrack(
            key=str(seen.observation_id),
            axis_m=seen.axis_surface_m,
            length_m=seen.measurement.length_m,
            width_mm=seen.measurement.width_mm,
        )
        for seen in observations
        if seen.damage_class in CRACKS
        and seen.axis_surface_m is not None
        and seen.measurement.length_m is not None
    )


def compare(first: Side, second: Side, progress: Progress) -> list[Growth]:
    """Compare two surveys, sorted as the cracks of the first, then the new ones.

    Raises:
        BadInput: when the mosaics have different CRS.
        Broken: when a mosaic cannot be read.
    """
    grids = [read_grid(side.mosaic) for side in (first, second)]
    if grids[0].crs != grids[1].crs:
        raise BadInput(
            f"the first mosaic is in {grids[0].crs}, the second in {grids[1].crs}; run one again "
            "with --crs of the other"
        )
    groups = match(first.cracks, second.cracks)
    progress.start("compare cracks", len(groups))
    found = []
    try:
        with rasterio.open(first.mosaic) as a, rasterio.open(second.mosaic) as b:
            for befores, afters in groups:
                before = [first.cracks[i] for i in befores]
                after = [second.cracks[j] for j in afters]
                found.append(_became(before, after, a, b))
                progress.advance()
    except RasterioError as error:
        raise Broken(f"a mosaic cannot be read: {error}") from error
    return found


def _became(
    before: list[SeenCrack],
    after: list[SeenCrack],
    a: rasterio.io.DatasetReader,
    b: rasterio.io.DatasetReader,
) -> Growth:
    """Say what became of one group."""
    keys = tuple(c.key for c in before), tuple(c.key for c in after)
    if not (before and after):
        axis = shapely.union_all([c.axis_m for c in (*before, *after)])
        if _shown(axis, b if before else a) < SEEN_SHARE:
            return Growth(
                change=Change.NOT_COMPARABLE,
                before=keys[0],
                after=keys[1],
                note=f"the {'second' if before else 'first'} survey does not show this place",
            )
        change = Change.VANISHED if before else Change.NEW
        return Growth(change=change, before=keys[0], after=keys[1])
    width, note = _measured_width(before, after, a, b)
    if width is None:
        width = width_difference(before, after)
    lengths = length_difference(before, after)
    return Growth(
        change=verdict(width, lengths),
        before=keys[0],
        after=keys[1],
        width_mm=width,
        length_m=lengths,
        note=note,
    )


def _measured_width(
    before: list[SeenCrack],
    after: list[SeenCrack],
    a: rasterio.io.DatasetReader,
    b: rasterio.io.DatasetReader,
) -> tuple[Difference | None, str]:
    """Measure the change of width on both pictures; None when they cannot be compared."""
    gsd_mm = float(np.sqrt(abs(a.transform.determinant))) * 1000
    widths = [c.width_mm.value for c in (*before, *after) if c.width_mm and c.width_mm.value]
    width_px = max(widths, default=gsd_mm) / gsd_mm
    reach_px = width_px / 2 + 3 * BLUR_PX + 1
    pairs: list[DeficitPair] = []
    lost = 0
    for line in _stretches(shapely.union_all([c.axis_m for c in before])):
        pair = _stretch(line, a, b, reach_px)
        if pair is None:
            lost += 1
        else:
            pairs.append(pair)
    core = max((p.core for p in pairs), default=0.0) if width_px >= WIDE_PX else 1.0
    found = width_change_px(pairs, core=min(max(core, 0.05), 1.0))
    if found is None:
        return None, "the pictures could not be compared; difference of the two stated widths"
    notes = [f"{lost} stretches show no common texture"] if lost else []
    if width_px < WIDE_PX:
        notes.append("narrow crack taken as black inside: the true change may be larger")
    return Difference(value=found[0] * gsd_mm, expanded_uncertainty=found[1] * gsd_mm), "; ".join(
        notes
    )


def _stretch(
    line: NDArray[np.float64],
    a: rasterio.io.DatasetReader,
    b: rasterio.io.DatasetReader,
    reach_px: float,
) -> DeficitPair | None:
    """Compare one stretch of a crack; None when the two pictures do not fit together."""
    columns, rows = ~a.transform * (line[:, 0], line[:, 1])
    x0, y0 = int(np.floor(columns.min())) - MARGIN_PX, int(np.floor(rows.min())) - MARGIN_PX
    x1, y1 = int(np.ceil(columns.max())) + MARGIN_PX, int(np.ceil(rows.max())) + MARGIN_PX
    window = Window(x0, y0, x1 - x0, y1 - y0)
    first = _read(a, window, (y1 - y0, x1 - x0))
    bounds = rasterio.windows.bounds(window, a.transform)
    second = _read(b, from_bounds(*bounds, transform=b.transform), (y1 - y0, x1 - x0))
    if first is None or second is None:
        return None
    shift = local_shift(first, second)
    if shift.response < MIN_RESPONSE or np.hypot(shift.dx_px, shift.dy_px) > MAX_SHIFT_PX:
        return None
    pixels = np.column_stack([columns - x0, rows - y0])
    return deficits(first, aligned(second, shift), pixels, reach_px=reach_px)


def _read(
    dataset: rasterio.io.DatasetReader, window: Window, shape: tuple[int, int]
) -> NDArray[np.float32] | None:
    """Read a window as linear light at a given shape; None when part of it shows nothing."""
    bands = dataset.read(
        window=window,
        out_shape=(dataset.count, *shape),
        resampling=Resampling.bilinear,
        boundless=True,
        fill_value=0,
    )
    if dataset.count >= 4 and (bands[3] == 0).mean() > 1 - SEEN_SHARE:
        return None
    return linear_light(np.moveaxis(bands[:3], 0, 2))


def _shown(axis: shapely.Geometry, dataset: rasterio.io.DatasetReader) -> float:
    """Give the share of a centre line that a mosaic shows."""
    points = shapely.get_coordinates(shapely.segmentize(axis, 0.05))
    alpha = min(4, dataset.count)
    return float(np.mean([values[0] > 0 for values in dataset.sample(points, indexes=[alpha])]))


def _stretches(axis: shapely.Geometry) -> list[NDArray[np.float64]]:
    """Cut centre lines into stretches of about a metre."""
    cut: list[NDArray[np.float64]] = []
    for line in shapely.get_parts(shapely.get_parts(axis)):
        points = shapely.get_coordinates(line)
        count = max(1, round(length(points) / STRETCH_M))
        for i in range(count):
            part = shapely.ops.substring(line, i / count, (i + 1) / count, normalized=True)
            cut.append(shapely.get_coordinates(part))
    return cut


def growth_to_plain(found: Sequence[Growth]) -> dict[str, Any]:
    """Give a comparison as plain values, with a count of each verdict."""

    def difference(d: Difference | None, digits: int) -> dict[str, Any] | None:
        if d is None:
            return None
        return {
            "value": round(d.value, digits),
            "expanded_uncertainty": round(d.expanded_uncertainty, digits),
            "significant": d.significant,
        }

    return {
        "counts": {change.value: sum(g.change is change for g in found) for change in Change},
        "cracks": [
            {
                "change": g.change.value,
                "before": list(g.before),
                "after": list(g.after),
                "width_change_mm": difference(g.width_mm, 4),
                "length_change_m": difference(g.length_m, 4),
                "note": g.note,
            }
            for g in found
        ],
    }
