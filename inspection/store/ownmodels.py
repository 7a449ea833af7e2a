"""Keep the models that admins upload: the file in quarantine, then the network made of it."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from inspection.domain.modelref import ModelRef
from inspection.domain.networkform import Described, described_of, plain_of
from inspection.errors import Conflict, NotFound
from inspection.store import errands
from inspection.store.job import ACTIVE
from inspection.store.model_tables import own_models


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnModel:
    """Carry one upload.

    Attributes:
        own_model_id: identifier.
        organisation_id: whose it is.
        described: what was said about it.
        uploaded_by: who did.
        uploaded_at: when, aware UTC.
        file_name: as it was called there.
        file_bytes: size of the file, 0 before it came.
        file_sha256: its digest, empty before it came.
        file_key: where it waits in quarantine; empty before it came and after it was taken in.
        sha256: digest of the network; empty until a worker has taken it in.
        network_key: where the network lies; empty until then.
        mpx_per_s: million pixels a second on one core when it was tried.
        dead: classes that never rose above 0.001 then.
        withdrawn_at: when it was taken back; None while it stands.
    """

    own_model_id: uuid.UUID
    organisation_id: str
    described: Described
    uploaded_by: str
    uploaded_at: datetime
    file_name: str
    file_bytes: int = 0
    file_sha256: str = ""
    file_key: str = ""
    sha256: str = ""
    network_key: str = ""
    mpx_per_s: float | None = None
    dead: tuple[str, ...] = ()
    withdrawn_at: datetime | None = None

    @property
    def ref(self) -> ModelRef | None:
        """Name the model; None until a worker has taken it in."""
        if not self.sha256:
            return None
        return ModelRef(
            name=self.described.name, sha256=self.sha256, own_model_id=self.own_model_id
        )


WAITING_MOST = 20
"""Uploads of one organisation that wait for their file or for a worker; each may be 500 MB."""


def add(connection: Connection, model: OwnModel) -> None:
    """Keep what is said about a file that will come.

    Raises:
        Conflict: when the organisation has a model of that name, or too many that wait.
    """
    known = of_organisation(connection, model.organisation_id)
    waiting = sum(not one.sha256 and (not one.file_sha256 or one.file_key != "") for one in known)
    if waiting >= WAITING_MOST:
        raise Conflict(
            f"{waiting} models wait for their file or for a worker already; withdraw some first"
        )
    for other in known:
        if other.described.name == model.described.name and not _refused(connection, other):
            raise Conflict(
                f"the organisation has a model {model.described.name!r} already; withdraw it "
                "first, or choose another name"
            )
    connection.execute(
        insert(own_models).values(
            own_model_id=model.own_model_id,
            organisation_id=model.organisation_id,
            name=model.described.name,
            described=plain_of(model.described),
            uploaded_by=model.uploaded_by,
            uploaded_at=model.uploaded_at,
            file_name=model.file_name,
            file_bytes=0,
            file_sha256="",
            file_key="",
            sha256="",
            network_key="",
            mpx_per_s=None,
            dead=[],
            withdrawn_at=None,
        )
    )


def by_id(connection: Connection, own_model_id: uuid.UUID) -> OwnModel:
    """Read one upload.

    Raises:
        NotFound: when there is none, or it was withdrawn.
    """
    c = own_models.c
    query = select(own_models).where(c.own_model_id == own_model_id, c.withdrawn_at.is_(None))
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFound(f"there is no uploaded model {own_model_id}, or it was withdrawn")
    return _model(row)


def of_organisation(connection: Connection, organisation_id: str) -> tuple[OwnModel, ...]:
    """List the uploads of an organisation that stand, newest first."""
    c = own_models.c
    query = select(own_models).where(c.organisation_id == organisation_id, c.withdrawn_at.is_(None))
    return tuple(map(_model, connection.execute(query.order_by(c.seq.desc()))))


def usable(connection: Connection) -> tuple[OwnModel, ...]:
    """List the uploads of all that were taken in and stand, for workers."""
    c = own_models.c
    query = select(own_models).where(c.network_key != "", c.withdrawn_at.is_(None))
    return tuple(map(_model, connection.execute(query.order_by(c.seq))))


def demand_waiting(model: OwnModel) -> None:
    """Check that the file of an upload has not come yet.

    Raises:
        Conflict: when it came.
    """
    if model.file_sha256:
        raise Conflict(f"the file of model {model.described.name} came already")


def file_came(
    connection: Connection,
    own_model_id: uuid.UUID,
    *,
    file_key: str,
    file_sha256: str,
    file_bytes: int,
) -> None:
    """Say that the file of an upload came.

    Raises:
        Conflict: when one came before.
    """
    c = own_models.c
    waiting = (c.own_model_id == own_model_id) & (c.file_sha256 == "") & c.withdrawn_at.is_(None)
    written = connection.execute(
        update(own_models)
        .where(waiting)
        .values(file_key=file_key, file_sha256=file_sha256, file_bytes=file_bytes)
    )
    if not written.rowcount:
        raise Conflict(f"the file of model {own_model_id} came already, or it was withdrawn")


def take_in(
    connection: Connection,
    own_model_id: uuid.UUID,
    *,
    sha256: str,
    network_key: str,
    mpx_per_s: float,
    dead: Sequence[str],
) -> None:
    """Say that a worker has taken an upload in: from here on it can be used.

    Raises:
        Conflict: when it was withdrawn meanwhile.
    """
    c = own_models.c
    written = connection.execute(
        update(own_models)
        .where(c.own_model_id == own_model_id, c.withdrawn_at.is_(None))
        .values(
            sha256=sha256,
            network_key=network_key,
            mpx_per_s=mpx_per_s,
            dead=list(dead),
            file_key="",
        )
    )
    if not written.rowcount:
        raise Conflict(f"model {own_model_id} was withdrawn while it was taken in")


def refuse(connection: Connection, own_model_id: uuid.UUID) -> str:
    """Say that the file of an upload is not kept: it cannot be taken in; give where it lies."""
    where = own_models.c.own_model_id == own_model_id
    key = connection.execute(select(own_models.c.file_key).where(where)).scalar_one_or_none()
    connection.execute(update(own_models).where(where).values(file_key=""))
    return key or ""


def withdraw(connection: Connection, own_model_id: uuid.UUID, now: datetime) -> None:
    """Take an upload back; what it found stays, and says which model found it.

    Raises:
        NotFound: when there is none, or it was withdrawn.
    """
    model = by_id(connection, own_model_id)
    where = own_models.c.own_model_id == model.own_model_id
    connection.execute(update(own_models).where(where).values(withdrawn_at=now, file_key=""))


def _refused(connection: Connection, model: OwnModel) -> bool:
    """Tell whether an upload came to nothing, so that its name is free."""
    if model.sha256 or not model.file_sha256:
        return False
    tried = errands.of_subjects(connection, [model.own_model_id]).get(model.own_model_id)
    return tried is not None and tried.state not in ACTIVE


def _model(row: Row[Any]) -> OwnModel:
    values = {
        name: row._mapping[name] for name in OwnModel.__slots__ if name not in ("described", "dead")
    }
    return OwnModel(**values, described=described_of(row.described), dead=tuple(row.dead))
