"""The migrations make exactly the tables of ``tables``, on both engines."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, text

from inspection.errors import Unavailable
from inspection.store import schema
from inspection.store.engine import create_engine, reading, writing


@pytest.fixture
def bare(empty_database_url: str) -> Iterator[Engine]:
    opened = create_engine(empty_database_url)
    yield opened
    opened.dispose()


def test_upgrade_from_nothing_gives_the_tables_of_the_program(
    bare: Engine, empty_database_url: str
) -> None:
    schema.upgrade(empty_database_url)
    schema.check(bare)
    with reading(bare) as connection:
        assert schema.differences(connection) == []


def test_a_difference_would_be_seen(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(text("ALTER TABLE jobs ADD COLUMN surprise TEXT"))
        connection.execute(text("CREATE TABLE stray (a INTEGER)"))
        assert len(schema.differences(connection)) == 2


def test_upgrade_twice_is_the_same_as_once(engine: Engine, database_url: str) -> None:
    schema.upgrade(database_url)
    schema.check(engine)


def test_programs_that_start_together_upgrade_one_after_the_other(
    bare: Engine, empty_database_url: str
) -> None:
    with ThreadPoolExecutor(4) as programs:
        list(programs.map(schema.upgrade, [empty_database_url] * 4))
    schema.check(bare)


def test_an_upgrade_that_fails_leaves_nothing(bare: Engine, empty_database_url: str) -> None:
    schema.ensure_folder(empty_database_url)
    with writing(bare) as connection:
        connection.execute(text("CREATE TABLE work_orders (in_the_way INTEGER)"))
    with pytest.raises(Exception, match="work_orders"):
        schema.upgrade(empty_database_url)
    with pytest.raises(Unavailable, match=r"version none.*tenken db upgrade"):
        schema.check(bare)


def test_an_older_program_says_so(engine: Engine, database_url: str) -> None:
    with writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Unavailable, match="newer version"):
        schema.upgrade(database_url)
    with pytest.raises(Unavailable, match="version 9999"):
        schema.check(engine)


def test_a_missing_database_says_what_to_do(bare: Engine, empty_database_url: str) -> None:
    schema.ensure_folder(empty_database_url)
    with pytest.raises(Unavailable, match="tenken db upgrade"):
        schema.check(bare)
