"""A database of before the accounts is upgraded with all it holds; both engines."""

from alembic import command
from sqlalchemy import Engine, text

from inspection.store import accounts, assets, audit, organisations, schema
from inspection.store.engine import create_engine, ensure_folder, reading, writing
from inspection.store.scope import HOME

BEFORE = "r0005_programme"


def upgrade_to(engine: Engine, revision: str) -> None:
    with writing(engine) as connection:
        config = schema._config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def test_what_was_there_belongs_to_the_first_organisation(empty_database_url: str) -> None:
    ensure_folder(empty_database_url)
    engine = create_engine(empty_database_url)
    upgrade_to(engine, BEFORE)
    with writing(engine) as connection:
        for number in range(3):
            connection.execute(
                text(
                    "INSERT INTO assets (asset_id, name, kind, member, concrete, attributes) "
                    "VALUES (:asset_id, '橋', 'bridge', '', 'RC', '{}')"
                ),
                {"asset_id": f"a-{number}"},
            )
    schema.upgrade(empty_database_url)
    schema.check(engine)
    with reading(engine) as connection:
        assert organisations.asset_counts(connection) == {HOME: 3}
        assert assets.find(connection).total == 3
        assert [one.organisation_id for one in organisations.everyone(connection)] == [HOME]
        assert not accounts.any_exist(connection)
        assert audit.head(connection).entries == 0
        assert list(audit.verify(connection)) == []
        assert schema.differences(connection) == []
    engine.dispose()
