"""Keep the widths along cracks as plain values, and show them on a map: ``widths.geojson``."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from inspection.codelists.widthcalibrations import width_calibration_of
from inspection.domain.widthcalibration import WidthCalibration
from inspection.export.geojson import LOCAL_NOTE
from inspection.geo.frames import WGS84_LONLAT, to_crs
from inspection.geo.grid import LOCAL_CRS
from inspection.pipeline.crackwidths import CrackReading, SegmentReading

FORMAT = 1


def widths_to_plain(
    readings: Mapping[uuid.UUID, CrackReading],
    crs: str,
    calibration: WidthCalibration | None = None,
) -> dict[str, Any]:
    """Give the readings of a mosaic as plain values, by observation.

    Args:
        readings: widths read in the photos.
        crs: of the mosaic.
        calibration: how the camera draws cracks, so that single places can be read again alike.
    """
    return {
        "format": FORMAT,
        "crs": crs,
        "calibration": None if calibration is None else asdict(calibration),
        "cracks": [
            {
                "observation_id": str(key),
                "points": dict(reading.points),
                "points_oblique": reading.oblique,
                "photo_gsd_mm_per_px": round(reading.gsd_mm_per_px, 5),
                "segments": [_segment(segment) for segment in reading.segments],
            }
            for key, reading in sorted(readings.items(), key=lambda item: str(item[0]))
        ],
    }


def _segment(segment: SegmentReading) -> dict[str, Any]:
    """Give one segment; widths below the limit are None."""
    width, limit_mm = segment.width_mm, segment.width_mm.limit

    def seen(value_mm: float) -> float | None:
        return round(value_mm, 4) if value_mm >= limit_mm else None

    return {
        "line_m": np.round(segment.line_m, 4).tolist(),
        "start_m": round(segment.widths.start_m, 4),
        "length_m": round(segment.widths.length_m, 4),
        "width_p95_mm": None if width.value is None else round(width.value, 4),
        "expanded_uncertainty_mm": (
            None if width.expanded_uncertainty is None else round(width.expanded_uncertainty, 4)
        ),
        "below_limit": width.below_limit,
        "limit_mm": round(limit_mm, 4),
        "width_max_mm": seen(segment.widths.largest_mm),
        "width_mean_mm": seen(segment.widths.mean_mm),
        "width_median_mm": seen(segment.widths.median_mm),
        "width_std_mm": round(segment.widths.std_mm, 4),
        "points": segment.widths.count,
        "photos": segment.photos,
        "photos_differ_by_mm": (
            None if segment.disagreement_mm is None else round(segment.disagreement_mm, 4)
        ),
    }


def calibration_in(text: str) -> WidthCalibration | None:
    """Find the calibration in the text of a file of widths; None in one of an earlier version.

    Raises:
        BadCodelist: when it is unusable.
    """
    plain = _value_after(text, '"calibration": ')
    return None if plain is None else width_calibration_of(plain, "of these widths")


def segments_in(text: str, observation_id: uuid.UUID) -> list[dict[str, Any]]:
    """Find the segments of one crack in the text of a file of widths; none when it has none.

    The file of a large survey has a hundred thousand cracks; only the one asked for is decoded.
    """
    name = f'"observation_id": "{observation_id}"'
    at = text.find(name)
    if at < 0:
        return []
    found: list[dict[str, Any]] = _value_after(text, '"segments": ', at) or []
    return found


def _value_after(text: str, name: str, start: int = 0) -> Any:  # noqa: ANN401 whatever JSON has
    """Decode the value that follows a name; None when the name does not come."""
    at = text.find(name, start)
    return None if at < 0 else json.JSONDecoder().raw_decode(text, at + len(name))[0]


def widths_to_geojson(
    plain: Mapping[str, Any], defects: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Give the segments as a GeoJSON FeatureCollection, one feature a segment.

    Lon/lat, or local metres when nothing ties the map to the earth.

    Args:
        plain: what ``widths_to_plain`` gave.
        defects: defect of each observation.
    """
    known = defects or {}
    crs = str(plain["crs"])
    features = []
    for crack in plain["cracks"]:
        for number, segment in enumerate(crack["segments"], start=1):
            line = np.array(segment["line_m"], dtype=np.float64)
            if crs != LOCAL_CRS:
                line = np.round(to_crs(line, crs, WGS84_LONLAT), 9)
            properties = {key: value for key, value in segment.items() if key != "line_m"}
            features.append(
                {
                    "type": "Feature",
                    "geometry": {"type": "LineString", "coordinates": line.tolist()},
                    "properties": {
                        "defect_id": known.get(crack["observation_id"]),
                        "observation_id": crack["observation_id"],
                        "segment": number,
                        **properties,
                        "photo_gsd_mm_per_px": crack["photo_gsd_mm_per_px"],
                    },
                }
            )
    collection: dict[str, Any] = {"type": "FeatureCollection", "features": features}
    if crs == LOCAL_CRS:
        collection |= {"tenken:crs": LOCAL_CRS, "tenken:note": LOCAL_NOTE}
    return collection
