"""Gather what is kept of one defect as one survey saw it: sighting, mosaic, photos, widths."""

import json
import uuid
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine

from inspection.domain.asset import Asset
from inspection.domain.capture import Photo
from inspection.domain.defect import Defect, Observation
from inspection.domain.raster import Orthomosaic
from inspection.errors import NotFound
from inspection.imaging import viewfile
from inspection.imaging.ortho import View
from inspection.imaging.photofile import LentPhoto
from inspection.imaging.surface import Surface
from inspection.pipeline.admit import original_key
from inspection.pipeline.ports import BlobStore
from inspection.store import assets, defects, keys, orthomosaics, photos, reviewqueue, steps
from inspection.store.engine import reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """Carry what is kept of one defect as one survey saw it.

    Attributes:
        defect: the defect.
        asset: the asset that has it.
        seen: the sighting of that survey.
        mosaic: on which it was seen.
        photos: the photos of the survey, by sha256.
        views: how photos see the surface, in the order of ``sources.tif``; each file is lent when
            it is read. None for a mosaic of an earlier version.
        surface: what they look at; None likewise.
        widths_key: blob of the widths that the survey kept; None when it has measured none.
    """

    defect: Defect
    asset: Asset
    seen: Observation
    mosaic: Orthomosaic
    photos: Mapping[str, Photo]
    views: tuple[View, ...] | None
    surface: Surface | None
    widths_key: str | None


def open_dossier(
    engine: Engine, blobs: BlobStore, defect_id: uuid.UUID, survey_id: uuid.UUID | None = None
) -> Dossier:
    """Gather what is kept of a defect.

    Args:
        engine: the database.
        blobs: the files.
        defect_id: the defect.
        survey_id: whose sighting; None takes the latest.

    Raises:
        NotFound: when there is no such defect, or the survey has not seen it.
    """
    with reading(engine) as connection:
        defect = defects.by_id(connection, defect_id)
        seen = sighting_of(connection, defect, survey_id)
        mosaic = orthomosaics.of(connection, seen.survey_id, seen.mosaic_sha256)
        taken = {
            photo.sha256: photo
            for photo in photos.of_survey(connection, seen.survey_id, left_out=None)
        }
        widths_key = _widths_key(connection, seen.survey_id)
        asset = assets.by_id(connection, defect.asset_id)
    views, surface = _views(blobs, mosaic, taken)
    return Dossier(
        defect=defect,
        asset=asset,
        seen=seen,
        mosaic=mosaic,
        photos=taken,
        views=views,
        surface=surface,
        widths_key=widths_key,
    )


def sighting_of(connection: Connection, defect: Defect, survey_id: uuid.UUID | None) -> Observation:
    """Give what a survey shows of a defect: the sighting that stood in it, a drawing before others.

    Raises:
        NotFound: when it has not seen it.
    """
    if survey_id in (None, defect.latest.survey_id):
        return defect.latest
    assert survey_id is not None
    shown = reviewqueue.sightings(connection, survey_id, [defect.defect_id])
    if defect.defect_id not in shown:
        raise NotFound(f"survey {survey_id} has not seen defect {defect.defect_id}")
    return shown[defect.defect_id]


def with_photo(dossier: Dossier, sha256: str, blobs: BlobStore) -> AbstractContextManager[Path]:
    """Give the file of one photo, to be read only, for as long as the context lasts.

    Raises:
        NotFound: when the photo is no longer kept.
    """
    return blobs.local_path(original_key(_photo(dossier.photos, sha256)))


def _photo(taken: Mapping[str, Photo], sha256: str) -> Photo:
    if sha256 not in taken:
        raise NotFound(f"the survey has no photo {sha256[:12]}… any more")
    return taken[sha256]


def _views(
    blobs: BlobStore, mosaic: Orthomosaic, taken: Mapping[str, Photo]
) -> tuple[tuple[View, ...] | None, Surface | None]:
    """Read how the photos see the surface; nothing for a mosaic of an earlier version."""
    key = keys.views_key(mosaic.sha256)
    if not blobs.exists(key):
        return None, None
    plain = json.loads(blobs.read_bytes(key))
    named = [str(view["sha256"]) for view in plain["views"]]
    views, surface = viewfile.from_plain(plain, {s: _file(blobs, taken, s) for s in named})
    return tuple(views), surface


def _file(blobs: BlobStore, taken: Mapping[str, Photo], sha256: str) -> LentPhoto:
    """Name a photo by what the mosaic says of it; that it is gone is told to who reads it."""
    return LentPhoto(
        name=sha256, lend=lambda: blobs.local_path(original_key(_photo(taken, sha256)))
    )


def _widths_key(connection: Connection, survey_id: uuid.UUID) -> str | None:
    """Find the widths that the newest measuring of a survey kept."""
    kept = [
        step.result.get("widths_key")
        for step in steps.of_survey(connection, survey_id)
        if step.step == "measure"
    ]
    return str(kept[-1]) if kept and kept[-1] is not None else None
