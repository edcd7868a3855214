"""What surrounds the tests, the same everywhere, for the programs too that they start."""

from __future__ import annotations

import atexit
import getpass
import os
import shutil
import signal
import tempfile
from pathlib import Path

import hypothesis


def arrange() -> None:
    """Once in each process, before anything is imported that looks for a home or for the user."""
    _answer_to_signals()
    os.fsync = write_when_convenient
    # The same examples each time, and no limit that a busy computer could break.
    slow = [hypothesis.HealthCheck.too_slow]
    hypothesis.settings.register_profile("same", derandomize=True, deadline=None, suppress_health_check=slow)
    hypothesis.settings.load_profile("same")
    if "PYTEST_XDIST_WORKER" not in os.environ:  # workers inherit the environment
        _move_home()
        _have_a_name()


def write_when_convenient(_descriptor: int) -> None:
    """In place of :func:`os.fsync`, which waits for the disk: tests kill programs, never the computer."""


def _answer_to_signals() -> None:
    """Programs that tests start answer to signals although the tests themselves ignore them.

    nohup and shells in the background start programs with some signals ignored, which their children inherit. A
    handler is not inherited; this one ignores just as well.
    """
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)


def _move_home() -> None:
    """A home and a place for temporary files that go when the tests end, whatever is left in them."""
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", tempfile.gettempdir())  # pytest's own stay where they were
    folder = Path(tempfile.mkdtemp(prefix="mammolens-tests-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    folder.chmod(0o711)  # PostgreSQL runs as somebody else and has its folder in it
    home = folder / "home"
    home.mkdir()
    os.environ |= {"HOME": str(home), "TMPDIR": str(folder)}
    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "MPLCONFIGDIR"):
        os.environ.pop(name, None)
    tempfile.tempdir = None


def _have_a_name() -> None:
    """MONAI cannot be imported by a user who is only a number."""
    try:
        getpass.getuser()
    except (KeyError, OSError):
        os.environ["LOGNAME"] = "nobody"
