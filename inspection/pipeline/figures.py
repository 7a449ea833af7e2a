"""Cut the pictures of a document out of the mosaics, with the damage drawn over them."""

import uuid
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sqlalchemy import Connection

from inspection.codelists.damage_classes import load_damage_labels
from inspection.domain.defect import Defect
from inspection.domain.raster import Orthomosaic
from inspection.export.figure import Figure, Outline
from inspection.export.report import Picture
from inspection.export.svgpath import svg_path
from inspection.imaging.jpeg import as_jpeg
from inspection.imaging.maptiles import chip_size, chip_window, picture
from inspection.pipeline.ports import BlobStore
from inspection.store import orthomosaics

OVERVIEW_PX = 1400
CHIP_PX = 560


def chip_figures(
    connection: Connection, blobs: BlobStore, defects: Sequence[Defect], *, max_px: int = CHIP_PX
) -> dict[uuid.UUID, Figure]:
    """Show each defect on the mosaic where it was seen last; one without a mosaic is left out."""
    found: dict[uuid.UUID, Figure] = {}
    for sha256 in sorted({defect.latest.mosaic_sha256 for defect in defects}):
        mosaic = orthomosaics.by_sha256(connection, sha256)
        if not blobs.exists(mosaic.blob_key):
            continue
        with blobs.local_path(mosaic.blob_key) as cog:
            for defect in defects:
                if defect.latest.mosaic_sha256 == sha256:
                    found[defect.defect_id] = _chip(cog, mosaic, defect, max_px)
    return found


def overview_figure(
    blobs: BlobStore,
    mosaic: Orthomosaic,
    defects: Sequence[Defect],
    labels: Sequence[str],
    *,
    max_px: int = OVERVIEW_PX,
) -> Figure | None:
    """Show a whole mosaic with every defect and its number; None when its pixels are gone."""
    if not blobs.exists(mosaic.blob_key):
        return None
    grid = mosaic.grid
    window = (0, 0, grid.width_px, grid.height_px)
    width, height = chip_size(window, max_px)
    scale = width / grid.width_px
    with blobs.local_path(mosaic.blob_key) as cog:
        content = as_jpeg(picture(cog, window=window, max_px=max_px))
    outlines = []
    for defect, label in zip(defects, labels, strict=True):
        x_px, y_px = grid.to_px([defect.latest.anchor_surface_m])[0] * scale
        outlines.append(
            Outline(
                path=svg_path(defect.latest.outline_surface_m, grid, scale),
                colour=_colour(defect),
                label=label,
                at_px=(float(np.clip(x_px, 8, width - 8)), float(np.clip(y_px, 8, height - 8))),
            )
        )
    return Figure(
        picture=Picture(content=content, media_type="image/jpeg", width_px=width, height_px=height),
        outlines=outlines,
        mm_per_px=grid.gsd_m_per_px * 1000 / scale,
    )


def _chip(cog: Path, mosaic: Orthomosaic, defect: Defect, max_px: int) -> Figure:
    """Show one defect and its surroundings."""
    grid = mosaic.grid
    window = chip_window(defect.latest.box_px, width_px=grid.width_px, height_px=grid.height_px)
    width, height = chip_size(window, max_px)
    scale = width / (window[2] - window[0])
    return Figure(
        picture=Picture(
            content=as_jpeg(picture(cog, window=window, max_px=max_px)),
            media_type="image/jpeg",
            width_px=width,
            height_px=height,
        ),
        outlines=[
            Outline(
                path=svg_path(defect.latest.outline_surface_m, grid, scale), colour=_colour(defect)
            )
        ],
        offset_px=(window[0] * scale, window[1] * scale),
        mm_per_px=grid.gsd_m_per_px * 1000 / scale,
    )


def _colour(defect: Defect) -> str:
    """Give the colour of what counts: a person's class, else the machine's."""
    return load_damage_labels()[defect.damage_class_reviewed or defect.damage_class].colour
