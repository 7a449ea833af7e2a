"""Ask which outlines meet a box: the R*Tree on SQLite, GiST on PostGIS, one meaning on both.

An index only proposes rows (its boxes are rounded to 32-bit floats, outwards); what answers is the
exact test of outline against box. Boxes are ``x0, y0, x1, y1``; touching counts as meeting.
"""

import math
from typing import Any

import shapely
from sqlalchemy import Column, ColumnElement, Double, and_, column, func, or_, select, table
from sqlalchemy.types import Boolean

from inspection.errors import BadInput
from inspection.store.queue_tables import survey_defects
from inspection.store.tables import observations

Box = tuple[float, float, float, float]

INTERSECTS = "tenken_intersects"
"""Name of the exact test that ``engine`` adds to SQLite."""

LONLAT_INDEX = "observations_lonlat_rtree"
SURFACE_INDEX = "observations_surface_rtree"
SURVEY_INDEX = "survey_defects_rtree"


def check_box(box: Box) -> Box:
    """Check that a box has finite numbers and its y in order.

    Raises:
        BadInput: when it has not.

    >>> check_box((1.0, 2.0, 3.0, 4.0))
    (1.0, 2.0, 3.0, 4.0)
    """
    if not all(map(math.isfinite, box)) or box[1] > box[3]:
        raise BadInput(f"a box is x0, y0, x1, y1 with y0 ≤ y1, all finite; got {box}")
    return box


def split_at_antimeridian(box_lonlat: Box) -> tuple[Box, ...]:
    """Split a lon/lat box whose west edge lies east of its east edge, degrees.

    Source: OGC API – Features, part 1, requirement 24 (parameter ``bbox``).

    >>> split_at_antimeridian((170.0, -10.0, -170.0, 10.0))
    ((170.0, -10.0, 180.0, 10.0), (-180.0, -10.0, -170.0, 10.0))
    """
    west, south, east, north = check_box(box_lonlat)
    if west <= east:
        return (box_lonlat,)
    return ((west, south, 180.0, north), (-180.0, south, east, north))


def meets_lonlat(dialect: str, box_lonlat: Box) -> ColumnElement[bool]:
    """Build the condition that an observation's outline meets a box, degrees WGS 84."""
    return or_(*(_meets_lonlat(dialect, part) for part in split_at_antimeridian(box_lonlat)))


def meets_surface(dialect: str, box_m: Box) -> ColumnElement[bool]:
    """Build the condition that an observation's outline meets a box, metres on its surface.

    Raises:
        BadInput: when the box is empty or not finite.
    """
    if check_box(box_m)[0] > box_m[2]:
        raise BadInput(f"a box on a surface needs x0 ≤ x1, got {box_m}")
    c = observations.c
    if dialect == "sqlite":
        return and_(_rtree(SURFACE_INDEX, box_m), _exactly(c.outline_surface, box_m))
    x0, y0, x1, y1 = box_m
    own = func.box(
        func.point(c.surface_x0_m, c.surface_y0_m), func.point(c.surface_x1_m, c.surface_y1_m)
    )
    asked = func.box(func.point(x0, y0), func.point(x1, y1))
    outline = func.ST_MakeValid(func.ST_GeomFromWKB(c.outline_surface))
    exact = func.ST_Intersects(outline, _drawn(box_m), type_=Boolean)
    return and_(own.bool_op("&&")(asked), exact)


def meets_survey(dialect: str, number: int, box_m: Box) -> ColumnElement[bool]:
    """Build the condition that the box of a survey's defect meets a box, metres on its surface.

    Args:
        dialect: kind of the database.
        number: of the survey; surveys in local frames all lie at the same place, so that the
            indexes take it for a third coordinate.
        box_m: the box; a defect whose own box only touches it counts.

    Raises:
        BadInput: when the box is empty or not finite.
    """
    exactly = overlaps(box_m)
    c = survey_defects.c
    x0, y0, x1, y1 = box_m
    if dialect == "sqlite":
        names = ("seq", "n0", "n1", "x0", "x1", "y0", "y1")
        tree = table(SURVEY_INDEX, *(column(n, Double) for n in names)).c
        boxes = (tree.x1 >= x0, tree.x0 <= x1, tree.y1 >= y0, tree.y0 <= y1)
        proposed = select(tree.seq).where(tree.n0 <= number, tree.n1 >= number, *boxes)
        return and_(c.seq.in_(proposed), exactly)
    point = func.ST_MakePoint
    own = func.ST_MakeLine(point(c.x0_m, c.y0_m, c.survey_seq), point(c.x1_m, c.y1_m, c.survey_seq))
    asked = func.ST_MakeLine(point(x0, y0, float(number)), point(x1, y1, float(number)))
    return and_(own.bool_op("&&&")(asked), exactly)


def overlaps(box_m: Box) -> ColumnElement[bool]:
    """Build the condition that the box of a defect meets a box, which no index answers.

    Raises:
        BadInput: when the box is empty or not finite.
    """
    if check_box(box_m)[0] > box_m[2]:
        raise BadInput(f"a box on a surface needs x0 ≤ x1, got {box_m}")
    c = survey_defects.c
    x0, y0, x1, y1 = box_m
    return and_(c.x1_m >= x0, c.x0_m <= x1, c.y1_m >= y0, c.y0_m <= y1)


def intersects_box(wkb: bytes | None, x0: float, y0: float, x1: float, y1: float) -> bool:
    """Tell whether a geometry meets a box, in the unit of both.

    >>> intersects_box(shapely.to_wkb(shapely.Point(1, 1)), 0, 0, 1, 1)
    True
    """
    if wkb is None:
        return False
    geometry = shapely.from_wkb(wkb)
    if not geometry.is_valid:
        geometry = shapely.make_valid(geometry)
    return bool(shapely.intersects(geometry, shapely.box(x0, y0, x1, y1)))


def _meets_lonlat(dialect: str, box: Box) -> ColumnElement[bool]:
    """Ask the index, then the boxes, and the outlines only of what lies across the edge.

    At 136° the 32 bits of an index are a metre and a half: of what it proposes for a screen of
    4 × 3 m more than half lies outside, and of the rest nearly all lies wholly inside.
    """
    c = observations.c
    x0, y0, x1, y1 = box
    touching = (c.west_deg <= x1, c.east_deg >= x0, c.south_deg <= y1, c.north_deg >= y0)
    inside = and_(c.west_deg >= x0, c.east_deg <= x1, c.south_deg >= y0, c.north_deg <= y1)
    if dialect == "sqlite":
        exactly, proposed = _exactly(c.outline_lonlat, box), _rtree(LONLAT_INDEX, box)
    else:
        asked = func.ST_SetSRID(_drawn(box), 4326)
        exactly = func.ST_Intersects(c.outline_lonlat, asked, type_=Boolean)
        proposed = c.outline_lonlat.bool_op("&&")(asked)
    return and_(proposed, *touching, or_(inside, exactly))


def _drawn(box: Box) -> ColumnElement[Any]:
    """Draw a box for PostGIS; one without extent as the point or the line that it is.

    As a polygon it would not be valid, and whether something meets it would depend on how many rows
    were asked before (PostGIS 3.3 prepares a geometry that comes again, and then says otherwise).
    """
    x0, y0, x1, y1 = box
    if x0 < x1 and y0 < y1:
        return func.ST_MakeEnvelope(x0, y0, x1, y1)
    corner, opposite = func.ST_MakePoint(x0, y0), func.ST_MakePoint(x1, y1)
    return corner if (x0, y0) == (x1, y1) else func.ST_MakeLine(corner, opposite)


def _rtree(name: str, box: Box) -> ColumnElement[bool]:
    """Ask an R*Tree, a virtual table beside the metadata, for the row numbers it proposes."""
    names = ("seq", "x0", "x1", "y0", "y1")
    tree = table(name, *(column(n, Double) for n in names)).c
    x0, y0, x1, y1 = box
    proposed = select(tree.seq).where(tree.x1 >= x0, tree.x0 <= x1, tree.y1 >= y0, tree.y0 <= y1)
    return observations.c.seq.in_(proposed)


def _exactly(outline: Column[object], box: Box) -> ColumnElement[bool]:
    meets: ColumnElement[bool] = getattr(func, INTERSECTS)(outline, *box, type_=Boolean)
    return meets.is_(True)
