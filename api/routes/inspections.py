"""Inspections as a whole, one asset in one fiscal year: how they stand, approve them, take it back.

Only approved results reach records and open data. Who approves is not who diagnosed.
"""

import json
from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy import Connection

from api.deps import PrincipalDep, ServicesDep
from api.principal import Principal
from api.schemas.inspection import ApprovalIn, Decided, FiscalYear, InspectionOut, RevocationIn
from inspection.codelists.findings import read_findings
from inspection.pipeline.approve import Seen, approve, newest_year, progress, revoke, would_be
from inspection.store import assets, releases
from inspection.store.engine import reading, writing

router = APIRouter(prefix="/api/inspections", tags=["inspections"])

AssetId = Annotated[str, Query(min_length=1, max_length=200)]


@router.get("", operation_id="read_inspection")
def read_inspection(
    services: ServicesDep, asset_id: AssetId, fiscal_year: FiscalYear | None = None
) -> InspectionOut:
    """Say how an inspection stands, of the newest fiscal year of which anything is known."""
    with reading(services.engine) as connection:
        assets.by_id(connection, asset_id)
        return _shown(connection, asset_id, fiscal_year or newest_year(connection, asset_id))


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
            by=_who(principal, wanted),
            why=wanted.why,
            findings=findings,
            clock=services.clock,
            seen=Seen(version=wanted.expected_version, sha256=wanted.record_sha256),
        )
        return _shown(connection, wanted.asset_id, wanted.fiscal_year)


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
            by=_who(principal, wanted),
            why=wanted.why,
            clock=services.clock,
            expected_version=wanted.expected_version,
        )
        return _shown(connection, wanted.asset_id, wanted.fiscal_year)


def _who(principal: Principal, wanted: Decided) -> str:
    return wanted.by if principal.account is None else principal.account.display_name


def _shown(connection: Connection, asset_id: str, fiscal_year: int) -> InspectionOut:
    stands = progress(connection, asset_id, fiscal_year)
    approval_id = None if stands.release is None else stands.release.approval_id
    kept = None if approval_id is None else releases.approval(connection, approval_id)
    return InspectionOut.of(stands, would_be(connection, asset_id, fiscal_year), kept)
