"""Judge the defects of the quay strip against its labelled boxes, on the surface, in metres."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray
from PIL import Image

from inspection.geo.grid import LOCAL_CRS, PixelGrid

NEAR_M = 0.3
"""A box counts as hit when its centre is this near to a defect (issue: done when, 3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """Sum up a comparison.

    Attributes:
        boxes: labelled places; a place that two photos show counts once.
        hit: how many of them have a defect near.
        false_alarms: defects far from every labelled place. Some real cracks are not labelled.
        area_m2: surface that the photos show.
    """

    boxes: int
    hit: int
    false_alarms: int
    area_m2: float

    @property
    def hit_ratio(self) -> float:
        """Give the share of hit places."""
        return self.hit / self.boxes

    @property
    def false_alarms_per_100_m2(self) -> float:
        """Give the false alarms per 100 m²."""
        return 100 * self.false_alarms / self.area_m2


def judge(out: Path, strip_dir: Path) -> Judgement:
    """Compare the results in ``out`` with YOLO boxes, one text file a photo.

    Args:
        out: result folder of ``tenken run``.
        strip_dir: folder with ``images`` and ``labels``.
    """
    account = json.loads((out / "run.json").read_text(encoding="utf-8"))
    tied = account["registration"]["photos"]
    centres, footprints = [], []
    for path in sorted((strip_dir / "images").glob("*.jpg")):
        with Image.open(path) as photo:
            width_px, height_px = photo.size
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        grid = PixelGrid(
            surface_from_px=np.array(tied[sha256]["surface_from_px"]),
            width_px=width_px,
            height_px=height_px,
            crs=LOCAL_CRS,
        )
        boxes = np.loadtxt(strip_dir / "labels" / f"{path.stem}.txt", ndmin=2)[:, 1:3]
        centres.append(grid.to_surface(boxes * (grid.width_px, grid.height_px)))
        footprints.append(shapely.Polygon(grid.corners_surface_m))
    places = _places(centres)
    found = _defects(out / "defects.geojson")
    tree = shapely.STRtree(found)
    near_place = tree.query(shapely.points(places), predicate="dwithin", distance=NEAR_M)
    return Judgement(
        boxes=len(places),
        hit=len(set(near_place[0].tolist())),
        false_alarms=len(found) - len(set(near_place[1].tolist())),
        area_m2=shapely.union_all(footprints).area,
    )


def _places(centres_m: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Keep one of the boxes that different photos drew round the same place."""
    kept = np.empty((0, 2))
    for own in centres_m:
        apart = np.hypot(*(own[:, None] - kept[None]).transpose(2, 0, 1))
        is_new = apart.min(axis=1, initial=np.inf) > NEAR_M
        kept = np.concatenate([kept, own[is_new]])
    return kept


def _defects(path: Path) -> list[shapely.Geometry]:
    """Read the geometries of the defects."""
    collection = json.loads(path.read_text(encoding="utf-8"))
    return [shapely.geometry.shape(feature["geometry"]) for feature in collection["features"]]
