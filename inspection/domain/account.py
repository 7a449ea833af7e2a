"""Name who works with Tenken: organisations, accounts, and the one role of a person in each.

AI proposes, a qualified person decides; who that person is must be known. A role says what somebody
does in an organisation; which operations a role may use stands in ``api/permissions.yaml``.
"""

import re
import uuid
from dataclasses import dataclass
from enum import StrEnum

from inspection.errors import BadInput

NAME = re.compile(r"[a-z0-9](?:[a-z0-9._@-]{0,98}[a-z0-9])?")
"""Names by which people sign in, and identifiers of organisations: what any keyboard can type."""

WIDE_SPACE = "\u3000"
"""What stands between a family name and a given name in Japanese."""

WORDS_MAX = 200
"""Longest displayed name, characters."""


class Role(StrEnum):
    """Say what a person does in an organisation."""

    VIEWER = "viewer"
    CREW = "crew"
    ENGINEER = "engineer"
    PLANNER = "planner"
    ADMIN = "admin"


APPROVING = frozenset({Role.PLANNER, Role.ADMIN})
"""Roles whose holders may be made approvers (domain specification §8: diagnosed → approved)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """Name a tenant: a prefecture, or one of its cities.

    Attributes:
        organisation_id: short identifier, never changed.
        name: as people write it.
        parent_id: the organisation that sees this one's rows; None for the topmost.
    """

    organisation_id: str
    name: str
    parent_id: str | None = None

    def __post_init__(self) -> None:
        """Check that it can be named."""
        check_name("organisation", self.organisation_id)
        check_words("name of an organisation", self.name)
        if self.parent_id == self.organisation_id:
            raise BadInput(f"organisation {self.organisation_id!r} cannot be part of itself")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Name a person or a program that signs in.

    Attributes:
        account_id: identifier in histories and in the audit log.
        name: what they sign in with.
        display_name: what others read beside a decision.
        active: may sign in; an account is never removed, for histories name it.
    """

    account_id: uuid.UUID
    name: str
    display_name: str
    active: bool = True

    def __post_init__(self) -> None:
        """Check that it can be named."""
        check_name("account", self.name)
        check_words("displayed name", self.display_name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """Say what an account does in an organisation.

    Attributes:
        account_id: who.
        organisation_id: where.
        role: as what.
        approver: may approve too; only planners and admins.
    """

    account_id: uuid.UUID
    organisation_id: str
    role: Role
    approver: bool = False

    def __post_init__(self) -> None:
        """Check that only those approve who may be made approvers."""
        if self.approver and self.role not in APPROVING:
            raise BadInput(
                f"a {self.role.value} cannot be an approver; only {', '.join(sorted(APPROVING))} "
                "can, so that nobody approves what they decided themselves"
            )


def check_name(what: str, name: str) -> str:
    """Check a name that people type.

    Raises:
        BadInput: when it has other characters than it may.

    >>> check_name("account", "hanako.k")
    'hanako.k'
    """
    if NAME.fullmatch(name) is None:
        raise BadInput(
            f"{what} {name!r}: use 1 to 100 of a–z, 0–9, '.', '_', '@' and '-', with a letter or a "
            "digit at both ends"
        )
    return name


def check_words(what: str, words: str) -> str:
    """Check a displayed name: one line of text.

    Raises:
        BadInput: when it is empty, too long, or has control characters.

    >>> check_words("name", "金沢 花子")
    '金沢 花子'
    """
    plain = words.replace(WIDE_SPACE, " ")  # Python does not call it printable
    if not words.strip() or len(words) > WORDS_MAX or not plain.isprintable():
        raise BadInput(f"{what} {words!r}: write one line of 1 to {WORDS_MAX} characters")
    return words
