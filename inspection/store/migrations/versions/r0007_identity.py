"""Add organisations, accounts, sessions, tokens and the audit log; give every asset an owner.

The tables are written out here as they were released, apart from ``inspection.store.tables``, which
goes on changing. The audit log refuses changes and removals by itself, and its head only grows.
"""

from alembic import op
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)

from inspection.store.columns import Json, UtcDateTime

revision = "r0007_identity"
down_revision = "r0006_publication"

tables = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite numbers rows by itself only where the type is exactly INTEGER.
RowNumber = BigInteger().with_variant(Integer, "sqlite")

Table(
    "organisations",
    tables,
    Column("organisation_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("parent_id", ForeignKey("organisations.organisation_id"), index=True),
)

Table(
    "accounts",
    tables,
    Column("account_id", Uuid, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("display_name", Text, nullable=False),
    Column("password_hash", Text),
    Column("oidc_issuer", Text),
    Column("oidc_subject", Text),
    Column("active", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("oidc_issuer", "oidc_subject"),
)

Table(
    "memberships",
    tables,
    Column("account_id", ForeignKey("accounts.account_id"), nullable=False),
    Column("organisation_id", ForeignKey("organisations.organisation_id"), nullable=False),
    Column("role", Text, nullable=False),
    Column("approver", Boolean, nullable=False),
    PrimaryKeyConstraint("account_id", "organisation_id"),
)

Table(
    "sessions",
    tables,
    Column("session_hash", Text, primary_key=True),
    Column("account_id", ForeignKey("accounts.account_id"), nullable=False, index=True),
    Column("organisation_id", ForeignKey("organisations.organisation_id"), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
)

Table(
    "api_tokens",
    tables,
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

Table(
    "sign_in_failures",
    tables,
    Column("seq", RowNumber, primary_key=True),
    Column("key_hash", Text, nullable=False),
    Column("failed_at", UtcDateTime, nullable=False),
    Index(None, "key_hash", "failed_at"),
)

Table(
    "oidc_flows",
    tables,
    Column("flow_hash", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("nonce", Text, nullable=False),
    Column("code_verifier", Text, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
)

Table(
    "audit_log",
    tables,
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

Table(
    "audit_head",
    tables,
    # one row: how long the chain is and how it ends, so that a cut-off end is seen
    Column("head_id", Integer, primary_key=True, autoincrement=False),
    Column("entries", RowNumber, nullable=False),
    Column("entry_sha256", Text, nullable=False),
)

FIRST_DIGEST = "0" * 64
"""What stands for the entry before the first one."""

REFUSED = "rows of the audit log are never changed or removed"
SHRUNK = "the audit log only grows"


def upgrade() -> None:
    """Make the tables, the first organisation, and the guards of the audit log."""
    connection = op.get_bind()
    tables.create_all(connection, checkfirst=False)
    op.execute("INSERT INTO organisations (organisation_id, name) VALUES ('home', 'home')")
    op.execute(
        "INSERT INTO audit_head (head_id, entries, entry_sha256) "  # noqa: S608 a constant
        f"VALUES (1, 0, '{FIRST_DIGEST}')"
    )
    op.execute(
        "ALTER TABLE assets ADD COLUMN organisation_id TEXT "
        "CONSTRAINT fk_assets_organisation_id REFERENCES organisations (organisation_id)"
    )
    op.execute("UPDATE assets SET organisation_id = 'home'")
    op.execute("CREATE INDEX ix_assets_organisation_id ON assets (organisation_id)")
    if connection.dialect.name == "sqlite":
        _guard_sqlite()
    else:
        _guard_postgresql()


def _guard_sqlite() -> None:
    for moment in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER audit_log_refuse_{moment.lower()} BEFORE {moment} ON audit_log "
            f"BEGIN SELECT RAISE(ABORT, '{REFUSED}'); END"
        )
    op.execute(
        "CREATE TRIGGER audit_head_refuse_delete BEFORE DELETE ON audit_head "
        f"BEGIN SELECT RAISE(ABORT, '{SHRUNK}'); END"
    )
    op.execute(
        "CREATE TRIGGER audit_head_refuse_update BEFORE UPDATE ON audit_head "
        "WHEN new.entries <= old.entries OR new.head_id <> old.head_id "
        f"BEGIN SELECT RAISE(ABORT, '{SHRUNK}'); END"
    )


def _guard_postgresql() -> None:
    """Refuse by triggers; ``tenken_refuse`` is there since the first tables."""
    op.execute(
        "CREATE TRIGGER audit_log_refuse BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log "
        "FOR EACH STATEMENT EXECUTE FUNCTION tenken_refuse()"
    )
    op.execute(
        "CREATE TRIGGER audit_head_refuse BEFORE DELETE OR TRUNCATE ON audit_head "
        "FOR EACH STATEMENT EXECUTE FUNCTION tenken_refuse()"
    )
    op.execute(
        "CREATE FUNCTION tenken_only_grow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF NEW.entries <= OLD.entries OR NEW.head_id <> OLD.head_id THEN "
        f"RAISE EXCEPTION '{SHRUNK}' USING ERRCODE = 'restrict_violation'; END IF; "
        "RETURN NEW; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_head_only_grow BEFORE UPDATE ON audit_head "
        "FOR EACH ROW EXECUTE FUNCTION tenken_only_grow()"
    )
