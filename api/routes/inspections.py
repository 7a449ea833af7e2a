"""Inspections as a whole, one asset in one fiscal year: diagnose, approve, send back, take back.

Only approved results reach records and open data. Who approves is not who diagnosed.
"""

import json
from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy import Connection

from api.deps import PrincipalDep, Services, ServicesDep
from api.principal import Principal
from api.schemas.inspection import (
    ApprovalIn,
    Decided,
    DiagnosisIn,
    FiscalYear,
    InspectionOut,
    ResubmissionIn,
    ReturnIn,
    RevocationIn,
)
from inspection.codelists.findings import read_findings
from inspection.pipeline.approve import Approver, Seen, approve, diagnosed_it, revoke
from inspection.pipeline.compile import diagnosing_row
from inspection.pipeline.diagnose import Diagnosing, diagnose, values_for
from inspection.pipeline.examine import examine, newest_year
from inspection.pipeline.sendback import resubmit, send_back
from inspection.store import assets, releases
from inspection.store.engine import reading, writing

router = APIRouter(prefix="/api/inspections", tags=["inspections"])

AssetId = Annotated[str, Query(min_length=1, max_length=200)]


@router.get("", operation_id="read_inspection")
def read_inspection(
    services: ServicesDep,
    principal: PrincipalDep,
    asset_id: AssetId,
    fiscal_year: FiscalYear | None = None,
) -> InspectionOut:
    """Say how an inspection stands, of the newest fiscal year of which anything is known."""
    with reading(services.engine) as connection:
        assets.by_id(connection, asset_id)
        year = fiscal_year or newest_year(connection, asset_id)
        return _shown(connection, principal, asset_id, year)


@router.post("/approvals", operation_id="approve_inspection", status_code=201)
def approve_inspection(
    services: ServicesDep, principal: PrincipalDep, wanted: ApprovalIn
) -> InspectionOut:
    """Approve an inspection as it was read; its record is compiled now and kept whole.

    409 when it was decided on, or the data changed, since it was read; 403 for whoever diagnosed.
    """
    findings = read_findings(json.dumps(wanted.findings).encode())
    with writing(services.engine) as connection:
        assets.by_id(connection, wanted.asset_id)
        approve(
            connection,
            wanted.asset_id,
            wanted.fiscal_year,
            by=who(principal, wanted),
            why=wanted.why,
            findings=findings,
            clock=services.clock,
            seen=Seen(version=wanted.expected_version, sha256=wanted.record_sha256),
            approver=approver_of(principal),
        )
    return _read_after(services, principal, wanted)


@router.post("/revocations", operation_id="revoke_approval")
def revoke_approval(
    services: ServicesDep, principal: PrincipalDep, wanted: RevocationIn
) -> InspectionOut:
    """Take an approval back; what was approved stays in the history."""
    with writing(services.engine) as connection:
        assets.by_id(connection, wanted.asset_id)
        revoke(
            connection,
            wanted.asset_id,
            wanted.fiscal_year,
            by=who(principal, wanted),
            why=wanted.why,
            clock=services.clock,
            expected_version=wanted.expected_version,
        )
    return _read_after(services, principal, wanted)


@router.post("/returns", operation_id="send_back_inspection")
def send_back_inspection(
    services: ServicesDep, principal: PrincipalDep, wanted: ReturnIn
) -> InspectionOut:
    """Send an inspection back to the engineers, as it was read, and say what is to be mended.

    It waits for an approval again when its data changed, or when an engineer answers.
    """
    with writing(services.engine) as connection:
        assets.by_id(connection, wanted.asset_id)
        send_back(
            connection,
            wanted.asset_id,
            wanted.fiscal_year,
            by=who(principal, wanted),
            why=wanted.why,
            clock=services.clock,
            seen=Seen(version=wanted.expected_version, sha256=wanted.record_sha256),
        )
    return _read_after(services, principal, wanted)


@router.post("/resubmissions", operation_id="resubmit_inspection")
def resubmit_inspection(
    services: ServicesDep, principal: PrincipalDep, wanted: ResubmissionIn
) -> InspectionOut:
    """Answer what was sent back: it stands as it is, and waits for an approval again."""
    with writing(services.engine) as connection:
        assets.by_id(connection, wanted.asset_id)
        resubmit(
            connection,
            wanted.asset_id,
            wanted.fiscal_year,
            by=who(principal, wanted),
            why=wanted.why,
            clock=services.clock,
            expected_version=wanted.expected_version,
        )
    return _read_after(services, principal, wanted)


@router.post("/diagnoses", operation_id="diagnose_asset", status_code=201)
def diagnose_asset(
    services: ServicesDep, principal: PrincipalDep, wanted: DiagnosisIn
) -> InspectionOut:
    """Decide the soundness of an asset, or the class of a road section, in a fiscal year.

    What the rules propose stays beside it. 409 when it is approved, or somebody decided meanwhile.
    """
    account = principal.account
    said = Diagnosing(
        asset_id=wanted.asset_id,
        fiscal_year=wanted.fiscal_year,
        value=wanted.value,
        by=wanted.by if account is None else account.display_name,
        why=wanted.why,
        account_id=None if account is None else account.account_id,
        decided_before=wanted.decided_before,
    )
    with writing(services.engine) as connection:
        assets.by_id(connection, wanted.asset_id)
        diagnose(connection, said, clock=services.clock)
    return _read_after(services, principal, wanted)


def who(principal: Principal, wanted: Decided) -> str:
    """Name who decides: the account's displayed name, or what was typed where nobody signs in."""
    return wanted.by if principal.account is None else principal.account.display_name


def approver_of(principal: Principal) -> Approver | None:
    """Name the account of who approves; None where nobody signs in."""
    account = principal.account
    if account is None:
        return None
    return Approver(account_id=account.account_id, name=account.name)


def _read_after(
    services: Services, principal: Principal, wanted: Decided | DiagnosisIn
) -> InspectionOut:
    """Show what follows from a decision; it compiles a record, for which no writer need wait."""
    with reading(services.engine) as connection:
        return _shown(connection, principal, wanted.asset_id, wanted.fiscal_year)


def _shown(
    connection: Connection, principal: Principal, asset_id: str, fiscal_year: int
) -> InspectionOut:
    seen = examine(connection, asset_id, fiscal_year)
    row = diagnosing_row(seen.found)
    events = releases.history(connection, asset_id=asset_id, fiscal_year=fiscal_year)
    who_reads = approver_of(principal)
    return InspectionOut.of(
        seen,
        decided=None if row is None else row.decided,
        values=values_for(seen.found.entry.asset.kind),
        last=events[-1] if events else None,
        is_own=who_reads is not None and diagnosed_it(seen.found, _name_of(principal), who_reads),
    )


def _name_of(principal: Principal) -> str:
    return "" if principal.account is None else principal.account.display_name
