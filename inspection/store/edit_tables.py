"""Tables of what engineers split, merged, redrew and drew; both are histories.

Who reads or compares the metadata must import this module too; ``schema`` does. The migration
refuses to change or remove their rows.
"""

from sqlalchemy import Column, ForeignKey, Integer, PrimaryKeyConstraint, Table, Text, Uuid

from inspection.store.columns import Json, UtcDateTime
from inspection.store.tables import RowNumber, metadata

edits = Table(
    "edits",
    metadata,
    Column("seq", RowNumber, primary_key=True),
    Column("edit_id", Uuid, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("asset_id", ForeignKey("assets.asset_id"), nullable=False, index=True),
    Column("editor", Text, nullable=False),
    Column("edited_at", UtcDateTime, nullable=False),
    Column("note", Text, nullable=False),
    # what was drawn, WKT in the CRS of the mosaic
    Column("drawn", Json),
    Column("undoes", Uuid, index=True),
)

edit_shares = Table(
    "edit_shares",
    metadata,
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
