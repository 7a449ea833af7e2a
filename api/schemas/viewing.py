"""Turn the values of the domain into what a viewer needs: grids, tiles, pictures."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from api.schemas.mosaic import MosaicOut, TileGridOut
from inspection.domain.raster import Orthomosaic
from inspection.imaging.maptiles import TILE_SIZE_PX, Pyramid, is_north_up, resolutions_m_per_px
from inspection.store.defecttiles import TILE_PX

VERSION_DIGITS = 16
"""Digits of a digest that name a version in an address."""


def mosaic_out(mosaic: Orthomosaic) -> MosaicOut:
    """Show a mosaic with the addresses of its tiles."""
    grid = mosaic.grid
    (a, b, c), (d, e, f) = grid.surface_from_px[:2].tolist()
    return MosaicOut(
        sha256=mosaic.sha256,
        crs=grid.crs,
        georeferenced=mosaic.georeferenced,
        width_px=grid.width_px,
        height_px=grid.height_px,
        gsd_mm_per_px=grid.gsd_m_per_px * 1000,
        gsd_uncertainty_ratio=mosaic.gsd_uncertainty_ratio,
        surface_from_px=(a, b, c, d, e, f),
        tiles=_tile_grid(mosaic) if is_north_up(grid) else None,
        defect_tiles=_defect_tile_grid(mosaic) if is_north_up(grid) else None,
        webmercator_url_template=_address(mosaic, "webmercator") if mosaic.georeferenced else None,
        facts=_plain(mosaic.facts),
    )


def tiles_address(survey_id: UUID, sha256: str, kind: str = "tiles") -> str:
    """Name the address of the tiles of one version of a mosaic."""
    return f"/api/surveys/{survey_id}/{kind}/{{z}}/{{x}}/{{y}}.png?v={sha256[:VERSION_DIGITS]}"


def _address(mosaic: Orthomosaic, kind: str) -> str:
    return tiles_address(mosaic.survey_id, mosaic.sha256, kind)


def _tile_grid(mosaic: Orthomosaic) -> TileGridOut:
    return _grid_of_tiles(mosaic, _address(mosaic, "tiles"), TILE_SIZE_PX)


def _defect_tile_grid(mosaic: Orthomosaic) -> TileGridOut:
    address = f"/api/surveys/{mosaic.survey_id}/defects/tiles/{{z}}/{{x}}/{{y}}.mvt"
    return _grid_of_tiles(mosaic, address, TILE_PX)


def _grid_of_tiles(mosaic: Orthomosaic, address: str, side_px: int) -> TileGridOut:
    grid = mosaic.grid
    pyramid = Pyramid(width_px=grid.width_px, height_px=grid.height_px, tile_size_px=side_px)
    corners = grid.corners_surface_m
    (left, bottom), (right, top) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
    return TileGridOut(
        url_template=address,
        tile_size_px=side_px,
        origin_surface_m=(left, top),
        resolutions_m_per_px=resolutions_m_per_px(pyramid, grid),
        extent_surface_m=(left, bottom, right, top),
    )


def _plain(facts: Mapping[str, Any]) -> dict[str, Any]:
    return dict(facts)
