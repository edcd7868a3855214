from __future__ import annotations

import subprocess
import sys

import pytest
import typer.main

from mammolens import RESEARCH_USE_ONLY, __version__
from mammolens.cli.commands import unwrapped
from mammolens.cli.main import app

from ..patience import PATIENCE_S

COMMANDS = list(typer.main.get_command(app).commands)
HEAVY = (
    "torch",
    "monai",
    "monailabel",
    "numpy",
    "scipy",
    "skimage",
    "matplotlib",
    "pydicom",
    "SimpleITK",
    "sqlalchemy",
)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_and_its_options(mammolens, command):
    result = mammolens(command, "--help")
    assert result.exit_code == 0
    assert f"mammolens {command}" in " ".join(result.stdout.split()) or f"{command} [OPTIONS]" in result.stdout
    assert "--help" in result.stdout
    assert "--quiet" in result.stdout or "COMMAND" in result.stdout
    assert not result.stderr


def test_the_list_of_commands_says_what_each_is_for_and_that_it_is_research(mammolens):
    result = mammolens("--help")
    assert result.exit_code == 0
    assert all(command in result.stdout for command in COMMANDS)
    assert RESEARCH_USE_ONLY in result.stdout
    assert "Exit codes" in result.stdout


def test_help_is_wrapped_once_and_keeps_examples_on_lines_of_their_own():
    text = "Of one\nparagraph.\n\nExamples:\n    mammolens one\n\n    mammolens two"
    assert unwrapped(text) == "Of one paragraph.\n\nExamples:\n    mammolens one\n\n    mammolens two"


@pytest.mark.slow
def test_help_loads_nothing_heavy():
    code = (
        "import sys\n"
        "from typer.testing import CliRunner\n"
        "from mammolens.cli.main import app\n"
        f"for arguments in ([], *([name] for name in {COMMANDS!r})):\n"
        "    assert CliRunner().invoke(app, [*arguments, '--help']).exit_code == 0\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])\n"
    )
    printed = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert printed.stdout.strip() == "[]"


def test_the_program_tells_its_version(start_mammolens):
    process = start_mammolens("--version")
    stdout, stderr = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, stderr) == (0, "")
    assert stdout == f"mammolens {__version__} ({RESEARCH_USE_ONLY})\n"


@pytest.mark.parametrize("arguments", [["frobnicate"], ["predict"], ["predict", "a.dcm"], ["train", "--epochs", "3"]])
def test_wrong_usage_is_code_two(mammolens, arguments):
    result = mammolens(*arguments)
    assert result.exit_code == 2
    assert not result.stdout
    assert "Traceback" not in result.stderr
