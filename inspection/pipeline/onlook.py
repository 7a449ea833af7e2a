"""Say which photos of a survey see a defect, and where its centre line runs in each."""

import numpy as np

from inspection.errors import NotFound
from inspection.imaging.photosight import Look, PhotoSighting, in_photo, sightings
from inspection.pipeline.cracks import ground_scale
from inspection.pipeline.dossier import Dossier
from inspection.pipeline.profilefile import chainage_of

MOST_PLACES = 120
"""Places along a centre line that are shown in each photo."""


def photo_sightings(dossier: Dossier, sha256: str | None = None) -> list[PhotoSighting]:
    """List the photos that see a defect, the best first; none for a mosaic of an earlier version.

    Args:
        dossier: what is kept of the defect.
        sha256: look at this photo only.

    Raises:
        BadInput: when the mosaic has no scale at the place.
    """
    if dossier.views is None or dossier.surface is None:
        return []
    x0, y0, x1, y1 = dossier.seen.box_px
    scale = ground_scale(dossier.mosaic.grid, ((x0 + x1) / 2, (y0 + y1) / 2))
    look = Look(
        outline_m=dossier.seen.outline_surface_m,
        anchor_m=dossier.seen.anchor_surface_m,
        step_m=scale.gsd_map_m_per_px,
        ground_per_map=1.0 / scale.linear,
    )
    views = [view for view in dossier.views if sha256 in {None, view.sha256}]
    return sightings(look, views, dossier.surface)


def axis_in_photo(dossier: Dossier, sha256: str) -> list[tuple[float, float, float]]:
    """Give places (distance m, x px, y px) along the centre line that a photo shows.

    None at all for an area.

    Raises:
        NotFound: when the photo is not one of the mosaic.
    """
    if dossier.views is None or dossier.surface is None or dossier.seen.axis_surface_m is None:
        return []
    view = next((view for view in dossier.views if view.sha256 == sha256), None)
    if view is None:
        raise NotFound(f"the mosaic was not made of photo {sha256[:12]}…")
    chainage = chainage_of(dossier)
    distances, points = chainage.every(max(chainage.length_m / MOST_PLACES, 1e-3))
    seen = in_photo(view, np.asarray(points), dossier.surface)
    return [
        (float(distance), *pixel)
        for distance, pixel in zip(distances, seen, strict=True)
        if pixel is not None
    ]
