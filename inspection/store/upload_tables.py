"""The table of uploads that arrive in pieces; see ``tables`` for what holds for all tables."""

from sqlalchemy import BigInteger, Column, ForeignKey, Table, Text, Uuid

from inspection.store.columns import Json, UtcDateTime
from inspection.store.tables import metadata

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
