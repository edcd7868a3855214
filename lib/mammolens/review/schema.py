"""The tables as the newest migration leaves them; a test compares both."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Double, Index, Integer, MetaData, String, Table, Text

METADATA = MetaData()

# Lists are canonical JSON in text: a database's own JSON type would write them in its own way, and break the hash.
# A time is text, ISO 8601 in UTC with microseconds, for the same reason; as text it sorts as times do.
DECISIONS = Table(
    "decisions",
    METADATA,
    Column("sequence", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("decision_id", String(36), nullable=False, unique=True),
    Column("exam_id", String(64), nullable=False),
    Column("images", Text, nullable=False),
    Column("verdict", String(32)),
    Column("undoes", String(36)),
    Column("reviewer", String(128), nullable=False),
    Column("time", String(32), nullable=False),
    Column("comment", Text, nullable=False),
    Column("regions", Text, nullable=False),
    Column("model", String(128)),
    Column("calibration", String(128)),
    Column("exam_p_value", Double),
    Column("exam_score", Double),
    Column("viewer", String(128), nullable=False),
    Column("origin", String(32), nullable=False),
    Column("previous_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("second_confirmation", String(32)),
    Index("decisions_by_exam", "exam_id", "sequence"),
)
