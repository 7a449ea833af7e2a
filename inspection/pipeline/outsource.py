"""Outsource the mosaic of a survey to a NodeODM: photos there, an orthophoto back.

It comes without what the embedded engine knows: which photo each pixel came from, and how the
photos see the surface. So defects name no photo as evidence, and widths come from the masks; the
facts of the mosaic say so.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from inspection.domain.capture import Photo
from inspection.domain.mission import Surface, Survey
from inspection.domain.raster import Orthomosaic
from inspection.errors import BadInput
from inspection.geo.frames import LocalFrame
from inspection.geo.grid import PixelGrid
from inspection.imaging.adopt import adopt_orthophoto
from inspection.imaging.nodeodm import NodeOdm
from inspection.imaging.photofile import PhotoFile
from inspection.pipeline.mosaic import MOSAIC_FILE, SOURCES_FILE
from inspection.pipeline.ports import Progress
from inspection.store import keys

ENGINE = "nodeodm"

SCALE_UNCERTAINTY = 0.05
"""u_GSD ÷ GSD of a mosaic whose scale GPS alone gives, as the embedded engine takes without a
height to check against; more where the positions of the photos disagree by more."""

LIMITS = (
    "made by NodeODM: which photo each pixel came from is not known, so defects name no photo",
    "made by NodeODM: how the photos see the surface is not known, so widths come from the masks",
)


def outsource(
    *,
    survey: Survey,
    photos: Sequence[Photo],
    photo_paths: Mapping[str, PhotoFile],
    work_dir: Path,
    node: NodeOdm,
    progress: Progress,
) -> Orthomosaic:
    """Have ``orthomosaic.tif`` and ``sources.tif`` of a survey made elsewhere, into ``work_dir``.

    Asking again with the same photos and options finds the task that was begun.

    Raises:
        BadInput: when the survey is not of a kind that NodeODM makes, or the node gave up.
        Conflict: when the survey is somebody else's now; the node goes on.
        Unavailable: when the node cannot be reached, or refuses.
        Broken: when what it delivers is no orthophoto.
    """
    if survey.surface is not Surface.NADIR:
        raise BadInput(
            f"NodeODM makes mosaics of photos that look down, not of a {survey.surface.value}; use "
            "the embedded engine"
        )
    options = _options(survey)
    digest = _digest(photos, options)
    progress.start(ENGINE, 100)
    orthophoto, shots = node.make(
        digest,
        [photo_paths[photo.sha256] for photo in sorted(photos, key=lambda one: one.sha256)],
        options,
        into=work_dir,
        hear=_Steps(progress).hear,
    )
    out, sources = work_dir / MOSAIC_FILE, work_dir / SOURCES_FILE
    grid = adopt_orthophoto(orthophoto, out_tif=out, out_sources_tif=sources, crs=survey.map_crs)
    sha256, sources_sha256 = (_sha256(path) for path in (out, sources))
    used, ratio = _used(shots, photos, photo_paths)
    return Orthomosaic(
        survey_id=survey.survey_id,
        sha256=sha256,
        blob_key=keys.orthomosaic_key(sha256),
        sources_key=keys.sources_key(sources_sha256),
        source_photos=tuple(photo.sha256 for photo in used),
        grid=grid,
        gsd_uncertainty_ratio=max(SCALE_UNCERTAINTY, ratio),
        georeferenced=True,
        facts=_facts(digest, used, photos, grid),
    )


class _Steps:
    """Turn per cent that may go back into progress that does not."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._done = 0

    def hear(self, percent: float) -> None:
        """Hear how far the node is; also when nothing moved, so that a lost job is noticed."""
        reached = min(100, max(self._done, int(percent)))
        self._progress.advance(reached - self._done)
        self._done = reached


def _options(survey: Survey) -> dict[str, object]:
    """Say what ODM is to do: an orthophoto and nothing more."""
    gsd_cm = None if survey.gsd_m_per_px is None else survey.gsd_m_per_px * 100
    resolution = {} if gsd_cm is None else {"orthophoto-resolution": gsd_cm}
    return {"skip-3dmodel": True, **resolution}


def _digest(photos: Sequence[Photo], options: Mapping[str, object]) -> str:
    """Digest all that goes into a task."""
    named = {"photos": sorted(photo.sha256 for photo in photos), "options": dict(options)}
    return hashlib.sha256(json.dumps(named, sort_keys=True).encode()).hexdigest()


def _used(
    shots: Path | None, photos: Sequence[Photo], paths: Mapping[str, PhotoFile]
) -> tuple[list[Photo], float]:
    """Give the photos that the node could use, and how uncertain their places leave the scale.

    Without its report all photos count as used.
    """
    ordered = sorted(photos, key=lambda one: one.sha256)
    if shots is None:
        return ordered, 0.0
    features = json.loads(shots.read_text(encoding="utf-8")).get("features", [])
    places = {
        str(feature["properties"]["filename"]): feature["geometry"]["coordinates"][:2]
        for feature in features
    }
    used = [photo for photo in ordered if paths[photo.sha256].name in places]
    known = [(photo, places[paths[photo.sha256].name]) for photo in used if photo.pose is not None]
    return used, _scale_uncertainty(known)


def _scale_uncertainty(known: Sequence[tuple[Photo, Sequence[float]]]) -> float:
    """Give u_scale ÷ scale from how far the node's positions lie from those of the photos.

    The slope of one on the other has the uncertainty σ ÷ (spread · √n), by least squares.
    """
    if len(known) < 3:
        return 0.0
    stated = np.array([[p.pose.lon_deg, p.pose.lat_deg, 0.0] for p, _ in known if p.pose])
    found = np.array([[*place, 0.0] for _, place in known])
    centre = stated.mean(axis=0)
    frame = LocalFrame(lon_deg=float(centre[0]), lat_deg=float(centre[1]), height_ellipsoid_m=0.0)
    a, b = frame.to_enu_m(stated)[:, :2], frame.to_enu_m(found)[:, :2]
    off = (b - b.mean(axis=0)) - (a - a.mean(axis=0))
    spread = float(np.sqrt(((a - a.mean(axis=0)) ** 2).sum()))
    return float(np.sqrt((off**2).sum(axis=1).mean())) / max(spread, 1e-6)


def _facts(
    digest: str, used: Sequence[Photo], photos: Sequence[Photo], grid: PixelGrid
) -> dict[str, object]:
    """Give the report as plain values, in the shape of the embedded engine's."""
    kept = {photo.sha256 for photo in used}
    return {
        "registration": {
            "method": ENGINE,
            "task": digest[:12],
            "registered": len(used),
            "of": len(photos),
            "unregistered": sorted(photo.name for photo in photos if photo.sha256 not in kept),
            "warnings": list(LIMITS),
        },
        "mosaic": {
            "gsd_m_per_px": grid.gsd_m_per_px,
            "crs": grid.crs,
            "width_px": grid.width_px,
            "height_px": grid.height_px,
        },
    }


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
