from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import jsonschema

from mammolens.inspection.schema import inspection_schema

PUBLISHED = Path(__file__).parents[2] / "docs" / "schema" / "inspection.schema.json"


def test_the_published_schema_is_that_of_the_inspection():
    remedy = f"python -m mammolens.inspection.schema > {PUBLISHED.relative_to(PUBLISHED.parents[2])}"
    assert PUBLISHED.read_text() == inspection_schema(), remedy


def test_the_module_prints_it():
    printed = subprocess.run(
        [sys.executable, "-m", "mammolens.inspection.schema"], check=True, capture_output=True, text=True
    )
    assert printed.stdout == inspection_schema()


def test_an_inspection_is_valid_and_every_field_is_demanded(two_exams, inspected):
    schema = json.loads(PUBLISHED.read_text())
    jsonschema.Draft7Validator(schema).validate(json.loads(inspected(two_exams).model_dump_json()))
    assert set(schema["required"]) == set(schema["properties"])
