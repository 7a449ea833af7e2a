"""Keep the widths along one crack as plain values; read them anew only when something changed."""

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import shapely

from inspection.domain.measurement import Quantity
from inspection.domain.widthcalibration import WidthCalibration
from inspection.errors import NotFound, Unavailable
from inspection.geo.chainage import Chainage
from inspection.imaging.evidence import open_sources
from inspection.pipeline.cracks import ground_scale
from inspection.pipeline.crackwidths import PhotoSight
from inspection.pipeline.dossier import Dossier
from inspection.pipeline.ports import BlobStore
from inspection.pipeline.profile import ProfilePoint, read_profile, span_m
from inspection.pipeline.widthfile import calibration_in, segments_in
from inspection.store import keys
from inspection.turns import Turns

FORMAT = 1

log = logging.getLogger("tenken.profile")

_reading = Turns("reading widths in the photos", waiting_most=6)
"""A photo is large: a process reads the widths of one crack at a time."""


def profile_digest(dossier: Dossier) -> str:
    """Digest everything that the profile of a crack depends on."""
    seen = dossier.seen
    axis = seen.axis_surface_m
    inputs = {
        "format": FORMAT,
        "observation": str(seen.observation_id),
        "axis": "" if axis is None else shapely.to_wkb(axis, hex=True),
        "width_mean_mm": seen.measurement.width_mean_mm,
        "mosaic": dossier.mosaic.sha256,
        "sources": dossier.mosaic.sources_key,
        "gsd_uncertainty_ratio": dossier.mosaic.gsd_uncertainty_ratio,
        "widths": dossier.widths_key,
        "views": dossier.views is not None,
    }
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()


def profile_of(dossier: Dossier, blobs: BlobStore) -> dict[str, Any]:
    """Give the widths along a crack as plain values: what was kept, else read in the photos now.

    A crack whose survey was measured by an earlier version has no points.

    Raises:
        NotFound: when the defect has no centre line, or a photo is no longer kept.
        BadPhoto: when a photo can no longer be decoded.
        Unavailable: when others are having widths read.
    """
    if dossier.seen.axis_surface_m is None:
        raise NotFound(
            f"defect {dossier.defect.defect_id} is an area: it has no centre line and no widths"
        )
    key = keys.profile_key(dossier.seen.observation_id, profile_digest(dossier))
    if (kept := _kept(blobs, key)) is not None:
        return kept
    with _reading.one():
        if (kept := _kept(blobs, key)) is not None:  # read by whom we waited for
            return kept
        kept_widths = _kept_widths(dossier, blobs)
        plain = _plain(dossier, kept_widths, _points(dossier, kept_widths, blobs))
        try:
            blobs.put_bytes(key, json.dumps(plain).encode())
        except Unavailable as error:  # a full disk does not keep an engineer from looking
            log.warning("%s", error)
    return plain


def _kept(blobs: BlobStore, key: str) -> dict[str, Any] | None:
    if not blobs.exists(key):
        return None
    kept: dict[str, Any] = json.loads(blobs.read_bytes(key))
    return kept


@dataclass(frozen=True, slots=True, kw_only=True)
class _KeptWidths:
    """Carry what the survey kept: half metres of this crack, and how the camera draws cracks."""

    segments: Sequence[Mapping[str, Any]]
    calibration: WidthCalibration | None


def _kept_widths(dossier: Dossier, blobs: BlobStore) -> _KeptWidths:
    if dossier.widths_key is None:
        return _KeptWidths(segments=(), calibration=None)
    text = blobs.read_bytes(dossier.widths_key).decode()
    return _KeptWidths(
        segments=segments_in(text, dossier.seen.observation_id), calibration=calibration_in(text)
    )


def _points(dossier: Dossier, kept: _KeptWidths, blobs: BlobStore) -> list[ProfilePoint]:
    """Read the photos, where it is known how."""
    if dossier.views is None or dossier.surface is None or kept.calibration is None:
        return []
    size_px = dossier.mosaic.grid.width_px, dossier.mosaic.grid.height_px
    with ExitStack() as stack:
        path = stack.enter_context(blobs.local_path(dossier.mosaic.sources_key))
        return read_profile(
            dossier.seen,
            mosaic=dossier.mosaic,
            sources=stack.enter_context(open_sources(path, size_px)),
            sight=PhotoSight(
                views=dossier.views, surface=dossier.surface, calibration=kept.calibration
            ),
            segments=kept.segments,
        )


def _plain(dossier: Dossier, kept: _KeptWidths, points: Sequence[ProfilePoint]) -> dict[str, Any]:
    chainage = chainage_of(dossier)
    bounds = chainage.bounds_m
    return {
        "observation_id": str(dossier.seen.observation_id),
        "length_m": round(chainage.length_m, 4),
        "pieces": [
            {"start_m": round(low, 4), "end_m": round(high, 4)} for low, high in pairwise(bounds)
        ],
        "points": [_point(point) for point in points],
        "segments": sorted(
            (_segment(chainage, segment) for segment in kept.segments),
            key=lambda segment: float(segment["start_m"]),
        ),
        "calibration": None if kept.calibration is None else kept.calibration.name,
    }


def chainage_of(dossier: Dossier) -> Chainage:
    """Count along the centre line of a crack."""
    x0, y0, x1, y1 = dossier.seen.box_px
    scale = ground_scale(dossier.mosaic.grid, ((x0 + x1) / 2, (y0 + y1) / 2))
    axis = dossier.seen.axis_surface_m
    return Chainage.of(shapely.Point() if axis is None else axis, scale.linear)


def _point(point: ProfilePoint) -> dict[str, Any]:
    """Give one place; a width below the limit has no number."""
    x_m, y_m = point.surface_m
    return {
        "piece": point.piece,
        "distance_m": round(point.distance_m, 4),
        "surface_m": [round(x_m, 4), round(y_m, 4)],
        "width_mm": None if point.width_mm is None else quantity_plain(point.width_mm),
        "method": None if point.method is None else point.method.value,
        "photo_sha256": point.photo_sha256,
        "photo_px": None if point.photo_px is None else np.round(point.photo_px, 2).tolist(),
        "incidence_deg": None if point.incidence_deg is None else round(point.incidence_deg, 1),
        "trusted": point.trusted,
    }


def quantity_plain(quantity: Quantity) -> dict[str, Any]:
    """Give a measured number as plain values."""
    rounded = replace(
        quantity,
        value=None if quantity.value is None else round(quantity.value, 4),
        expanded_uncertainty=(
            None
            if quantity.expanded_uncertainty is None
            else round(quantity.expanded_uncertainty, 4)
        ),
        limit=round(quantity.limit, 4),
    )
    return asdict(rounded)


def _segment(chainage: Chainage, segment: Mapping[str, Any]) -> dict[str, Any]:
    low, high = span_m(chainage, segment)
    return {
        "start_m": round(max(0.0, low), 4),
        "end_m": round(min(chainage.length_m, high), 4),
        "width_mm": {
            "value": segment["width_p95_mm"],
            "expanded_uncertainty": segment["expanded_uncertainty_mm"],
            "limit": segment["limit_mm"],
            "below_limit": segment["below_limit"],
            "refused": None,
        },
        "largest_mm": segment["width_max_mm"],
        "mean_mm": segment["width_mean_mm"],
        "points": segment["points"],
        "photos": segment["photos"],
    }
