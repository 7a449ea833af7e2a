"""Commands of the service: ``tenken serve`` and ``tenken worklist``."""

import logging
import os
import socket
from contextlib import nullcontext
from pathlib import Path
from uuid import UUID

import click
import uvicorn

from api.app import build_services, create_app
from api.companion import Companion
from api.security import require_loopback
from api.worklist_file import CsvEncoding, FileFormat, Language, draw, format_of, write
from inspection.errors import Unavailable
from inspection.pipeline.tools import SystemClock
from inspection.settings import QueueSettings, ServeSettings, StoreSettings
from inspection.store import schema
from inspection.store.blobs import FolderBlobs
from inspection.store.engine import create_engine, reading


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
            FolderBlobs(settings.blobs_dir),
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
    return StoreSettings() if home is None else StoreSettings(home=home, database_url=None)
