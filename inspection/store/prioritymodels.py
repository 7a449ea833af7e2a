"""Keep priority models that people define; a version that is there is never changed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from inspection.errors import Conflict, NotFound
from inspection.store.programme_tables import priority_models


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptModel:
    """Carry one version of a model.

    Attributes:
        model_id: its name.
        version: changes with every change of the content.
        content: the code-list as plain values, head included.
        note: why it was made, such as the judgements behind its weights.
        made_by: who made it.
        made_at: when, aware UTC.
    """

    model_id: str
    version: str
    content: dict[str, Any]
    note: str
    made_by: str
    made_at: datetime


def save(connection: Connection, model: KeptModel) -> None:
    """Keep a version; the same content twice counts once.

    Raises:
        Conflict: when the version is there with another content.
    """
    found = [m for m in versions(connection, model.model_id) if m.version == model.version]
    if found and found[0].content != model.content:
        raise Conflict(
            f"priority model {model.model_id!r} has a version {model.version} with another "
            "content; a version is never changed, give the model a new one"
        )
    if not found:
        connection.execute(
            insert(priority_models).values(
                model_id=model.model_id,
                version=model.version,
                content=model.content,
                note=model.note,
                made_by=model.made_by,
                made_at=model.made_at,
            )
        )


def versions(connection: Connection, model_id: str | None = None) -> tuple[KeptModel, ...]:
    """List the versions of a model, or of all models, oldest first."""
    c = priority_models.c
    query = select(priority_models).order_by(c.model_id, c.made_at, c.version)
    if model_id is not None:
        query = query.where(c.model_id == model_id)
    return tuple(KeptModel(**row._mapping) for row in connection.execute(query))


def by_name(connection: Connection, model_id: str, version: str | None = None) -> KeptModel:
    """Read one version of a model, the newest unless named.

    Raises:
        NotFound: when there is none.
    """
    found = [m for m in versions(connection, model_id) if version in (None, m.version)]
    if not found:
        wanted = model_id if version is None else f"{model_id}/{version}"
        raise NotFound(f"there is no priority model {wanted!r}")
    return found[-1]
