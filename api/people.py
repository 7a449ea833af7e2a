"""Decide what an administrator may do with people: those of their own organisation, never the last.

An account is one for all organisations, its role is one for each. So a role is changed by the admin
of its organisation; what opens the account itself (password, being active) only where the person
belongs to no other organisation, else one city's admin would hold the keys of another's engineer.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from api import passwords
from api.principal import Principal
from inspection.domain.account import Account, Membership
from inspection.errors import Conflict, Refused
from inspection.store import accounts, audit
from inspection.store.accounts import Member
from inspection.store.audit import Event
from inspection.store.scope import HOME

ONCE_LIFE = timedelta(hours=72)
"""How long somebody has to come with a password that an administrator gave them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """Act as the administrator of one organisation, in one transaction.

    Attributes:
        connection: an open transaction, without a scope.
        principal: who acts.
        now: the moment.
    """

    connection: Connection
    principal: Principal
    now: datetime

    @property
    def organisation_id(self) -> str:
        """Name the organisation whose people these are."""
        membership = self.principal.membership
        return HOME if membership is None else membership.organisation_id

    def add(self, account: Account, membership: Membership, *, with_password: bool) -> str | None:
        """Add a person; give their one-time password, None when they get none.

        Raises:
            Conflict: when the name is taken.
        """
        secret = passwords.one_time() if with_password else None
        accounts.add(
            self.connection,
            account,
            password_hash=None if secret is None else passwords.hashed(secret),
            once_until=None if secret is None else self.now + ONCE_LIFE,
            now=self.now,
        )
        accounts.join(self.connection, membership)
        self.note("add_person", account.account_id, _role(membership))
        self._check_admin_left()
        return secret

    def change(self, membership: Membership, *, active: bool, display_name: str) -> None:
        """Change the role of a person, and whether they may sign in.

        Raises:
            NotFound: when the organisation has no such person.
            Refused: when the account belongs to others too, or no admin would be left.
        """
        before = self.member(membership.account_id)
        if membership != before.membership:
            accounts.join(self.connection, membership)
            self.note("change_role", membership.account_id, _role(membership))
        if active != before.account.active:
            self._check_only_ours(before)
            accounts.set_active(self.connection, membership.account_id, active=active)
            self.note("enable_person" if active else "disable_person", membership.account_id)
        if display_name != before.account.display_name:
            self._check_only_ours(before)
            accounts.rename(self.connection, membership.account_id, display_name)
            self.note("rename_person", membership.account_id)
        self._check_admin_left()

    def remove(self, account_id: uuid.UUID) -> None:
        """Take a person out of the organisation; the account stays, for histories name it.

        Raises:
            NotFound: when the organisation has no such person.
            Refused: when no admin would be left.
        """
        self.member(account_id)
        accounts.leave(self.connection, account_id, self.organisation_id)
        self.note("remove_person", account_id)
        self._check_admin_left()

    def reset_password(self, account_id: uuid.UUID) -> str:
        """Give a person a password for one sign-in, after which they set their own.

        Raises:
            NotFound: when the organisation has no such person.
            Refused: when the account belongs to others too.
        """
        self._check_only_ours(self.member(account_id))
        secret = passwords.one_time()
        accounts.set_password(
            self.connection,
            account_id,
            passwords.hashed(secret),
            once_until=self.now + ONCE_LIFE,
        )
        self.note("reset_password", account_id)
        return secret

    def member(self, account_id: uuid.UUID) -> Member:
        """Find a person of the organisation.

        Raises:
            NotFound: when it has no such person.
        """
        return accounts.member(self.connection, account_id, self.organisation_id)

    def note(self, action: str, account_id: uuid.UUID, more: str = "") -> None:
        """Tell the audit log."""
        event = Event(
            at=self.now,
            actor=self.principal.actor,
            organisation_id=self.organisation_id,
            action=action,
            subject=f"account {account_id}{more}",
        )
        audit.append(self.connection, [event])

    def _check_only_ours(self, found: Member) -> None:
        if found.elsewhere:
            raise Refused(
                f"account {found.account.name!r} belongs to another organisation too; change its "
                "role here or take it out of yours; the owner of the machine changes the rest "
                "with 'tenken users'"
            )

    def _check_admin_left(self) -> None:
        if not accounts.admin_exists(
            self.connection,
            now=self.now,
            issuer=accounts.ANY_ISSUER,
            organisation_id=self.organisation_id,
        ):
            raise Conflict(
                "then nobody who may sign in would administer this organisation any more; make "
                "somebody else an admin first"
            )


def check_by_hand(principal: Principal) -> None:
    """Check that a person changes accounts on a page, not a program with a token.

    Raises:
        Refused: when it is a token.
    """
    if principal.csrf is None and not principal.single_user:
        raise Refused(
            "accounts and tokens are changed by a person who is signed in, not by a token"
        )


def _role(membership: Membership) -> str:
    return f" is {membership.role.value}{', approver' if membership.approver else ''}"
