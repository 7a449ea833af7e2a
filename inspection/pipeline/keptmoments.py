"""Keep the days of damages by asset, for as long as the database says that nothing has changed.

A dashboard is looked at more often than something happens, and it is about everything. The database
counts every change from which these days follow (``store.progress.versions``); what is kept is told
only where the count is the same. Nothing is kept of a transaction that may still be taken back.
"""

import threading
import weakref
from dataclasses import dataclass, field

from sqlalchemy import Connection

from inspection.store import progress
from inspection.store.engine import is_reading
from inspection.store.progress import Moments, Version

SOME_ASSETS = 200
"""Up to so many assets are read by name; beyond, all at once is quicker."""


@dataclass(slots=True)
class _Kept:
    """Hold what is known of one database."""

    by_asset: dict[str, tuple[Version, tuple[Moments, ...]]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)


_kept: weakref.WeakKeyDictionary[object, _Kept] = weakref.WeakKeyDictionary()
_opening = threading.Lock()


def moments_of_all(connection: Connection) -> tuple[Moments, ...]:
    """Give the days of every damage that the transaction sees, equal ones of an asset together."""
    if not is_reading(connection):
        return progress.moments(connection)
    with _opening:
        kept = _kept.setdefault(connection.engine.pool, _Kept())
    # read first: the transaction sees one moment, and what it does not see has another version
    versions = progress.versions(connection)
    with kept.lock:
        known = {key: kept.by_asset.get(key, (None, ())) for key in versions}
    stale = [key for key, version in versions.items() if known[key][0] != version]
    if stale:
        fresh = {key: (versions[key], rows) for key, rows in _read(connection, stale).items()}
        known |= fresh
        with kept.lock:
            kept.by_asset |= fresh
    return tuple(one for key in sorted(known) for one in known[key][1])


def _read(connection: Connection, asset_ids: list[str]) -> dict[str, tuple[Moments, ...]]:
    found: dict[str, list[Moments]] = {key: [] for key in asset_ids}
    for one in progress.moments(connection, asset_ids if len(asset_ids) <= SOME_ASSETS else None):
        if one.asset_id in found:
            found[one.asset_id].append(one)
    return {key: tuple(rows) for key, rows in found.items()}
