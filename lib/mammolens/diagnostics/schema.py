"""The JSON Schema of a diagnosis; ``python -m mammolens.diagnostics.schema`` prints it, for docs/schema/."""

from __future__ import annotations

import json
import sys

from mammolens.diagnostics.results import Diagnosis


def diagnosis_schema() -> str:
    """What ``docs/schema/diagnosis.schema.json`` holds: the schema of :class:`Diagnosis`."""
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return json.dumps(dialect | Diagnosis.model_json_schema(mode="serialization"), indent=2) + "\n"


if __name__ == "__main__":
    sys.stdout.write(diagnosis_schema())
