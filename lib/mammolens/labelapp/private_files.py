"""What the server writes is for its own account alone, and its temporary files lie in one folder that goes with it."""

from __future__ import annotations

import atexit
import os
import tempfile
from pathlib import Path

from mammolens.private_folder import PREFIX, PrivateFolder

_UMASK = 0o077


class PrivateFiles:
    """Umask and temporary folder of this process, and of those that it starts from now on.

    ``mammolens serve`` makes the folder, and removes it even if the server is killed; any other server makes its own.

    Attributes:
        folder: of all temporary files, with those of uploads that are being read.
    """

    def __init__(self) -> None:
        os.umask(_UMASK)
        self._before = Path(tempfile.gettempdir())
        self._own = None if self._before.name.startswith(PREFIX) else PrivateFolder(self._before)
        self.folder = self._own.path if self._own else self._before
        self._point_to(self.folder)
        atexit.register(self.close)

    def close(self) -> None:
        """Remove the folder if it is this server's own; temporary files lie where they did before."""
        atexit.unregister(self.close)
        if self._own is None:
            return
        if tempfile.tempdir == str(self.folder):
            self._point_to(self._before)
        self._own.close()

    @staticmethod
    def _point_to(folder: Path) -> None:
        tempfile.tempdir = str(folder)
        os.environ["TMPDIR"] = str(folder)  # for background processes
