"""What the Dockerfile copies suffices to build and install the package."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from mammolens.datasets.phantom import make_phantom_exam
from mammolens.datasets.phantom_dicom import write_phantom_exam

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).parents[2]
NOT_SENT = shutil.ignore_patterns("__pycache__", "*.egg-info")


@pytest.fixture(scope="module")
def a_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as in the Dockerfile, of the files that .dockerignore lets through."""
    context, wheels = tmp_path_factory.mktemp("build"), tmp_path_factory.mktemp("wheels")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(REPOSITORY / name, context)
    shutil.copytree(REPOSITORY / "lib", context / "lib", ignore=NOT_SENT)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "--wheel-dir", str(wheels), str(context)], check=True)
    return next(wheels.glob("*.whl"))


def test_the_installed_package_holds_every_file_of_the_library(a_wheel: Path) -> None:
    library = REPOSITORY / "lib"
    files = {path for path in (library / "mammolens").rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    missing = {path.relative_to(library).as_posix() for path in files} - set(zipfile.ZipFile(a_wheel).namelist())
    assert not missing, "name them in pyproject.toml under package-data"


def test_the_installed_package_works_without_the_repository_and_prints_results_and_nothing_else(
    a_wheel: Path, tmp_path: Path
) -> None:
    """Not forked: libraries may print while they are imported."""
    installed = tmp_path / "site-packages"
    zipfile.ZipFile(a_wheel).extractall(installed)
    exam = make_phantom_exam(7, rows=192, columns=160, spacing=(1.25, 1.25))
    image = write_phantom_exam(exam, tmp_path / "exam")[0]
    code = """
import json, sys
from pathlib import Path
import mammolens
from mammolens import load_config
from mammolens.cli.main import app
from mammolens.cli.options import configuration

config = load_config(configuration(Path("configs/restorer.yaml")))
Path("found.json").write_text(json.dumps([mammolens.__file__, config.name]))
sys.exit(app())
"""
    command = [sys.executable, "-c", code, "predict", str(image), "-o", "out", "--json"]
    surroundings = {**os.environ, "PYTHONPATH": str(installed)}
    done = subprocess.run(command, cwd=tmp_path, env=surroundings, check=True, capture_output=True, text=True)
    file, config = json.loads((tmp_path / "found.json").read_text())
    assert Path(file).is_relative_to(installed)
    assert config == "restorer"
    (line,) = done.stdout.splitlines()
    assert json.loads(line)["model"].startswith("exposed-")
    assert "Warning" not in done.stderr
    assert "1 images analysed" in done.stderr
