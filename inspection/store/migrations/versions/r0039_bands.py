"""Let jobs be urgent, remember what a survey was before, and keep lines; let a mosaic have bands.

The tables are written out here as they were released, apart from ``inspection.store.tables``, which
goes on changing.
"""

from alembic import op
from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
)

from inspection.store.columns import UtcDateTime

revision = "r0039_bands"
down_revision = "r0031_uploads"

RowNumber = BigInteger().with_variant(Integer, "sqlite")

tables = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Table("surveys", tables, Column("survey_id", Uuid, primary_key=True))
Table("jobs", tables, Column("job_id", Uuid, unique=True))

job_lines = Table(
    "job_lines",
    tables,
    Column("seq", RowNumber, primary_key=True),
    Column("line_id", Uuid, nullable=False, unique=True),
    Column("job_id", ForeignKey("jobs.job_id"), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("worker", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("level", Text, nullable=False),
    Column("message", Text, nullable=False),
    Index(None, "job_id", "seq"),
)

bands = Table(
    "bands",
    tables,
    Column("survey_id", ForeignKey("surveys.survey_id"), nullable=False),
    Column("input_digest", Text, nullable=False),
    Column("y0_px", Integer, nullable=False),
    Column("y1_px", Integer, nullable=False),
    Column("mosaic_sha256", Text, nullable=False),
    Column("model_id", Text, nullable=False),
    Column("planned_at", UtcDateTime, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("worker", Text, nullable=False),
    Column("lease_until", UtcDateTime),
    Column("chips_done", Integer, nullable=False),
    Column("chips_total", Integer, nullable=False),
    Column("chips_read", Integer, nullable=False),
    Column("seconds", Double, nullable=False),
    Column("blob_key", Text),
    PrimaryKeyConstraint("survey_id", "input_digest", "y0_px", "y1_px"),
)


def upgrade() -> None:
    """Add the columns and make the tables."""
    op.add_column("jobs", Column("priority", Integer, nullable=False, server_default="0"))
    op.add_column(
        "jobs", Column("survey_state_before", Text, nullable=False, server_default="created")
    )
    job_lines.create(op.get_bind(), checkfirst=False)
    bands.create(op.get_bind(), checkfirst=False)
