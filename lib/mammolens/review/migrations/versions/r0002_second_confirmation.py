"""Whether a highly unusual exam was confirmed as normal a second time."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; it is empty in earlier entries, which the hash chain covers without it."""
    op.add_column("decisions", sa.Column("second_confirmation", sa.String(32)))
