"""Make the first tables.

The tables are written out here as they were released, apart from ``inspection.store.tables``, which
goes on changing. Below them stands what the two engines do differently: what finds a place quickly,
and what keeps history from being changed.
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

revision = "0001"
down_revision = None

tables = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite numbers rows by itself only where the type is exactly INTEGER.
RowNumber = BigInteger().with_variant(Integer, "sqlite")

Table(
    "assets",
    tables,
    Column("asset_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("member", Text, nullable=False),
    Column("concrete", Text, nullable=False),
    Column("attributes", Json, nullable=False),
)

Table(
    "surveys",
    tables,
    Column("survey_id", Uuid, primary_key=True),
    Column("asset_id", ForeignKey("assets.asset_id"), nullable=False, index=True),
    Column("surface", Text, nullable=False),
    Column("gsd_m_per_px", Double),
    Column("map_crs", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("state", Text, nullable=False),
)

Table(
    "photos",
    tables,
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

Table(
    "survey_photos",
    tables,
    Column("survey_id", ForeignKey("surveys.survey_id"), nullable=False),
    Column("sha256", ForeignKey("photos.sha256"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("quality", Json),
    PrimaryKeyConstraint("survey_id", "sha256"),
)

Table(
    "rejections",
    tables,
    Column("survey_id", ForeignKey("surveys.survey_id"), nullable=False),
    Column("file", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("detail", Text, nullable=False),
    PrimaryKeyConstraint("survey_id", "file", "reason"),
)

Table(
    "orthomosaics",
    tables,
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
    UniqueConstraint("survey_id", "sha256"),
)

Table(
    "observations",
    tables,
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
    ForeignKeyConstraint(
        ["survey_id", "mosaic_sha256"], ["orthomosaics.survey_id", "orthomosaics.sha256"]
    ),
    Index(None, "survey_id", "mosaic_sha256"),
)

Table(
    "defects",
    tables,
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

Table(
    "defect_observations",
    tables,
    # the key is the observation alone: one sighting cannot count as two damages
    Column("observation_id", ForeignKey("observations.observation_id"), primary_key=True),
    Column("defect_id", ForeignKey("defects.defect_id"), nullable=False, index=True),
)

Table(
    "reviews",
    tables,
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

Table(
    "grades",
    tables,
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
    Column("decided_at", UtcDateTime),
    Column("note", Text, nullable=False),
    Column("version", Integer, nullable=False),
    UniqueConstraint("survey_id", "scheme", "subject", "subject_id"),
)

Table(
    "grade_decisions",
    tables,
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
    Column("decided_at", UtcDateTime, nullable=False),
    Column("note", Text, nullable=False),
    Column("version_before", Integer, nullable=False),
    ForeignKeyConstraint(
        ["survey_id", "scheme", "subject", "subject_id"],
        ["grades.survey_id", "grades.scheme", "grades.subject", "grades.subject_id"],
    ),
    Index(None, "survey_id", "scheme", "subject", "subject_id"),
)

Table(
    "work_lists",
    tables,
    Column("seq", RowNumber, primary_key=True),
    Column("work_list_id", Uuid, nullable=False, unique=True),
    Column("model", Text, nullable=False),
    Column("issued_at", UtcDateTime, nullable=False),
    Column("parameters", Json, nullable=False),
)

Table(
    "work_orders",
    tables,
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

Table(
    "steps",
    tables,
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

Table(
    "jobs",
    tables,
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
    Index(
        "uq_jobs_active_survey_id",
        "survey_id",
        unique=True,
        sqlite_where=ACTIVE_JOB,
        postgresql_where=ACTIVE_JOB,
    ),
    Index(None, "state", "due_at"),
)

HISTORIES = ("reviews", "grade_decisions", "work_lists", "work_orders")
"""Tables whose rows are never changed or removed."""

R_TREES = {
    "observations_surface_rtree": ("surface_x0_m", "surface_x1_m", "surface_y0_m", "surface_y1_m"),
    "observations_lonlat_rtree": ("west_deg", "east_deg", "south_deg", "north_deg"),
}
"""R*Trees by name, with the columns of ``observations`` that bound an outline."""

GIST = {
    "gix_observations_outline_lonlat": "observations USING gist (outline_lonlat)",
    "gix_orthomosaics_footprint_lonlat": "orthomosaics USING gist (footprint_lonlat)",
    "gix_observations_surface_box": (
        "observations USING gist (box(point(surface_x0_m, surface_y0_m), "
        "point(surface_x1_m, surface_y1_m)))"
    ),
}
"""GiST indexes by name, with what they index."""


def upgrade() -> None:
    """Make the first tables."""
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        tables.create_all(connection, checkfirst=False)
        _make_r_trees()
        _guard_histories_sqlite()
        return
    # asked first: where an administrator has added PostGIS, we need no privilege to do so
    if (
        connection.exec_driver_sql(
            "SELECT 1 FROM pg_extension WHERE extname = 'postgis'"
        ).one_or_none()
        is None
    ):
        op.execute("CREATE EXTENSION postgis")
    tables.create_all(connection, checkfirst=False)
    for name, what in GIST.items():
        op.execute(f"CREATE INDEX {name} ON {what}")
    _guard_histories_postgresql()


def _make_r_trees() -> None:
    """Keep an R*Tree beside the observations, whoever writes them."""
    for tree, columns in R_TREES.items():
        added = f"INSERT INTO {tree} SELECT new.seq, {', '.join(f'new.{c}' for c in columns)}"
        added += f" WHERE new.{columns[0]} IS NOT NULL;"
        removed = f"DELETE FROM {tree} WHERE seq = old.seq;"  # noqa: S608 names from above
        op.execute(f"CREATE VIRTUAL TABLE {tree} USING rtree(seq, x0, x1, y0, y1)")
        for moment, actions in {
            "INSERT": added,
            f"UPDATE OF seq, {', '.join(columns)}": f"{removed} {added}",
            "DELETE": removed,
        }.items():
            name = f"{tree}_{moment.split()[0].lower()}"
            op.execute(f"CREATE TRIGGER {name} AFTER {moment} ON observations BEGIN {actions} END")


def _guard_histories_sqlite() -> None:
    """Refuse to change or remove rows of the histories."""
    for table in HISTORIES:
        for moment in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_refuse_{moment.lower()} BEFORE {moment} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, 'rows of {table} are never changed or removed'); END"
            )


def _guard_histories_postgresql() -> None:
    """Refuse to change or remove rows of the histories."""
    op.execute(
        "CREATE FUNCTION tenken_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE EXCEPTION 'rows of % are never changed or removed', TG_TABLE_NAME "
        "USING ERRCODE = 'restrict_violation'; END $$"
    )
    for table in HISTORIES:
        op.execute(
            f"CREATE TRIGGER {table}_refuse BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION tenken_refuse()"
        )
