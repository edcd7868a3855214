"""The names that `from mammolens import ...` offers: listed, documented, with examples that run."""

from __future__ import annotations

import ast
import doctest
import inspect
import subprocess
import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import cast

import pytest

import mammolens

REPOSITORY = Path(__file__).parents[1]
LISTING = REPOSITORY / "docs" / "schema" / "public-api.txt"
# Values that others give; the examples are with what gives them.
WITHOUT_EXAMPLE = {
    *("AnomalyRecord", "AnomalyResult", "Evaluation", "Finding", "ImageHeader", "Mammogram"),
    *("InputError", "MammoLensError", "Laterality", "QualityFlag", "SpacingSource", "Split", "ViewPosition"),
}


def parameters(of: object) -> str:
    """The names, with ``=`` behind those that may be left out, and a ``*`` before those that must be named."""
    if isinstance(of, type) and issubclass(of, StrEnum):
        return ", ".join(of.__members__)
    shown: list[str] = []
    for parameter in inspect.signature(cast("Callable[..., object]", of)).parameters.values():
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY and "*" not in shown:
            shown.append("*")
        shown.append(parameter.name + ("" if parameter.default is inspect.Parameter.empty else "="))
    return ", ".join(shown)


def signatures() -> str:
    public: dict[str, object] = {name: getattr(mammolens, name) for name in mammolens.__all__}
    methods = inspect.getmembers(mammolens.Predictor, inspect.isroutine)
    public |= {f"Predictor.{name}": method for name, method in methods if not name.startswith("_")}
    return "".join(f"{name}({parameters(of)})\n" for name, of in sorted(public.items()))


def examples(name: str) -> list[doctest.DocTest]:
    return [test for test in doctest.DocTestFinder().find(getattr(mammolens, name), name) if test.examples]


def test_names_and_signatures_are_those_of_the_listing() -> None:
    assert signatures() == LISTING.read_text(), (
        f"the public API changed: say so in CHANGELOG.md, then write signatures() to {LISTING.relative_to(REPOSITORY)}"
    )


@pytest.mark.parametrize("file", ["CHANGELOG.md", "docs/python.md"])
def test_every_name_is_documented(file: str) -> None:
    text = (REPOSITORY / file).read_text()
    assert [name for name in mammolens.__all__ if f"`{name}`" not in text] == []
    assert all(inspect.getdoc(getattr(mammolens, name)) for name in mammolens.__all__)


def test_the_stub_lists_what_it_imports() -> None:
    stub = ast.parse((REPOSITORY / "lib" / "mammolens" / "__init__.pyi").read_text())
    listed = next(ast.literal_eval(node.value) for node in stub.body if isinstance(node, ast.Assign))
    assert listed == sorted(listed) == mammolens.__all__


def test_the_import_takes_nothing_with_it() -> None:
    code = "import sys, mammolens; print({'torch', 'numpy', 'pydicom', 'monai'}.intersection(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_the_command_line_runs_as_a_module() -> None:
    done = subprocess.run([sys.executable, "-m", "mammolens", "--version"], capture_output=True, text=True, check=True)
    assert mammolens.__version__ in done.stdout


def test_each_name_has_an_example_or_is_in_that_of_another() -> None:
    assert {name for name in mammolens.__all__ if not examples(name)} == WITHOUT_EXAMPLE


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(mammolens.__all__) - WITHOUT_EXAMPLE))
def test_the_examples_run(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for test in examples(name):
        said: list[str] = []
        assert doctest.DocTestRunner().run(test, out=said.append).failed == 0, "".join(said)
