"""Groups of commands whose help is wrapped once, by the terminal's width."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import typer
from typer.core import TyperCommand
from typer.models import CommandFunctionType


class Commands(typer.Typer):
    """A group of commands whose docstrings are their help; line breaks in a paragraph are not kept."""

    def command(self, name: str | None = None, **options: Any) -> Callable[[CommandFunctionType], CommandFunctionType]:
        """As :meth:`typer.Typer.command`."""
        return super().command(name, **{"cls": _Command, **options})


class _Command(TyperCommand):
    def __init__(self, *arguments: Any, help: str | None = None, **options: Any) -> None:  # noqa: A002 (typer's name)
        super().__init__(*arguments, help=unwrapped(help) if help else help, **options)


def unwrapped(text: str) -> str:
    """Paragraphs as a line each; indented lines, as of examples, stay lines of their own."""
    return re.sub(r"(?<=\S)\n(?=\S)", " ", text)
