"""Add what engineers split, merge, redraw and draw.

The tables are written out here as they were released, apart from ``inspection.store.tables``, which
goes on changing.
"""

from alembic import op
from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
)

from inspection.store.columns import Json, UtcDateTime

revision = "r0052_edit"
down_revision = "r0050_upload"

RowNumber = BigInteger().with_variant(Integer, "sqlite")

tables = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Table("assets", tables, Column("asset_id", Text, primary_key=True))
Table("defects", tables, Column("defect_id", Uuid, unique=True))
Table("observations", tables, Column("observation_id", Uuid, unique=True))

edits = Table(
    "edits",
    tables,
    Column("seq", RowNumber, primary_key=True),
    Column("edit_id", Uuid, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("asset_id", ForeignKey("assets.asset_id"), nullable=False, index=True),
    Column("editor", Text, nullable=False),
    Column("edited_at", UtcDateTime, nullable=False),
    Column("note", Text, nullable=False),
    Column("drawn", Json),
    Column("undoes", Uuid, index=True),
)

edit_shares = Table(
    "edit_shares",
    tables,
    Column("edit_id", ForeignKey("edits.edit_id"), nullable=False),
    Column("defect_id", ForeignKey("defects.defect_id"), nullable=False, index=True),
    Column("version_before", Integer, nullable=False),
    Column("version_after", Integer, nullable=False),
    Column("state_before", Text, nullable=False),
    Column("state_after", Text, nullable=False),
    Column("observation_before", ForeignKey("observations.observation_id"), nullable=False),
    Column("observation_after", ForeignKey("observations.observation_id"), nullable=False),
    Column("damage_class_reviewed_before", Text),
    Column("damage_class_reviewed_after", Text),
    PrimaryKeyConstraint("edit_id", "defect_id"),
)

HISTORIES = ("edits", "edit_shares")
"""Tables whose rows are never changed or removed."""


def upgrade() -> None:
    """Make the tables, and refuse to change them."""
    connection = op.get_bind()
    tables.create_all(connection, tables=[edits, edit_shares], checkfirst=False)
    for table in HISTORIES:
        if connection.dialect.name == "postgresql":
            # tenken_refuse was made by the first migration
            op.execute(
                f"CREATE TRIGGER {table}_refuse BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION tenken_refuse()"
            )
            continue
        for moment in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_refuse_{moment.lower()} BEFORE {moment} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, 'rows of {table} are never changed or removed'); END"
            )
