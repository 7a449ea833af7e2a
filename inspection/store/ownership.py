"""Say of every table whose its rows are: an organisation's, everybody's, or the gate's own.

A table that stands nowhere here cannot be reached through the API at all: ``tenancy`` refuses it,
and a test demands an entry for each. So a new table needs a decision, not luck.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    Alias,
    ColumnElement,
    FromClause,
    Select,
    Table,
    UniqueConstraint,
    and_,
    select,
)

from inspection.errors import Broken
from inspection.store.tables import metadata

ROOT = "assets"
"""The table through which nearly all others are owned; it names the organisation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Through:
    """Own a row through the row of another table: its ``column`` is the other's ``key``."""

    column: str
    parent: str
    key: str


ASSET = Through(column="asset_id", parent=ROOT, key="asset_id")
SURVEY = Through(column="survey_id", parent="surveys", key="survey_id")
DEFECT = Through(column="defect_id", parent="defects", key="defect_id")

OWNED: dict[str, Through | None] = {
    ROOT: None,
    "surveys": ASSET,
    "defects": ASSET,
    "work_orders": ASSET,
    "asset_sheets": ASSET,
    "road_sections": ASSET,
    "spans": ASSET,
    "elements": ASSET,
    "element_damages": ASSET,
    "closures": ASSET,
    "programmes": None,
    "programme_works": Through(column="programme", parent="programmes", key="name"),
    "emergency_reports": ASSET,
    "approvals": ASSET,
    "releases": ASSET,
    "release_events": ASSET,
    "measures": ASSET,
    "survey_photos": SURVEY,
    "privacy_screenings": SURVEY,
    "privacy_marks": SURVEY,
    "photo_removals": SURVEY,
    "rejections": SURVEY,
    "orthomosaics": SURVEY,
    "observations": SURVEY,
    "grades": SURVEY,
    "grade_decisions": SURVEY,
    "steps": SURVEY,
    "jobs": SURVEY,
    "job_lines": Through(column="job_id", parent="jobs", key="job_id"),
    "bands": SURVEY,
    "own_models": None,
    "errands": None,
    "trials": SURVEY,
    "model_defaults": None,
    "survey_models": SURVEY,
    "uploads": SURVEY,
    "defect_observations": DEFECT,
    "reviews": DEFECT,
    "edits": ASSET,
    "edit_shares": DEFECT,
}
"""Tables of organisations, with the way to the owner; None names its organisation itself."""

DERIVED: dict[str, Through] = {"survey_defects": SURVEY, "survey_revisions": SURVEY}
"""Tables that the database keeps by itself, with the way to the owner; nobody writes them."""

LISTS = "work_lists"
"""Owned by those of all its lines: a list with one line of somebody else is not shown."""

SHARED: dict[str, str] = {
    "photos": "known by content; reached only through survey_photos, which are owned",
    "snapshots": "open data: figures of frozen months, for everybody",
    "snapshot_files": "open data: the files of frozen months, for everybody",
    "retracted_pictures": "open data: names of pictures that were taken back, for everybody",
    "daily_figures": "open data: figures of days, for everybody",
    "snapshot_assets": "open data: the catalogue asks for the extent of the published ones",
    "observations_lonlat_rtree": "an index; it proposes row numbers of observations",
    "observations_surface_rtree": "an index; it proposes row numbers of observations",
    "survey_defects_rtree": "an index; it proposes row numbers of survey_defects",
}
"""Tables of everybody, with the reason."""

REFERENCE: dict[str, str] = {
    "priority_models": "what points mean: kept by the machine's owner, the same for everybody",
    "unit_costs": "price lists: kept by the machine's owner, the same for everybody",
    "worker_models": "what the machine's workers can load; an upload is an opaque identifier there",
    "transitions": "estimates of ageing: kept by the machine's owner, the same for everybody",
}
"""Tables that everybody who may plan reads, and that only commands write, with the reason."""

CLOSED: dict[str, str] = {
    "organisations": "read by the gate only",
    "accounts": "read by the gate only",
    "memberships": "read by the gate only",
    "sessions": "read by the gate only",
    "api_tokens": "read by the gate only",
    "sign_in_failures": "read by the gate only",
    "oidc_flows": "read by the gate only",
    "emergencies": "the planner's, reached by commands; no organisation owns one yet",
    "audit_log": "written when a transaction ends, read by commands",
    "audit_head": "written when a transaction ends, read by commands",
}
"""Tables that no statement with a scope may touch, with the reason."""


def named_table(source: FromClause) -> str:
    """Name the table behind a table or its alias."""
    if isinstance(source, Alias):
        return named_table(source.element)
    return str(getattr(source, "name", "?"))


def owned_by(source: FromClause, organisations: frozenset[str]) -> ColumnElement[bool] | None:
    """Build the condition that a row belongs to one of some organisations.

    Args:
        source: a table, or an alias of one.
        organisations: whose rows are wanted; an empty set matches none.

    Returns:
        the condition, None where rows belong to everybody.

    Raises:
        Broken: when the table is closed or nobody has said whose its rows are.
    """
    name = named_table(source)
    if name in SHARED or name in REFERENCE:
        return None
    if name == LISTS:
        return _all_lines_of(source, organisations)
    if name not in OWNED and name not in DERIVED:
        why = CLOSED.get(name, "nobody has said whose its rows are; name it in ownership.py")
        raise Broken(f"table {name!r} cannot be reached with a scope: {why}")
    way = DERIVED.get(name) or OWNED[name]
    if way is None:
        return source.c.organisation_id.in_(sorted(organisations))
    return source.c[way.column].in_(_keys_owned(way.parent, way.key, organisations))


@lru_cache(maxsize=4096)
def _keys_owned(parent: str, key: str, organisations: frozenset[str]) -> Select[Any]:
    """Select the keys of the rows of a table that belong to organisations.

    Built once for each set of organisations: it is the same in every statement, and costs more than
    all the rest. It names its table by an alias, for the statement may name the same table too, and
    would be tied to it.
    """
    table = metadata.tables[parent].alias()
    condition = owned_by(table, organisations)
    assert condition is not None
    return select(table.c[key]).where(condition)


def _all_lines_of(lists: FromClause, organisations: frozenset[str]) -> ColumnElement[bool]:
    """Build the condition that a work list has lines, and only lines of some organisations."""
    mine, other = metadata.tables["work_orders"].alias(), metadata.tables["work_orders"].alias()
    seen = owned_by(mine, organisations)
    belongs = owned_by(other, organisations)
    assert seen is not None and belongs is not None
    return and_(
        lists.c.work_list_id.in_(select(mine.c.work_list_id).where(seen)),
        lists.c.work_list_id.not_in(select(other.c.work_list_id).where(~belongs)),
    )


def check_writable(source: FromClause) -> None:
    """Check that a statement with a scope may change rows of a table at all.

    Raises:
        Broken: when the table is for reading only.
    """
    name = named_table(source)
    if name in REFERENCE:
        raise Broken(f"table {name!r} cannot be written with a scope: {REFERENCE[name]}")
    if name in DERIVED:
        raise Broken(f"table {name!r} is kept by the database itself; write what it follows from")


def natural_key(table: Table) -> tuple[str, ...]:
    """Name the columns by which a row is known before it is inserted.

    >>> from inspection.store.tables import jobs, survey_photos
    >>> natural_key(jobs), natural_key(survey_photos)
    (('job_id',), ('survey_id', 'sha256'))
    """
    primary = tuple(column.name for column in table.primary_key)
    if primary != ("seq",):
        return primary
    unique = [
        tuple(column.name for column in constraint.columns)
        for constraint in sorted(table.constraints, key=lambda one: str(one.name))
        if isinstance(constraint, UniqueConstraint)
    ]
    if not unique:
        raise Broken(f"table {table.name!r} has no key but its row number")
    return unique[0]
