"""Speak tus, the protocol of resumable uploads: headers in, headers out, no state.

Source: tus resumable upload protocol 1.0.0, https://tus.io/protocols/resumable-upload: core and the
extensions creation, termination, checksum and expiration.
"""

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Protocol

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.errors import TUS_VERSION, ChecksumMismatch, WrongVersion
from inspection.errors import BadInput

VERSION = TUS_VERSION
EXTENSIONS = "creation,termination,checksum,expiration"
CONTENT_TYPE = "application/offset+octet-stream"
METADATA_MAX_CHARS = 4096
ALGORITHMS = {"sha256": hashlib.sha256, "sha1": hashlib.sha1, "md5": hashlib.md5}
"""Digests of pieces; SHA-1 is demanded by the protocol. Against faults of a line, not attackers."""

_NUMBER = re.compile(r"[0-9]{1,15}")
_KEY = re.compile(r"[\x21-\x2b\x2d-\x7e]+")


class Digest(Protocol):
    """Add up bytes to a digest."""

    def update(self, content: bytes, /) -> None:
        """Add bytes."""

    def digest(self) -> bytes:
        """Give the digest of all bytes so far."""


@dataclass(slots=True)
class Checksum:
    """Compare what arrives with what a client said it sends."""

    promised: bytes
    digest: Digest

    def check(self) -> None:
        """Compare, when all has arrived.

        Raises:
            ChecksumMismatch: when it is not what was sent.
        """
        if self.digest.digest() != self.promised:
            raise ChecksumMismatch("the piece did not arrive as it was sent; send it again")


def check_version(headers: Headers) -> None:
    """Check that a client speaks our version.

    Raises:
        WrongVersion: when it does not.
    """
    said = headers.get("tus-resumable")
    if said != VERSION:
        raise WrongVersion(
            f"this service speaks tus {VERSION}, got {said!r} in the header Tus-Resumable"
        )


def length_of(headers: Headers) -> int:
    """Read how long the file of a new upload is, bytes.

    Raises:
        BadInput: when it is not said; a length that comes later is not supported.
    """
    return _number(headers, "upload-length")


def offset_of(headers: Headers) -> int:
    """Read at which byte a piece begins.

    Raises:
        BadInput: when it is not said.
    """
    return _number(headers, "upload-offset")


def metadata_of(headers: Headers) -> dict[str, str]:
    """Read what a client says about a file: ``filename``, ``sha256`` and what others need.

    Raises:
        BadInput: when it is not written as the protocol wants it.

    >>> metadata_of(Headers({"upload-metadata": "filename YS5qcGc=,is_private"}))
    {'filename': 'a.jpg', 'is_private': ''}
    """
    sent = headers.get("upload-metadata", "")
    if len(sent) > METADATA_MAX_CHARS:
        raise BadInput(f"Upload-Metadata has {len(sent)} characters; {METADATA_MAX_CHARS} fit")
    found: dict[str, str] = {}
    for pair in filter(None, (piece.strip() for piece in sent.split(","))):
        key, _, encoded = pair.partition(" ")
        if _KEY.fullmatch(key) is None or key in found:
            raise BadInput(f"Upload-Metadata has an unusable or repeated key {key[:80]!r}")
        try:
            found[key] = base64.b64decode(encoded, validate=True).decode()
        except ValueError as error:  # also of characters that are not ASCII, or no UTF-8
            raise BadInput(f"the value of {key[:80]!r} in Upload-Metadata is no Base64") from error
    return found


def checksum_of(headers: Headers) -> Checksum | None:
    """Read the digest of a piece; None when the client sends none.

    Raises:
        BadInput: when the algorithm is unknown or the digest unreadable.
    """
    sent = headers.get("upload-checksum")
    if sent is None:
        return None
    name, _, encoded = sent.strip().partition(" ")
    if name not in ALGORITHMS:
        raise BadInput(f"checksum {name[:40]!r} is not supported; use {', '.join(ALGORITHMS)}")
    try:
        promised = base64.b64decode(encoded, validate=True)
    except ValueError as error:
        raise BadInput("the digest in Upload-Checksum is no Base64") from error
    return Checksum(promised, ALGORITHMS[name](usedforsecurity=False))


def answered(**more: object) -> dict[str, str]:
    """Give the headers of an answer: ``upload_offset`` becomes ``Upload-Offset``.

    >>> answered(upload_offset=7)
    {'Tus-Resumable': '1.0.0', 'Upload-Offset': '7'}
    """
    named = {name.replace("_", "-").title(): str(value) for name, value in more.items()}
    return {"Tus-Resumable": VERSION, **named}


def expiry(moment: datetime) -> str:
    """Write when an upload expires, as HTTP writes moments (RFC 9110 §5.6.7).

    >>> from datetime import UTC
    >>> expiry(datetime(2026, 4, 1, 3, tzinfo=UTC))
    'Wed, 01 Apr 2026 03:00:00 GMT'
    """
    return format_datetime(moment, usegmt=True)


class MethodOverride:
    """Let clients that cannot send PATCH or DELETE say so in a header, as the protocol demands.

    Only a POST to an upload may become one of those two; nothing that asks for less becomes more.
    """

    OVERRIDES: Mapping[bytes, str] = {b"PATCH": "PATCH", b"DELETE": "DELETE"}
    PLACE = re.compile(r"/api/surveys/[^/]+/uploads/[^/]+")

    def __init__(self, app: ASGIApp) -> None:
        """Stand before everything else that looks at the method."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        if scope["type"] == "http" and scope["method"] == "POST":
            wanted = dict(scope["headers"]).get(b"x-http-method-override", b"").upper()
            if wanted in self.OVERRIDES and self.PLACE.fullmatch(scope["path"]):
                scope = {**scope, "method": self.OVERRIDES[wanted]}
        await self._app(scope, receive, send)


def _number(headers: Headers, name: str) -> int:
    sent = headers.get(name, "")
    if _NUMBER.fullmatch(sent) is None:
        raise BadInput(f"the header {name.title()} must be a number of bytes, got {sent[:40]!r}")
    return int(sent)
