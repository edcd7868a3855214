"""What the process says when it ends; documented in docs/cli.md."""

from __future__ import annotations

from enum import IntEnum

from mammolens.errors import (
    BackupError,
    ConfigError,
    DatasetError,
    InputError,
    LedgerError,
    MammoLensError,
    ModelError,
    ServerError,
)


class ExitCode(IntEnum):
    """0 success, 1 a bug, 2 wrong usage (Typer's) or an unwritable output, then one an error kind."""

    SUCCESS = 0
    UNHEALTHY = 1  # of `doctor`; of any other command a bug
    USAGE = 2
    INPUT = 3
    CONFIG = 4
    DATASET = 5
    MODEL = 6
    SERVER = 7
    LEDGER = 8
    BACKUP = 9
    INTERRUPTED = 130


def exit_code_of(error: MammoLensError) -> ExitCode:
    """The code of an error's kind."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), ExitCode.INPUT)


_CODES: tuple[tuple[type[MammoLensError], ExitCode], ...] = (
    (InputError, ExitCode.INPUT),
    (ConfigError, ExitCode.CONFIG),
    (DatasetError, ExitCode.DATASET),
    (ModelError, ExitCode.MODEL),
    (ServerError, ExitCode.SERVER),
    (LedgerError, ExitCode.LEDGER),
    (BackupError, ExitCode.BACKUP),
)
