"""A diagnosed inspection + a person's approval → a record that is kept whole."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from inspection.domain.inspectionrecord import digest, to_plain
from inspection.domain.release import IN_RECORDS, ReleaseAction, ReleaseDecision, step
from inspection.errors import Conflict, NotFound, Refused
from inspection.pipeline.compile import Gathered, diagnosing_row, gather, with_findings
from inspection.pipeline.examine import compiled, missing, newest_year, progress, state_now
from inspection.pipeline.ports import Clock
from inspection.store import releases
from inspection.store.releases import Approval, Release, ReleaseEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Name what an approver has read: how often it was decided on, and what would be kept.

    Attributes:
        version: of the inspection; 0 when nobody has decided anything about it.
        sha256: of the record without findings, as ``would_be`` gives it.
    """

    version: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Approver:
    """Name the account of who approves.

    Attributes:
        account_id: identifier, never changed.
        name: what they sign in with, which somebody may have typed for a diagnosis.
    """

    account_id: uuid.UUID
    name: str


def approve(
    connection: Connection,
    asset_id: str,
    fiscal_year: int,
    *,
    by: str,
    why: str,
    findings: Mapping[str, Any] | None = None,
    clock: Clock,
    seen: Seen | None = None,
    approver: Approver | None = None,
) -> Approval:
    """Approve an inspection: its record is compiled now and kept whole.

    Args:
        connection: an open transaction.
        asset_id: the asset.
        fiscal_year: of the inspection.
        by: who approves.
        why: the reason.
        findings: what a person wrote for the forms.
        clock: tells the time.
        seen: what the approver has read; nothing else is approved then.
        approver: the account behind ``by``, where people sign in.

    Raises:
        IllegalTransition: when it is not diagnosed, is sent back, or is approved already.
        Conflict: when something changed since it was read.
        Refused: when somebody who signed in would approve their own diagnosis.
        BadInput: when name or reason lack.
        NotFound: when there is no such asset.
    """
    decided_now = decision(
        asset_id, fiscal_year, ReleaseAction.APPROVE, by=by, why=why, clock=clock
    )
    found = gather(connection, asset_id, fiscal_year)
    release = releases.find(connection, asset_id, fiscal_year)
    record = compiled(connection, found)
    before = state_now(found, release, record)
    lacks = "" if before in IN_RECORDS else "; ".join(missing(found.evidence, fiscal_year))
    after = step(before, ReleaseAction.APPROVE, why_not=lacks)
    if record is None:
        raise Conflict(f"a survey of {asset_id} in fiscal year {fiscal_year} has no mosaic")
    if seen is not None:
        check_seen(seen, release, digest(to_plain(record)), fiscal_year)
        _check_four_eyes(found, by, approver)
    record = with_findings(record, found, findings or {})
    kept = releases.add_approval(connection, record, decided_now)
    releases.write(
        connection,
        ReleaseEvent(
            decision=decided_now,
            state_before=before,
            state_after=after,
            approval_id=kept.approval_id,
        ),
        expected_version=release.version if release else 0,
    )
    return kept


def diagnosed_it(found: Gathered, by: str, approver: Approver | None) -> bool:
    """Tell whether somebody diagnosed the inspection, who therefore does not approve it.

    Accounts are compared, for a name changes and two people may share it. A diagnosis that names no
    account was typed at the machine: there a name is all there is, and whoever bears it is taken
    for the one who diagnosed.

    Args:
        found: the inspection.
        by: the name of that person.
        approver: their account; None where nobody signs in.
    """
    row = diagnosing_row(found)
    if row is None:
        return False
    if approver is not None and row.decided_account is not None:
        return approver.account_id == row.decided_account
    return row.decided_by in ({by} if approver is None else {by, approver.name})


def _check_four_eyes(found: Gathered, by: str, approver: Approver | None) -> None:
    """Check that nobody approves their own diagnosis.

    Raises:
        Refused: when the same person would diagnose and approve.
    """
    if diagnosed_it(found, by, approver):
        raise Refused(
            f"{by} diagnosed {found.entry.asset.asset_id} in fiscal year {found.fiscal_year}; "
            "somebody else approves it"
        )


def check_seen(seen: Seen, release: Release | None, sha256: str, fiscal_year: int) -> None:
    """Check that what is approved is what was read.

    Raises:
        Conflict: when it is not.
    """
    if seen.version != (0 if release is None else release.version) or seen.sha256 != sha256:
        raise Conflict(
            f"what is known of the inspection in fiscal year {fiscal_year} changed since you read "
            "it; read it again"
        )


def revoke(
    connection: Connection,
    asset_id: str,
    fiscal_year: int,
    *,
    by: str,
    why: str,
    clock: Clock,
    expected_version: int | None = None,
) -> Release:
    """Take an approval back; what was approved stays in the history.

    Args:
        connection: an open transaction.
        asset_id: the asset.
        fiscal_year: of the inspection.
        by: who takes it back.
        why: the reason.
        clock: tells the time.
        expected_version: of the inspection as it was read; None for any.

    Raises:
        Conflict: when somebody decided since it was read.
        IllegalTransition: when the inspection is not approved, or is published.
        NotFound: when nobody has decided anything about it.
        BadInput: when name or reason lack.
    """
    decided_now = decision(asset_id, fiscal_year, ReleaseAction.REVOKE, by=by, why=why, clock=clock)
    release = known_release(connection, asset_id, fiscal_year)
    if expected_version not in (None, release.version):
        raise Conflict(f"somebody decided on {asset_id} meanwhile; read it again")
    after = step(release.state, ReleaseAction.REVOKE)
    event = ReleaseEvent(decision=decided_now, state_before=release.state, state_after=after)
    return releases.write(connection, event, expected_version=release.version)


def approved_record(
    connection: Connection, asset_id: str, fiscal_year: int | None = None
) -> Approval:
    """Read what is approved of an asset, of a fiscal year or the newest.

    Raises:
        NotFound: when nothing is approved; the message says how the inspection stands.
    """
    candidates = [
        r
        for r in releases.of_asset(connection, asset_id)
        if r.state in IN_RECORDS and fiscal_year in (None, r.fiscal_year)
    ]
    if not candidates:
        year = fiscal_year or newest_year(connection, asset_id)
        stands = progress(connection, asset_id, year)
        lacks = "; ".join(stands.missing) or "approve it with 'tenken record approve'"
        raise NotFound(
            f"no inspection of {asset_id} in fiscal year {year} is approved, and only approved "
            f"results reach records; it is {stands.state.value}: {lacks}"
        )
    approval_id = candidates[0].approval_id
    assert approval_id is not None
    return releases.approval(connection, approval_id)


def known_release(connection: Connection, asset_id: str, fiscal_year: int) -> Release:
    """Read how an inspection stands that people have decided about.

    Raises:
        NotFound: when nobody has.
    """
    release = releases.find(connection, asset_id, fiscal_year)
    if release is None:
        raise NotFound(
            f"nobody has approved the inspection of {asset_id} in fiscal year {fiscal_year}"
        )
    return release


def decision(
    asset_id: str, fiscal_year: int, action: ReleaseAction, *, by: str, why: str, clock: Clock
) -> ReleaseDecision:
    """Write down who decides what now.

    Raises:
        BadInput: when name or reason lack.
    """
    return ReleaseDecision(
        event_id=uuid.uuid4(),
        asset_id=asset_id,
        fiscal_year=fiscal_year,
        action=action,
        by=by,
        at=clock.now(),
        why=why,
    )
