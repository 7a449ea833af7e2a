"""Give every programme an owner, the organisation that drew it up; those there are get ``home``."""

from alembic import op

revision = "r0008_programme_owner"
down_revision = "r0007_identity"


def upgrade() -> None:
    """Add the owner."""
    op.execute(
        "ALTER TABLE programmes ADD COLUMN organisation_id TEXT "
        "CONSTRAINT fk_programmes_organisation_id REFERENCES organisations (organisation_id)"
    )
    op.execute("UPDATE programmes SET organisation_id = 'home'")
    op.execute("CREATE INDEX ix_programmes_organisation_id ON programmes (organisation_id)")
