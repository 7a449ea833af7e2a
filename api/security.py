"""Guard the edge: no foreign names, no foreign pages, no foreign bodies, hardened answers.

Whether somebody has signed in or not, a web page of somebody else, open in the same browser, must
not talk to the service. Three checks see to that: the ``Host`` (against DNS rebinding), the
``Origin`` (against requests forged by another page) and the type of the body (a form of another
page cannot send JSON). Who may do what is decided behind this, in ``gate``.
"""

import ipaddress
import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.door import LOOPBACK_NAMES
from api.errors import SAFE_METHODS, TooLarge, problem_response, slug, status_of, title_of
from inspection.errors import Refused

BODY_TYPES = frozenset({"application/json"})
PIECE_TYPES = frozenset({"application/offset+octet-stream"})
"""What an upload in pieces sends; no form and no page of another site can."""

FILE_TYPES = frozenset({"application/octet-stream"})
"""What an upload of one whole file sends; no form and no page of another site can."""

FILE_PATH = re.compile(r"/api/models/[^/]+/file")

JSON_MAX_BYTES = 8_000_000
"""Longest body that is read as a whole, before anybody has looked at it; files have limits of their
own, and are not read as a whole."""


def content_security_policy(image_origins: Iterable[str] = ()) -> str:
    """Say from where browsers may load what: from here, and pictures of maps from some origins.

    >>> "img-src 'self' data: blob: https://a.example;" in content_security_policy(
    ...     ["https://a.example"]
    ... )
    True
    """
    return "; ".join(
        [
            "default-src 'self'",
            " ".join(["img-src 'self' data: blob:", *image_origins]),
            "style-src 'self' 'unsafe-inline'",  # OpenLayers and React write style attributes
            "worker-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        ]
    )


CONTENT_SECURITY_POLICY = content_security_policy()

TOO_LONG = f"the body is over {JSON_MAX_BYTES} bytes; send less at a time"

SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # what one person may see, the next one at the same browser may not
    "Vary": "Cookie, Authorization",
}

HTTPS_HEADERS = {"Strict-Transport-Security": "max-age=31536000"}
"""What hardens answers further where browsers come by https."""


def is_loopback(host: str) -> bool:
    """Tell whether only this machine reaches an address.

    >>> is_loopback("127.0.0.1"), is_loopback("0.0.0.0")
    (True, False)
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class EdgeGuard:
    """Refuse requests that another page or another name sent, and harden every answer."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        allowed_hosts: Iterable[str] = LOOPBACK_NAMES,
        multipart_paths: Iterable[str] = (),
        https: bool = False,
        image_origins: Iterable[str] = (),
    ) -> None:
        """Guard an application.

        Args:
            app: the application behind.
            allowed_hosts: host names, without port, under which the service may be called.
            multipart_paths: last parts of the paths that take ``multipart/form-data``.
            https: browsers reach the service by https.
            image_origins: from where pages may load pictures of maps, beside from here.
        """
        self._app = app
        self._allowed_hosts = frozenset(allowed_hosts)
        self._multipart_paths = tuple(multipart_paths)
        policy = {"Content-Security-Policy": content_security_policy(image_origins)}
        self._headers = {**SECURITY_HEADERS, **policy, **(HTTPS_HEADERS if https else {})}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check one request and pass it on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def hardened(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        objection = self._objection(scope)
        if objection is None:
            whole = scope["method"] not in SAFE_METHODS and self._allowed(scope) == BODY_TYPES
            await self._app(scope, _bounded(receive) if whole else receive, hardened)
            return
        status, detail = objection
        kind = TooLarge if status == status_of(TooLarge("")) else Refused
        answer = problem_response(
            status=status, kind=slug(kind), title=title_of(kind), detail=detail
        )
        await answer(scope, receive, hardened)

    def _objection(self, scope: Scope) -> tuple[int, str] | None:
        """Say why a request is not served: status and words; None when it may pass."""
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if _host_name(host) not in self._allowed_hosts:
            advice = "use 127.0.0.1, or set TENKEN_PUBLIC_URL to the address that people use"
            return 421, f"this service does not answer to the name {host!r}; {advice}"
        if scope["method"] in SAFE_METHODS:
            return None
        if _is_foreign(headers, host):
            return 403, "this request came from a page of another site and was not carried out"
        return self._body_objection(scope, headers)

    def _body_objection(self, scope: Scope, headers: Headers) -> tuple[int, str] | None:
        length = headers.get("content-length", "0")
        has_body = length != "0" or "transfer-encoding" in headers
        sent = headers.get("content-type", "").partition(";")[0].strip().lower()
        allowed = self._allowed(scope)
        if has_body and sent not in allowed:
            return 415, f"this address takes {', '.join(sorted(allowed))}, got {sent or 'no type'}"
        if allowed == BODY_TYPES and length.isdecimal() and int(length[:20]) > JSON_MAX_BYTES:
            return status_of(TooLarge("")), TOO_LONG
        return None

    def _allowed(self, scope: Scope) -> frozenset[str]:
        """Say which types of body an address takes."""
        if scope["path"].endswith(self._multipart_paths or ("\0",)):
            return frozenset({"multipart/form-data"})
        if FILE_PATH.fullmatch(scope["path"]):
            return FILE_TYPES
        pieces = scope["method"] == "PATCH" and "/uploads/" in scope["path"]
        return PIECE_TYPES if pieces else BODY_TYPES


def _bounded(receive: Receive) -> Receive:
    """Break off a body that is longer than what is read as a whole, also one of unsaid length."""
    total = 0

    async def counting() -> Message:
        nonlocal total
        message = await receive()
        total += len(message.get("body", b""))
        if total > JSON_MAX_BYTES:
            raise HTTPException(status_of(TooLarge("")), TOO_LONG)
        return message

    return counting


def _host_name(host: str) -> str:
    """Strip the port of a Host header.

    >>> _host_name("[::1]:8000"), _host_name("localhost:8000"), _host_name("127.0.0.1")
    ('::1', 'localhost', '127.0.0.1')
    """
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _is_foreign(headers: Headers, host: str) -> bool:
    """Tell whether a browser says that another origin made the request."""
    if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return True
    origin = headers.get("origin")
    if origin is None:
        return False
    try:
        return urlsplit(origin).netloc.lower() != host.lower()
    except ValueError:  # no address at all, so not ours
        return True
