"""Choose defects by whose they are, where they lie, what they are and when they changed.

What a page shows is read by ``defects`` (whole) or by ``placed`` (as a map shows them); which
defects are on it is said here, once.
"""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, select

from inspection.domain.defect import ReviewState
from inspection.domain.taxonomy import DamageClass
from inspection.errors import BadInput
from inspection.store import spatial
from inspection.store import tables as t
from inspection.store.queue_tables import survey_defects


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Say which defects are meant: those that meet every condition given.

    Attributes:
        asset_id: only defects of this asset.
        survey_id: only defects seen in this survey.
        bbox_lonlat: only defects whose latest outline meets ``west, south, east, north`` in degrees
            (west > east crosses the antimeridian); none that is not georeferenced.
        bbox_surface: only defects whose latest outline meets ``x0, y0, x1, y1`` in metres.
        surface_crs: only defects whose latest outline is in this CRS, or ``LOCAL``.
        classes: only these classes; a reviewed class outranks the machine's.
        states: only these states; without any, all but superseded defects.
        updated_after: only defects changed at this moment or later.
        updated_before: only defects changed at this moment or earlier.
    """

    asset_id: str | None = None
    survey_id: uuid.UUID | None = None
    bbox_lonlat: spatial.Box | None = None
    bbox_surface: spatial.Box | None = None
    surface_crs: str | None = None
    classes: Collection[DamageClass] = ()
    states: Collection[ReviewState] = ()
    updated_after: datetime | None = None
    updated_before: datetime | None = None

    def conditions(self, dialect: str) -> list[ColumnElement[bool]]:
        """Build the conditions on defects beside their latest observations.

        Raises:
            BadInput: when a box or a time is unusable.
        """
        conditions = [*self._whose(), *self._what(), *self._when()]
        if self.bbox_lonlat is not None:
            conditions.append(spatial.meets_lonlat(dialect, self.bbox_lonlat))
        if self.bbox_surface is not None:
            conditions.append(spatial.meets_surface(dialect, self.bbox_surface))
        return conditions

    def _whose(self) -> list[ColumnElement[bool]]:
        conditions: list[ColumnElement[bool]] = []
        if self.asset_id is not None:
            conditions.append(t.defects.c.asset_id == self.asset_id)
        if self.surface_crs is not None:
            conditions.append(t.observations.c.surface_crs == self.surface_crs)
        if self.survey_id is not None:
            c = survey_defects.c
            seen = select(c.defect_id).where(c.survey_id == self.survey_id)
            conditions.append(t.defects.c.defect_id.in_(seen))
        return conditions

    def _what(self) -> list[ColumnElement[bool]]:
        c = t.defects.c
        conditions: list[ColumnElement[bool]] = []
        if self.classes:
            shown = func.coalesce(c.damage_class_reviewed, c.damage_class)
            conditions.append(shown.in_([damage_class.value for damage_class in self.classes]))
        if self.states:
            conditions.append(c.state.in_([state.value for state in self.states]))
        else:
            conditions.append(c.state != ReviewState.SUPERSEDED.value)
        return conditions

    def _when(self) -> list[ColumnElement[bool]]:
        after, before = self.updated_after, self.updated_before
        for moment in (after, before):
            if moment is not None and moment.tzinfo is None:
                raise BadInput(f"time {moment.isoformat()} needs a time zone, such as Z for UTC")
        conditions: list[ColumnElement[bool]] = []
        if after is not None:
            conditions.append(t.defects.c.updated_at >= after)
        if before is not None:
            conditions.append(t.defects.c.updated_at <= before)
        return conditions


def beside_latest(*columns: Any) -> Select[Any]:  # noqa: ANN401 columns, tables and functions alike
    """Select from defects beside their latest observations."""
    return select(*columns).join_from(
        t.defects,
        t.observations,
        t.observations.c.observation_id == t.defects.c.latest_observation_id,
    )


def window(
    query: Select[Any], conditions: Sequence[ColumnElement[bool]], limit: int | None, offset: int
) -> Select[Any]:
    """Narrow a selection of defects to one page, in the order of their arrival."""
    return query.where(*conditions).order_by(t.defects.c.seq).limit(limit).offset(offset)


def total(
    connection: Connection,
    conditions: Sequence[ColumnElement[bool]],
    *,
    shown: int,
    limit: int,
    offset: int,
) -> int:
    """Say how many defects meet conditions, on all pages together.

    The last page says so by itself; they are counted only where there may be others.

    Args:
        connection: the transaction that read the page.
        conditions: of the page.
        shown: rows of the page.
        limit: most rows of the page.
        offset: rows left out before it.
    """
    if shown < limit and (shown > 0 or offset == 0):
        return offset + shown
    counted = beside_latest(func.count()).where(*conditions)
    return int(connection.execute(counted).scalar_one())
