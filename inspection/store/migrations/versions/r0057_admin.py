"""Add the records of measures, and the day until which a one-time password opens an account.

The table is written out here as it was released, apart from ``inspection.store.tables``, which goes
on changing. Records of measures refuse changes and removals by themselves.
"""

from alembic import op
from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
)

from inspection.store.columns import UtcDateTime

revision = "r0057_admin"
down_revision = "r0047_scale"

RowNumber = BigInteger().with_variant(Integer, "sqlite")

tables = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Table("assets", tables, Column("asset_id", Text), PrimaryKeyConstraint("asset_id"))
Table("defects", tables, Column("defect_id", Uuid, unique=True))

measures = Table(
    "measures",
    tables,
    Column("seq", RowNumber, primary_key=True),
    Column("event_id", Uuid, nullable=False, unique=True),
    Column("asset_id", ForeignKey("assets.asset_id"), nullable=False),
    Column("defect_id", ForeignKey("defects.defect_id"), index=True),
    Column("stage", Text, nullable=False),
    Column("day", Text, nullable=False),
    Column("recorded_by", Text, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
    Column("note", Text, nullable=False),
    Column("withdraws", ForeignKey("measures.event_id"), unique=True),
    Index(None, "asset_id", "seq"),
)


def upgrade() -> None:
    """Make the table, refuse changes of it, and add the column."""
    connection = op.get_bind()
    measures.create(connection, checkfirst=False)
    postgresql = connection.dialect.name == "postgresql"
    if postgresql:
        # tenken_refuse was made by the first migration
        op.execute(
            "CREATE TRIGGER measures_refuse BEFORE UPDATE OR DELETE OR TRUNCATE ON measures "
            "FOR EACH STATEMENT EXECUTE FUNCTION tenken_refuse()"
        )
    for moment in () if postgresql else ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER measures_refuse_{moment.lower()} BEFORE {moment} ON measures "
            "BEGIN SELECT RAISE(ABORT, 'rows of measures are never changed or removed'); END"
        )
    op.add_column("accounts", Column("password_once_until", UtcDateTime))
