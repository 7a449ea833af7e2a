"""Hand the routes what the composition root built: database, blobs, bell, clock, limits."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from sqlalchemy import Engine

from api.upload import Limits
from inspection.pipeline.ports import BlobStore, Clock

Ring = Callable[[UUID], None]
"""Tell the workers that a job is due; raises Unavailable."""


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
    """

    engine: Engine
    blobs: BlobStore
    ring: Ring
    clock: Clock
    limits: Limits
    scratch: Path


def services_of(request: Request) -> Services:
    """Find the services of the application that a request came to."""
    services = request.app.state.services
    assert isinstance(services, Services)
    return services


ServicesDep = Annotated[Services, Depends(services_of)]
