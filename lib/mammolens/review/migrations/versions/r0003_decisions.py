"""The ledger of decisions; its database rejects every change but the erasure of an entry's content."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
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
        sa.Column("decision_id", sa.String(36), unique=True),
        sa.Column("exam_id", sa.String(64)),
        sa.Column("images", sa.Text),
        sa.Column("verdict", sa.String(32)),
        sa.Column("undoes", sa.String(36)),
        sa.Column("reviewer", sa.String(128)),
        sa.Column("time", sa.String(32)),
        sa.Column("comment", sa.Text),
        sa.Column("regions", sa.Text),
        sa.Column("model", sa.String(128)),
        sa.Column("calibration", sa.String(128)),
        sa.Column("exam_p_value", sa.Double),
        sa.Column("exam_score", sa.Double),
        sa.Column("viewer", sa.String(128)),
        sa.Column("origin", sa.String(32)),
        sa.Column("salt", sa.String(128)),
        sa.Column("content", sa.String(64), unique=True),
        sa.Column("previous_hash", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
    )
    op.create_index("decisions_by_exam", "decisions", ["exam_id", "sequence"])
    for statement in _SQLITE if op.get_bind().dialect.name == "sqlite" else _POSTGRESQL:
        op.execute(statement)


# An erasure sets `content`, empties what it is the digest of, and leaves the entry's place in the chain.
_KEPT = ("sequence", "previous_hash", "hash")
_ERASED = (
    "decision_id", "exam_id", "images", "verdict", "undoes", "reviewer", "time", "comment", "regions", "model",
    "calibration", "exam_p_value", "exam_score", "viewer", "origin", "salt",
)  # fmt: skip
_IS_ERASURE = " AND ".join(
    [
        "OLD.content IS NULL AND NEW.content IS NOT NULL",
        *(f"NEW.{name} = OLD.{name}" for name in _KEPT),
        *(f"NEW.{name} IS NULL" for name in _ERASED),
    ]
)
_SQLITE = [
    f"CREATE TRIGGER decisions_no_update BEFORE UPDATE ON decisions WHEN NOT ({_IS_ERASURE}) "
    f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END",
    f"CREATE TRIGGER decisions_no_delete BEFORE DELETE ON decisions BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END",
]
_POSTGRESQL = [
    "CREATE FUNCTION decisions_refuse() RETURNS trigger LANGUAGE plpgsql AS "
    f"$$ BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$",
    "CREATE TRIGGER decisions_no_delete BEFORE DELETE OR TRUNCATE ON decisions "
    "FOR EACH STATEMENT EXECUTE FUNCTION decisions_refuse()",
    f"CREATE TRIGGER decisions_no_update BEFORE UPDATE ON decisions FOR EACH ROW WHEN (NOT ({_IS_ERASURE})) "
    "EXECUTE FUNCTION decisions_refuse()",
]
