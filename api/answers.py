"""Describe the errors of every address in the OpenAPI document, by rule rather than by hand.

An address of a new module is described without a word in it; what only it answers with, it declares
with `problems`. ``tests/support/fuzzing`` holds the service to what stands here.
"""

from collections.abc import Mapping
from typing import Any

from api.errors import MEDIA_TYPE, OGC_TAG, SAFE_METHODS
from api.permission import ANYONE, PUBLIC, permissions

NAMES: Mapping[int, tuple[str, str]] = {
    400: ("BadQuery", "A parameter cannot be used as it is (OGC API – Features says 400 for 422)"),
    401: ("NotSignedIn", "Nobody is signed in, or name and password do not fit"),
    403: ("Refused", "Whoever is signed in may not do this, or another site's page asked for it"),
    404: ("NotFound", "There is no such thing, or not for whoever is signed in"),
    409: ("Conflict", "Something else is the case by now; read it again"),
    410: ("Ended", "The upload has expired; begin it anew"),
    412: ("WrongVersion", "The client speaks another version of the upload protocol"),
    413: ("TooLarge", "More bytes or files than this service takes"),
    415: ("WrongType", "The body is of a type that this address does not take"),
    421: ("WrongHost", "The service does not answer to the name that the request was sent to"),
    422: ("BadInput", "A parameter or the body cannot be used as it is"),
    429: ("TooOften", "Tried too often; again after a while"),
    460: ("ChecksumMismatch", "A piece did not arrive as it was sent (tus)"),
    500: ("Broken", "A fault of Tenken; the number in `detail` stands in its log"),
    503: ("Unavailable", "Something that the service needs is down or busy, or is not set up"),
}
"""Name of each error answer in the document, and what it means."""

TOLD = {401: "WWW-Authenticate", 412: "Tus-Version", 429: "Retry-After", 503: "Retry-After"}
"""Headers that go along."""

PAGING = frozenset({"limit", "offset", "f"})
"""Parameters that name nothing which could be missing."""


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Declare which errors an address has beside those of the rules.

    >>> problems(410)
    {410: {'description': 'The upload has expired; begin it anew'}}
    """
    return {status: {"description": NAMES[status][1]} for status in statuses}


def describe_errors(document: dict[str, Any]) -> None:
    """Give every operation its error answers, in place."""
    document["components"]["responses"] = {
        name: _described(status, meaning) for status, (name, meaning) in NAMES.items()
    }
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            declared = operation["responses"]
            declared.pop("default", None)  # which says nothing, and hides what is forgotten
            own = {int(key) for key in declared if key.isdigit() and int(key) in NAMES}
            for status in sorted(own | _by_rule(method.upper(), path, operation)):
                other = declared.get(str(status), {}).get("content")
                if other is None:
                    declared[str(status)] = {"$ref": f"#/components/responses/{NAMES[status][0]}"}
                else:  # an address that speaks the words of another protocol too
                    other |= _described(status, "")["content"]


def _described(status: int, meaning: str) -> dict[str, Any]:
    described: dict[str, Any] = {
        "description": f"{meaning} (RFC 9457)",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    if status in TOLD:
        described["headers"] = {TOLD[status]: {"schema": {"type": "string"}}}
    return described


def _by_rule(method: str, path: str, operation: Mapping[str, Any]) -> set[int]:
    """Say which errors an operation may answer with, from what it takes and who may use it."""
    right = permissions().routes.get(f"{'GET' if method == 'HEAD' else method} {path}")
    parameters = operation.get("parameters", [])
    changing, body = method not in SAFE_METHODS, "requestBody" in operation
    found = {421, 500, 503}
    if right not in {PUBLIC, ANYONE}:
        found |= {401, 403}
    if changing:
        found |= {403, 409, 413, 415}
    if parameters or body:
        found.add(400 if OGC_TAG in operation.get("tags", ()) else 422)
    if body or any(parameter["name"] not in PAGING for parameter in parameters):
        found.add(404)
    return found
