"""A large installation that answers: PostgreSQL, the mosaic, the defects, and the service."""

import os
import platform
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from inspection.store import schema
from inspection.store.engine import create_engine
from tests.support import large
from tests.support.postgis import running_server as running_postgis
from tests.support.server import RunningServer, running_server

BENCH = "shared_buffers=512MB", "work_mem=16MB"
"""Settings of a database that serves, in place of those that start quickly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """Reach a large installation.

    Attributes:
        server: the service.
        engine: its database.
        large: what it was filled with.
    """

    server: RunningServer
    engine: Engine
    large: large.Large


@contextmanager
def large_installation(*, side_px: int, defects: int, painted: int = 700) -> Iterator[Installation]:
    """Make and serve a large installation for as long as the context lasts."""
    with (
        tempfile.TemporaryDirectory(prefix="tenken-large-") as folder,
        running_postgis(BENCH) as postgis,
        postgis.database("large") as url,
    ):
        home = Path(folder)
        schema.upgrade(url)
        engine = create_engine(url)
        try:
            made = large.make(engine, home, side_px=side_px, defects=defects, painted=painted)
            settings = {"TENKEN_DATABASE_URL": url}
            with running_server(home, worker=False, environment=settings) as server:
                yield Installation(server=server, engine=engine, large=made)
        finally:
            engine.dispose()


def machine() -> str:
    """Say on what was measured, and how busy it was."""
    cores, load = os.cpu_count(), os.getloadavg()
    return f"{platform.machine()}, {cores} cores, load average {load[0]:.1f} {load[1]:.1f}"


def share(values: list[float], part: float) -> float:
    """Give the value below which a part of the values lies, by the nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -int(-part * len(ordered) // 1) - 1))]
