"""What ends a command: Ctrl-C, and SIGTERM in the same way.

A command that is started with SIGINT ignored, as shells start what a script puts into the background, goes on ignoring
it, and so does what it starts: Ctrl-C is meant for the script. SIGTERM ends the command all the same.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import IO

_LONGEST_STOP_S = 10.0
_PR_SET_PDEATHSIG = 1  # prctl(2)


@contextmanager
def ended_by_sigterm() -> Iterator[None]:
    """Treat SIGTERM like Ctrl-C, so that 'finally' blocks run."""

    def end(number: int, _: FrameType | None) -> None:
        signal.signal(number, signal.SIG_IGN)  # a second signal does not interrupt the end
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def child(
    command: Sequence[str],
    stdout: IO[bytes] | int | None,
    stderr: int | None = None,
    variables: Mapping[str, str] | None = None,
    *,
    umask: int = -1,
    stdin: int | None = None,
    longest_stop_s: float = _LONGEST_STOP_S,
) -> Iterator[subprocess.Popen[bytes]]:
    """Start a process, and end it afterwards, by force if necessary.

    On Linux it also ends when this process is killed and can end nothing itself.

    Args:
        command: program and arguments.
        stdout: as of :class:`subprocess.Popen`.
        stderr: the same.
        variables: of the environment, beside those of this process.
        umask: of the new process; -1 is this process's.
        stdin: as of :class:`subprocess.Popen`.
        longest_stop_s: for which it may end by itself, in seconds.
    """
    # Servers handle SIGINT whether it was ignored or not; the terminal does not send it to another group.
    group = 0 if signal.getsignal(signal.SIGINT) is signal.SIG_IGN else None
    process = subprocess.Popen(
        command,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        env={**os.environ, **(variables or {})},
        process_group=group,
        umask=umask,
        preexec_fn=_ended_with_its_parent(),  # noqa: PLW1509 - it takes no lock, which another thread might hold
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=longest_stop_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _ended_with_its_parent() -> Callable[[], None] | None:
    """What a child does before its program starts, so that the kernel kills it together with its parent."""
    if sys.platform != "linux":
        return None
    prctl, parent = ctypes.CDLL(None).prctl, os.getpid()

    def ask_the_kernel() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # killed before the kernel was asked
            os._exit(1)

    return ask_the_kernel
