"""Take photos out of a survey before its next run, and put them back; each with its reason.

The photo keeps its row: what was made with it still names it, and so does its blob, which is never
removed by this. Only the next run does without it. The history refuses changes.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from inspection.domain.asset import check_one_line
from inspection.errors import BadInput, Conflict, NotFound
from inspection.store import jobs
from inspection.store.rows import choice
from inspection.store.tables import survey_photos
from inspection.store.upload_tables import photo_removals

WHY_MAX = 1000
"""Most characters of a reason."""


class RemovalAction(StrEnum):
    """Say what somebody did with a photo of a survey."""

    REMOVE = "remove"
    RESTORE = "restore"


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """Carry who took a photo out of a survey, or put it back, when and why.

    Attributes:
        event_id: identifier of the decision.
        survey_id: the survey.
        sha256: the photo.
        action: what was done.
        why: the reason; never empty.
        by: the person.
        at: aware UTC.
        account_id: their account, where people sign in.
    """

    event_id: uuid.UUID
    survey_id: uuid.UUID
    sha256: str
    action: RemovalAction
    why: str
    by: str
    at: datetime
    account_id: uuid.UUID | None = None

    def __post_init__(self) -> None:
        """Check that a person with a name did it for a reason."""
        if not self.by.strip() or len(self.by) > 200:
            raise BadInput(
                f"'{self.action.value}' needs the name of the person who decides, 1 to 200 "
                f"characters; got {len(self.by)}"
            )
        check_one_line("name", self.by)
        if not self.why.strip() or len(self.why) > WHY_MAX or "\0" in self.why:
            raise BadInput(
                f"'{self.action.value}' needs a reason of 1 to {WHY_MAX} characters without NUL; "
                f"got {len(self.why)}"
            )


def record(connection: Connection, removal: Removal) -> None:
    """Write a decision, and whether the next run uses the photo.

    Raises:
        NotFound: when the survey has no such photo.
        Conflict: when it is out, or in, already, or the survey is being processed.
    """
    jobs.demand_idle(connection, removal.survey_id, "its photos stay as they are")
    c = survey_photos.c
    mine = (c.survey_id == removal.survey_id, c.sha256 == removal.sha256)
    row = connection.execute(select(c.name, c.left_out).where(*mine)).one_or_none()
    if row is None:
        raise NotFound(f"survey {removal.survey_id} has no photo {removal.sha256}")
    wanted = removal.action is RemovalAction.REMOVE
    if bool(row.left_out) is wanted:
        raise Conflict(
            f"{row.name} is {'out of' if wanted else 'in'} the survey already; read it again"
        )
    connection.execute(update(survey_photos).where(*mine).values(left_out=wanted))
    connection.execute(
        insert(photo_removals).values(
            event_id=removal.event_id,
            survey_id=removal.survey_id,
            sha256=removal.sha256,
            action=removal.action.value,
            why=removal.why.strip(),
            decided_by=removal.by,
            decided_account=removal.account_id,
            decided_at=removal.at,
        )
    )


def history(connection: Connection, survey_id: uuid.UUID, sha256: str) -> tuple[Removal, ...]:
    """List what people did with a photo of a survey, oldest first."""
    c = photo_removals.c
    query = select(photo_removals).where(c.survey_id == survey_id, c.sha256 == sha256)
    return tuple(map(_removal, connection.execute(query.order_by(c.seq))))


def standing(connection: Connection, survey_id: uuid.UUID) -> dict[str, Removal]:
    """Give the last decision about each photo that somebody ever took out, by digest."""
    c = photo_removals.c
    last = select(func.max(c.seq)).where(c.survey_id == survey_id).group_by(c.sha256)
    rows = connection.execute(select(photo_removals).where(c.seq.in_(last)))
    return {row.sha256: _removal(row) for row in rows}


def _removal(row: Row[Any]) -> Removal:
    return Removal(
        event_id=row.event_id,
        survey_id=row.survey_id,
        sha256=row.sha256,
        action=choice(RemovalAction, row.action),
        why=row.why,
        by=row.decided_by,
        at=row.decided_at,
        account_id=row.decided_account,
    )
