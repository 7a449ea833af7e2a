"""Keep what a sign-in needs between two requests: failures that slow guessing, flows to an issuer.

Keys of failures are digests, so that the table names nobody. Rows live minutes and are removed.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, insert, select

from inspection.store.identity_tables import oidc_flows, sign_in_failures
from inspection.store.sessions import hashed, new_secret

WINDOW = timedelta(minutes=15)
"""How long a failure counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Brake:
    """Limit how often something may fail within ``WINDOW``.

    Attributes:
        key: what is limited; kept as a digest.
        failures_max: after so many failures the next try is refused.
    """

    key: str
    failures_max: int

    @property
    def digest(self) -> str:
        """Give the digest under which failures are counted."""
        return hashlib.sha256(f"sign-in\n{self.key}".encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """Carry what must come back from an issuer unchanged, and what proves that we asked."""

    state: str
    nonce: str
    code_verifier: str


def wait_s(connection: Connection, brakes: Iterable[Brake], now: datetime) -> float:
    """Say how long the next try must wait, seconds; 0 when it may be made now."""
    waits = [0.0]
    c = sign_in_failures.c
    for brake in brakes:
        rows = connection.execute(
            select(c.failed_at)
            .where(c.key_hash == brake.digest, c.failed_at > now - WINDOW)
            .order_by(c.failed_at.desc())
            .limit(brake.failures_max)
        ).all()
        if len(rows) >= brake.failures_max:
            waits.append((rows[-1].failed_at + WINDOW - now).total_seconds())
    return max(waits)


def failed(connection: Connection, brakes: Iterable[Brake], now: datetime) -> None:
    """Count a failure against every brake, and forget those that no longer count."""
    connection.execute(delete(sign_in_failures).where(sign_in_failures.c.failed_at <= now - WINDOW))
    rows = [{"key_hash": brake.digest, "failed_at": now} for brake in brakes]
    connection.execute(insert(sign_in_failures), rows)


def forget(connection: Connection, brake: Brake) -> None:
    """Forget the failures of one key, after it succeeded."""
    c = sign_in_failures.c
    connection.execute(delete(sign_in_failures).where(c.key_hash == brake.digest))


def count(connection: Connection) -> int:
    """Count the failures that are kept."""
    return connection.execute(select(func.count()).select_from(sign_in_failures)).scalar_one()


def open_flow(connection: Connection, flow: Flow, *, now: datetime, expires_at: datetime) -> str:
    """Keep a flow; give the secret by which the browser that began it is known."""
    secret = new_secret()
    connection.execute(delete(oidc_flows).where(oidc_flows.c.expires_at <= now))
    connection.execute(
        insert(oidc_flows).values(
            flow_hash=hashed(secret),
            state=flow.state,
            nonce=flow.nonce,
            code_verifier=flow.code_verifier,
            expires_at=expires_at,
        )
    )
    return secret


def take_flow(connection: Connection, secret: str, now: datetime) -> Flow | None:
    """Give a flow, for the only time; None when there is none or it took too long."""
    c = oidc_flows.c
    row = connection.execute(
        select(oidc_flows).where(c.flow_hash == hashed(secret), c.expires_at > now)
    ).one_or_none()
    taken = connection.execute(delete(oidc_flows).where(c.flow_hash == hashed(secret)))
    if row is None or taken.rowcount != 1:
        return None
    return Flow(state=row.state, nonce=row.nonce, code_verifier=row.code_verifier)
