"""An approved record + a person's decision → a row of open data, through the redaction gate."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine

from inspection.codelists.opendata import load_redaction_rule
from inspection.domain.eradate import day_in_japan
from inspection.domain.gateword import GateWord, word_of
from inspection.domain.publicrow import Redacted, changed_columns, redact
from inspection.domain.release import InspectionState, ReleaseAction, step
from inspection.errors import BadInput, Conflict, GateStopped, IllegalTransition
from inspection.pipeline.approve import approved_record, decision, known_release
from inspection.pipeline.picture import Choice, Made, Pictured, choose, make_pictures, with_pictures
from inspection.pipeline.ports import BlobStore, Clock
from inspection.store import privacy, releases
from inspection.store.engine import reading
from inspection.store.releases import Release, ReleaseEvent
from inspection.turns import Turns

_making = Turns("making public pictures", waiting_most=1, patience_s=30.0)


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
        passed: what the gate would let out; None where it stops. Pictures are only counted.
        stopped: why it does; None where it lets something out.
    """

    release: Release
    public: Mapping[str, Any] | None
    passed: Redacted | None
    stopped: GateWord | None


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
    connection: Connection, asset_id: str, fiscal_year: int | None, gate: Gate, *, clock: Clock
) -> Redacted:
    """Show what would be published, and what the gate would do; changes nothing.

    Pictures are counted by what the rows say of their photos; none is made.

    Args:
        connection: an open transaction.
        asset_id: the asset.
        fiscal_year: of the inspection; None is the newest.
        gate: how it is to pass.
        clock: tells the day.

    Raises:
        NotFound: when nothing is approved.
        GateStopped: when a text must not get out.
    """
    choice = _choice(connection, asset_id, fiscal_year, gate, clock=clock)
    return choice.expected if gate.pictures else choice.passed


def _choice(
    connection: Connection, asset_id: str, fiscal_year: int | None, gate: Gate, *, clock: Clock
) -> Choice:
    """Lead an approved record through the gate, and find its photos where they are wanted."""
    kept = approved_record(connection, asset_id, fiscal_year)
    passed = redact(
        kept.record,
        rule=load_redaction_rule(),
        published_on=day_in_japan(clock.now()).isoformat(),
        blur=gate.blur,
        show_damage=gate.show_damage,
    )
    return choose(connection, kept.record, passed) if gate.pictures else Choice(passed=passed)


def prospect(
    connection: Connection, asset_id: str, fiscal_year: int, gate: Gate, *, clock: Clock
) -> Prospect:
    """Compare what is public of an inspection with what would be; changes nothing.

    Raises:
        NotFound: when nothing is approved.
    """
    approved_record(connection, asset_id, fiscal_year)
    passed, stopped = None, None
    try:
        passed = preview(connection, asset_id, fiscal_year, gate, clock=clock)
    except GateStopped as error:
        stopped = word_of(error)
    release = known_release(connection, asset_id, fiscal_year)
    return Prospect(release=release, public=release.public_row, passed=passed, stopped=stopped)


def make_ready(
    engine: Engine,
    blobs: BlobStore,
    asset_id: str,
    fiscal_year: int,
    gate: Gate,
    *,
    clock: Clock,
    expected_version: int | None = None,
) -> Made | None:
    """Make the pictures that a publication needs, while nobody waits for a transaction of ours.

    One publication at a time makes pictures; nothing is public before ``publish``.

    Args:
        engine: the database.
        blobs: where photos lie and pictures go.
        asset_id: the asset.
        fiscal_year: of the inspection.
        gate: how it is to pass the gate.
        clock: tells the day.
        expected_version: of the inspection as it was read; None for any.

    Returns:
        The pictures; None when none are wanted.

    Raises:
        Conflict, NotFound, IllegalTransition, GateStopped: as ``publish``, before any work is done.
        Unavailable: when others are having pictures made.
    """
    if not gate.pictures:
        return None
    with reading(engine) as connection:
        choice = _choice(connection, asset_id, fiscal_year, gate, clock=clock)
        _publishable(connection, asset_id, fiscal_year, expected_version)
        gone = privacy.retracted(connection)
    with _making.one():
        return make_pictures(blobs, choice.looks, gone)


def publish(
    connection: Connection,
    asset_id: str,
    fiscal_year: int,
    *,
    by: str,
    why: str,
    gate: Gate = OPEN,
    clock: Clock,
    made: Made | None = None,
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
        made: the pictures, from ``make_ready``; needed where the gate is to let pictures out.
        expected_version: of the inspection as it was read; None for any.

    Raises:
        Conflict: when somebody decided since it was read, or what may be seen changed since the
            pictures were made.
        NotFound: when nothing is approved.
        IllegalTransition: when it is published already.
        GateStopped: when the gate stops it.
        BadInput: when name or reason lack, or pictures are wanted and none were made.
    """
    decided = decision(asset_id, fiscal_year, ReleaseAction.PUBLISH, by=by, why=why, clock=clock)
    if gate.pictures:
        privacy.hold(connection)
    choice = _choice(connection, asset_id, fiscal_year, gate, clock=clock)
    release, after = _publishable(connection, asset_id, fiscal_year, expected_version)
    pictured = _pictured(connection, choice, gate, made)
    releases.write(
        connection,
        ReleaseEvent(
            decision=decided,
            state_before=release.state,
            state_after=after,
            approval_id=release.approval_id,
            public_row=pictured.plain,
            redactions=[word.en for word in pictured.passed.applied],
        ),
        expected_version=release.version,
    )
    return pictured.passed


def _pictured(connection: Connection, choice: Choice, gate: Gate, made: Made | None) -> Pictured:
    if not gate.pictures:
        return Pictured(passed=choice.passed)
    if made is None:
        raise BadInput("pictures are made before they are published; see make_ready")
    return with_pictures(choice, made, privacy.retracted(connection))


def _publishable(
    connection: Connection, asset_id: str, fiscal_year: int, expected_version: int | None
) -> tuple[Release, InspectionState]:
    """Read how an inspection stands, and how it would stand once it is published."""
    release = _as_read(connection, asset_id, fiscal_year, expected_version)
    if release.state is InspectionState.PUBLISHED:
        raise IllegalTransition(
            f"the inspection of {asset_id} in {fiscal_year} is published already; withdraw it "
            "first when its record has changed"
        )
    return release, step(release.state, ReleaseAction.PUBLISH)


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
