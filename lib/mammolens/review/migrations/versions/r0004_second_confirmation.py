"""Whether a highly unusual exam was confirmed as normal a second time."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; empty in earlier entries, whose digest does not cover it."""
    op.add_column("decisions", sa.Column("second_confirmation", sa.String(32)))
