"""Make an installation as large as it gets: a mosaic of 60 000 × 60 000 px and its defects.

The mosaic is sparse: concrete is painted on some blocks, the others are not in the file. Defects go
into PostgreSQL by COPY, the triggers held back, and the tables that triggers keep are then filled
by the migration's own statement; all that is asked afterwards goes the usual way.
"""

import hashlib
import json
import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import rasterio
import shapely
from numpy.typing import NDArray
from rasterio.enums import ColorInterp, Resampling
from rasterio.windows import Window
from sqlalchemy import Engine
from sqlalchemy.engine import make_url

from inspection.domain.asset import Asset, AssetKind
from inspection.domain.mission import Survey, SurveyState
from inspection.domain.raster import Orthomosaic
from inspection.geo.frames import WGS84_LONLAT, to_crs
from inspection.geo.grid import PixelGrid
from inspection.store import assets, keys, orthomosaics, surveys
from inspection.store.blobs import FolderBlobs
from inspection.store.engine import writing
from inspection.store.migrations.versions import r0047_scale, r0062_desks
from tests.support.records import EAST_M, NOON, NORTH_M, PLANE_CRS, named

GSD_M_PER_PX = 0.002
BLOCK_PX = 512
KINDS = ("crack", "crack", "crack", "spall", "rust_stain", "efflorescence", "exposed_rebar")
BATCH = 50_000

OBSERVATION_COLUMNS = (
    "observation_id, survey_id, mosaic_sha256, damage_class, confidence, outline_surface, "
    "axis_surface, anchor_x_m, anchor_y_m, surface_crs, surface_x0_m, surface_y0_m, surface_x1_m, "
    "surface_y1_m, anchor_lonlat, outline_lonlat, west_deg, south_deg, east_deg, north_deg, "
    "box_px, photo_sha256s, measurement, model_id"
)
GRADE_COLUMNS = "survey_id, scheme, subject, subject_id, candidate, note, version"
LETTERS = {"crack": ("b", "bc", "cd", "e"), "spall": ("c", "de"), "exposed_rebar": ("de",)}
"""What is proposed for defects of a class; one of others is not graded."""

DEFECT_COLUMNS = (
    "defect_id, asset_id, damage_class, latest_observation_id, state, version, updated_at"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Large:
    """Name what was made."""

    asset_id: str
    survey_id: uuid.UUID
    mosaic: Orthomosaic
    cog: Path
    defect_ids: tuple[uuid.UUID, ...]


def make(
    engine: Engine, home: Path, *, side_px: int, defects: int, painted: int = 700, seed: int = 1
) -> Large:
    """Fill an empty installation on PostgreSQL.

    Args:
        engine: its database, with tables.
        home: its folder.
        side_px: width and height of the mosaic.
        defects: how many the one survey sees.
        painted: blocks of the mosaic that show something.
        seed: of everything random.
    """
    home.mkdir(parents=True, exist_ok=True)
    draft = home / "large.tif"
    paint(draft, side_px=side_px, painted=painted, seed=seed)
    mosaic = _mosaic(draft, side_px)
    blobs = FolderBlobs(home / "blobs")
    blobs.put_file(mosaic.blob_key, draft)
    blobs.put_bytes(mosaic.sources_key, b"no sources")
    draft.unlink()
    asset = Asset(asset_id="large", name="大橋", kind=AssetKind.BRIDGE, member="Ds0101")
    survey = Survey(
        survey_id=mosaic.survey_id,
        asset_id=asset.asset_id,
        map_crs=PLANE_CRS,
        created_at=NOON,
        state=SurveyState.PROCESSED,
    )
    with writing(engine) as connection:
        assets.save(connection, asset)
        surveys.save(connection, survey)
        orthomosaics.save(connection, mosaic)
    ids = tuple(_fill(engine, mosaic, defects, seed))
    with blobs.local_path(mosaic.blob_key) as cog:
        return Large(
            asset_id=asset.asset_id,
            survey_id=survey.survey_id,
            mosaic=mosaic,
            cog=Path(cog),
            defect_ids=ids,
        )


def paint(path: Path, *, side_px: int, painted: int, seed: int) -> None:
    """Write a sparse tiled TIFF with overviews, concrete on some of its blocks."""
    rolls = np.random.default_rng(seed)
    corner = _corner(side_px)
    profile: dict[str, Any] = {
        "driver": "GTiff", "width": side_px, "height": side_px, "count": 4, "dtype": "uint8",
        "crs": PLANE_CRS, "tiled": True, "blockxsize": BLOCK_PX, "blockysize": BLOCK_PX,
        "compress": "DEFLATE", "zlevel": 1, "photometric": "RGB", "interleave": "pixel",
        "transform": rasterio.transform.from_origin(*corner, GSD_M_PER_PX, GSD_M_PER_PX),
        "sparse_ok": True, "bigtiff": "IF_SAFER",
    }  # fmt: skip
    blocks = side_px // BLOCK_PX
    with rasterio.Env(SPARSE_OK_OVERVIEW="TRUE", GDAL_NUM_THREADS="1"):
        with rasterio.open(path, "w", **profile) as dataset:
            dataset.colorinterp = [
                ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.alpha
            ]  # fmt: skip
            for place in rolls.choice(blocks * blocks, min(painted, blocks * blocks), False):
                column, row = int(place) % blocks * BLOCK_PX, int(place) // blocks * BLOCK_PX
                dataset.write(_concrete(rolls), window=Window(column, row, BLOCK_PX, BLOCK_PX))
        with rasterio.open(path, "r+") as dataset:
            steps = [2**n for n in range(1, 12) if side_px >> n >= BLOCK_PX // 2]
            dataset.build_overviews(steps, Resampling.nearest)


def _corner(side_px: int) -> tuple[float, float]:
    return (EAST_M, NORTH_M + side_px * GSD_M_PER_PX)


def _concrete(rolls: np.random.Generator) -> NDArray[np.uint8]:
    coarse = rolls.normal(165, 12, (BLOCK_PX // 4, BLOCK_PX // 4)).clip(0, 255).astype(np.uint8)
    grey = coarse.repeat(4, axis=0).repeat(4, axis=1)
    return np.stack([grey, grey, grey, np.full_like(grey, 255)])


def _mosaic(path: Path, side_px: int) -> Orthomosaic:
    left, top = _corner(side_px)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    return Orthomosaic(
        survey_id=named("large survey"),
        sha256=sha256,
        blob_key=keys.orthomosaic_key(sha256),
        sources_key=keys.sources_key(sha256),
        source_photos=(),
        grid=PixelGrid.north_up(
            left_m=left, top_m=top, gsd_m_per_px=GSD_M_PER_PX,
            width_px=side_px, height_px=side_px, crs=PLANE_CRS,
        ),
        gsd_uncertainty_ratio=0.02,
        georeferenced=True,
        facts={},
    )  # fmt: skip


def _fill(engine: Engine, mosaic: Orthomosaic, count: int, seed: int) -> Iterator[uuid.UUID]:
    """Copy defects into the database, and let it make what it keeps of them."""
    url = make_url(str(engine.url))
    with psycopg.connect(
        host=str(url.query["host"]), user=url.username, dbname=url.database
    ) as connection:
        connection.execute("SET session_replication_role = replica")  # triggers wait
        for start in range(0, count, BATCH):
            yield from _copy(connection, mosaic, start, min(BATCH, count - start), seed)
        connection.execute("ANALYZE")
        connection.execute(r0047_scale.see_all("postgresql").encode())
        connection.execute(r0062_desks.known_all("postgresql").encode())
        connection.execute("SET session_replication_role = origin")
    with psycopg.connect(
        host=str(url.query["host"]), user=url.username, dbname=url.database, autocommit=True
    ) as connection:
        connection.execute("VACUUM ANALYZE")


def _copy(
    connection: psycopg.Connection[Any], mosaic: Orthomosaic, start: int, count: int, seed: int
) -> Iterator[uuid.UUID]:
    rolls = np.random.default_rng((seed, start))
    kinds = rolls.choice(KINDS, count)
    shapes, axes = _shapes(rolls, kinds, mosaic)
    anchors = shapely.point_on_surface(shapes)
    lonlat = shapely.set_srid(_lonlat(shapes), 4326)
    anchors_lonlat = shapely.set_srid(_lonlat(anchors), 4326)
    boxes, degrees = shapely.bounds(shapes), shapely.bounds(lonlat)
    observation_ids = [named("large observation", seed, start + n) for n in range(count)]
    defect_ids = [named("large defect", seed, start + n) for n in range(count)]
    sure = rolls.uniform(0.25, 0.99, count)
    states = rolls.choice(["candidate", "confirmed", "rejected"], count, p=[0.8, 0.15, 0.05])
    numbers = _numbers(rolls, kinds, shapes, axes)
    with connection.cursor() as cursor:
        with cursor.copy(f"COPY observations ({OBSERVATION_COLUMNS}) FROM STDIN") as out:
            for n in range(count):
                out.write_row(
                    (
                        observation_ids[n], mosaic.survey_id, mosaic.sha256, kinds[n],
                        float(sure[n]), shapely.to_wkb(shapes[n]),
                        None if axes[n] is None else shapely.to_wkb(axes[n]),
                        anchors[n].x, anchors[n].y, PLANE_CRS, *boxes[n].tolist(),
                        shapely.to_wkb(anchors_lonlat[n], hex=True, include_srid=True),
                        shapely.to_wkb(lonlat[n], hex=True, include_srid=True),
                        *degrees[n].tolist(), _box_px(mosaic, boxes[n]), "[]", numbers[n],
                        "large@1",
                    )
                )  # fmt: skip
        with cursor.copy(f"COPY defects ({DEFECT_COLUMNS}) FROM STDIN") as out:
            for n in range(count):
                out.write_row(
                    (defect_ids[n], "large", kinds[n], observation_ids[n], states[n], 1, NOON)
                )
        with cursor.copy("COPY defect_observations (observation_id, defect_id) FROM STDIN") as out:
            for pair in zip(observation_ids, defect_ids, strict=True):
                out.write_row(pair)
        with cursor.copy(f"COPY grades ({GRADE_COLUMNS}) FROM STDIN") as out:
            for n in range(count):
                if letters := LETTERS.get(str(kinds[n])):
                    candidate = {"candidates": list(letters[n % len(letters)])}
                    out.write_row(
                        (mosaic.survey_id, "jp_crack_grade/1.0.0", "defect", str(defect_ids[n]),
                         json.dumps(candidate), "", 1)
                    )  # fmt: skip
    yield from defect_ids


def _shapes(
    rolls: np.random.Generator, kinds: NDArray[np.str_], mosaic: Orthomosaic
) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    """Make outlines, and axes of the cracks: 0.1–1.5 m long, a bend in the middle."""
    left, bottom = mosaic.grid.corners_surface_m.min(axis=0)
    right, top = mosaic.grid.corners_surface_m.max(axis=0)
    count = len(kinds)
    size = rolls.gamma(2.0, 0.15, count).clip(0.02, 1.5)
    x, y = rolls.uniform(left, right - 1.6, count), rolls.uniform(bottom, top - 1.6, count)
    turn = rolls.uniform(0, np.pi / 2, count)
    bend = rolls.normal(0, 0.05, count)
    dx, dy = size * np.cos(turn), size * np.sin(turn)
    points = np.stack(
        [
            np.column_stack([x, y]),
            np.column_stack([x + dx / 2 - bend * dy, y + dy / 2 + bend * dx]),
            np.column_stack([x + dx, y + dy]),
        ],
        axis=1,
    )
    axes = shapely.linestrings(points)
    cracks = kinds == "crack"
    shapes = np.where(
        cracks,
        shapely.buffer(axes, 0.004, quad_segs=2),
        shapely.buffer(axes, size * 0.3, quad_segs=4),
    )
    return shapes, np.where(cracks, axes, None)


def _lonlat(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    moved: NDArray[np.object_] = shapely.transform(
        shapes, lambda xy: to_crs(xy, PLANE_CRS, WGS84_LONLAT)
    )
    return moved


def _box_px(mosaic: Orthomosaic, box: NDArray[np.float64]) -> str:
    (x0, y1), (x1, y0) = mosaic.grid.to_px([box[:2], box[2:]]).tolist()
    return json.dumps([int(x0), int(y0), int(x1) + 1, int(y1) + 1])


def _numbers(
    rolls: np.random.Generator,
    kinds: NDArray[np.str_],
    shapes: NDArray[np.object_],
    axes: NDArray[np.object_],
) -> list[str]:
    lengths, areas = shapely.length(axes), shapely.area(shapes)
    widths = rolls.gamma(2.0, 0.15, len(kinds))

    def quantity(value: float | None, limit: float = 0.0) -> dict[str, Any]:
        return {
            "value": value, "expanded_uncertainty": None if value is None else 0.1 * value,
            "limit": limit, "below_limit": value is None,
        }  # fmt: skip

    return [
        json.dumps(
            {
                "length_m": quantity(float(length)) if kind == "crack" else None,
                "width_mm": quantity(float(width) if width >= 0.2 else None, 0.2)
                if kind == "crack"
                else None,
                "width_mean_mm": None,
                "area_m2": quantity(float(area)),
                "orientation_deg": None,
                "gsd_mm_per_px": 2.0,
                "method": "distance_transform",
            }
        )
        for kind, length, width, area in zip(kinds, lengths, widths, areas, strict=True)
    ]


def random_windows(large: Large, count: int, *, seed: int) -> list[tuple[int, int, int]]:
    """Name vector tiles of all levels, deeper levels more often, as somebody looks around."""
    rolls = random.Random(seed)
    side = large.mosaic.grid.width_px
    levels = 1 + max(0, (side - 1).bit_length() - 9)
    found = []
    for _ in range(count):
        level = min(levels - 1, int(rolls.triangular(0, levels, levels)))
        across = max(1, -(-side >> (levels - 1 - level)) // 512)
        found.append((level, rolls.randrange(across), rolls.randrange(across)))
    return found
