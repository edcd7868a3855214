"""What the server writes is for its own account alone, and its temporary files lie in one folder that goes with it."""

from __future__ import annotations

import atexit
import fcntl
import logging
import os
import shutil
import tempfile
import time
from pathlib import Path

_log = logging.getLogger(__name__)
_UMASK = 0o077
_PREFIX = "mammolens-server-"
_YOUNG_S = 60.0  # a folder that another server is only making may have no lock yet


class PrivateFiles:
    """Umask and temporary folder of this process, and of those that it starts from now on.

    The folder is locked as long as the server lives, whatever ends it: systemd-tmpfiles leaves locked folders alone
    however old they are, and what a killed server left goes when the next one starts.

    Attributes:
        folder: of all temporary files, with those of uploads that are being read.
    """

    def __init__(self) -> None:
        os.umask(_UMASK)
        self._parent = _without_our_own(Path(tempfile.gettempdir()))
        _sweep(self._parent)
        self.folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=self._parent))
        self._lock = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self._point_to(self.folder)
        atexit.register(self.close)

    def close(self) -> None:
        """Remove the folder with all that is in it; temporary files lie where they did before."""
        atexit.unregister(self.close)
        if tempfile.tempdir == str(self.folder):
            self._point_to(self._parent)
        shutil.rmtree(self.folder, ignore_errors=True)
        os.close(self._lock)

    @staticmethod
    def _point_to(folder: Path) -> None:
        tempfile.tempdir = str(folder)
        os.environ["TMPDIR"] = str(folder)  # for background processes


def _without_our_own(folder: Path) -> Path:
    return folder.parent if folder.name.startswith(_PREFIX) else folder


def _sweep(parent: Path) -> None:
    """Remove folders of servers that are gone; of this account only, and never through a link."""
    for folder in parent.glob(f"{_PREFIX}*"):
        try:
            status = folder.lstat()
            is_ours = status.st_uid == os.getuid() and not folder.is_symlink()
            if not is_ours or time.time() - status.st_mtime < _YOUNG_S:
                continue
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(lock)
        except BlockingIOError:
            continue  # its server lives
        except OSError as error:
            _log.warning("%s of an earlier server cannot be removed (%s)", folder, error.strerror)
        else:
            _log.info("removed %s, which a killed server had left", folder)
