"""Add what people approve and publish: approvals, releases, their history, frozen snapshots.

The tables are written out here as they were released, apart from ``inspection.store.tables``, which
goes on changing.
"""

from alembic import op
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)

from inspection.store.columns import Json, UtcDateTime

revision = "r0006_publication"
down_revision = "r0005_programme"

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

Table(
    "approvals",
    tables,
    Column("seq", RowNumber, primary_key=True),
    Column("approval_id", Uuid, nullable=False, unique=True),
    Column("asset_id", ForeignKey("assets.asset_id"), nullable=False),
    Column("fiscal_year", Integer, nullable=False),
    # what was approved, whole, and its digest
    Column("record", Json, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("approved_by", Text, nullable=False),
    Column("approved_at", UtcDateTime, nullable=False),
    Index(None, "asset_id", "fiscal_year"),
)

Table(
    "releases",
    tables,
    Column("asset_id", ForeignKey("assets.asset_id"), nullable=False),
    Column("fiscal_year", Integer, nullable=False),
    Column("state", Text, nullable=False, index=True),
    Column("version", Integer, nullable=False),
    Column("approval_id", ForeignKey("approvals.approval_id")),
    # the open-data row as the redaction gate let it through; null unless published
    Column("public_row", Json),
    Column("updated_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("asset_id", "fiscal_year"),
)

Table(
    "release_events",
    tables,
    Column("seq", RowNumber, primary_key=True),
    Column("event_id", Uuid, nullable=False, unique=True),
    Column("asset_id", Text, nullable=False),
    Column("fiscal_year", Integer, nullable=False),
    Column("action", Text, nullable=False),
    Column("decided_by", Text, nullable=False),
    Column("decided_at", UtcDateTime, nullable=False),
    Column("why", Text, nullable=False),
    Column("state_before", Text, nullable=False),
    Column("state_after", Text, nullable=False),
    Column("approval_id", ForeignKey("approvals.approval_id")),
    Column("public_row", Json),
    Column("redactions", Json, nullable=False),
    ForeignKeyConstraint(
        ["asset_id", "fiscal_year"], ["releases.asset_id", "releases.fiscal_year"]
    ),
    Index(None, "asset_id", "fiscal_year"),
)

Table(
    "snapshots",
    tables,
    Column("seq", RowNumber, primary_key=True),
    Column("month", Text, nullable=False, unique=True),
    Column("taken_at", UtcDateTime, nullable=False),
    Column("figures", Json, nullable=False),
)

Table(
    "snapshot_assets",
    tables,
    Column("month", ForeignKey("snapshots.month"), nullable=False),
    Column("asset_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("municipality", Text, nullable=False),
    Column("published", Boolean, nullable=False),
    # null unless published
    Column("mesh_code", Text),
    Column("soundness", Integer),
    Column("inspected_fiscal_year", Integer),
    Column("measure_done", Boolean),
    Column("public_row", Json),
    PrimaryKeyConstraint("month", "asset_id"),
)

Table(
    "snapshot_files",
    tables,
    Column("month", ForeignKey("snapshots.month"), nullable=False),
    Column("name", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("byte_size", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("blob_key", Text, nullable=False),
    PrimaryKeyConstraint("month", "name"),
    UniqueConstraint("blob_key"),
)

Table(
    "daily_figures",
    tables,
    Column("day", Text, primary_key=True),
    Column("computed_at", UtcDateTime, nullable=False),
    Column("figures", Json, nullable=False),
)

NEW = [table for name, table in tables.tables.items() if name != "assets"]
"""The tables that this migration makes; ``assets`` is there already and only pointed at."""

HISTORIES = ("approvals", "release_events", "snapshots", "snapshot_assets", "snapshot_files")
"""Tables whose rows are never changed or removed."""


def upgrade() -> None:
    """Make the tables, and refuse to change the histories."""
    connection = op.get_bind()
    tables.create_all(connection, tables=NEW, checkfirst=False)
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
