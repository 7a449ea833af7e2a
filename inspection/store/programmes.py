"""Keep programmes as they were drawn up: terms, outcome, and a line for every candidate."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from inspection.errors import Conflict, NotFound
from inspection.store.programme_tables import programme_works, programmes

HEAD = tuple(programmes.c[name] for name in ("name", "model", "request", "outcome", "made_at"))
"""What stands above the lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkLine:
    """Carry one line: a work of the programme, or a candidate that is not in it.

    Attributes:
        asset_id: the asset.
        task: ``repair``, or the work that a hard rule asks for.
        rank: by priority among all lines, from 1.
        tier: 0 emergency, 1 must, 2 competes.
        score: priority 0–100.
        fiscal_year: when; None when it is not in the programme.
        work: what; empty when it is not.
        cost_yen: what it costs; None when it is not.
        benefit: B; None when it is not.
        reason: ``code``, ``ja``, ``en``.
    """

    asset_id: str
    task: str
    rank: int
    tier: int
    score: float
    fiscal_year: int | None
    work: str
    cost_yen: int | None
    benefit: float | None
    reason: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptProgramme:
    """Carry a programme.

    Attributes:
        name: what people call it.
        model: priority model and version.
        request: terms and names of what it rests on, plain values.
        outcome: method, benefit, bound, spending, shortage and digests, plain values.
        made_at: when, aware UTC.
        lines: by rank.
    """

    name: str
    model: str
    request: dict[str, Any]
    outcome: dict[str, Any]
    made_at: datetime
    lines: tuple[WorkLine, ...]


def save(connection: Connection, programme: KeptProgramme, *, replace: bool = False) -> None:
    """Keep a programme.

    Args:
        connection: an open transaction.
        programme: the programme.
        replace: put it in the place of one of that name.

    Raises:
        Conflict: when there is one of that name already.
    """
    if _head(connection, programme.name) is not None:
        if not replace:
            raise Conflict(
                f"there is a programme {programme.name!r} already; choose another name, or "
                "--replace it"
            )
        for table, column in (
            (programme_works, programme_works.c.programme),
            (programmes, programmes.c.name),
        ):
            connection.execute(delete(table).where(column == programme.name))
    connection.execute(
        insert(programmes).values(
            name=programme.name,
            model=programme.model,
            request=programme.request,
            outcome=programme.outcome,
            made_at=programme.made_at,
        )
    )
    rows = [{"programme": programme.name, **asdict(line)} for line in programme.lines]
    if rows:
        connection.execute(insert(programme_works), rows)


def by_name(connection: Connection, name: str) -> KeptProgramme:
    """Read a programme with its lines.

    Raises:
        NotFound: when there is none of that name.
    """
    head = _head(connection, name)
    if head is None:
        known = ", ".join(one["name"] for one in heads(connection)) or "none yet"
        raise NotFound(f"there is no programme {name!r} (known: {known})")
    rows = connection.execute(
        select(programme_works)
        .where(programme_works.c.programme == name)
        .order_by(programme_works.c.rank)
    )
    lines = [{k: v for k, v in row._mapping.items() if k != "programme"} for row in rows]
    return KeptProgramme(**head, lines=tuple(WorkLine(**line) for line in lines))


def heads(connection: Connection) -> Sequence[dict[str, Any]]:
    """List the programmes without their lines, oldest first."""
    query = select(*HEAD).order_by(programmes.c.made_at, programmes.c.name)
    return [dict(row._mapping) for row in connection.execute(query)]


def _head(connection: Connection, name: str) -> dict[str, Any] | None:
    row = connection.execute(select(*HEAD).where(programmes.c.name == name)).one_or_none()
    return None if row is None else dict(row._mapping)
