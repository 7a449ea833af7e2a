"""Tell whether the service works, which version it is, and what its problems mean."""

import inspect

import sqlalchemy as sa
from fastapi import APIRouter
from pydantic import Field

from api.deps import GatekeeperDep, ServicesDep
from api.errors import HTTP_KIND, all_kinds, status_of_kind, title_of
from api.schemas.base import Shape
from inspection import __version__
from inspection.errors import NotFound
from inspection.store import schema
from inspection.store.engine import reading

router = APIRouter(tags=["service"])


class Health(Shape):
    """Say that the service works."""

    status: str
    version: str


class Readiness(Health):
    """Say that people can be sent here, and the version of the tables."""

    tables: str


class ProblemKind(Shape):
    """Explain one kind of problem."""

    kind: str
    title: str
    status: int | None = Field(
        description="HTTP status; None where it stands in each answer of this kind"
    )
    meaning: str


PROTOCOL = ProblemKind(
    kind=HTTP_KIND,
    title="The request does not fit this service",
    status=None,
    meaning="The address or the method is not one that this service has, or a header is missing. "
    "`status` and `detail` of the answer say which; `/openapi.json` lists what there is.",
)
"""Explains what is said about a request before any part of Tenken has seen it."""


@router.get("/healthz", operation_id="health")
def health(services: ServicesDep) -> Health:
    """Answer when the service and its database work; 503 otherwise."""
    with reading(services.engine) as connection:
        connection.execute(sa.select(sa.literal(1)))
    return Health(status="ok", version=__version__)


@router.get("/livez", operation_id="alive")
def alive() -> Health:
    """Answer while the process works, whatever the database does: restart it when this fails."""
    return Health(status="alive", version=__version__)


@router.get("/readyz", operation_id="ready")
def ready(services: GatekeeperDep) -> Readiness:
    """Answer when people can be sent here: the tables are this version's, the blobs can be read."""
    schema.check(services.engine)
    services.blobs.exists("photos/none")
    return Readiness(status="ready", version=__version__, tables=schema.head())


@router.get("/problems/{kind}", operation_id="problem_kind")
def problem_kind(kind: str) -> ProblemKind:
    """Explain what a ``type`` in a problem-details answer means."""
    if kind == HTTP_KIND:
        return PROTOCOL
    found = all_kinds().get(kind)
    if found is None:
        kinds = sorted([HTTP_KIND, *all_kinds()])
        raise NotFound(f"there is no kind of problem {kind!r}; one of {kinds}")
    return ProblemKind(
        kind=kind,
        title=title_of(found),
        status=status_of_kind(found),
        meaning=inspect.cleandoc(found.__doc__ or ""),
    )
