"""The JSON Schemas in docs/schema are those that the code prints."""

import runpy
import warnings
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
def test_the_published_schema_is_what_the_module_prints(
    module: str, function: str, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    published = FOLDER / f"{name}.schema.json"
    schema = getattr(import_module(module), function)()
    assert published.read_text() == schema, f"python -m {module} > {published.relative_to(FOLDER.parents[1])}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # it has been imported already
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    assert capsys.readouterr().out == schema
