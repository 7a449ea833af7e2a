"""Transactions are whole, views do not move or write, and errors say what to do."""

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select, text

from inspection.errors import BadInput, Broken, Conflict, NotFound, Unavailable
from inspection.store import assets, tables
from inspection.store.engine import checked_url, create_engine, reading, writing
from tests.support.records import Scene, make_asset, make_scene, save_scene

DIES_HALF_WAY = """
import os, signal, sys
from tests.support.records import make_scene, save_scene
from inspection.store.engine import create_engine, writing

with writing(create_engine(sys.argv[1])) as connection:
    save_scene(connection, make_scene())
    print("half", flush=True)
    if sys.argv[2] == "die":
        os.kill(os.getpid(), signal.SIGKILL)
"""


def _run(url: str, end: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", DIES_HALF_WAY, url, end],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[3],
    )


MADE_BY_MIGRATIONS = {"organisations", "audit_head"}
"""Tables that hold one row from the beginning."""


def test_a_transaction_that_is_killed_leaves_nothing(engine: Engine, database_url: str) -> None:
    died = _run(database_url, "die")
    assert (died.returncode, died.stdout) == (-signal.SIGKILL, "half\n"), died.stderr
    with reading(engine) as connection:
        for table in tables.metadata.sorted_tables:
            made = 1 if table.name in MADE_BY_MIGRATIONS else 0
            assert connection.execute(select(func.count()).select_from(table)).scalar_one() == made
    lived = _run(database_url, "live")
    assert lived.returncode == 0, lived.stderr
    with reading(engine) as connection:
        rows = connection.execute(select(func.count()).select_from(tables.defects)).scalar_one()
    assert rows == 3


def test_an_error_rolls_everything_back(engine: Engine) -> None:
    with pytest.raises(ZeroDivisionError), writing(engine) as connection:
        save_scene(connection, make_scene())
        raise ZeroDivisionError
    with reading(engine) as connection:
        assert assets.find(connection).total == 0


def test_a_view_does_not_move_while_others_write(engine: Engine) -> None:
    with reading(engine) as view:
        assert assets.find(view).total == 0
        with writing(engine) as connection:
            assets.save(connection, make_asset())
        assert assets.find(view).total == 0
    with reading(engine) as view:
        assert assets.find(view).total == 1


def test_a_view_cannot_write_and_its_connection_can_afterwards(engine: Engine) -> None:
    for _ in range(3):
        with pytest.raises((Unavailable, Broken), match="read"), reading(engine) as view:
            assets.save(view, make_asset())
        with writing(engine) as connection:
            assets.save(connection, make_asset())


def test_writers_wait_for_each_other(engine: Engine) -> None:
    """Each of many writers reads, thinks and writes; none loses what another wrote."""

    def add(number: int) -> None:
        with writing(engine) as connection:
            assets.save(connection, make_asset(f"A-{number:02}"))
            time.sleep(0.005)

    threads = [threading.Thread(target=add, args=(n,)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with reading(engine) as connection:
        assert assets.find(connection).total == 12


def test_text_that_a_database_cannot_hold_is_refused(engine: Engine) -> None:
    with pytest.raises(BadInput, match="control character"):
        make_asset("a\0b")
    # a question may still carry it: PostgreSQL cannot be asked, SQLite finds nothing
    refused = BadInput if engine.dialect.name == "postgresql" else NotFound
    with pytest.raises(refused), reading(engine) as connection:
        assets.by_id(connection, "a\0b")


def test_a_duplicate_key_is_a_conflict(scene: Scene, engine: Engine) -> None:
    with pytest.raises(Conflict, match="read the row again"), writing(engine) as connection:
        connection.execute(
            text("INSERT INTO assets SELECT * FROM assets WHERE asset_id = :a"),
            {"a": scene.asset.asset_id},
        )


def test_a_statement_of_ours_that_is_wrong_is_broken(engine: Engine) -> None:
    with pytest.raises(Broken), writing(engine) as connection:
        connection.execute(text("SELEKT 1"))


def test_a_full_disk_is_unavailable(sqlite_url: str) -> None:
    engine = create_engine(sqlite_url)
    with pytest.raises(Unavailable, match="full"), writing(engine) as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        save_scene(connection, make_scene(defect_count=200))
    engine.dispose()


def test_a_file_that_is_no_database_is_broken(tmp_path: Path) -> None:
    file = tmp_path / "photo.sqlite"
    file.write_bytes(b"no database at all" * 100)
    engine = create_engine(f"sqlite:///{file}")
    with pytest.raises(Broken, match="no SQLite database"), reading(engine):
        pass
    engine.dispose()


def test_a_folder_that_is_missing_is_unavailable(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'nowhere' / 'a.sqlite'}")
    with pytest.raises(Unavailable, match="check the folder"), reading(engine):
        pass
    engine.dispose()


def test_sqlite_is_set_up_for_many_processes(sqlite_url: str) -> None:
    engine = create_engine(sqlite_url)
    with writing(engine) as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "foreign_keys", "synchronous", "busy_timeout")
        }
    engine.dispose()
    assert found == {
        "journal_mode": "wal",
        "foreign_keys": 1,
        "synchronous": 2,
        "busy_timeout": 30_000,
    }


@pytest.mark.services
def test_a_server_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    engine = create_engine(f"postgresql://tenken@/x?host={tmp_path}")
    with pytest.raises(Unavailable, match="is it running"), reading(engine):
        pass
    engine.dispose()


@pytest.mark.services
def test_a_connection_that_the_server_cut_is_replaced(postgis_url: str) -> None:
    engine, other = create_engine(postgis_url), create_engine(postgis_url)

    def cut() -> None:
        with writing(other) as connection:
            connection.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            )

    with pytest.raises(Unavailable), writing(engine) as connection:
        assets.save(connection, make_asset())
        cut()
        assets.find(connection)
    with writing(engine) as connection:
        assert assets.find(connection).total == 0
    cut()
    with reading(engine) as connection:  # cut while idle in the pool: nobody notices
        assert assets.find(connection).total == 0
    engine.dispose()
    other.dispose()


@pytest.mark.parametrize(
    ("url", "driver"),
    [
        ("sqlite:///a.sqlite", "sqlite+pysqlite"),
        ("postgresql://u@h/d", "postgresql+psycopg"),
        ("postgresql+psycopg2://u@h/d", "postgresql+psycopg"),
        ("postgres://u@h/d", "postgresql+psycopg"),
    ],
)
def test_the_driver_is_ours_to_choose(url: str, driver: str) -> None:
    assert checked_url(url).drivername == driver


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mysql://u@h/d", "'mysql' is not supported"),
        ("sqlite://", "needs a file"),
        ("sqlite:///:memory:", "needs a file"),
        ("a file name", "cannot be parsed"),
    ],
)
def test_a_database_that_we_cannot_use_is_refused(url: str, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        create_engine(url)


def test_the_password_is_in_no_message() -> None:
    engine = create_engine("postgresql://u:secret-word@127.0.0.1:9/d")
    with pytest.raises(Unavailable) as raised, reading(engine):
        pass
    engine.dispose()
    assert "secret-word" not in str(raised.value)
