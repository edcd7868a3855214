"""How long tests wait for what they expect: for an event, and in vain only where something is broken."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from .fork_server import Program

T = TypeVar("T")

PATIENCE_S = 300.0
"""No measure of speed: a busy computer may take this long. Less than pytest's own limit, which says less."""

CLICK_MS = 20_000.0
"""After this, a click that had no effect is repeated, as people do."""


def until(
    true: Callable[[], T],
    otherwise: Callable[[], object] = lambda: "it never came to that",
    *,
    meanwhile: Callable[[], object] = lambda: None,
    seconds: float = PATIENCE_S,
) -> T:
    """Wait until something is true, and give it.

    Args:
        true: asked again and again.
        otherwise: what to say where it does not come.
        meanwhile: done between two questions.
        seconds: to wait at most.
    """
    began = time.monotonic()
    while not (found := true()):
        waited = time.monotonic() - began
        assert waited < seconds, otherwise()
        meanwhile()
        # Often at first, then seldom: asking a server takes time from what is waited for.
        time.sleep(min(max(0.01, 0.1 * waited), 0.5))
    return found


class _HasTimeout(Protocol):
    def set_default_timeout(self, timeout: float) -> None: ...


P = TypeVar("P", bound=_HasTimeout)


def patient(page: P) -> P:
    """A page or a context of Playwright that waits as long."""
    page.set_default_timeout(1000 * PATIENCE_S)
    return page


def end(process: subprocess.Popen[Any] | Program | None) -> None:
    """End a process if it still runs: politely, then by force together with what it started in its session."""
    if process is None or process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(PATIENCE_S / 5)
    except subprocess.TimeoutExpired:
        if os.getpgid(process.pid) == process.pid:
            os.killpg(process.pid, signal.SIGKILL)
        process.kill()
        process.wait()
