"""Every command line in the documents and in the help is one that is understood."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest
import typer.main

from mammolens.cli.main import app

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
COMMANDS = typer.main.get_command(app).commands


def lines_of(text: str) -> list[str]:
    found = re.findall(r"^(?:Example: |\s*)(?:\.venv/bin/)?(mammolens [a-z].*)$", text, flags=re.MULTILINE)
    return [re.split(r"  #| > ", line)[0] for line in found]


def examples_of(command: click.Command) -> list[str]:
    """In the help of a command and of those below it."""
    below = getattr(command, "commands", {}).values()
    return [*lines_of(command.help or ""), *(line for one in below for line in examples_of(one))]


def parameters_of(words: list[str]) -> dict[str, object]:
    """What a command, or one below it, understands of a line."""
    name, *arguments = words
    command = COMMANDS[name]
    while hasattr(command, "commands"):
        name, *arguments = arguments
        command = command.commands[name]
    return command.make_context(name, arguments).params


DOCUMENTED = [(path.name, line) for path in DOCUMENTS if path.is_file() for line in lines_of(path.read_text())]
EXAMPLES = [(name, line) for name, command in COMMANDS.items() for line in examples_of(command)]


@pytest.mark.parametrize(("source", "line"), [*DOCUMENTED, *EXAMPLES])
def test_it_is_understood(source, line, tmp_path, monkeypatch):
    (tmp_path / "server.yaml").write_text("studies: studies")  # which some lines name, and which is read
    monkeypatch.chdir(tmp_path)
    _, *words = shlex.split(line)
    assert words[0] in COMMANDS, source
    assert parameters_of(words) is not None


def test_there_are_documents_and_examples():
    assert {"cli.md"} <= {source for source, _ in DOCUMENTED}
    assert {"predict", "train", "evaluate", "phantom"} <= {source for source, _ in EXAMPLES}


def test_a_wrong_line_would_be_noticed():
    with pytest.raises(Exception, match="No such option"):
        COMMANDS["predict"].make_context("predict", ["a.dcm", "-o", "out", "--colour"])
