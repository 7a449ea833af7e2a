"""Decide about a sign-in: how often it may fail, for which organisation, and for whom.

The brakes limit guessing without letting anybody lock somebody else out for good: they count by
account and address together first, then by address, then by account.
"""

from datetime import timedelta

from sqlalchemy import Connection

from inspection.domain.account import Account, Membership
from inspection.errors import Refused
from inspection.store import accounts
from inspection.store.signins import Brake

FLOW_LIFE = timedelta(minutes=10)
"""How long somebody may take at the issuer."""

FAILURES_OF_BOTH = 5
FAILURES_OF_ADDRESS = 30
FAILURES_OF_NAME = 60
"""Failures in 15 minutes after which the next try waits."""


def brakes_of(name: str, address: str) -> tuple[Brake, Brake, Brake]:
    """Name what limits sign-ins as an account from an address, the narrowest first."""
    return (
        Brake(key=f"both\n{name}\n{address}", failures_max=FAILURES_OF_BOTH),
        Brake(key=f"address\n{address}", failures_max=FAILURES_OF_ADDRESS),
        Brake(key=f"name\n{name}", failures_max=FAILURES_OF_NAME),
    )


def membership_for(
    connection: Connection, account: Account, organisation_id: str | None
) -> Membership:
    """Choose for which organisation an account acts: the one asked for, else its first.

    Raises:
        Refused: when it is a member of none, or not of that one.
    """
    mine = accounts.memberships_of(connection, account.account_id)
    chosen = [one for one in mine if organisation_id in (None, one.organisation_id)]
    if not chosen:
        where = "any organisation" if organisation_id is None else repr(organisation_id)
        raise Refused(f"this account is no member of {where}; ask an administrator")
    return chosen[0]


def sign_in_by_subject(
    connection: Connection, issuer: str, subject: str
) -> tuple[Account, Membership]:
    """Find the account for which an issuer vouches, and for whom it acts.

    Raises:
        Refused: when none is linked, or it may not sign in.
    """
    account = accounts.by_subject(connection, issuer=issuer, subject=subject)
    if account is None:
        raise Refused(
            f"no account is linked to {subject!r} of this issuer yet; an administrator links one "
            f"with 'tenken users link NAME --subject {subject}'"
        )
    if not account.active:
        raise Refused("this account is disabled; ask an administrator")
    return account, membership_for(connection, account, None)
