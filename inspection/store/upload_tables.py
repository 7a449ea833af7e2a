"""Tables of uploads in pieces and of photos that people take out; see ``tables`` for all tables."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Table,
    Text,
    Uuid,
)

from inspection.store.columns import Json, UtcDateTime
from inspection.store.tables import RowNumber, metadata

uploads = Table(
    "uploads",
    metadata,
    Column("upload_id", Uuid, primary_key=True),
    Column("survey_id", ForeignKey("surveys.survey_id"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("length_bytes", BigInteger, nullable=False),
    Column("offset_bytes", BigInteger, nullable=False),
    # pieces that have arrived, in order: key of the blob and its size
    Column("parts", Json, nullable=False),
    Column("sha256_promised", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False, index=True),
    Column("state", Text, nullable=False),
    Column("sha256", Text),
    Column("reason", Text),
    Column("detail", Text, nullable=False),
)

photo_removals = Table(
    "photo_removals",
    metadata,
    Column("seq", RowNumber, primary_key=True),
    Column("event_id", Uuid, nullable=False, unique=True),
    Column("survey_id", Uuid, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("decided_by", Text, nullable=False),
    Column("decided_account", Uuid),
    Column("decided_at", UtcDateTime, nullable=False),
    ForeignKeyConstraint(
        ["survey_id", "sha256"], ["survey_photos.survey_id", "survey_photos.sha256"]
    ),
    Index(None, "survey_id", "sha256"),
)
