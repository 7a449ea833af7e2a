"""The table of measures, in the metadata of ``tables``; see there what holds for all tables."""

from sqlalchemy import Column, ForeignKey, Index, Table, Text, Uuid

from inspection.store.columns import UtcDateTime
from inspection.store.tables import RowNumber, metadata

measures = Table(
    "measures",
    metadata,
    Column("seq", RowNumber, primary_key=True),
    Column("event_id", Uuid, nullable=False, unique=True),
    Column("asset_id", ForeignKey("assets.asset_id"), nullable=False),
    # null: about the whole asset
    Column("defect_id", ForeignKey("defects.defect_id"), index=True),
    # ordered, finished, or withdrawn, which takes another record back
    Column("stage", Text, nullable=False),
    # day in Japan, YYYY-MM-DD
    Column("day", Text, nullable=False),
    Column("recorded_by", Text, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
    Column("note", Text, nullable=False),
    Column("withdraws", ForeignKey("measures.event_id"), unique=True),
    Index(None, "asset_id", "seq"),
)
