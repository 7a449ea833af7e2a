"""The audit log, for those who administer: read, proved, taken along."""

import csv
import tempfile
import threading
from datetime import date, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import FileResponse, Response
from sqlalchemy import Connection
from starlette.background import BackgroundTask

from api.deps import GatekeeperDep, PrincipalDep
from api.principal import ANONYMOUS_ACTOR, Principal
from api.schemas.audit import AuditPage, AuditVerified, EntryOut, FaultOut
from api.schemas.base import Day
from inspection.domain.account import check_name
from inspection.domain.eradate import JST
from inspection.errors import BadInput, NotFound, Unavailable
from inspection.export.cells import inert
from inspection.store import accounts, audit, organisations
from inspection.store.auditpages import LIMIT_MAX, Wanted, every, newest
from inspection.store.engine import reading
from inspection.store.page import OFFSET_MAX
from inspection.store.scope import SINGLE_USER

router = APIRouter(prefix="/api/audit", tags=["audit"])

FAULTS_SHOWN = 100
COLUMNS = tuple(EntryOut.model_fields)
NO_ACCOUNTS = frozenset({"command", SINGLE_USER, ANONYMOUS_ACTOR})

_verifying = threading.Lock()
"""A proof reads the whole log; one at a time is enough."""


class Sought:
    """Take what an administrator asks the log for."""

    def __init__(
        self,
        actor: Annotated[
            str | None,
            Query(
                max_length=100, description="name of an account, command, single-user, anonymous"
            ),
        ] = None,
        action: Annotated[str | None, Query(max_length=100)] = None,
        first: Annotated[Day | None, Query(description="first day, in Japan")] = None,
        last: Annotated[Day | None, Query(description="last day, in Japan")] = None,
    ) -> None:
        """Keep the four conditions."""
        self.actor, self.action, self.first, self.last = actor or None, action or None, first, last

    def wanted(self, connection: Connection, principal: Principal) -> Wanted:
        """Narrow the log to what was asked for, among what the asker may see.

        Raises:
            BadInput: when the days run backwards or the name can be none.
            NotFound: when there is no such account.
        """
        if self.first and self.last and self.last < self.first:
            raise BadInput(f"the last day {self.last} is before the first, {self.first}")
        return Wanted(
            organisations=_seen_by(connection, principal),
            actor=self._actor(connection),
            action=self.action,
            since=None if self.first is None else _midnight(self.first),
            until=None
            if self.last is None or self.last == date.max
            else _midnight(self.last + timedelta(days=1)),
        )

    def _actor(self, connection: Connection) -> str | None:
        if self.actor is None or self.actor in NO_ACCOUNTS:
            return self.actor
        name = check_name("account", self.actor)
        found = accounts.credentials(connection, name)
        if found is None:
            raise NotFound(f"there is no account {name!r}")
        return str(found.account.account_id)


SoughtDep = Annotated[Sought, Depends()]


@router.get("", operation_id="read_audit_log")
def read_audit_log(
    services: GatekeeperDep,
    principal: PrincipalDep,
    sought: SoughtDep,
    before: Annotated[
        int | None, Query(ge=1, le=OFFSET_MAX, description="number of an entry")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=LIMIT_MAX - 1)] = 100,
) -> AuditPage:
    """List what was done for the own organisation and those below it, newest first."""
    with reading(services.engine) as connection:
        wanted = sought.wanted(connection, principal)
        found = newest(connection, wanted, before=before, limit=limit + 1)
        names = accounts.names(connection)
    shown = [EntryOut.of(entry, names) for entry in found[:limit]]
    return AuditPage(entries=shown, next=shown[-1].seq if len(found) > limit else None)


@router.get("/verification", operation_id="verify_audit_log")
def verify_audit_log(services: GatekeeperDep) -> AuditVerified:
    """Prove that no entry of the whole log was changed, removed, reordered or put in."""
    if not _verifying.acquire(blocking=False):
        raise Unavailable("the log is being verified already; ask again in a minute")
    try:
        with reading(services.engine) as connection:
            faults = list(islice(audit.verify(connection), FAULTS_SHOWN))
            head = audit.head(connection)
    finally:
        _verifying.release()
    return AuditVerified(
        entries=head.entries,
        head=str(head),
        whole=not faults,
        faults=[FaultOut(seq=fault.seq, reason=fault.reason) for fault in faults],
        verified_at=services.clock.now(),
    )


@router.get(
    "/file.csv",
    operation_id="audit_file",
    response_class=Response,
    responses={200: {"content": {"text/csv; charset=utf-8": {}}}},
)
def audit_file(services: GatekeeperDep, principal: PrincipalDep, sought: SoughtDep) -> Response:
    """Give the entries as a file, newest first."""
    services.scratch.mkdir(parents=True, exist_ok=True)
    with (
        reading(services.engine) as connection,
        tempfile.NamedTemporaryFile(
            "w",
            dir=services.scratch,
            prefix="audit-",
            suffix=".csv",
            encoding="utf-8-sig",
            newline="",
            delete=False,
        ) as file,
    ):
        path = Path(file.name)
        try:
            wanted = sought.wanted(connection, principal)
            names = accounts.names(connection)
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            for entry in every(connection, wanted):
                shown = EntryOut.of(entry, names).model_dump(mode="json")
                writer.writerow([inert(shown[name]) for name in COLUMNS])
        except BaseException:
            path.unlink(missing_ok=True)
            raise
    return FileResponse(
        path,
        media_type="text/csv; charset=utf-8",
        filename="audit.csv",
        headers={"Cache-Control": "no-store"},
        background=BackgroundTask(path.unlink, missing_ok=True),
    )


def _seen_by(connection: Connection, principal: Principal) -> frozenset[str] | None:
    """Name the organisations whose entries somebody may read.

    What was done for no organisation (refused sign-ins, the machine owner's commands) is for the
    admins of the topmost one.
    """
    if principal.membership is None:
        return None if principal.single_user else frozenset()
    own = organisations.by_id(connection, principal.membership.organisation_id)
    seen = principal.visible or frozenset()
    return seen | {""} if own.parent_id is None else seen


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), JST)
