"""Let offers, choices and trials say how a model is described, not only which network it is.

Rows of before say nothing of it, and whatever their network is described as still meets them.
"""

from alembic import op
from sqlalchemy import Column, Text

revision = "r0072_bucket"
down_revision = "r0070_stand"


def upgrade() -> None:
    """Add the columns."""
    op.add_column("worker_models", Column("answers", Text, nullable=False, server_default=""))
    for table in ("trials", "model_defaults", "survey_models"):
        op.add_column(table, Column("model_answers", Text, nullable=False, server_default=""))
