"""Add what detectors and people say about the privacy of photos.

The tables are written out here as they were released, apart from ``inspection.store.tables``, which
goes on changing. All are histories that refuse changes and removals by themselves.
"""

from alembic import op
from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)

from inspection.store.columns import Json, UtcDateTime

revision = "r0064_prod"
down_revision = "r0062_desks"

RowNumber = BigInteger().with_variant(Integer, "sqlite")

tables = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Table(
    "survey_photos",
    tables,
    Column("survey_id", Uuid),
    Column("sha256", Text),
    PrimaryKeyConstraint("survey_id", "sha256"),
)

privacy_screenings = Table(
    "privacy_screenings",
    tables,
    Column("seq", RowNumber, primary_key=True),
    Column("survey_id", Uuid, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("detector_id", Text, nullable=False),
    Column("width_px", Integer, nullable=False),
    Column("height_px", Integer, nullable=False),
    Column("areas", Json, nullable=False),
    Column("screened_at", UtcDateTime, nullable=False),
    UniqueConstraint("survey_id", "sha256", "detector_id"),
    ForeignKeyConstraint(
        ["survey_id", "sha256"], ["survey_photos.survey_id", "survey_photos.sha256"]
    ),
)

privacy_marks = Table(
    "privacy_marks",
    tables,
    Column("seq", RowNumber, primary_key=True),
    Column("mark_id", Uuid, nullable=False, unique=True),
    Column("survey_id", Uuid, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("area", Json),
    Column("marked_by", Text, nullable=False),
    Column("marked_at", UtcDateTime, nullable=False),
    Column("why", Text, nullable=False),
    Index(None, "survey_id", "sha256"),
    ForeignKeyConstraint(
        ["survey_id", "sha256"], ["survey_photos.survey_id", "survey_photos.sha256"]
    ),
)

retracted_pictures = Table(
    "retracted_pictures",
    tables,
    Column("name", Text, primary_key=True),
    Column("retracted_at", UtcDateTime, nullable=False),
)

HISTORIES = ("privacy_screenings", "privacy_marks", "retracted_pictures")
"""Tables whose rows are never changed or removed."""


def upgrade() -> None:
    """Make the tables, and refuse to change them."""
    connection = op.get_bind()
    made = [privacy_screenings, privacy_marks, retracted_pictures]
    tables.create_all(connection, tables=made, checkfirst=False)
    for table in HISTORIES:
        if connection.dialect.name == "postgresql":
            # tenken_refuse was made by the first migration
            op.execute(
                f"CREATE TRIGGER {table}_refuse BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION tenken_refuse()"
            )
            continue
        for moment in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_refuse_{moment.lower()} BEFORE {moment} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, 'rows of {table} are never changed or removed'); END"
            )
