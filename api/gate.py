"""Let a request through to its route when whoever sent it may use it, and to nothing else.

The gate stands before the routes and reads ``permissions.yaml``. A route that is not in that file
is closed to everybody; so is one that a new module adds, until somebody has decided who may use it.
"""

import logging
import re
from dataclasses import dataclass

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.routing import Match, compile_path
from starlette.types import ASGIApp, Receive, Scope, Send

from api.door import Door
from api.errors import SAFE_METHODS, NotSignedIn, answer_to
from api.permission import ANYONE, PUBLIC, permissions
from api.principal import NOBODY, Principal, identify, is_own_page
from inspection.errors import Refused, TenkenError
from inspection.store.engine import reading

log = logging.getLogger("tenken.api")


class Gate:
    """Find out who sent a request, and whether they may."""

    def __init__(self, app: ASGIApp) -> None:
        """Stand before an application, which has ``state.services`` and ``state.door``."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check one request and pass it on."""
        if scope["type"] != "http":
            if scope["type"] == "websocket":  # there is none; never pass one on unchecked
                await send({"type": "websocket.close", "code": 1008})
                return
            await self._app(scope, receive, send)
            return
        try:
            principal = await self._admitted(scope)
        except TenkenError as error:
            await answer_to(error, path=scope["path"])(scope, receive, send)
            return
        scope.setdefault("state", {})["principal"] = principal
        await self._app(scope, receive, send)

    async def _admitted(self, scope: Scope) -> Principal:
        """Give who sent a request, if they may.

        Raises:
            NotSignedIn: when nobody may without a sign-in.
            Refused: when they may not.
        """
        name = route_name(scope)
        if name is None:  # no route: the application says so, to everybody in the same words
            return NOBODY
        right = permissions().routes.get(name)
        if right is None:
            log.error("%s is in no line of permissions.yaml and stays closed", name)
            raise Refused(f"nobody has decided who may use {name}; it stays closed")
        if right == PUBLIC:
            return NOBODY
        principal = await run_in_threadpool(_identified, scope)
        if right == ANYONE:
            return principal
        check(principal, right, name)
        if scope["method"] not in SAFE_METHODS and not is_own_page(principal, Headers(scope=scope)):
            raise Refused("this change did not come from a page of this session; load it again")
        return principal


def check(principal: Principal, right: str, what: str) -> None:
    """Check that somebody has a right.

    Raises:
        NotSignedIn: when they are nobody.
        Refused: when they are somebody else.
    """
    if right in principal.rights:
        return
    if principal.account is None:
        raise NotSignedIn(f"{what} needs a sign-in; open /app, or send an API token")
    assert principal.membership is not None
    raise Refused(
        f"{what} needs the right {right!r}, which a {principal.membership.role.value} "
        f"of {principal.membership.organisation_id} does not have here"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteLine:
    """Name one route as ``permissions.yaml`` does, and know the addresses that reach it."""

    name: str
    method: str
    pattern: re.Pattern[str]


def route_lines(app: FastAPI) -> list[RouteLine]:
    """List every route of an application, in the order in which it tries them."""
    lines = []
    for route in iter_route_contexts(app.routes):
        pattern, shown, _ = compile_path(str(route.path))
        for method in sorted((route.methods or {"?"}) - {"HEAD"}):
            lines.append(RouteLine(name=f"{method} {shown}", method=method, pattern=pattern))
    return lines


def route_name(scope: Scope) -> str | None:
    """Name the route that a request would reach, as ``METHOD /path``; None for no route.

    Raises:
        Refused: when a route would take the request that was not there when the gate was built.
    """
    app: FastAPI = scope["app"]
    if not hasattr(app.state, "route_lines"):
        app.state.route_lines = route_lines(app)
    method = "GET" if scope["method"] == "HEAD" else scope["method"]
    for line in app.state.route_lines:
        if line.method == method and line.pattern.match(scope["path"]):
            return str(line.name)
    if any(route.matches(scope)[0] is Match.FULL for route in app.routes):
        raise Refused(f"{method} {scope['path']} came later than the gate; it stays closed")
    return None


def _identified(scope: Scope) -> Principal:
    state = scope["app"].state
    door: Door = state.door
    with reading(state.services.engine) as connection:
        return identify(connection, Headers(scope=scope), door, state.services.clock.now())
