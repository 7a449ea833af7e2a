"""Keep what people approved and published: the state of an inspection, and its history.

The state of an inspection changes with every decision; approvals and decisions are histories that
the database refuses to change. An approval keeps the whole record, so that what was approved can be
printed again whatever has happened to its rows.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from inspection.domain.inspectionrecord import InspectionRecord, digest, from_plain, to_plain
from inspection.domain.release import InspectionState, ReleaseAction, ReleaseDecision
from inspection.errors import Broken, Conflict, NotFound
from inspection.store.release_tables import approvals, release_events, releases
from inspection.store.rows import add_missing, choice


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Carry how an inspection stands.

    Attributes:
        asset_id: the asset.
        fiscal_year: of the inspection.
        state: diagnosed (approval revoked, or resubmitted), sent back, approved or published.
        version: counts decisions.
        approval_id: what is approved; None after a revocation.
        public_row: the open-data row; None unless published.
        updated_at: moment of the last decision.
        record_sha256: of the record that was sent back; None unless sent back.
    """

    asset_id: str
    fiscal_year: int
    state: InspectionState
    version: int
    approval_id: uuid.UUID | None
    public_row: Mapping[str, Any] | None
    updated_at: datetime
    record_sha256: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """Carry what was approved, by whom and when."""

    approval_id: uuid.UUID
    record: InspectionRecord
    sha256: str
    approved_by: str
    approved_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseEvent:
    """Carry one decision of the history with the states around it.

    A record stands here when it was sent back; what is approved is kept by its approval.
    """

    decision: ReleaseDecision
    state_before: InspectionState
    state_after: InspectionState
    approval_id: uuid.UUID | None = None
    public_row: Mapping[str, Any] | None = None
    redactions: Sequence[str] = field(default_factory=tuple)
    record: Mapping[str, Any] | None = None
    record_sha256: str | None = None


def find(connection: Connection, asset_id: str, fiscal_year: int) -> Release | None:
    """Read how an inspection stands; None when nobody has decided anything about it."""
    c = releases.c
    query = select(releases).where(c.asset_id == asset_id, c.fiscal_year == fiscal_year)
    row = connection.execute(query).one_or_none()
    return None if row is None else release_of(row)


def of_asset(connection: Connection, asset_id: str) -> tuple[Release, ...]:
    """List the inspections of an asset that people decided about, newest first."""
    c = releases.c
    rows = connection.execute(
        select(releases).where(c.asset_id == asset_id).order_by(c.fiscal_year.desc())
    )
    return tuple(map(release_of, rows))


def published(connection: Connection) -> tuple[Release, ...]:
    """List the newest published inspection of every asset, by asset."""
    c = releases.c
    rows = connection.execute(
        select(releases)
        .where(c.state == InspectionState.PUBLISHED.value)
        .order_by(c.asset_id, c.fiscal_year)
    )
    newest = {row.asset_id: release_of(row) for row in rows}
    return tuple(newest.values())


def add_approval(
    connection: Connection, record: InspectionRecord, decision: ReleaseDecision
) -> Approval:
    """Keep what is approved, whole."""
    plain = to_plain(record)
    approval = Approval(
        approval_id=uuid.uuid4(),
        record=record,
        sha256=digest(plain),
        approved_by=decision.by,
        approved_at=decision.at,
    )
    connection.execute(
        insert(approvals).values(
            approval_id=approval.approval_id,
            asset_id=record.asset_id,
            fiscal_year=record.fiscal_year,
            record=plain,
            sha256=approval.sha256,
            approved_by=decision.by,
            approved_at=decision.at,
        )
    )
    return approval


def approval(connection: Connection, approval_id: uuid.UUID) -> Approval:
    """Read what was approved.

    Raises:
        NotFound: when there is no such approval.
        Broken: when the record is not the one whose digest was kept.
    """
    row = connection.execute(
        select(approvals).where(approvals.c.approval_id == approval_id)
    ).one_or_none()
    if row is None:
        raise NotFound(f"there is no approval {approval_id}")
    if digest(row.record) != row.sha256:
        raise Broken(
            f"the record of approval {approval_id} is not the one that was approved: its digest "
            f"is {digest(row.record)[:12]}, kept was {row.sha256[:12]}"
        )
    return Approval(
        approval_id=row.approval_id,
        record=from_plain(row.record),
        sha256=row.sha256,
        approved_by=row.approved_by,
        approved_at=row.approved_at,
    )


def write(connection: Connection, event: ReleaseEvent, *, expected_version: int) -> Release:
    """Write a decision into the history, and the state that follows.

    Args:
        connection: an open transaction.
        event: the decision.
        expected_version: version that was decided on; 0 when there was none yet.

    Raises:
        Conflict: when somebody else decided meanwhile.
    """
    decision = event.decision
    key = {"asset_id": decision.asset_id, "fiscal_year": decision.fiscal_year}
    values = {
        "state": event.state_after.value,
        "version": expected_version + 1,
        "approval_id": event.approval_id,
        "public_row": None if event.public_row is None else dict(event.public_row),
        "updated_at": decision.at,
        "record_sha256": event.record_sha256,
    }
    if expected_version == 0:
        add_missing(connection, releases, [{**key, **values, "version": 0}])
    changed = connection.execute(
        update(releases)
        .where(
            *(releases.c[name] == value for name, value in key.items()),
            releases.c.version == expected_version,
        )
        .values(**values)
    )
    if changed.rowcount != 1:
        raise Conflict(
            f"the inspection of {decision.asset_id} in {decision.fiscal_year} was decided on by "
            "somebody else meanwhile; look at it again"
        )
    connection.execute(insert(release_events).values(_event_row(event)))
    found = find(connection, decision.asset_id, decision.fiscal_year)
    assert found is not None
    return found


def history(
    connection: Connection,
    *,
    asset_id: str | None = None,
    fiscal_year: int | None = None,
    actions: Sequence[ReleaseAction] = (),
) -> tuple[ReleaseEvent, ...]:
    """List decisions, oldest first; of one asset or year or all, of some actions or all."""
    c = release_events.c
    query = select(release_events).order_by(c.seq)
    if asset_id is not None:
        query = query.where(c.asset_id == asset_id)
    if fiscal_year is not None:
        query = query.where(c.fiscal_year == fiscal_year)
    if actions:
        query = query.where(c.action.in_([action.value for action in actions]))
    return tuple(map(event_of, connection.execute(query)))


def release_of(row: Row[Any]) -> Release:
    """Read a row of ``releases``."""
    return Release(
        asset_id=row.asset_id,
        fiscal_year=row.fiscal_year,
        state=choice(InspectionState, row.state),
        version=row.version,
        approval_id=row.approval_id,
        public_row=row.public_row,
        updated_at=row.updated_at,
        record_sha256=row.record_sha256,
    )


def _event_row(event: ReleaseEvent) -> dict[str, object]:
    decision = event.decision
    return {
        "event_id": decision.event_id,
        "asset_id": decision.asset_id,
        "fiscal_year": decision.fiscal_year,
        "action": decision.action.value,
        "decided_by": decision.by,
        "decided_at": decision.at,
        "why": decision.why,
        "state_before": event.state_before.value,
        "state_after": event.state_after.value,
        "approval_id": event.approval_id,
        "public_row": None if event.public_row is None else dict(event.public_row),
        "redactions": list(event.redactions),
        "record": None if event.record is None else dict(event.record),
        "record_sha256": event.record_sha256,
    }


def event_of(row: Row[Any]) -> ReleaseEvent:
    """Read a row of ``release_events``."""
    return ReleaseEvent(
        decision=ReleaseDecision(
            event_id=row.event_id,
            asset_id=row.asset_id,
            fiscal_year=row.fiscal_year,
            action=choice(ReleaseAction, row.action),
            by=row.decided_by,
            at=row.decided_at,
            why=row.why,
        ),
        state_before=choice(InspectionState, row.state_before),
        state_after=choice(InspectionState, row.state_after),
        approval_id=row.approval_id,
        public_row=row.public_row,
        redactions=tuple(row.redactions),
        record=row.record,
        record_sha256=row.record_sha256,
    )
