"""Open what a mosaic was painted from: which photo it shows where, and how the photos see it."""

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from inspection.domain.capture import Photo
from inspection.domain.raster import Orthomosaic
from inspection.domain.widthcalibration import WidthCalibration
from inspection.errors import BadInput, NotFound
from inspection.imaging import viewfile
from inspection.imaging.evidence import Sources, open_sources
from inspection.pipeline.crackwidths import PhotoSight
from inspection.pipeline.drawn import NoWidth, Paper
from inspection.pipeline.lending import lent_photos
from inspection.pipeline.ports import BlobStore
from inspection.store import keys


@contextmanager
def opened_paper(
    mosaic: Orthomosaic,
    *,
    blobs: BlobStore,
    photos: Sequence[Photo],
    widths: WidthCalibration,
) -> Iterator[Paper]:
    """Open a mosaic for drawing on it, with as much behind it as was kept.

    A photo is fetched when something is read in it: of thousands, those that show the place.

    Args:
        mosaic: the mosaic.
        blobs: where everything is kept.
        photos: of its survey.
        widths: how the camera draws cracks.
    """
    with ExitStack() as stack:
        sources = _sources(mosaic, blobs, stack)
        sight, blind = _sight(mosaic, blobs, photos, widths)
        yield Paper(mosaic=mosaic, sources=sources, sight=sight, blind=blind)


def _sources(mosaic: Orthomosaic, blobs: BlobStore, stack: ExitStack) -> Sources | None:
    """Open the raster of photo numbers; None when it was not kept."""
    size_px = mosaic.grid.width_px, mosaic.grid.height_px
    try:
        path = stack.enter_context(blobs.local_path(mosaic.sources_key))
    except NotFound:
        return None
    return stack.enter_context(open_sources(path, size_px))


def _sight(
    mosaic: Orthomosaic,
    blobs: BlobStore,
    photos: Sequence[Photo],
    widths: WidthCalibration,
) -> tuple[PhotoSight | None, NoWidth]:
    """Say how the photos see the surface, or why that is not known."""
    key = keys.views_key(mosaic.sha256)
    if not blobs.exists(key):
        return None, NoWidth.NO_VIEWS
    plain = json.loads(blobs.read_bytes(key))
    try:
        views, surface = viewfile.from_plain(plain, lent_photos(blobs, photos))
    except BadInput:  # the survey does not know one of the photos any more
        return None, NoWidth.PHOTO_MISSING
    return PhotoSight(views=views, surface=surface, calibration=widths), NoWidth.UNREADABLE
