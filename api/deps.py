"""Hand the routes what the composition root built: database, blobs, bell, clock, limits."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from sqlalchemy import Engine

from api.errors import SAFE_METHODS
from api.principal import Principal
from api.upload import Limits
from inspection.errors import Broken, Unavailable
from inspection.export.catalogue import Publisher
from inspection.pipeline.gather import Terms
from inspection.pipeline.ports import BlobStore, Clock
from inspection.pipeline.receive import Examine, trusting
from inspection.store.scope import scoped

Ring = Callable[[UUID], None]
"""Tell the workers that a job is due; raises Unavailable."""


def nobody() -> Publisher:
    """Refuse to name a publisher where the settings name none.

    Raises:
        Unavailable: always.
    """
    raise Unavailable("this service does not know who publishes; set TENKEN_PUBLISHER_NAME")


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Hold what lives as long as the application.

    Attributes:
        engine: the database.
        blobs: the files.
        ring: tells the workers of a job.
        clock: tells the time.
        limits: what an upload may send.
        scratch: folder for files that arrive.
        terms: what may be arriving in pieces.
        examine: looks at files of strangers, in another process.
        publisher: tells who publishes; raises Unavailable where nobody has said so.
    """

    engine: Engine
    blobs: BlobStore
    ring: Ring
    clock: Clock
    limits: Limits
    scratch: Path
    terms: Terms = field(default_factory=Terms)
    examine: Examine = field(default=trusting)
    publisher: Callable[[], Publisher] = field(default=nobody)


def principal_of(request: Request) -> Principal:
    """Say who sent a request, as the gate found out.

    Raises:
        Broken: when the gate was not asked; no request passes by it.
    """
    principal = getattr(request.state, "principal", None)
    if not isinstance(principal, Principal):
        raise Broken(f"the gate was not asked about {request.url.path}")
    return principal


def services_of(request: Request) -> Services:
    """Find the services of the application, narrowed to what the sender may see and change."""
    services = request.app.state.services
    assert isinstance(services, Services)
    route = request.scope["route"]
    action = getattr(route, "operation_id", None) or route.name
    scope = principal_of(request).scope(
        action, services.clock.now(), changing=request.method not in SAFE_METHODS
    )
    return replace(services, engine=scoped(services.engine, scope))


def gatekeeper_of(request: Request) -> Services:
    """Find the services with the whole database; for signing in and out only."""
    services = request.app.state.services
    assert isinstance(services, Services)
    return services


ServicesDep = Annotated[Services, Depends(services_of)]
PrincipalDep = Annotated[Principal, Depends(principal_of)]
GatekeeperDep = Annotated[Services, Depends(gatekeeper_of)]
