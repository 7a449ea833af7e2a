"""A database of the first release, full of rows, is led to this version and nothing is lost."""

from collections.abc import Iterator

import pytest
from alembic import command
from sqlalchemy import Engine, text

from inspection.errors import Conflict
from inspection.store import assets, audit, jobs, photos, schema, surveys
from inspection.store.engine import create_engine, ensure_folder, reading, writing
from inspection.store.migrations.versions.r0001_first_tables import HISTORIES, tables
from tests.support.everyrow import every_row, fill

ROWS = 4


@pytest.fixture
def first_release(empty_database_url: str) -> Iterator[Engine]:
    """Give a database as the first release left it, with rows in every table."""
    ensure_folder(empty_database_url)
    engine = create_engine(empty_database_url)
    with writing(engine) as connection:
        config = schema._config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        fill(connection, tables, rows=ROWS)
    yield engine
    engine.dispose()


def test_every_row_and_every_column_of_the_first_release_is_there_after_the_upgrade(
    first_release: Engine, empty_database_url: str
) -> None:
    before = every_row(first_release, tables)
    assert {len(rows) for rows in before.values()} == {ROWS}
    assert len(before) == len(tables.tables) >= 15
    schema.upgrade(empty_database_url)
    schema.check(first_release)
    assert every_row(first_release, tables) == before
    with reading(first_release) as connection:
        assert schema.differences(connection) == []
        assert list(audit.verify(connection)) == []
    for table in HISTORIES:
        with pytest.raises(Conflict, match="never changed"), writing(first_release) as connection:
            connection.execute(text(f"DELETE FROM {table}"))
    once = every_row(first_release)
    schema.upgrade(empty_database_url)
    assert every_row(first_release) == once, "twice is the same as once"


def test_the_nouns_read_what_the_first_release_wrote(
    first_release: Engine, empty_database_url: str
) -> None:
    schema.upgrade(empty_database_url)
    with reading(first_release) as connection:
        found = assets.find(connection)
        assert found.total == ROWS
        survey_ids = connection.execute(text("SELECT count(*) FROM surveys")).scalar_one()
        assert survey_ids == ROWS
        rows = connection.execute(tables.tables["surveys"].select()).all()
        for row in rows:
            assert surveys.by_id(connection, row.survey_id).asset_id == row.asset_id
            assert [job.kind for job in jobs.of_survey(connection, row.survey_id)] == ["conduct"]
            links = connection.execute(
                tables.tables["survey_photos"]
                .select()
                .where(tables.tables["survey_photos"].c.survey_id == row.survey_id)
            ).all()
            assert len(links) == 1
            assert len(photos.rejected(connection, row.survey_id)) == 1
