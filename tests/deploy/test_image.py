"""What the Dockerfile copies suffices to build and install the package."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

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


def test_the_installed_package_works_without_the_repository(a_wheel: Path, tmp_path: Path) -> None:
    installed = tmp_path / "site-packages"
    zipfile.ZipFile(a_wheel).extractall(installed)
    code = """
from pathlib import Path
import mammolens
from mammolens import Predictor, load_config, mammogram_from_array
from mammolens.cli.options import configuration
from mammolens.datasets.phantom import make_phantom_exam

exam = make_phantom_exam(7, rows=192, columns=160, spacing=(1.25, 1.25))
result = Predictor.load().predict(mammogram_from_array(exam.views[0].pixels))
config = load_config(configuration(Path("configs/restorer.yaml")))
print(mammolens.__file__, config.name, result.record.model)
"""
    surroundings = {**os.environ, "PYTHONPATH": str(installed)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=surroundings, check=True, capture_output=True, text=True
    )
    file, config, model = done.stdout.split()
    assert Path(file).is_relative_to(installed)
    assert (config, model.split("-")[0]) == ("restorer", "exposed")
