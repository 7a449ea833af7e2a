"""Two tables that the database keeps by itself: the defects of each survey, ready to be listed.

``survey_defects`` has one row for each defect that a survey saw, by the survey's own sighting, with
everything by which a reviewer filters and orders, and the box in which it lies.
``survey_revisions`` counts the transactions that changed what a survey shows. Triggers of the
migrations write both, whoever writes defects, ties, observations, grades and verdicts; nobody else
does. Like an index they hold nothing that could not be made again, so they are not part of
``tables``.

Keys that order are negative, so that every order rises and one comparison of rows finds a page.
"""

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

from inspection.store.tables import RowNumber, metadata

derived = MetaData(naming_convention=metadata.naming_convention)

survey_revisions = Table(
    "survey_revisions",
    derived,
    # the number of the survey is its third coordinate in the index of places
    Column("seq", RowNumber, primary_key=True),
    Column("survey_id", Uuid, nullable=False, unique=True),
    Column("revision", BigInteger, nullable=False),
    # the transaction that counted last, so that each counts once; PostgreSQL only
    Column("changed_by", Text),
)

survey_defects = Table(
    "survey_defects",
    derived,
    Column("seq", RowNumber, primary_key=True),
    Column("survey_id", Uuid, nullable=False),
    Column("survey_seq", Double, nullable=False),
    Column("defect_id", Uuid, nullable=False, index=True),
    Column("observation_id", Uuid, nullable=False, index=True),
    # CRS of the box; a local frame is that of one mosaic, which stands behind its name
    Column("frame", Text, nullable=False),
    # a person's class, else the machine's
    Column("damage_class", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("confidence", Double, nullable=False),
    Column("width_mm", Double),
    # the largest width that the picture allows; null for what has none, such as a pothole
    Column("width_most_mm", Double),
    # a person's letter, else the worst that the evidence allows; null where nobody knows
    Column("grade", Text),
    # 0 for candidates, 1 when somebody has decided
    Column("decided", Integer, nullable=False),
    # −(length², or area), m²
    Column("minus_size", Double, nullable=False),
    # −4·p·(1 − p): −1 where the detector knew nothing, 0 where it was sure
    Column("minus_uncertainty", Double, nullable=False),
    # −(uncertainty² · size)
    Column("minus_urgency", Double, nullable=False),
    Column("x0_m", Double, nullable=False),
    Column("y0_m", Double, nullable=False),
    Column("x1_m", Double, nullable=False),
    Column("y1_m", Double, nullable=False),
    UniqueConstraint("survey_id", "defect_id"),
    # with all that a wide tile asks, so that it need not look at the rows that it leaves out
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
            "grade",
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
        "grade",
    ),
)

NAMES = frozenset(derived.tables)
"""Names of the tables that are made, not kept."""
