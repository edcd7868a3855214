"""A temporary folder for each session, removed with the session."""

from __future__ import annotations

import shutil
import tempfile
from itertools import count
from pathlib import Path


class SessionFolder:
    """The folder of a session's uploads and results.

    Args:
        parent: an existing folder; ``None``: the system's folder for temporary files.
    """

    def __init__(self, parent: Path | None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="mammolens-session-", dir=parent))
        self._numbers = count(1)
        self._gone = False

    def new_folder(self) -> Path:
        """An empty folder for one upload."""
        folder = self.folder / f"{next(self._numbers):04d}"
        folder.mkdir()
        return folder

    def remove(self) -> None:
        """Remove the folder if it still exists."""
        self._gone = True
        shutil.rmtree(self.folder, ignore_errors=True)

    def remove_leftovers(self) -> None:
        """Remove files that were written after the session's folder was removed."""
        if self._gone:
            self.remove()
