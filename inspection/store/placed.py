"""Read defects as a map shows them: the columns of many rows, and no object for each.

A page of a map is a thousand defects for which somebody waits. What a program decides by is read by
``defects``; the two say the same, and a test holds them together.
"""

import json
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, Text, cast

from inspection.domain.defect import ReviewState
from inspection.domain.taxonomy import DamageClass
from inspection.errors import NotFound
from inspection.store import surveys
from inspection.store import tables as t
from inspection.store.columns import ToWkb
from inspection.store.page import check_window
from inspection.store.rows import choice
from inspection.store.search import Search, beside_latest, total, window

LonLat = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Carry n defects, column by column, in the order of their arrival.

    Attributes:
        defect_ids: the defects.
        survey_ids: the surveys of their latest sightings.
        asset_ids: whose damage they are.
        classes: codes of the machine's classes.
        classes_reviewed: codes of people's classes, None where nobody has decided one.
        states: codes of what people have decided.
        versions: how many changes.
        confidences: of the detector, 0–1.
        model_ids: what saw them.
        measurements: numbers, plain, as ``observations.measurement_to_plain`` writes them.
        outlines_surface_m: (n,) polygon(s) in the frame of the mosaic.
        surface_crs: those frames.
        anchors_lonlat: a point on each, degrees; None where it is not georeferenced.
        surveyed_at: when their surveys were made.
        changed_at: when they changed last, by machine or by a person.
    """

    defect_ids: Sequence[uuid.UUID]
    survey_ids: Sequence[uuid.UUID]
    asset_ids: Sequence[str]
    classes: Sequence[str]
    classes_reviewed: Sequence[str | None]
    states: Sequence[str]
    versions: Sequence[int]
    confidences: Sequence[float]
    model_ids: Sequence[str]
    measurements: Sequence[dict[str, Any]]
    outlines_surface_m: NDArray[np.object_]
    surface_crs: Sequence[str]
    anchors_lonlat: Sequence[LonLat | None]
    surveyed_at: Sequence[datetime]
    changed_at: Sequence[datetime]

    def __len__(self) -> int:
        """Count the defects."""
        return len(self.defect_ids)


def find(
    connection: Connection, wanted: Search, *, limit: int = 100, offset: int = 0
) -> tuple[Placed, int]:
    """Read one page of the defects that are meant; give it, and how many there are on all pages.

    Args:
        connection: an open transaction.
        wanted: which defects.
        limit: most rows of the page, 1–10000.
        offset: rows to leave out before the page.

    Raises:
        BadInput: when a box, the limit, the offset or a time is unusable.
    """
    check_window(limit, offset)
    conditions = wanted.conditions(connection.dialect.name)
    found = _read(connection, conditions, limit=limit, offset=offset)
    counted = total(connection, conditions, shown=len(found), limit=limit, offset=offset)
    return found, counted


def by_id(connection: Connection, defect_id: uuid.UUID) -> Placed:
    """Read one defect, superseded or not.

    Raises:
        NotFound: when there is no such defect.
    """
    found = _read(connection, [t.defects.c.defect_id == defect_id], limit=1)
    if not len(found):
        raise NotFound(f"there is no defect {defect_id}")
    return found


def _read(
    connection: Connection,
    conditions: Sequence[ColumnElement[bool]],
    *,
    limit: int,
    offset: int = 0,
) -> Placed:
    c, seen = t.defects.c, t.observations.c
    query = beside_latest(
        c.defect_id,
        seen.survey_id,
        c.asset_id,
        c.damage_class,
        c.damage_class_reviewed,
        c.state,
        c.version,
        seen.confidence,
        seen.model_id,
        # text, so that all are parsed at once
        cast(seen.measurement, Text),
        seen.outline_surface,
        seen.surface_crs,
        ToWkb(seen.anchor_lonlat),
        c.updated_at,
    )
    rows = connection.execute(window(query, conditions, limit, offset)).all()
    columns: list[tuple[Any, ...]] = list(zip(*rows, strict=True)) or [()] * 14
    (
        defect_ids, survey_ids, asset_ids, classes, reviewed, states, versions, confidences,
        model_ids, measurements, outlines, crs, anchors, changed_at,
    ) = columns  # fmt: skip
    _check(DamageClass, {*classes, *reviewed} - {None})
    _check(ReviewState, states)
    visited = {survey_id.int: survey_id for survey_id in survey_ids}  # a UUID is slow to look up
    known = surveys.moments_of(connection, list(visited.values()))
    moments = {survey_id.int: moment for survey_id, moment in known.items()}
    return Placed(
        defect_ids=defect_ids,
        survey_ids=survey_ids,
        asset_ids=asset_ids,
        classes=classes,
        classes_reviewed=reviewed,
        states=states,
        versions=versions,
        confidences=confidences,
        model_ids=model_ids,
        measurements=json.loads(f"[{','.join(measurements)}]"),
        outlines_surface_m=shapely.from_wkb(np.array(outlines, dtype=np.object_)),
        surface_crs=crs,
        anchors_lonlat=_positions(anchors),
        surveyed_at=[moments[survey_id.int] for survey_id in survey_ids],
        changed_at=changed_at,
    )


def _check(kind: type[StrEnum], stored: Iterable[str]) -> None:
    """Check that this program knows the codes that the database holds."""
    for code in set(stored):
        choice(kind, code)


def _positions(wkbs: Sequence[bytes | None]) -> list[LonLat | None]:
    """Read points; None stays None."""
    points = shapely.from_wkb(np.array(wkbs, dtype=np.object_))
    xs, ys = shapely.get_x(points).tolist(), shapely.get_y(points).tolist()
    return [None if wkb is None else (x, y) for wkb, x, y in zip(wkbs, xs, ys, strict=True)]
