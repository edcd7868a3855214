"""What ends a command: Ctrl-C, and SIGTERM in the same way.

A command that is started with SIGINT ignored, as shells start what a script puts into the background, goes on ignoring
it, and so does what it starts: Ctrl-C is meant for the script. SIGTERM ends the command all the same.
"""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import IO

_LONGEST_STOP_S = 10.0


@contextmanager
def ended_by_sigterm() -> Iterator[None]:
    """SIGTERM means what Ctrl-C does, so that what stands behind 'finally' is done."""

    def end(number: int, _: FrameType | None) -> None:
        signal.signal(number, signal.SIG_IGN)  # told again, go on ending
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def child(
    command: Sequence[str], stdout: IO[bytes] | int | None, stderr: int | None = None, *, umask: int = -1
) -> Iterator[subprocess.Popen[bytes]]:
    """Start a process, and end it afterwards, by force if it does not by itself; ``umask`` -1 is this process's."""
    # Servers handle SIGINT whether it was ignored or not; the terminal does not send it to another group.
    group = 0 if signal.getsignal(signal.SIGINT) is signal.SIG_IGN else None
    process = subprocess.Popen(command, stdout=stdout, stderr=stderr, process_group=group, umask=umask)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=_LONGEST_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
