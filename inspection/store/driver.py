"""Translate the errors of the two database drivers into Tenken's families.

SQLAlchemy calls ``translate`` for every error that an engine meets, so that no statement needs a
``try`` of its own. Which family an error belongs to follows from who can act (``inspection.errors``).
"""

import sqlite3

import psycopg
from sqlalchemy.engine import ExceptionContext

from inspection.errors import BadInput, Broken, Conflict, TenkenError, Unavailable

type_of_sqlstate: dict[str, type[TenkenError]] = {
    "08": Unavailable,  # connection exception
    "22": BadInput,  # data exception: a value that no column can hold
    "23": Conflict,  # integrity constraint violation
    "28": Unavailable,  # invalid authorization
    "3D": Unavailable,  # database does not exist
    "40": Unavailable,  # serialization failure, deadlock
    "42": Broken,  # syntax, unknown table or column
    "53": Unavailable,  # disk full, out of memory, too many connections
    "55": Unavailable,  # lock not available
    "57": Unavailable,  # shutdown, cancelled
    "58": Unavailable,  # I/O error outside PostgreSQL
}
"""Families by class of SQLSTATE. Source: PostgreSQL manual, appendix A, error codes."""

UPGRADE = "run 'tenken db upgrade'"


def translate(context: ExceptionContext) -> None:
    """Raise the Tenken error that a driver's error stands for."""
    original = context.original_exception
    if context.is_pre_ping:
        return  # the pool replaces a dead connection by itself
    if isinstance(original, TenkenError):
        raise original
    if isinstance(original, sqlite3.Error):
        raise from_sqlite(original) from original
    if isinstance(original, psycopg.Error):
        raise from_postgresql(original) from original
    if isinstance(original, ValueError | TypeError):
        raise Broken(f"a value cannot be written to the database: {original}") from original


def from_sqlite(error: sqlite3.Error) -> TenkenError:
    """Name the family of an SQLite error by its primary result code.

    Source: https://www.sqlite.org/rescode.html
    """
    code = getattr(error, "sqlite_errorcode", None)
    primary = code & 0xFF if isinstance(code, int) else None
    if primary == sqlite3.SQLITE_CONSTRAINT:
        return Conflict(f"the database refuses the change: {error}; read the row again")
    if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return Unavailable("another program holds the database file; try again")
    if primary == sqlite3.SQLITE_FULL:
        return Unavailable("the disk of the database file is full; free some space, try again")
    if primary in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_PERM):
        return Unavailable(f"the database file cannot be opened or read: {error}; check the folder")
    if primary == sqlite3.SQLITE_READONLY:
        return Unavailable(f"{error}; check the owner and mode of the file and its folder")
    if primary in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return Broken(f"the database file is damaged: {error}; restore it from a backup")
    if primary == sqlite3.SQLITE_TOOBIG:
        return BadInput(f"a value is too large for the database: {error}")
    if "no such table" in str(error) or "no such column" in str(error):
        return Unavailable(f"the database is not set up for this program ({error}); {UPGRADE}")
    return Broken(f"the database failed: {error}")


def from_postgresql(error: psycopg.Error) -> TenkenError:
    """Name the family of a PostgreSQL error by its SQLSTATE."""
    state = error.sqlstate or ""
    text = str(error).strip().replace("\n", " ")
    if state in ("42P01", "42703"):
        return Unavailable(f"the database is not set up for this program ({text}); {UPGRADE}")
    if state == "42501":
        return Unavailable(f"the database user lacks a privilege: {text}; ask its administrator")
    if state in ("23502", "23514"):
        return Broken(f"a row breaks a rule of its table: {text}")
    known = type_of_sqlstate.get(state[:2])
    if known is Conflict:
        return Conflict(f"the database refuses the change: {text}; read the row again")
    if known is not None:
        return known(f"the database says: {text} (SQLSTATE {state})")
    if isinstance(error, psycopg.DataError):
        return BadInput(f"a value cannot be stored: {text}")
    if isinstance(error, psycopg.OperationalError):
        return Unavailable(f"the database cannot be reached: {text}; is PostgreSQL running?")
    return Broken(f"the database failed: {text}")
