"""The tables as the newest migration leaves them; a test compares both."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Double, Index, Integer, MetaData, String, Table, Text

METADATA = MetaData()

# Lists are canonical JSON in text: a database's own JSON type would write them in its own way, and break the hash.
# A time is text, ISO 8601 in UTC with microseconds, for the same reason; as text it sorts as times do.
# Of an erased entry, only its place in the chain and the digest of its content are left.
DECISIONS = Table(
    "decisions",
    METADATA,
    Column("sequence", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("decision_id", String(36), unique=True),
    Column("exam_id", String(64)),
    Column("images", Text),
    Column("verdict", String(32)),
    Column("undoes", String(36)),
    Column("reviewer", String(128)),
    Column("time", String(32)),
    Column("comment", Text),
    Column("regions", Text),
    Column("model", String(128)),
    Column("calibration", String(128)),
    Column("exam_p_value", Double),
    Column("exam_score", Double),
    Column("viewer", String(128)),
    Column("origin", String(32)),
    Column("salt", String(128)),
    Column("content", String(64), unique=True),
    Column("previous_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("second_confirmation", String(32)),
    Index("decisions_by_exam", "exam_id", "sequence"),
)
