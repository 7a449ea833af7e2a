"""What an approver reads: the list of inspections, and all that one of them would put on record."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.deps import ServicesDep
from api.schemas.inspecting import ChangeOut, ContentOut, EventOut, LineupOut, RecordOut
from api.schemas.inspection import FiscalYear
from inspection.domain.release import InspectionState
from inspection.pipeline.lineup import LIMIT_MAX, line_up
from inspection.pipeline.peruse import peruse
from inspection.store.engine import reading

router = APIRouter(prefix="/api/inspections", tags=["inspections"])

CHANGES_MOST = 200
HISTORY_MOST = 100
MARK_MAX = 1200
"""Longest mark of a place in the list: an identifier of 200 signs of up to four bytes, a year."""

PART_MAX = 500
"""Most rows of one page of a record's long lists."""

Start = Annotated[int, Query(ge=0, le=10**9)]


@router.get("/list", operation_id="list_inspections")
def list_inspections(
    *,
    services: ServicesDep,
    state: Annotated[list[InspectionState] | None, Query(max_length=len(InspectionState))] = None,
    fiscal_year: FiscalYear | None = None,
    ledger_only: Annotated[
        bool, Query(description="list those too of which only a ledger speaks")
    ] = True,
    after: Annotated[str | None, Query(max_length=MARK_MAX, pattern="^[A-Za-z0-9_-]+$")] = None,
    limit: Annotated[int, Query(ge=1, le=LIMIT_MAX)] = 50,
) -> LineupOut:
    """List inspections by asset, of some states or all, page by page."""
    with reading(services.engine) as connection:
        found = line_up(
            connection,
            states=frozenset(state or ()),
            fiscal_year=fiscal_year,
            ledger_only=ledger_only,
            after=after,
            limit=limit,
        )
    return LineupOut.of(found)


@router.get("/content", operation_id="read_inspection_content")
def read_inspection_content(
    *,
    services: ServicesDep,
    asset_id: Annotated[str, Query(min_length=1, max_length=200)],
    fiscal_year: Annotated[FiscalYear, Query()],
    damages_after: Start = 0,
    defects_after: Start = 0,
    limit: Annotated[int, Query(ge=1, le=PART_MAX)] = 100,
) -> ContentOut:
    """Show the record that is approved, or would be, and what changed since it was last decided on.

    Compiling it takes as long as an approval.
    """
    with reading(services.engine) as connection:
        found = peruse(connection, asset_id, fiscal_year)
    record = found.record
    return ContentOut(
        asset_id=asset_id,
        fiscal_year=fiscal_year,
        name=found.name,
        kind=found.kind,
        is_approved=found.is_approved,
        record=None
        if record is None
        else RecordOut.of(
            record, damages_after=damages_after, defects_after=defects_after, limit=limit
        ),
        compared_with=None if found.since is None else EventOut.of(found.since),
        changes=[ChangeOut.of(one) for one in found.changes[:CHANGES_MOST]],
        change_count=len(found.changes),
        history=[EventOut.of(one) for one in found.history[::-1][:HISTORY_MOST]],
    )
