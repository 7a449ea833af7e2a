"""Add what ledgers say: sheets of assets, road sections, spans, elements and their records.

The tables are written out here as they were released, apart from ``inspection.store.tables``, which
goes on changing.
"""

from alembic import op
from sqlalchemy import (
    Column,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
)

from inspection.store.columns import Json

revision = "r0004_assets"
down_revision = "0001"

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
    "asset_sheets",
    tables,
    Column("asset_id", ForeignKey("assets.asset_id"), primary_key=True),
    Column("xroad_id", Text, nullable=False),
    Column("kana", Text, nullable=False),
    Column("route_name", Text, nullable=False),
    Column("prefecture", Text, nullable=False),
    Column("municipality", Text, nullable=False, index=True),
    Column("municipality_code", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("administrator", Text, nullable=False),
    Column("structure", Text, nullable=False),
    Column("repair_status", Text, nullable=False),
    Column("lon_deg", Double),
    Column("lat_deg", Double),
    Index(None, "lat_deg", "lon_deg"),
)

Table(
    "road_sections",
    tables,
    Column("asset_id", ForeignKey("assets.asset_id"), primary_key=True),
    Column("from_m", Double),
    Column("to_m", Double),
    Column("direction", Text, nullable=False),
    Column("lane", Text, nullable=False),
    Column("width_m", Double),
    Column("pavement", Text, nullable=False),
)

Table(
    "spans",
    tables,
    Column("asset_id", ForeignKey("assets.asset_id"), nullable=False),
    Column("span", Integer, nullable=False),
    Column("length_m", Double),
    PrimaryKeyConstraint("asset_id", "span"),
)

Table(
    "elements",
    tables,
    Column("asset_id", Text, nullable=False),
    Column("span", Integer, nullable=False),
    Column("symbol", Text, nullable=False),
    Column("number", Text, nullable=False),
    Column("material", Text, nullable=False),
    Column("concrete", Text, nullable=False),
    PrimaryKeyConstraint("asset_id", "span", "symbol", "number"),
    ForeignKeyConstraint(["asset_id", "span"], ["spans.asset_id", "spans.span"]),
)

Table(
    "element_damages",
    tables,
    Column("asset_id", Text, nullable=False),
    Column("span", Integer, nullable=False),
    Column("symbol", Text, nullable=False),
    Column("number", Text, nullable=False),
    Column("fiscal_year", Integer, nullable=False),
    Column("damage_no", Integer, nullable=False),
    Column("division", Integer, nullable=False),
    Column("grade", Text, nullable=False),
    Column("record", Json, nullable=False),
    Column("guideline", Text, nullable=False),
    Column("inspector", Text, nullable=False),
    Column("countermeasures", Json, nullable=False),
    Column("soundness", Text, nullable=False),
    PrimaryKeyConstraint(
        "asset_id", "span", "symbol", "number", "fiscal_year", "damage_no", "division"
    ),
    ForeignKeyConstraint(
        ["asset_id", "span", "symbol", "number"],
        ["elements.asset_id", "elements.span", "elements.symbol", "elements.number"],
    ),
)

NEW = [table for name, table in tables.tables.items() if name != "assets"]
"""The tables that this migration makes; ``assets`` is there already and only pointed at."""


def upgrade() -> None:
    """Make the tables."""
    tables.create_all(op.get_bind(), tables=NEW, checkfirst=False)
