"""Add the planner's tables: models, prices, closures, programmes, reports after a disaster.

The tables are written out here as they were released, apart from ``inspection.store.tables``, which
goes on changing.
"""

from alembic import op
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
)

from inspection.store.columns import Json, UtcDateTime

revision = "r0005_programme"
down_revision = "r0004_assets"

HISTORY = "emergency_reports"
"""Rows that are never changed or removed."""

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
    "priority_models",
    tables,
    Column("model_id", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("content", Json, nullable=False),
    Column("note", Text, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("model_id", "version"),
)

Table(
    "unit_costs",
    tables,
    Column("list_name", Text, nullable=False),
    Column("row_no", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("work", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("yen", Double, nullable=False),
    Column("kind", Text, nullable=False),
    Column("soundness", Json, nullable=False),
    Column("structure", Text, nullable=False),
    Column("overhead_percent", Double, nullable=False),
    Column("minimum_yen", Double, nullable=False),
    Column("asset_id", Text, nullable=False, index=True),
    PrimaryKeyConstraint("list_name", "row_no"),
)

Table(
    "transitions",
    tables,
    Column("name", Text, primary_key=True),
    Column("matrix", Json, nullable=False),
    Column("evidence", Json, nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
)

Table(
    "closures",
    tables,
    Column("asset_id", ForeignKey("assets.asset_id"), primary_key=True),
    Column("network", Text, nullable=False),
    Column("detour_m", Double),
    Column("detour_min", Double),
    Column("severs", Boolean, nullable=False),
    Column("people", Double, nullable=False),
    Column("places", Json, nullable=False),
    Column("road_m", Double, nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
)

Table(
    "programmes",
    tables,
    Column("name", Text, primary_key=True),
    Column("model", Text, nullable=False),
    Column("request", Json, nullable=False),
    Column("outcome", Json, nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
)

Table(
    "programme_works",
    tables,
    Column("programme", ForeignKey("programmes.name"), nullable=False),
    Column("asset_id", ForeignKey("assets.asset_id"), nullable=False, index=True),
    Column("task", Text, nullable=False),
    Column("rank", Integer, nullable=False),
    Column("tier", Integer, nullable=False),
    Column("score", Double, nullable=False),
    Column("fiscal_year", Integer),
    Column("work", Text, nullable=False),
    Column("cost_yen", BigInteger),
    Column("benefit", Double),
    Column("reason", Json, nullable=False),
    PrimaryKeyConstraint("programme", "asset_id", "task"),
)

Table(
    "emergencies",
    tables,
    Column("name", Text, primary_key=True),
    Column("hazard", Text, nullable=False),
    Column("area", Json),
    Column("began_at", UtcDateTime, nullable=False),
    Column("note", Text, nullable=False),
)

Table(
    "emergency_reports",
    tables,
    Column("report_id", Uuid, primary_key=True),
    Column("emergency", ForeignKey("emergencies.name"), nullable=False, index=True),
    Column("asset_id", ForeignKey("assets.asset_id"), nullable=False, index=True),
    Column("signal", Text, nullable=False),
    Column("reported_by", Text, nullable=False),
    Column("reported_at", UtcDateTime, nullable=False),
    Column("lon_deg", Double),
    Column("lat_deg", Double),
    Column("photos", Json, nullable=False),
    Column("note", Text, nullable=False),
)

NEW = [table for name, table in tables.tables.items() if name != "assets"]
"""The tables that this migration makes; ``assets`` is there already and only pointed at."""


def upgrade() -> None:
    """Make the tables, and guard the history."""
    connection = op.get_bind()
    tables.create_all(connection, tables=NEW, checkfirst=False)
    if connection.dialect.name != "sqlite":
        op.execute(
            f"CREATE TRIGGER {HISTORY}_refuse BEFORE UPDATE OR DELETE OR TRUNCATE ON {HISTORY} "
            "FOR EACH STATEMENT EXECUTE FUNCTION tenken_refuse()"
        )
        return
    for moment in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {HISTORY}_refuse_{moment.lower()} BEFORE {moment} ON {HISTORY} "
            f"BEGIN SELECT RAISE(ABORT, 'rows of {HISTORY} are never changed or removed'); END"
        )
