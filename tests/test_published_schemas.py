"""The JSON Schemas in docs/schema are those that the code prints."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "docs" / "schema"


@pytest.mark.parametrize(
    ("module", "function", "name"),
    [
        ("mammolens.inference.schema", "record_schema", "anomaly-record"),
        ("mammolens.archive.schema", "rows_schema", "score-rows"),
        ("mammolens.config", "config_schema", "config"),
        ("mammolens.inspection.schema", "inspection_schema", "inspection"),
        ("mammolens.diagnostics.schema", "diagnosis_schema", "diagnosis"),
        ("mammolens.labelapp.responses.schema", "server_schema", "server"),
        ("mammolens.labelapp.delivery.webhook_message", "webhook_schema", "webhook"),
    ],
)
def test_the_published_schema_is_what_the_module_prints(module: str, function: str, name: str) -> None:
    published = FOLDER / f"{name}.schema.json"
    schema = getattr(import_module(module), function)()
    assert published.read_text() == schema, f"python -m {module} > {published.relative_to(FOLDER.parents[1])}"
    printed = subprocess.run([sys.executable, "-m", module], check=True, capture_output=True, text=True)
    assert printed.stdout == schema
