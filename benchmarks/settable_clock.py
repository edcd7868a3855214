"""A wall clock of a running process, and of what it starts, that can be set without root."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path

from mammolens.errors import ServerError

_SOURCE = Path(__file__).with_name("clock_shift.c")


class SettableClock:
    """Shifts ``CLOCK_REALTIME`` of every process that is started with its variables; other clocks go on.

    Times of files stay those of the computer.

    Args:
        folder: for the library and the shift.

    Raises:
        ServerError: there is no C compiler.
    """

    def __init__(self, folder: Path) -> None:
        compiler = shutil.which("cc")
        if compiler is None:
            raise ServerError("cc", "is not installed", "apt-get install gcc libc6-dev")
        library, self._shift = folder / "clock_shift.so", folder / "clock_shift"
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run([compiler, "-O2", "-Wall", "-shared", "-fPIC", "-o", library, _SOURCE], check=True)
        self.shift(0)
        self.variables = {"LD_PRELOAD": str(library.resolve()), "CLOCK_SHIFT": str(self._shift.resolve())}

    def shift(self, seconds: int) -> None:
        """From now on, processes are this far ahead of the computer's clock."""
        with self._shift.open("r+b" if self._shift.exists() else "wb") as file:
            file.write(struct.pack("q", seconds))
