"""The JSON Schema of the rows; ``python -m mammolens.archive.schema`` prints it, for docs/schema/."""

from __future__ import annotations

import json
import sys

from pydantic.json_schema import models_json_schema

from mammolens.archive.rows import ExamRow, ImageRow


def rows_schema() -> str:
    """What ``docs/schema/score-rows.schema.json`` holds: the columns of ``images`` and of ``exams``."""
    _, schema = models_json_schema(
        [(ImageRow, "serialization"), (ExamRow, "serialization")], title="Rows of mammolens score"
    )
    return json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema"} | schema, indent=2) + "\n"


if __name__ == "__main__":
    sys.stdout.write(rows_schema())
