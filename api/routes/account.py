"""One's own account: the password, and API tokens for programs."""

from datetime import datetime, timedelta

from fastapi import APIRouter, Request, Response
from sqlalchemy import Connection

from api import passwords
from api.deps import GatekeeperDep, PrincipalDep
from api.errors import TooOften
from api.people import check_by_hand
from api.permission import permissions
from api.principal import OWN_ACCOUNT, Principal
from api.routes.people import SECRET_ANSWER
from api.schemas.people import NewToken, PasswordChange, TokenIn, TokenList, TokenOut
from api.signin import brakes_of
from inspection.domain.account import Account, Membership, check_words
from inspection.errors import BadInput, Refused
from inspection.store import accounts, audit, sessions, signins
from inspection.store.audit import Event
from inspection.store.engine import reading, writing

router = APIRouter(prefix="/api/account", tags=["account"])


@router.post("/password", operation_id="change_password", status_code=204)
def change_password(
    request: Request, services: GatekeeperDep, principal: PrincipalDep, wanted: PasswordChange
) -> Response:
    """Set another password and sign out everywhere; the next sign-in needs the new one."""
    account, _ = _somebody(principal)
    check_by_hand(principal)
    now = services.clock.now()
    brakes = brakes_of(account.name, request.client.host if request.client else "")
    with reading(services.engine) as connection:
        wait_s = signins.wait_s(connection, brakes, now)
        known = accounts.credentials(connection, account.name)
    if wait_s > 0:
        raise TooOften("too many failed tries; try again in some minutes")
    old, new = wanted.old.get_secret_value(), wanted.new.get_secret_value()
    if known is None or not passwords.matches(known.password_hash, old):
        with writing(services.engine) as connection:
            signins.failed(connection, brakes, now)
        raise Refused("the old password does not fit; nothing was changed")
    if old == new:
        raise BadInput("the new password is the old one; choose another")
    stored = passwords.hashed(passwords.checked(new, name=account.name))
    with writing(services.engine) as connection:
        accounts.set_password(connection, account.account_id, stored)
        signins.forget(connection, brakes[0])
        _note(connection, principal, now, "change_password")
    return Response(status_code=204)


@router.get("/tokens", operation_id="list_tokens")
def list_tokens(services: GatekeeperDep, principal: PrincipalDep) -> TokenList:
    """List one's own API tokens, without secrets, and what a new one may be limited to."""
    account, membership = _somebody(principal)
    now = services.clock.now()
    with reading(services.engine) as connection:
        found = sessions.tokens_of(connection, account.account_id)
    return TokenList(
        tokens=[TokenOut.of(one, now) for one in found], scopes=sorted(_grantable(membership))
    )


@router.post("/tokens", operation_id="create_token", status_code=201)
def create_token(
    response: Response, services: GatekeeperDep, principal: PrincipalDep, wanted: TokenIn
) -> NewToken:
    """Make an API token; the answer shows it, for the only time."""
    account, membership = _somebody(principal)
    check_by_hand(principal)
    if principal.must_change:
        raise Refused("set a password of your own first")
    scopes = permissions().checked_scopes(tuple(wanted.scopes))
    if missing := sorted(scopes - _grantable(membership)):
        raise BadInput(f"a token of yours cannot have the scope {', '.join(missing)}")
    now = services.clock.now()
    with writing(services.engine) as connection:
        secret = sessions.create_token(
            connection,
            membership,
            label=check_words("label of a token", wanted.label),
            scopes=scopes,
            now=now,
            expires_at=now + timedelta(days=wanted.days),
        )
        made = sessions.token_id_of(secret)
        _note(connection, principal, now, "create_token", made)
        (kept,) = [
            one
            for one in sessions.tokens_of(connection, account.account_id)
            if one.token_id == made
        ]
    response.headers.update(SECRET_ANSWER)
    return NewToken(secret=secret, token=TokenOut.of(kept, now))


@router.delete("/tokens/{token_id}", operation_id="revoke_token", status_code=204)
def revoke_token(services: GatekeeperDep, principal: PrincipalDep, token_id: str) -> Response:
    """End one of one's own API tokens now."""
    account, _ = _somebody(principal)
    check_by_hand(principal)
    now = services.clock.now()
    with writing(services.engine) as connection:
        sessions.revoke_token(connection, account.account_id, token_id, now)
        _note(connection, principal, now, "revoke_token", token_id)
    return Response(status_code=204)


def _grantable(membership: Membership) -> frozenset[str]:
    """Name the rights that a token may carry: those of its person, but not over the account."""
    return permissions().of(membership) - {OWN_ACCOUNT}


def _somebody(principal: Principal) -> tuple[Account, Membership]:
    """Give the account behind a request.

    Raises:
        Refused: when there is none: nobody signs in here yet.
    """
    if principal.account is None or principal.membership is None:
        raise Refused(
            "nobody has an account here yet, so there is none to change; add people first"
        )
    return principal.account, principal.membership


def _note(
    connection: Connection, principal: Principal, now: datetime, action: str, token_id: str = ""
) -> None:
    """Tell the audit log what somebody did to their own account."""
    account, membership = _somebody(principal)
    event = Event(
        at=now,
        actor=principal.actor,
        organisation_id=membership.organisation_id,
        action=action,
        subject=f"account {account.account_id}" + (f", token {token_id}" if token_id else ""),
    )
    audit.append(connection, [event])
