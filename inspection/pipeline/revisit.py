"""Compare one damage with what earlier surveys of the asset show at the same place."""

import hashlib
import json
import logging
import math
import uuid
from contextlib import ExitStack
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import shapely
from sqlalchemy import Connection, Engine

from inspection.domain.defect import Observation
from inspection.domain.growth import Change, Difference, Growth, verdict
from inspection.domain.mission import Survey
from inspection.domain.raster import Orthomosaic
from inspection.errors import NotFound, Unavailable
from inspection.geo.grid import LOCAL_CRS
from inspection.imaging.cog import shown_share
from inspection.pipeline.dossier import Dossier
from inspection.pipeline.growth import CRACKS, Side, compare, cracks_of, growth_to_plain
from inspection.pipeline.ports import BlobStore, Silence
from inspection.store import keys, observations, orthomosaics, surveys
from inspection.store.engine import reading
from inspection.turns import Turns

SHOWN_SHARE = 0.5
"""A mosaic that shows this share of a damage shows its place."""

NEAR_M = 0.10
"""Earlier sightings whose outline is this near belong to the picture of the place."""

MOST_SURVEYS = 500

FORMAT = 1

log = logging.getLogger("tenken.revisit")

_comparing = Turns("comparing two surveys", waiting_most=3)
"""Two pieces of mosaics are large: a process compares one damage at a time."""


class Obstacle(StrEnum):
    """Say why an earlier survey cannot be laid beside this one."""

    NO_MOSAIC = "no_mosaic"
    LOCAL_FRAME = "local_frame"
    OTHER_CRS = "other_crs"
    NOT_SHOWN = "not_shown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """Carry one earlier survey of the asset.

    Attributes:
        survey: the survey.
        mosaic: its mosaic, None when there is none.
        obstacle: why the two cannot be laid over each other; None when they can.
        near: what it saw at the place, nearest first.
        own: the sighting among them that is the same defect, None when it did not see it.
    """

    survey: Survey
    mosaic: Orthomosaic | None
    obstacle: Obstacle | None
    near: tuple[Observation, ...] = ()
    own: Observation | None = None


def earlier_surveys(engine: Engine, blobs: BlobStore, dossier: Dossier) -> list[Earlier]:
    """List the surveys of the asset that were made before this one, newest first."""
    with reading(engine) as connection:
        own = surveys.by_id(connection, dossier.seen.survey_id)
        page = surveys.find(connection, asset_id=dossier.asset.asset_id, limit=MOST_SURVEYS)
        before = [s for s in page.rows if s.created_at < own.created_at]
        return [_earlier(connection, blobs, survey, dossier) for survey in before]


def earlier_survey(
    engine: Engine, blobs: BlobStore, dossier: Dossier, survey_id: uuid.UUID
) -> Earlier:
    """Give one earlier survey.

    Raises:
        NotFound: when the asset has no such earlier survey.
    """
    found = [e for e in earlier_surveys(engine, blobs, dossier) if e.survey.survey_id == survey_id]
    if not found:
        raise NotFound(
            f"survey {survey_id} is no earlier survey of asset {dossier.asset.asset_id!r}"
        )
    return found[0]


def _earlier(connection: Connection, blobs: BlobStore, survey: Survey, dossier: Dossier) -> Earlier:
    try:
        mosaic = orthomosaics.of_survey(connection, survey.survey_id)
    except NotFound:
        return Earlier(survey=survey, mosaic=None, obstacle=Obstacle.NO_MOSAIC)
    obstacle = _obstacle(blobs, mosaic, dossier)
    if obstacle is not None:
        return Earlier(survey=survey, mosaic=mosaic, obstacle=obstacle)
    outline = dossier.seen.outline_surface_m
    x0, y0, x1, y1 = outline.bounds
    found = observations.near(
        connection,
        survey.survey_id,
        mosaic.sha256,
        (x0 - NEAR_M, y0 - NEAR_M, x1 + NEAR_M, y1 + NEAR_M),
    )
    near = sorted(found, key=lambda seen: seen.outline_surface_m.distance(outline))
    own = [seen for seen in near if seen.observation_id in dossier.defect.observation_ids]
    return Earlier(
        survey=survey,
        mosaic=mosaic,
        obstacle=None,
        near=tuple(near),
        own=own[0] if own else None,
    )


def _obstacle(blobs: BlobStore, mosaic: Orthomosaic, dossier: Dossier) -> Obstacle | None:
    """Say why a mosaic cannot be laid over the one on which the damage was seen."""
    now = dossier.mosaic
    if LOCAL_CRS in (mosaic.grid.crs, now.grid.crs):
        return Obstacle.LOCAL_FRAME  # two local frames have nothing in common
    if mosaic.grid.crs != now.grid.crs:
        return Obstacle.OTHER_CRS
    outline = dossier.seen.outline_surface_m
    points = shapely.get_coordinates(shapely.segmentize(outline, max(outline.length / 200, 0.01)))
    with blobs.local_path(mosaic.blob_key) as path:
        return None if shown_share(path, points) >= SHOWN_SHARE else Obstacle.NOT_SHOWN


def growth_since(
    engine: Engine, blobs: BlobStore, dossier: Dossier, earlier: Earlier
) -> dict[str, Any]:
    """Say what became of the damage since an earlier survey, as plain values; kept once made.

    A crack is compared on both mosaics at once (decision 19), with all that belongs to it: one
    survey may show in pieces what the other shows whole. An area is compared by its size.

    Raises:
        Broken: when a mosaic cannot be read.
        Unavailable: when others are having surveys compared.
    """
    after = _beside(engine, dossier)
    key = keys.comparison_key(dossier.seen.observation_id, _digest(dossier, earlier, after))
    if (kept := _kept(blobs, key)) is not None:
        return kept
    with _comparing.one():
        if (kept := _kept(blobs, key)) is not None:  # made by whom we waited for
            return kept
        return _compared(blobs, dossier, earlier, after, key)


def _compared(
    blobs: BlobStore, dossier: Dossier, earlier: Earlier, after: tuple[Observation, ...], key: str
) -> dict[str, Any]:
    growth = _growth(blobs, dossier, earlier, after)
    plain: dict[str, Any] = growth_to_plain([growth])["cracks"][0]
    plain["area_change_m2"] = _area_change(dossier.seen, earlier.own)
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


def _beside(engine: Engine, dossier: Dossier) -> tuple[Observation, ...]:
    """List what this survey saw at the place, the damage itself among it."""
    seen = dossier.seen
    x0, y0, x1, y1 = seen.outline_surface_m.bounds
    box = (x0 - NEAR_M, y0 - NEAR_M, x1 + NEAR_M, y1 + NEAR_M)
    with reading(engine) as connection:
        found = observations.near(connection, seen.survey_id, seen.mosaic_sha256, box)
    others = [o for o in found if o.observation_id != seen.observation_id]
    return (seen, *others)


def _digest(dossier: Dossier, earlier: Earlier, after: tuple[Observation, ...]) -> str:
    assert earlier.mosaic is not None
    inputs = [
        FORMAT,
        dossier.mosaic.sha256,
        earlier.mosaic.sha256,
        [_named(seen) for seen in after],
        [_named(seen) for seen in earlier.near],
        None if earlier.own is None else str(earlier.own.observation_id),
    ]
    return hashlib.sha256(json.dumps(inputs).encode()).hexdigest()


def _named(seen: Observation) -> list[str]:
    axis = seen.axis_surface_m
    return [
        str(seen.observation_id),
        seen.damage_class.value,
        shapely.to_wkb(seen.outline_surface_m, hex=True),
        "" if axis is None else shapely.to_wkb(axis, hex=True),
        repr(seen.measurement),
    ]


def _growth(
    blobs: BlobStore, dossier: Dossier, earlier: Earlier, after: tuple[Observation, ...]
) -> Growth:
    """Compare one crack; an area is the same, new, or of another size."""
    assert earlier.mosaic is not None
    seen = dossier.seen
    key = str(seen.observation_id)
    if seen.damage_class not in CRACKS or seen.axis_surface_m is None:
        return _area_growth(seen, earlier.own)
    with ExitStack() as stack:
        sides = [
            Side(
                mosaic=stack.enter_context(blobs.local_path(mosaic.blob_key)),
                cracks=cracks_of(cracks),
            )
            for mosaic, cracks in ((earlier.mosaic, earlier.near), (dossier.mosaic, after))
        ]
        found = compare(sides[0], sides[1], Silence())
    return next(growth for growth in found if key in growth.after)


def _area_growth(seen: Observation, own: Observation | None) -> Growth:
    after = (str(seen.observation_id),)
    if own is None:
        return Growth(change=Change.NEW, before=(), after=after)
    difference = _area_difference(seen, own)
    return Growth(change=verdict(None, difference), before=(str(own.observation_id),), after=after)


def _area_difference(seen: Observation, own: Observation) -> Difference:
    now, then = seen.measurement.area_m2, own.measurement.area_m2
    return Difference(
        value=(now.value or 0.0) - (then.value or 0.0),
        expanded_uncertainty=math.hypot(
            now.expanded_uncertainty or 0.0, then.expanded_uncertainty or 0.0
        ),
    )


def _area_change(seen: Observation, own: Observation | None) -> dict[str, Any] | None:
    if own is None:
        return None
    difference = _area_difference(seen, own)
    return {
        "value": round(difference.value, 6),
        "expanded_uncertainty": round(difference.expanded_uncertainty, 6),
        "significant": difference.significant,
    }
