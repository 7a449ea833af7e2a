"""Find out that a transaction waits for another one."""

import time

import sqlalchemy as sa
from sqlalchemy import Engine


def until_somebody_waits(engine: Engine, most_s: float = 120.0) -> None:
    """Return as soon as a statement waits for a lock; SQLite's wait to begin, which nobody sees."""
    if engine.dialect.name == "sqlite":
        return
    waiting = sa.text(
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    end = time.monotonic() + most_s
    while time.monotonic() < end:
        with engine.connect() as connection:
            if connection.execute(waiting).scalar_one():
                return
        time.sleep(0.02)
    raise AssertionError(f"nobody has waited for a lock within {most_s} s")
