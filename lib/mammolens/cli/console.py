"""Results to stdout, everything else to stderr; errors as one line; progress where it takes time."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from mammolens.cli.exit_codes import ExitCode, exit_code_of
from mammolens.cli.signals import ended_by_sigterm
from mammolens.errors import MammoLensError

_QUIET: ContextVar[bool] = ContextVar("quiet", default=False)


@contextmanager
def quietly(quiet: bool) -> Iterator[None]:
    """Within it, notes and progress are not printed if ``quiet``; results, warnings and errors are."""
    before = _QUIET.set(quiet)
    try:
        yield
    finally:
        _QUIET.reset(before)


def is_quiet() -> bool:
    """Whether notes and progress are left out."""
    return _QUIET.get()


def out() -> Console:
    """Console for results; square brackets and colons in file names are not markup."""
    return Console(markup=False, emoji=False, highlight=False)


def err() -> Console:
    """Console for progress, logs and errors."""
    return Console(stderr=True, markup=False, emoji=False, highlight=False)


@contextmanager
def one_line_errors(when_stopped: str = "stopped") -> Iterator[None]:
    """Print an expected error in one line on stderr and exit with its code.

    Args:
        when_stopped: printed after Ctrl-C and SIGTERM.

    Raises:
        typer.Exit: with the code of :class:`ExitCode`.
    """
    try:
        with ended_by_sigterm():
            yield
    except MammoLensError as error:
        say_error(str(error))
        raise typer.Exit(exit_code_of(error)) from error
    except BrokenPipeError:  # the reader of our output closed the pipe, which is not an error
        raise
    except OSError as error:
        where = "output" if error.filename is None else error.filename
        say_error(
            f"{where}: {error.strerror or error}; choose another location, or check its permissions and free space"
        )
        raise typer.Exit(ExitCode.USAGE) from error
    except KeyboardInterrupt as interrupt:
        _print_line(when_stopped)
        raise typer.Exit(ExitCode.INTERRUPTED) from interrupt


def say(message: str) -> None:
    """Print a note on stderr, in one line of any length; not with ``--quiet``."""
    if not _QUIET.get():
        _print_line(message)


def say_warning(message: str) -> None:
    """One line on stderr, also with ``--quiet``."""
    _print_line(f"warning: {message}", style="bold yellow")


def say_error(message: str) -> None:
    """One line on stderr, so that scripts can read it."""
    _print_line(f"error: {message}", style="bold red")


def _print_line(message: str, style: str | None = None) -> None:
    err().print(" ".join(message.splitlines()), style=style, soft_wrap=True)


class _OneLineHandler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        _print_line(f"{record.levelname.lower()}: {self.format(record)}")


def log_to_stderr(verbose: bool) -> None:
    """Route logging to stderr: warnings, or everything of ours with ``verbose``."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s", handlers=[_OneLineHandler()])
    logging.getLogger("mammolens").setLevel(logging.INFO if verbose else logging.WARNING)


class _RateColumn(ProgressColumn):
    """Steps per second."""

    def __init__(self, unit: str) -> None:
        super().__init__()
        self._unit = unit

    def render(self, task: Task) -> Text:
        """As :meth:`rich.progress.ProgressColumn.render`."""
        return Text("" if task.speed is None else f"{task.speed:.1f} {self._unit}/s")


def progress_bar(unit: str | None = None, *, shown: bool = True) -> Progress:
    """A bar on stderr with count and time left; plain when stderr is not a terminal, hidden with ``--quiet``.

    Args:
        unit: of the steps, whose rate is shown then.
        shown: otherwise nothing is printed.
    """
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        *([] if unit is None else [_RateColumn(unit)]),
        TimeRemainingColumn(),
        console=err(),
        disable=_QUIET.get() or not shown,
    )
