"""Tables of the planner: models, prices, closures, programmes, and reports after a disaster.

Who reads or compares the metadata must import this module too; ``schema`` does. Reports of an
emergency are a history: the migration refuses to change or remove them.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
)

from inspection.store.columns import Json, UtcDateTime
from inspection.store.scope import organisation_of_new_rows
from inspection.store.tables import metadata

priority_models = Table(
    "priority_models",
    metadata,
    Column("model_id", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("content", Json, nullable=False),
    Column("note", Text, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("model_id", "version"),
)

unit_costs = Table(
    "unit_costs",
    metadata,
    Column("list_name", Text, nullable=False),
    Column("row_no", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("work", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("yen", Double, nullable=False),
    Column("kind", Text, nullable=False),
    Column("soundness", Json, nullable=False),
    Column("structure", Text, nullable=False),
    Column("overhead_percent", Double, nullable=False),
    Column("minimum_yen", Double, nullable=False),
    Column("asset_id", Text, nullable=False, index=True),
    PrimaryKeyConstraint("list_name", "row_no"),
)

transitions = Table(
    "transitions",
    metadata,
    Column("name", Text, primary_key=True),
    Column("matrix", Json, nullable=False),
    Column("evidence", Json, nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
)

closures = Table(
    "closures",
    metadata,
    Column("asset_id", ForeignKey("assets.asset_id"), primary_key=True),
    Column("network", Text, nullable=False),
    Column("detour_m", Double),
    Column("detour_min", Double),
    Column("severs", Boolean, nullable=False),
    Column("people", Double, nullable=False),
    Column("places", Json, nullable=False),
    Column("road_m", Double, nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
)

programmes = Table(
    "programmes",
    metadata,
    Column("name", Text, primary_key=True),
    Column("model", Text, nullable=False),
    Column("request", Json, nullable=False),
    Column("outcome", Json, nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    # who drew it up; its lines are owned through it (``ownership``)
    Column(
        "organisation_id",
        ForeignKey("organisations.organisation_id"),
        default=organisation_of_new_rows,
        index=True,
    ),
)

programme_works = Table(
    "programme_works",
    metadata,
    Column("programme", ForeignKey("programmes.name"), nullable=False),
    Column("asset_id", ForeignKey("assets.asset_id"), nullable=False, index=True),
    Column("task", Text, nullable=False),
    Column("rank", Integer, nullable=False),
    Column("tier", Integer, nullable=False),
    Column("score", Double, nullable=False),
    Column("fiscal_year", Integer),
    Column("work", Text, nullable=False),
    Column("cost_yen", BigInteger),
    Column("benefit", Double),
    Column("reason", Json, nullable=False),
    PrimaryKeyConstraint("programme", "asset_id", "task"),
)

emergencies = Table(
    "emergencies",
    metadata,
    Column("name", Text, primary_key=True),
    Column("hazard", Text, nullable=False),
    Column("area", Json),
    Column("began_at", UtcDateTime, nullable=False),
    Column("note", Text, nullable=False),
)

emergency_reports = Table(
    "emergency_reports",
    metadata,
    Column("report_id", Uuid, primary_key=True),
    Column("emergency", ForeignKey("emergencies.name"), nullable=False, index=True),
    Column("asset_id", ForeignKey("assets.asset_id"), nullable=False, index=True),
    Column("signal", Text, nullable=False),
    Column("reported_by", Text, nullable=False),
    Column("reported_at", UtcDateTime, nullable=False),
    Column("lon_deg", Double),
    Column("lat_deg", Double),
    Column("photos", Json, nullable=False),
    Column("note", Text, nullable=False),
)
