from __future__ import annotations

import json
from pathlib import Path

import jsonschema

PUBLISHED = Path(__file__).parents[2] / "docs" / "schema" / "inspection.schema.json"


def test_an_inspection_is_valid_and_every_field_is_demanded(two_exams, inspected):
    schema = json.loads(PUBLISHED.read_text())
    jsonschema.Draft7Validator(schema).validate(json.loads(inspected(two_exams).model_dump_json()))
    assert set(schema["required"]) == set(schema["properties"])
