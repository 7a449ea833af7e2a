"""Draw the defects of a survey as a vector tile: PostGIS by itself, for SQLite we do.

A tile shows whole defects where they are large enough to be seen, their centre lines where only
those are, and a point where even that is too small. Where a tile holds more than ``MOST``, the
largest are drawn and every feature of the tile carries ``generalised``: others were left out.

Source: Mapbox Vector Tile specification 2.1.
"""

import uuid
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Subquery, Text, case, cast, func, null, select

from inspection.store import spatial, vectortile
from inspection.store.queue_tables import survey_defects
from inspection.store.reviewqueue import Choice, numbered
from inspection.store.tables import observations

LAYER = "defects"
TILE_PX = 512
"""Side of a tile; larger than a picture's, for a view then needs few of them."""

EXTENT = 4096
"""Units along the side of a tile, 8 for a pixel."""

BUFFER = 64
"""Units beyond the side that are drawn too, so that strokes do not end at seams."""

MOST = 1500
"""Most defects that one tile draws."""

POINT_PX = 3.0
"""What is smaller is drawn as a point."""

SIMPLIFY_PX = 0.25
"""How far a drawn line may be from the true one."""

_c = survey_defects.c


@dataclass(frozen=True, slots=True, kw_only=True)
class TileWindow:
    """Say which part of a surface a tile shows.

    Attributes:
        box_m: left, bottom, right, top on the surface.
        frame: CRS of the surface; for a local frame ``LOCAL`` and the mosaic, as the rows have it.
    """

    box_m: spatial.Box
    frame: str

    @property
    def resolution_m_per_px(self) -> float:
        """Give the size of a pixel of the tile."""
        return (self.box_m[2] - self.box_m[0]) / TILE_PX

    @property
    def searched_m(self) -> spatial.Box:
        """Give the box that may put something on the tile, its buffer included."""
        x0, y0, x1, y1 = self.box_m
        margin = (x1 - x0) * BUFFER / EXTENT
        return (x0 - margin, y0 - margin, x1 + margin, y1 + margin)


def draw(
    connection: Connection, survey_id: uuid.UUID, window: TileWindow, chosen: Choice | None = None
) -> bytes:
    """Draw one tile; no bytes where nothing lies.

    Raises:
        NotFound: when there is no such survey.
    """
    number, _ = numbered(connection, survey_id)
    dialect = connection.dialect.name
    places = [
        _c.survey_id == survey_id,
        _c.frame == window.frame,
        spatial.meets_survey(dialect, number, window.searched_m),
        *(chosen or Choice()).conditions(),
    ]
    found = _largest(places)
    if dialect == "sqlite":
        return _draw_here(connection, found, window)
    return bytes(connection.execute(_drawn_there(found, window)).scalar_one() or b"")


def _largest(places: list[ColumnElement[bool]]) -> Subquery:
    """Choose the largest of what lies on a tile, one more than may be drawn."""
    return (
        select(survey_defects)
        .where(*places)
        .order_by(_c.minus_size, _c.defect_id)
        .limit(MOST + 1)
        .subquery("largest")
    )


def _drawn_there(found: Subquery, window: TileWindow) -> sa.Select[Any]:
    """Write the statement that lets PostGIS draw."""
    counted = select(
        found,
        func.count().over().label("found"),
        func.row_number().over(order_by=(found.c.minus_size, found.c.defect_id)).label("nth"),
    ).subquery("counted")
    n = counted.c
    seen = observations.c
    box = func.ST_MakeEnvelope(*window.box_m)
    outline = func.ST_MakeValid(func.ST_GeomFromWKB(seen.outline_surface))
    thin = func.ST_Simplify(outline, SIMPLIFY_PX * window.resolution_m_per_px, sa.true())
    side = func.greatest(n.x1_m - n.x0_m, n.y1_m - n.y0_m)

    def placed(shape: ColumnElement[Any], buffer: int) -> ColumnElement[Any]:
        return func.ST_AsMVTGeom(shape, func.box2d(box), EXTENT, buffer, sa.true())

    def point(x: ColumnElement[Any], y: ColumnElement[Any]) -> ColumnElement[Any]:
        x0, y0, x1, y1 = window.box_m  # a point on a seam belongs to one of the two tiles
        return case((sa.and_(x >= x0, x < x1, y > y0, y <= y1), placed(func.ST_MakePoint(x, y), 0)))

    shape = case(
        (
            side < POINT_PX * window.resolution_m_per_px,
            point((n.x0_m + n.x1_m) / 2, (n.y0_m + n.y1_m) / 2),
        ),
        else_=func.coalesce(
            placed(thin, BUFFER),
            placed(func.ST_GeomFromWKB(seen.axis_surface), BUFFER),
            point(seen.anchor_x_m, seen.anchor_y_m),
        ),
    )
    rows = (
        select(
            shape.label("geom"),
            n.seq,
            cast(n.defect_id, Text).label("id"),
            n.damage_class.label("class"),
            n.state,
            n.version,
            n.confidence,
            n.width_mm.label("width"),
            case((n.found > MOST, sa.true()), else_=null()).label("generalised"),
        )
        .join_from(counted, observations, seen.observation_id == n.observation_id)
        .where(n.nth <= MOST)
        .subquery("rows")
    )
    return select(func.ST_AsMVT(rows.table_valued(), LAYER, EXTENT, "geom", "seq"))


def _draw_here(connection: Connection, found: Subquery, window: TileWindow) -> bytes:
    """Draw in this process, for a database that cannot."""
    seen = observations.c
    query = (
        select(found, seen.outline_surface, seen.axis_surface, seen.anchor_x_m, seen.anchor_y_m)
        .join_from(found, observations, seen.observation_id == found.c.observation_id)
        .order_by(found.c.minus_size, found.c.defect_id)
    )
    rows = connection.execute(query).all()
    generalised = True if len(rows) > MOST else None
    smallest_m = POINT_PX * window.resolution_m_per_px
    drawn = [
        vectortile.Drawn(
            number=row.seq,
            shapes=vectortile.shapes(
                row,
                is_point=max(row.x1_m - row.x0_m, row.y1_m - row.y0_m) < smallest_m,
                tolerance_m=SIMPLIFY_PX * window.resolution_m_per_px,
            ),
            properties={
                "id": str(row.defect_id),
                "class": row.damage_class,
                "state": row.state,
                "version": row.version,
                "confidence": row.confidence,
                "width": row.width_mm,
                "generalised": generalised,
            },
        )
        for row in rows[:MOST]
    ]
    return vectortile.encode(drawn, layer=LAYER, box_m=window.box_m, extent=EXTENT, buffer=BUFFER)
