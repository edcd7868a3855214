from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import jsonschema

from mammolens.diagnostics.results import Diagnosis, failed, passed
from mammolens.diagnostics.schema import diagnosis_schema

PUBLISHED = Path(__file__).parents[2] / "docs" / "schema" / "diagnosis.schema.json"


def test_the_published_schema_is_that_of_the_diagnosis():
    remedy = f"python -m mammolens.diagnostics.schema > {PUBLISHED.relative_to(PUBLISHED.parents[2])}"
    assert PUBLISHED.read_text() == diagnosis_schema(), remedy


def test_the_module_prints_it():
    printed = subprocess.run(
        [sys.executable, "-m", "mammolens.diagnostics.schema"], check=True, capture_output=True, text=True
    )
    assert printed.stdout == diagnosis_schema()


def test_a_diagnosis_is_valid():
    found = Diagnosis.of([passed("g", "n", "d"), failed("g", "n", "d", "r")])
    jsonschema.Draft7Validator(json.loads(PUBLISHED.read_text())).validate(json.loads(found.model_dump_json()))
