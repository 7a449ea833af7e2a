"""Find out who sent a request: nobody yet, the single user, an account by session or by token."""

import base64
import binascii
import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection
from starlette.datastructures import Headers
from starlette.requests import cookie_parser

from api.door import Door
from api.permission import permissions
from inspection.domain.account import Account, Membership
from inspection.store import accounts, organisations, sessions
from inspection.store.scope import HOME, SINGLE_USER, Scope
from inspection.store.sessions import SignedIn

ANONYMOUS_ACTOR = "anonymous"

OWN_ACCOUNT = "self"
"""The one right of somebody who has not set a password of their own yet."""

FORWARDED = ("forwarded", "x-forwarded-for", "via", "x-real-ip")
"""Headers of a proxy: whoever stands behind one is not at this machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Carry who sent a request and what they may do.

    Attributes:
        rights: names of their rights.
        account: who they are; None for the single user and for nobody.
        membership: for which organisation they act, and as what.
        visible: organisations whose rows they see; None for all.
        csrf: what a page must send along with every change; None unless there is a session.
        single_user: they sit at this machine and nobody has an account.
        must_change: they must set a password of their own before they may do anything else.
    """

    rights: frozenset[str]
    account: Account | None = None
    membership: Membership | None = None
    visible: frozenset[str] | None = frozenset()
    csrf: str | None = None
    single_user: bool = False
    must_change: bool = False

    @property
    def actor(self) -> str:
        """Name who is answerable, without personal data."""
        if self.single_user:
            return SINGLE_USER
        return ANONYMOUS_ACTOR if self.account is None else str(self.account.account_id)

    def scope(self, action: str, at: datetime, *, changing: bool) -> Scope:
        """Narrow a transaction to what they may see, or to what they may change.

        What an organisation above sees of those below, it does not change.
        """
        own = None if self.membership is None else self.membership.organisation_id
        if self.single_user:
            return Scope(actor=self.actor, action=action, at=at, own=HOME, visible=None)
        visible = self.visible
        if changing:
            visible = frozenset() if own is None else frozenset({own})
        return Scope(actor=self.actor, action=action, at=at, own=own, visible=visible)


NOBODY = Principal(rights=frozenset())


def single_user() -> Principal:
    """Describe the person at this machine while nobody has an account."""
    return Principal(rights=frozenset(permissions().rights), visible=None, single_user=True)


def identify(connection: Connection, headers: Headers, door: Door, now: datetime) -> Principal:
    """Find out who sent a request. A secret that opens nothing makes nobody of them."""
    token = token_of(headers)
    if token is not None:
        found = sessions.of_token(connection, token, now)
        return NOBODY if found is None else principal_for(connection, found, csrf=None)
    secret = cookie_of(headers, door.session_cookie)
    if secret is not None:
        found = sessions.of_session(connection, secret, now)
        if found is not None:
            return principal_for(connection, found, csrf=csrf_of(secret))
    behind_proxy = any(name in headers for name in FORWARDED)
    if door.single_user_allowed and not behind_proxy and not accounts.any_exist(connection):
        return single_user()
    return NOBODY


def csrf_of(session_secret: str) -> str:
    """Derive from a session what proves that one of its own pages sent a request."""
    return hashlib.sha256(f"csrf\n{session_secret}".encode()).hexdigest()


def is_own_page(principal: Principal, headers: Headers) -> bool:
    """Tell whether a change by a session comes from one of its own pages."""
    sent = headers.get("x-tenken-csrf", "")
    wanted = principal.csrf
    return wanted is None or secrets.compare_digest(sent.encode(), wanted.encode())


def token_of(headers: Headers) -> str | None:
    """Read an API token: ``Bearer``, or the password of ``Basic`` as GIS programs send it."""
    kind, _, value = headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return value.strip()
    if kind.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return "" if kind else None


def cookie_of(headers: Headers, name: str) -> str | None:
    """Read a cookie; None when there is none.

    Browsers send along what other programs of the same host have set, in any form; the standard
    library gives up at the first that it does not like, and with it our own.
    """
    return cookie_parser(headers.get("cookie", "")).get(name)


def principal_for(connection: Connection, found: SignedIn, *, csrf: str | None) -> Principal:
    """Say what somebody may do who was found by a session or a token."""
    rights = permissions().of(found.membership)
    limits = frozenset({OWN_ACCOUNT}) if found.must_change else found.scopes
    return Principal(
        rights=rights if limits is None else rights & limits,
        account=found.account,
        membership=found.membership,
        visible=organisations.seen_by(connection, found.membership.organisation_id),
        csrf=csrf,
        must_change=found.must_change,
    )
