"""Run a private PostgreSQL with PostGIS for tests: own folder, own socket, no network, no root.

The server is Debian's. It lives in a temporary folder, listens on a socket in that folder only, and
dies with the process that started it. Speed counts more than safety here: nothing is flushed.
"""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

USER = "tenken"
START_S = 300.0
NEEDED = (
    "PostgreSQL with PostGIS is needed for these tests and {what} was not found; run 'make "
    "services', or as root: apt-get install postgresql postgresql-postgis"
)
QUICK = (
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "autovacuum=off",
    "shared_buffers=32MB",
    "max_connections=60",
    "listen_addresses=",
    "timezone=Asia/Tokyo",  # not UTC: a time that loses its zone must be noticed
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgisServer:
    """Name a running server by the folder of its socket."""

    socket_dir: Path

    def url(self, database: str) -> str:
        """Give the SQLAlchemy URL of a database."""
        return f"postgresql://{USER}@/{database}?host={self.socket_dir}"

    def execute(self, statement: str, database: str = "postgres") -> None:
        """Run one statement outside any transaction."""
        with psycopg.connect(
            host=str(self.socket_dir), user=USER, dbname=database, autocommit=True
        ) as connection:
            connection.execute(statement.encode())

    @contextmanager
    def database(self, name: str, template: str = "template0") -> Iterator[str]:
        """Give the URL of a new database, a copy of another, that is dropped at the end."""
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield self.url(name)
        finally:
            self.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def running_server(settings: Sequence[str] = ()) -> Iterator[PostgisServer]:
    """Start a server in a new folder; stop it and remove the folder at the end.

    Args:
        settings: ``name=value`` that come after those for speed, and win.
    """
    programs = find_programs()
    folder = Path(tempfile.mkdtemp(prefix="tenken-pg-"))  # short: a socket path has 107 bytes
    owner = _unprivileged_user()
    if owner is not None:
        shutil.chown(folder, owner)
    try:
        _run([programs / "initdb", "-D", folder / "rows", "-U", USER, "-A", "trust", "-N"], owner)
        with _serving(programs, folder, owner, (*QUICK, *settings)):
            yield PostgisServer(socket_dir=folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def find_programs() -> Path:
    """Find the folder of PostgreSQL's programs, the newest that has PostGIS too; fail without."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name))
    on_path = shutil.which("initdb")
    folders = [*reversed(debian), *([Path(on_path).resolve().parent] if on_path else [])]
    complete = [folder for folder in folders if (folder / "initdb").exists()]
    if not complete:
        pytest.fail(NEEDED.format(what="initdb"), pytrace=False)
    for folder in complete:
        share = subprocess.run(
            [folder / "pg_config", "--sharedir"], capture_output=True, text=True, check=True
        ).stdout.strip()
        if (Path(share) / "extension" / "postgis.control").exists():
            return folder
    return pytest.fail(NEEDED.format(what="its extension postgis"), pytrace=False)


def _unprivileged_user() -> str | None:
    """Name who shall run the server; PostgreSQL refuses to run as root."""
    return "postgres" if os.geteuid() == 0 else None


def _run(arguments: list[str | Path], owner: str | None) -> None:
    done = subprocess.run(
        [*arguments], user=owner, group=owner, capture_output=True, text=True, cwd="/", check=False
    )
    assert done.returncode == 0, f"{arguments[0]} failed:\n{done.stdout}\n{done.stderr}"


@contextmanager
def _serving(
    programs: Path, folder: Path, owner: str | None, wanted: Sequence[str]
) -> Iterator[None]:
    """Run the server as a child that gets a signal when this process dies, however it dies."""
    guard = ["setpriv", "--pdeathsig", "INT", "--"] if shutil.which("setpriv") else []
    settings = [word for setting in wanted for word in ("-c", setting)]
    arguments = [*guard, programs / "postgres", "-D", folder / "rows", "-k", folder, *settings]
    log = folder / "log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            arguments, user=owner, group=owner, stdout=output, stderr=output, cwd="/"
        )
    try:
        _wait_until_ready(server, folder, log)
        yield
    finally:
        server.terminate()
        try:
            server.wait(timeout=5)  # "smart" shutdown waits for clients that were left open
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait_until_ready(server: subprocess.Popen[bytes], folder: Path, log: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        assert server.poll() is None, f"PostgreSQL ended at once:\n{log.read_text()}"
        try:
            psycopg.connect(host=str(folder), user=USER, dbname="postgres").close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    pytest.fail(f"PostgreSQL was not ready within {START_S} s:\n{log.read_text()}", pytrace=False)
