"""The JSON Schema of a result; ``python -m mammolens.inference.schema`` prints it, for docs/schema/."""

from __future__ import annotations

import json
import sys

from mammolens.types import AnomalyRecord


def record_schema() -> str:
    """What ``docs/schema/anomaly-record.schema.json`` holds: the schema of :class:`AnomalyRecord`."""
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return json.dumps(dialect | AnomalyRecord.model_json_schema(mode="serialization"), indent=2) + "\n"


if __name__ == "__main__":
    sys.stdout.write(record_schema())
