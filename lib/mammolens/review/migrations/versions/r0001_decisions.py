"""The ledger of decisions; its database rejects changes as well."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_REFUSAL = "the decision ledger is append-only"


def upgrade() -> None:
    """Make the table and what guards it."""
    op.create_table(
        "decisions",
        sa.Column(
            "sequence", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=False
        ),
        sa.Column("decision_id", sa.String(36), nullable=False, unique=True),
        sa.Column("exam_id", sa.String(64), nullable=False),
        sa.Column("images", sa.Text, nullable=False),
        sa.Column("verdict", sa.String(32)),
        sa.Column("undoes", sa.String(36)),
        sa.Column("reviewer", sa.String(128), nullable=False),
        sa.Column("time", sa.String(32), nullable=False),
        sa.Column("comment", sa.Text, nullable=False),
        sa.Column("regions", sa.Text, nullable=False),
        sa.Column("model", sa.String(128)),
        sa.Column("calibration", sa.String(128)),
        sa.Column("exam_p_value", sa.Double),
        sa.Column("exam_score", sa.Double),
        sa.Column("viewer", sa.String(128), nullable=False),
        sa.Column("origin", sa.String(32), nullable=False),
        sa.Column("previous_hash", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
    )
    op.create_index("decisions_by_exam", "decisions", ["exam_id", "sequence"])
    for statement in _SQLITE if op.get_bind().dialect.name == "sqlite" else _POSTGRESQL:
        op.execute(statement)


_SQLITE = [
    f"CREATE TRIGGER decisions_no_{what.lower()} BEFORE {what} ON decisions "
    f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
    for what in ("UPDATE", "DELETE")
]
_POSTGRESQL = [
    "CREATE FUNCTION decisions_refuse() RETURNS trigger LANGUAGE plpgsql AS "
    f"$$ BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$",
    "CREATE TRIGGER decisions_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON decisions "
    "FOR EACH STATEMENT EXECUTE FUNCTION decisions_refuse()",
]
