"""Write gaps as GeoJSON, and read the gaps that ``tenken measure capability`` found.

Source: RFC 7946; docs/what-was-inspected.md for the properties that are read.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.geometry import shape

from flight.coverage import sample
from flight.flightplan import FlightPlan
from flight.gapmap import Panel, blocks, corners_m
from flight.gaps import SAMPLES, Gaps, Seen
from inspection.errors import BadGeometry, BadInput

MAX_BYTES = 256 * 1024 * 1024
UNUSABLE = (KeyError, TypeError, ValueError, AttributeError, shapely.errors.ShapelyError)


def gaps_document(plan: FlightPlan, panels: tuple[Panel, ...]) -> dict[str, Any]:
    """Give the cells that are not good as polygons in longitude, latitude and height."""
    features = []
    for panel in panels:
        for block in blocks(panel):
            if block.kind is Seen.GOOD:
                continue
            ring = plan.frame.to_lonlat_h(corners_m(panel, block))
            places = [[round(a, 8), round(b, 8), round(h, 3)] for a, b, h in ring.tolist()]
            count = block.behind - block.first
            features.append(
                {
                    "type": "Feature",
                    "geometry": {"type": "Polygon", "coordinates": [[*places, places[0]]]},
                    "properties": {
                        "element": panel.element,
                        "side": panel.side,
                        "reason": block.kind.value,
                        "area_m2": round(count * panel.cell_m**2, 4),
                        "gsd_needed_mm_per_px": round(plan.gsd_m_per_px * 1000, 4),
                    },
                }
            )
    return {"type": "FeatureCollection", "features": features}


def read_gap_polygons(document: dict[str, Any], name: str) -> tuple[shapely.Geometry, float | None]:
    """Give the area (longitude, latitude) of gaps of a finished run, and the GSD they need.

    Args:
        document: parsed ``gaps.geojson``.
        name: of the file, for messages.

    Returns:
        The union of the polygons (empty when there is no gap), and the finest GSD that any of
        them needs in metres a pixel, or None.

    Raises:
        BadInput: when the run lies in a local frame, or the file is no such GeoJSON.
        BadGeometry: when a polygon is unusable.
    """
    if document.get("tenken:crs") == "LOCAL":
        raise BadInput(
            f"{name} lies in local metres that nothing ties to the earth; give the folder of the "
            "photos, or the run's views.json"
        )
    features = document.get("features")
    if not isinstance(features, list):
        raise BadInput(f"{name} is no GeoJSON FeatureCollection of gaps")
    areas, needed = [], []
    for number, feature in enumerate(features, start=1):
        try:
            area = shape(feature["geometry"])
            properties = feature.get("properties") or {}
            if properties.get("gsd_needed_mm_per_px") is not None:
                needed.append(float(properties["gsd_needed_mm_per_px"]) / 1000)
        except UNUSABLE as error:
            raise BadGeometry(f"{name}: feature {number} is unusable: {error!r}") from error
        if area.is_empty or not area.is_valid or not area.area > 0:
            raise BadGeometry(f"{name}: feature {number} is no simple polygon; run again")
        areas.append(shapely.force_2d(area))
    if any(not value > 0 for value in needed):
        raise BadInput(f"{name}: gsd_needed_mm_per_px must be > 0")
    return shapely.union_all(areas), min(needed, default=None)


def gaps_of_polygons(plan: FlightPlan, area: shapely.Geometry, *, count: int = SAMPLES) -> Gaps:
    """Mark the parts of a plan's surface that lie in an area (longitude, latitude) as unseen.

    Upright faces are met where the area reaches over their line.

    Raises:
        BadInput: when the plan has no surface, or no part of it lies in the area.
    """
    if not len(plan.surface_m):
        raise BadInput(f"plan {plan.name!r} has no surface, so nobody can say what is missing")
    samples = sample(plan.surface_m, count)
    lonlat = plan.frame.to_lonlat_h(samples.point_m)[:, :2]
    shapely.prepare(area)
    inside = shapely.intersects_xy(area, lonlat[:, 0], lonlat[:, 1])
    if not inside.any() and not area.is_empty:
        raise BadInput(
            "none of the gaps lies on the surface of this plan; is it the plan of this structure?"
        )
    good = np.where(inside, 0, plan.views).astype(np.int64)
    names = plan.surface_elements
    return Gaps(
        samples=samples,
        seen=good,
        good=good,
        best_gsd_m_per_px=np.where(inside, np.inf, plan.gsd_m_per_px),
        element=tuple(names[t] for t in samples.triangle) if names else ("",) * len(good),
        views=plan.views,
        missing=(),
    )


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        BadInput: when the file is missing, too large or none.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise BadInput(f"{path.name} is larger than {MAX_BYTES} bytes; is it the right file?")
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise BadInput(f"{path.name} cannot be read as JSON: {error}") from error
    if not isinstance(document, dict):
        raise BadInput(f"{path.name} holds no JSON object")
    return document
