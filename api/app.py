"""Compose the service: routes, errors, the guard of the edge, and what the routes may use."""

from pathlib import Path
from typing import Any

from fastapi import FastAPI

from api import errors
from api.deps import Ring, Services
from api.routes import (
    assets,
    codelists,
    defects,
    features,
    flight,
    health,
    jobs,
    photos,
    site,
    surveys,
    tiles,
    worklist,
)
from api.schemas.base import Problem
from api.security import EdgeGuard
from api.upload import Limits
from inspection import __version__
from inspection.pipeline.tools import SystemClock
from inspection.settings import QueueSettings, ServeSettings, StoreSettings
from inspection.store.blobs import FolderBlobs
from inspection.store.engine import create_engine
from workers import queue

PARTS = (
    health,
    assets,
    codelists,
    surveys,
    photos,
    jobs,
    tiles,
    defects,
    worklist,
    flight,
    features,
    site,  # last: it answers to every address that nobody else has
)

DESCRIPTION = """\
Drone photos in, reviewed defects and a ranked work list out.

* Lengths are metres, crack widths millimetres; a number below the limit of the image is not given.
* Machine values and human values are different fields; only people confirm or reject.
* Errors are problem details (RFC 9457); `type` leads to an explanation.
* `/collections` follows OGC API – Features, so QGIS and GDAL read it.
"""


def build_services(serve: ServeSettings, store: StoreSettings, bell: QueueSettings) -> Services:
    """Open what the routes use, as the settings say."""
    app = queue.make_app(bell, store.home)
    ring: Ring = lambda job_id: queue.ring(app, job_id)  # noqa: E731
    return Services(
        engine=create_engine(store.resolved_database_url()),
        blobs=FolderBlobs(store.blobs_dir),
        ring=ring,
        clock=SystemClock(),
        limits=Limits(file_max_bytes=serve.upload_max_mb * 1_000_000),
        scratch=store.home / "incoming",
    )


class Application(FastAPI):
    """Describe errors as what they are, problem details, beside all that FastAPI describes."""

    def openapi(self) -> dict[str, Any]:
        """Give the OpenAPI document."""
        document = super().openapi()
        document["components"]["schemas"]["Problem"] = Problem.model_json_schema()
        return document


def create_app(services: Services, *, dist: Path = site.DIST) -> FastAPI:
    """Build the application.

    Args:
        services: what the routes use.
        dist: folder of the built pages.
    """
    app = Application(
        title="Tenken",
        version=__version__,
        summary="Inspect bridges and roads with drones and AI",
        description=DESCRIPTION,
        docs_url=None,  # those pages load scripts from the internet
        redoc_url=None,
        responses={"default": errors.DESCRIBED},
    )
    app.state.services = services
    app.state.dist = dist
    errors.install(app)
    app.add_middleware(EdgeGuard, multipart_paths=("/photos",))
    for module in PARTS:
        app.include_router(module.router)
    return app


def app_from_environment() -> FastAPI:
    """Build the application as the environment says; what uvicorn starts."""
    return create_app(build_services(ServeSettings(), StoreSettings(), QueueSettings()))
