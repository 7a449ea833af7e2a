# ruff: noqa: S608 the statements are written of names and words of this file only
"""Let the queue know grades, inspections be sent back, and photos be taken out of surveys.

A defect's grade there is what a person decided last, else the worst letter that the evidence
allows, else none. Triggers of its own keep the column; those of ``r0047_scale`` stay as they are.
Decisions on grades name the account, and a release what was sent back. A photo that was taken out
keeps its row, by which its blob is kept; who did so and why is a history that refuses changes.
"""

from alembic import op
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
)

from inspection.store.columns import Json, UtcDateTime

revision = "r0062_desks"
down_revision = "r0067_mend"

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

photo_removals = Table(
    "photo_removals",
    tables,
    Column("seq", RowNumber, primary_key=True),
    Column("event_id", Uuid, nullable=False, unique=True),
    Column("survey_id", Uuid, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("decided_by", Text, nullable=False),
    Column("decided_account", Uuid),
    Column("decided_at", UtcDateTime, nullable=False),
    ForeignKeyConstraint(
        ["survey_id", "sha256"], ["survey_photos.survey_id", "survey_photos.sha256"]
    ),
    Index(None, "survey_id", "sha256"),
)

QUEUE, CHOICE = "ix_survey_defects_size", "ix_survey_defects_choice"
TOLD = ["seq", "frame", "damage_class", "state", "confidence", "width_most_mm", "grade"]
BOX = ["x0_m", "y0_m", "x1_m", "y1_m"]

WORST = {
    "postgresql": "g.candidate->'candidates'->>-1",
    "sqlite": "json_extract(g.candidate, '$.candidates[#-1]')",
}
"""How each engine reads the last letter of a candidate: letters rise."""

NAME_OF = {
    "postgresql": "CAST({0}.defect_id AS text)",
    "sqlite": "substr({0}.defect_id, 1, 8) || '-' || substr({0}.defect_id, 9, 4) || '-' || "
    "substr({0}.defect_id, 13, 4) || '-' || substr({0}.defect_id, 17, 4) || '-' || "
    "substr({0}.defect_id, 21)",
}
"""How each engine writes the identifier of a defect as grades have it."""

NAMED_BY = {
    "postgresql": "CASE WHEN {0}.subject_id ~ "
    "'^[0-9a-f]{{8}}(-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}$' THEN CAST({0}.subject_id AS uuid) END",
    "sqlite": "replace({0}.subject_id, '-', '')",
}
"""How each engine reads it back; what is no identifier of a defect names none."""


def upgrade() -> None:
    """Add the columns; fill that of the queue, and let the database keep it."""
    engine = op.get_bind().dialect.name
    for table in ("grades", "grade_decisions"):
        op.add_column(table, Column("decided_account", Uuid))
    op.add_column("releases", Column("record_sha256", Text))
    op.add_column("release_events", Column("record", Json))
    op.add_column("release_events", Column("record_sha256", Text))
    _take_out(engine)
    _know_grades(engine)


def _take_out(engine: str) -> None:
    """Add what says that a photo is left out, and the history, which refuses changes."""
    op.add_column("survey_photos", Column("left_out", Boolean))
    photo_removals.create(op.get_bind(), checkfirst=False)
    if engine == "postgresql":
        # tenken_refuse was made by the first migration
        op.execute(
            "CREATE TRIGGER photo_removals_refuse BEFORE UPDATE OR DELETE OR TRUNCATE "
            "ON photo_removals FOR EACH STATEMENT EXECUTE FUNCTION tenken_refuse()"
        )
    for moment in () if engine == "postgresql" else ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER photo_removals_refuse_{moment.lower()} BEFORE {moment} "
            "ON photo_removals BEGIN SELECT RAISE(ABORT, "
            "'rows of photo_removals are never changed or removed'); END"
        )


def _know_grades(engine: str) -> None:
    op.add_column("survey_defects", Column("grade", Text))
    op.create_index("ix_grades_survey_id_subject_id", "grades", ["survey_id", "subject_id"])
    op.drop_index(QUEUE, "survey_defects")
    op.drop_index(CHOICE, "survey_defects")
    order = ["survey_id", "minus_size", "defect_id"]
    op.create_index(QUEUE, "survey_defects", order, postgresql_include=[*TOLD, *BOX])
    narrowed = ["survey_id", "damage_class", "state", "confidence", "width_most_mm", "grade"]
    op.create_index(CHOICE, "survey_defects", narrowed)
    op.execute(known_all(engine))
    if engine == "sqlite":
        _follow_sqlite()
    else:
        _follow_postgresql()


def known(engine: str, survey: str, subject: str) -> str:
    """Write the expression of the grade that a survey knows of a defect."""
    return (
        f"(SELECT COALESCE(g.decided, {WORST[engine]}) FROM grades g WHERE g.survey_id = {survey} "
        f"AND g.subject = 'defect' AND g.subject_id = {subject} "
        "ORDER BY CASE WHEN g.decided IS NULL THEN 1 ELSE 0 END, g.decided_at DESC, g.seq DESC "
        "LIMIT 1)"
    )


def known_all(engine: str) -> str:
    """Write the statement that fills the column of all rows."""
    name = NAME_OF[engine].format("survey_defects")
    grade = known(engine, "survey_defects.survey_id", name)
    return (
        f"UPDATE survey_defects SET grade = {grade} WHERE EXISTS (SELECT 1 FROM grades g "
        f"WHERE g.survey_id = survey_defects.survey_id AND g.subject_id = {name})"
    )


def known_anew(engine: str, row: str) -> str:
    """Write the statement that follows a row of ``grades``."""
    grade = known(engine, f"{row}.survey_id", f"{row}.subject_id")
    distinct = "IS NOT" if engine == "sqlite" else "IS DISTINCT FROM"
    return (
        f"UPDATE survey_defects SET grade = {grade} WHERE survey_id = {row}.survey_id "
        f"AND defect_id = {NAMED_BY[engine].format(row)} AND grade {distinct} {grade};"
    )


MOMENTS = {
    "grade_proposed": ("INSERT", "new"),
    "grade_changed": ("UPDATE OF decided, decided_at, candidate", "new"),
    "grade_gone": ("DELETE", "old"),
}


def _follow_sqlite() -> None:
    for name, (moment, row) in MOMENTS.items():
        op.execute(
            f"CREATE TRIGGER tenken_{name} AFTER {moment} ON grades "
            f"WHEN {row}.subject = 'defect' BEGIN {known_anew('sqlite', row)} END"
        )
    grade = known("sqlite", "new.survey_id", NAME_OF["sqlite"].format("new"))
    op.execute(
        "CREATE TRIGGER tenken_grade_known AFTER INSERT ON survey_defects BEGIN UPDATE "
        f"survey_defects SET grade = {grade} WHERE seq = new.seq AND {grade} IS NOT NULL; END"
    )


def _follow_postgresql() -> None:
    for name, (moment, row) in MOMENTS.items():
        op.execute(
            f"CREATE FUNCTION tenken_{name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"{known_anew('postgresql', row)} RETURN NULL; END $$"
        )
        op.execute(
            f"CREATE TRIGGER tenken_{name} AFTER {moment} ON grades FOR EACH ROW "
            f"WHEN ({row}.subject = 'defect') EXECUTE FUNCTION tenken_{name}()"
        )
    grade = known("postgresql", "new.survey_id", NAME_OF["postgresql"].format("new"))
    op.execute(
        "CREATE FUNCTION tenken_grade_known() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"new.grade = {grade}; RETURN new; END $$"
    )
    op.execute(
        "CREATE TRIGGER tenken_grade_known BEFORE INSERT ON survey_defects FOR EACH ROW "
        "EXECUTE FUNCTION tenken_grade_known()"
    )
