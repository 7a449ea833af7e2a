"""An inspection → what its approver reads: its record, and what is another than last time."""

from dataclasses import dataclass

from sqlalchemy import Connection

from inspection.domain.inspectionrecord import InspectionRecord, to_plain
from inspection.domain.recordchange import RecordChange, record_changes
from inspection.domain.release import IN_RECORDS, ReleaseAction
from inspection.pipeline.examine import would_be
from inspection.store import assets, releases
from inspection.store.releases import ReleaseEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Perusal:
    """Carry what an approver reads.

    Attributes:
        name: of the asset.
        kind: code of its kind.
        record: what is approved, else what would be; None while none can be compiled.
        is_approved: which of the two it is.
        since: the decision with whose record the data of today are compared; None when there is
            none, or there is nothing to compare.
        changes: what differs.
        history: all decisions about the inspection, oldest first.
    """

    name: str
    kind: str
    record: InspectionRecord | None
    is_approved: bool
    since: ReleaseEvent | None
    changes: tuple[RecordChange, ...]
    history: tuple[ReleaseEvent, ...]


def peruse(connection: Connection, asset_id: str, fiscal_year: int) -> Perusal:
    """Read an inspection as its approver does.

    Raises:
        NotFound: when there is no such asset.
    """
    asset = assets.by_id(connection, asset_id)
    history = releases.history(connection, asset_id=asset_id, fiscal_year=fiscal_year)
    release = releases.find(connection, asset_id, fiscal_year)
    now = would_be(connection, asset_id, fiscal_year)
    record, is_approved = now, False
    if release is not None and release.state in IN_RECORDS and release.approval_id is not None:
        record, is_approved = releases.approval(connection, release.approval_id).record, True
    since = next((event for event in reversed(history) if _has_record(event)), None)
    changes: tuple[RecordChange, ...] = ()
    if since is not None and now is not None:
        before = since.record
        if before is None:
            assert since.approval_id is not None
            before = to_plain(releases.approval(connection, since.approval_id).record)
        changes = record_changes(before, to_plain(now))
    return Perusal(
        name=asset.name,
        kind=asset.kind.value,
        record=record,
        is_approved=is_approved,
        since=since if now is not None else None,
        changes=changes,
        history=history,
    )


def _has_record(event: ReleaseEvent) -> bool:
    """Tell whether a decision was about a record that was kept."""
    approved = event.decision.action is ReleaseAction.APPROVE and event.approval_id is not None
    return approved or event.record is not None
