"""Keep transition matrices that were estimated from an agency's own inspections."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from inspection.errors import NotFound
from inspection.store.programme_tables import transitions
from inspection.store.rows import add_or_replace


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptTransition:
    """Carry one estimate.

    Attributes:
        name: what people call it.
        matrix: rows of probabilities, one cycle of five years.
        evidence: counts, interval, prior and files behind it, plain values.
        made_at: when, aware UTC.
    """

    name: str
    matrix: list[list[float]]
    evidence: dict[str, Any]
    made_at: datetime


def save(connection: Connection, kept: KeptTransition) -> None:
    """Keep an estimate in the place of the one of that name."""
    row = {
        "name": kept.name,
        "matrix": kept.matrix,
        "evidence": kept.evidence,
        "made_at": kept.made_at,
    }
    add_or_replace(connection, transitions, [row], key=["name"])


def by_name(connection: Connection, name: str) -> KeptTransition:
    """Read one estimate.

    Raises:
        NotFound: when there is none of that name.
    """
    row = connection.execute(select(transitions).where(transitions.c.name == name)).one_or_none()
    if row is None:
        raise NotFound(f"there is no estimate {name!r}; make one with 'tenken programme estimate'")
    return KeptTransition(**row._mapping)
