"""Publication of approved inspections as open data, through the gate of record 25."""

from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy import Connection

from api.deps import PrincipalDep, Services, ServicesDep
from api.routes.inspections import who
from api.schemas.inspection import FiscalYear
from api.schemas.publication import PublicationIn, PublicationOut, WithdrawalIn
from inspection.pipeline.approve import known_release
from inspection.pipeline.publish import Gate, Prospect, make_ready, prospect, publish, withdraw
from inspection.store import assets
from inspection.store.engine import reading, writing

router = APIRouter(prefix="/api/publications", tags=["open data"])


@router.get("", operation_id="read_publication")
def read_publication(
    *,
    services: ServicesDep,
    asset_id: Annotated[str, Query(min_length=1, max_length=200)],
    fiscal_year: Annotated[FiscalYear, Query()],
    blur: bool = False,
    show_damage: bool = True,
    pictures: bool = False,
) -> PublicationOut:
    """Show what of an approved inspection is public, and what would be; changes nothing.

    Pictures are counted by what is known of their photos; none is made before it is published.
    """
    gate = Gate(blur=blur, show_damage=show_damage, pictures=pictures)
    with reading(services.engine) as connection:
        return _shown(connection, services, asset_id, fiscal_year, gate)


@router.post("", operation_id="publish_inspection", status_code=201)
def publish_inspection(
    services: ServicesDep, principal: PrincipalDep, wanted: PublicationIn
) -> PublicationOut:
    """Publish an approved inspection as it was read; 403 when the gate stops it.

    Its pictures are made first, with nobody waiting for the database; 409 when what may be seen of
    their photos changed meanwhile, 503 while others are having pictures made.
    """
    gate = Gate(blur=wanted.blur, show_damage=wanted.show_damage, pictures=wanted.pictures)
    asset_id, fiscal_year = wanted.asset_id, wanted.fiscal_year
    with reading(services.engine) as connection:
        assets.by_id(connection, asset_id)
    made = make_ready(
        services.engine,
        services.blobs,
        asset_id,
        fiscal_year,
        gate,
        clock=services.clock,
        expected_version=wanted.expected_version,
    )
    with writing(services.engine) as connection:
        passed = publish(
            connection,
            asset_id,
            fiscal_year,
            by=who(principal, wanted),
            why=wanted.why,
            gate=gate,
            clock=services.clock,
            made=made,
            expected_version=wanted.expected_version,
        )
        stands = known_release(connection, asset_id, fiscal_year)
    found = Prospect(release=stands, public=stands.public_row, passed=passed, stopped=None)
    return PublicationOut.of(found)


@router.post("/withdrawals", operation_id="withdraw_publication")
def withdraw_publication(
    services: ServicesDep, principal: PrincipalDep, wanted: WithdrawalIn
) -> PublicationOut:
    """Take a published inspection back; months that are frozen keep what they had."""
    with writing(services.engine) as connection:
        assets.by_id(connection, wanted.asset_id)
        withdraw(
            connection,
            wanted.asset_id,
            wanted.fiscal_year,
            by=who(principal, wanted),
            why=wanted.why,
            clock=services.clock,
            expected_version=wanted.expected_version,
        )
        return _shown(connection, services, wanted.asset_id, wanted.fiscal_year, Gate())


def _shown(
    connection: Connection, services: Services, asset_id: str, fiscal_year: int, gate: Gate
) -> PublicationOut:
    assets.by_id(connection, asset_id)
    found = prospect(connection, asset_id, fiscal_year, gate, clock=services.clock)
    return PublicationOut.of(found)
