"""Translate the errors of the two database drivers into Tenken's families.

SQLAlchemy calls ``translate`` for every error that an engine meets, so that no statement needs a
``try`` of its own. Which family an error belongs to follows from who can act.
"""

import sqlite3

import psycopg
from sqlalchemy.engine import ExceptionContext

from inspection.errors import BadInput, Broken, Conflict, TenkenError, Unavailable

Meaning = tuple[type[TenkenError], str]

CHANGED: Meaning = (Conflict, "the database refuses the change; read the row again")
NOT_SET_UP: Meaning = (
    Unavailable,
    "the database is not set up for this program; run 'tenken db upgrade'",
)
UNKNOWN: Meaning = (Broken, "the database failed")

RULE: Meaning = (Broken, "a row breaks a rule of its table")

SQLITE_MEANING: dict[int, Meaning] = {
    sqlite3.SQLITE_CONSTRAINT: CHANGED,
    sqlite3.SQLITE_CONSTRAINT_CHECK: RULE,
    sqlite3.SQLITE_CONSTRAINT_NOTNULL: RULE,
    sqlite3.SQLITE_BUSY: (Unavailable, "another program holds the database file; try again"),
    sqlite3.SQLITE_LOCKED: (Unavailable, "another program holds the database file; try again"),
    sqlite3.SQLITE_FULL: (Unavailable, "the disk of the database file is full; free some space"),
    sqlite3.SQLITE_CANTOPEN: (Unavailable, "the database file cannot be opened; check the folder"),
    sqlite3.SQLITE_IOERR: (Unavailable, "the database file cannot be read; check the disk"),
    sqlite3.SQLITE_PERM: (Unavailable, "the database file may not be used; check its owner"),
    sqlite3.SQLITE_READONLY: (
        Unavailable,
        "the database can only be read; check the owner and mode of the file and its folder",
    ),
    sqlite3.SQLITE_CORRUPT: (Broken, "the database file is damaged; restore it from a backup"),
    sqlite3.SQLITE_NOTADB: (Broken, "the file is no SQLite database; check its name"),
    sqlite3.SQLITE_TOOBIG: (BadInput, "a value is too large for the database"),
}
"""Families by result code, or by the primary one where all of its kind mean the same.

Source: https://www.sqlite.org/rescode.html
"""

POSTGRESQL_MEANING: dict[str, Meaning] = {
    "08": (Unavailable, "the connection to the database broke; try again"),
    "22": (BadInput, "a value fits no column"),
    "23": CHANGED,
    "23502": RULE,
    "23514": RULE,
    "28": (Unavailable, "the database does not know this user or password"),
    "3D": (Unavailable, "the database does not exist; create it"),
    "40": (Unavailable, "the database could not keep two changes apart; try again"),
    "42501": (Unavailable, "the database user lacks a privilege; ask its administrator"),
    "42703": NOT_SET_UP,
    "42P01": NOT_SET_UP,
    "53": (Unavailable, "the database server lacks disk, memory or connections; try again"),
    "55": (Unavailable, "the database is not ready for this; try again"),
    "57": (Unavailable, "the database server was stopped or gave up; try again"),
    "58": (Unavailable, "the database server cannot use its files; check its disk"),
}
"""Families by SQLSTATE, or by its class where all of the class mean the same.

Source: PostgreSQL 15 manual, appendix A, error codes.
"""


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
    if isinstance(original, OverflowError):
        raise BadInput(f"a value is too large for the database: {original}") from original
    if isinstance(original, UnicodeEncodeError):
        raise BadInput(f"a text has half of a character: {original.reason}") from original
    if isinstance(original, ValueError | TypeError):
        raise Broken(f"a value cannot be written to the database: {original}") from original


def from_sqlite(error: sqlite3.Error) -> TenkenError:
    """Give the Tenken error that an error of SQLite stands for.

    >>> type(from_sqlite(sqlite3.OperationalError("no such table: defects"))).__name__
    'Unavailable'
    """
    text = str(error)
    if text.startswith(("no such table", "no such column")):
        return _told(NOT_SET_UP, text)
    code = getattr(error, "sqlite_errorcode", None)  # absent where the driver itself complains
    if code is None:
        return _told(UNKNOWN, text)
    return _told(SQLITE_MEANING.get(code, SQLITE_MEANING.get(code & 0xFF, UNKNOWN)), text)


def from_postgresql(error: psycopg.Error) -> TenkenError:
    """Give the Tenken error that an error of PostgreSQL stands for."""
    text, state = " ".join(str(error).split()), error.sqlstate
    if state is not None:
        known = POSTGRESQL_MEANING.get(state, POSTGRESQL_MEANING.get(state[:2], UNKNOWN))
        return _told(known, f"{text} (SQLSTATE {state})")
    if isinstance(error, psycopg.DataError):
        return _told(POSTGRESQL_MEANING["22"], text)
    if isinstance(error, psycopg.OperationalError):
        return _told((Unavailable, "PostgreSQL cannot be reached; is it running?"), text)
    return _told(UNKNOWN, text)


def _told(meaning: Meaning, text: str) -> TenkenError:
    family, advice = meaning
    return family(f"{advice}: {text}")
