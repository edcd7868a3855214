"""Groups of commands whose help is wrapped once, by the terminal's width, and which all have ``--quiet``."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from inspect import Parameter, signature
from typing import Annotated, Any

import typer
from typer.core import TyperCommand
from typer.models import CommandFunctionType

from mammolens.cli.console import quietly

_Quiet = Annotated[
    bool,
    typer.Option(
        "--quiet",
        "-q",
        help="Print only results, warnings and errors.",
        allow_from_autoenv=False,
        show_envvar=False,
    ),
]


class Commands(typer.Typer):
    """A group of commands whose docstrings are their help; line breaks in a paragraph are not kept."""

    def command(self, name: str | None = None, **options: Any) -> Callable[[CommandFunctionType], CommandFunctionType]:
        """As :meth:`typer.Typer.command`; the command has ``--quiet`` in addition."""
        register = super().command(name, **{"cls": _Command, **options})

        def decorate(function: CommandFunctionType) -> CommandFunctionType:
            register(_with_quiet(function))
            return function

        return decorate


def _with_quiet(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def run(*arguments: Any, quiet: bool, **options: Any) -> Any:
        with quietly(quiet):
            return function(*arguments, **options)

    own = signature(function, eval_str=True)
    quiet = Parameter("quiet", Parameter.KEYWORD_ONLY, default=False, annotation=_Quiet)
    parameters = [*own.parameters.values(), quiet]
    run.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    return run


class _Command(TyperCommand):
    def __init__(self, *arguments: Any, help: str | None = None, **options: Any) -> None:  # noqa: A002 (typer's name)
        super().__init__(*arguments, help=unwrapped(help) if help else help, **options)


def unwrapped(text: str) -> str:
    """Paragraphs as a line each; indented lines, as of examples, stay lines of their own."""
    return re.sub(r"(?<=\S)\n(?=\S)", " ", text)
