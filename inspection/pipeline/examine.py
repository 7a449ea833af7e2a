"""An inspection → how far it has come, and the record that an approval would keep of it.

Gathering and compiling take seconds where there are thousands of damages: each is done once.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from inspection.domain.inspectionrecord import InspectionRecord, digest, to_plain
from inspection.domain.release import IN_RECORDS, Evidence, InspectionState, state_of
from inspection.errors import NotFound
from inspection.pipeline.compile import Gathered, compile_record, gather, with_findings, years_of
from inspection.store import releases
from inspection.store.releases import Approval, Release

COMPARED = (*IN_RECORDS, InspectionState.SENT_BACK)
"""States in which a record was kept, with which that of today is compared."""


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
class Examined:
    """Carry an inspection as somebody looks at it, gathered and compiled once.

    Attributes:
        found: what the store holds of it.
        stands: how far it has come.
        kept: what is approved; None when nothing is.
        would_be: what an approval would keep now, without findings; None while one cannot be.
    """

    found: Gathered
    stands: Progress
    kept: Approval | None
    would_be: InspectionRecord | None


def examine(connection: Connection, asset_id: str, fiscal_year: int) -> Examined:
    """Read all that a page says of an inspection, with what an approval would keep.

    Raises:
        NotFound: when there is no such asset.
    """
    found = gather(connection, asset_id, fiscal_year)
    release = releases.find(connection, asset_id, fiscal_year)
    record = compiled(connection, found)
    kept = _kept(connection, release)
    return Examined(
        found=found,
        stands=_progress(found, release, record, kept),
        kept=kept,
        would_be=None if missing(found.evidence, fiscal_year) else record,
    )


def progress(connection: Connection, asset_id: str, fiscal_year: int) -> Progress:
    """Tell how far an inspection has come, and whether its data changed since the approval.

    Raises:
        NotFound: when there is no such asset.
    """
    found = gather(connection, asset_id, fiscal_year)
    release = releases.find(connection, asset_id, fiscal_year)
    is_compared = release is not None and release.state in COMPARED
    record = compiled(connection, found) if is_compared else None
    return _progress(found, release, record, _kept(connection, release))


def compiled(connection: Connection, found: Gathered) -> InspectionRecord | None:
    """Compile the record of an inspection without findings.

    None while nobody has diagnosed it, or a flight has no mosaic yet.
    """
    flown_since = found.evidence.with_mosaic < found.evidence.surveys
    if flown_since or not found.evidence.diagnosed:
        return None
    return compile_record(connection, found, {})


def _kept(connection: Connection, release: Release | None) -> Approval | None:
    if release is None or release.approval_id is None:
        return None
    return releases.approval(connection, release.approval_id)


def _progress(
    found: Gathered,
    release: Release | None,
    record: InspectionRecord | None,
    kept: Approval | None,
) -> Progress:
    decided = release is not None and release.state in IN_RECORDS
    return Progress(
        asset_id=found.entry.asset.asset_id,
        fiscal_year=found.fiscal_year,
        state=state_now(found, release, record),
        evidence=found.evidence,
        missing=() if decided else missing(found.evidence, found.fiscal_year),
        release=release,
        changed=decided and kept is not None and not _says_the_same(kept.record, found, record),
    )


def _says_the_same(
    kept: InspectionRecord, found: Gathered, record: InspectionRecord | None
) -> bool:
    """Compare an approved record with that of today, both as they would be written today.

    The digest that was kept proves what was approved. It is not compared, for a later version may
    write the same content otherwise.
    """
    if record is None:
        return False
    return to_plain(kept) == to_plain(with_findings(record, found, kept.findings))


def state_now(
    found: Gathered, release: Release | None, record: InspectionRecord | None
) -> InspectionState:
    """Tell how far an inspection has come, by what is there and what people decided.

    What was sent back waits again as soon as the record would say anything else.

    Args:
        found: what is there.
        release: what people decided; None when nothing yet.
        record: of today, without findings; needed where it was sent back.
    """
    derived = state_of(found.evidence)
    if release is None:
        return derived
    if release.state in IN_RECORDS:
        return release.state
    if release.state is InspectionState.SENT_BACK and derived is InspectionState.DIAGNOSED:
        same = record is not None and digest(to_plain(record)) == release.record_sha256
        return InspectionState.SENT_BACK if same else derived
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


def would_be(connection: Connection, asset_id: str, fiscal_year: int) -> InspectionRecord | None:
    """Compile the record that an approval would keep now, without findings; None when it cannot.

    Raises:
        NotFound: when there is no such asset.
    """
    found = gather(connection, asset_id, fiscal_year)
    if missing(found.evidence, fiscal_year):
        return None
    return compile_record(connection, found, {})
