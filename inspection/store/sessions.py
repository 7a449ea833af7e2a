"""Keep who is signed in, and API tokens. Secrets are random; only their SHA-256 is kept.

A secret of 256 random bits cannot be guessed, so a fast digest protects it as well as a slow one;
passwords, which people choose, are hashed with argon2id elsewhere.
"""

import hashlib
import re
import secrets
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, insert, select, update

from inspection.domain.account import Account, Membership, Role
from inspection.errors import BadInput, NotFound
from inspection.store.identity_tables import accounts, api_tokens, memberships, sessions
from inspection.store.rows import choice

TOKEN = re.compile(r"tk_(?P<token_id>[0-9a-f]{12})_(?P<secret>[A-Za-z0-9_-]{43})")
"""How an API token is written: what it is, which one, and the secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """Say who a secret belongs to.

    Attributes:
        account: who, active.
        membership: for which organisation they act, and as what.
        scopes: what a token is limited to; None for a session, which is not.
        must_change: they came with a password that somebody else chose, and must set their own.
    """

    account: Account
    membership: Membership
    scopes: frozenset[str] | None = None
    must_change: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """Describe an API token, without its secret."""

    token_id: str
    organisation_id: str
    label: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None


def new_secret() -> str:
    """Draw 256 random bits, 43 characters that are safe in headers and addresses."""
    return secrets.token_urlsafe(32)


def hashed(secret: str) -> str:
    """Give the digest under which a secret is kept.

    >>> len(hashed("x"))
    64
    """
    return hashlib.sha256(secret.encode()).hexdigest()


def open_session(
    connection: Connection,
    membership: Membership,
    *,
    now: datetime,
    expires_at: datetime,
) -> str:
    """Sign an account in; give the secret of the session, which is kept nowhere."""
    secret = new_secret()
    connection.execute(delete(sessions).where(sessions.c.expires_at <= now))
    connection.execute(
        insert(sessions).values(
            session_hash=hashed(secret),
            account_id=membership.account_id,
            organisation_id=membership.organisation_id,
            created_at=now,
            expires_at=expires_at,
        )
    )
    return secret


def close_session(connection: Connection, secret: str) -> None:
    """Sign out; twice is the same as once."""
    connection.execute(delete(sessions).where(sessions.c.session_hash == hashed(secret)))


def of_session(connection: Connection, secret: str, now: datetime) -> SignedIn | None:
    """Find who a session belongs to; None when it ended or they may no longer sign in."""
    query = _joined(sessions, sessions.c.account_id, sessions.c.organisation_id).where(
        sessions.c.session_hash == hashed(secret), sessions.c.expires_at > now, accounts.c.active
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else _signed_in(row, None)


def create_token(
    connection: Connection,
    membership: Membership,
    *,
    label: str,
    scopes: Collection[str],
    now: datetime,
    expires_at: datetime,
) -> str:
    """Make an API token; give it in full, for the only time.

    Raises:
        BadInput: when it may do nothing, or ends before it begins.
    """
    if not scopes:
        raise BadInput("a token needs at least one scope")
    if expires_at <= now:
        raise BadInput(f"a token cannot end at {expires_at.isoformat()}, which is past")
    token_id, secret = secrets.token_hex(6), new_secret()
    connection.execute(
        insert(api_tokens).values(
            token_id=token_id,
            account_id=membership.account_id,
            organisation_id=membership.organisation_id,
            label=label,
            secret_hash=hashed(secret),
            scopes=sorted(scopes),
            created_at=now,
            expires_at=expires_at,
        )
    )
    return f"tk_{token_id}_{secret}"


def of_token(connection: Connection, token: str, now: datetime) -> SignedIn | None:
    """Find who an API token belongs to; None when it is none, ended or was revoked."""
    parts = TOKEN.fullmatch(token)
    if parts is None:
        return None
    query = _joined(api_tokens, api_tokens.c.account_id, api_tokens.c.organisation_id).where(
        api_tokens.c.token_id == parts["token_id"],
        api_tokens.c.expires_at > now,
        api_tokens.c.revoked_at.is_(None),
        accounts.c.active,
    )
    row = connection.execute(
        query.add_columns(api_tokens.c.secret_hash, api_tokens.c.scopes)
    ).one_or_none()
    if row is None or not secrets.compare_digest(row.secret_hash, hashed(parts["secret"])):
        return None
    return _signed_in(row, frozenset(row.scopes))


def token_id_of(token: str) -> str:
    """Give the public part of an API token.

    >>> token_id_of("tk_0123456789ab_" + "x" * 43)
    '0123456789ab'
    """
    return token.split("_")[1]


def revoke_token(
    connection: Connection,
    account_id: uuid.UUID,
    token_id: str,
    now: datetime,
    *,
    organisation_id: str | None = None,
) -> None:
    """End an API token of an account, if it is for one organisation where that is said.

    Raises:
        NotFound: when the account has no such token that still lives.
    """
    c = api_tokens.c
    wanted = [c.token_id == token_id, c.account_id == account_id, c.revoked_at.is_(None)]
    if organisation_id is not None:
        wanted.append(c.organisation_id == organisation_id)
    changed = connection.execute(update(api_tokens).where(*wanted).values(revoked_at=now))
    if changed.rowcount != 1:
        raise NotFound(f"this account has no living token {token_id!r}")


def tokens_of(connection: Connection, account_id: uuid.UUID) -> tuple[Token, ...]:
    """List the API tokens of an account, oldest first, ended ones too."""
    c = api_tokens.c
    rows = connection.execute(
        select(api_tokens).where(c.account_id == account_id).order_by(c.created_at, c.token_id)
    )
    return tuple(
        Token(
            token_id=row.token_id,
            organisation_id=row.organisation_id,
            label=row.label,
            scopes=tuple(row.scopes),
            created_at=row.created_at,
            expires_at=row.expires_at,
            revoked_at=row.revoked_at,
        )
        for row in rows
    )


def _joined(source: Any, account_id: Any, organisation_id: Any) -> Select[Any]:  # noqa: ANN401
    """Select account and membership behind a session or token."""
    return (
        select(
            accounts.c.account_id,
            accounts.c.name,
            accounts.c.display_name,
            accounts.c.password_once_until,
            memberships.c.organisation_id,
            memberships.c.role,
            memberships.c.approver,
        )
        .select_from(source)
        .join(accounts, accounts.c.account_id == account_id)
        .join(
            memberships,
            (memberships.c.account_id == accounts.c.account_id)
            & (memberships.c.organisation_id == organisation_id),
        )
    )


def _signed_in(row: Row[Any], scopes: frozenset[str] | None) -> SignedIn:
    return SignedIn(
        account=Account(account_id=row.account_id, name=row.name, display_name=row.display_name),
        membership=Membership(
            account_id=row.account_id,
            organisation_id=row.organisation_id,
            role=choice(Role, row.role),
            approver=row.approver,
        ),
        scopes=scopes,
        must_change=row.password_once_until is not None and scopes is None,
    )
