"""Add what workers can load, models that admins upload, trials, errands, and choices of models.

The tables are written out here as they were released, apart from ``inspection.store.tables``, which
goes on changing.
"""

from alembic import op
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
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

revision = "r0061_models"
down_revision = "r0052_edit"

RowNumber = BigInteger().with_variant(Integer, "sqlite")

tables = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Table("organisations", tables, Column("organisation_id", Text, primary_key=True))
Table("surveys", tables, Column("survey_id", Uuid, primary_key=True))
Table(
    "orthomosaics",
    tables,
    Column("survey_id", Uuid),
    Column("sha256", Text),
    UniqueConstraint("survey_id", "sha256"),
)

worker_models = Table(
    "worker_models",
    tables,
    Column("worker", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("card", Json, nullable=False),
    Column("fault", Text, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False, index=True),
    PrimaryKeyConstraint("worker", "key"),
)

own_models = Table(
    "own_models",
    tables,
    Column("seq", RowNumber, primary_key=True),
    Column("own_model_id", Uuid, nullable=False, unique=True),
    Column(
        "organisation_id",
        ForeignKey("organisations.organisation_id"),
        nullable=False,
    ),
    Column("name", Text, nullable=False),
    Column("described", Json, nullable=False),
    Column("uploaded_by", Text, nullable=False),
    Column("uploaded_at", UtcDateTime, nullable=False),
    Column("file_name", Text, nullable=False),
    Column("file_bytes", RowNumber, nullable=False),
    Column("file_sha256", Text, nullable=False),
    Column("file_key", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("network_key", Text, nullable=False),
    Column("mpx_per_s", Double),
    Column("dead", Json, nullable=False),
    Column("withdrawn_at", UtcDateTime),
    Index(None, "organisation_id", "name"),
)

errands = Table(
    "errands",
    tables,
    Column("seq", RowNumber, primary_key=True),
    Column("job_id", Uuid, nullable=False, unique=True),
    Column(
        "organisation_id",
        ForeignKey("organisations.organisation_id"),
        nullable=False,
    ),
    Column("subject_id", Uuid, nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("attempts_max", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("worker", Text, nullable=False),
    Column("heartbeat_at", UtcDateTime),
    Column("lease_until", UtcDateTime),
    Column("error", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("units_done", Integer, nullable=False),
    Column("units_total", Integer, nullable=False),
    Index(None, "state", "due_at"),
)

trials = Table(
    "trials",
    tables,
    Column("seq", RowNumber, primary_key=True),
    Column("trial_id", Uuid, nullable=False, unique=True),
    Column("survey_id", Uuid, nullable=False),
    Column("mosaic_sha256", Text, nullable=False),
    Column("window_px", Json, nullable=False),
    Column("whole", Boolean, nullable=False),
    Column("model_name", Text, nullable=False),
    Column("model_sha256", Text, nullable=False),
    Column("own_model_id", ForeignKey("own_models.own_model_id")),
    Column("asked_by", Text, nullable=False),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("figures", Json),
    Column("outlines_key", Text),
    ForeignKeyConstraint(
        ["survey_id", "mosaic_sha256"], ["orthomosaics.survey_id", "orthomosaics.sha256"]
    ),
    Index(None, "survey_id", "seq"),
)

model_defaults = Table(
    "model_defaults",
    tables,
    Column("organisation_id", ForeignKey("organisations.organisation_id"), primary_key=True),
    Column("model_name", Text, nullable=False),
    Column("model_sha256", Text, nullable=False),
    Column("own_model_id", ForeignKey("own_models.own_model_id")),
    Column("chosen_by", Text, nullable=False),
    Column("chosen_at", UtcDateTime, nullable=False),
)

survey_models = Table(
    "survey_models",
    tables,
    Column("survey_id", ForeignKey("surveys.survey_id"), primary_key=True),
    Column("model_name", Text, nullable=False),
    Column("model_sha256", Text, nullable=False),
    Column("own_model_id", ForeignKey("own_models.own_model_id")),
    Column("chosen_by", Text, nullable=False),
    Column("chosen_at", UtcDateTime, nullable=False),
)


def upgrade() -> None:
    """Make the tables."""
    made = [worker_models, own_models, errands, trials, model_defaults, survey_models]
    tables.create_all(op.get_bind(), tables=made, checkfirst=False)
