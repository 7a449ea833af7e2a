"""Make one of everything that the store keeps, consistent with each other, for tests."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import shapely
from sqlalchemy import Connection

from inspection.domain.asset import Asset, AssetKind, Concrete
from inspection.domain.capture import CapturePose, Photo, PhotoQuality
from inspection.domain.defect import Defect, Observation
from inspection.domain.measurement import Measurement, Quantity
from inspection.domain.mission import TENKEN_NAMESPACE, Survey
from inspection.domain.raster import Orthomosaic
from inspection.domain.taxonomy import DamageClass
from inspection.geo.frames import WGS84_LONLAT, to_crs
from inspection.geo.grid import LOCAL_CRS, PixelGrid
from inspection.store import assets, observations, orthomosaics, surveys
from inspection.store import defects as defect_rows

NOON = datetime(2026, 5, 1, 3, 0, 0, 123456, tzinfo=UTC)
"""Noon in Japan, with microseconds that must survive."""

PLANE_CRS = "EPSG:6675"
"""Japan Plane Rectangular CS VII, Ishikawa; JGD2011."""

EAST_M, NORTH_M = -48_404.9, 66_109.8
"""Where the made mosaics have their south-west corner, metres in ``PLANE_CRS``."""


def named(*parts: object) -> uuid.UUID:
    """Give an identifier that is always the same for the same words."""
    return uuid.uuid5(TENKEN_NAMESPACE, "\n".join(map(str, parts)))


def digest(number: int) -> str:
    """Give something that looks like a sha256."""
    return f"{number:064x}"


def make_asset(asset_id: str = "ISK-0123") -> Asset:
    return Asset(
        asset_id=asset_id,
        name="犀川大橋",
        kind=AssetKind.BRIDGE,
        member="Ds0101",
        concrete=Concrete.PC,
        attributes={"adt": 12000.0, "route": "1", "lifeline": True},
    )


def make_survey(number: int = 1, asset_id: str = "ISK-0123", **changes: Any) -> Survey:
    values: dict[str, Any] = {
        "survey_id": named("survey", asset_id, number),
        "asset_id": asset_id,
        "map_crs": PLANE_CRS,
        "created_at": NOON + timedelta(days=number),
    }
    return Survey(**(values | changes))


def make_photo(number: int = 1, **changes: Any) -> Photo:
    values: dict[str, Any] = {
        "sha256": digest(number),
        "name": f"橋 DJI_{number:04}.JPG",
        "width_px": 5472,
        "height_px": 3648,
        "taken_at": NOON,
        "make": "DJI",
        "model": "FC6310",
        "focal_mm": 8.8,
        "focal_35mm": 24.0,
        "focal_px": 3664.1234567890123,
        "pose": CapturePose(lon_deg=136.625669, lat_deg=36.594606, altitude_m=0.1 + 0.2),
        "quality": PhotoQuality(
            sharpness=1 / 3,
            sharpness_relative=0.9,
            exposure_mean=0.5,
            clipped_dark_fraction=0.0,
            clipped_bright_fraction=1e-7,
        ),
    }
    return Photo(**(values | changes))


def make_mosaic(survey: Survey, number: int = 100, crs: str = PLANE_CRS) -> Orthomosaic:
    local = crs == LOCAL_CRS
    grid = PixelGrid.north_up(
        left_m=0.0 if local else EAST_M,
        top_m=20.0 if local else NORTH_M + 20.0,
        gsd_m_per_px=0.01,
        width_px=4000,
        height_px=2000,
        crs=crs,
    )
    return Orthomosaic(
        survey_id=survey.survey_id,
        sha256=digest(number),
        blob_key=f"orthomosaics/{number}.tif",
        sources_key=f"sources/{number}.tif",
        source_photos=(digest(1), digest(2)),
        grid=grid,
        gsd_uncertainty_ratio=0.011,
        georeferenced=not local,
        facts={"gsd_m_per_px": 0.01, "residuals": [{"photo": "a", "east_m": 0.1}]},
    )


def make_measurement(width_mm: float | None = 0.2) -> Measurement:
    below = width_mm is None
    return Measurement(
        length_m=Quantity(value=1.25, expanded_uncertainty=0.02),
        width_mm=Quantity(
            value=width_mm,
            expanded_uncertainty=None if below else 0.1,
            limit=0.15,
            below_limit=below,
        ),
        width_mean_mm=None if below else 0.1 + 0.2,
        area_m2=Quantity(value=1 / 3, expanded_uncertainty=1e-9),
        orientation_deg=45.0,
        gsd_mm_per_px=10.0,
    )


def make_observation(mosaic: Orthomosaic, number: int = 1, **changes: Any) -> Observation:
    """Make a crack of 1 m at ``number`` metres from the west edge, 0.1 m from the one before."""
    west, south = (float(mosaic.grid.corners_surface_m[:, axis].min()) for axis in (0, 1))
    x, y = west + number, south + 5.0
    local = mosaic.grid.crs == LOCAL_CRS
    lonlat = None if local else to_crs([[x, y]], mosaic.grid.crs, WGS84_LONLAT)[0]
    values: dict[str, Any] = {
        "observation_id": named("observation", mosaic.survey_id, mosaic.sha256, number),
        "survey_id": mosaic.survey_id,
        "mosaic_sha256": mosaic.sha256,
        "damage_class": DamageClass.CRACK,
        "confidence": 0.75,
        "outline_surface_m": shapely.box(x - 0.45, y - 0.01, x + 0.45, y + 0.01),
        "axis_surface_m": shapely.LineString([(x - 0.45, y), (x + 0.45, y + 1e-9)]),
        "anchor_surface_m": (x, y),
        "surface_crs": mosaic.grid.crs,
        "anchor_lonlat": None if lonlat is None else (float(lonlat[0]), float(lonlat[1])),
        "box_px": (number, 10, number + 90, 12),
        "photo_sha256s": (digest(2), digest(1)),
        "measurement": make_measurement(),
        "model_id": "crack-n@0123456789ab",
    }
    return Observation(**(values | changes))


def make_defect(observation: Observation, asset_id: str = "ISK-0123", **changes: Any) -> Defect:
    values: dict[str, Any] = {
        "defect_id": named("defect", observation.observation_id),
        "asset_id": asset_id,
        "damage_class": observation.damage_class,
        "latest": observation,
        "observation_ids": (observation.observation_id,),
    }
    return Defect(**(values | changes))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Name an asset, its survey, its mosaic and the defects on it."""

    asset: Asset
    survey: Survey
    mosaic: Orthomosaic
    defects: tuple[Defect, ...]


def make_scene(number: int = 1, *, crs: str = PLANE_CRS, defect_count: int = 3) -> Scene:
    asset = make_asset()
    survey = make_survey(number)
    mosaic = make_mosaic(survey, 100 + number, crs)
    seen = [make_observation(mosaic, n + 1) for n in range(defect_count)]
    return Scene(
        asset=asset, survey=survey, mosaic=mosaic, defects=tuple(make_defect(o) for o in seen)
    )


def save_scene(connection: Connection, scene: Scene) -> None:
    """Write a scene in the order in which data moves."""
    assets.save(connection, scene.asset)
    surveys.save(connection, scene.survey)
    orthomosaics.save(connection, scene.mosaic)
    observations.save(connection, (defect.latest for defect in scene.defects))
    defect_rows.save(connection, scene.defects, now=NOON)
