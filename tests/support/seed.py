"""Fill a home folder with two small finished surveys, without running the pipeline.

One survey is on the map (EPSG:6675, whose first axis points north), one in a local frame. Run it by
hand to look at the pages::

    python -m tests.support.seed out/seeded && tenken serve --home out/seeded --no-worker
"""

import hashlib
import json
import sys
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import shapely
from numpy.typing import NDArray
from PIL import Image
from sqlalchemy import Engine

from inspection.domain.asset import Asset, AssetKind
from inspection.domain.capture import CapturePose, Photo, PhotoQuality, Rejection, RejectionReason
from inspection.domain.defect import Defect, Observation
from inspection.domain.measurement import Measurement, Quantity
from inspection.domain.mission import TENKEN_NAMESPACE, Surface, Survey, SurveyState
from inspection.domain.raster import Orthomosaic
from inspection.domain.taxonomy import DamageClass
from inspection.geo.frames import to_crs
from inspection.geo.grid import LOCAL_CRS, PixelGrid
from inspection.imaging import viewfile
from inspection.imaging.cog import new_cog
from inspection.imaging.ortho import View
from inspection.imaging.surface import FlatSurface
from inspection.store import assets, defects, keys, orthomosaics, photos, schema, surveys
from inspection.store.blobs import FolderBlobs
from inspection.store.engine import create_engine, writing

NOW = datetime(2026, 4, 1, 3, 0, tzinfo=UTC)
MAP_CRS = "EPSG:6675"
GSD_M_PER_PX = 0.002
WIDTH_PX, HEIGHT_PX = 1500, 900
LEFT_M, TOP_M = -48404.0, 66110.0
"""East and north of the corner of the mosaic on the map, Ishikawa."""

CRACKS_PX: Sequence[Sequence[tuple[int, int]]] = (
    ((150, 120), (420, 180), (700, 140)),
    ((900, 300), (980, 520), (960, 760)),
    ((200, 700), (330, 640), (520, 660)),
)
CRACK_WIDTHS_PX = (4, 6, 1)
SPALL_PX = ((1150, 150), (1300, 130), (1340, 260), (1200, 300))


@dataclass(frozen=True, slots=True, kw_only=True)
class SeededSurvey:
    """Name what one survey was filled with."""

    survey_id: uuid.UUID
    asset_id: str
    mosaic: Orthomosaic
    defects: tuple[Defect, ...]
    photo_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeded:
    """Name what a home folder was filled with."""

    home: Path
    mapped: SeededSurvey
    local: SeededSurvey

    @property
    def database_url(self) -> str:
        """Give the URL of the database."""
        return database_url(self.home)


def database_url(home: Path) -> str:
    """Give the URL of the database of a home folder."""
    return f"sqlite:///{home / 'tenken.sqlite'}"


def seed(home: Path) -> Seeded:
    """Fill a home folder; twice gives the same rows."""
    home.mkdir(parents=True, exist_ok=True)
    schema.upgrade(database_url(home))
    engine = create_engine(database_url(home))
    blobs = FolderBlobs(home / "blobs")
    try:
        mapped = _survey(engine, blobs, home, name="bridge-12", crs=MAP_CRS)
        local = _survey(engine, blobs, home, name="quay-3", crs=LOCAL_CRS)
    finally:
        engine.dispose()
    return Seeded(home=home, mapped=mapped, local=local)


def seed_another(home: Path, name: str) -> SeededSurvey:
    """Add one more survey on the map, of an asset of its own, to a home folder that may be in use.

    A test that decides about defects takes one for itself; the service need not be another one.
    """
    engine = create_engine(database_url(home))
    apart = home / "seeding" / name
    apart.mkdir(parents=True)
    try:
        return _survey(engine, FolderBlobs(home / "blobs"), apart, name=name, crs=MAP_CRS)
    finally:
        engine.dispose()


def seed_mosaic(home: Path) -> SeededSurvey:
    """Fill a home folder with one survey on the map whose mosaic nobody has searched yet."""
    home.mkdir(parents=True, exist_ok=True)
    schema.upgrade(database_url(home))
    engine = create_engine(database_url(home))
    try:
        blobs = FolderBlobs(home / "blobs")
        return _survey(engine, blobs, home, name="bridge-12", crs=MAP_CRS, searched=False)
    finally:
        engine.dispose()


def keep_seeded_views(blobs: FolderBlobs, made: SeededSurvey) -> None:
    """Keep how the one photo sees the surface: the mosaic at two fifths of its resolution."""
    scale = 0.4 / made.mosaic.grid.gsd_m_per_px
    left_m, top_m = made.mosaic.grid.corners_surface_m[0]
    matrix = np.array([[scale, 0, -left_m * scale], [0, -scale, top_m * scale], [0, 0, 1.0]])
    view = View(
        sha256=made.photo_sha256,
        path=Path("not kept"),
        width_px=600,
        height_px=360,
        photo_from_plane=matrix,
    )
    content = json.dumps(viewfile.to_plain([view], FlatSurface())).encode()
    blobs.put_bytes(keys.views_key(made.mosaic.sha256), content)


def picture() -> NDArray[np.uint8]:
    """Render concrete with three cracks and a spall, (H, W, 4) uint8, its left edge transparent."""
    noise = np.random.default_rng(7).normal(168, 9, (HEIGHT_PX // 3, WIDTH_PX // 3))
    grey = cv2.resize(noise, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_CUBIC)
    pixels = np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[:, :, None], 3, axis=2)
    for line, width_px in zip(CRACKS_PX, CRACK_WIDTHS_PX, strict=True):
        cv2.polylines(pixels, [np.array(line, dtype=np.int32)], False, (52, 48, 46), width_px)
    cv2.fillPoly(pixels, [np.array(SPALL_PX, dtype=np.int32)], (120, 96, 80))
    alpha = np.full((HEIGHT_PX, WIDTH_PX, 1), 255, dtype=np.uint8)
    alpha[:, :40] = 0
    return np.concatenate([pixels, alpha], axis=2)


def _survey(
    engine: Engine, blobs: FolderBlobs, home: Path, *, name: str, crs: str, searched: bool = True
) -> SeededSurvey:
    georeferenced = crs != LOCAL_CRS
    asset = Asset(asset_id=name, name=f"点検橋 {name}", kind=AssetKind.BRIDGE, member="Ds0101")
    survey = Survey(
        survey_id=uuid.uuid5(TENKEN_NAMESPACE, f"seed {name}"),
        asset_id=name,
        surface=Surface.NADIR if georeferenced else Surface.STRIP,
        gsd_m_per_px=None if georeferenced else GSD_M_PER_PX,
        created_at=NOW,
        state=SurveyState.PROCESSED if searched else SurveyState.CREATED,
    )
    photo = _photo(blobs, home, name, georeferenced=georeferenced)
    mosaic = _mosaic(survey, blobs, home, crs=crs, photo=photo)
    found = _defects(survey, mosaic, photo) if searched else ()
    rejection = Rejection(file="notes.jpg", reason=RejectionReason.NOT_AN_IMAGE, detail="text")
    with writing(engine) as connection:
        assets.save(connection, asset)
        surveys.save(connection, survey)
        photos.save(connection, survey.survey_id, [photo], [rejection])
        orthomosaics.save(connection, mosaic)
        defects.save(connection, found, now=NOW)
    return SeededSurvey(
        survey_id=survey.survey_id,
        asset_id=name,
        mosaic=mosaic,
        defects=found,
        photo_sha256=photo.sha256,
    )


def _photo(blobs: FolderBlobs, home: Path, name: str, *, georeferenced: bool) -> Photo:
    path = home / f"{name}.jpg"
    Image.fromarray(picture()[:, :, :3]).resize((600, 360)).save(path, quality=90)
    with path.open("ab") as file:
        file.write(name.encode())  # behind the end of the image: another photo, the same picture
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    blobs.put_file(keys.photo_key(sha256, ".jpg"), path)
    path.unlink()
    pose = CapturePose(lon_deg=136.6257, lat_deg=36.5946, altitude_m=40.0)
    return Photo(
        sha256=sha256,
        name=f"{name}_0001.JPG",
        width_px=600,
        height_px=360,
        taken_at=NOW,
        make="Tenken",
        model="Seed",
        pose=pose if georeferenced else None,
        quality=PhotoQuality(
            sharpness=50.0,
            sharpness_relative=1.0,
            exposure_mean=0.6,
            clipped_dark_fraction=0.0,
            clipped_bright_fraction=0.0,
        ),
    )


def _mosaic(
    survey: Survey, blobs: FolderBlobs, home: Path, *, crs: str, photo: Photo
) -> Orthomosaic:
    local = crs == LOCAL_CRS
    grid = PixelGrid.north_up(
        left_m=0.0 if local else LEFT_M,
        top_m=0.0 if local else TOP_M,
        gsd_m_per_px=GSD_M_PER_PX,
        width_px=WIDTH_PX,
        height_px=HEIGHT_PX,
        crs=crs,
    )
    path, sources = home / "mosaic.tif", home / "sources.tif"
    with new_cog(path, grid, bands=4, dtype="uint8") as canvas:
        canvas.paint(picture(), x_px=0, y_px=0)
    with new_cog(sources, grid, bands=1, dtype="uint16", categorical=True) as canvas:
        canvas.paint(np.ones((HEIGHT_PX, WIDTH_PX), dtype=np.uint16), x_px=0, y_px=0)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    mosaic = Orthomosaic(
        survey_id=survey.survey_id,
        sha256=sha256,
        blob_key=keys.orthomosaic_key(sha256),
        sources_key=keys.sources_key(sha256),
        source_photos=(photo.sha256,),
        grid=grid,
        gsd_uncertainty_ratio=0.01,
        georeferenced=not local,
        facts={"photos_registered": 1, "warnings": []},
    )
    for file, key in ((path, mosaic.blob_key), (sources, mosaic.sources_key)):
        blobs.put_file(key, file)
        file.unlink()
    return mosaic


def _defects(survey: Survey, mosaic: Orthomosaic, photo: Photo) -> tuple[Defect, ...]:
    shapes = [
        (shapely.LineString(line), max(width_px, 2) / 2, DamageClass.CRACK)
        for line, width_px in zip(CRACKS_PX, CRACK_WIDTHS_PX, strict=True)
    ]
    seen = [
        _observation(survey, mosaic, photo, axis_px=axis, half_px=half, index=i, damage=damage)
        for i, (axis, half, damage) in enumerate(shapes)
    ]
    seen.append(
        _observation(
            survey,
            mosaic,
            photo,
            axis_px=shapely.Polygon(SPALL_PX),
            half_px=0.0,
            index=len(seen),
            damage=DamageClass.SPALL,
        )
    )
    return tuple(
        Defect(
            defect_id=uuid.uuid5(TENKEN_NAMESPACE, f"defect {one.observation_id}"),
            asset_id=survey.asset_id,
            damage_class=one.damage_class,
            latest=one,
            observation_ids=(one.observation_id,),
        )
        for one in seen
    )


def _observation(
    survey: Survey,
    mosaic: Orthomosaic,
    photo: Photo,
    *,
    axis_px: shapely.LineString | shapely.Polygon,
    half_px: float,
    index: int,
    damage: DamageClass,
) -> Observation:
    grid = mosaic.grid
    linear = damage is DamageClass.CRACK
    outline_px = axis_px.buffer(half_px) if linear else axis_px
    outline = shapely.transform(outline_px, grid.to_surface)
    axis = shapely.transform(axis_px, grid.to_surface) if linear else None
    on_damage = axis_px.interpolate(0.5, normalized=True) if linear else axis_px.centroid
    anchor = grid.to_surface([[on_damage.x, on_damage.y]])[0]
    lonlat = to_crs([anchor], grid.crs, "EPSG:4326")[0] if mosaic.georeferenced else None
    x0, y0, x1, y1 = outline_px.bounds
    return Observation(
        observation_id=uuid.uuid5(TENKEN_NAMESPACE, f"{survey.survey_id} {index}"),
        survey_id=survey.survey_id,
        mosaic_sha256=mosaic.sha256,
        damage_class=damage,
        confidence=0.9 - 0.1 * index,
        outline_surface_m=outline,
        axis_surface_m=axis,
        anchor_surface_m=(float(anchor[0]), float(anchor[1])),
        surface_crs=grid.crs,
        anchor_lonlat=None if lonlat is None else (float(lonlat[0]), float(lonlat[1])),
        box_px=(int(x0), int(y0), int(np.ceil(x1)), int(np.ceil(y1))),
        photo_sha256s=(photo.sha256,),
        measurement=_measurement(outline.area, axis, CRACK_WIDTHS_PX[index] if linear else None),
        model_id="seed@000000000000",
    )


def _measurement(
    area_m2: float, axis: shapely.LineString | None, width_px: int | None
) -> Measurement:
    gsd_mm = GSD_M_PER_PX * 1000
    limit_mm = 1.5 * gsd_mm
    width_mm = None if width_px is None else width_px * gsd_mm
    if width_mm is None:
        width = None
    elif width_mm < limit_mm:
        width = Quantity(value=None, expanded_uncertainty=None, limit=limit_mm, below_limit=True)
    else:
        width = Quantity(value=width_mm, expanded_uncertainty=1.2, limit=limit_mm)
    return Measurement(
        length_m=None if axis is None else Quantity(value=axis.length, expanded_uncertainty=0.02),
        width_mm=width,
        width_mean_mm=None if width is None else width.value,
        area_m2=Quantity(value=area_m2, expanded_uncertainty=0.05 * area_m2),
        orientation_deg=None if axis is None else 10.0,
        gsd_mm_per_px=gsd_mm,
    )


if __name__ == "__main__":
    filled = seed(Path(sys.argv[1]))
    print(f"surveys {filled.mapped.survey_id} (map) and {filled.local.survey_id} (local)")
