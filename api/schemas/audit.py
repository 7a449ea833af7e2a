"""Shapes of the audit log: who did what and when, and whether the chain holds."""

from collections.abc import Mapping
from datetime import datetime
from typing import Self

from pydantic import Field

from api.schemas.base import Shape
from inspection.store.auditpages import Entry


class EntryOut(Shape):
    """Show one entry; contents are kept as digests only."""

    seq: int
    at: datetime
    actor: str = Field(description="account, or command, single-user, anonymous")
    actor_name: str | None = Field(description="how the account signs in; null: no account")
    organisation_id: str
    action: str
    subject: str
    before_sha256: str
    after_sha256: str
    entry_sha256: str

    @classmethod
    def of(cls, entry: Entry, names: Mapping[str, str]) -> Self:
        """Lay an entry out."""
        event = entry.event
        return cls(
            seq=entry.seq,
            at=event.at,
            actor=event.actor,
            actor_name=names.get(event.actor),
            organisation_id=event.organisation_id,
            action=event.action,
            subject=event.subject,
            before_sha256=event.before_sha256,
            after_sha256=event.after_sha256,
            entry_sha256=entry.entry_sha256,
        )


class AuditPage(Shape):
    """List entries, newest first, a page at a time."""

    entries: list[EntryOut]
    next: int | None = Field(description="give this as 'before' to read on; null on the last page")


class FaultOut(Shape):
    """Say where the chain does not hold."""

    seq: int
    reason: str


class AuditVerified(Shape):
    """Say whether the whole log is as it was written."""

    entries: int
    head: str = Field(description="to be noted elsewhere: tenken audit verify --noted HEAD")
    whole: bool
    faults: list[FaultOut] = Field(description="the first 100")
    verified_at: datetime
