"""Copy a whole database into one file, as it was at one moment, and back into an empty one.

SQLite is copied page by page by its own backup function, PostgreSQL by its own programs ``pg_dump``
and ``pg_restore``. Others may go on writing: what they change after the moment is not in the copy.
"""

import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect
from sqlalchemy.engine import URL

from inspection.errors import BadInput, Broken, Conflict, Unavailable
from inspection.store.driver import from_sqlite
from inspection.store.engine import checked_url, create_engine, ensure_folder, reading, writing
from inspection.store.schema import is_ours

COPY_NAMES = {"sqlite": "database.sqlite", "postgresql": "database.pgdump"}
"""How the copy of each kind of database is called inside a backup."""

LIBPQ_NAMES = {
    "host": "PGHOST",
    "port": "PGPORT",
    "username": "PGUSER",
    "password": "PGPASSWORD",
    "database": "PGDATABASE",
    "user": "PGUSER",
    "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "connect_timeout": "PGCONNECT_TIMEOUT",
    "application_name": "PGAPPNAME",
}
"""Parts of a URL → what PostgreSQL's programs read; a password is never an argument of theirs.

Source: PostgreSQL 15 manual, §34.15 Environment Variables.
"""

NOT_RESTORED = frozenset({"SCHEMA", "EXTENSION", "COMMENT", "ACL", "DEFAULT ACL"})
"""Kinds of entries of a dump that belong to the server and its administrator, not to Tenken."""


def kind_of(url: str) -> str:
    """Name the kind of database that a URL means: ``sqlite`` or ``postgresql``.

    >>> kind_of("sqlite:///folder/tenken.sqlite")
    'sqlite'
    """
    return checked_url(url).get_backend_name()


def demand_empty(url: str) -> None:
    """Check that a database has no tables, so that nothing can be mixed or overwritten.

    Raises:
        Conflict: when it has some.
        Unavailable: when it cannot be reached.
    """
    if kind_of(url) == "sqlite" and not _file_of(checked_url(url)).exists():
        return
    engine = create_engine(url)
    try:
        with reading(engine) as connection:
            tables = our_tables(connection)
    finally:
        engine.dispose()
    if tables:
        raise Conflict(
            f"the database is not empty, it has {len(tables)} tables; restore into a new one"
            " (another --home, or a PostgreSQL database fresh from createdb)"
        )


def our_tables(connection: Connection) -> tuple[str, ...]:
    """List the tables of a database, sorted, without those that indexes and PostGIS keep."""
    return tuple(sorted(filter(is_ours, inspect(connection).get_table_names())))


def row_counts(connection: Connection) -> dict[str, int]:
    """Count the rows of every table."""
    quote = connection.dialect.identifier_preparer.quote
    return {
        table: int(
            connection.exec_driver_sql(f"SELECT count(*) FROM {quote(table)}").scalar_one()  # noqa: S608 quoted
        )
        for table in our_tables(connection)
    }


@contextmanager
def copy_out(engine: Engine, target: Path) -> Iterator[Connection]:
    """Copy a database into a new file; give a connection that sees exactly what is in the copy.

    Args:
        engine: the database.
        target: file to write; complete when the context has ended.

    Raises:
        Unavailable: when the database or its programs fail, or the disk is full.
        Broken: when the copy is damaged.
    """
    if engine.dialect.name == "sqlite":
        _copy_sqlite(engine, target)
        frozen = create_engine(f"sqlite:///{target}")
        try:
            with reading(frozen) as connection:
                yield connection
        finally:
            frozen.dispose()
        _close_wal(target)
        return
    with reading(engine) as connection:
        snapshot = connection.exec_driver_sql("SELECT pg_export_snapshot()").scalar_one()
        schema = connection.exec_driver_sql("SELECT current_schema()").scalar_one()
        arguments = ["pg_dump", "--format=custom", "--no-owner", "--no-privileges"]
        arguments += [f"--snapshot={snapshot}", f"--schema={schema}", f"--file={target}"]
        _run(arguments, engine.url)
        yield connection


def copy_in(url: str, source: Path) -> None:
    """Fill an empty database from a copy; it gets all of it or nothing.

    Raises:
        BadInput: when the copy is of the other kind of database.
        Conflict: when the database is not empty.
        Unavailable: when the database or its programs fail.
        Broken: when the copy is damaged.
    """
    if source.name != COPY_NAMES[kind_of(url)]:
        raise BadInput(
            f"{source.name} is no copy for {kind_of(url)}; restore it into the same kind of "
            "database that it was taken from"
        )
    demand_empty(url)
    if kind_of(url) == "sqlite":
        ensure_folder(url)
        _place_sqlite(source, _file_of(checked_url(url)))
    else:
        _restore_postgresql(source, url)


def check_sqlite(file: Path) -> None:
    """Check every page, index and reference of an SQLite file.

    Raises:
        Broken: when something is wrong.
    """
    try:
        with closing(sqlite3.connect(file)) as opened:
            faults = [row[0] for row in opened.execute("PRAGMA integrity_check(5)")]
            orphans = opened.execute("PRAGMA foreign_key_check").fetchmany(5)
    except sqlite3.Error as error:
        raise Broken(f"{file.name} is damaged: {error}") from error
    if faults != ["ok"] or orphans:
        raise Broken(f"{file.name} is damaged: {'; '.join(map(str, [*faults, *orphans]))}")


def _copy_sqlite(engine: Engine, target: Path) -> None:
    """Copy all pages in one step, so that no writer can come between two of them."""
    try:
        with (
            closing(sqlite3.connect(_file_of(engine.url), timeout=30)) as opened,
            closing(sqlite3.connect(target)) as copy,
        ):
            opened.backup(copy, pages=-1)
    except sqlite3.Error as error:
        raise from_sqlite(error) from error
    check_sqlite(target)


def _close_wal(file: Path) -> None:
    """Make the copy one file that needs no others beside it."""
    with closing(sqlite3.connect(file)) as opened:
        opened.execute("PRAGMA journal_mode = DELETE")


def _place_sqlite(source: Path, target: Path) -> None:
    unfinished = target.with_name(f".{target.name}.restoring")
    try:
        shutil.copyfile(source, unfinished)
        check_sqlite(unfinished)
        with unfinished.open("rb") as file:
            os.fsync(file.fileno())
        for beside in ("-wal", "-shm"):  # of the empty database that is replaced
            target.with_name(target.name + beside).unlink(missing_ok=True)
        unfinished.replace(target)
    except OSError as error:
        raise Unavailable(f"{target} cannot be written: {error.strerror}") from error
    finally:
        unfinished.unlink(missing_ok=True)


def _restore_postgresql(source: Path, url: str) -> None:
    parsed = checked_url(url)
    wanted = wanted_entries(_run(["pg_restore", "--list", str(source)], parsed).splitlines())
    engine = create_engine(url)
    try:
        with writing(engine) as connection:
            present = connection.exec_driver_sql(
                "SELECT 1 FROM pg_extension WHERE extname = 'postgis'"
            ).one_or_none()
            if present is None:
                connection.exec_driver_sql("CREATE EXTENSION postgis")
    finally:
        engine.dispose()
    with tempfile.NamedTemporaryFile("w", suffix=".list", encoding="utf-8") as entries:
        entries.write("\n".join(wanted) + "\n")
        entries.flush()
        arguments = ["pg_restore", "--single-transaction", "--exit-on-error", "--no-owner"]
        arguments += ["--no-privileges", f"--use-list={entries.name}"]
        _run([*arguments, f"--dbname={parsed.database}", str(source)], parsed)


def wanted_entries(listed: Sequence[str]) -> list[str]:
    """Choose the lines of ``pg_restore --list`` that are Tenken's.

    >>> wanted_entries(["; comment", "5; 2615 2200 SCHEMA - public me", "9; 0 1 TABLE public a me"])
    ['9; 0 1 TABLE public a me']
    """
    wanted = []
    for line in listed:
        words = line.split(" ", 3)
        if line.startswith(";") or len(words) < 4:
            continue
        if not any(words[3].startswith(f"{kind} ") for kind in NOT_RESTORED):
            wanted.append(line)
    return wanted


def _run(arguments: Sequence[str], url: URL) -> str:
    """Run one of PostgreSQL's programs; give what it printed."""
    environment = {**os.environ, **libpq_environment(url), "PGCONNECT_TIMEOUT": "10"}
    try:
        done = subprocess.run(
            [*arguments], env=environment, capture_output=True, text=True, check=False
        )
    except FileNotFoundError as error:
        raise Unavailable(
            f"the program {arguments[0]} is not installed; install PostgreSQL's client programs "
            "of the server's version (postgresql-client)"
        ) from error
    if done.returncode != 0:
        words = " ".join(done.stderr.split())[-600:]
        if "not a valid archive" in words or "could not read" in words or "corrupt" in words:
            raise Broken(f"the copy of the database is damaged: {words}")
        raise Unavailable(f"{arguments[0]} failed: {words}")
    return done.stdout


def libpq_environment(url: URL) -> Mapping[str, str]:
    """Say in PostgreSQL's environment variables what a URL says.

    Raises:
        BadInput: when the URL has an option that has no such variable.

    >>> from sqlalchemy.engine import make_url
    >>> libpq_environment(make_url("postgresql://me@/rows?host=/run/pg"))
    {'PGHOST': '/run/pg', 'PGDATABASE': 'rows', 'PGUSER': 'me'}
    """
    said = {**dict(url.query.items()), **url.translate_connect_args()}
    unknown = sorted(set(said) - set(LIBPQ_NAMES))
    if unknown:
        raise BadInput(
            f"the database URL has options {unknown} that pg_dump cannot be told; use only "
            f"{sorted(LIBPQ_NAMES)}"
        )
    return {LIBPQ_NAMES[key]: str(value) for key, value in said.items() if value is not None}


def _file_of(url: URL) -> Path:
    if url.database is None:
        raise BadInput("SQLite needs a file")
    return Path(url.database)
