"""Decide how an answer travels: which of two forms the client prefers, and how long it stays."""

from fastapi import Request
from fastapi.responses import Response

HTML = "text/html"
JSON = "application/json"
GEOJSON = "application/geo+json"

IMMUTABLE = "private, max-age=31536000, immutable"
REVALIDATE = "private, no-cache"


def prefers_html(request: Request, form: str | None = None) -> bool:
    """Tell whether the client wants a page rather than data.

    ``f=json`` and ``f=html`` in the address win over the ``Accept`` header, as GIS programs expect.
    """
    if form is not None:
        return form == "html"
    accepted = _accepted(request.headers.get("accept", "*/*"))
    data = max(_wanted(accepted, JSON), accepted.get(GEOJSON, 0.0))
    return _wanted(accepted, HTML) > data


def _wanted(accepted: dict[str, float], media_type: str) -> float:
    """Give the quality of a media type by the most specific range that fits (RFC 9110 §12.5.1)."""
    of_kind = media_type.partition("/")[0] + "/*"
    for fitting in (media_type, of_kind, "*/*"):
        if fitting in accepted:
            return accepted[fitting]
    return 0.0


def _accepted(header: str) -> dict[str, float]:
    """Read an Accept header into quality by media type.

    >>> _accepted("text/html, application/json;q=0.5")
    {'text/html': 1.0, 'application/json': 0.5}
    """
    accepted = {}
    for part in header.split(","):
        media_type, *parameters = (piece.strip() for piece in part.split(";"))
        accepted[media_type.lower()] = _quality(parameters)
    return accepted


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


def cached(
    request: Request, *, tag: str, media_type: str, versioned: bool
) -> tuple[Response | None, dict[str, str]]:
    """Answer 304 when the client already has this content, and give the headers to send else.

    Args:
        request: carries ``If-None-Match``.
        tag: names the content; equal tag, equal bytes.
        media_type: of the content.
        versioned: the address names the version too, so the client need not ask again.
    """
    etag = f'"{tag}"'
    headers = {"ETag": etag, "Cache-Control": IMMUTABLE if versioned else REVALIDATE}
    known = {part.strip().removeprefix("W/") for part in _none_match(request).split(",")}
    if etag in known or "*" in known:
        return Response(status_code=304, headers=headers, media_type=media_type), headers
    return None, headers


def _none_match(request: Request) -> str:
    return request.headers.get("if-none-match", "")
