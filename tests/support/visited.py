"""A deck visited twice, photographed from known poses through a lens that bends lines.

Three cracks are painted on it. Between the visits the first grows wider, the second stays as it is;
the third is there at the second visit only. Photos are rendered by casting rays from the camera,
which is not how outlines are brought into photos. Run it by hand to look at the pages::

    python -m tests.support.visited out/visited && tenken serve --home out/visited --no-worker
"""

import hashlib
import json
import sys
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import Engine

from inspection.domain.asset import Asset, AssetKind
from inspection.domain.capture import Photo, PhotoQuality
from inspection.domain.defect import Defect
from inspection.domain.mission import TENKEN_NAMESPACE, Surface, Survey, SurveyState
from inspection.domain.raster import Orthomosaic
from inspection.domain.taxonomy import DamageClass
from inspection.geo.camera import Camera, Pose, rotation_from_gimbal
from inspection.geo.grid import PixelGrid
from inspection.imaging import viewfile
from inspection.imaging.cog import new_cog
from inspection.imaging.ortho import View
from inspection.imaging.surface import FlatSurface
from inspection.pipeline.consolidate import consolidate
from inspection.pipeline.crackwidths import PhotoSight
from inspection.pipeline.measure import Measured, measure
from inspection.pipeline.widthfile import widths_to_plain
from inspection.store import assets, defects, keys, orthomosaics, photos, schema, steps, surveys
from inspection.store.blobs import FolderBlobs
from inspection.store.engine import create_engine, writing
from tests.support.masks import detections_of
from tests.support.seed import LEFT_M, MAP_CRS, TOP_M, database_url
from tests.support.wall_line import CORE, DRAWN, WALL

GSD_M, SIZE_PX = 0.002, (1000, 600)
TEXEL_M = 0.0005
CAMERA = Camera(width_px=1000, height_px=750, focal_px=1000.0, cx_px=503.0, cy_px=371.0, k1=-0.06)
HEIGHT_M, BLUR_PX = 1.1, 0.8
PLACES: Sequence[tuple[float, float, float]] = (
    (0.45, 0.6, -90.0),
    (1.0, 0.58, -90.0),
    (1.55, 0.62, -88.0),
    (1.1, 0.0, -62.0),
)
"""Metres from the left, metres from the bottom, pitch; all look north, the last one obliquely."""

CRACKS_M: Sequence[Sequence[tuple[float, float]]] = (
    ((0.3, 0.9), (0.8, 0.78), (1.3, 0.84)),
    ((0.4, 0.35), (0.85, 0.42), (1.25, 0.3)),
    ((1.5, 0.3), (1.62, 0.6), (1.58, 0.85)),
)
"""From the lower left corner of the mosaic."""

WIDTHS_MM = ((8.0, 6.0, 0.0), (9.6, 6.0, 4.0))
"""By visit."""

MOMENTS = (datetime(2025, 5, 1, 3, tzinfo=UTC), datetime(2026, 5, 1, 3, tzinfo=UTC))
ASSET = Asset(asset_id="bridge-7", name="二度見橋", kind=AssetKind.BRIDGE, member="Ds0101")
GRID = PixelGrid.north_up(
    left_m=LEFT_M,
    top_m=TOP_M,
    gsd_m_per_px=GSD_M,
    width_px=SIZE_PX[0],
    height_px=SIZE_PX[1],
    crs=MAP_CRS,
)
CORNER_M = np.array([LEFT_M, TOP_M - SIZE_PX[1] * GSD_M])


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """Name what one visit was filled with."""

    survey_id: uuid.UUID
    mosaic: Orthomosaic
    views: tuple[View, ...]
    measured: Measured


@dataclass(frozen=True, slots=True, kw_only=True)
class Visited:
    """Name what a home folder was filled with; defects in the order of the cracks."""

    home: Path
    visits: tuple[Visit, Visit]
    defects: tuple[Defect, ...]


def line_m(crack: int) -> NDArray[np.float64]:
    """Give the centre line of a crack in the CRS of the mosaic, (n, 2)."""
    return np.array(CRACKS_M[crack]) + CORNER_M


def visit_twice(home: Path) -> Visited:
    """Fill a home folder."""
    home.mkdir(parents=True, exist_ok=True)
    schema.upgrade(database_url(home))
    engine = create_engine(database_url(home))
    blobs = FolderBlobs(home / "blobs")
    known: tuple[Defect, ...] = ()
    visits = []
    try:
        with writing(engine) as connection:
            assets.save(connection, ASSET)
        for number in range(2):
            visit = _visit(number, home, engine, blobs)
            found = consolidate(visit.measured.observations, known=known, asset_id=ASSET.asset_id)
            with writing(engine) as connection:
                defects.save(connection, found.defects, now=MOMENTS[number])
                known = defects.known(connection, ASSET.asset_id)
            visits.append(visit)
    finally:
        engine.dispose()
    return Visited(home=home, visits=(visits[0], visits[1]), defects=_in_order(known))


def _in_order(found: Sequence[Defect]) -> tuple[Defect, ...]:
    middles = [shapely.Point(line_m(crack)[1]) for crack in range(len(CRACKS_M))]
    return tuple(
        min(found, key=lambda d: d.latest.outline_surface_m.distance(middle)) for middle in middles
    )


def concrete(number: int) -> NDArray[np.float32]:
    """Render the light of the deck at a visit, (H, W), half a millimetre a texel."""
    rows, columns = (round(n * GSD_M / TEXEL_M) for n in (SIZE_PX[1], SIZE_PX[0]))
    spots = np.random.default_rng(3).normal(0, 1, (rows // 4, columns // 4)).astype(np.float32)
    soft = cv2.GaussianBlur(spots, (0, 0), 1.5)
    light = WALL * (1 + 0.03 * cv2.resize(soft / soft.std(), (columns, rows)))
    x = (np.arange(columns) + 0.5) * TEXEL_M
    y = SIZE_PX[1] * GSD_M - (np.arange(rows)[:, None] + 0.5) * TEXEL_M
    for crack, width_mm in enumerate(WIDTHS_MM[number]):
        if width_mm:
            near = _near(x, y[:, 0], CRACKS_M[crack])
            inside = width_mm / 2000 - _distance_m(x[near[1]], y[near[0]], CRACKS_M[crack])
            light[near] *= 1 - (1 - CORE) * np.clip(inside / TEXEL_M + 0.5, 0, 1)
    return np.asarray(light, dtype=np.float32)


def _near(
    x: NDArray[np.float64], y: NDArray[np.float64], line: Sequence[tuple[float, float]]
) -> tuple[slice, slice]:
    """Give the rows and columns of texels around a line; x rises, y falls."""
    (low_x, low_y), (high_x, high_y) = np.min(line, axis=0) - 0.02, np.max(line, axis=0) + 0.02
    rows = slice(*np.searchsorted(-y, [-high_y, -low_y]).tolist())
    return rows, slice(*np.searchsorted(x, [low_x, high_x]).tolist())


def _distance_m(
    x: NDArray[np.float64], y: NDArray[np.float64], line: Sequence[tuple[float, float]]
) -> NDArray[np.float64]:
    """Give the distance (rows, columns) of every texel from a line."""
    off = np.full((len(y), len(x)), np.inf)
    for (ax, ay), (bx, by) in pairwise(line):
        length2 = (bx - ax) ** 2 + (by - ay) ** 2
        share = np.clip(((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length2, 0, 1)
        off = np.minimum(off, np.hypot(x - ax - share * (bx - ax), y - ay - share * (by - ay)))
    return off


def _coded(light: NDArray[np.float32], seed: int) -> NDArray[np.uint8]:
    """Turn light into noisy grey values of sRGB, three equal bands."""
    noisy = light + np.random.default_rng(seed).normal(0, 0.004, light.shape)
    seen = np.clip(noisy, 0, 1)
    srgb = np.where(seen <= 0.0031308, 12.92 * seen, 1.055 * seen ** (1 / 2.4) - 0.055)
    return np.repeat(np.rint(255 * srgb).astype(np.uint8)[:, :, None], 3, axis=2)


def pose(place: tuple[float, float, float]) -> Pose:
    """Place the camera; the world's x and y are those of the map."""
    x_m, y_m, pitch_deg = place
    return Pose(
        camera_from_world=rotation_from_gimbal(yaw_deg=0.0, pitch_deg=pitch_deg),
        centre_world_m=np.array([CORNER_M[0] + x_m, CORNER_M[1] + y_m, HEIGHT_M]),
    )


@lru_cache(maxsize=1)
def _rays() -> NDArray[np.float64]:
    """Give the direction (n, 3) of every pixel in the frame of the camera, row by row."""
    x, y = np.meshgrid(np.arange(CAMERA.width_px) + 0.5, np.arange(CAMERA.height_px) + 0.5)
    return CAMERA.rays(np.column_stack([x.ravel(), y.ravel()]))


def photograph(light: NDArray[np.float32], at: Pose, seed: int) -> NDArray[np.uint8]:
    """Render what the camera sees by casting a ray through every pixel, (H, W, 3)."""
    shape = CAMERA.height_px, CAMERA.width_px
    rays = at.to_world_directions(_rays())
    reach = -at.centre_world_m[2] / rays[:, 2]
    hit = at.centre_world_m[:2] + reach[:, None] * rays[:, :2] - CORNER_M
    column = (hit[:, 0] / TEXEL_M - 0.5).reshape(shape).astype(np.float32)
    row = (light.shape[0] - hit[:, 1] / TEXEL_M - 0.5).reshape(shape).astype(np.float32)
    blur_texels = BLUR_PX * HEIGHT_M / CAMERA.focal_px / TEXEL_M
    soft = cv2.GaussianBlur(light, (0, 0), blur_texels)
    seen = cv2.remap(soft, column, row, cv2.INTER_LINEAR, borderValue=0.7 * WALL)
    return _coded(np.asarray(seen, dtype=np.float32), seed)


def _visit(number: int, home: Path, engine: Engine, blobs: FolderBlobs) -> Visit:
    """Photograph, paint and measure one visit, and keep it as the pipeline would."""
    survey = Survey(
        survey_id=uuid.uuid5(TENKEN_NAMESPACE, f"visit {number}"),
        asset_id=ASSET.asset_id,
        surface=Surface.NADIR,
        created_at=MOMENTS[number],
        state=SurveyState.PROCESSED,
    )
    light = concrete(number)
    taken, views = _photos(number, home, light, blobs)
    mosaic = _mosaic(survey, number, light, blobs, home=home, views=views)
    masks = [_mask(crack, width) for crack, width in enumerate(WIDTHS_MM[number]) if width]
    with (
        blobs.local_path(mosaic.blob_key) as mosaic_path,
        blobs.local_path(mosaic.sources_key) as sources_path,
    ):
        measured = measure(
            detections_of([(DamageClass.CRACK, mask) for mask in masks]),
            mosaic_path=mosaic_path,
            sources_path=sources_path,
            mosaic=mosaic,
            model_id="painted@000000000000",
            sight=PhotoSight(views=views, surface=FlatSurface(), calibration=DRAWN),
        )
    with writing(engine) as connection:
        surveys.save(connection, survey)
        photos.save(connection, survey.survey_id, taken)
        orthomosaics.save(connection, mosaic)
        widths = json.dumps(widths_to_plain(measured.readings, MAP_CRS, DRAWN)).encode()
        key = keys.widths_key(hashlib.sha256(widths).hexdigest())
        blobs.put_bytes(key, widths)
        steps.commit(
            connection,
            survey.survey_id,
            "measure",
            "0" * 64,
            result={"widths_key": key},
            seconds=1.0,
            peak_rss_mb=1.0,
            now=MOMENTS[number],
        )
    blobs.put_bytes(
        keys.views_key(mosaic.sha256),
        json.dumps(viewfile.to_plain(views, FlatSurface())).encode(),
    )
    return Visit(survey_id=survey.survey_id, mosaic=mosaic, views=tuple(views), measured=measured)


def _mask(crack: int, width_mm: float) -> NDArray[np.bool_]:
    """Paint what a network would give on the mosaic."""
    pixels = GRID.to_px(line_m(crack))
    mask = np.zeros((SIZE_PX[1], SIZE_PX[0]), dtype=np.uint8)
    thick = max(2, round(width_mm / 1000 / GSD_M))
    cv2.polylines(mask, [np.round(16 * pixels - 8).astype(np.int32)], False, 1, thick, 8, 4)
    return mask.astype(bool)


def _photos(
    number: int, home: Path, light: NDArray[np.float32], blobs: FolderBlobs
) -> tuple[list[Photo], list[View]]:
    taken, views = [], []
    for shot, place in enumerate(PLACES):
        at = pose(place)
        path = home / f"visit{number}_{shot}.jpg"
        pixels = photograph(light, at, seed=10 * number + shot)
        assert cv2.imwrite(str(path), pixels, [cv2.IMWRITE_JPEG_QUALITY, 97])
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        key = keys.photo_key(sha256, ".jpg")
        blobs.put_file(key, path)
        path.unlink()
        sharp = PhotoQuality(
            sharpness=90.0,
            sharpness_relative=1.0 - 0.1 * shot,
            exposure_mean=0.5,
            clipped_dark_fraction=0.0,
            clipped_bright_fraction=0.0,
        )
        size = {"width_px": CAMERA.width_px, "height_px": CAMERA.height_px}
        taken.append(
            Photo(sha256=sha256, name=path.name, taken_at=MOMENTS[number], quality=sharp, **size)
        )
        with blobs.local_path(key) as kept:
            views.append(View(sha256=sha256, path=kept, camera=CAMERA, pose=at, **size))
    return taken, views


def _mosaic(
    survey: Survey,
    number: int,
    light: NDArray[np.float32],
    blobs: FolderBlobs,
    *,
    home: Path,
    views: Sequence[View],
) -> Orthomosaic:
    """Paint the deck straight from its texture, and say which photo is the nearest."""
    path, sources = home / "mosaic.tif", home / "sources.tif"
    small = cv2.resize(cv2.GaussianBlur(light, (0, 0), 1.5), SIZE_PX, interpolation=cv2.INTER_AREA)
    rgba = np.full((SIZE_PX[1], SIZE_PX[0], 4), 255, dtype=np.uint8)
    rgba[:, :, :3] = _coded(np.asarray(small, dtype=np.float32), seed=90 + number)
    with new_cog(path, GRID, bands=4, dtype="uint8") as canvas:
        canvas.paint(rgba, x_px=0, y_px=0)
    middles = np.array([place[0] for place in PLACES[:3]])
    x_m = (np.arange(SIZE_PX[0]) + 0.5) * GSD_M
    nearest = np.abs(x_m[:, None] - middles).argmin(axis=1).astype(np.uint16) + 1
    with new_cog(sources, GRID, bands=1, dtype="uint16", categorical=True) as canvas:
        canvas.paint(np.tile(nearest, (SIZE_PX[1], 1)), x_px=0, y_px=0)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    mosaic = Orthomosaic(
        survey_id=survey.survey_id,
        sha256=sha256,
        blob_key=keys.orthomosaic_key(sha256),
        sources_key=keys.sources_key(hashlib.sha256(sources.read_bytes()).hexdigest()),
        source_photos=tuple(view.sha256 for view in views),
        grid=GRID,
        gsd_uncertainty_ratio=0.01,
        georeferenced=True,
        facts={},
    )
    kept: Mapping[str, Path] = {mosaic.blob_key: path, mosaic.sources_key: sources}
    for key, file in kept.items():
        blobs.put_file(key, file)
        file.unlink()
    return mosaic


if __name__ == "__main__":
    print([str(defect.defect_id) for defect in visit_twice(Path(sys.argv[1])).defects])
