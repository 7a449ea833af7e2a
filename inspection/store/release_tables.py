"""Tables of what people approved and published, in the metadata of ``tables``.

Who reads or compares the metadata must import this module too; ``schema`` does.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)

from inspection.store.columns import Json, UtcDateTime
from inspection.store.tables import RowNumber, metadata

approvals = Table(
    "approvals",
    metadata,
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

releases = Table(
    "releases",
    metadata,
    Column("asset_id", ForeignKey("assets.asset_id"), nullable=False),
    Column("fiscal_year", Integer, nullable=False),
    Column("state", Text, nullable=False, index=True),
    Column("version", Integer, nullable=False),
    Column("approval_id", ForeignKey("approvals.approval_id")),
    # the open-data row as the redaction gate let it through; null unless published
    Column("public_row", Json),
    # of the record that was sent back; null unless sent back
    Column("record_sha256", Text),
    Column("updated_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("asset_id", "fiscal_year"),
)

release_events = Table(
    "release_events",
    metadata,
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
    # what was put before the approver, whole, when it is sent back; an approval keeps its own
    Column("record", Json),
    Column("record_sha256", Text),
    ForeignKeyConstraint(
        ["asset_id", "fiscal_year"], ["releases.asset_id", "releases.fiscal_year"]
    ),
    Index(None, "asset_id", "fiscal_year"),
)

snapshots = Table(
    "snapshots",
    metadata,
    Column("seq", RowNumber, primary_key=True),
    Column("month", Text, nullable=False, unique=True),
    Column("taken_at", UtcDateTime, nullable=False),
    Column("figures", Json, nullable=False),
)

snapshot_assets = Table(
    "snapshot_assets",
    metadata,
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

snapshot_files = Table(
    "snapshot_files",
    metadata,
    Column("month", ForeignKey("snapshots.month"), nullable=False),
    Column("name", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("byte_size", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("blob_key", Text, nullable=False),
    PrimaryKeyConstraint("month", "name"),
    UniqueConstraint("blob_key"),
)

daily_figures = Table(
    "daily_figures",
    metadata,
    Column("day", Text, primary_key=True),
    Column("computed_at", UtcDateTime, nullable=False),
    Column("figures", Json, nullable=False),
)
