"""The command line as a person and as a script meet it."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from mammolens.cli.main import app
from mammolens.config import ModelConfig
from mammolens.datasets.base import Dataset

from ..patience import end

EXECUTABLE = Path(sys.executable).with_name("mammolens")
Mammolens = Callable[..., Result]


@pytest.fixture(autouse=True)
def the_log_as_it_was() -> Iterator[None]:
    """Commands that run within this process set up its log; the next test shall not notice."""
    ours = logging.getLogger("mammolens")
    level = ours.level
    yield
    ours.setLevel(level)


@pytest.fixture
def mammolens() -> Mammolens:
    """Runs a command within this process; ``stdout`` and ``stderr`` are kept apart."""

    def run(*arguments: object) -> Result:
        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    return run


@pytest.fixture
def start_mammolens() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts a command as a process of its own; with ``in_background=True`` as a script does that ends in '&'."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: object, in_background: bool = False) -> subprocess.Popen[str]:
        command = [str(EXECUTABLE), *(str(argument) for argument in arguments)]
        if in_background:
            command = ["sh", "-c", "trap '' INT; exec \"$@\"", "sh", *command]
        one_thread = {**os.environ, "OMP_NUM_THREADS": "1"}  # as within this process
        process = subprocess.Popen(
            command, env=one_thread, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        started.append(process)
        return process

    yield start
    for process in started:
        end(process)


@pytest.fixture(scope="session")
def phantom_folder(phantoms: Dataset) -> Path:
    """Where the phantoms lie, beside their labels.csv."""
    return phantoms.cases[0].path.parents[1]


@pytest.fixture
def an_exam_folder(phantom_folder: Path, phantoms: Dataset) -> Path:
    """Four files of one woman."""
    return phantom_folder / phantoms.patients[0]


@pytest.fixture
def a_config_file(tmp_path: Path, a_tiny_config: ModelConfig) -> Path:
    path = tmp_path / "tiny.yaml"
    path.write_text(a_tiny_config.to_yaml())
    return path
