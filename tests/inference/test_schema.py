from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

PUBLISHED = Path(__file__).parents[2] / "docs" / "schema" / "anomaly-record.schema.json"


@pytest.fixture(scope="module")
def the_published_schema() -> jsonschema.Draft7Validator:
    schema = json.loads(PUBLISHED.read_text())
    return jsonschema.Draft7Validator(schema)  # the schema uses nothing of a later draft


def test_a_result_is_valid(the_published_schema, a_predictor, an_exam):
    for result in a_predictor.predict_exam(an_exam):
        the_published_schema.validate(json.loads(result.record.model_dump_json()))


@pytest.mark.parametrize(
    ("field", "value"),
    [("p_value", 1.5), ("view", "AP"), ("laterality", "B"), ("quality_flags", ["odd"]), ("further", 1), ("rows", "9")],
)
def test_what_breaks_the_contract_is_not_valid(the_published_schema, a_predictor, an_exam, field, value):
    record = json.loads(a_predictor.predict(an_exam[0]).record.model_dump_json())
    assert not the_published_schema.is_valid({**record, field: value})


def test_every_field_is_demanded(the_published_schema):
    schema = the_published_schema.schema
    assert set(schema["required"]) == set(schema["properties"])
    assert schema["additionalProperties"] is False
