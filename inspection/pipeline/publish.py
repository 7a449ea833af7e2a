"""An approved record + a person's decision → a row of open data, through the redaction gate."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from inspection.codelists.opendata import load_redaction_rule
from inspection.domain.eradate import day_in_japan
from inspection.domain.publicrow import Redacted, changed_columns, redact
from inspection.domain.release import InspectionState, ReleaseAction, step
from inspection.errors import BadInput, Conflict, IllegalTransition, Refused
from inspection.pipeline.approve import approved_record, decision, known_release
from inspection.pipeline.picture import Pictured, keep_pictures, with_pictures
from inspection.pipeline.ports import BlobStore, Clock
from inspection.store import releases
from inspection.store.releases import Release, ReleaseEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """Say how a record is to pass the gate.

    Attributes:
        blur: show the middle of a cell instead of the place.
        show_damage: publish single damages at all.
        pictures: publish a picture of each, blurred; only of photos that a detector has screened
            and a person has looked at.
    """

    blur: bool = False
    show_damage: bool = True
    pictures: bool = False


OPEN = Gate()
"""Let pass what the rules let pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prospect:
    """Carry what of an inspection is public now, and what would be.

    Attributes:
        release: how the inspection stands.
        public: row and damages as everybody sees them; None where nothing is public.
        passed: what the gate would let out; None where it stops.
        stopped: why it does; None where it lets something out.
    """

    release: Release
    public: Mapping[str, Any] | None
    passed: Redacted | None
    stopped: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Carry one line of the public change log; it names no person and no reason.

    Attributes:
        day: ISO 8601, in Japan.
        action: publish or withdraw.
        asset_id: the asset.
        fiscal_year: of the inspection.
        columns: value before and after by column; empty for a withdrawal.
    """

    day: str
    action: str
    asset_id: str
    fiscal_year: int
    columns: Mapping[str, Any]


def preview(
    connection: Connection,
    asset_id: str,
    fiscal_year: int | None,
    gate: Gate,
    *,
    clock: Clock,
    blobs: BlobStore | None = None,
) -> Redacted:
    """Show what would be published, and what the gate would do; changes nothing.

    Args:
        connection: an open transaction.
        asset_id: the asset.
        fiscal_year: of the inspection; None is the newest.
        gate: how it is to pass.
        clock: tells the day.
        blobs: where the photos lie; needed for pictures.

    Raises:
        NotFound: when nothing is approved.
        Refused: when a text must not get out.
        BadInput: when pictures are wanted and nobody says where the photos lie.
    """
    return _passed(connection, asset_id, fiscal_year, gate, clock=clock, blobs=blobs).passed


def _passed(
    connection: Connection,
    asset_id: str,
    fiscal_year: int | None,
    gate: Gate,
    *,
    clock: Clock,
    blobs: BlobStore | None,
) -> Pictured:
    """Lead an approved record through the gate, with its pictures where they are wanted."""
    kept = approved_record(connection, asset_id, fiscal_year)
    passed = redact(
        kept.record,
        rule=load_redaction_rule(),
        published_on=day_in_japan(clock.now()).isoformat(),
        blur=gate.blur,
        show_damage=gate.show_damage,
    )
    if not gate.pictures:
        return Pictured(passed=passed)
    if blobs is None:
        raise BadInput("pictures are published from photos; say where the blobs lie")
    return with_pictures(connection, blobs, kept.record, passed)


def prospect(
    connection: Connection,
    asset_id: str,
    fiscal_year: int,
    gate: Gate,
    *,
    clock: Clock,
    blobs: BlobStore | None = None,
) -> Prospect:
    """Compare what is public of an inspection with what would be; changes nothing.

    Raises:
        NotFound: when nothing is approved.
    """
    approved_record(connection, asset_id, fiscal_year)
    passed, stopped = None, None
    try:
        passed = preview(connection, asset_id, fiscal_year, gate, clock=clock, blobs=blobs)
    except Refused as error:
        stopped = str(error)
    release = known_release(connection, asset_id, fiscal_year)
    return Prospect(release=release, public=release.public_row, passed=passed, stopped=stopped)


def publish(
    connection: Connection,
    asset_id: str,
    fiscal_year: int,
    *,
    by: str,
    why: str,
    gate: Gate = OPEN,
    clock: Clock,
    blobs: BlobStore | None = None,
    expected_version: int | None = None,
) -> Redacted:
    """Publish an approved inspection.

    Args:
        connection: an open transaction.
        asset_id: the asset.
        fiscal_year: of the inspection.
        by: who publishes.
        why: the reason.
        gate: how it is to pass the gate.
        clock: tells the time.
        blobs: where the photos lie; needed for pictures.
        expected_version: of the inspection as it was read; None for any.

    Raises:
        Conflict: when somebody decided since it was read.
        NotFound: when nothing is approved.
        IllegalTransition: when it is published already.
        Refused: when the gate stops it.
        BadInput: when name or reason lack.
    """
    decided = decision(asset_id, fiscal_year, ReleaseAction.PUBLISH, by=by, why=why, clock=clock)
    pictured = _passed(connection, asset_id, fiscal_year, gate, clock=clock, blobs=blobs)
    passed = pictured.passed
    release = _as_read(connection, asset_id, fiscal_year, expected_version)
    if release.state is InspectionState.PUBLISHED:
        raise IllegalTransition(
            f"the inspection of {asset_id} in {fiscal_year} is published already; withdraw it "
            "first when its record has changed"
        )
    after = step(release.state, ReleaseAction.PUBLISH)
    if blobs is not None:
        keep_pictures(blobs, pictured)
    releases.write(
        connection,
        ReleaseEvent(
            decision=decided,
            state_before=release.state,
            state_after=after,
            approval_id=release.approval_id,
            public_row=pictured.plain,
            redactions=passed.applied,
        ),
        expected_version=release.version,
    )
    return passed


def _as_read(
    connection: Connection, asset_id: str, fiscal_year: int, expected_version: int | None
) -> Release:
    release = known_release(connection, asset_id, fiscal_year)
    if expected_version not in (None, release.version):
        raise Conflict(f"somebody decided on {asset_id} meanwhile; read it again")
    return release


def withdraw(
    connection: Connection,
    asset_id: str,
    fiscal_year: int,
    *,
    by: str,
    why: str,
    clock: Clock,
    expected_version: int | None = None,
) -> Release:
    """Take a published inspection back; frozen snapshots of months before keep it.

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
        NotFound: when nobody has decided anything about it.
        IllegalTransition: when it is not published.
        BadInput: when name or reason lack.
    """
    decided = decision(asset_id, fiscal_year, ReleaseAction.WITHDRAW, by=by, why=why, clock=clock)
    release = _as_read(connection, asset_id, fiscal_year, expected_version)
    after = step(release.state, ReleaseAction.WITHDRAW)
    event = ReleaseEvent(
        decision=decided,
        state_before=release.state,
        state_after=after,
        approval_id=release.approval_id,
    )
    return releases.write(connection, event, expected_version=release.version)


def changes(connection: Connection) -> tuple[Change, ...]:
    """List what was published and withdrawn, oldest first, with what each publication changed."""
    log = []
    last: dict[str, Mapping[str, Any]] = {}
    wanted = (ReleaseAction.PUBLISH, ReleaseAction.WITHDRAW)
    for event in releases.history(connection, actions=wanted):
        decided = event.decision
        columns: dict[str, Any] = {}
        if event.public_row is not None:
            row = event.public_row["row"]
            columns = changed_columns(last.get(decided.asset_id), row)
            last[decided.asset_id] = row
        log.append(
            Change(
                day=day_in_japan(decided.at).isoformat(),
                action=decided.action.value,
                asset_id=decided.asset_id,
                fiscal_year=decided.fiscal_year,
                columns=columns,
            )
        )
    return tuple(log)
