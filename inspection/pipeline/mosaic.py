"""Make the mosaic of a survey: register the photos, then paint what they see on one grid."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from inspection.domain.capture import Photo
from inspection.domain.mission import Surface, Survey
from inspection.domain.raster import Orthomosaic
from inspection.errors import BadInput
from inspection.geo.frames import utm_crs
from inspection.geo.grid import PixelGrid
from inspection.imaging import planar, viewfile
from inspection.imaging.canvas import write_mosaic
from inspection.imaging.control import read_marks
from inspection.imaging.ortho import View, frame_grid
from inspection.imaging.photofile import PhotoFile
from inspection.imaging.registration import NadirBlock, register
from inspection.imaging.registration_check import gsd_uncertainty_ratio
from inspection.imaging.surface import FlatSurface, GroundSurface
from inspection.imaging.surface import Surface as SeenSurface
from inspection.pipeline.ports import Progress

BLURRED_HANDICAP_PX = 1500.0
"""A blurred photo shows only what no sharp one shows within so many pixels of its centre."""

MOSAIC_FILE = "orthomosaic.tif"
VIEWS_FILE = "views.json"
SOURCES_FILE = "sources.tif"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prepared:
    """Carry registered photos, ready to be painted.

    Attributes:
        views: what each registered photo sees, in the order that ``sources.tif`` counts.
        surface: what they look at.
        grid: what to paint.
        gsd_uncertainty_ratio: u_GSD ÷ GSD.
        georeferenced: whether the grid lies on the earth.
        facts: the registration report.
    """

    views: Sequence[View]
    surface: SeenSurface
    grid: PixelGrid
    gsd_uncertainty_ratio: float
    georeferenced: bool
    facts: dict[str, object]


def mosaic(
    *,
    survey: Survey,
    photos: Sequence[Photo],
    photo_paths: Mapping[str, PhotoFile],
    work_dir: Path,
    gcp_file: Path | None = None,
    progress: Progress,
) -> Orthomosaic:
    """Make ``orthomosaic.tif``, ``sources.tif`` and ``views.json`` of a survey in ``work_dir``.

    The same photos give the same bytes, in any order of a nadir block.

    Args:
        survey: says what surface the photos see, which CRS and which ground sample distance.
        photos: the usable photos of the survey.
        photo_paths: file by sha256.
        work_dir: a folder for the three files and what is needed on the way.
        gcp_file: control points, or None.
        progress: hears how far it has come.

    Returns:
        The mosaic with the keys under which the two files are to be kept.

    Raises:
        NotRegistered: when too few photos could be tied together.
        BadInput: when the surface is not supported or an option is missing.
        BadPhoto: when a photo can no longer be decoded.
        Unavailable: when the disk is full.
    """
    work_dir.mkdir(parents=True, exist_ok=True)
    prepared = _prepare(
        survey,
        photos,
        photo_paths,
        work_dir=work_dir,
        gcp_file=gcp_file,
        teller=_Teller(progress),
    )
    out, sources = work_dir / MOSAIC_FILE, work_dir / SOURCES_FILE
    write_mosaic(
        prepared.views,
        prepared.grid,
        prepared.surface,
        out_tif=out,
        out_sources_tif=sources,
        on_window=_Teller(progress).window,
    )
    kept = viewfile.to_plain(prepared.views, prepared.surface)
    (work_dir / VIEWS_FILE).write_text(json.dumps(kept), encoding="utf-8")
    sha256, sources_sha256 = _digest(out), _digest(sources)
    return Orthomosaic(
        survey_id=survey.survey_id,
        sha256=sha256,
        blob_key=f"orthomosaics/{sha256}.tif",
        sources_key=f"sources/{sources_sha256}.tif",
        source_photos=tuple(view.sha256 for view in prepared.views),
        grid=prepared.grid,
        gsd_uncertainty_ratio=prepared.gsd_uncertainty_ratio,
        georeferenced=prepared.georeferenced,
        facts={"registration": prepared.facts, "mosaic": _grid_facts(prepared.grid)},
    )


class _Teller:
    """Turn (step, done, total) into progress."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._step = ""

    def step(self, step: str, done: int, total: int) -> None:
        """Hear that ``done`` of ``total`` units of a step are finished."""
        if step != self._step:
            self._step = step
            self._progress.start(step, total)
        if done:
            self._progress.advance()

    def window(self, done: int, total: int) -> None:
        """Hear that windows are painted."""
        self.step("paint mosaic", done, total)

    def tie(self, done: int, total: int) -> None:
        """Hear that photos are compared."""
        self.step("compare photos", done, total)


def _prepare(
    survey: Survey,
    photos: Sequence[Photo],
    paths: Mapping[str, PhotoFile],
    *,
    work_dir: Path,
    gcp_file: Path | None,
    teller: _Teller,
) -> _Prepared:
    """Choose the road by the surface that the photos see."""
    if survey.surface is Surface.STRIP:
        return _prepare_strip(survey, photos, paths, gcp_file, teller)
    if survey.surface is not Surface.NADIR:
        raise BadInput(
            f"mosaics of a {survey.surface.value} are not supported yet; use the surface 'strip' "
            "for square-on photos of one plane, or 'nadir' for photos that look down"
        )
    marks = () if gcp_file is None else read_marks(gcp_file)
    block = register(photos, paths, work_dir=work_dir, marks=marks, on_step=teller.step)
    return _prepare_nadir(survey, block, photos, paths)


def _prepare_nadir(
    survey: Survey, block: NadirBlock, photos: Sequence[Photo], paths: Mapping[str, PhotoFile]
) -> _Prepared:
    """Lay the map grid over a registered block at the native resolution of its photos."""
    registration = block.registration
    views = [
        View(
            sha256=photo.sha256,
            path=paths[photo.sha256],
            width_px=photo.width_px,
            height_px=photo.height_px,
            camera=registration.cameras[photo.sha256],
            pose=registration.poses[photo.sha256],
            handicap_px=_handicap_px(photo),
        )
        for photo in sorted(photos, key=lambda photo: photo.sha256)
        if photo.sha256 in registration.poses
    ]
    crs = survey.map_crs or utm_crs(block.frame.lon_deg, block.frame.lat_deg)
    surface = GroundSurface(frame=block.frame, map_crs=crs, field=block.checked.field)
    gsd = survey.gsd_m_per_px or native_gsd_m_per_px(block)
    return _Prepared(
        views=views,
        surface=surface,
        grid=frame_grid(views, surface, gsd_m_per_px=gsd, crs=crs),
        gsd_uncertainty_ratio=gsd_uncertainty_ratio(
            block.checked, block.focal_source, held=block.held is not None
        ),
        georeferenced=True,
        facts=_nadir_facts(block, len(photos)),
    )


def _prepare_strip(
    survey: Survey,
    photos: Sequence[Photo],
    paths: Mapping[str, PhotoFile],
    gcp_file: Path | None,
    teller: _Teller,
) -> _Prepared:
    """Lay a metric grid over photos of one plane."""
    if survey.gsd_m_per_px is None:
        raise BadInput(
            "a strip has no positions to tell its scale; say the ground sample distance "
            "(--gsd-mm-per-px), for instance pixel pitch × distance ÷ focal length"
        )
    strip = planar.register_strip(
        photos, paths, gsd_m_per_px=survey.gsd_m_per_px, gcp_file=gcp_file, on_step=teller.tie
    )
    views, surface = planar.views_of(strip, photos, paths), FlatSurface()
    grid = frame_grid(views, surface, gsd_m_per_px=strip.gsd_m_per_px, crs=strip.crs)
    return _Prepared(
        views=views,
        surface=surface,
        grid=grid,
        gsd_uncertainty_ratio=strip.gsd_uncertainty_ratio,
        georeferenced=strip.georeferenced,
        facts={"registered": len(views), "of": len(photos), **planar.facts_of(strip)},
    )


def native_gsd_m_per_px(block: NadirBlock) -> float:
    """Give the median ground sample distance of the photos straight below them, m per pixel."""
    registration, field = block.registration, block.checked.field
    return float(
        np.median(
            [
                registration.cameras[name].gsd_m_per_px(
                    float(pose.centre_world_m[2] - field.height_m(pose.centre_world_m[None, :2])[0])
                )
                for name, pose in registration.poses.items()
            ]
        )
    )


def _handicap_px(photo: Photo) -> float:
    """Prefer sharp photos."""
    blurred = photo.quality is not None and photo.quality.is_blurred
    return BLURRED_HANDICAP_PX if blurred else 0.0


def _nadir_facts(block: NadirBlock, of: int) -> dict[str, object]:
    """Give the registration of a nadir block as plain values."""
    registration, checked = block.registration, block.checked
    focal = [camera.focal_px for camera in registration.cameras.values()]
    return {
        "method": registration.method,
        "registered": len(registration.poses),
        "of": of,
        "height_ratio": registration.height_ratio,
        "height_reconstructed_m": checked.height_m,
        "height_metadata_m": checked.height_stated_m,
        "camera_gps_rms_horizontal_m": checked.rms_horizontal_m,
        "camera_gps_rms_vertical_m": checked.rms_vertical_m,
        "reprojection_px": registration.reprojection_px,
        "focal_source": block.focal_source,
        "focal_px_prior": block.focal_prior_px,
        "focal_px_used": float(np.median(focal)),
        "scale_uncertainty_ratio": checked.scale_uncertainty_ratio,
        "sparse_points": len(block.points_enu_m),
        "control": None if block.held is None else block.held.facts,
        "residuals": [
            {"photo": r.photo, "east_m": r.east_m, "north_m": r.north_m, "up_m": r.up_m}
            for r in registration.residuals
        ],
        "unregistered": list(registration.unregistered),
        "warnings": list(registration.warnings),
    }


def _grid_facts(grid: PixelGrid) -> dict[str, object]:
    """Give the grid as plain values."""
    return {
        "gsd_m_per_px": grid.gsd_m_per_px,
        "crs": grid.crs,
        "width_px": grid.width_px,
        "height_px": grid.height_px,
    }


def _digest(path: Path) -> str:
    """Give the sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
