"""Remember which bytes were set aside, so that they are not sent again.

Rows of before this version have no digest: their files are sent, looked at and set aside once more.
"""

from alembic import op
from sqlalchemy import Column, Text

revision = "r0050_upload"
down_revision = "r0057_admin"


def upgrade() -> None:
    """Add the column."""
    op.add_column("rejections", Column("sha256", Text))
