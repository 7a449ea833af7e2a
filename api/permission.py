"""Read who may do what from ``permissions.yaml``: rights of roles, and the right a route needs."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from inspection.domain.account import Membership, Role
from inspection.errors import BadCodelist, BadInput

FILE = Path(__file__).with_name("permissions.yaml")

PUBLIC = "public"
"""Right of a route that asks nobody who they are."""

ANYONE = "anyone"
"""Right of a route that answers to everybody, and asks who they are to say more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """Say what a right means and whose it is.

    Attributes:
        name: how routes and tokens call it.
        means_en: what it allows, English.
        means_ja: what it allows, Japanese.
        roles: who has it.
        approver: only those of them who were made approvers.
    """

    name: str
    means_en: str
    means_ja: str
    roles: tuple[Role, ...]
    approver: bool

    def given_to(self, membership: Membership) -> bool:
        """Tell whether a member has this right."""
        return membership.role in self.roles and (membership.approver or not self.approver)


@dataclass(frozen=True, slots=True, kw_only=True)
class Permissions:
    """Hold the whole matrix.

    Attributes:
        rights: by name.
        routes: name of the right by ``METHOD /path``.
    """

    rights: Mapping[str, Right]
    routes: Mapping[str, str]

    def of(self, membership: Membership) -> frozenset[str]:
        """Name the rights of a member."""
        return frozenset(name for name, right in self.rights.items() if right.given_to(membership))

    def checked_scopes(self, scopes: tuple[str, ...]) -> frozenset[str]:
        """Check that the scopes of a token are rights.

        Raises:
            BadInput: when one is not.
        """
        if unknown := sorted(set(scopes) - set(self.rights)):
            raise BadInput(
                f"there is no scope {', '.join(unknown)}; choose from {', '.join(self.rights)}"
            )
        return frozenset(scopes)


@cache
def permissions() -> Permissions:
    """Read the matrix that belongs to this program."""
    return parse(FILE.read_text(encoding="utf-8"))


def parse(text: str) -> Permissions:
    """Read a matrix.

    Raises:
        BadCodelist: when a route needs a right that nobody has described.
    """
    stored: dict[str, Any] = yaml.safe_load(text)
    rights = {
        name: Right(
            name=name,
            means_en=described["means"]["en"],
            means_ja=described["means"]["ja"],
            roles=tuple(Role(role) for role in described["roles"]),
            approver=described.get("approver", False),
        )
        for name, described in stored["rights"].items()
    }
    routes: dict[str, str] = stored["routes"]
    for route, right in routes.items():
        if right not in {*rights, PUBLIC, ANYONE}:
            raise BadCodelist(f"{route} needs a right {right!r} that permissions.yaml lacks")
    return Permissions(rights=rights, routes=routes)
