"""What an engineer drew → an observation, measured anew from the pixels under it.

Length and area are those of the drawing on the grid of its mosaic. The width of a crack is read in
the photos, by the same estimators as the machine's cracks; where they cannot be read it is not
measured, and the reason is told.
"""

import uuid
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from inspection.domain.defect import HAND, Defect, Observation
from inspection.domain.measurement import CrackWidth, Measurement, Quantity, Refusal, WidthMethod
from inspection.domain.mission import TENKEN_NAMESPACE
from inspection.domain.raster import Orthomosaic
from inspection.domain.taxonomy import LINEAR_CLASSES, DamageClass
from inspection.errors import BadGeometry, BadPhoto, NotFound
from inspection.geo.cutting import Piece
from inspection.geo.polyline import Line, stations
from inspection.imaging.crossing import HALF_PX, HALF_WIDTHS, MOST_HALF_PX
from inspection.imaging.evidence import Sources
from inspection.pipeline.cracks import Crack, GroundScale, Strand, ground_scale
from inspection.pipeline.crackwidths import CrackReading, PhotoSight, read_cracks
from inspection.pipeline.measure import AXIS_PX, area_uncertainty_m2, lonlat_of
from inspection.pipeline.ports import Silence

MOST_PX = 60_000
"""Longest centre line that is measured in one edit, in pixels; a longer one is drawn in parts."""

LEAST_PX = 3.0
"""Shortest centre line, and side of the smallest area, in pixels."""

MOST_POINTS = 2_000
"""Most corners of a drawing."""

LEAST_SPREAD = 1 / 6
"""Cells of 2 × 2 pixels that a line must reach for each pixel of its length; a straight one reaches
one for two. Less is a scribble, whose outline would take minutes to find."""

REACHES_PX = (1.0, MOST_HALF_PX / HALF_WIDTHS)
"""Widths for which the profile across a crack is tried: a thin crack, then as wide as any."""


class NoWidth(StrEnum):
    """Say why the width of a drawn crack was not measured."""

    NO_VIEWS = "no_views"
    PHOTO_MISSING = "photo_missing"
    UNREADABLE = "unreadable"
    TOO_OBLIQUE = "too_oblique"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """Carry the mosaic on which somebody draws, and what can be seen through it.

    Attributes:
        mosaic: the mosaic.
        sources: says which photo the mosaic shows where; None when that was not kept.
        sight: how the photos see the surface; None when that is not known.
        blind: why ``sight`` is None.
    """

    mosaic: Orthomosaic
    sources: Sources | None = None
    sight: PhotoSight | None = None
    blind: NoWidth = NoWidth.NO_VIEWS


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """Carry an observation that an engineer drew, and why it has no width where it has none."""

    observation: Observation
    no_width: NoWidth | None


def piece_of(defect: Defect) -> Piece:
    """Take the shape of a defect as it is shown."""
    latest = defect.latest
    return Piece(outline=latest.outline_surface_m, axis=latest.axis_surface_m)


def piece_of_drawing(drawn: BaseGeometry, damage_class: DamageClass, mosaic: Orthomosaic) -> Piece:
    """Take a line for a crack, an outline for everything else.

    Raises:
        BadGeometry: when it is the other one, or a scribble.
    """
    corners = shapely.get_num_coordinates(drawn)
    if corners > MOST_POINTS:
        raise BadGeometry(
            f"the drawing has {corners} corners, more than {MOST_POINTS}; draw it in parts"
        )
    if damage_class not in LINEAR_CLASSES:
        if not isinstance(drawn, shapely.Polygon | shapely.MultiPolygon):
            raise BadGeometry(
                f"a {damage_class.value} is drawn as an outline, got a {drawn.geom_type}"
            )
        return Piece(outline=drawn)
    if not isinstance(drawn, shapely.LineString | shapely.MultiLineString):
        raise BadGeometry(f"a {damage_class.value} is drawn as a line, got a {drawn.geom_type}")
    piece = Piece(
        outline=shapely.Polygon(), axis=drawn.simplify(AXIS_PX * mosaic.grid.gsd_m_per_px)
    )
    check_drawing(piece, mosaic)
    lines = _lines(piece.axis, ground_scale(mosaic.grid, (0.0, 0.0)))
    pixels = mosaic.grid.to_px(np.concatenate(lines))
    if len(np.unique(np.floor(pixels / 2), axis=0)) < LEAST_SPREAD * len(pixels):
        raise BadGeometry("the line goes over the same place again and again; draw it once")
    return piece


def observe(
    piece: Piece, *, damage_class: DamageClass, paper: Paper, edit_id: uuid.UUID, number: int
) -> Drawn:
    """Measure what was drawn and make an observation of it.

    Args:
        piece: outline and centre line in the CRS of the mosaic; an outline without area stands for
            a line drawn by hand, whose outline follows from its width.
        damage_class: what it is.
        paper: the mosaic that it was drawn on.
        edit_id: the edit.
        number: which of the observations of the edit, from 0.

    Raises:
        BadGeometry: when it is no valid shape, too small, too large, or not on the mosaic.
    """
    check_drawing(piece, paper.mosaic)
    scale = _scale(piece, paper.mosaic)
    reading, no_width, lines = None, None, []
    if piece.axis is not None:
        lines = _lines(piece.axis, scale)
        reading, no_width = _read(lines, piece, paper, scale)
    outline = _outline(piece, reading, scale)
    x0, y0, x1, y1 = box_px = _box_px(outline, paper.mosaic)
    photos = _photos(piece, outline, paper, box_px)
    anchor = _anchor(outline, piece.axis)
    return Drawn(
        observation=Observation(
            observation_id=uuid.uuid5(TENKEN_NAMESPACE, f"drawn\n{edit_id}\n{number}"),
            survey_id=paper.mosaic.survey_id,
            mosaic_sha256=paper.mosaic.sha256,
            damage_class=damage_class,
            confidence=1.0,
            outline_surface_m=outline,
            axis_surface_m=piece.axis,
            anchor_surface_m=anchor,
            surface_crs=paper.mosaic.grid.crs,
            anchor_lonlat=lonlat_of(anchor, paper.mosaic),
            box_px=(x0, y0, x1, y1),
            photo_sha256s=photos,
            measurement=_measurement(
                outline,
                lines,
                reading,
                scale=scale,
                ratio=paper.mosaic.gsd_uncertainty_ratio,
                stroke=piece.outline.is_empty,
            ),
            model_id=HAND,
        ),
        no_width=no_width,
    )


def check_drawing(piece: Piece, mosaic: Orthomosaic) -> None:
    """Check that a drawing is a valid shape of a sensible size on its mosaic.

    Raises:
        BadGeometry: when it is not.
    """
    gsd_m = mosaic.grid.gsd_m_per_px
    shapes = [piece.outline] if piece.axis is None else [piece.axis]
    if piece.axis is not None and not piece.outline.is_empty:
        shapes.append(piece.outline)
    for shape in shapes:
        points = shapely.get_coordinates(shape)
        if shape.is_empty or not len(points) or not np.isfinite(points).all():
            raise BadGeometry("the drawing is empty; draw a line or an outline")
        if not shape.is_valid:
            raise BadGeometry(f"the drawing crosses itself: {shapely.is_valid_reason(shape)}")
        pixels = mosaic.grid.to_px(points)
        size = (mosaic.grid.width_px, mosaic.grid.height_px)
        if (pixels < -1).any() or (pixels > np.add(size, 1)).any():
            raise BadGeometry("the drawing leaves the mosaic; draw only where there is a picture")
    if piece.axis is not None:
        size_px = piece.axis.length / gsd_m
        if not LEAST_PX <= size_px <= MOST_PX:
            raise BadGeometry(
                f"the line is {piece.axis.length:.3f} m long, {size_px:.0f} px; between "
                f"{LEAST_PX:.0f} and {MOST_PX} px can be measured"
            )
    elif piece.outline.area < (LEAST_PX * gsd_m) ** 2:
        raise BadGeometry(
            f"the outline has {piece.outline.area / gsd_m**2:.1f} px²; draw one of at least "
            f"{LEAST_PX**2:.0f} px²"
        )


def _scale(piece: Piece, mosaic: Orthomosaic) -> GroundScale:
    """Measure the size of a pixel in the middle of a drawing."""
    shape = piece.outline if piece.axis is None else piece.axis
    x0, y0, x1, y1 = shape.bounds
    x, y = mosaic.grid.to_px([[(x0 + x1) / 2, (y0 + y1) / 2]])[0]
    return ground_scale(mosaic.grid, (float(x), float(y)))


def _lines(axis: BaseGeometry, scale: GroundScale) -> list[Line]:
    """Give the parts of a centre line with a point about every pixel, as the machine follows it."""
    lines = []
    for part in shapely.get_parts(axis):
        points = shapely.get_coordinates(part)
        along = stations(points)
        count = max(2, round(float(along[-1]) / scale.gsd_map_m_per_px) + 1)
        at = np.linspace(0.0, along[-1], count)
        columns = [np.interp(at, along, points[:, axis_]) for axis_ in (0, 1)]
        lines.append(np.column_stack(columns))
    return lines


def _crack(lines: list[Line], width_m: float, scale: GroundScale) -> Crack:
    """Make a crack out of lines whose width is only a guess."""
    ends = [tuple(np.round(line[i], 6)) for line in lines for i in (0, -1)]
    return Crack(
        members=(0,),
        strands=tuple(
            Strand(
                line=line,
                width_mm=np.full(len(line), width_m * 1000),
                start_free=ends.count(tuple(np.round(line[0], 6))) == 1,
                end_free=ends.count(tuple(np.round(line[-1], 6))) == 1,
                piece=(0, i),
            )
            for i, line in enumerate(lines)
        ),
        bridges=(),
        scale=scale,
        widths=CrackWidth(
            representative_mm=width_m * 1000, mean_mm=width_m * 1000, largest_mm=width_m * 1000
        ),
    )


def _read(
    lines: list[Line], piece: Piece, paper: Paper, scale: GroundScale
) -> tuple[CrackReading | None, NoWidth | None]:
    """Read the width of a crack in the photos, or say why that cannot be done."""
    if paper.sight is None:
        return None, paper.blind
    guesses = [px * scale.gsd_m_per_px for px in REACHES_PX]
    if piece.outline.area > 0 and piece.axis is not None:
        guesses.insert(0, piece.outline.area / piece.axis.length / scale.linear)
    for width_m in guesses:
        try:
            (reading,) = read_cracks(
                [_crack(lines, width_m, scale)],
                grid=paper.mosaic.grid,
                sources=paper.sources,
                sight=paper.sight,
                gsd_ratio=paper.mosaic.gsd_uncertainty_ratio,
                progress=Silence(),
            )
        except (BadPhoto, NotFound, OSError):
            return None, NoWidth.PHOTO_MISSING
        if reading is Refusal.TOO_OBLIQUE:
            return None, NoWidth.TOO_OBLIQUE
        if isinstance(reading, CrackReading):
            return reading, None
    return None, NoWidth.UNREADABLE


def _outline(piece: Piece, reading: CrackReading | None, scale: GroundScale) -> BaseGeometry:
    """Give the outline; that of a line drawn by hand is its width, at least a pixel."""
    if piece.outline.area > 0 or piece.axis is None:
        return piece.outline
    width_m = scale.gsd_map_m_per_px
    if reading is not None:
        width_m = max(width_m, (reading.mean_mm or 0.0) / 1000 * scale.linear)
    return piece.axis.buffer(width_m / 2, cap_style="flat", join_style="mitre", mitre_limit=2)


def _measurement(
    outline: BaseGeometry,
    lines: list[Line],
    reading: CrackReading | None,
    *,
    scale: GroundScale,
    ratio: float,
    stroke: bool,
) -> Measurement:
    """Gather the numbers of a drawing, on the ground; a stroke has no outline of its own."""
    crack = _crack(lines, scale.gsd_m_per_px, scale) if lines else None
    length_m = crack.length(ratio) if crack else None
    perimeter_px = outline.length / scale.gsd_map_m_per_px
    area_m2 = outline.area * (scale.gsd_m_per_px / scale.gsd_map_m_per_px) ** 2
    area = Quantity(
        value=area_m2,
        expanded_uncertainty=area_uncertainty_m2(area_m2, perimeter_px, scale, ratio),
    )
    if crack is not None and stroke:
        area = _area_of_line(crack.length_m, reading, scale)
    return Measurement(
        length_m=length_m,
        width_mm=None if reading is None else reading.width_mm,
        width_mean_mm=None if reading is None else reading.mean_mm,
        area_m2=area,
        orientation_deg=crack.orientation_deg() if crack else None,
        gsd_mm_per_px=scale.gsd_m_per_px * 1000,
        method=WidthMethod.TROUGH_FIT if reading is None else reading.method,
    )


def _area_of_line(length_m: float, reading: CrackReading | None, scale: GroundScale) -> Quantity:
    """Give the area of a line drawn by hand: its length by its mean width.

    Without a width it is below that of the band in which a width was looked for.
    """
    if reading is not None and reading.mean_mm is not None and reading.width_mm.value is not None:
        width = reading.width_mm
        share = (width.expanded_uncertainty or 0.0) / reading.width_mm.value
        area_m2 = length_m * reading.mean_mm / 1000
        return Quantity(value=area_m2, expanded_uncertainty=area_m2 * share)
    widest_mm = 2 * HALF_PX * scale.gsd_m_per_px * 1000
    if reading is not None:
        widest_mm = reading.width_mm.value or reading.width_mm.limit
    return Quantity(
        value=None,
        expanded_uncertainty=None,
        limit=length_m * widest_mm / 1000,
        below_limit=True,
    )


def _anchor(outline: BaseGeometry, axis: BaseGeometry | None) -> tuple[float, float]:
    """Choose one point on a drawing: the middle of the longest line, or a point inside."""
    if axis is None:
        point = outline.representative_point()
    else:
        longest = max(shapely.get_parts(axis), key=lambda part: (part.length, part.wkb))
        point = longest.interpolate(0.5, normalized=True)
    return float(point.x), float(point.y)


def _box_px(outline: BaseGeometry, mosaic: Orthomosaic) -> tuple[int, int, int, int]:
    """Give the box of an outline on the mosaic, px, half-open."""
    pixels = mosaic.grid.to_px(shapely.get_coordinates(outline))
    size = np.array([mosaic.grid.width_px, mosaic.grid.height_px])
    low = np.clip(np.floor(pixels.min(axis=0) + 1e-6), 0, size - 1).astype(int)
    high = np.clip(np.ceil(pixels.max(axis=0) - 1e-6), low + 1, size).astype(int)
    return int(low[0]), int(low[1]), int(high[0]), int(high[1])


def _photos(
    piece: Piece, outline: BaseGeometry, paper: Paper, box_px: tuple[int, int, int, int]
) -> tuple[str, ...]:
    """Name the photos that the mosaic shows on a drawing, most frequent first.

    Raises:
        BadGeometry: when the mosaic shows nothing there.
    """
    if paper.sources is None:
        return ()
    numbers = paper.sources.numbers_at(box_px, _spread(piece, outline, paper.mosaic))
    names = paper.mosaic.source_photos
    photos = tuple(names[number - 1] for number in numbers if number <= len(names))
    if not photos:
        raise BadGeometry("the mosaic shows nothing there; draw only where there is a picture")
    return photos


def _spread(piece: Piece, outline: BaseGeometry, mosaic: Orthomosaic) -> NDArray[np.float64]:
    """Spread points (n, 2) px over a drawing."""
    if piece.axis is not None:
        at = np.linspace(0, 1, 200)
        parts = shapely.get_parts(piece.axis)
        points = [shapely.line_interpolate_point(part, at, normalized=True) for part in parts]
        return mosaic.grid.to_px(shapely.get_coordinates(np.concatenate(points)))
    x0, y0, x1, y1 = outline.bounds
    x, y = (grid.ravel() for grid in np.meshgrid(np.linspace(x0, x1, 24), np.linspace(y0, y1, 24)))
    inside = shapely.contains_xy(outline, x, y)
    points_m = np.column_stack([x[inside], y[inside]])
    if not len(points_m):
        points_m = shapely.get_coordinates(outline.representative_point())
    return mosaic.grid.to_px(points_m)
