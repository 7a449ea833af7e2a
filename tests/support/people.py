"""People of a prefecture and two of its cities, one for each role, with sessions and tokens."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine

from api.principal import csrf_of
from inspection.domain.account import Account, Membership, Organisation, Role
from inspection.store import accounts, organisations, sessions
from inspection.store.engine import writing
from inspection.store.scope import HOME

CITIES = ("city-a", "city-b")
PASSWORD = "correct horse battery staple"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Hold who somebody is and what opens the service to them."""

    account: Account
    membership: Membership
    session: str

    @property
    def headers(self) -> dict[str, str]:
        """Give what a page of theirs sends."""
        return {"cookie": f"tenken_session={self.session}", "x-tenken-csrf": csrf_of(self.session)}


def add_cities(engine: Engine) -> None:
    """Put two cities below the organisation that is there."""
    with writing(engine) as connection:
        for city in CITIES:
            added = Organisation(organisation_id=city, name=city.upper(), parent_id=HOME)
            organisations.add(connection, added)


def add_person(
    engine: Engine,
    role: Role,
    organisation_id: str,
    now: datetime,
    *,
    name: str | None = None,
    password_hash: str | None = "$argon2id$that-nobody-knows",
    approver: bool = False,
) -> Person:
    """Add an account with one role, signed in."""
    called = name or f"{role.value}.{organisation_id}"
    account = Account(account_id=uuid.uuid4(), name=called, display_name=f"点検 {called}")
    membership = Membership(
        account_id=account.account_id,
        organisation_id=organisation_id,
        role=role,
        approver=approver,
    )
    with writing(engine) as connection:
        accounts.add(connection, account, password_hash=password_hash, now=now)
        accounts.join(connection, membership)
        secret = sessions.open_session(
            connection, membership, now=now, expires_at=now + timedelta(hours=1)
        )
    return Person(account=account, membership=membership, session=secret)


def add_token(
    engine: Engine, person: Person, scopes: set[str], now: datetime, days: int = 1
) -> str:
    """Make an API token of somebody."""
    with writing(engine) as connection:
        return sessions.create_token(
            connection,
            person.membership,
            label="test",
            scopes=scopes,
            now=now,
            expires_at=now + timedelta(days=days),
        )
