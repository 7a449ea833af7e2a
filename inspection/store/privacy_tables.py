"""Tables of what must not be seen in photos, in the metadata of ``tables``.

Who reads or compares the metadata must import this module too; ``schema`` does. All are histories:
what a detector found once is blurred for ever, and so is what a person added.
"""

from sqlalchemy import (
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)

from inspection.store.columns import Json, UtcDateTime
from inspection.store.tables import RowNumber, metadata

privacy_screenings = Table(
    "privacy_screenings",
    metadata,
    Column("seq", RowNumber, primary_key=True),
    Column("survey_id", Uuid, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("detector_id", Text, nullable=False),
    Column("width_px", Integer, nullable=False),
    Column("height_px", Integer, nullable=False),
    # what the detector found: kind, box, score
    Column("areas", Json, nullable=False),
    Column("screened_at", UtcDateTime, nullable=False),
    UniqueConstraint("survey_id", "sha256", "detector_id"),
    Index(None, "sha256"),
    ForeignKeyConstraint(
        ["survey_id", "sha256"], ["survey_photos.survey_id", "survey_photos.sha256"]
    ),
)

privacy_marks = Table(
    "privacy_marks",
    metadata,
    Column("seq", RowNumber, primary_key=True),
    Column("mark_id", Uuid, nullable=False, unique=True),
    Column("survey_id", Uuid, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("area", Json),
    Column("marked_by", Text, nullable=False),
    Column("marked_at", UtcDateTime, nullable=False),
    Column("why", Text, nullable=False),
    # which blurred picture was cleared; null of other marks, and of what was cleared before
    Column("looked", Text),
    Index(None, "survey_id", "sha256"),
    Index(None, "sha256"),
    ForeignKeyConstraint(
        ["survey_id", "sha256"], ["survey_photos.survey_id", "survey_photos.sha256"]
    ),
)

retracted_pictures = Table(
    "retracted_pictures",
    metadata,
    Column("name", Text, primary_key=True),
    Column("retracted_at", UtcDateTime, nullable=False),
)
