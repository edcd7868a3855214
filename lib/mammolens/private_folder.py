"""A folder of temporary files that is removed after its process has ended for any reason."""

from __future__ import annotations

import atexit
import fcntl
import logging
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Final

_log = logging.getLogger(__name__)
PREFIX: Final = "mammolens-server-"
_YOUNG_S = 60.0  # a folder that another process is only making may have no lock yet


class PrivateFolder:
    """A new folder that only this account can read.

    It is locked as long as the process lives: systemd-tmpfiles leaves locked folders alone however old they are, and
    what a killed process left goes when the next one starts.

    Args:
        parent: of the folder.

    Attributes:
        path: of the folder.

    Example:
        >>> with tempfile.TemporaryDirectory() as parent:
        ...     folder = PrivateFolder(Path(parent))
        ...     folder.path.stat().st_mode & 0o777 == 0o700
        ...     folder.close()
        True
    """

    def __init__(self, parent: Path) -> None:
        _sweep(parent)
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        self._lock = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        atexit.register(self.close)

    def close(self) -> None:
        """Remove the folder with all that is in it."""
        atexit.unregister(self.close)
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)


def _sweep(parent: Path) -> None:
    """Remove folders of processes that are gone; of this account only, and never through a link."""
    for folder in parent.glob(f"{PREFIX}*"):
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
            continue  # its process lives
        except OSError as error:
            _log.warning("%s of an earlier server cannot be removed (%s)", folder, error.strerror)
        else:
            _log.info("removed %s, which a killed server had left", folder)
