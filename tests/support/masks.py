"""Draw damage of known size, and build the nouns around it."""

import uuid
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.transform import Affine

from inspection.domain.detection import Detections
from inspection.domain.raster import Orthomosaic
from inspection.domain.taxonomy import DamageClass
from inspection.geo.grid import PixelGrid
from inspection.geo.runs import encode

SURVEY_ID = uuid.UUID("00000000-0000-4000-8000-000000000001")


def bar(
    shape: tuple[int, int],
    *,
    centre: tuple[float, float],
    length: float,
    width: float,
    angle_deg: float,
) -> NDArray[np.bool_]:
    """Draw a rectangle: the pixels that it covers by half or more (16 × 16 samples each)."""
    height, columns = shape
    cosine, sine = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
    x = np.arange(columns)[None, :] + 0.5 - centre[0]
    y = np.arange(height)[:, None] + 0.5 - centre[1]
    along = np.abs(x * cosine + y * sine) - length / 2
    across = np.abs(y * cosine - x * sine) - width / 2
    mask: NDArray[np.bool_] = np.maximum(along, across) <= 0
    row, column = np.nonzero(np.abs(np.maximum(along, across)) < 0.75)  # where an edge passes
    fine = (np.arange(16) + 0.5) / 16 - 0.5
    dy, dx = (step.ravel() for step in np.meshgrid(fine, fine))
    fine_x, fine_y = x[0, column][:, None] + dx, y[row, 0][:, None] + dy
    inside = (np.abs(fine_x * cosine + fine_y * sine) <= length / 2) & (
        np.abs(fine_y * cosine - fine_x * sine) <= width / 2
    )
    mask[row, column] = inside.mean(axis=1) >= 0.5
    return mask


def runs_of(mask: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Give a mask as runs."""
    return encode(mask.astype(np.uint8))[0]


def detections_of(
    found: Sequence[tuple[DamageClass, NDArray[np.bool_]]], confidence: float = 0.8
) -> Detections:
    """Build detections out of one mask each."""
    classes = tuple(dict.fromkeys(damage_class for damage_class, _ in found))
    runs = [runs_of(mask) for _, mask in found]
    return Detections(
        classes=classes,
        class_index=np.array([classes.index(c) for c, _ in found], dtype=np.int32),
        confidence=np.full(len(found), confidence, dtype=np.float32),
        run_offsets=np.cumsum([0, *map(len, runs)]).astype(np.int64),
        runs=np.concatenate(runs) if runs else np.empty((0, 3), dtype=np.int32),
    )


def mosaic_of(
    shape: tuple[int, int],
    *,
    gsd_m_per_px: float = 0.002,
    crs: str = "LOCAL",
    left_m: float = 0.0,
    top_m: float = 0.0,
    sha256: str = "a" * 64,
) -> Orthomosaic:
    """Build the noun of a mosaic."""
    return Orthomosaic(
        survey_id=SURVEY_ID,
        sha256=sha256,
        blob_key="mosaic",
        sources_key="sources",
        source_photos=("b" * 64, "c" * 64),
        grid=PixelGrid.north_up(
            left_m=left_m,
            top_m=top_m,
            gsd_m_per_px=gsd_m_per_px,
            width_px=shape[1],
            height_px=shape[0],
            crs=crs,
        ),
        gsd_uncertainty_ratio=0.02,
        georeferenced=crs != "LOCAL",
    )


def write_raster(path: Path, values: NDArray[np.uint16]) -> Path:
    """Write one band as a GeoTIFF with a transform, so that nothing warns."""
    profile = {
        "driver": "GTiff",
        "width": values.shape[1],
        "height": values.shape[0],
        "count": 1,
        "dtype": "uint16",
        "transform": Affine(0.002, 0, 0, 0, -0.002, 0),
    }
    with rasterio.open(path, "w", **profile) as dataset:
        dataset.write(values, 1)
    return path
