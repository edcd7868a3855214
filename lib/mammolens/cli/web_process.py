"""The page as a child process."""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.error
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from mammolens.cli.signals import child, ended_by_sigterm
from mammolens.diagnostics.ports import check_port
from mammolens.errors import InputError, ServerError
from mammolens.loopback import opener_for

_LONGEST_START_S = 300.0


@contextmanager
def running_page(address: str, port: int, options: Mapping[str, object]) -> Iterator[subprocess.Popen[bytes]]:
    """Start the page, wait until it answers, and stop it at the end, also when this process is terminated.

    Args:
        address: to listen on.
        port: to listen at.
        options: of ``python -m mammolens.web``; those that are ``None`` are left out.

    Raises:
        InputError: a folder that is named does not exist.
        ServerError: it cannot start, ended, or did not answer in time.
    """
    if find_spec("streamlit") is None:
        raise ServerError("streamlit", "is not installed", "run 'make install', or pip install 'mammolens[web]'")
    for name, value in options.items():
        if isinstance(value, Path) and not value.is_dir():
            raise InputError(value, "is not a folder", f"give a folder to --{name}")
    check_port(address, port)
    command = [sys.executable, "-m", "mammolens.web", "--address", address, "--port", str(port)]
    for name, value in options.items():
        if value is not None:
            command += [f"--{name}", str(value)]
    with ended_by_sigterm(), child(command, stdout=subprocess.DEVNULL) as page:
        _wait_until_it_answers(page, address, port)
        yield page


def _wait_until_it_answers(page: subprocess.Popen[bytes], address: str, port: int) -> None:
    deadline = time.monotonic() + _LONGEST_START_S
    host = "127.0.0.1" if address in ("0.0.0.0", "localhost") else address
    url = f"http://{host}:{port}/_stcore/health"
    while time.monotonic() < deadline:
        if page.poll() is not None:
            raise ServerError(f"port {port}", f"the page ended with code {page.returncode}", "see the lines above")
        try:
            with opener_for(url).open(url, timeout=5):
                return
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            time.sleep(0.2)
    raise ServerError(f"port {port}", f"the page did not answer within {_LONGEST_START_S:.0f} s", "see the lines above")
