"""The tables beside ``jobs``: their lines, and bands of mosaics that several workers share."""

from sqlalchemy import (
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
)

from inspection.store.columns import UtcDateTime
from inspection.store.tables import RowNumber, metadata

job_lines = Table(
    "job_lines",
    metadata,
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
    metadata,
    Column("survey_id", ForeignKey("surveys.survey_id"), nullable=False),
    # of the step that wants them, so that a worker of another version takes none
    Column("input_digest", Text, nullable=False),
    Column("y0_px", Integer, nullable=False),
    Column("y1_px", Integer, nullable=False),
    Column("mosaic_sha256", Text, nullable=False),
    Column("model_id", Text, nullable=False),
    Column("planned_at", UtcDateTime, nullable=False),
    # how often it was taken; the ticket of the worker that holds it
    Column("attempt", Integer, nullable=False),
    Column("worker", Text, nullable=False),
    Column("lease_until", UtcDateTime),
    Column("chips_done", Integer, nullable=False),
    Column("chips_total", Integer, nullable=False),
    Column("chips_read", Integer, nullable=False),
    Column("seconds", Double, nullable=False),
    # set when it is finished
    Column("blob_key", Text),
    PrimaryKeyConstraint("survey_id", "input_digest", "y0_px", "y1_px"),
)
