"""Tell whether the service works, which version it is, and what its problems mean."""

import inspect

import sqlalchemy as sa
from fastapi import APIRouter

from api.deps import ServicesDep
from api.errors import all_kinds, status_of, title_of
from api.schemas.base import Shape
from inspection import __version__
from inspection.errors import NotFound
from inspection.store.engine import reading

router = APIRouter(tags=["service"])


class Health(Shape):
    """Say that the service works."""

    status: str
    version: str


class ProblemKind(Shape):
    """Explain one kind of problem."""

    kind: str
    title: str
    status: int
    meaning: str


@router.get("/healthz", operation_id="health")
def health(services: ServicesDep) -> Health:
    """Answer when the service and its database work; 503 otherwise."""
    with reading(services.engine) as connection:
        connection.execute(sa.text("SELECT 1"))
    return Health(status="ok", version=__version__)


@router.get("/problems/{kind}", operation_id="problem_kind")
def problem_kind(kind: str) -> ProblemKind:
    """Explain what a ``type`` in a problem-details answer means."""
    found = all_kinds().get(kind)
    if found is None:
        raise NotFound(f"there is no kind of problem {kind!r}; one of {sorted(all_kinds())}")
    return ProblemKind(
        kind=kind,
        title=title_of(found),
        status=status_of(found("")),
        meaning=inspect.cleandoc(found.__doc__ or ""),
    )
