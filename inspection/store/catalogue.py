"""Answer what map programs ask about everything that is kept: frames, places, counts, moments.

Read only. A *frame* is the CRS of a mosaic; a *footprint* is the outline of the newest mosaic of a
survey in lon/lat.
"""

import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, func, select

from inspection.store.orthomosaics import order_of_standing
from inspection.store.photos import is_left_out
from inspection.store.spatial import Box, split_at_antimeridian
from inspection.store.tables import assets, orthomosaics, survey_photos, surveys

CHUNK = 500
"""Identifiers asked for in one statement, far below the limits of both engines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    """Say where the newest mosaic of a survey lies.

    Attributes:
        survey_id: the survey.
        mosaic_sha256: its mosaic that stands.
        crs: frame of the mosaic.
        outline_lonlat: polygon, degrees.
    """

    survey_id: uuid.UUID
    mosaic_sha256: str
    crs: str
    outline_lonlat: BaseGeometry


def frames(connection: Connection) -> tuple[str, ...]:
    """List the CRS of all mosaics that are tied to the earth, sorted."""
    c = orthomosaics.c
    rows = connection.execute(select(c.crs).where(c.georeferenced).distinct().order_by(c.crs))
    return tuple(rows.scalars())


def footprints(
    connection: Connection,
    *,
    bbox_lonlat: Box | None = None,
    asset_id: str | None = None,
    created_after: datetime | None = None,
    created_before: datetime | None = None,
) -> tuple[Footprint, ...]:
    """List where surveys lie, newest survey first; those in a local frame lie nowhere.

    Args:
        connection: an open transaction.
        bbox_lonlat: only those that meet ``west, south, east, north`` in degrees.
        asset_id: only those of this asset.
        created_after: only surveys created at this moment or later.
        created_before: only surveys created at this moment or earlier.
    """
    m, s = orthomosaics.c, surveys.c
    other = orthomosaics.alias()
    standing = (
        select(other.c.seq)
        .where(other.c.survey_id == m.survey_id)
        .order_by(*order_of_standing(other))
        .limit(1)
        .correlate(orthomosaics)
        .scalar_subquery()
    )
    query = (
        select(m.survey_id, m.sha256, m.crs, m.footprint_lonlat)
        .join_from(orthomosaics, surveys, s.survey_id == m.survey_id)
        .where(m.seq == standing, m.georeferenced, m.footprint_lonlat.is_not(None))
        .order_by(s.created_at.desc(), s.survey_id)
    )
    if asset_id is not None:
        query = query.where(s.asset_id == asset_id)
    if created_after is not None:
        query = query.where(s.created_at >= created_after)
    if created_before is not None:
        query = query.where(s.created_at <= created_before)
    found = (
        Footprint(
            survey_id=row.survey_id,
            mosaic_sha256=row.sha256,
            crs=row.crs,
            outline_lonlat=row.footprint_lonlat,
        )
        for row in connection.execute(query)
    )
    return tuple(row for row in found if bbox_lonlat is None or _meets(row, bbox_lonlat))


def bounds_lonlat(connection: Connection) -> Box | None:
    """Bound everything that is tied to the earth, degrees; None when nothing is."""
    outlines = [row.outline_lonlat for row in footprints(connection)]
    if not outlines:
        return None
    west, south, east, north = shapely.total_bounds(outlines).tolist()
    return (west, south, east, north)


def assets_of(
    connection: Connection, survey_ids: Iterable[uuid.UUID]
) -> dict[uuid.UUID, tuple[str, str]]:
    """Give identifier and name of the asset that each survey visited."""
    named = select(surveys.c.survey_id, assets.c.asset_id, assets.c.name).join(assets)
    rows = connection.execute(named.where(surveys.c.survey_id.in_(list(survey_ids))))
    return {row.survey_id: (row.asset_id, row.name) for row in rows}


def photo_counts(connection: Connection, survey_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, int]:
    """Count the photos of surveys; a survey without any is not in the answer."""
    c = survey_photos.c
    query = select(c.survey_id, func.count()).where(~is_left_out()).group_by(c.survey_id)
    return {
        survey_id: count
        for chunk in _chunks(survey_ids)
        for survey_id, count in connection.execute(query.where(c.survey_id.in_(chunk)))
    }


def _chunks(ids: Collection[uuid.UUID]) -> list[list[uuid.UUID]]:
    ordered = sorted(ids)
    return [ordered[start : start + CHUNK] for start in range(0, len(ordered), CHUNK)]


def _meets(row: Footprint, bbox_lonlat: Box) -> bool:
    boxes = split_at_antimeridian(bbox_lonlat)
    return any(bool(row.outline_lonlat.intersects(shapely.box(*box))) for box in boxes)
