"""The tables of models: what workers can load, what was uploaded, what was tried, who chose which.

They are in the metadata of ``tables``; see there what holds for all tables.
"""

from sqlalchemy import (
    Boolean,
    Column,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
)

from inspection.store.columns import Json, UtcDateTime
from inspection.store.scope import organisation_of_new_rows
from inspection.store.tables import RowNumber, metadata

worker_models = Table(
    "worker_models",
    metadata,
    Column("worker", Text, nullable=False),
    # the name of a file, or the identifier of an upload
    Column("key", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    # digest of what changes answers beside the network; empty for shipped models and uploads
    Column("answers", Text, nullable=False),
    Column("origin", Text, nullable=False),
    # what a card says in short: classes, thresholds, pixel sizes, licence; empty for uploads
    Column("card", Json, nullable=False),
    Column("fault", Text, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False, index=True),
    PrimaryKeyConstraint("worker", "key"),
)

own_models = Table(
    "own_models",
    metadata,
    Column("seq", RowNumber, primary_key=True),
    Column("own_model_id", Uuid, nullable=False, unique=True),
    Column(
        "organisation_id",
        ForeignKey("organisations.organisation_id"),
        nullable=False,
        default=organisation_of_new_rows,
    ),
    Column("name", Text, nullable=False),
    Column("described", Json, nullable=False),
    Column("uploaded_by", Text, nullable=False),
    Column("uploaded_at", UtcDateTime, nullable=False),
    # the file as it came; the key is empty before it came and after it was taken in
    Column("file_name", Text, nullable=False),
    Column("file_bytes", RowNumber, nullable=False),
    Column("file_sha256", Text, nullable=False),
    Column("file_key", Text, nullable=False),
    # the network that was made of it; empty until a worker has tried it
    Column("sha256", Text, nullable=False),
    Column("network_key", Text, nullable=False),
    Column("mpx_per_s", Double),
    Column("dead", Json, nullable=False),
    Column("withdrawn_at", UtcDateTime),
    Index(None, "organisation_id", "name"),
)

errands = Table(
    "errands",
    metadata,
    Column("seq", RowNumber, primary_key=True),
    Column("job_id", Uuid, nullable=False, unique=True),
    Column(
        "organisation_id",
        ForeignKey("organisations.organisation_id"),
        nullable=False,
        default=organisation_of_new_rows,
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
    metadata,
    Column("seq", RowNumber, primary_key=True),
    Column("trial_id", Uuid, nullable=False, unique=True),
    Column("survey_id", Uuid, nullable=False),
    Column("mosaic_sha256", Text, nullable=False),
    # x0 y0 x1 y1 px, half-open
    Column("window_px", Json, nullable=False),
    Column("whole", Boolean, nullable=False),
    Column("model_name", Text, nullable=False),
    Column("model_sha256", Text, nullable=False),
    Column("model_answers", Text, nullable=False),
    Column("own_model_id", ForeignKey("own_models.own_model_id")),
    Column("asked_by", Text, nullable=False),
    Column("asked_at", UtcDateTime, nullable=False),
    # null until a worker has done it
    Column("figures", Json),
    Column("outlines_key", Text),
    ForeignKeyConstraint(
        ["survey_id", "mosaic_sha256"], ["orthomosaics.survey_id", "orthomosaics.sha256"]
    ),
    Index(None, "survey_id", "seq"),
)

model_defaults = Table(
    "model_defaults",
    metadata,
    Column("organisation_id", ForeignKey("organisations.organisation_id"), primary_key=True),
    Column("model_name", Text, nullable=False),
    Column("model_sha256", Text, nullable=False),
    Column("model_answers", Text, nullable=False),
    Column("own_model_id", ForeignKey("own_models.own_model_id")),
    Column("chosen_by", Text, nullable=False),
    Column("chosen_at", UtcDateTime, nullable=False),
)

survey_models = Table(
    "survey_models",
    metadata,
    Column("survey_id", ForeignKey("surveys.survey_id"), primary_key=True),
    Column("model_name", Text, nullable=False),
    Column("model_sha256", Text, nullable=False),
    Column("model_answers", Text, nullable=False),
    Column("own_model_id", ForeignKey("own_models.own_model_id")),
    Column("chosen_by", Text, nullable=False),
    Column("chosen_at", UtcDateTime, nullable=False),
)
