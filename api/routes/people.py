"""The people of an organisation, for those who administer it."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from fastapi import APIRouter, Response

from api.deps import GatekeeperDep, PrincipalDep, Services
from api.people import Office, check_by_hand
from api.principal import Principal
from api.schemas.people import (
    OneTime,
    PersonChange,
    PersonIn,
    PersonList,
    PersonOut,
    TokenList,
    TokenOut,
)
from inspection.domain.account import Account, Membership
from inspection.store import accounts, sessions
from inspection.store.engine import reading, writing

router = APIRouter(prefix="/api/people", tags=["people"])

SECRET_ANSWER = {"Cache-Control": "no-store"}


@router.get("", operation_id="list_people")
def list_people(services: GatekeeperDep, principal: PrincipalDep) -> PersonList:
    """List the people of the own organisation, disabled ones too."""
    with reading(services.engine) as connection:
        office = Office(connection=connection, principal=principal, now=services.clock.now())
        found = accounts.members(connection, office.organisation_id)
    return PersonList(people=[PersonOut.of(one) for one in found])


@router.post("", operation_id="add_person", status_code=201)
def add_person(
    response: Response, services: GatekeeperDep, principal: PrincipalDep, wanted: PersonIn
) -> OneTime:
    """Add a person; the answer shows their one-time password, for the only time."""
    account = Account(
        account_id=uuid.uuid4(),
        name=wanted.name,
        display_name=wanted.display_name or wanted.name,
    )
    response.headers.update(SECRET_ANSWER)
    with _office(services, principal) as office:
        membership = Membership(
            account_id=account.account_id,
            organisation_id=office.organisation_id,
            role=wanted.role,
            approver=wanted.approver,
        )
        secret = office.add(account, membership, with_password=wanted.with_password)
        return OneTime(
            person=PersonOut.of(office.member(account.account_id)), one_time_password=secret
        )


@router.put("/{account_id}", operation_id="change_person")
def change_person(
    services: GatekeeperDep, principal: PrincipalDep, account_id: UUID, wanted: PersonChange
) -> PersonOut:
    """Change the role of a person, or whether they may sign in; the last admin stays one."""
    with _office(services, principal) as office:
        membership = Membership(
            account_id=account_id,
            organisation_id=office.organisation_id,
            role=wanted.role,
            approver=wanted.approver,
        )
        office.change(membership, active=wanted.active, display_name=wanted.display_name)
        return PersonOut.of(office.member(account_id))


@router.delete("/{account_id}", operation_id="remove_person", status_code=204)
def remove_person(services: GatekeeperDep, principal: PrincipalDep, account_id: UUID) -> Response:
    """Take a person out of the organisation; the account stays, for histories name it."""
    with _office(services, principal) as office:
        office.remove(account_id)
    return Response(status_code=204)


@router.post("/{account_id}/password", operation_id="reset_password")
def reset_password(
    response: Response, services: GatekeeperDep, principal: PrincipalDep, account_id: UUID
) -> OneTime:
    """Draw a one-time password for a person and sign them out; it is shown this once."""
    response.headers.update(SECRET_ANSWER)
    with _office(services, principal) as office:
        secret = office.reset_password(account_id)
        return OneTime(person=PersonOut.of(office.member(account_id)), one_time_password=secret)


@router.get("/{account_id}/tokens", operation_id="person_tokens")
def person_tokens(services: GatekeeperDep, principal: PrincipalDep, account_id: UUID) -> TokenList:
    """List the API tokens of a person for the own organisation, without secrets."""
    now = services.clock.now()
    with reading(services.engine) as connection:
        office = Office(connection=connection, principal=principal, now=now)
        office.member(account_id)
        found = sessions.tokens_of(connection, account_id)
        ours = [one for one in found if one.organisation_id == office.organisation_id]
    return TokenList(tokens=[TokenOut.of(one, now) for one in ours], scopes=[])


@router.delete(
    "/{account_id}/tokens/{token_id}", operation_id="revoke_person_token", status_code=204
)
def revoke_person_token(
    services: GatekeeperDep, principal: PrincipalDep, account_id: UUID, token_id: str
) -> Response:
    """End an API token of a person now."""
    with _office(services, principal) as office:
        office.member(account_id)
        sessions.revoke_token(
            office.connection,
            account_id,
            token_id,
            office.now,
            organisation_id=office.organisation_id,
        )
        office.note("revoke_person_token", account_id, f", token {token_id}")
    return Response(status_code=204)


@contextmanager
def _office(services: Services, principal: Principal) -> Iterator[Office]:
    """Open a transaction in which an administrator acts, a person and no program."""
    check_by_hand(principal)
    with writing(services.engine) as connection:
        yield Office(connection=connection, principal=principal, now=services.clock.now())
