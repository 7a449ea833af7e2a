"""Compose the service: routes, errors, the guard of the edge, and what the routes may use."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from api import answers, census, errors
from api.basemap import Basemap, origins, read_basemaps
from api.caretaker import caring
from api.deps import Ring, Services
from api.door import Door
from api.gate import Gate
from api.head import HeadAsGet
from api.observer import REGISTRY, Observer
from api.oidc import Issuer
from api.routes import (
    account,
    assets,
    audit,
    basemaps,
    codelists,
    dashboard,
    defects,
    edits,
    evidence,
    features,
    fieldwork,
    flight,
    health,
    inspecting,
    inspections,
    jobs,
    models,
    opendata,
    people,
    photos,
    programmes,
    publications,
    ranking,
    records,
    reviewqueue,
    session,
    site,
    storage,
    surveys,
    tiles,
    trials,
    uploads,
    worklist,
)
from api.schemas.base import Problem
from api.security import EdgeGuard
from api.tus import MethodOverride
from api.upload import Limits
from inspection import __version__
from inspection.errors import BadInput, Unavailable
from inspection.export.catalogue import Publisher
from inspection.imaging.sandbox import Sandbox
from inspection.pipeline.gather import Terms
from inspection.pipeline.tools import SystemClock
from inspection.redaction import name_folder
from inspection.settings import (
    OidcSettings,
    PublisherSettings,
    QueueSettings,
    ServeSettings,
    StoreSettings,
    TelemetrySettings,
)
from inspection.store.blobstore import blobs_of
from inspection.store.engine import create_engine
from inspection.store.filecache import Patience
from inspection.telemetry import configure_logging, serve_metrics
from inspection.tracing import configure_tracing
from inspection.turns import Turns
from workers import queue

WAIT_S, WAITING_MOST = 20.0, 12
"""How long a request waits for a file that another one is fetching, and how many may wait."""

PARTS = (
    health,
    session,
    account,
    people,
    audit,
    storage,
    assets,
    basemaps,
    codelists,
    surveys,
    photos,
    uploads,
    fieldwork,
    jobs,
    models,
    trials,
    tiles,
    reviewqueue,
    defects,
    edits,
    evidence,
    worklist,
    ranking,
    programmes,
    dashboard,
    flight,
    inspecting,
    records,
    inspections,
    publications,
    features,
    opendata,
    site,  # last: it answers to every address that nobody else has
)

DESCRIPTION = """\
Drone photos in, reviewed defects and a ranked work list out.

* Lengths are metres, crack widths millimetres; a number below the limit of the image is not given.
* Machine values and human values are different fields; only people confirm or reject.
* Errors are problem details (RFC 9457); `type` leads to an explanation.
* `/collections` follows OGC API – Features, so QGIS and GDAL read it.
"""


def publisher_of_settings() -> Publisher:
    """Name the publisher as the environment says, asked for when a catalogue is.

    Raises:
        Unavailable: when the settings name nobody.
    """
    try:
        return Publisher(**PublisherSettings().model_dump())
    except BadInput as error:
        raise Unavailable(str(error)) from error


def patience_of_service() -> Patience:
    """Say how long a request waits for a file that another one is fetching from a bucket.

    The first look at a mosaic asks for many tiles of it at once, and fetching it may take minutes:
    the threads that answer everybody must not all wait for that.
    """
    turns = Turns("fetching a file from the bucket", seats=WAITING_MOST, waiting_most=0)
    return Patience(turns=turns, wait_s=WAIT_S)


def build_services(serve: ServeSettings, store: StoreSettings, bell: QueueSettings) -> Services:
    """Open what the routes use, as the settings say."""
    app = queue.make_app(bell, store.home)
    ring: Ring = lambda job_id: queue.ring(app, job_id)  # noqa: E731
    return Services(
        engine=create_engine(store.resolved_database_url()),
        blobs=blobs_of(store, patience_of_service()),
        ring=ring,
        clock=SystemClock(),
        limits=Limits(
            file_max_bytes=serve.upload_max_mb * 1_000_000,
            model_max_bytes=serve.upload_model_max_mb * 1_000_000,
        ),
        scratch=store.home / "incoming",
        terms=Terms(
            unfinished_max_bytes=serve.upload_unfinished_max_gb * 1_000_000_000,
            keep=timedelta(hours=serve.upload_keep_h),
        ),
        examine=Sandbox().look,
        publisher=publisher_of_settings,
    )


class Application(FastAPI):
    """Describe errors as what they are, problem details, beside all that FastAPI describes."""

    def openapi(self) -> dict[str, Any]:
        """Give the OpenAPI document."""
        document = super().openapi()
        document["components"]["schemas"]["Problem"] = Problem.model_json_schema()
        answers.describe_errors(document)
        return document


def build_door(serve: ServeSettings, vouching: OidcSettings) -> Door:
    """Say how the service is reached, as the settings say.

    Raises:
        BadInput: when only half of an issuer is named.
        Refused: when people would sign in over a network in the clear.
    """
    issuer = None
    if vouching.issuer is not None:
        if vouching.client_id is None:
            raise BadInput("TENKEN_OIDC_ISSUER needs TENKEN_OIDC_CLIENT_ID beside it")
        secret = vouching.client_secret
        issuer = Issuer(
            url=vouching.issuer,
            client_id=vouching.client_id,
            client_secret=None if secret is None else secret.get_secret_value(),
        )
    return Door(public_url=serve.public_url, issuer=issuer)


def create_app(
    services: Services,
    *,
    dist: Path = site.DIST,
    door: Door | None = None,
    backgrounds: Sequence[Basemap] = (),
) -> FastAPI:
    """Build the application.

    Args:
        services: what the routes use.
        dist: folder of the built pages.
        door: how the service is reached; None for loopback only.
        backgrounds: maps that pages may fetch from elsewhere.
    """
    door = door or Door()
    app = Application(
        title="Tenken",
        version=__version__,
        summary="Inspect bridges and roads with drones and AI",
        description=DESCRIPTION,
        docs_url=None,  # those pages load scripts from the internet
        redoc_url=None,
        responses={"default": errors.DESCRIBED},
        lifespan=caring,
    )
    app.state.services = services
    app.state.dist = dist
    app.state.door = door
    app.state.basemaps = tuple(backgrounds)
    errors.install(app)
    app.add_middleware(HeadAsGet)
    app.add_middleware(Gate)
    app.add_middleware(  # the last one that is added is the first that a request meets
        EdgeGuard,
        allowed_hosts=door.allowed_hosts,
        multipart_paths=("/photos",),
        https=door.secure,
        image_origins=origins(backgrounds),
    )
    app.add_middleware(MethodOverride)
    app.add_middleware(Observer)
    for module in PARTS:
        app.include_router(module.router)
    return app


def tell_operators(telemetry: TelemetrySettings, store: StoreSettings, services: Services) -> None:
    """Write the log and offer the metrics of this process, as the settings say."""
    configure_logging(telemetry.log_format, telemetry.log_level)
    configure_tracing("tenken-api")
    name_folder(store.home, "home")
    if telemetry.metrics_listen is not None:
        census.register(REGISTRY, lambda: services)
        serve_metrics(telemetry.metrics_listen, REGISTRY)


def app_from_environment() -> FastAPI:
    """Build the application as the environment says; what uvicorn starts."""
    serve, store = ServeSettings(), StoreSettings()
    services = build_services(serve, store, QueueSettings())
    tell_operators(TelemetrySettings(), store, services)
    return create_app(
        services,
        door=build_door(serve, OidcSettings()),
        backgrounds=read_basemaps(serve.basemaps),
    )
