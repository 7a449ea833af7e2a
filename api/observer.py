"""Watch the requests: how many, how long, and a line in the log for each.

A request is named by its route (``GET /api/surveys/{survey_id}``), never by its address: addresses
hold identifiers, and what is asked in them is nobody's business in a log.
"""

import logging
import re
import time
import uuid

from fastapi import FastAPI
from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.gate import route_name
from inspection.errors import TenkenError
from inspection.telemetry import ACCESS, about
from inspection.tracing import serving

NO_ROUTE = "none"
"""Name of all addresses that are none: strangers invent them, and each would be kept for ever."""

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
STOPPED = 499
"""Status of a request whose sender went away before there was an answer; of the log only."""

REGISTRY = CollectorRegistry()
REQUESTS = Counter(
    "tenken_http_requests", "Requests that were answered", ["route", "status"], registry=REGISTRY
)
DURATION = Histogram(
    "tenken_http_request_seconds",
    "Time from a request to the end of its answer",
    ["route"],
    buckets=SECONDS,
    registry=REGISTRY,
)

_SUBJECT = re.compile(r"/api/(surveys|jobs)/([0-9a-fA-F-]{36})(?:/|$)")

log = logging.getLogger(ACCESS)


class Observer:
    """Count and time requests, and say what the lines are about that they write."""

    def __init__(self, app: ASGIApp) -> None:
        """Watch an application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Watch one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began_s, status = time.perf_counter(), STOPPED

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        subjects = about(request_id=uuid.uuid4().hex[:12], **subject_of(scope["path"]))
        with subjects, serving(Headers(scope=scope)) as told:
            try:
                await self._app(scope, receive, noting)
            finally:
                self._note(scope, status, time.perf_counter() - began_s)
                told.answered(named(scope), status)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        name = named(scope)
        REQUESTS.labels(name, str(status)).inc()
        DURATION.labels(name).observe(seconds)
        extra = {"route": name, "status": status, "milliseconds": round(seconds * 1000, 1)}
        level = logging.WARNING if status >= 500 else logging.INFO
        log.log(level, "%s %d in %.1f ms", name, status, seconds * 1000, extra=extra)


def subject_of(path: str) -> dict[str, str]:
    """Say which survey or job an address is about, if it is one.

    >>> subject_of("/api/jobs/6d1f3f5e-6f0c-5f0a-9a2e-74656e6b656e/cancel")
    {'job_id': '6d1f3f5e-6f0c-5f0a-9a2e-74656e6b656e'}
    """
    found = _SUBJECT.match(path)
    if found is None:
        return {}
    try:
        return {f"{found[1][:-1]}_id": str(uuid.UUID(found[2]))}
    except ValueError:
        return {}


def named(scope: Scope) -> str:
    """Name the route of a request as ``permissions.yaml`` does."""
    if not isinstance(scope.get("app"), FastAPI):
        return NO_ROUTE
    try:
        return route_name(scope) or NO_ROUTE
    except TenkenError:
        return NO_ROUTE
