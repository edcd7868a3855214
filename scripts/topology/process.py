"""Processes with a log each, started one after the other and stopped in the other order."""

from __future__ import annotations

import os
import signal
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

START_SECONDS = 300
STOP_SECONDS = 30


class ServiceError(RuntimeError):
    """A service that did not start."""


class Processes:
    """Services by name; the log of each is ``<name>.log`` in ``logs``."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, command: list[str], environment: Mapping[str, str], **options: Any) -> None:
        """Start a service; settings of another MONAI Label server in this environment are not handed on."""
        inherited = {
            key: value for key, value in os.environ.items() if not key.startswith(("MONAI_LABEL", "MAMMOLENS"))
        }
        with (self._logs / f"{name}.log").open("wb") as log:
            self._running[name] = subprocess.Popen(
                command, stdout=log, stderr=subprocess.STDOUT, env={**inherited, **environment}, **options
            )

    def wait_until(self, name: str, ready: Callable[[], bool]) -> None:
        """Until the service is ready.

        Raises:
            ServiceError: it ended, or was not ready in time; with what it said last.
        """
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._running[name].poll() is None:
            if ready():
                return
            time.sleep(0.2)
        log = (self._logs / f"{name}.log").read_text(encoding="utf-8", errors="replace")[-2000:]
        raise ServiceError(f"{name}: did not start; its log ends with:\n{log}")

    def end(self, name: str, number: int) -> None:
        """End a service by a signal."""
        self._running[name].send_signal(number)
        self._running[name].wait(STOP_SECONDS)

    def stop_all(self) -> None:
        """Stop every service, the last one first."""
        for process in reversed(self._running.values()):
            if process.poll() is None:
                process.send_signal(signal.SIGINT)  # PostgreSQL would wait for its clients after SIGTERM
                try:
                    process.wait(STOP_SECONDS)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()

    def ended(self) -> str | None:
        """The name of a service that ended by itself."""
        return next((name for name, process in self._running.items() if process.poll() is not None), None)

    def ids(self) -> dict[str, int]:
        """Process ids by name."""
        return {name: process.pid for name, process in self._running.items()}


def succeeds(command: list[str], environment: Mapping[str, str]) -> bool:
    """Whether a program ends without an error."""
    return subprocess.run(command, capture_output=True, env={**os.environ, **environment}, check=False).returncode == 0


def answers(url: str, authority: Path | None = None) -> bool:
    """Whether a server answers, be it that it wants to know who asks."""
    context = ssl.create_default_context(cafile=str(authority)) if authority else None
    try:
        with urllib.request.urlopen(url, timeout=30, context=context):
            return True
    except urllib.error.HTTPError as error:
        return error.code == 401
    except OSError:
        return False
