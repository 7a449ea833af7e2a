"""Keep accounts and memberships. Accounts are disabled, never removed: histories name them."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, exists, insert, select, update

from inspection.domain.account import Account, Membership, Role, check_words
from inspection.errors import Conflict, NotFound
from inspection.store import organisations
from inspection.store.identity_tables import accounts, memberships, sessions
from inspection.store.rows import add_or_replace, choice

ANY_ISSUER = "*"
"""Stands for whoever vouches for an account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Carry what proves that somebody is an account; never shown, never logged.

    Attributes:
        account: who.
        password_hash: argon2id in its own notation, None when there is no password.
        oidc_issuer: who vouches for them, None when nobody does.
        once_until: until when the password opens the account to set another; None: it is their own.
    """

    account: Account
    password_hash: str | None
    oidc_issuer: str | None
    once_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Describe a person of an organisation to those who administer it, without any secret.

    Attributes:
        account: who.
        membership: as what.
        elsewhere: they are a member of another organisation too.
        has_password: a password opens the account.
        has_issuer: an issuer vouches for them.
        once_until: until when a one-time password waits to be used; None when none does.
        created_at: when the account was made.
    """

    account: Account
    membership: Membership
    elsewhere: bool
    has_password: bool
    has_issuer: bool
    once_until: datetime | None
    created_at: datetime


def add(
    connection: Connection,
    account: Account,
    *,
    password_hash: str | None,
    now: datetime,
    once_until: datetime | None = None,
) -> None:
    """Add an account; with ``once_until`` the password only opens it to set another.

    Raises:
        Conflict: when the name is taken.
    """
    query = select(accounts.c.account_id).where(accounts.c.name == account.name)
    if connection.execute(query).one_or_none() is not None:
        raise Conflict(f"there is an account {account.name!r} already; choose another name")
    connection.execute(
        insert(accounts).values(
            account_id=account.account_id,
            name=account.name,
            display_name=account.display_name,
            password_hash=password_hash,
            active=account.active,
            created_at=now,
            password_once_until=once_until,
        )
    )


def set_password(
    connection: Connection,
    account_id: uuid.UUID,
    password_hash: str,
    *,
    once_until: datetime | None = None,
) -> None:
    """Change a password; whoever is signed in with the old one is signed out."""
    _change(connection, account_id, password_hash=password_hash, password_once_until=once_until)
    connection.execute(delete(sessions).where(sessions.c.account_id == account_id))


def drop_one_time(connection: Connection, account_id: uuid.UUID) -> None:
    """Forget a one-time password that nobody needs: its owner came by another way."""
    connection.execute(
        update(accounts)
        .where(accounts.c.account_id == account_id, accounts.c.password_once_until.is_not(None))
        .values(password_hash=None, password_once_until=None)
    )


def set_active(connection: Connection, account_id: uuid.UUID, *, active: bool) -> None:
    """Let an account sign in or not; one that is disabled is signed out at once."""
    _change(connection, account_id, active=active)
    if not active:
        connection.execute(delete(sessions).where(sessions.c.account_id == account_id))


def rename(connection: Connection, account_id: uuid.UUID, display_name: str) -> None:
    """Change what others read beside decisions from now on; what was decided keeps its name."""
    _change(connection, account_id, display_name=check_words("displayed name", display_name))


def link(connection: Connection, account_id: uuid.UUID, *, issuer: str, subject: str) -> None:
    """Let an account sign in through an issuer of OpenID Connect.

    Raises:
        Conflict: when the issuer's subject is another account already.
    """
    taken = by_subject(connection, issuer=issuer, subject=subject)
    if taken is not None and taken.account_id != account_id:
        raise Conflict(f"subject {subject!r} of {issuer} signs in as {taken.name!r} already")
    _change(connection, account_id, oidc_issuer=issuer, oidc_subject=subject)


def by_name(connection: Connection, name: str) -> Account:
    """Read one account.

    Raises:
        NotFound: when there is no such account.
    """
    found = credentials(connection, name)
    if found is None:
        raise NotFound(f"there is no account {name!r}; see 'tenken users list'")
    return found.account


def credentials(connection: Connection, name: str) -> Credentials | None:
    """Read what proves that somebody is the account of a name; None when there is none."""
    row = connection.execute(select(accounts).where(accounts.c.name == name)).one_or_none()
    if row is None:
        return None
    return Credentials(
        account=_account(row),
        password_hash=row.password_hash,
        oidc_issuer=row.oidc_issuer,
        once_until=row.password_once_until,
    )


def by_subject(connection: Connection, *, issuer: str, subject: str) -> Account | None:
    """Find the account for which an issuer vouches; None when none is linked."""
    row = connection.execute(
        select(accounts).where(accounts.c.oidc_issuer == issuer, accounts.c.oidc_subject == subject)
    ).one_or_none()
    return None if row is None else _account(row)


def everyone(connection: Connection) -> tuple[Account, ...]:
    """List the accounts by name, disabled ones too."""
    return tuple(map(_account, connection.execute(select(accounts).order_by(accounts.c.name))))


def names(connection: Connection) -> dict[str, str]:
    """Give the name of every account by its identifier as text."""
    rows = connection.execute(select(accounts.c.account_id, accounts.c.name))
    return {str(account_id): name for account_id, name in rows}


def any_exist(connection: Connection) -> bool:
    """Tell whether anybody has an account; from then on everybody must sign in."""
    return bool(connection.execute(select(exists(select(accounts.c.account_id)))).scalar_one())


def admin_exists(
    connection: Connection,
    *,
    now: datetime,
    issuer: str | None,
    organisation_id: str | None = None,
) -> bool:
    """Tell whether somebody who can sign in now administers an organisation.

    An account without a password that opens it, or an issuer that vouches for it, is a name.

    Args:
        connection: an open transaction.
        now: the moment; passwords of others end.
        issuer: who may vouch for people here; ``ANY_ISSUER`` for whoever is linked, None: nobody.
        organisation_id: only this organisation; None for any.
    """
    c = accounts.c
    by_password = c.password_hash.is_not(None) & (
        c.password_once_until.is_(None) | (c.password_once_until > now)
    )
    linked = c.oidc_subject.is_not(None)
    vouched = linked if issuer == ANY_ISSUER else linked & (c.oidc_issuer == issuer)
    wanted = (
        select(memberships.c.account_id)
        .join(accounts, c.account_id == memberships.c.account_id)
        .where(c.active, memberships.c.role == Role.ADMIN.value, by_password | vouched)
    )
    if organisation_id is not None:
        wanted = wanted.where(memberships.c.organisation_id == organisation_id)
    return bool(connection.execute(select(exists(wanted))).scalar_one())


def join(connection: Connection, membership: Membership) -> None:
    """Make an account a member of an organisation, or change what it does there.

    Raises:
        NotFound: when there is no such organisation.
    """
    organisations.by_id(connection, membership.organisation_id)
    row = {
        "account_id": membership.account_id,
        "organisation_id": membership.organisation_id,
        "role": membership.role.value,
        "approver": membership.approver,
    }
    add_or_replace(connection, memberships, [row], key=["account_id", "organisation_id"])


def leave(connection: Connection, account_id: uuid.UUID, organisation_id: str) -> None:
    """End a membership; sessions and tokens for this organisation open nothing any more."""
    connection.execute(
        delete(memberships).where(
            memberships.c.account_id == account_id,
            memberships.c.organisation_id == organisation_id,
        )
    )


def members(connection: Connection, organisation_id: str) -> tuple[Member, ...]:
    """List the people of an organisation by name, disabled ones too."""
    others = memberships.alias()
    elsewhere = exists().where(
        others.c.account_id == accounts.c.account_id,
        others.c.organisation_id != organisation_id,
    )
    query = (
        select(accounts, memberships.c.role, memberships.c.approver, elsewhere.label("elsewhere"))
        .select_from(accounts.join(memberships, memberships.c.account_id == accounts.c.account_id))
        .where(memberships.c.organisation_id == organisation_id)
        .order_by(accounts.c.name)
    )
    return tuple(
        Member(
            account=_account(row),
            membership=Membership(
                account_id=row.account_id,
                organisation_id=organisation_id,
                role=choice(Role, row.role),
                approver=row.approver,
            ),
            elsewhere=bool(row.elsewhere),
            has_password=row.password_hash is not None,
            has_issuer=row.oidc_issuer is not None,
            once_until=row.password_once_until,
            created_at=row.created_at,
        )
        for row in connection.execute(query)
    )


def member(connection: Connection, account_id: uuid.UUID, organisation_id: str) -> Member:
    """Read one person of an organisation.

    Raises:
        NotFound: when it has no such person.
    """
    for one in members(connection, organisation_id):
        if one.account.account_id == account_id:
            return one
    raise NotFound(f"{organisation_id} has no person {account_id}")


def memberships_of(connection: Connection, account_id: uuid.UUID) -> tuple[Membership, ...]:
    """List the memberships of an account by organisation."""
    rows = connection.execute(
        select(memberships)
        .where(memberships.c.account_id == account_id)
        .order_by(memberships.c.organisation_id)
    )
    return tuple(
        Membership(
            account_id=row.account_id,
            organisation_id=row.organisation_id,
            role=choice(Role, row.role),
            approver=row.approver,
        )
        for row in rows
    )


def _change(connection: Connection, account_id: uuid.UUID, **values: object) -> None:
    changed = connection.execute(
        update(accounts).where(accounts.c.account_id == account_id).values(**values)
    )
    if changed.rowcount != 1:
        raise NotFound(f"there is no account {account_id}")


def _account(row: Row[Any]) -> Account:
    return Account(
        account_id=row.account_id,
        name=row.name,
        display_name=row.display_name,
        active=row.active,
    )
