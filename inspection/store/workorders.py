"""Keep work lists: a ranked list as it was issued, frozen with its reasons.

A list is a snapshot. A planner must be able to show, years later, what was known when the list was
issued; so a list that is there is never changed, and one with the same identifier is the same list.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select

from inspection.errors import BadInput, Conflict, NotFound
from inspection.store.page import Page, check_window
from inspection.store.tables import work_lists, work_orders


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkOrderRow:
    """Carry one line of a work list.

    Attributes:
        rank: place in the list, from 1.
        asset_id: the asset to work on.
        survey_id: the survey on which the line rests, None when none.
        defect_id: the defect to repair, None when the line is about a whole asset.
        score: priority, 0–100.
        tier: class of urgency by the hard rules, None when the model has none.
        reasons: the additive reasons and anything else that belongs to the line, plain values.
    """

    rank: int
    asset_id: str
    survey_id: uuid.UUID | None = None
    defect_id: uuid.UUID | None = None
    score: float
    tier: int | None = None
    reasons: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkList:
    """Carry a work list as it was issued.

    Attributes:
        work_list_id: identifier of the snapshot.
        model: priority model and version.
        issued_at: aware UTC.
        parameters: budget, filters and versions that made it, plain values.
        rows: the lines, by rank.
    """

    work_list_id: uuid.UUID
    model: str
    issued_at: datetime
    parameters: dict[str, Any]
    rows: tuple[WorkOrderRow, ...]

    def __post_init__(self) -> None:
        """Check that ranks count from 1 without a gap."""
        if [row.rank for row in self.rows] != list(range(1, len(self.rows) + 1)):
            raise BadInput("the ranks of a work list must count 1, 2, 3, … in the order of rows")
        if self.issued_at.tzinfo is None:
            raise BadInput("WorkList.issued_at must carry a time zone (UTC)")


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkListHead:
    """Name a work list without its rows."""

    work_list_id: uuid.UUID
    model: str
    issued_at: datetime
    row_count: int


def save(connection: Connection, issued: WorkList) -> None:
    """Freeze a work list; the same list twice counts once.

    Raises:
        Conflict: when another list has the same identifier, or a line names an asset, a survey or
            a defect that does not exist.
    """
    found = connection.execute(
        select(work_lists).where(work_lists.c.work_list_id == issued.work_list_id)
    ).one_or_none()
    if found is not None:
        _check_same(connection, issued)
        return
    connection.execute(
        insert(work_lists).values(
            work_list_id=issued.work_list_id,
            model=issued.model,
            issued_at=issued.issued_at,
            parameters=issued.parameters,
        )
    )
    if issued.rows:
        connection.execute(insert(work_orders), _rows(issued.work_list_id, issued.rows))


def by_id(connection: Connection, work_list_id: uuid.UUID) -> WorkList:
    """Read one work list.

    Raises:
        NotFound: when there is no such list.
    """
    head = connection.execute(
        select(work_lists).where(work_lists.c.work_list_id == work_list_id)
    ).one_or_none()
    if head is None:
        raise NotFound(f"there is no work list {work_list_id}")
    rows = connection.execute(
        select(work_orders)
        .where(work_orders.c.work_list_id == work_list_id)
        .order_by(work_orders.c.rank)
    )
    return WorkList(
        work_list_id=head.work_list_id,
        model=head.model,
        issued_at=head.issued_at,
        parameters=head.parameters,
        rows=tuple(map(_line, rows)),
    )


def find(connection: Connection, *, limit: int = 100, offset: int = 0) -> Page[WorkListHead]:
    """List work lists, the one issued last first."""
    check_window(limit, offset)
    total = connection.execute(select(func.count()).select_from(work_lists)).scalar_one()
    c = work_lists.c
    lines = (
        select(func.count())
        .select_from(work_orders)
        .where(work_orders.c.work_list_id == c.work_list_id)
        .scalar_subquery()
    )
    rows = connection.execute(
        select(c.work_list_id, c.model, c.issued_at, lines.label("row_count"))
        .order_by(c.issued_at.desc(), c.seq.desc())
        .limit(limit)
        .offset(offset)
    )
    return Page(rows=tuple(WorkListHead(**row._mapping) for row in rows), total=total)


def _check_same(connection: Connection, issued: WorkList) -> None:
    kept = by_id(connection, issued.work_list_id)
    if (kept.model, kept.parameters, kept.rows) != (issued.model, issued.parameters, issued.rows):
        raise Conflict(
            f"work list {issued.work_list_id} was issued at {kept.issued_at.isoformat()} with "
            "other lines; a list is never changed, issue a new one"
        )


def _rows(work_list_id: uuid.UUID, rows: Sequence[WorkOrderRow]) -> list[dict[str, object]]:
    return [
        {
            "work_list_id": work_list_id,
            "rank": row.rank,
            "asset_id": row.asset_id,
            "survey_id": row.survey_id,
            "defect_id": row.defect_id,
            "score": float(row.score),
            "tier": row.tier,
            "reasons": row.reasons,
        }
        for row in rows
    ]


def _line(row: Row[Any]) -> WorkOrderRow:
    return WorkOrderRow(**{name: row._mapping[name] for name in WorkOrderRow.__slots__})
