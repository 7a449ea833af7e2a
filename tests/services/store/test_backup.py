"""A backup holds everything as it was at one moment and comes back so; both engines."""

import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Engine, text

from inspection.errors import Broken, Conflict
from inspection.store import assets, audit, schema
from inspection.store.blobs import FolderBlobs
from inspection.store.databasecopy import copy_in, demand_empty
from inspection.store.engine import ensure_folder, reading, writing
from inspection.store.identity_tables import sessions
from inspection.store.manifest import Manifest, read_manifest, write_manifest
from inspection.store.migrations.versions.r0001_first_tables import tables as first_tables
from inspection.store.scope import Scope, scoped
from tests.support.backups import Place, bring, contents, take
from tests.support.everyrow import every_row, fill
from tests.support.people import add_cities, add_person
from tests.support.records import make_asset

NOW = datetime(2026, 5, 2, 9, 30, tzinfo=UTC)


def test_everything_comes_back_as_it_was(
    engine: Engine, kept: FolderBlobs, backup: Path, empty_place: Place
) -> None:
    restored = bring(backup, empty_place)
    again = empty_place.engine()
    assert every_row(again) == every_row(engine)
    before = contents(kept)
    del before["uploads/half/0"]  # what has not arrived is sent again
    assert contents(empty_place.blobs) == before
    assert restored.revision == schema.head()
    assert restored.rows == sum(len(rows) for rows in every_row(engine).values()) + 1  # alembic's
    schema.check(again)
    with reading(again) as connection:
        assert schema.differences(connection) == []
    again.dispose()


def test_a_restored_database_guards_its_histories_and_goes_on(
    backup: Path, empty_place: Place
) -> None:
    bring(backup, empty_place)
    again = empty_place.engine()
    with pytest.raises(Conflict, match=r"only grows|never changed"), writing(again) as connection:
        connection.execute(text("DELETE FROM audit_head"))
    with writing(again) as connection:
        assets.save(connection, make_asset("new-1"))
    with reading(again) as connection:
        assert assets.by_id(connection, "new-1").name == "犀川大橋"
    again.dispose()


def test_the_audit_log_comes_back_whole_and_goes_on(
    engine: Engine, kept: FolderBlobs, empty_place: Place, tmp_path: Path
) -> None:
    scope = Scope(actor="somebody", own="home", visible=frozenset({"home"}), action="t", at=NOW)
    with writing(scoped(engine, scope)) as connection:
        assets.save(connection, make_asset("seen-1"))
    manifest = take(tmp_path / "backup", engine, kept)
    noted = audit.parse_head(manifest.audit_head)
    assert noted.entries == 1
    bring(tmp_path / "backup", empty_place)
    again = empty_place.engine()
    with writing(scoped(again, scope)) as connection:
        assets.save(connection, make_asset("seen-2"))
    with reading(again) as connection:
        assert list(audit.verify(connection, [noted])) == []
        assert audit.head(connection).entries == 2
    again.dispose()


def test_nobody_is_signed_in_after_a_restore(
    engine: Engine, kept: FolderBlobs, empty_place: Place, tmp_path: Path
) -> None:
    from inspection.domain.account import Role

    add_cities(engine)
    add_person(engine, Role.ENGINEER, "home", NOW)
    with reading(engine) as connection:
        assert len(connection.execute(sessions.select()).all()) == 1
    take(tmp_path / "backup", engine, kept)
    bring(tmp_path / "backup", empty_place)
    again = empty_place.engine()
    with reading(again) as connection:
        assert connection.execute(sessions.select()).all() == []
        assert connection.execute(text("SELECT count(*) FROM accounts")).scalar_one() == 1
    again.dispose()


def test_while_others_write_a_backup_is_one_moment(
    engine: Engine, kept: FolderBlobs, empty_place: Place, tmp_path: Path
) -> None:
    """Each transaction writes two assets and a blob; half of one would be seen."""
    stop, written = threading.Event(), []

    def write() -> None:
        while not stop.is_set():
            number = len(written)
            kept.put_bytes(f"reports/{number}.txt", b"of a row")
            with writing(engine) as connection:
                assets.save(connection, make_asset(f"a-{number}"))
                assets.save(connection, make_asset(f"b-{number}"))
            written.append(number)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        while len(written) < 3:
            pass
        take(tmp_path / "backup", engine, kept)
        during = len(written)
    finally:
        stop.set()
        writer.join()
    assert len(written) >= during >= 3
    bring(tmp_path / "backup", empty_place)
    again = empty_place.engine()
    with reading(again) as connection:
        ids = {row[0] for row in connection.execute(text("SELECT asset_id FROM assets"))}
    halves = {side: {i[2:] for i in ids if i.startswith(f"{side}-")} for side in "ab"}
    assert halves["a"] == halves["b"] >= {"0", "1", "2"}
    assert {f"reports/{number}.txt" for number in halves["a"]} <= set(empty_place.blobs.keys(""))
    again.dispose()


def test_a_backup_of_the_first_release_is_led_to_this_version(
    empty_place: Place, engine: Engine, kept: FolderBlobs, backup: Path
) -> None:
    """Write into the backup what a program of the first release would have written."""
    with reading(engine) as connection:
        kind = connection.dialect.name
    ensure_folder(empty_place.url)
    old = empty_place.engine()
    with writing(old) as connection:
        config = schema._config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        fill(connection, first_tables)
    before = every_row(old, first_tables)
    from inspection.store import databasecopy

    manifest = read_manifest(backup)
    rows_file = backup / manifest.database
    rows_file.unlink()
    with databasecopy.copy_out(old, rows_file) as connection:
        counts = databasecopy.row_counts(connection)
    old.dispose()
    _reseal(backup, replace(manifest, revision="0001", row_counts=counts))
    _clear(empty_place, kind)
    restored = bring(backup, empty_place)
    assert restored.revision == schema.head() != "0001"
    again = empty_place.engine()
    assert every_row(again, first_tables) == before
    schema.check(again)
    again.dispose()


def _reseal(backup: Path, manifest: Manifest) -> None:
    """Give a backup that was changed on purpose the digests that it then has."""
    from inspection.store.manifest import file_sha256, read_sums, write_sums

    sums = {name: file_sha256(backup / name) for name, _ in read_sums(backup)}
    changed = replace(manifest, sums_sha256=write_sums(backup, sorted(sums.items())))
    write_manifest(backup, changed)


def _clear(place: Place, kind: str) -> None:
    if kind == "sqlite":
        Path(place.url.removeprefix("sqlite:///")).unlink()
        return
    engine = place.engine()
    with writing(engine) as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()


def test_other_rows_than_the_list_says_are_refused_and_the_database_stays_empty(
    backup: Path, empty_place: Place
) -> None:
    rows = backup / read_manifest(backup).database
    content = bytearray(rows.read_bytes())
    content[len(content) // 2] ^= 1
    rows.write_bytes(content)
    with pytest.raises(Broken, match=r"damaged in 1 files: database\."):
        bring(backup, empty_place)
    demand_empty(empty_place.url)
    assert list(empty_place.blobs.keys("")) == []


def test_a_copy_that_is_none_leaves_the_database_empty(
    backup: Path, empty_place: Place, tmp_path: Path
) -> None:
    """Whoever wrote wrong digests too gets no half of a database."""
    false = tmp_path / "false" / read_manifest(backup).database
    false.parent.mkdir()
    false.write_bytes((backup / false.name).read_bytes()[:5000])
    with pytest.raises(Broken, match="damaged"):
        copy_in(empty_place.url, false)
    demand_empty(empty_place.url)
