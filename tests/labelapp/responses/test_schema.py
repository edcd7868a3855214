"""What the server answers is what docs/schema tells, for each route, and the OpenAPI says so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import monailabel.app
import pytest
from starlette.testclient import TestClient

from mammolens.labelapp.app import MammoLensApp
from mammolens.labelapp.responses.schema import ANSWERS

PUBLISHED = Path(__file__).parents[3] / "docs" / "schema" / "server.schema.json"


def validator(name: str) -> jsonschema.Draft7Validator:
    """Of one answer."""
    return jsonschema.Draft7Validator({**json.loads(PUBLISHED.read_text()), "$ref": f"#/$defs/{name}"})


def test_every_field_of_every_answer_is_demanded_and_no_other_is_allowed() -> None:
    for name, definition in json.loads(PUBLISHED.read_text())["$defs"].items():
        if definition.get("type") == "object":
            assert set(definition["required"]) == set(definition["properties"]), name
            assert definition["additionalProperties"] is False, name


def _answers(openapi: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Our routes, with the schema of what each answers as JSON."""
    for path, methods in openapi["paths"].items():
        for method, operation in methods.items():
            for status, answer in operation["responses"].items():
                json_of = answer.get("content", {}).get("application/json")
                if path.startswith("/mammolens/") and status.startswith("2") and json_of is not None:
                    yield f"{method.upper()} {path}", json_of["schema"]


def test_the_openapi_names_the_answer_of_each_of_our_routes(an_app: MammoLensApp) -> None:
    told = dict(_answers(monailabel.app.app.openapi()))
    assert {schema.get("$ref", "none").rpartition("/")[2] for schema in told.values()} == {
        answer.__name__ for answer in ANSWERS if answer.__name__ != "ErrorDetail"
    }, told


@pytest.fixture
def an_exam_with_results(a_client: TestClient) -> str:
    """An exam with results and a decision that was taken back."""
    exam = str(a_client.get("/mammolens/worklist").json()["exams"][0]["exam"])
    a_client.post(f"/mammolens/exams/{exam}/infer")
    image = a_client.get(f"/mammolens/exams/{exam}").json()["images"][0]
    region = {"image": image, "points": [[1, 2], [3, 4], [1, 4]]}
    a_client.post(f"/mammolens/exams/{exam}/decisions", json={"verdict": "finding", "regions": [region]})
    a_client.post(f"/mammolens/exams/{exam}/decisions/undo")
    return exam


def test_what_is_answered_is_valid(a_client: TestClient, an_exam_with_results: str) -> None:
    expected = [
        ("worklist", "ExamList"),
        ("exams/EXAM", "ExamDetail"),
        ("exams/EXAM/ohif.json", "OhifManifest"),
        ("decisions", "LedgerPage"),
        ("decisions/audit", "LedgerAudit"),
        ("drift", "DriftDetail"),
        ("inference", "BackgroundInferenceStatus"),
        ("jobs", "JobList"),
        ("models", "ModelList"),
        ("suspect-normals", "SuspectNormalList"),
        ("exams/e-0000000000000000", "ErrorDetail"),
    ]
    for path, name in expected:
        answer = a_client.get(f"/mammolens/{path.replace('EXAM', an_exam_with_results)}")
        assert not [error.message for error in validator(name).iter_errors(answer.json())], path
