"""Wait for a database that is starting, such as after a power cut that ended everything at once."""

import logging
import time

from inspection.errors import Unavailable
from inspection.store.engine import create_engine, reading

PATIENCE_S = 120.0
"""How long a process that stays waits for its database before it gives up."""

PAUSE_S = 1.0

log = logging.getLogger("tenken.store")


def await_database(url: str, *, patience_s: float = PATIENCE_S, pause_s: float = PAUSE_S) -> None:
    """Return as soon as the database that a URL names answers; say at once why it does not yet.

    PostgreSQL answers nobody while it recovers from a crash. What cannot mend itself, such as a
    wrong password, is not told apart: libpq gives such errors no code.

    Args:
        url: of the database; an SQLite file is there or not, nobody waits for it.
        patience_s: how long to wait.
        pause_s: how long to wait between two tries.

    Raises:
        BadInput: when the URL names no database that Tenken can use.
        Unavailable: when it still does not answer.
    """
    engine = create_engine(url)  # connects on first use
    if engine.dialect.name == "sqlite":
        return
    ends_s = time.monotonic() + patience_s
    told = ""
    try:
        while True:
            try:
                with reading(engine):
                    return
            except Unavailable as error:
                if time.monotonic() >= ends_s:
                    raise
                if str(error) != told:
                    told = str(error)
                    log.warning("%s; asking again for up to %.0f s", told, patience_s)
            time.sleep(pause_s)
    finally:
        engine.dispose()
