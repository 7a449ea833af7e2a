"""Say for whom a transaction works: whose rows it sees, whose it may change, who is answerable.

The API hands its routes an engine that carries a ``Scope`` (``scoped``). Every statement that runs
on it is narrowed by ``tenancy`` and every change it makes is witnessed for the audit log. Workers
and commands of the machine's owner work without a scope, on everything.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine

from inspection.errors import Broken

OPTION = "tenken_scope"
"""Name of the execution option that carries the scope of a connection."""

HOME = "home"
"""Identifier of the organisation that a new database has; rows of nobody else belong to it."""

SINGLE_USER = "single-user"
"""Who is answerable while nobody has an account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Narrow a transaction to some organisations.

    Attributes:
        actor: who is answerable: an account identifier, ``single-user`` or ``anonymous``.
        action: what is being done, the name of the operation.
        at: when, aware UTC.
        own: the organisation whose rows may be changed and to which new rows belong.
        visible: the organisations whose rows are seen; None sees all, for the single user.
    """

    actor: str
    action: str
    at: datetime
    own: str | None
    visible: frozenset[str] | None

    def __post_init__(self) -> None:
        """Check that nobody changes what they do not see."""
        if self.visible is not None and self.own is not None and self.own not in self.visible:
            raise Broken(f"a scope that owns {self.own!r} must see it too")

    @property
    def changeable(self) -> frozenset[str] | None:
        """Name the organisations whose rows may be changed; None for all."""
        if self.visible is None:
            return None
        return frozenset() if self.own is None else frozenset({self.own})


def scoped(engine: Engine, scope: Scope) -> Engine:
    """Give an engine on the same pool whose transactions all have a scope."""
    return engine.execution_options(**{OPTION: scope})


def organisation_of_new_rows(context: Any) -> str:  # noqa: ANN401 SQLAlchemy's execution context
    """Name the organisation of a row that is inserted: that of the scope, else ``home``."""
    scope = context.execution_options.get(OPTION)
    return HOME if scope is None or scope.own is None else str(scope.own)
