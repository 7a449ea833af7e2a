"""Admit files as a survey: take them in, give the survey its identity, keep every photo.

The identity is made from the asset, the photos and the options, so the same photos are the same
survey, whenever and from wherever they come.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from inspection.domain.asset import Asset
from inspection.domain.capture import Photo
from inspection.domain.mission import Surface, Survey, survey_id_for
from inspection.errors import BadInput, NotFound
from inspection.pipeline.gauge import Gauge
from inspection.pipeline.ingest import Ingested, ingest
from inspection.pipeline.ledger import record
from inspection.pipeline.ports import BlobStore
from inspection.pipeline.tools import Tools
from inspection.store import assets, keys, photos, surveys
from inspection.store.engine import writing


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Say how photos become a mosaic.

    Attributes:
        surface: how the photos see the surface.
        gsd_m_per_px: nominal ground sample distance, needed when photos carry no position.
        map_crs: chosen CRS of the mosaic, None for the UTM zone of the photos.
        control_file: CSV of ground control points, None without.
    """

    surface: Surface = Surface.NADIR
    gsd_m_per_px: float | None = None
    map_crs: str | None = None
    control_file: Path | None = None

    def __post_init__(self) -> None:
        """Check that a strip says how large its pixels are."""
        if self.surface is Surface.STRIP and self.gsd_m_per_px is None:
            raise BadInput(
                "photos of a strip carry no scale: say how large a pixel is on the surface, "
                "for example --gsd-mm-per-px 2.3"
            )

    @property
    def gps_required(self) -> bool:
        """Tell whether photos without a position must be set aside."""
        return self.surface is not Surface.STRIP


def admit(files: Iterable[Path], *, asset: Asset, options: Options, tools: Tools) -> Survey:
    """Take files in and make, or find again, the survey of these photos.

    Raises:
        BadInput: when no usable photo is among the files.
        NotFound: when a path does not exist.
    """
    control = _read_control(options.control_file)
    with Gauge() as gauge:
        taken = ingest(files, gps_required=options.gps_required, progress=tools.progress)
        _demand_photos(taken)
        survey = _survey(taken, asset, options, control, tools)
        _keep(survey, taken, control, tools.blobs)
    with writing(tools.engine) as connection:
        assets.save(connection, asset)
        survey = surveys.save(connection, survey)
        photos.save(connection, survey.survey_id, taken.photos, taken.rejections)
        record(
            connection,
            tools.clock,
            survey.survey_id,
            step="ingest",
            inputs={"photos": [photo.sha256 for photo in taken.photos]},
            result={"accepted": len(taken.photos), "warnings": list(taken.warnings)},
            gauge=gauge,
        )
    return survey


def original_key(photo: Photo) -> str:
    """Name the blob of a photo's original file."""
    return keys.photo_key(photo.sha256, Path(photo.name).suffix)


def _read_control(path: Path | None) -> bytes:
    """Read the file of control points whole; empty without one."""
    if path is None:
        return b""
    try:
        return path.read_bytes()
    except OSError as error:
        raise NotFound(f"control points {path} cannot be read: {error.strerror}") from error


def _demand_photos(taken: Ingested) -> None:
    """Refuse a survey without any usable photo, saying what was wrong with the first files."""
    if taken.photos:
        return
    reasons = "; ".join(f"{r.file}: {r.reason.value}, {r.detail}" for r in taken.rejections[:3])
    raise BadInput(f"no usable photo among the files ({reasons or 'the folder holds no photo'})")


def _survey(
    taken: Ingested, asset: Asset, options: Options, control: bytes, tools: Tools
) -> Survey:
    """Describe the survey that these photos are."""
    canonical = json.dumps(
        {
            "surface": options.surface.value,
            "gsd_m_per_px": options.gsd_m_per_px,
            "map_crs": options.map_crs,
            "control": hashlib.sha256(control).hexdigest() if control else "",
        },
        sort_keys=True,
    )
    sha256s = (photo.sha256 for photo in taken.photos)
    return Survey(
        survey_id=survey_id_for(asset.asset_id, sha256s, canonical),
        asset_id=asset.asset_id,
        surface=options.surface,
        gsd_m_per_px=options.gsd_m_per_px,
        map_crs=options.map_crs,
        created_at=tools.clock.now(),
    )


def _keep(survey: Survey, taken: Ingested, control: bytes, blobs: BlobStore) -> None:
    """Put the originals into the blob store; a photo that is there already costs nothing."""
    for photo in taken.photos:
        blobs.put_file(original_key(photo), taken.paths[photo.sha256])
    if control:
        blobs.put_bytes(keys.control_key(survey.survey_id), control)
