"""Keep defects: one damage through all surveys, found by place, class, state and time.

Machine and human values live in different columns. ``save`` writes the machine's; the state, the
reviewed class and the version belong to ``reviews`` and ``edits`` and are never written here.
"""

import uuid
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import ColumnElement, Connection, Row, delete, func, select, update

from inspection.domain.defect import Defect, ReviewState
from inspection.domain.taxonomy import DamageClass
from inspection.errors import Conflict, NotFound
from inspection.store import observations, reviewqueue, spatial
from inspection.store import tables as t
from inspection.store.page import Page, check_window
from inspection.store.queue_tables import survey_defects
from inspection.store.rows import add_missing, choice
from inspection.store.search import Search, beside_latest, total, window

CHUNK = 500
"""Identifiers asked for in one statement, far below the limits of both engines."""


def save(
    connection: Connection,
    found: Iterable[Defect],
    *,
    now: datetime,
    released: Sequence[uuid.UUID] = (),
) -> None:
    """Add defects and their latest observations, or renew the machine values of known ones.

    What people decided stays as it is. Earlier observations must have been saved before
    (``observations.save``); observations once tied to a defect stay tied to it.

    Args:
        connection: an open writing transaction.
        found: the defects.
        now: the present moment.
        released: observations that leave their defect, which is among those found, for another.

    Raises:
        Conflict: when a defect belongs to another asset, when an observation belongs to another
            defect or was never saved, or when a new defect claims to have been reviewed.
    """
    batch = {defect.defect_id: defect for defect in found}
    # defects first, as everybody who decides: rows of the queue follow from both, and whoever took
    # them by a sighting and then waited for the defect would be waited for (a deadlock)
    known = _machine_values(connection, batch)
    untie(connection, released)
    observations.save(connection, (defect.latest for defect in batch.values()))
    added = [_new_row(d, now) for key, d in batch.items() if key not in known]
    add_missing(connection, t.defects, added)
    for key, row in known.items():
        _renew(connection, batch[key], row, now)
    _tie(connection, batch.values())


def by_id(connection: Connection, defect_id: uuid.UUID) -> Defect:
    """Read one defect.

    Raises:
        NotFound: when there is no such defect.
    """
    rows = _load(connection, [t.defects.c.defect_id == defect_id])
    if not rows:
        raise NotFound(f"there is no defect {defect_id}")
    return rows[0]


def known(connection: Connection, asset_id: str) -> tuple[Defect, ...]:
    """List every defect of an asset in the order of arrival, rejected and superseded ones too."""
    return _load(connection, [t.defects.c.asset_id == asset_id])


def standing(connection: Connection, asset_id: str) -> tuple[Defect, ...]:
    """List the defects of an asset in the order of arrival, without superseded ones."""
    wanted = Search(asset_id=asset_id)
    return _load(connection, wanted.conditions(connection.dialect.name))


def around(
    connection: Connection, defect: Defect, classes: Collection[DamageClass], *, reach_m: float
) -> tuple[Defect, ...]:
    """List the defects near another one: open, known by the same mosaic, of some classes.

    Args:
        connection: an open transaction.
        defect: the defect; it is in the answer itself when its class is asked for.
        classes: the classes that count; a reviewed class outranks the machine's.
        reach_m: how far from the box of the defect their boxes may be, on the surface.
    """
    near = _in_reach(connection, defect, reach_m)
    return _load(connection, [*_open_beside(defect, classes), near])


def crack_axes(
    connection: Connection, defect: Defect, *, reach_m: float
) -> dict[uuid.UUID, BaseGeometry]:
    """Give the centre lines of the open cracks near a defect, on its mosaic, by defect.

    There may be thousands, and a spacing needs no more of them.

    Args:
        connection: an open transaction.
        defect: the defect; it is in the answer itself when it is such a crack.
        reach_m: how far from the box of the defect their boxes may be, on the surface.
    """
    axis = t.observations.c.axis_surface
    query = beside_latest(t.defects.c.defect_id, axis).where(
        *_open_beside(defect, [DamageClass.CRACK]),
        axis.is_not(None),
        _in_reach(connection, defect, reach_m),
    )
    rows = connection.execute(query).all()
    lines = shapely.from_wkb(np.array([wkb for _, wkb in rows], dtype=np.object_))
    return {defect_id: line for (defect_id, _), line in zip(rows, lines, strict=True)}


def first_crack_m(connection: Connection, defect: Defect) -> tuple[float, float] | None:
    """Say where the first open crack with an axis lies on the mosaic of a defect, by identifier."""
    seen, c = t.observations.c, survey_defects.c
    query = (
        select(seen.anchor_x_m, seen.anchor_y_m)
        .join_from(survey_defects, t.defects, t.defects.c.defect_id == c.defect_id)
        .join(t.observations, seen.observation_id == t.defects.c.latest_observation_id)
        .where(
            c.survey_id == defect.latest.survey_id,
            *_open_beside(defect, [DamageClass.CRACK]),
            seen.axis_surface.is_not(None),
        )
        .order_by(c.defect_id)
        .limit(1)
    )
    found = connection.execute(query).one_or_none()
    return None if found is None else (found.anchor_x_m, found.anchor_y_m)


def _in_reach(connection: Connection, defect: Defect, reach_m: float) -> ColumnElement[bool]:
    """Build the condition that a defect's box is near that of another one, on one mosaic."""
    seen = defect.latest
    number, _ = reviewqueue.numbered(connection, seen.survey_id)
    x0, y0, x1, y1 = seen.outline_surface_m.bounds
    box = (x0 - reach_m, y0 - reach_m, x1 + reach_m, y1 + reach_m)
    near = select(survey_defects.c.defect_id).where(
        survey_defects.c.survey_id == seen.survey_id,
        spatial.meets_survey(connection.dialect.name, number, box),
    )
    return t.defects.c.defect_id.in_(near)


def _open_beside(defect: Defect, classes: Collection[DamageClass]) -> list[ColumnElement[bool]]:
    """Build the conditions that defects are open, of classes, and known by the same mosaic."""
    c, seen = t.defects.c, t.observations.c
    return [
        c.asset_id == defect.asset_id,
        c.state.not_in([ReviewState.REJECTED.value, ReviewState.SUPERSEDED.value]),
        func.coalesce(c.damage_class_reviewed, c.damage_class).in_(
            sorted(one.value for one in classes)
        ),
        seen.surface_crs == defect.latest.surface_crs,
        seen.mosaic_sha256 == defect.latest.mosaic_sha256,
    ]


def has_more_than(connection: Connection, asset_id: str, most: int) -> bool:
    """Tell whether an asset has more defects than a number, without counting them all."""
    some = select(t.defects.c.seq).where(t.defects.c.asset_id == asset_id).limit(most + 1)
    counted = select(func.count()).select_from(some.subquery())
    return int(connection.execute(counted).scalar_one()) > most


def assets_with_any(connection: Connection) -> tuple[str, ...]:
    """Name the assets of which defects are known."""
    query = select(t.defects.c.asset_id).distinct().order_by(t.defects.c.asset_id)
    return tuple(connection.execute(query).scalars())


def find(
    connection: Connection,
    *,
    asset_id: str | None = None,
    survey_id: uuid.UUID | None = None,
    bbox_lonlat: spatial.Box | None = None,
    bbox_surface: spatial.Box | None = None,
    surface_crs: str | None = None,
    classes: Collection[DamageClass] = (),
    states: Collection[ReviewState] = (),
    updated_after: datetime | None = None,
    updated_before: datetime | None = None,
    limit: int = 100,
    offset: int = 0,
) -> Page[Defect]:
    """List defects that meet every condition given, in the order of their arrival.

    Args:
        connection: an open transaction.
        asset_id: and the other conditions: as in ``Search``.
        survey_id: likewise.
        bbox_lonlat: likewise.
        bbox_surface: likewise.
        surface_crs: likewise.
        classes: likewise.
        states: likewise.
        updated_after: likewise.
        updated_before: likewise.
        limit: most rows of the page, 1–10000.
        offset: rows to leave out before the page.

    Raises:
        BadInput: when a box, the limit, the offset or a time is unusable.
    """
    check_window(limit, offset)
    wanted = Search(
        asset_id=asset_id,
        survey_id=survey_id,
        bbox_lonlat=bbox_lonlat,
        bbox_surface=bbox_surface,
        surface_crs=surface_crs,
        classes=classes,
        states=states,
        updated_after=updated_after,
        updated_before=updated_before,
    )
    conditions = wanted.conditions(connection.dialect.name)
    rows = _load(connection, conditions, limit=limit, offset=offset)
    return Page(
        rows=rows,
        total=total(connection, conditions, shown=len(rows), limit=limit, offset=offset),
    )


def _load(
    connection: Connection,
    conditions: Sequence[ColumnElement[bool]],
    *,
    limit: int | None = None,
    offset: int = 0,
) -> tuple[Defect, ...]:
    """Read the defects that meet conditions, with all their observations' identifiers."""
    own = [c for c in t.defects.c if c.name not in ("seq", "damage_class")]
    query = beside_latest(t.observations, t.defects.c.damage_class.label("defect_class"), *own)
    rows = connection.execute(window(query, conditions, limit, offset)).all()
    ties = _ties(connection, [row.defect_id for row in rows])
    return tuple(_defect(row, ties[row.defect_id]) for row in rows)


def _ties(
    connection: Connection, defect_ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, list[uuid.UUID]]:
    """List the observations of defects, by the moment of their survey, oldest first."""
    ties: dict[uuid.UUID, list[uuid.UUID]] = {key: [] for key in defect_ids}
    link, seen, survey = t.defect_observations.c, t.observations.c, t.surveys.c
    query = (
        select(link.defect_id, link.observation_id)
        .join(t.observations, seen.observation_id == link.observation_id)
        .join(t.surveys, survey.survey_id == seen.survey_id)
        .order_by(survey.created_at, seen.seq)
    )
    for start in range(0, len(defect_ids), CHUNK):
        chunk = defect_ids[start : start + CHUNK]
        for row in connection.execute(query.where(link.defect_id.in_(chunk))):
            ties[row.defect_id].append(row.observation_id)
    return ties


def _defect(row: Row[Any], observation_ids: Iterable[uuid.UUID]) -> Defect:
    reviewed = row.damage_class_reviewed
    return Defect(
        defect_id=row.defect_id,
        asset_id=row.asset_id,
        damage_class=choice(DamageClass, row.defect_class),
        damage_class_reviewed=None if reviewed is None else choice(DamageClass, reviewed),
        state=choice(ReviewState, row.state),
        version=row.version,
        latest=observations.from_row(row),
        observation_ids=tuple(observation_ids),
    )


def _machine_values(
    connection: Connection, defect_ids: Iterable[uuid.UUID]
) -> dict[uuid.UUID, Row[Any]]:
    """Read what is known about defects, and keep others from changing it until we are done."""
    wanted, c = sorted(defect_ids), t.defects.c
    query = select(c.defect_id, c.asset_id, c.damage_class, c.latest_observation_id)
    found: dict[uuid.UUID, Row[Any]] = {}
    for start in range(0, len(wanted), CHUNK):
        chunk = wanted[start : start + CHUNK]
        locked = query.where(c.defect_id.in_(chunk)).order_by(c.defect_id).with_for_update()
        found |= {row.defect_id: row for row in connection.execute(locked)}
    return found


def _new_row(defect: Defect, now: datetime) -> dict[str, object]:
    """Give the row of a new defect; a person cannot have decided about it yet."""
    if (defect.state, defect.damage_class_reviewed) != (ReviewState.CANDIDATE, None):
        raise Conflict(
            f"defect {defect.defect_id} is new but claims to be reviewed ({defect.state.value}); "
            "human decisions are recorded as verdicts only"
        )
    return {
        "defect_id": defect.defect_id,
        "asset_id": defect.asset_id,
        "damage_class": defect.damage_class.value,
        "latest_observation_id": defect.latest.observation_id,
        "damage_class_reviewed": None,
        "state": ReviewState.CANDIDATE.value,
        "version": 1,
        "updated_at": now,
    }


def _renew(connection: Connection, defect: Defect, row: Row[Any], now: datetime) -> None:
    """Write the machine values of a known defect, when they changed."""
    if row.asset_id != defect.asset_id:
        raise Conflict(
            f"defect {defect.defect_id} belongs to asset {row.asset_id!r}, not {defect.asset_id!r}"
        )
    values = {
        "damage_class": defect.damage_class.value,
        "latest_observation_id": defect.latest.observation_id,
    }
    if values == {name: row._mapping[name] for name in values}:
        return
    connection.execute(
        update(t.defects)
        .where(t.defects.c.defect_id == defect.defect_id)
        .values(**values, updated_at=now)
    )


def untie(connection: Connection, observation_ids: Sequence[uuid.UUID]) -> None:
    """Let sightings go from their defects; the caller says at once whose they are."""
    link = t.defect_observations
    for start in range(0, len(observation_ids), CHUNK):
        chunk = observation_ids[start : start + CHUNK]
        connection.execute(delete(link).where(link.c.observation_id.in_(chunk)))


def _tie(connection: Connection, found: Collection[Defect]) -> None:
    """Tie observations to their defects; one that is another defect's already is a conflict."""
    rows = [
        {"observation_id": observation_id, "defect_id": defect.defect_id}
        for defect in found
        for observation_id in dict.fromkeys((*defect.observation_ids, defect.latest.observation_id))
    ]
    add_missing(connection, t.defect_observations, rows)
    owner = {row["observation_id"]: row["defect_id"] for row in rows}
    ids, link = list(owner), t.defect_observations.c
    for start in range(0, len(ids), CHUNK):
        query = select(link.observation_id, link.defect_id)
        for tie in connection.execute(
            query.where(link.observation_id.in_(ids[start : start + CHUNK]))
        ):
            if owner[tie.observation_id] != tie.defect_id:
                raise Conflict(
                    f"observation {tie.observation_id} belongs to defect {tie.defect_id}; one "
                    "sighting cannot count as two damages"
                )
