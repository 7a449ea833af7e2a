"""Every table of Tenken, the same on SQLite and on PostgreSQL with PostGIS.

Tables are created by the migrations only; a test holds the two together. What the two engines do
differently (R*Tree or GiST, triggers) is written in the migrations and read in ``spatial``.

``seq`` counts rows in the order of their arrival. It is the row number that the R*Tree refers to
and the order of every page, so that no row is shown twice or left out while others arrive.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from inspection.store.columns import Json, LonLatGeometry, UtcDateTime
from inspection.store.scope import organisation_of_new_rows

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite numbers rows by itself only where the type is exactly INTEGER.
RowNumber = BigInteger().with_variant(Integer, "sqlite")

assets = Table(
    "assets",
    metadata,
    Column("asset_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("member", Text, nullable=False),
    Column("concrete", Text, nullable=False),
    Column("attributes", Json, nullable=False),
    # whose it is; everything else is owned through its asset (``ownership``)
    Column(
        "organisation_id",
        ForeignKey("organisations.organisation_id"),
        default=organisation_of_new_rows,
        index=True,
    ),
)

surveys = Table(
    "surveys",
    metadata,
    Column("survey_id", Uuid, primary_key=True),
    Column("asset_id", ForeignKey("assets.asset_id"), nullable=False, index=True),
    Column("surface", Text, nullable=False),
    Column("gsd_m_per_px", Double),
    Column("map_crs", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("state", Text, nullable=False),
    # when what it saw was known first; kept by ``steps.commit`` whatever is done again
    Column("known_at", UtcDateTime),
)

photos = Table(
    "photos",
    metadata,
    Column("sha256", Text, primary_key=True),
    Column("width_px", Integer, nullable=False),
    Column("height_px", Integer, nullable=False),
    Column("taken_at", UtcDateTime),
    Column("make", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("focal_mm", Double),
    Column("focal_35mm", Double),
    Column("focal_px", Double),
    Column("pose", Json),
)

survey_photos = Table(
    "survey_photos",
    metadata,
    Column("survey_id", ForeignKey("surveys.survey_id"), nullable=False),
    Column("sha256", ForeignKey("photos.sha256"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("quality", Json),
    # somebody has taken it out of the survey, for now; what was made with it still names it
    Column("left_out", Boolean),
    PrimaryKeyConstraint("survey_id", "sha256"),
)

rejections = Table(
    "rejections",
    metadata,
    Column("survey_id", ForeignKey("surveys.survey_id"), nullable=False),
    Column("file", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("sha256", Text),
    PrimaryKeyConstraint("survey_id", "file", "reason"),
)

orthomosaics = Table(
    "orthomosaics",
    metadata,
    Column("seq", RowNumber, primary_key=True),
    Column("survey_id", ForeignKey("surveys.survey_id"), nullable=False),
    Column("sha256", Text, nullable=False, index=True),
    Column("blob_key", Text, nullable=False),
    Column("sources_key", Text, nullable=False),
    Column("source_photos", Json, nullable=False),
    Column("surface_from_px", Json, nullable=False),
    Column("width_px", Integer, nullable=False),
    Column("height_px", Integer, nullable=False),
    Column("crs", Text, nullable=False),
    Column("gsd_uncertainty_ratio", Double, nullable=False),
    Column("georeferenced", Boolean, nullable=False),
    Column("facts", Json, nullable=False),
    Column("footprint_lonlat", LonLatGeometry),
    # of several mosaics of a survey the one that was worked with last
    Column("stands", Boolean),
    UniqueConstraint("survey_id", "sha256"),
)

observations = Table(
    "observations",
    metadata,
    Column("seq", RowNumber, primary_key=True),
    Column("observation_id", Uuid, nullable=False, unique=True),
    Column("survey_id", Uuid, nullable=False),
    Column("mosaic_sha256", Text, nullable=False),
    Column("damage_class", Text, nullable=False),
    Column("confidence", Double, nullable=False),
    Column("outline_surface", LargeBinary, nullable=False),
    Column("axis_surface", LargeBinary),
    Column("anchor_x_m", Double, nullable=False),
    Column("anchor_y_m", Double, nullable=False),
    Column("surface_crs", Text, nullable=False),
    Column("surface_x0_m", Double, nullable=False),
    Column("surface_y0_m", Double, nullable=False),
    Column("surface_x1_m", Double, nullable=False),
    Column("surface_y1_m", Double, nullable=False),
    Column("anchor_lonlat", LonLatGeometry),
    Column("outline_lonlat", LonLatGeometry),
    Column("west_deg", Double),
    Column("south_deg", Double),
    Column("east_deg", Double),
    Column("north_deg", Double),
    Column("box_px", Json, nullable=False),
    Column("photo_sha256s", Json, nullable=False),
    Column("measurement", Json, nullable=False),
    Column("model_id", Text, nullable=False),
    # which time of measuring its survey saw it last, counted from 1; None before that was counted
    Column("turn", Integer),
    ForeignKeyConstraint(
        ["survey_id", "mosaic_sha256"], ["orthomosaics.survey_id", "orthomosaics.sha256"]
    ),
    Index(None, "survey_id", "mosaic_sha256"),
)

defects = Table(
    "defects",
    metadata,
    Column("seq", RowNumber, primary_key=True),
    Column("defect_id", Uuid, nullable=False, unique=True),
    Column("asset_id", ForeignKey("assets.asset_id"), nullable=False, index=True),
    # machine values
    Column("damage_class", Text, nullable=False),
    Column(
        "latest_observation_id",
        ForeignKey("observations.observation_id"),
        nullable=False,
        index=True,
    ),
    # human values, written by reviews only
    Column("damage_class_reviewed", Text),
    Column("state", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False, index=True),
)

defect_observations = Table(
    "defect_observations",
    metadata,
    # the key is the observation alone: one sighting cannot count as two damages
    Column("observation_id", ForeignKey("observations.observation_id"), primary_key=True),
    Column("defect_id", ForeignKey("defects.defect_id"), nullable=False, index=True),
)

reviews = Table(
    "reviews",
    metadata,
    Column("seq", RowNumber, primary_key=True),
    Column("verdict_id", Uuid, nullable=False, unique=True),
    Column("defect_id", ForeignKey("defects.defect_id"), nullable=False, index=True),
    Column("action", Text, nullable=False),
    Column("reviewer", Text, nullable=False),
    Column("decided_at", UtcDateTime, nullable=False),
    Column("reason", Text),
    Column("damage_class", Text),
    Column("note", Text, nullable=False),
    Column("version_before", Integer, nullable=False),
    Column("version_after", Integer, nullable=False),
    Column("state_before", Text, nullable=False),
    Column("state_after", Text, nullable=False),
    Column("damage_class_reviewed_before", Text),
    Column("damage_class_reviewed_after", Text),
    # what the machine had said when the person decided; later machine values do not change it
    Column("evidence", Json, nullable=False),
)

grades = Table(
    "grades",
    metadata,
    Column("seq", RowNumber, primary_key=True),
    Column("survey_id", ForeignKey("surveys.survey_id"), nullable=False),
    Column("scheme", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("subject_id", Text, nullable=False),
    # machine values
    Column("candidate", Json, nullable=False),
    # human values
    Column("decided", Text),
    Column("decided_by", Text),
    # who that is, where people sign in; names change and are not unique
    Column("decided_account", Uuid),
    Column("decided_at", UtcDateTime),
    Column("note", Text, nullable=False),
    Column("version", Integer, nullable=False),
    UniqueConstraint("survey_id", "scheme", "subject", "subject_id"),
    Index(None, "survey_id", "subject_id"),
)

grade_decisions = Table(
    "grade_decisions",
    metadata,
    Column("seq", RowNumber, primary_key=True),
    Column("decision_id", Uuid, nullable=False, unique=True),
    Column("survey_id", Uuid, nullable=False),
    Column("scheme", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("subject_id", Text, nullable=False),
    Column("decided_before", Text),
    Column("decided_after", Text, nullable=False),
    # what the machine proposed when the person decided
    Column("candidate", Json, nullable=False),
    Column("decided_by", Text, nullable=False),
    Column("decided_account", Uuid),
    Column("decided_at", UtcDateTime, nullable=False),
    Column("note", Text, nullable=False),
    Column("version_before", Integer, nullable=False),
    ForeignKeyConstraint(
        ["survey_id", "scheme", "subject", "subject_id"],
        ["grades.survey_id", "grades.scheme", "grades.subject", "grades.subject_id"],
    ),
    Index(None, "survey_id", "scheme", "subject", "subject_id"),
)

work_lists = Table(
    "work_lists",
    metadata,
    Column("seq", RowNumber, primary_key=True),
    Column("work_list_id", Uuid, nullable=False, unique=True),
    Column("model", Text, nullable=False),
    Column("issued_at", UtcDateTime, nullable=False),
    Column("parameters", Json, nullable=False),
)

work_orders = Table(
    "work_orders",
    metadata,
    Column("work_list_id", ForeignKey("work_lists.work_list_id"), nullable=False),
    Column("rank", Integer, nullable=False),
    Column("asset_id", ForeignKey("assets.asset_id"), nullable=False, index=True),
    Column("survey_id", ForeignKey("surveys.survey_id"), index=True),
    Column("defect_id", ForeignKey("defects.defect_id"), index=True),
    Column("score", Double, nullable=False),
    Column("tier", Integer),
    Column("reasons", Json, nullable=False),
    PrimaryKeyConstraint("work_list_id", "rank"),
)

steps = Table(
    "steps",
    metadata,
    Column("survey_id", ForeignKey("surveys.survey_id"), nullable=False),
    Column("step", Text, nullable=False),
    Column("input_digest", Text, nullable=False),
    Column("result", Json, nullable=False),
    Column("seconds", Double, nullable=False),
    Column("peak_rss_mb", Double, nullable=False),
    Column("finished_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("survey_id", "step", "input_digest"),
)

ACTIVE_JOB = text("state IN ('queued', 'running', 'failed')")

jobs = Table(
    "jobs",
    metadata,
    Column("seq", RowNumber, primary_key=True),
    Column("job_id", Uuid, nullable=False, unique=True),
    Column("survey_id", ForeignKey("surveys.survey_id"), nullable=False, index=True),
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
    Column("priority", Integer, nullable=False),
    Column("survey_state_before", Text, nullable=False),
    Index(
        "uq_jobs_active_survey_id",
        "survey_id",
        unique=True,
        sqlite_where=ACTIVE_JOB,
        postgresql_where=ACTIVE_JOB,
    ),
    Index(None, "state", "due_at"),
)
