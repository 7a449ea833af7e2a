"""Cut the pictures of a document out of the mosaics, with the damage drawn over them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
from sqlalchemy import Connection

from inspection.codelists.damage_classes import load_damage_labels
from inspection.domain.defect import Defect
from inspection.domain.inspectionrecord import ConfirmedDefect
from inspection.domain.raster import Orthomosaic
from inspection.domain.taxonomy import DamageClass
from inspection.errors import NotFound
from inspection.export.figure import Figure, Outline
from inspection.export.report import Picture
from inspection.export.svgpath import svg_path
from inspection.imaging.jpeg import as_jpeg
from inspection.imaging.maptiles import chip_size, chip_window, picture
from inspection.pipeline.ports import BlobStore
from inspection.store import orthomosaics

OVERVIEW_PX = 1400
CHIP_PX = 560


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Carry what a picture needs of one damage, live or frozen in a record.

    Attributes:
        key: identifier of the defect.
        mosaic_sha256: on which it is seen.
        outline_m: outline in the CRS of that mosaic.
        anchor_m: one point on it.
        box_px: on that mosaic.
        colour: ``#RRGGBB``.
        label: written beside it on an overview.
    """

    key: str
    mosaic_sha256: str
    outline_m: shapely.Geometry
    anchor_m: tuple[float, float]
    box_px: tuple[int, int, int, int]
    colour: str
    label: str = ""


def of_defect(defect: Defect) -> Shown:
    """Show a defect as it stands: a person's class counts, else the machine's."""
    latest = defect.latest
    return Shown(
        key=str(defect.defect_id),
        mosaic_sha256=latest.mosaic_sha256,
        outline_m=latest.outline_surface_m,
        anchor_m=latest.anchor_surface_m,
        box_px=latest.box_px,
        colour=load_damage_labels()[defect.damage_class_reviewed or defect.damage_class].colour,
    )


def of_record(defect: ConfirmedDefect) -> Shown:
    """Show a defect as a record froze it, with its photo number."""
    x0, y0, x1, y1 = defect.box_px
    x_m, y_m = defect.anchor_surface
    return Shown(
        key=defect.defect_id,
        mosaic_sha256=defect.mosaic_sha256,
        outline_m=shapely.from_wkt(defect.outline_surface),
        anchor_m=(x_m, y_m),
        box_px=(x0, y0, x1, y1),
        colour=load_damage_labels()[DamageClass(defect.damage_class)].colour,
        label=str(defect.number),
    )


def chip_figures(
    connection: Connection, blobs: BlobStore, shown: Sequence[Shown], *, max_px: int = CHIP_PX
) -> dict[str, Figure]:
    """Show each damage on its mosaic, by key; where the pixels are gone it is left out."""
    found: dict[str, Figure] = {}
    for sha256 in sorted({one.mosaic_sha256 for one in shown}):
        mosaic = _mosaic(connection, blobs, sha256)
        if mosaic is None:
            continue
        with blobs.local_path(mosaic.blob_key) as cog:
            for one in shown:
                if one.mosaic_sha256 == sha256:
                    found[one.key] = _chip(cog, mosaic, one, max_px)
    return found


def overview_figure(
    connection: Connection,
    blobs: BlobStore,
    sha256: str,
    shown: Sequence[Shown],
    *,
    max_px: int = OVERVIEW_PX,
) -> Figure | None:
    """Show a whole mosaic with its damages and their labels; None when its pixels are gone."""
    mosaic = _mosaic(connection, blobs, sha256)
    if mosaic is None:
        return None
    grid = mosaic.grid
    window = (0, 0, grid.width_px, grid.height_px)
    width, height = chip_size(window, max_px)
    scale = width / grid.width_px
    with blobs.local_path(mosaic.blob_key) as cog:
        content = as_jpeg(picture(cog, window=window, max_px=max_px))
    outlines = []
    for one in shown:
        x_px, y_px = grid.to_px([one.anchor_m])[0] * scale
        outlines.append(
            Outline(
                path=svg_path(one.outline_m, grid, scale),
                colour=one.colour,
                label=one.label,
                at_px=(float(np.clip(x_px, 8, width - 8)), float(np.clip(y_px, 8, height - 8))),
            )
        )
    return Figure(
        picture=Picture(content=content, media_type="image/jpeg", width_px=width, height_px=height),
        outlines=outlines,
        mm_per_px=grid.gsd_m_per_px * 1000 / scale,
    )


def _mosaic(connection: Connection, blobs: BlobStore, sha256: str) -> Orthomosaic | None:
    """Find a mosaic whose pixels are there."""
    try:
        mosaic = orthomosaics.by_sha256(connection, sha256)
    except NotFound:
        return None
    return mosaic if blobs.exists(mosaic.blob_key) else None


def _chip(cog: Path, mosaic: Orthomosaic, one: Shown, max_px: int) -> Figure:
    """Show one damage and its surroundings."""
    grid = mosaic.grid
    window = chip_window(one.box_px, width_px=grid.width_px, height_px=grid.height_px)
    width, height = chip_size(window, max_px)
    scale = width / (window[2] - window[0])
    return Figure(
        picture=Picture(
            content=as_jpeg(picture(cog, window=window, max_px=max_px)),
            media_type="image/jpeg",
            width_px=width,
            height_px=height,
        ),
        outlines=[Outline(path=svg_path(one.outline_m, grid, scale), colour=one.colour)],
        offset_px=(window[0] * scale, window[1] * scale),
        mm_per_px=grid.gsd_m_per_px * 1000 / scale,
    )
