"""Keep orthomosaics: where the pixels are, and how they tie to the surface."""

import uuid
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import ColumnElement, Connection, FromClause, Row, case, select, update

from inspection.domain.raster import Orthomosaic
from inspection.errors import NotFound
from inspection.geo.frames import WGS84_LONLAT, to_crs
from inspection.geo.grid import LOCAL_CRS, PixelGrid
from inspection.store.rows import add_or_replace
from inspection.store.tables import orthomosaics


def save(connection: Connection, mosaic: Orthomosaic) -> None:
    """Add the mosaic of a survey, known by its digest, and let it stand; twice is once."""
    add_or_replace(connection, orthomosaics, [_row(mosaic)], key=["survey_id", "sha256"])
    stand(connection, mosaic.survey_id, mosaic.sha256)


def stand(connection: Connection, survey_id: uuid.UUID, sha256: str) -> None:
    """Let one of the mosaics of a survey be the one that is shown and worked with."""
    c = orthomosaics.c
    chosen = case((c.sha256 == sha256, True), else_=False)
    connection.execute(
        update(orthomosaics)
        .where(c.survey_id == survey_id, c.stands.is_distinct_from(chosen))
        .values(stands=chosen)
    )


def order_of_standing(mosaics: FromClause) -> tuple[ColumnElement[object], ...]:
    """Build the order in which the mosaics of a survey count; the first one stands."""
    return case((mosaics.c.stands.is_(True), 0), else_=1), mosaics.c.seq.desc()


def of_survey(connection: Connection, survey_id: uuid.UUID) -> Orthomosaic:
    """Read the mosaic of a survey that stands: with which it was processed last.

    Raises:
        NotFound: when the survey has none yet.
    """
    row = connection.execute(
        select(orthomosaics)
        .where(orthomosaics.c.survey_id == survey_id)
        .order_by(*order_of_standing(orthomosaics))
        .limit(1)
    ).one_or_none()
    if row is None:
        raise NotFound(f"survey {survey_id} has no orthomosaic yet")
    return _orthomosaic(row)


def of(connection: Connection, survey_id: uuid.UUID, sha256: str) -> Orthomosaic:
    """Read the mosaic of a survey with a digest.

    Raises:
        NotFound: when the survey has no such mosaic.
    """
    row = connection.execute(
        select(orthomosaics).where(
            orthomosaics.c.survey_id == survey_id, orthomosaics.c.sha256 == sha256
        )
    ).one_or_none()
    if row is None:
        raise NotFound(f"survey {survey_id} has no orthomosaic {sha256}")
    return _orthomosaic(row)


def by_sha256(connection: Connection, sha256: str) -> Orthomosaic:
    """Read a mosaic with a digest, for its pixels: surveys with equal photos share them.

    Where the survey is known use ``of``: this one may belong to any of them.

    Raises:
        NotFound: when there is none.
    """
    row = connection.execute(
        select(orthomosaics)
        .where(orthomosaics.c.sha256 == sha256)
        .order_by(orthomosaics.c.seq.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        raise NotFound(f"there is no orthomosaic {sha256}")
    return _orthomosaic(row)


def _footprint_lonlat(mosaic: Orthomosaic) -> BaseGeometry | None:
    """Outline a georeferenced mosaic in lon/lat, degrees; None for a local frame."""
    if not mosaic.georeferenced or mosaic.grid.crs == LOCAL_CRS:
        return None
    corners = to_crs(mosaic.grid.corners_surface_m, mosaic.grid.crs, WGS84_LONLAT)
    return shapely.Polygon(corners)


def _row(mosaic: Orthomosaic) -> dict[str, object]:
    return {
        "survey_id": mosaic.survey_id,
        "sha256": mosaic.sha256,
        "blob_key": mosaic.blob_key,
        "sources_key": mosaic.sources_key,
        "source_photos": list(mosaic.source_photos),
        "surface_from_px": mosaic.grid.surface_from_px.tolist(),
        "width_px": mosaic.grid.width_px,
        "height_px": mosaic.grid.height_px,
        "crs": mosaic.grid.crs,
        "gsd_uncertainty_ratio": mosaic.gsd_uncertainty_ratio,
        "georeferenced": mosaic.georeferenced,
        "facts": dict(mosaic.facts),
        "footprint_lonlat": _footprint_lonlat(mosaic),
    }


def _orthomosaic(row: Row[Any]) -> Orthomosaic:
    grid = PixelGrid(
        surface_from_px=np.array(row.surface_from_px, dtype=np.float64),
        width_px=row.width_px,
        height_px=row.height_px,
        crs=row.crs,
    )
    return Orthomosaic(
        survey_id=row.survey_id,
        sha256=row.sha256,
        blob_key=row.blob_key,
        sources_key=row.sources_key,
        source_photos=tuple(row.source_photos),
        grid=grid,
        gsd_uncertainty_ratio=row.gsd_uncertainty_ratio,
        georeferenced=row.georeferenced,
        facts=row.facts,
    )
