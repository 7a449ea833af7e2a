"""List, count and walk the defects of a survey as a reviewer works through them.

A page begins behind a *mark*: the keys of a row as they were when it was read. However deep it
lies, a page costs the same, and nothing is shown twice or left out because others decide meanwhile.
"""

import base64
import binascii
import json
import math
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Row, func, literal, select

from inspection.domain.defect import Observation, ReviewState
from inspection.domain.measurement import Measurement
from inspection.domain.taxonomy import DamageClass
from inspection.errors import BadInput, NotFound
from inspection.store import observations as sighting_rows
from inspection.store.observations import measurement_from_plain
from inspection.store.queue_tables import survey_defects, survey_revisions
from inspection.store.queuechoice import ASKED, UNGRADED, Choice, Held
from inspection.store.rows import choice
from inspection.store.spatial import Box
from inspection.store.tables import observations

LIMIT_MAX = 500
"""Most rows of one page."""


class Order(StrEnum):
    """Say what a reviewer sees first."""

    SIZE = "size"
    URGENT = "urgent"
    UNCERTAIN = "uncertain"


_c = survey_defects.c
_STANDS = _c.state != ReviewState.SUPERSEDED.value
_KEYS: dict[Order, tuple[ColumnElement[Any], ...]] = {
    Order.SIZE: (_c.minus_size, _c.defect_id),
    Order.URGENT: (_c.decided, _c.minus_urgency, _c.defect_id),
    Order.UNCERTAIN: (_c.decided, _c.minus_uncertainty, _c.defect_id),
}

_UNREADABLE = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    OverflowError,  # of a whole number that no float can hold
    RecursionError,  # of brackets without end
    binascii.Error,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRow:
    """Show one defect in a list.

    Attributes:
        defect_id: the defect.
        damage_class: a person's class, else the machine's.
        state: what people have decided.
        version: counts decisions.
        confidence: of the detector, 0–1.
        grade: a person's, else the worst that the evidence allows; None when there is none.
        again: it is to be decided again.
        measurement: numbers of the survey's own sighting.
        box_surface_m: where it lies, in the frame of the mosaic on which it was seen.
        mark: its place in the order that was asked for.
    """

    defect_id: uuid.UUID
    damage_class: DamageClass
    state: ReviewState
    version: int
    confidence: float
    grade: str | None
    again: bool
    measurement: Measurement
    box_surface_m: Box
    mark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Count defects of a survey.

    Attributes:
        revision: of the survey's defects when they were counted.
        total: all of them, without superseded ones.
        matched: those that are chosen.
        by_class: those that would be chosen with any class, by class.
        by_state: those that would be chosen with any state, by state.
        by_grade: those that would be chosen with any grade, by grade or ``UNGRADED``.
        again: those of the chosen whose grade is to be decided again.
    """

    revision: int
    total: int
    matched: int
    by_class: dict[DamageClass, int]
    by_state: dict[ReviewState, int]
    by_grade: dict[str, int]
    again: int


def sightings(
    connection: Connection, survey_id: uuid.UUID, defect_ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, Observation]:
    """Give the sightings by which a survey shows defects; those that it has not seen are left out.

    Args:
        connection: an open transaction.
        survey_id: the survey.
        defect_ids: of which defects, at most a page of them.
    """
    query = sa.select(_c.defect_id, _c.observation_id).where(
        _c.survey_id == survey_id, _c.defect_id.in_(list(defect_ids))
    )
    shown = {row.defect_id: row.observation_id for row in connection.execute(query)}
    seen = sighting_rows.by_ids(connection, shown.values())
    return {key: seen[shown[key]] for key in defect_ids if shown.get(key) in seen}


def standing_sightings(
    connection: Connection, survey_id: uuid.UUID, mosaic_sha256: str
) -> tuple[Observation, ...]:
    """Give what a survey shows on one mosaic, each damage once, as people have decided it.

    What was rejected or superseded is left out, and a person's class stands for the machine's.
    """
    query = (
        sa.select(observations, _c.damage_class.label("decided_class"))
        .join(_c.observation_id.table, _c.observation_id == observations.c.observation_id)
        .where(
            _c.survey_id == survey_id,
            observations.c.mosaic_sha256 == mosaic_sha256,
            _STANDS,
            _c.state != ReviewState.REJECTED.value,
        )
        .order_by(observations.c.seq)
    )
    return tuple(
        replace(sighting_rows.from_row(row), damage_class=choice(DamageClass, row.decided_class))
        for row in connection.execute(query)
    )


def revision(connection: Connection, survey_id: uuid.UUID) -> int:
    """Count the transactions that changed what a survey shows.

    Raises:
        NotFound: when there is no such survey.
    """
    found = numbered(connection, survey_id)
    return found[1]


def versions(connection: Connection, survey_id: uuid.UUID) -> dict[uuid.UUID, int]:
    """Give the version of every defect that a survey saw, which counts what people decided."""
    query = select(_c.defect_id, _c.version).where(_c.survey_id == survey_id)
    return {row.defect_id: row.version for row in connection.execute(query)}


def numbered(connection: Connection, survey_id: uuid.UUID) -> tuple[int, int]:
    """Give the number of a survey and its revision.

    Raises:
        NotFound: when there is no such survey.
    """
    c = survey_revisions.c
    query = select(c.seq, c.revision).where(c.survey_id == survey_id)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFound(f"there is no survey {survey_id}")
    return row.seq, row.revision


def page(
    connection: Connection,
    survey_id: uuid.UUID,
    *,
    order: Order = Order.SIZE,
    chosen: Choice | None = None,
    after: str | None = None,
    before: str | None = None,
    limit: int = 100,
) -> tuple[QueueRow, ...]:
    """List defects of a survey in an order, from its beginning or from a mark.

    Args:
        connection: an open transaction.
        survey_id: the survey.
        order: what comes first.
        chosen: which defects; None for all.
        after: give the rows behind this mark, nearest first.
        before: give the rows ahead of this mark, in the order all the same.
        limit: most rows, 1–500.

    Raises:
        BadInput: when the limit or a mark is unusable, or both marks are given.
    """
    if not 1 <= limit <= LIMIT_MAX:
        raise BadInput(f"limit must be 1 to {LIMIT_MAX} rows, got {limit}")
    if after is not None and before is not None:
        raise BadInput("a page lies after a mark or before one; give one of the two")
    keys = _KEYS[order]
    query = _listed().where(_c.survey_id == survey_id, *(chosen or Choice()).conditions())
    mark = after if after is not None else before
    if mark is not None:
        bound = sa.tuple_(*_read_mark(mark, order))
        place = sa.tuple_(*keys)
        query = query.where(place > bound if before is None else place < bound)
    rising = [key.desc() for key in keys] if before is not None else list(keys)
    rows = connection.execute(query.order_by(*rising).limit(limit)).all()
    held = {} if chosen is None else chosen.held
    shown = tuple(_row(row, order, held) for row in rows)
    return shown[::-1] if before is not None else shown


def place(
    connection: Connection,
    survey_id: uuid.UUID,
    defect_id: uuid.UUID,
    order: Order = Order.SIZE,
    held: Mapping[uuid.UUID, Held] = MappingProxyType({}),
) -> QueueRow:
    """Show one defect of a survey with its place in an order.

    Args:
        connection: an open transaction.
        survey_id: the survey.
        defect_id: the defect.
        order: what comes first.
        held: grades that hold otherwise than the rows say.

    Raises:
        NotFound: when the survey has not seen it.
    """
    query = _listed().where(_c.survey_id == survey_id, _c.defect_id == defect_id)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFound(f"survey {survey_id} has not seen a defect {defect_id}")
    return _row(row, order, held)


def total(connection: Connection, survey_id: uuid.UUID) -> int:
    """Count the defects that a survey saw, without superseded ones."""
    query = select(func.count()).select_from(survey_defects).where(_c.survey_id == survey_id)
    query = query.where(_STANDS)
    return int(connection.execute(query).scalar_one())


def counts(connection: Connection, survey_id: uuid.UUID, chosen: Choice | None = None) -> Counts:
    """Count the defects of a survey, those that are chosen, and what other choices would give.

    Raises:
        NotFound: when there is no such survey.
    """
    chosen = chosen or Choice()
    measured = Choice(width_mm=chosen.width_mm, confidence=chosen.confidence)
    groups, asked = _groups(connection, survey_id, measured, chosen.held)
    by_class: Counter[DamageClass] = Counter()
    by_state: Counter[ReviewState] = Counter()
    by_grade: Counter[str] = Counter()
    matched = again = 0
    for group in groups:
        damage_class, state, grade = group
        n = asked[group] if chosen.again else groups[group]
        of_class = not chosen.classes or damage_class in chosen.classes
        stands = state is not ReviewState.SUPERSEDED
        of_state = state in chosen.states if chosen.states else stands
        of_grade = not chosen.grades or grade in chosen.grades
        by_class[damage_class] += n * (of_state and of_grade)
        by_state[state] += n * (of_class and of_grade)
        by_grade[grade] += n * (of_class and of_state)
        matched += n * (of_class and of_state and of_grade)
        again += asked[group] * (of_class and of_state and of_grade)
    whole = measured == Choice()
    every = sum(n for (_, state, _), n in groups.items() if state is not ReviewState.SUPERSEDED)
    return Counts(
        revision=revision(connection, survey_id),
        total=every if whole else total(connection, survey_id),
        matched=matched,
        by_class=dict(by_class),
        by_state=dict(by_state),
        by_grade=dict(by_grade),
        again=again,
    )


Group = tuple[DamageClass, ReviewState, str]


def _groups(
    connection: Connection,
    survey_id: uuid.UUID,
    measured: Choice,
    held: Mapping[uuid.UUID, Held],
) -> tuple[Counter[Group], Counter[Group]]:
    """Count defects by class, state and grade that holds; and of them those to be decided again."""
    columns = (_c.damage_class, _c.state, _c.grade)
    places = [_c.survey_id == survey_id, *measured.conditions(of_state=False)]
    query = select(*columns, func.count().label("n")).where(*places).group_by(*columns)
    groups: Counter[Group] = Counter()
    asked: Counter[Group] = Counter()
    for code, state, letter, n in connection.execute(query):
        groups[_group(code, state, letter)] += n
    if held:
        edited = select(_c.defect_id, *columns).where(*places, _c.defect_id.in_(list(held)))
        for key, code, state, letter in connection.execute(edited):
            groups[_group(code, state, letter)] -= 1
            group = _group(code, state, held[key].grade)
            groups[group] += 1
            asked[group] += held[key].again and state in ASKED
    return +groups, asked  # what all of a group left for another is no group


def _group(code: str, state: str, letter: str | None) -> Group:
    grade = UNGRADED if letter is None else letter
    return choice(DamageClass, code), choice(ReviewState, state), grade


def _listed() -> sa.Select[Any]:
    return select(survey_defects, observations.c.measurement).join_from(
        survey_defects, observations, observations.c.observation_id == _c.observation_id
    )


def _row(row: Row[Any], order: Order, held: Mapping[uuid.UUID, Held]) -> QueueRow:
    edited = held.get(row.defect_id)
    keys = [row._mapping[key] for key in _KEYS[order]]
    return QueueRow(
        defect_id=row.defect_id,
        damage_class=choice(DamageClass, row.damage_class),
        state=choice(ReviewState, row.state),
        version=row.version,
        confidence=row.confidence,
        grade=row.grade if edited is None else edited.grade,
        again=edited is not None and edited.again and row.state in ASKED,
        measurement=measurement_from_plain(row.measurement),
        box_surface_m=(row.x0_m, row.y0_m, row.x1_m, row.y1_m),
        mark=_write_mark([*keys[:-1], keys[-1].hex]),
    )


def _write_mark(keys: list[object]) -> str:
    """Write keys as a word that fits into an address.

    >>> _write_mark([-1.5, "ab"])
    'Wy0xLjUsImFiIl0'
    """
    plain = json.dumps(keys, separators=(",", ":"))
    return base64.urlsafe_b64encode(plain.encode()).decode().rstrip("=")


def _read_mark(mark: str, order: Order) -> list[ColumnElement[Any]]:
    """Read the keys of a mark, each as the type of its column.

    Raises:
        BadInput: when it is no mark of this order.
    """
    columns = _KEYS[order]
    try:
        keys = json.loads(base64.urlsafe_b64decode(mark + "=" * (-len(mark) % 4)))
        *numbers, identifier = keys
        if len(keys) != len(columns) or not all(math.isfinite(number) for number in numbers):
            raise ValueError(mark)
        *decided, last = [float(number) for number in numbers]
        if any(number not in (0, 1) for number in decided):
            raise ValueError(mark)
        values = [*map(int, decided), last, uuid.UUID(identifier)]
    except _UNREADABLE as error:
        raise BadInput(
            f"mark {mark[:80]!r} is no place in the order {order.value!r}; take the mark of a row "
            "of that order as it was given"
        ) from error
    return [literal(value, column.type) for value, column in zip(values, columns, strict=True)]
