"""Take and restore backups in tests."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from inspection.pipeline.backup import back_up
from inspection.pipeline.ports import Silence
from inspection.pipeline.restore import Restored, restore
from inspection.pipeline.tools import SystemClock
from inspection.store.blobs import FolderBlobs
from inspection.store.engine import create_engine
from inspection.store.manifest import Manifest


@dataclass(frozen=True, kw_only=True)
class Place:
    """Name a database and the folder of its blobs."""

    url: str
    blobs: FolderBlobs

    def engine(self) -> Engine:
        return create_engine(self.url)


def take(target: Path, engine: Engine, blobs: FolderBlobs) -> Manifest:
    return back_up(target, engine=engine, blobs=blobs, clock=SystemClock(), progress=Silence())


def bring(folder: Path, place: Place) -> Restored:
    return restore(
        folder,
        database_url=place.url,
        blobs=place.blobs,
        progress=Silence(),
        demand_room=lambda _needed: None,
    )


def contents(blobs: FolderBlobs) -> dict[str, bytes]:
    return {key: blobs.read_bytes(key) for key in blobs.keys("")}
