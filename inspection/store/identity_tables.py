"""Tables of who may do what, and of what was done, in the metadata of ``tables``.

No secret is kept in the clear: passwords as argon2id, tokens and sessions as SHA-256 of 256 random
bits. Who reads or compares the metadata must import this module too; ``schema`` does.
"""

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)

from inspection.store.columns import Json, UtcDateTime
from inspection.store.tables import RowNumber, metadata

organisations = Table(
    "organisations",
    metadata,
    Column("organisation_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("parent_id", ForeignKey("organisations.organisation_id"), index=True),
)

accounts = Table(
    "accounts",
    metadata,
    Column("account_id", Uuid, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("display_name", Text, nullable=False),
    Column("password_hash", Text),
    Column("oidc_issuer", Text),
    Column("oidc_subject", Text),
    Column("active", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    # until when a password that somebody else chose opens it, to set another; null: their own
    Column("password_once_until", UtcDateTime),
    UniqueConstraint("oidc_issuer", "oidc_subject"),
)

memberships = Table(
    "memberships",
    metadata,
    Column("account_id", ForeignKey("accounts.account_id"), nullable=False),
    Column("organisation_id", ForeignKey("organisations.organisation_id"), nullable=False),
    Column("role", Text, nullable=False),
    Column("approver", Boolean, nullable=False),
    PrimaryKeyConstraint("account_id", "organisation_id"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("session_hash", Text, primary_key=True),
    Column("account_id", ForeignKey("accounts.account_id"), nullable=False, index=True),
    Column("organisation_id", ForeignKey("organisations.organisation_id"), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
)

api_tokens = Table(
    "api_tokens",
    metadata,
    Column("token_id", Text, primary_key=True),
    Column("account_id", ForeignKey("accounts.account_id"), nullable=False, index=True),
    Column("organisation_id", ForeignKey("organisations.organisation_id"), nullable=False),
    Column("label", Text, nullable=False),
    Column("secret_hash", Text, nullable=False),
    Column("scopes", Json, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),
)

sign_in_failures = Table(
    "sign_in_failures",
    metadata,
    Column("seq", RowNumber, primary_key=True),
    Column("key_hash", Text, nullable=False),
    Column("failed_at", UtcDateTime, nullable=False),
    Index(None, "key_hash", "failed_at"),
)

oidc_flows = Table(
    "oidc_flows",
    metadata,
    Column("flow_hash", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("nonce", Text, nullable=False),
    Column("code_verifier", Text, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
)

audit_log = Table(
    "audit_log",
    metadata,
    Column("seq", RowNumber, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", Text, nullable=False),
    Column("organisation_id", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("before_sha256", Text, nullable=False),
    Column("after_sha256", Text, nullable=False),
    Column("previous_sha256", Text, nullable=False),
    Column("entry_sha256", Text, nullable=False),
)

audit_head = Table(
    "audit_head",
    metadata,
    # one row: how long the chain is and how it ends, so that a cut-off end is seen
    Column("head_id", Integer, primary_key=True, autoincrement=False),
    Column("entries", RowNumber, nullable=False),
    Column("entry_sha256", Text, nullable=False),
)
