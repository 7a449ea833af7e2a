"""Find the commonest faults of a set-up, each with its cure. Nothing is changed, nothing is made.

One function a check; each gives what it found in words, and raises a ``TenkenError`` that says what
is wrong and what to do. A check that fails does not keep the others from being made.
"""

import shutil
import socket
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from kombu import Connection as Broker
from sqlalchemy import select

from inspection.errors import BadInput, NotFound, Refused, TenkenError, Unavailable
from inspection.settings import (
    DetectSettings,
    OidcSettings,
    QueueSettings,
    ServeSettings,
    StoreSettings,
)
from inspection.store import accounts, audit, jobs, schema
from inspection.store.blobstore import blobs_of
from inspection.store.engine import create_engine, reading
from models.detector import choose_engine, load_detector
from models.registry import DEFAULT_MODEL, load_entry

DISK_MIN_GB = 5.0
"""Free space that one survey of some hundred photos takes while it is processed."""

WAIT_MAX = timedelta(minutes=2)
"""A job that is due for longer has no worker that looks."""

BROKER_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """Hold the settings of an installation.

    Attributes:
        store: where rows and blobs live.
        queue: how the bell rings.
        serve: where the service listens.
        oidc: who vouches for people.
        detect: how detection runs.
    """

    store: StoreSettings
    queue: QueueSettings
    serve: ServeSettings
    oidc: OidcSettings
    detect: DetectSettings

    @property
    def database_url(self) -> str:
        """Give the URL of the database."""
        return self.store.resolved_database_url()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Say what a check found.

    Attributes:
        check: name of the check.
        good: nothing is wrong.
        words: what was found; when something is wrong, with the cure.
    """

    check: str
    good: bool
    words: str


def examine(setup: Setup) -> list[Finding]:
    """Make every check, in the order in which things depend on each other."""
    return [_made(name, check, setup) for name, check in CHECKS.items()]


def _made(name: str, check: Callable[[Setup], str], setup: Setup) -> Finding:
    try:
        return Finding(check=name, good=True, words=check(setup))
    except TenkenError as error:
        return Finding(check=name, good=False, words=str(error))


def home(setup: Setup) -> str:
    """Check that the home folder can be written to."""
    folder = setup.store.home
    if not folder.exists():
        parent = next(one for one in folder.parents if one.exists())
        _check_writable(parent)
        return f"{folder} will be made on first use"
    if not folder.is_dir():
        raise Unavailable(f"{folder} is a file; set TENKEN_HOME to a folder")
    _check_writable(folder)
    return str(folder)


def disk(setup: Setup) -> str:
    """Check that there is room for a survey."""
    folder = next(one for one in (setup.store.home, *setup.store.home.parents) if one.exists())
    free_gb = shutil.disk_usage(folder).free / 1e9
    if free_gb < DISK_MIN_GB:
        raise Unavailable(
            f"{free_gb:.1f} GB are free at {folder}, a survey needs {DISK_MIN_GB:.0f}: free some "
            "space, or set TENKEN_HOME to another disk"
        )
    return f"{free_gb:.1f} GB free"


def blobs(setup: Setup) -> str:
    """Check that photos and mosaics can be kept."""
    if setup.store.blobs_url is not None:
        blobs_of(setup.store).check()
        return f"{setup.store.blobs_url} answers"
    folder = setup.store.blobs_dir
    if folder.exists():
        _check_writable(folder)
        return str(folder)
    return "none yet"


def database(setup: Setup) -> str:
    """Check that the database answers."""
    if _sqlite_missing(setup):
        return "none yet; it is made on first use"
    engine = create_engine(setup.database_url)
    try:
        with reading(engine) as connection:
            connection.execute(select(1))
            return str(connection.dialect.name)
    finally:
        engine.dispose()


def tables(setup: Setup) -> str:
    """Check that the tables are those of this program."""
    if _sqlite_missing(setup):
        return "none yet; they are made on first use"
    engine = create_engine(setup.database_url)
    try:
        schema.check(engine)
    finally:
        engine.dispose()
    return f"version {schema.head()}"


def broker(setup: Setup) -> str:
    """Check that the queue can be reached."""
    url = setup.queue.broker_url
    if url is None:
        return "a folder in the home folder"
    host = _parts(url.get_secret_value(), "TENKEN_QUEUE_BROKER_URL").hostname
    try:
        with Broker(url.get_secret_value(), connect_timeout=BROKER_TIMEOUT_S) as tried:
            tried.ensure_connection(max_retries=1, timeout=BROKER_TIMEOUT_S)
    except Exception as error:  # each transport of kombu has errors of its own
        raise Unavailable(
            f"the broker at {host} does not answer ({type(error).__name__}): start it, or correct "
            "TENKEN_QUEUE_BROKER_URL"
        ) from error
    return f"{host} answers"


def worker(setup: Setup) -> str:
    """Check that somebody takes the jobs that are due."""
    if _sqlite_missing(setup):
        return "no job yet"
    engine = create_engine(setup.database_url)
    now = datetime.now(UTC)
    try:
        with reading(engine) as connection:
            waiting = [job for job in jobs.due(connection, now) if job.due_at < now - WAIT_MAX]
    finally:
        engine.dispose()
    if waiting:
        minutes = (now - waiting[0].due_at) / timedelta(minutes=1)
        raise Unavailable(
            f"{len(waiting)} jobs wait, the first for {minutes:.0f} minutes: start 'tenken worker' "
            "or 'tenken serve'"
        )
    return "no job waits"


def weights(_setup: Setup) -> str:
    """Check that the network is there and whole."""
    entry = load_entry(DEFAULT_MODEL)
    return f"{entry.name} {entry.sha256[:12]}"


def engine(setup: Setup) -> str:
    """Check that this machine computes as it is told to, by opening the network."""
    asked = setup.detect
    load_detector(DEFAULT_MODEL, engine=asked.engine, precision=asked.precision)
    return f"{choose_engine(asked.engine)} in {asked.precision}"


def pages(_setup: Setup) -> str:
    """Check that the review pages are built."""
    found = find_spec("api")
    if found is None or not found.submodule_search_locations:
        raise NotFound("the service is not installed: install Tenken again")
    index = Path(found.submodule_search_locations[0]) / "web" / "dist" / "index.html"
    if not index.is_file():
        raise NotFound("the review pages are not built: run 'make web'")
    age_days = (time.time() - index.stat().st_mtime) / 86_400
    return f"built {age_days:.0f} days ago"


def port(setup: Setup) -> str:
    """Check that the port of the service is free, or that Tenken itself has it."""
    host, number = setup.serve.host, setup.serve.port
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind((host, number))
    except (OSError, UnicodeError) as error:
        raise Unavailable(
            f"{host} port {number}: {getattr(error, 'strerror', error)}; if that is no other "
            "'tenken serve', choose another with TENKEN_PORT or --port"
        ) from error
    return f"{host} port {number} is free"


def door(setup: Setup) -> str:
    """Check that an address which others reach is guarded."""
    url, host = setup.serve.public_url, setup.serve.host
    if (setup.oidc.issuer is None) is not (setup.oidc.client_id is None):
        raise Refused("set TENKEN_OIDC_ISSUER and TENKEN_OIDC_CLIENT_ID both, or neither")
    local = host in ("127.0.0.1", "localhost", "::1")
    if url is None:
        if not local:
            raise Refused(
                f"TENKEN_HOST is {host}, which others reach: set TENKEN_PUBLIC_URL to the https "
                "address that they use"
            )
        return "this machine only"
    if _parts(url, "TENKEN_PUBLIC_URL").scheme != "https":
        raise Refused(f"TENKEN_PUBLIC_URL {url} is not https: put a proxy with a certificate there")
    if not _admin_exists(setup):
        raise Refused(
            "no admin can sign in: run 'tenken users add NAME --role admin', or give one a "
            "password with 'tenken users password NAME'"
        )
    return url


def log(setup: Setup) -> str:
    """Check that the audit log is whole."""
    if _sqlite_missing(setup):
        return "none yet"
    engine = create_engine(setup.database_url)
    try:
        with reading(engine) as connection:
            faults = list(audit.verify(connection))
            entries = audit.head(connection).entries
    finally:
        engine.dispose()
    if faults:
        raise Unavailable(
            f"the audit log is not whole, first at entry {faults[0].seq}: see 'tenken audit "
            "verify', keep the database as it is, and look into the backups"
        )
    return f"{entries} entries"


CHECKS: dict[str, Callable[[Setup], str]] = {
    "home": home,
    "disk": disk,
    "blobs": blobs,
    "database": database,
    "tables": tables,
    "broker": broker,
    "worker": worker,
    "weights": weights,
    "engine": engine,
    "pages": pages,
    "port": port,
    "door": door,
    "log": log,
}
"""Every check by its name."""


def _check_writable(folder: Path) -> None:
    """Try to write, for modes do not tell about read-only disks and quotas."""
    probe = folder / f".tenken-doctor-{uuid.uuid4().hex}"
    try:
        probe.write_bytes(b"x")
    except OSError as error:
        raise Unavailable(
            f"{folder} cannot be written to ({error.strerror}): give this user the folder, or set "
            "TENKEN_HOME to another one"
        ) from error
    probe.unlink()


def _parts(url: str, variable: str) -> SplitResult:
    """Take an address apart; what is wrong with it may be a secret and is not shown."""
    try:
        return urlsplit(url)
    except ValueError as error:
        raise BadInput(f"{variable} is no address; write it as scheme://host:port") from error


def _sqlite_missing(setup: Setup) -> bool:
    """Tell that there is no SQLite file yet; opening it would make one."""
    return (
        setup.database_url.startswith("sqlite")
        and not Path(setup.database_url.partition(":///")[2]).is_file()
    )


def _admin_exists(setup: Setup) -> bool:
    if _sqlite_missing(setup):
        return False
    engine = create_engine(setup.database_url)
    try:
        with reading(engine) as connection:
            now = datetime.now(UTC)
            return accounts.admin_exists(connection, now=now, issuer=setup.oidc.issuer)
    finally:
        engine.dispose()
