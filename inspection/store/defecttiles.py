"""Draw the defects of a survey as a vector tile: PostGIS by itself, for SQLite we do.

A tile shows whole defects where they are large enough to be seen, their centre lines where only
those are, and a point where even that is too small. Where a tile holds more than ``MOST``, the
largest are drawn and every feature of the tile carries ``generalised``: others were left out.

Source: Mapbox Vector Tile specification 2.1.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Text, case, cast, func, null, select
from sqlalchemy.dialects import postgresql

from inspection.store import spatial, vectortile
from inspection.store.queue_tables import survey_defects
from inspection.store.queuechoice import Choice
from inspection.store.reviewqueue import numbered
from inspection.store.tables import observations

LAYER = "defects"
TILE_PX = 512
"""Side of a tile; larger than a picture's, for a view then needs few of them."""

EXTENT = 4096
"""Units along the side of a tile, 8 for a pixel."""

BUFFER = 64
"""Units beyond the side that are drawn too, so that strokes do not end at seams."""

MOST = 1000
"""Most defects that one tile draws."""

POINT_PX = 3.0
"""What is smaller is drawn as a point."""

WIDE_PART = 0.05
"""A tile that shows more of a mosaic is filled from the largest defect downwards, which soon
ends; one that shows less from all that lies there, which are few."""

SIMPLIFY_PX = 0.25
"""How far a drawn line may be from the true one."""

SEEN = ("outline_surface", "axis_surface", "anchor_x_m", "anchor_y_m")
"""What a drawing needs of a sighting."""

_c = survey_defects.c


@dataclass(frozen=True, slots=True, kw_only=True)
class TileWindow:
    """Say which part of a surface a tile shows.

    Attributes:
        box_m: left, bottom, right, top on the surface.
        frame: CRS of the surface; for a local frame ``LOCAL`` and the mosaic, as the rows have it.
        part: how much of the mosaic it shows, 0–1.
    """

    box_m: spatial.Box
    frame: str
    part: float = 0.0

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
    box = window.searched_m
    wide = window.part > WIDE_PART
    places = [
        _c.survey_id == survey_id,
        # what was seen in another frame, on a local mosaic that has been replaced, lies elsewhere
        _c.frame == window.frame,
        spatial.overlaps(box) if wide else spatial.meets_survey(dialect, number, box),
        *(chosen or Choice()).conditions(),
    ]
    largest = select(_c.seq).where(*places).order_by(_c.minus_size, _c.defect_id)
    keys = connection.execute(largest.limit(MOST + 1)).scalars().all()
    if not keys:
        return b""
    # one more than may be drawn: there are others
    rows = _rows(dialect, keys[:MOST], generalised=len(keys) > MOST)
    if dialect == "sqlite":
        return _draw_here(connection, rows, window)
    return bytes(connection.execute(_drawn_there(rows, window)).scalar_one() or b"")


def _rows(dialect: str, keys: Sequence[int], *, generalised: bool) -> sa.Select[Any]:
    """Select rows by their numbers, the largest first."""
    # an array is one value, for which PostgreSQL takes the index however many there are
    listed = (
        _c.seq.in_(keys)
        if dialect == "sqlite"
        else _c.seq == sa.any_(sa.literal(list(keys), postgresql.ARRAY(sa.BigInteger)))
    )
    told = sa.true() if generalised else null()
    seen = observations.c
    return (
        select(survey_defects, told.label("generalised"), *(seen[name] for name in SEEN))
        .join_from(survey_defects, observations, seen.observation_id == _c.observation_id)
        .where(listed)
        .order_by(_c.minus_size, _c.defect_id)
    )


def _drawn_there(found: sa.Select[Any], window: TileWindow) -> sa.Select[Any]:
    """Write the statement that lets PostGIS draw."""
    n = found.subquery("found").c
    box = func.ST_MakeEnvelope(*window.box_m)
    outline = func.ST_MakeValid(func.ST_GeomFromWKB(n.outline_surface))
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
            placed(func.ST_GeomFromWKB(n.axis_surface), BUFFER),
            point(n.anchor_x_m, n.anchor_y_m),
        ),
    )
    drawn = select(
        shape.label("geom"),
        n.seq,
        cast(n.defect_id, Text).label("id"),
        n.damage_class.label("class"),
        n.state,
        n.version,
        n.confidence,
        n.width_mm.label("width"),
        n.generalised,
    ).subquery("drawn")
    return select(func.ST_AsMVT(drawn.table_valued(), LAYER, EXTENT, "geom", "seq"))


def _draw_here(connection: Connection, found: sa.Select[Any], window: TileWindow) -> bytes:
    """Draw in this process, for a database that cannot."""
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
                "generalised": True if row.generalised else None,
            },
        )
        for row in connection.execute(found)
    ]
    return vectortile.encode(drawn, layer=LAYER, box_m=window.box_m, extent=EXTENT, buffer=BUFFER)
