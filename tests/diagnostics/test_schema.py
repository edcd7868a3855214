from __future__ import annotations

import json
from pathlib import Path

import jsonschema

from mammolens.diagnostics.results import Diagnosis, failed, passed

PUBLISHED = Path(__file__).parents[2] / "docs" / "schema" / "diagnosis.schema.json"


def test_a_diagnosis_is_valid():
    found = Diagnosis.of([passed("g", "n", "d"), failed("g", "n", "d", "r")])
    jsonschema.Draft7Validator(json.loads(PUBLISHED.read_text())).validate(json.loads(found.model_dump_json()))
