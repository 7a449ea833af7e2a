"""A request does not wait for minutes until another one has fetched a mosaic from a bucket."""

from collections.abc import Callable
from pathlib import Path

import pytest

from api import app as composing
from api.app import WAITING_MOST, build_services, patience_of_service
from api.errors import RETRY_AFTER_S
from inspection.errors import Unavailable
from inspection.settings import QueueSettings, ServeSettings, StoreSettings
from inspection.store.blobstore import CACHE, blobs_of
from inspection.store.filecache import FileCache

THREADS = 40
"""Threads on which the service answers (anyio's limit)."""


def test_some_threads_are_left_for_everybody_else() -> None:
    assert WAITING_MOST <= THREADS // 3
    patience = patience_of_service()
    assert RETRY_AFTER_S < patience.wait_s < 60.0


def test_while_another_process_fetches_a_file_the_service_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(composing, "WAIT_S", 0.0)
    store = StoreSettings(home=tmp_path, blobs_url="s3://tenken/prefix")
    services = build_services(ServeSettings(), store, QueueSettings())
    cache = services.blobs._cache  # type: ignore[union-attr]  # of a bucket
    refused: list[str] = []

    def fetch_while_it_is_asked_for(path: Path) -> None:
        with (
            pytest.raises(Unavailable, match="is being fetched from the bucket; try") as told,
            cache.lent("a", 3, fetch_nothing),
        ):
            pass
        refused.append(str(told.value))
        path.write_bytes(b"abc")

    other = FileCache(tmp_path / CACHE, 1000)
    with other.lent("a", 3, fetch_while_it_is_asked_for), cache.lent("a", 3, fetch_nothing) as path:
        assert path.read_bytes() == b"abc"
    assert len(refused) == 1
    services.engine.dispose()


def test_workers_and_commands_wait_as_long_as_it_takes(tmp_path: Path) -> None:
    bucket = blobs_of(StoreSettings(home=tmp_path, blobs_url="s3://tenken/prefix"))
    assert bucket._cache._patience is None  # type: ignore[union-attr]  # of a bucket


fetch_nothing: Callable[[Path], None] = Path.touch
"""Would be a second fetch: nothing comes of it."""
