"""Waiting for a database that does not answer: why is said at once, and once."""

import logging
import time
from pathlib import Path

import pytest

from inspection.errors import BadInput, Unavailable
from inspection.store.reach import await_database
from tests.support.redis import free_port


def test_an_sqlite_file_is_neither_made_nor_awaited(tmp_path: Path) -> None:
    await_database(f"sqlite:///{tmp_path / 'not' / 'there.sqlite'}", patience_s=60)
    assert list(tmp_path.iterdir()) == []


def test_a_url_that_names_no_database_is_refused_at_once() -> None:
    with pytest.raises(BadInput, match="mysql"):
        await_database("mysql://somewhere/tenken", patience_s=60)


def test_a_server_that_never_answers_is_given_up(caplog: pytest.LogCaptureFixture) -> None:
    url = f"postgresql://tenken@127.0.0.1:{free_port()}/tenken"
    began_s = time.monotonic()
    with (
        caplog.at_level(logging.WARNING, "tenken.store"),
        pytest.raises(Unavailable, match="is it running"),
    ):
        await_database(url, patience_s=0.5, pause_s=0.05)
    assert time.monotonic() - began_s >= 0.5
    told = [record.message for record in caplog.records if record.name == "tenken.store"]
    assert len(told) == 1
    assert "asking again for up to" in told[0]
