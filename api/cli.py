"""Commands of the service: ``tenken serve`` and ``tenken worklist``."""

import gc
import os
import socket
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import click
import uvicorn

from api.app import build_door, build_services, create_app, tell_operators
from api.basemap import read_basemaps
from api.companion import Companion
from api.door import Door
from api.security import is_loopback
from api.worklist_file import CsvEncoding, FileFormat, Language, draw, format_of, write
from inspection.errors import Refused, TenkenError, Unavailable
from inspection.pipeline.tools import SystemClock
from inspection.settings import (
    OidcSettings,
    QueueSettings,
    ServeSettings,
    StoreSettings,
    TelemetrySettings,
)
from inspection.store import accounts, schema
from inspection.store.blobstore import blobs_of
from inspection.store.engine import create_engine, reading
from inspection.store.reach import await_database


@click.command()
@click.option("--host", help="Address to listen on; one that others reach needs accounts.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on.  [default: 8000]")
@click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of rows and blobs, such as OUT/store of a run.",
)
@click.option("--worker/--no-worker", default=True, help="Start a worker beside the service.")
def serve(host: str | None, port: int | None, home: Path | None, worker: bool) -> None:
    """Serve the review pages and the API on this machine, with a worker beside them.

    \b
    Examples:
      tenken serve
      tenken serve --port 8080 --home out/bridge-12/store
    """  # noqa: D301
    if home is not None:
        os.environ["TENKEN_HOME"] = str(home.resolve())
        os.environ.pop("TENKEN_DATABASE_URL", None)
    settings, store = ServeSettings(), StoreSettings()
    where = host or settings.host
    door, backgrounds = build_door(settings, OidcSettings()), read_basemaps(settings.basemaps)
    url = store.resolved_database_url()
    await_database(url)
    if not is_loopback(where):
        require_accounts(where, door, url)
    schema.upgrade(url)
    services = build_services(settings, store, QueueSettings())
    tell_operators(TelemetrySettings(), store, services)
    app = create_app(services, door=door, backgrounds=backgrounds)
    listening = listen(where, settings.port if port is None else port)
    config = uvicorn.Config(
        app,
        log_level="warning",
        log_config=None,  # the log is configured already, and scrubbed
        server_header=False,
        proxy_headers=settings.trusted_proxies is not None,
        forwarded_allow_ips=settings.trusted_proxies,
    )
    click.echo(f"Tenken is at {address(listening)}  (Ctrl+C to stop)")
    gc.collect()
    gc.freeze()  # what lives as long as the service is not looked at again for garbage
    with Companion() if worker else nullcontext(), listening:
        uvicorn.Server(config).run(sockets=[listening])


def require_accounts(host: str, door: Door, database_url: str) -> None:
    """Check that an address which others reach is guarded by accounts; nothing is made.

    Raises:
        Refused: when nobody could sign in, or passwords would cross a network in the clear.
    """
    if door.public_url is None:
        raise Refused(
            f"host {host!r} can be reached by others: set TENKEN_PUBLIC_URL to the https address "
            "that they use (docs/run-it-for-many.md), or listen on 127.0.0.1 and reach it through "
            "an SSH tunnel"
        )
    try:
        engine = create_engine(database_url)
        with reading(engine) as connection:
            issuer = None if door.issuer is None else door.issuer.url
            guarded = accounts.admin_exists(connection, now=datetime.now(UTC), issuer=issuer)
        engine.dispose()
    except TenkenError as error:
        raise Refused(f"host {host!r} can be reached by others, and {error}") from error
    if not guarded:
        raise Refused(
            f"host {host!r} can be reached by others, and nobody who can sign in administers it: "
            "make an account with 'tenken users add NAME --role admin', give one a password with "
            "'tenken users password NAME', or reach it through an SSH tunnel"
        )


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


@click.group()
def worklist() -> None:
    """Draw up work lists from what the store holds."""


@worklist.command()
@click.option("--survey", "survey_id", type=click.UUID, help="Only defects that this survey saw.")
@click.option("--asset", "asset_id", help="All defects of this asset.")
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="File.")
@click.option(
    "--format",
    "file_format",
    type=click.Choice([kind.value for kind in FileFormat]),
    help="Format of the file.  [default: by the suffix of --out]",
)
@click.option(
    "--lang",
    type=click.Choice([kind.value for kind in Language]),
    default=Language.JA.value,
    show_default=True,
    help="Language of the headings.",
)
@click.option(
    "--encoding",
    type=click.Choice([kind.value for kind in CsvEncoding]),
    default=CsvEncoding.UTF8.value,
    show_default=True,
    help="Characters of a CSV file; cp932 (Shift_JIS) says what it had to replace.",
)
@click.option("--home", type=click.Path(path_type=Path, file_okay=False), help="Folder of rows.")
def export(
    *,
    survey_id: UUID | None,
    asset_id: str | None,
    out: Path,
    file_format: str | None,
    lang: str,
    encoding: str,
    home: Path | None,
) -> None:
    """Write the ranked work list of a survey or an asset into a file.

    \b
    Examples:
      tenken worklist export --asset bridge-12 --out worklist.xlsx
      tenken worklist export --asset bridge-12 --format csv --encoding cp932 --out list.csv
      tenken worklist export --survey SURVEY --out damage.dxf
    """  # noqa: D301 click needs the character itself
    kind = format_of(file_format or out.suffix.removeprefix("."))
    settings = _store(home)
    language = Language(lang)
    with reading(create_engine(settings.resolved_database_url())) as connection:
        drawn = draw(
            connection,
            blobs_of(settings),
            survey_id=survey_id,
            asset_id=asset_id,
            now=SystemClock().now(),
            file_format=kind,
            language=language,
        )
    listed = drawn.work_list
    said = write(drawn, out, kind, language=language, encoding=CsvEncoding(encoding))
    left_out = "".join(f", {count} {why}" for why, count in listed.left_out.items())
    click.echo(f"{out}: {len(listed.rows)} lines{left_out and f' (left out:{left_out[1:]})'}")
    for sentence in said:
        click.echo(f"  {sentence}")


def _store(home: Path | None) -> StoreSettings:
    """Read where the rows are; a home folder on the command line wins over the environment."""
    return (
        StoreSettings()
        if home is None
        else StoreSettings(home=home, database_url=None, blobs_url=None)
    )
