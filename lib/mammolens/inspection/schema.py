"""The JSON Schema of an inspection; ``python -m mammolens.inspection.schema`` prints it, for docs/schema/."""

from __future__ import annotations

import json
import sys

from mammolens.inspection.results import Inspection


def inspection_schema() -> str:
    """What ``docs/schema/inspection.schema.json`` holds: the schema of :class:`Inspection`."""
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return json.dumps(dialect | Inspection.model_json_schema(mode="serialization"), indent=2) + "\n"


if __name__ == "__main__":
    sys.stdout.write(inspection_schema())
