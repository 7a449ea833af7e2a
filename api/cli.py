"""Commands of the service: ``tenken serve`` and ``tenken worklist``."""

import logging
import os
import socket
from contextlib import nullcontext
from pathlib import Path

import click
import uvicorn

from api.app import build_services, create_app
from api.companion import Companion
from api.security import require_loopback
from inspection.errors import Unavailable
from inspection.settings import QueueSettings, ServeSettings, StoreSettings
from inspection.store import schema


@click.command()
@click.option("--host", help="Address to listen on; only this machine's own are accepted.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on.  [default: 8000]")
@click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of rows and blobs, such as OUT/store of a run.",
)
@click.option("--worker/--no-worker", default=True, help="Start a worker beside the service.")
def serve(host: str | None, port: int | None, home: Path | None, worker: bool) -> None:
    r"""Serve the review pages and the API on this machine, with a worker beside them.

    \b
    Examples:
      tenken serve
      tenken serve --port 8080 --home out/bridge-12/store
    """
    if home is not None:
        os.environ["TENKEN_HOME"] = str(home.resolve())
        os.environ.pop("TENKEN_DATABASE_URL", None)
    settings, store = ServeSettings(), StoreSettings()
    where = require_loopback(host or settings.host)
    schema.upgrade(store.resolved_database_url())
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    app = create_app(build_services(settings, store, QueueSettings()))
    listening = listen(where, settings.port if port is None else port)
    config = uvicorn.Config(app, log_level="warning", server_header=False, proxy_headers=False)
    click.echo(f"Tenken is at {address(listening)}  (Ctrl+C to stop)")
    with Companion() if worker else nullcontext(), listening:
        uvicorn.Server(config).run(sockets=[listening])


def listen(host: str, port: int) -> socket.socket:
    """Open the socket that the service listens on; port 0 takes any that is free.

    Raises:
        Unavailable: when the port is taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    opened = socket.socket(family)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind((host, port))
    except OSError as error:
        opened.close()
        raise Unavailable(
            f"cannot listen on {host} port {port}: {error.strerror}; choose another with --port"
        ) from error
    return opened


def address(listening: socket.socket) -> str:
    """Name the address of the pages that a socket serves."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
