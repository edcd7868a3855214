"""Results to stdout, everything else to stderr; errors as one line; progress where it takes time."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.logging import RichHandler
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

from mammolens.cli.exit_codes import ExitCode, exit_code_of
from mammolens.errors import MammoLensError


def out() -> Console:
    """For results."""
    return Console()


def err() -> Console:
    """For progress, logs and errors."""
    return Console(stderr=True)


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Say an expected error in one line on stderr and leave with its exit code.

    Raises:
        typer.Exit: with the code of :class:`ExitCode`.
    """
    try:
        yield
    except MammoLensError as error:
        say_error(str(error))
        raise typer.Exit(exit_code_of(error)) from error
    except KeyboardInterrupt as interrupt:
        err().print("[yellow]stopped[/yellow]")
        raise typer.Exit(ExitCode.INTERRUPTED) from interrupt


def say_error(message: str) -> None:
    """One line, whatever its length, so that scripts can read it."""
    err().print(f"error: {message}", style="bold red", markup=False, soft_wrap=True)


def log_to_stderr(verbose: bool) -> None:
    """Route logging to stderr: warnings, or everything of ours with ``verbose``."""
    handler = RichHandler(console=err(), show_path=False, show_time=False)
    logging.basicConfig(level=logging.WARNING, format="%(message)s", handlers=[handler])
    logging.getLogger("mammolens").setLevel(logging.INFO if verbose else logging.WARNING)


def progress_bar() -> Progress:
    """A bar on stderr with count and time left; plain when stderr is no terminal."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=err(),
    )
