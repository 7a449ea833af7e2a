"""Open the database, SQLite or PostgreSQL with PostGIS, and its transactions.

``writing`` is one transaction that is committed at the end or leaves nothing. ``reading`` is one
unchanging view of the whole database that cannot write. On SQLite a writer takes the write lock at
once (``BEGIN IMMEDIATE``): a lock asked for later could not wait for another writer.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry

from inspection.errors import BadInput, Unavailable
from inspection.store import audit, driver, spatial, tenancy

READ_ONLY = "tenken_read_only"
BUSY_TIMEOUT_MS = 30_000
"""How long a writer on SQLite waits for another one; the longest transaction saves one survey."""


TCP_HERE: dict[str, object] = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
"""When a client takes its connection for cut, s and (the last) ms.

Source: PostgreSQL 15 manual, 34.1.2, connection parameters of libpq.
"""

TCP_THERE: dict[str, str] = {
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "20000",
}
"""The same for the server. Source: PostgreSQL 15 manual, 20.3.2, TCP settings."""


def create_engine(url: str) -> Engine:
    """Open the pool of connections to the database that a URL names; connects on first use.

    Args:
        url: ``sqlite:///path/file.sqlite`` or ``postgresql://user@host/name``.

    Raises:
        BadInput: when the URL names no database that Tenken can use.
    """
    parsed = checked_url(url)
    options = {} if _is_sqlite(parsed) else {"pool_pre_ping": True, "pool_timeout": 30}
    engine = sa.create_engine(
        parsed,
        hide_parameters=True,  # what people write does not belong into a log
        json_serializer=partial(json.dumps, ensure_ascii=False, allow_nan=False),
        connect_args={"timeout": BUSY_TIMEOUT_MS / 1000}
        if _is_sqlite(parsed)
        else {"connect_timeout": 10, **TCP_HERE},
        **options,
    )
    event.listen(engine, "handle_error", driver.translate)
    tenancy.install(engine)
    if _is_sqlite(parsed):
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        event.listen(engine, "connect", _prepare_postgresql)
    return engine


def checked_url(url: str) -> URL:
    """Parse the URL of a database and name the driver that Tenken uses for it."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:  # a port that is no number
        raise BadInput(
            "the database URL cannot be parsed; write it as sqlite:///folder/tenken.sqlite or "
            "postgresql://user:password@host/name"
        ) from error
    backend = parsed.drivername.split("+")[0]
    if backend in ("postgresql", "postgres"):
        return parsed.set(drivername="postgresql+psycopg")
    if backend != "sqlite":
        raise BadInput(f"database {backend!r} is not supported; use sqlite or postgresql")
    if parsed.database in (None, "", ":memory:"):
        raise BadInput("SQLite needs a file, for API and worker are different processes")
    return parsed.set(drivername="sqlite+pysqlite")


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Give a connection whose changes are committed together at the end, or not at all.

    With a scope, what was changed goes into the audit log in the same transaction.
    """
    with _connected(engine) as connection, connection.begin():
        tenancy.take_events(connection)  # of a transaction that was rolled back before us
        yield connection
        audit.append(connection, tenancy.take_events(connection))


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Give a connection that sees one moment of the database and cannot change it."""
    with _connected(engine) as plain:
        if engine.dialect.name != "sqlite":
            view = plain.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
            with view.begin():
                yield view
            return
        view = plain.execution_options(**{READ_ONLY: True})
        with view.begin():
            view.exec_driver_sql("PRAGMA query_only = ON")
            try:
                yield view
            finally:  # the pool lends this connection to a writer next
                view.exec_driver_sql("PRAGMA query_only = OFF")


def is_reading(connection: Connection) -> bool:
    """Tell whether a connection was given by ``reading``: what it sees was committed."""
    options = connection.get_execution_options()
    return bool(options.get(READ_ONLY) or options.get("postgresql_readonly"))


def ensure_folder(url: str) -> None:
    """Make the folder of an SQLite file; other databases need none.

    Raises:
        Unavailable: when the folder cannot be made.
    """
    parsed = checked_url(url)
    if not _is_sqlite(parsed) or parsed.database is None:
        return
    folder = Path(parsed.database).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(f"folder {folder} cannot be made: {error.strerror}") from error


@contextmanager
def _connected(engine: Engine) -> Iterator[Connection]:
    try:
        connection = engine.connect()
    except PoolTimeout as error:
        raise Unavailable("all connections to the database are busy; try again") from error
    with connection:
        yield connection


def _is_sqlite(url: URL) -> bool:
    return url.drivername.startswith("sqlite")


def _prepare_postgresql(raw: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    """Let the server notice, too, that the network has cut this connection.

    Otherwise it keeps what a worker had locked in its last transaction for as long as TCP tries, a
    quarter of an hour. Asked for in a statement, for a pooler may refuse it at the start.
    """
    cursor = raw.cursor()
    for name, value in TCP_THERE.items():
        cursor.execute("SELECT set_config(%s, %s, false)", (name, value))
    cursor.close()
    raw.commit()  # what a transaction that is rolled back has set is forgotten


def _prepare_sqlite(raw: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    """Set up one connection: write-ahead log, real foreign keys, exact geometry."""
    assert isinstance(raw, sqlite3.Connection)
    raw.isolation_level = None  # we say BEGIN ourselves, in _begin_sqlite
    raw.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    raw.execute("PRAGMA journal_mode = WAL")
    raw.execute("PRAGMA synchronous = FULL")  # a verdict must outlive a flat battery
    raw.execute("PRAGMA foreign_keys = ON")
    raw.create_function(spatial.INTERSECTS, 5, spatial.intersects_box, deterministic=True)


def _begin_sqlite(connection: Connection) -> None:
    read_only = connection.get_execution_options().get(READ_ONLY, False)
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")
