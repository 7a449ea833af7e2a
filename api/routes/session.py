"""Sign in and out, by password or through an issuer of OpenID Connect; say who is signed in."""

import math
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import Connection

from api import passwords
from api.answers import problems
from api.deps import GatekeeperDep, PrincipalDep, Services
from api.door import SESSION_LIFE, Door
from api.errors import NotSignedIn, TooOften
from api.oidc import Issuer
from api.principal import Principal, cookie_of, csrf_of, principal_for
from api.schemas.session import AccountOut, OrganisationOut, SessionOut, SignIn
from api.signin import FLOW_LIFE, brakes_of, membership_for, sign_in_by_subject
from inspection.domain.account import Account, Membership
from inspection.errors import Broken, NotFound, Refused
from inspection.store import accounts, audit, organisations, sessions, signins
from inspection.store.audit import Event
from inspection.store.engine import reading, writing

router = APIRouter(prefix="/api", tags=["session"])

SECRET_ANSWER = {"Cache-Control": "no-store"}


@router.get("/session", operation_id="read_session")
def read_session(
    request: Request, response: Response, services: GatekeeperDep, principal: PrincipalDep
) -> SessionOut:
    """Say who is signed in, and what they may do."""
    response.headers.update(SECRET_ANSWER)
    return _shown(services, door_of(request), principal)


@router.post("/session", operation_id="sign_in", responses=problems(401, 429))
def sign_in(
    request: Request, response: Response, services: GatekeeperDep, asked: SignIn
) -> SessionOut:
    """Sign in with a password; 401 when name and password do not fit, 429 after many tries."""
    now = services.clock.now()
    brakes = brakes_of(asked.name, request.client.host if request.client else "")
    with reading(services.engine) as connection:
        wait_s = signins.wait_s(connection, brakes, now)
        known = accounts.credentials(connection, asked.name)
    if wait_s > 0:
        raise _too_often(wait_s)
    fits = passwords.matches(
        None if known is None else known.password_hash, asked.password.get_secret_value()
    )
    if known is None or not fits or not known.account.active:
        subject = "unknown" if known is None else f"account {known.account.account_id}"
        with writing(services.engine) as connection:
            signins.failed(connection, brakes, now)
            audit.append(connection, [_event(services, "anonymous", "sign_in_refused", subject)])
        raise NotSignedIn("name and password do not fit; ask an administrator when you forgot them")
    if known.once_until is not None and known.once_until <= now:
        raise NotSignedIn("this one-time password has ended; ask an administrator for another")
    with writing(services.engine) as connection:
        membership = membership_for(connection, known.account, asked.organisation_id)
        signins.forget(connection, brakes[0])
        secret = _open(connection, services, known.account, membership)
        found = sessions.of_session(connection, secret, now)
        if found is None:
            raise Broken("a session that was just opened is not there")
        principal = principal_for(connection, found, csrf=csrf_of(secret))
    _set_cookie(response, door_of(request), secret)
    response.headers.update(SECRET_ANSWER)
    return _shown(services, door_of(request), principal)


@router.delete("/session", operation_id="sign_out", status_code=204)
def sign_out(request: Request, services: GatekeeperDep, principal: PrincipalDep) -> Response:
    """Sign out; the session opens nothing any more."""
    door = door_of(request)
    secret = cookie_of(request.headers, door.session_cookie)
    if secret is not None and principal.account is not None:
        subject = f"account {principal.account.account_id}"
        with writing(services.engine) as connection:
            sessions.close_session(connection, secret)
            audit.append(connection, [_event(services, principal.actor, "sign_out", subject)])
    # what this browser keeps of photos and maps is not for whoever sits here next
    answer = Response(status_code=204, headers={"Clear-Site-Data": '"cache"'})
    answer.delete_cookie(door.session_cookie, secure=door.secure, httponly=True, samesite="lax")
    return answer


@router.get(
    "/oidc/start",
    operation_id="oidc_start",
    response_class=RedirectResponse,
    status_code=303,
    responses=problems(404),
)
def oidc_start(request: Request, services: GatekeeperDep) -> Response:
    """Send the browser to the issuer that vouches."""
    door, issuer = door_of(request), issuer_of(request)
    url, flow = issuer.begin(_redirect_uri(request, door))
    now = services.clock.now()
    with writing(services.engine) as connection:
        secret = signins.open_flow(connection, flow, now=now, expires_at=now + FLOW_LIFE)
    answer = RedirectResponse(url, status_code=303, headers=SECRET_ANSWER)
    answer.set_cookie(
        door.flow_cookie,
        secret,
        max_age=int(FLOW_LIFE.total_seconds()),
        secure=door.secure,
        httponly=True,
        samesite="lax",  # the issuer sends the browser back from its own site
    )
    return answer


@router.get(
    "/oidc/callback",
    operation_id="oidc_callback",
    response_class=RedirectResponse,
    status_code=303,
    responses=problems(403),
)
def oidc_callback(
    request: Request,
    services: GatekeeperDep,
    code: Annotated[str, Query(max_length=4000)] = "",
    state: Annotated[str, Query(max_length=200)] = "",
    error: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """Take the browser back from the issuer, and sign in whom it vouches for."""
    door, issuer = door_of(request), issuer_of(request)
    secret, now = cookie_of(request.headers, door.flow_cookie), services.clock.now()
    with writing(services.engine) as connection:
        flow = None if secret is None else signins.take_flow(connection, secret, now)
    if flow is None:
        raise Refused("this sign-in was not begun in this browser, or took too long; begin again")
    if error or not code:
        raise Refused(f"the issuer refused the sign-in ({error or 'no code'})")
    subject = issuer.finish(flow, code=code, state=state, redirect_uri=_redirect_uri(request, door))
    with writing(services.engine) as connection:
        account, membership = sign_in_by_subject(connection, issuer.url, subject)
        accounts.drop_one_time(connection, account.account_id)  # they could never change it
        opened = _open(connection, services, account, membership)
    answer = RedirectResponse("/app", status_code=303, headers=SECRET_ANSWER)
    answer.delete_cookie(door.flow_cookie, secure=door.secure, httponly=True, samesite="lax")
    _set_cookie(answer, door, opened)
    return answer


def door_of(request: Request) -> Door:
    """Find how the application is reached."""
    door = request.app.state.door
    assert isinstance(door, Door)
    return door


def issuer_of(request: Request) -> Issuer:
    """Find who vouches.

    Raises:
        NotFound: when nobody does.
    """
    issuer = door_of(request).issuer
    if issuer is None:
        raise NotFound("no issuer of OpenID Connect is set up here; sign in with a password")
    return issuer


def _too_often(wait_s: float) -> TooOften:
    minutes = math.ceil(wait_s / 60)
    refused = TooOften(f"too many failed sign-ins; try again in {minutes} minutes")
    refused.retry_after_s = math.ceil(wait_s)
    return refused


def _shown(services: Services, door: Door, principal: Principal) -> SessionOut:
    account, membership = principal.account, principal.membership
    organisation = None
    if membership is not None:
        with reading(services.engine) as connection:
            kept = organisations.by_id(connection, membership.organisation_id)
        organisation = OrganisationOut(organisation_id=kept.organisation_id, name=kept.name)
    return SessionOut(
        mode="single-user" if principal.single_user else "accounts",
        account=None
        if account is None
        else AccountOut(
            account_id=account.account_id, name=account.name, display_name=account.display_name
        ),
        organisation=organisation,
        role=None if membership is None else membership.role.value,
        rights=sorted(principal.rights),
        csrf=principal.csrf,
        must_change_password=principal.must_change,
        oidc=door.issuer is not None,
    )


def _open(
    connection: Connection, services: Services, account: Account, membership: Membership
) -> str:
    """Open a session and tell the audit log."""
    now = services.clock.now()
    secret = sessions.open_session(connection, membership, now=now, expires_at=now + SESSION_LIFE)
    event = _event(
        services,
        str(account.account_id),
        "sign_in",
        f"account {account.account_id}",
        membership.organisation_id,
    )
    audit.append(connection, [event])
    return secret


def _event(
    services: Services, actor: str, action: str, subject: str, organisation_id: str = ""
) -> Event:
    return Event(
        at=services.clock.now(),
        actor=actor,
        organisation_id=organisation_id,
        action=action,
        subject=subject,
    )


def _set_cookie(response: Response, door: Door, secret: str) -> None:
    response.set_cookie(
        door.session_cookie,
        secret,
        max_age=int(SESSION_LIFE.total_seconds()),
        secure=door.secure,
        httponly=True,
        samesite="lax",
    )


def _redirect_uri(request: Request, door: Door) -> str:
    base = door.public_url or str(request.base_url)
    return f"{base.rstrip('/')}/api/oidc/callback"
