"""A diagnosed inspection + an approver's objection → one that waits for the engineer; and back.

What is sent back is kept whole, so that the approver sees later what was changed since. It waits
again as soon as the record would say anything else, or when an engineer answers that it stands.
"""

from sqlalchemy import Connection

from inspection.domain.inspectionrecord import digest, to_plain
from inspection.domain.release import ReleaseAction, step
from inspection.errors import Conflict
from inspection.pipeline.approve import Seen, check_seen, decision, known_release
from inspection.pipeline.compile import gather
from inspection.pipeline.examine import compiled, missing, state_now
from inspection.pipeline.ports import Clock
from inspection.store import releases
from inspection.store.releases import Release, ReleaseEvent


def send_back(
    connection: Connection,
    asset_id: str,
    fiscal_year: int,
    *,
    by: str,
    why: str,
    clock: Clock,
    seen: Seen,
) -> Release:
    """Send an inspection back to the engineers instead of approving it.

    Args:
        connection: an open transaction.
        asset_id: the asset.
        fiscal_year: of the inspection.
        by: who sends it back.
        why: what is to be mended or explained.
        clock: tells the time.
        seen: what the approver has read.

    Raises:
        IllegalTransition: when it does not wait for an approval.
        Conflict: when something changed since it was read.
        BadInput: when name or reason lack.
        NotFound: when there is no such asset.
    """
    decided_now = decision(
        asset_id, fiscal_year, ReleaseAction.SEND_BACK, by=by, why=why, clock=clock
    )
    found = gather(connection, asset_id, fiscal_year)
    release = releases.find(connection, asset_id, fiscal_year)
    now = compiled(connection, found)
    before = state_now(found, release, now)
    lacks = "; ".join(missing(found.evidence, fiscal_year))
    after = step(before, ReleaseAction.SEND_BACK, why_not=lacks)
    if now is None:
        raise Conflict(f"a survey of {asset_id} in fiscal year {fiscal_year} has no mosaic")
    record = to_plain(now)
    check_seen(seen, release, digest(record), fiscal_year)
    event = ReleaseEvent(
        decision=decided_now,
        state_before=before,
        state_after=after,
        record=record,
        record_sha256=digest(record),
    )
    return releases.write(connection, event, expected_version=release.version if release else 0)


def resubmit(
    connection: Connection,
    asset_id: str,
    fiscal_year: int,
    *,
    by: str,
    why: str,
    clock: Clock,
    expected_version: int,
) -> Release:
    """Answer an objection: the inspection stands as it is, and waits for an approval again.

    Args:
        connection: an open transaction.
        asset_id: the asset.
        fiscal_year: of the inspection.
        by: who answers.
        why: the answer.
        clock: tells the time.
        expected_version: of the inspection as it was read.

    Raises:
        IllegalTransition: when it is not sent back, or waits again because it was changed.
        Conflict: when somebody decided since it was read.
        NotFound: when nobody has decided anything about it.
        BadInput: when name or reason lack.
    """
    decided_now = decision(
        asset_id, fiscal_year, ReleaseAction.RESUBMIT, by=by, why=why, clock=clock
    )
    release = known_release(connection, asset_id, fiscal_year)
    if expected_version != release.version:
        raise Conflict(f"somebody decided on {asset_id} meanwhile; read it again")
    found = gather(connection, asset_id, fiscal_year)
    before = state_now(found, release, compiled(connection, found))
    after = step(before, ReleaseAction.RESUBMIT)
    event = ReleaseEvent(decision=decided_now, state_before=before, state_after=after)
    return releases.write(connection, event, expected_version=release.version)
