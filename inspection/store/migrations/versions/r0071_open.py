"""Say which blurred picture a person cleared, and find what is known of a photo by its content.

Marks of before say only when somebody looked; they go on counting by that. What must not be seen in
a photo is the same in every survey that it was delivered to.
"""

from alembic import op
from sqlalchemy import Column, Text

revision = "r0071_open"
down_revision = "r0072_bucket"

HISTORIES = ("privacy_screenings", "privacy_marks")


def upgrade() -> None:
    """Add the column and the two indices."""
    op.add_column("privacy_marks", Column("looked", Text))
    for table in HISTORIES:
        op.create_index(f"ix_{table}_sha256", table, ["sha256"])
