"""Commands of ``mammolens`` within the process of the test."""

from __future__ import annotations

import logging

from click.testing import Result
from typer.testing import CliRunner

from mammolens.cli.main import app


def run_mammolens(*arguments: object, said: str = "") -> Result:
    """Run a command, and leave our log's level as it was; ``stdout`` and ``stderr`` are kept apart.

    Args:
        said: what is typed at its questions.
    """
    ours = logging.getLogger("mammolens")
    level = ours.level
    try:
        return CliRunner().invoke(app, [str(argument) for argument in arguments], input=said)
    finally:
        ours.setLevel(level)
