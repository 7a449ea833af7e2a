# ruff: noqa: S608 the statements are written of names and words of this file only
"""Keep the defects of each survey ready to be listed, counted, and drawn.

The database does so by itself: triggers follow what is written into surveys, defects, ties and
observations, on both engines by the same statements. Tables and triggers are written out here as
they were released, apart from ``inspection.store.queue_tables``, which goes on changing.
"""

from alembic import op
from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)

revision = "r0047_scale"
down_revision = "r0039_bands"

RowNumber = BigInteger().with_variant(Integer, "sqlite")

tables = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Table(
    "survey_revisions",
    tables,
    Column("seq", RowNumber, primary_key=True),
    Column("survey_id", Uuid, nullable=False, unique=True),
    Column("revision", BigInteger, nullable=False),
    Column("changed_by", Text),
)

Table(
    "survey_defects",
    tables,
    Column("seq", RowNumber, primary_key=True),
    Column("survey_id", Uuid, nullable=False),
    Column("survey_seq", Double, nullable=False),
    Column("defect_id", Uuid, nullable=False, index=True),
    Column("observation_id", Uuid, nullable=False, index=True),
    Column("frame", Text, nullable=False),
    Column("damage_class", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("confidence", Double, nullable=False),
    Column("width_mm", Double),
    Column("width_most_mm", Double),
    Column("decided", Integer, nullable=False),
    Column("minus_size", Double, nullable=False),
    Column("minus_uncertainty", Double, nullable=False),
    Column("minus_urgency", Double, nullable=False),
    Column("x0_m", Double, nullable=False),
    Column("y0_m", Double, nullable=False),
    Column("x1_m", Double, nullable=False),
    Column("y1_m", Double, nullable=False),
    UniqueConstraint("survey_id", "defect_id"),
    Index(
        "ix_survey_defects_size",
        "survey_id",
        "minus_size",
        "defect_id",
        postgresql_include=[
            "seq",
            "frame",
            "damage_class",
            "state",
            "confidence",
            "width_most_mm",
            "x0_m",
            "y0_m",
            "x1_m",
            "y1_m",
        ],
    ),
    Index("ix_survey_defects_urgency", "survey_id", "decided", "minus_urgency", "defect_id"),
    Index(
        "ix_survey_defects_uncertainty", "survey_id", "decided", "minus_uncertainty", "defect_id"
    ),
    Index(
        "ix_survey_defects_choice",
        "survey_id",
        "damage_class",
        "state",
        "confidence",
        "width_most_mm",
    ),
)

NUMBER = {
    "postgresql": "CAST(o.measurement->'{0}'->>'{1}' AS double precision)",
    "sqlite": "json_extract(o.measurement, '$.{0}.{1}')",
}
"""How each engine reads a number of a measurement."""

COLUMNS = (
    "survey_id, survey_seq, defect_id, observation_id, frame, damage_class, state, version, "
    "confidence, width_mm, width_most_mm, decided, minus_size, minus_uncertainty, minus_urgency, "
    "x0_m, y0_m, x1_m, y1_m"
)

MACHINE = (
    "survey_seq",
    "observation_id",
    "frame",
    "confidence",
    "width_mm",
    "width_most_mm",
    "minus_size",
    "minus_uncertainty",
    "minus_urgency",
    "x0_m",
    "y0_m",
    "x1_m",
    "y1_m",
)
"""What a sighting says; the rest of a row is what is known of its defect."""

SHOWN = (
    "o.observation_id = COALESCE((SELECT p.observation_id "
    "FROM observations p WHERE p.observation_id = d.latest_observation_id "
    "AND p.survey_id = o.survey_id), (SELECT p.observation_id FROM defect_observations k "
    "JOIN observations p ON p.observation_id = k.observation_id "
    "WHERE k.defect_id = d.defect_id AND p.survey_id = o.survey_id "
    "ORDER BY p.seq DESC LIMIT 1))"
)
"""A survey shows the sighting by which the defect is known now, else its own last one."""

HUMAN = (
    "damage_class = COALESCE(new.damage_class_reviewed, new.damage_class), state = new.state, "
    "version = new.version, decided = CASE new.state WHEN 'candidate' THEN 0 ELSE 1 END"
)

SURE = "CASE WHEN q.confidence >= 1e-6 AND q.confidence <= 1 THEN q.confidence ELSE 0 END"
UNCERTAIN = f"(4 * ({SURE}) * (1 - ({SURE})))"

LENGTH_MOST_M, AREA_MOST_M2, WIDTH_MOST_MM, LEAST = "1e6", "1e12", "1e9", "1e-9"
"""Bounds of what is calculated with: an index must not refuse what the tables have taken, and
PostgreSQL refuses products that leave the range of its numbers at either end."""

PLACE = (
    "ST_MakeLine(ST_MakePoint(x0_m, y0_m, survey_seq), ST_MakePoint(x1_m, y1_m, survey_seq)) "
    "gist_geometry_ops_nd"
)
"""The diagonal of a defect's box at the height of its survey: surveys of local frames all lie at
the same place, and must not be searched together."""


def upgrade() -> None:
    """Make the tables, fill them, and let the database keep them."""
    connection = op.get_bind()
    engine = connection.dialect.name
    tables.create_all(connection, checkfirst=False)
    op.execute(
        "INSERT INTO survey_revisions (survey_id, revision) SELECT survey_id, 1 FROM surveys"
    )
    if engine == "sqlite":
        _make_r_tree()
    else:
        op.execute(f"CREATE INDEX gix_survey_defects_place ON survey_defects USING gist ({PLACE})")
    op.execute(see_all(engine))
    if engine == "sqlite":
        _follow_sqlite()
    else:
        _follow_postgresql()


def see(engine: str, which: str) -> str:
    """Write the statement that adds or renews the rows of some defects or ties, in place.

    What people decide is written by their own trigger. It may wait for this statement: a row that
    was deleted and inserted again would escape it.
    """
    # PostgreSQL keeps the plan that a trigger had while the tables were empty: it must not be left
    # the choice to read all rows in order to find the missing ones
    renewed = ", ".join(f"{name} = excluded.{name}" for name in MACHINE)
    old, new = (
        ", ".join(f"{row}.{name}" for name in MACHINE) for row in ("survey_defects", "excluded")
    )
    distinct = "IS NOT" if engine == "sqlite" else "IS DISTINCT FROM"
    return (
        f"{see_all(engine, which)} WHERE 1 = 1 ON CONFLICT (survey_id, defect_id) "
        f"DO UPDATE SET {renewed} WHERE ({old}) {distinct} ({new})"
    )


def see_all(engine: str, which: str = "1 = 1") -> str:
    """Write the statement that adds rows, for some defects or ties, where there are none yet."""
    number = NUMBER[engine].format
    # read once: PostgreSQL would parse the whole measurement again wherever a number is named
    fence = "OFFSET 0" if engine == "postgresql" else ""
    length, area = bounded("q.length_m", LENGTH_MOST_M), bounded("q.area_m2", AREA_MOST_M2)
    width, more = bounded("q.width_mm", WIDTH_MOST_MM), bounded("q.more_mm", WIDTH_MOST_MM)
    size = f"COALESCE(({length}) * ({length}), {area}, 0)"
    return (
        f"INSERT INTO survey_defects ({COLUMNS}) SELECT q.survey_id, q.number, q.defect_id, "
        "q.observation_id, q.frame, q.damage_class, q.state, q.version, q.confidence, "
        f"{width}, COALESCE(({width}) + COALESCE({more}, 0), q.limit_mm), "
        "CASE q.state WHEN 'candidate' THEN 0 ELSE 1 END, "
        f"-{size}, -{UNCERTAIN}, -{UNCERTAIN} * {UNCERTAIN} * {size}, q.x0, q.y0, q.x1, q.y1 "
        "FROM (SELECT o.survey_id, r.seq AS number, d.defect_id, o.observation_id, "
        "CASE o.surface_crs WHEN 'LOCAL' THEN 'LOCAL ' || o.mosaic_sha256 "
        "ELSE o.surface_crs END AS frame, "
        "COALESCE(d.damage_class_reviewed, d.damage_class) AS damage_class, d.state, d.version, "
        f"o.confidence, {number('length_m', 'value')} AS length_m, "
        f"{number('area_m2', 'value')} AS area_m2, {number('width_mm', 'value')} AS width_mm, "
        f"{number('width_mm', 'expanded_uncertainty')} AS more_mm, "
        f"{number('width_mm', 'limit')} AS limit_mm, o.surface_x0_m AS x0, o.surface_y0_m AS y0, "
        "o.surface_x1_m AS x1, o.surface_y1_m AS y1 "
        "FROM defect_observations l JOIN defects d ON d.defect_id = l.defect_id "
        "JOIN observations o ON o.observation_id = l.observation_id "
        "JOIN survey_revisions r ON r.survey_id = o.survey_id "
        f"WHERE {which} AND {SHOWN} {fence}) q"
    )


def bounded(number: str, most: str) -> str:
    """Write a number that is neither too large nor too small to be calculated with.

    >>> bounded("x", "9")
    'CASE WHEN x >= 9 THEN 9 WHEN x <= -9 THEN -9 WHEN ABS(x) < 1e-9 THEN 0 ELSE x END'
    """
    return (
        f"CASE WHEN {number} >= {most} THEN {most} WHEN {number} <= -{most} THEN -{most} "
        f"WHEN ABS({number}) < {LEAST} THEN 0 ELSE {number} END"
    )


def _moments(engine: str) -> dict[str, tuple[str, str]]:
    """Say what follows from what, by the name of the trigger: the moment, and the statements."""
    gone = (
        "DELETE FROM survey_defects WHERE defect_id = {0}.defect_id AND NOT EXISTS (SELECT 1 "
        "FROM defect_observations l JOIN defects d ON d.defect_id = l.defect_id "
        "JOIN observations o ON o.observation_id = l.observation_id "
        "WHERE l.defect_id = survey_defects.defect_id AND o.survey_id = survey_defects.survey_id "
        f"AND {SHOWN}); "
    )
    again = see(engine, "d.defect_id = {0}.defect_id") + "; "
    return {
        "survey_counted": (
            "INSERT ON surveys",
            "INSERT INTO survey_revisions (survey_id, revision) VALUES (new.survey_id, 1);",
        ),
        "defect_tied": ("INSERT ON defect_observations", again.format("new")),
        "defect_tied_anew": (
            "UPDATE ON defect_observations",
            (gone + again).format("old") + (gone + again).format("new"),
        ),
        "defect_untied": ("DELETE ON defect_observations", (gone + again).format("old")),
        "defect_decided": (
            "UPDATE OF damage_class, damage_class_reviewed, state, version ON defects",
            f"UPDATE survey_defects SET {HUMAN} WHERE defect_id = new.defect_id;",
        ),
        "defect_seen_anew": (
            "UPDATE OF latest_observation_id ON defects",
            again.format("new"),
        ),
        "observation_replaced": (
            "UPDATE ON observations",
            see(
                engine,
                "l.observation_id = new.observation_id AND d.defect_id = (SELECT t.defect_id "
                "FROM defect_observations t WHERE t.observation_id = new.observation_id)",
            )
            + ";",
        ),
    }


def _follow_sqlite() -> None:
    for name, (moment, statements) in _moments("sqlite").items():
        op.execute(f"CREATE TRIGGER tenken_{name} AFTER {moment} BEGIN {statements} END")
    for moment, row in (("INSERT", "new"), ("UPDATE", "new"), ("DELETE", "old")):
        op.execute(
            f"CREATE TRIGGER tenken_count_{moment.lower()} AFTER {moment} ON survey_defects BEGIN "
            f"UPDATE survey_revisions SET revision = revision + 1 "
            f"WHERE survey_id = {row}.survey_id; END"
        )


def _make_r_tree() -> None:
    """Keep an R*Tree beside the rows; its first dimension is the number of the survey."""
    box = ("survey_seq", "survey_seq", "x0_m", "x1_m", "y0_m", "y1_m")
    added = (
        f"INSERT INTO survey_defects_rtree VALUES (new.seq, {', '.join(f'new.{c}' for c in box)});"
    )
    removed = "DELETE FROM survey_defects_rtree WHERE seq = old.seq;"
    op.execute("CREATE VIRTUAL TABLE survey_defects_rtree USING rtree(seq, n0, n1, x0, x1, y0, y1)")
    for moment, actions in (
        ("INSERT", added),
        (f"UPDATE OF seq, {', '.join(sorted(set(box)))}", removed + added),
        ("DELETE", removed),
    ):
        op.execute(
            f"CREATE TRIGGER survey_defects_rtree_{moment.split()[0].lower()} AFTER {moment} "
            f"ON survey_defects BEGIN {actions} END"
        )


def _follow_postgresql() -> None:
    for name, (moment, statements) in _moments("postgresql").items():
        op.execute(
            f"CREATE FUNCTION tenken_{name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"{statements} RETURN NULL; END $$"
        )
        op.execute(
            f"CREATE TRIGGER tenken_{name} AFTER {moment} FOR EACH ROW EXECUTE FUNCTION "
            f"tenken_{name}()"
        )
    # counted when the transaction ends: whoever counts holds the number until then, and a person
    # who decides shall not wait for another one's whole transaction
    op.execute(
        "CREATE FUNCTION tenken_count() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE "
        "me text := txid_current() || ' ' || transaction_timestamp(); BEGIN "
        "UPDATE survey_revisions SET revision = revision + 1, changed_by = me "
        "WHERE survey_id = COALESCE(new.survey_id, old.survey_id) "
        "AND changed_by IS DISTINCT FROM me; RETURN NULL; END $$"
    )
    op.execute(
        "CREATE CONSTRAINT TRIGGER tenken_count AFTER INSERT OR UPDATE OR DELETE ON survey_defects "
        "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION tenken_count()"
    )
