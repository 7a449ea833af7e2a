"""A diagnosed inspection + a person's approval → a record that is kept whole."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from inspection.domain.inspectionrecord import InspectionRecord, digest, to_plain
from inspection.domain.release import (
    IN_RECORDS,
    Evidence,
    InspectionState,
    ReleaseAction,
    ReleaseDecision,
    state_of,
    step,
)
from inspection.errors import Conflict, NotFound, Refused
from inspection.pipeline.compile import (
    Gathered,
    compile_record,
    diagnosing_row,
    gather,
    years_of,
)
from inspection.pipeline.ports import Clock
from inspection.store import releases
from inspection.store.releases import Approval, Release, ReleaseEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Say how an inspection stands.

    Attributes:
        asset_id: the asset.
        fiscal_year: of the inspection.
        state: how far it has come.
        evidence: what is there.
        missing: what the next step needs, in words; empty when nothing.
        release: what people decided; None when nothing yet.
        changed: the data differ from what was approved.
    """

    asset_id: str
    fiscal_year: int
    state: InspectionState
    evidence: Evidence
    missing: tuple[str, ...]
    release: Release | None
    changed: bool = False


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


def progress(connection: Connection, asset_id: str, fiscal_year: int) -> Progress:
    """Tell how far an inspection has come, and whether its data changed since the approval.

    Raises:
        NotFound: when there is no such asset.
    """
    found = gather(connection, asset_id, fiscal_year)
    release = releases.find(connection, asset_id, fiscal_year)
    decided = release is not None and release.state in IN_RECORDS
    state = state_now(connection, found, release)
    changed = False
    if release is not None and decided and release.approval_id is not None:
        kept = releases.approval(connection, release.approval_id)
        flown_since = found.evidence.with_mosaic < found.evidence.surveys  # none when approved
        changed = (
            flown_since
            or not found.evidence.diagnosed
            or kept.sha256
            != digest(to_plain(compile_record(connection, found, kept.record.findings)))
        )
    return Progress(
        asset_id=asset_id,
        fiscal_year=fiscal_year,
        state=state,
        evidence=found.evidence,
        missing=() if decided else missing(found.evidence, fiscal_year),
        release=release,
        changed=changed,
    )


def state_now(connection: Connection, found: Gathered, release: Release | None) -> InspectionState:
    """Tell how far an inspection has come, by what is there and what people decided.

    What was sent back waits again as soon as the record would say anything else.
    """
    derived = state_of(found.evidence)
    if release is None:
        return derived
    if release.state in IN_RECORDS:
        return release.state
    if release.state is InspectionState.SENT_BACK and derived is InspectionState.DIAGNOSED:
        now = digest(to_plain(compile_record(connection, found, {})))
        return InspectionState.SENT_BACK if now == release.record_sha256 else derived
    return derived


def missing(evidence: Evidence, fiscal_year: int) -> tuple[str, ...]:
    """Say what an approval still needs.

    >>> missing(Evidence(surveys=1, with_mosaic=1, searched=1, unreviewed=2), 2026)[0]
    '2 detections are neither confirmed nor rejected'
    """
    lacks = []
    unfinished = evidence.surveys - evidence.searched
    if unfinished:
        lacks.append(f"{unfinished} surveys are not processed to the end")
    if evidence.unreviewed:
        lacks.append(f"{evidence.unreviewed} detections are neither confirmed nor rejected")
    if not evidence.diagnosed:
        lacks.append(f"nobody has decided the soundness in fiscal year {fiscal_year}")
    return tuple(lacks)


def newest_year(connection: Connection, asset_id: str) -> int:
    """Give the newest fiscal year of which anything is known about an asset.

    Raises:
        NotFound: when there is no such asset, or nothing is known of any year.
    """
    years: Sequence[int] = years_of(connection, asset_id)
    if not years:
        raise NotFound(f"nothing is known of any inspection of {asset_id}")
    return years[0]


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
    before = state_now(connection, found, release)
    lacks = "" if before in IN_RECORDS else "; ".join(missing(found.evidence, fiscal_year))
    after = step(before, ReleaseAction.APPROVE, why_not=lacks)
    record = compile_record(connection, found, findings or {})
    if seen is not None:
        check_seen(seen, release, digest(to_plain(replace(record, findings={}))), fiscal_year)
        _check_four_eyes(found, by, approver)
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


def _check_four_eyes(found: Gathered, by: str, approver: Approver | None) -> None:
    """Check that nobody approves their own diagnosis.

    Accounts are compared, for a name changes and two people may share it. A diagnosis that names no
    account was typed at the machine: there a name is all there is, and whoever bears it is taken
    for the one who diagnosed.

    Raises:
        Refused: when the same person would diagnose and approve.
    """
    row = diagnosing_row(found)
    if row is None:
        return
    if approver is not None and row.decided_account is not None:
        same = approver.account_id == row.decided_account
    else:
        same = row.decided_by in ({by} if approver is None else {by, approver.name})
    if same:
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


def would_be(connection: Connection, asset_id: str, fiscal_year: int) -> InspectionRecord | None:
    """Compile the record that an approval would keep now, without findings; None when it cannot.

    Raises:
        NotFound: when there is no such asset.
    """
    found = gather(connection, asset_id, fiscal_year)
    if missing(found.evidence, fiscal_year):
        return None
    return compile_record(connection, found, {})


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
