"""Every error of a driver becomes one of a family, with words that say what to do."""

import sqlite3

import psycopg
import pytest
from psycopg import errors as pg

from inspection.errors import FAMILIES, BadInput, Broken, Conflict, TenkenError, Unavailable
from inspection.store import driver


def _sqlite(code: int | None, text: str = "words") -> sqlite3.Error:
    error = sqlite3.OperationalError(text)
    if code is not None:
        error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("code", "family"),
    [
        (sqlite3.SQLITE_CONSTRAINT_UNIQUE, Conflict),
        (sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY, Conflict),
        (sqlite3.SQLITE_CONSTRAINT_NOTNULL, Broken),
        (sqlite3.SQLITE_CONSTRAINT_CHECK, Broken),
        (sqlite3.SQLITE_BUSY, Unavailable),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, Unavailable),
        (sqlite3.SQLITE_FULL, Unavailable),
        (sqlite3.SQLITE_IOERR_WRITE, Unavailable),
        (sqlite3.SQLITE_CANTOPEN_ISDIR, Unavailable),
        (sqlite3.SQLITE_READONLY, Unavailable),
        (sqlite3.SQLITE_CORRUPT, Broken),
        (sqlite3.SQLITE_NOTADB, Broken),
        (sqlite3.SQLITE_TOOBIG, BadInput),
        (sqlite3.SQLITE_MISUSE, Broken),
        (None, Broken),
    ],
)
def test_codes_of_sqlite(code: int | None, family: type[TenkenError]) -> None:
    told = driver.from_sqlite(_sqlite(code))
    assert type(told) is family
    assert "words" in str(told)


@pytest.mark.parametrize("text", ["no such table: defects", "no such column: a.b"])
def test_sqlite_without_our_tables_names_the_command(text: str) -> None:
    told = driver.from_sqlite(_sqlite(sqlite3.SQLITE_ERROR, text))
    assert type(told) is Unavailable
    assert "tenken db upgrade" in str(told)


@pytest.mark.parametrize(
    ("error", "family"),
    [
        (pg.UniqueViolation("a"), Conflict),
        (pg.ForeignKeyViolation("a"), Conflict),
        (pg.RestrictViolation("a"), Conflict),
        (pg.NotNullViolation("a"), Broken),
        (pg.CheckViolation("a"), Broken),
        (pg.DeadlockDetected("a"), Unavailable),
        (pg.SerializationFailure("a"), Unavailable),
        (pg.DiskFull("a"), Unavailable),
        (pg.TooManyConnections("a"), Unavailable),
        (pg.AdminShutdown("a"), Unavailable),
        (pg.InvalidPassword("a"), Unavailable),
        (pg.InvalidCatalogName("a"), Unavailable),
        (pg.InsufficientPrivilege("a"), Unavailable),
        (pg.UndefinedTable("a"), Unavailable),
        (pg.NumericValueOutOfRange("a"), BadInput),
        (pg.SyntaxError("a"), Broken),
        (psycopg.OperationalError("a"), Unavailable),
        (psycopg.DataError("a"), BadInput),
        (psycopg.InterfaceError("a"), Broken),
    ],
)
def test_states_of_postgresql(error: psycopg.Error, family: type[TenkenError]) -> None:
    told = driver.from_postgresql(error)
    assert type(told) is family
    assert str(told).count("\n") == 0


def test_every_meaning_is_a_family() -> None:
    meanings = [
        *driver.SQLITE_MEANING.values(),
        *driver.POSTGRESQL_MEANING.values(),
        driver.UNKNOWN,
    ]
    assert {family for family, _ in meanings} <= set(FAMILIES)
    assert all(advice for _, advice in meanings)
