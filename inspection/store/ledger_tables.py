"""Tables of what ledgers and element sheets say, in the metadata of ``tables``.

Who reads or compares the metadata must import this module too; ``schema`` does.
"""

from sqlalchemy import (
    Column,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
)

from inspection.store.columns import Json
from inspection.store.tables import metadata

asset_sheets = Table(
    "asset_sheets",
    metadata,
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

road_sections = Table(
    "road_sections",
    metadata,
    Column("asset_id", ForeignKey("assets.asset_id"), primary_key=True),
    Column("from_m", Double),
    Column("to_m", Double),
    Column("direction", Text, nullable=False),
    Column("lane", Text, nullable=False),
    Column("width_m", Double),
    Column("pavement", Text, nullable=False),
)

spans = Table(
    "spans",
    metadata,
    Column("asset_id", ForeignKey("assets.asset_id"), nullable=False),
    Column("span", Integer, nullable=False),
    Column("length_m", Double),
    PrimaryKeyConstraint("asset_id", "span"),
)

elements = Table(
    "elements",
    metadata,
    Column("asset_id", Text, nullable=False),
    Column("span", Integer, nullable=False),
    Column("symbol", Text, nullable=False),
    Column("number", Text, nullable=False),
    Column("material", Text, nullable=False),
    Column("concrete", Text, nullable=False),
    PrimaryKeyConstraint("asset_id", "span", "symbol", "number"),
    ForeignKeyConstraint(["asset_id", "span"], ["spans.asset_id", "spans.span"]),
)

element_damages = Table(
    "element_damages",
    metadata,
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
