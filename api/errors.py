"""Map the families of errors to HTTP statuses and answer with problem details (RFC 9457).

One table. A test walks every subclass of ``TenkenError`` and fails on one that is unmapped.
"""

import logging
import re
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from api.schemas.base import Problem
from inspection.errors import (
    BadInput,
    Broken,
    Conflict,
    NotFound,
    Overtaken,
    Refused,
    TenkenError,
    Unavailable,
    family,
)
from inspection.redaction import scrubbed

STATUS: dict[type[TenkenError], int] = {
    BadInput: 422,
    NotFound: 404,
    Conflict: 409,
    Refused: 403,
    Unavailable: 503,
    Broken: 500,
}
"""Family → status; the only place that knows."""

OGC_TAG = "ogc"
"""Routes with this tag answer 400 to bad input, as OGC API – Features Part 1 §7.15 demands."""

MEDIA_TYPE = "application/problem+json"
TUS_VERSION = "1.0.0"
RETRY_AFTER_S = 5
RETRY_LATER_S = 900
METHOD_NOT_ALLOWED = 405
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

OF_OTHERS = (
    "among what your own organisation has; what belongs to one below it can be seen, but only its "
    "own people change it"
)
PAGES = "/{asset:path}"
"""The address that stands for all that nobody else has: the files of the pages."""

DESCRIBED: dict[str, Any] = {"description": "What went wrong; `api.answers` says it in detail"}
"""Keeps FastAPI from describing errors in its own shape."""

UNREADABLE = (
    "the body cannot be read: send JSON in UTF-8, with numbers of at most 4300 digits and lists "
    "that are not nested hundreds deep"
)

log = logging.getLogger("tenken.api")


class TooLarge(BadInput):
    """Say that a request has more bytes or files than this service takes."""


class NotSignedIn(Refused):
    """Say that nobody may do this before they have signed in."""


class TooOften(Refused):
    """Say that this was tried too often; it may be tried again a little later."""

    retry_after_s = RETRY_LATER_S


class WrongVersion(BadInput):
    """Say that a client speaks another version of the upload protocol."""


class WrongOffset(Conflict):
    """Say that an upload is at another byte than the client believes."""


class ChecksumMismatch(BadInput):
    """Say that a piece of an upload did not arrive as it was sent."""


class Ended(NotFound):
    """Say that an upload has expired; begin it anew."""


SPECIAL: dict[type[TenkenError], int] = {
    TooLarge: 413,
    NotSignedIn: 401,
    TooOften: 429,
    WrongVersion: 412,
    ChecksumMismatch: 460,  # of the tus protocol, not registered
    Ended: 410,
}
"""Kinds whose status is not that of their family."""


def status_of(error: TenkenError) -> int:
    """Give the HTTP status of an error.

    >>> from inspection.errors import BadPhoto
    >>> status_of(BadPhoto("photo a.jpg is empty"))
    422
    """
    return status_of_kind(type(error))


def status_of_kind(kind: type[TenkenError]) -> int:
    """Give the HTTP status of a kind of error."""
    return SPECIAL.get(kind, STATUS[family(kind)])


def slug(kind: type[TenkenError]) -> str:
    """Name a kind of error in an address.

    >>> slug(TooLarge)
    'too-large'
    """
    return re.sub(r"(?<!^)(?=[A-Z])", "-", kind.__name__).lower()


HTTP_KIND = "http"
"""Kind of the problems of the protocol itself: no such address, method not allowed, …"""


def all_kinds() -> dict[str, type[TenkenError]]:
    """List every kind of error by its slug, for the pages under ``/problems``."""
    kinds, pending = {}, list(TenkenError.__subclasses__())
    while pending:
        kind = pending.pop()
        kinds[slug(kind)] = kind
        pending.extend(kind.__subclasses__())
    return kinds


def problem_response(
    *,
    status: int,
    kind: str,
    title: str,
    detail: str,
    instance: str | None = None,
    errors: Sequence[dict[str, str]] | None = None,
    headers: dict[str, str] | None = None,
    meanwhile: Sequence[Mapping[str, str]] | None = None,
) -> JSONResponse:
    """Build a problem-details answer."""
    problem = Problem(
        type=f"/problems/{kind}",
        title=title,
        status=status,
        detail=detail,
        instance=instance,
        errors=None if errors is None else list(errors),
        meanwhile=None if meanwhile is None else [dict(change) for change in meanwhile],
    )
    return JSONResponse(
        problem.model_dump(exclude_none=True),
        status_code=status,
        media_type=MEDIA_TYPE,
        headers=headers,
    )


def install(app: FastAPI) -> None:
    """Answer every error of the application with problem details."""
    app.add_exception_handler(TenkenError, _on_tenken_error)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(Exception, _on_unforeseen_error)


def _on_tenken_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, TenkenError)
    status = status_of(error)
    if status == STATUS[BadInput] and _is_ogc(request):
        status = 400
    if isinstance(error, NotFound) and _looks_below(request):
        error = type(error)(f"{error} {OF_OTHERS}")
    return answer_to(error, path=request.url.path, status=status)


def _looks_below(request: Request) -> bool:
    """Tell whether somebody changes something who also sees rows that others own."""
    principal = getattr(request.state, "principal", None)
    visible = getattr(principal, "visible", None)
    return request.method not in SAFE_METHODS and visible is not None and len(visible) > 1


def answer_to(error: TenkenError, *, path: str, status: int | None = None) -> JSONResponse:
    """Answer an error that happened at a path, with the status of its kind unless one is given."""
    status = status or status_of(error)
    if status == STATUS[Broken]:
        return _incident(error, path)
    return problem_response(
        status=status,
        kind=slug(type(error)),
        title=title_of(type(error)),
        detail=scrubbed(str(error)),
        instance=path,
        headers=_headers(error, status),
        meanwhile=error.meanwhile if isinstance(error, Overtaken) else None,
    )


def _headers(error: TenkenError, status: int) -> dict[str, str] | None:
    if isinstance(error, NotSignedIn):
        return {"WWW-Authenticate": 'Bearer realm="tenken"'}
    if isinstance(error, WrongVersion):
        return {"Tus-Version": TUS_VERSION}
    if isinstance(error, TooOften):
        return {"Retry-After": str(error.retry_after_s)}
    return {"Retry-After": str(RETRY_AFTER_S)} if status == STATUS[Unavailable] else None


def _on_validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    fields = [
        {"where": ".".join(str(part) for part in row["loc"]), "message": row["msg"]}
        for row in error.errors()
    ]
    return problem_response(
        status=400 if _is_ogc(request) else STATUS[BadInput],
        kind=slug(BadInput),
        title=title_of(BadInput),
        detail="; ".join(f"{field['where']}: {field['message']}" for field in fields),
        instance=request.url.path,
        errors=fields,
    )


def _on_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 400 and error.__cause__ is not None:
        return _on_tenken_error(request, BadInput(UNREADABLE))
    headers = dict(error.headers or {})
    if error.status_code == METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(methods_at(request) or ("GET", "HEAD"))
    return problem_response(
        status=error.status_code,
        kind=HTTP_KIND,
        title=f"HTTP {error.status_code}",
        detail=str(error.detail),
        instance=request.url.path,
        headers=headers or None,
    )


def methods_at(request: Request) -> list[str]:
    """List every method that the address of a request answers to, in alphabetical order.

    The router knows only the first route that fits the path (RFC 9110 §10.2.1 wants them all).
    What the files of the pages answer to counts only where nothing else is.
    """
    found, path = set[str](), request.scope["path"]
    for route in iter_route_contexts(request.app.routes):
        shown = str(route.path)
        if shown != PAGES and compile_path(shown)[0].match(path):
            found |= set(route.methods or ())
    if "GET" in found:
        found.add("HEAD")
    return sorted(found)


def _on_unforeseen_error(request: Request, error: Exception) -> Response:
    """Answer an error of ours."""
    return _incident(error, request.url.path)


def _incident(error: Exception, path: str) -> JSONResponse:
    """Answer with a number that also stands in the log, and with nothing of the inside."""
    incident = uuid.uuid4().hex[:12]
    log.error("incident %s at %s", incident, path, exc_info=error)
    return problem_response(
        status=STATUS[Broken],
        kind=slug(Broken),
        title=title_of(Broken),
        detail=f"this is a fault of Tenken; look for incident {incident} in the server's log",
        instance=path,
    )


def title_of(kind: type[TenkenError]) -> str:
    """Say in a few words what a kind of error means, from its own description.

    >>> title_of(NotFound)
    'The thing named does not exist'
    """
    first = (kind.__doc__ or kind.__name__).strip().splitlines()[0].rstrip(".")
    words = first.removeprefix("Say that ")
    return words[0].upper() + words[1:]


def _is_ogc(request: Request) -> bool:
    return OGC_TAG in getattr(request.scope.get("route"), "tags", ())
