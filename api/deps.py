"""Hand the routes what the composition root built: database, blobs, bell, clock, limits."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from sqlalchemy import Engine

from api.upload import Limits
from inspection.errors import Unavailable
from inspection.export.catalogue import Publisher
from inspection.pipeline.ports import BlobStore, Clock

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
        publisher: tells who publishes; raises Unavailable where nobody has said so.
    """

    engine: Engine
    blobs: BlobStore
    ring: Ring
    clock: Clock
    limits: Limits
    scratch: Path
    publisher: Callable[[], Publisher] = field(default=nobody)


def services_of(request: Request) -> Services:
    """Find the services of the application that a request came to."""
    services = request.app.state.services
    assert isinstance(services, Services)
    return services


ServicesDep = Annotated[Services, Depends(services_of)]
