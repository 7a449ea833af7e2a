"""Add uploads that arrive in pieces.

The table is written out here as it was released, apart from ``inspection.store.tables``, which goes
on changing.
"""

from alembic import op
from sqlalchemy import BigInteger, Column, ForeignKey, MetaData, Table, Text, Uuid

from inspection.store.columns import Json, UtcDateTime

revision = "r0031_uploads"
down_revision = "r0008_programme_owner"

tables = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Table("surveys", tables, Column("survey_id", Uuid, primary_key=True))

uploads = Table(
    "uploads",
    tables,
    Column("upload_id", Uuid, primary_key=True),
    Column("survey_id", ForeignKey("surveys.survey_id"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("length_bytes", BigInteger, nullable=False),
    Column("offset_bytes", BigInteger, nullable=False),
    Column("parts", Json, nullable=False),
    Column("sha256_promised", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False, index=True),
    Column("state", Text, nullable=False),
    Column("sha256", Text),
    Column("reason", Text),
    Column("detail", Text, nullable=False),
)


def upgrade() -> None:
    """Make the table."""
    uploads.create(op.get_bind(), checkfirst=False)
