"""Lead the tables of a database to the version that this program needs.

An upgrade is one transaction, on SQLite too: it happens as a whole or not at all. Two programs that
start at the same moment upgrade one after the other, and the second finds nothing to do.
"""

from functools import lru_cache
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, Engine

import inspection.store.edit_tables
import inspection.store.identity_tables
import inspection.store.job_tables
import inspection.store.ledger_tables
import inspection.store.measure_tables
import inspection.store.model_tables
import inspection.store.privacy_tables
import inspection.store.programme_tables
import inspection.store.release_tables
import inspection.store.upload_tables  # noqa: F401 their tables belong to the metadata
from inspection.errors import Broken, Unavailable
from inspection.store import queue_tables
from inspection.store.columns import LonLatGeometry
from inspection.store.engine import create_engine, ensure_folder, reading, writing
from inspection.store.tables import metadata

MIGRATIONS = Path(__file__).parent / "migrations"

UPGRADE_LOCK = 0x7E4E4E  # any number that no other program of the database uses
"""Advisory lock of PostgreSQL that an upgrade holds until its transaction ends."""

NOT_COMPARED = frozenset(
    {
        ("index", "gix_observations_outline_lonlat"),
        ("index", "gix_observations_surface_box"),
        ("index", "gix_orthomosaics_footprint_lonlat"),
    }
)
"""What migrations make on one engine only, so that ``tables`` cannot speak of it."""


def upgrade(url: str) -> None:
    """Make or renew the tables of the database that a URL names; twice is the same as once.

    Raises:
        BadInput: when the URL names no database that Tenken can use.
        Unavailable: when the database cannot be reached, its user lacks a privilege, or a newer
            version of Tenken has been there.
    """
    ensure_folder(url)
    engine = create_engine(url)
    try:
        upgrade_engine(engine)
    finally:
        engine.dispose()


def upgrade_engine(engine: Engine) -> None:
    """Make or renew the tables of an open database; write nothing where they are up to date."""
    if current(engine) == head():
        return
    with writing(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({UPGRADE_LOCK})")
        config = _config()
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise Unavailable(
                f"the tables cannot be upgraded: {error}; a newer version of Tenken may have been "
                "here, use that version"
            ) from error


def check(engine: Engine) -> None:
    """Check that the tables are those that this program needs.

    Raises:
        Unavailable: when they are not, or the database cannot be reached.
    """
    found = current(engine)
    if found != head():
        raise Unavailable(
            f"the tables are at version {found or 'none'}, this program needs {head()}; "
            "run 'tenken db upgrade'"
        )


def current(engine: Engine) -> str | None:
    """Name the version of the tables of an open database; None where there are none."""
    with reading(engine) as connection:
        return MigrationContext.configure(connection).get_current_revision()


@lru_cache(maxsize=1)
def head() -> str:
    """Name the version of the tables that this program needs."""
    newest = ScriptDirectory.from_config(_config()).get_current_head()
    if newest is None:
        raise Broken(f"no migrations in {MIGRATIONS}; was Tenken installed completely?")
    return newest


def is_known(revision: str) -> bool:
    """Tell whether this program can lead tables of a version to its own.

    >>> is_known("0001"), is_known("of a later year")
    (True, False)
    """
    scripts = ScriptDirectory.from_config(_config())
    return any(script.revision == revision for script in scripts.walk_revisions())


def differences(connection: Connection) -> list[Any]:
    """List how the tables of a database differ from ``tables``; empty when they do not."""
    _teach_geometry(connection)
    context = MigrationContext.configure(
        connection,
        opts={
            "compare_type": True,
            "include_name": lambda name, kind, _parents: kind != "table" or is_ours(name),
            "include_object": lambda _object, name, kind, _reflected, _other: (
                (kind, name) not in NOT_COMPARED
            ),
        },
    )
    return list(compare_metadata(context, metadata))


def is_ours(table: str) -> bool:
    """Tell whether ``tables`` speaks of a table; indexes, R*Trees and PostGIS have others.

    >>> is_ours("defects"), is_ours("observations_lonlat_rtree_node"), is_ours("spatial_ref_sys")
    (True, False, False)
    >>> is_ours("survey_defects")
    False
    """
    return table != "spatial_ref_sys" and "_rtree" not in table and table not in queue_tables.NAMES


def _teach_geometry(connection: Connection) -> None:
    """Let reflection recognise PostGIS's type, on this engine only."""
    names = getattr(connection.dialect, "ischema_names", None)
    if names is not None and connection.dialect.name == "postgresql":
        known = {**names, "geometry": lambda *_modifiers: LonLatGeometry()}
        connection.dialect.ischema_names = known  # type: ignore[attr-defined]  # PGDialect has it


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config
