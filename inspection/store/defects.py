"""Keep defects: one damage through all surveys, found by place, class, state and time.

Machine and human values live in different columns. ``save`` writes the machine's; the state, the
reviewed class and the version belong to ``reviews`` and ``edits`` and are never written here.
"""

import uuid
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, delete, func, select, update

from inspection.domain.defect import Defect, ReviewState
from inspection.domain.taxonomy import DamageClass
from inspection.errors import BadInput, Conflict, NotFound
from inspection.store import observations, reviewqueue, spatial
from inspection.store import tables as t
from inspection.store.page import Page, check_window
from inspection.store.queue_tables import survey_defects
from inspection.store.rows import add_missing, choice

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
    return _load(connection, [t.defects.c.asset_id == asset_id, *_choices((), ())])


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
    seen = defect.latest
    number, _ = reviewqueue.numbered(connection, seen.survey_id)
    x0, y0, x1, y1 = seen.outline_surface_m.bounds
    box = (x0 - reach_m, y0 - reach_m, x1 + reach_m, y1 + reach_m)
    near = select(survey_defects.c.defect_id).where(
        survey_defects.c.survey_id == seen.survey_id,
        spatial.meets_survey(connection.dialect.name, number, box),
    )
    return _load(connection, [*_open_beside(defect, classes), t.defects.c.defect_id.in_(near)])


def first_crack(connection: Connection, defect: Defect) -> Defect | None:
    """Find the first open crack with an axis on the mosaic of a defect, by identifier."""
    seen = defect.latest
    query = (
        select(survey_defects.c.defect_id)
        .join(t.defects, t.defects.c.defect_id == survey_defects.c.defect_id)
        .join(t.observations, t.observations.c.observation_id == t.defects.c.latest_observation_id)
        .where(
            survey_defects.c.survey_id == seen.survey_id,
            *_open_beside(defect, [DamageClass.CRACK]),
            t.observations.c.axis_surface.is_not(None),
        )
        .order_by(survey_defects.c.defect_id)
        .limit(1)
    )
    found = connection.execute(query).scalar_one_or_none()
    return None if found is None else by_id(connection, found)


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
        asset_id: only defects of this asset.
        survey_id: only defects seen in this survey.
        bbox_lonlat: only defects whose latest outline meets ``west, south, east, north`` in degrees
            (west > east crosses the antimeridian); none that is not georeferenced.
        bbox_surface: only defects whose latest outline meets ``x0, y0, x1, y1`` in metres.
        surface_crs: only defects whose latest outline is in this CRS, or ``LOCAL``.
        classes: only these classes; a reviewed class outranks the machine's.
        states: only these states; without any, all but superseded defects.
        updated_after: only defects changed at this moment or later.
        updated_before: only defects changed at this moment or earlier.
        limit: most rows of the page, 1–10000.
        offset: rows to leave out before the page.

    Raises:
        BadInput: when a box, the limit, the offset or a time is unusable.
    """
    check_window(limit, offset)
    dialect = connection.dialect.name
    conditions = [
        *_equalities(asset_id, survey_id, surface_crs),
        *_choices(classes, states),
        *_interval(updated_after, updated_before),
    ]
    if bbox_lonlat is not None:
        conditions.append(spatial.meets_lonlat(dialect, bbox_lonlat))
    if bbox_surface is not None:
        conditions.append(spatial.meets_surface(dialect, bbox_surface))
    counted = _joined(func.count()).where(*conditions)
    total = connection.execute(counted).scalar_one()
    return Page(rows=_load(connection, conditions, limit=limit, offset=offset), total=total)


def _equalities(
    asset_id: str | None, survey_id: uuid.UUID | None, surface_crs: str | None
) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if asset_id is not None:
        conditions.append(t.defects.c.asset_id == asset_id)
    if surface_crs is not None:
        conditions.append(t.observations.c.surface_crs == surface_crs)
    if survey_id is not None:
        seen = select(survey_defects.c.defect_id).where(survey_defects.c.survey_id == survey_id)
        conditions.append(t.defects.c.defect_id.in_(seen))
    return conditions


def _choices(
    classes: Collection[DamageClass], states: Collection[ReviewState]
) -> list[ColumnElement[bool]]:
    c = t.defects.c
    conditions: list[ColumnElement[bool]] = []
    if classes:
        shown = func.coalesce(c.damage_class_reviewed, c.damage_class)
        conditions.append(shown.in_([damage_class.value for damage_class in classes]))
    if states:
        conditions.append(c.state.in_([state.value for state in states]))
    else:
        conditions.append(c.state != ReviewState.SUPERSEDED.value)
    return conditions


def _interval(after: datetime | None, before: datetime | None) -> list[ColumnElement[bool]]:
    for moment in (after, before):
        if moment is not None and moment.tzinfo is None:
            raise BadInput(f"time {moment.isoformat()} needs a time zone, such as Z for UTC")
    conditions: list[ColumnElement[bool]] = []
    if after is not None:
        conditions.append(t.defects.c.updated_at >= after)
    if before is not None:
        conditions.append(t.defects.c.updated_at <= before)
    return conditions


def _joined(*columns: Any) -> Select[Any]:  # noqa: ANN401 columns, tables and functions alike
    """Select from defects beside their latest observations."""
    return select(*columns).join_from(
        t.defects,
        t.observations,
        t.observations.c.observation_id == t.defects.c.latest_observation_id,
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
    query = _joined(t.observations, t.defects.c.damage_class.label("defect_class"), *own)
    rows = connection.execute(
        query.where(*conditions).order_by(t.defects.c.seq).limit(limit).offset(offset)
    ).all()
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
