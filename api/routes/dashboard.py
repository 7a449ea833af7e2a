"""The planner's dashboard, and the records of measures from which it counts."""

import uuid
from collections.abc import Callable, Sequence
from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from api.deps import PrincipalDep, ServicesDep
from api.principal import Principal
from api.schemas.dashboard import (
    URGENT_MOST,
    CountedOut,
    DashboardOut,
    MeasureIn,
    MeasureList,
    MeasureOut,
    PhaseOut,
    PlaceFigures,
    SeriesOut,
    SharesOut,
    UrgentOut,
    WaitingList,
    WaitingOut,
    Withdrawal,
)
from inspection.domain.asset import AssetKind
from inspection.domain.eradate import day_in_japan, fiscal_year
from inspection.domain.figures import cycle_of
from inspection.domain.measure import Measure
from inspection.domain.progress import (
    Phase,
    days_until,
    months_until,
    phases_of,
    series_of,
    shares_of,
)
from inspection.pipeline.oversee import Oversight, longest_waiting, oversee
from inspection.store import measures
from inspection.store.engine import reading, writing
from inspection.store.scope import SINGLE_USER

router = APIRouter(prefix="/api", tags=["dashboard"])

Municipality = Annotated[
    str | None, Query(max_length=200, description="only this one; empty: those without one")
]
AssetId = Annotated[str, Query(min_length=1, max_length=200)]


class Step(StrEnum):
    """Say how long a period is."""

    MONTH = "month"
    DAY = "day"


PERIODS: dict[Step, Callable[[date, int], Sequence[tuple[date, date]]]] = {
    Step.MONTH: months_until,
    Step.DAY: days_until,
}


@router.get("/dashboard", operation_id="read_dashboard")
def read_dashboard(
    services: ServicesDep, kind: AssetKind | None = None, municipality: Municipality = None
) -> DashboardOut:
    """Say what is inspected and repaired, and how long damages wait for what."""
    today = day_in_japan(services.clock.now())
    year = fiscal_year(today)
    with reading(services.engine) as connection:
        known = oversee(connection)
    seen = known.only(kind=kind, municipality=municipality)
    kinds, municipalities = zip(*known.places(), strict=True) if known.assets else ((), ())
    return DashboardOut(
        day=today,
        fiscal_year=year,
        cycle=cycle_of(year),
        kinds=[AssetKind(one) for one in sorted(set(kinds))],
        municipalities=sorted(set(municipalities)),
        shares=SharesOut.of(shares_of(seen.assets, fiscal_year=year)),
        phases=[PhaseOut.of(phase) for phase in phases_of(seen.cases, today)],
        places=[_place(seen, *place, today) for place in seen.places()],
        urgent=[UrgentOut.of(one) for one in seen.urgent_open()[:URGENT_MOST]],
    )


@router.get("/dashboard/series", operation_id="dashboard_series")
def dashboard_series(
    services: ServicesDep,
    step: Step = Step.MONTH,
    periods: Annotated[int, Query(ge=1, le=120)] = 24,
    kind: AssetKind | None = None,
    municipality: Municipality = None,
) -> SeriesOut:
    """Count detections, verdicts, orders and repairs by month or by day, until today."""
    today = day_in_japan(services.clock.now())
    with reading(services.engine) as connection:
        seen = oversee(connection).only(kind=kind, municipality=municipality)
    counted = series_of(seen.cases, PERIODS[step](today, periods))
    return SeriesOut(periods=[CountedOut.of(one) for one in counted])


@router.get("/dashboard/waiting", operation_id="dashboard_waiting")
def dashboard_waiting(
    services: ServicesDep,
    kind: AssetKind | None = None,
    municipality: Municipality = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 20,
) -> WaitingList:
    """List the confirmed damages that have waited longest for a finished measure."""
    today = day_in_japan(services.clock.now())
    with reading(services.engine) as connection:
        found = longest_waiting(connection, kind=kind, municipality=municipality, limit=limit)
    return WaitingList(damages=[WaitingOut.of(one, today) for one in found])


@router.get("/measures", operation_id="list_measures")
def list_measures(services: ServicesDep, asset_id: AssetId) -> MeasureList:
    """List what was recorded about measures on an asset; withdrawn records are left out."""
    with reading(services.engine) as connection:
        found = measures.of_asset(connection, asset_id)
    return MeasureList(measures=[MeasureOut.of(one) for one in found])


@router.post("/measures", operation_id="record_measure", status_code=201)
def record_measure(services: ServicesDep, principal: PrincipalDep, wanted: MeasureIn) -> MeasureOut:
    """Record that a measure was ordered or finished, under the name of whoever is signed in."""
    measure = Measure(
        event_id=wanted.event_id or uuid.uuid4(),
        asset_id=wanted.asset_id,
        defect_id=wanted.defect_id,
        stage=wanted.stage,
        day=wanted.day,
        recorded_by=_name(principal),
        recorded_at=services.clock.now(),
        note=wanted.note,
    )
    with writing(services.engine) as connection:
        measures.record(connection, measure)
    return MeasureOut.of(measure)


@router.post("/measures/{event_id}/withdrawal", operation_id="withdraw_measure")
def withdraw_measure(
    services: ServicesDep, principal: PrincipalDep, event_id: UUID, why: Withdrawal
) -> MeasureOut:
    """Take a record back; it stays in the database and does not count any more."""
    with writing(services.engine) as connection:
        taken_back = measures.withdraw(
            connection, event_id, by=_name(principal), now=services.clock.now(), note=why.note
        )
    return MeasureOut.of(taken_back)


def _name(principal: Principal) -> str:
    return SINGLE_USER if principal.account is None else principal.account.display_name


def _place(seen: Oversight, kind: str, municipality: str, today: date) -> PlaceFigures:
    here = seen.only(kind=kind, municipality=municipality)
    whole = next(one for one in phases_of(here.cases, today) if one.phase is Phase.WHOLE)
    return PlaceFigures(
        kind=AssetKind(kind),
        municipality=municipality,
        shares=SharesOut.of(shares_of(here.assets, fiscal_year=fiscal_year(today))),
        whole=PhaseOut.of(whole),
    )
