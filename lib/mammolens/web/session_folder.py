"""A folder for each session, gone when the session is."""

from __future__ import annotations

import shutil
import tempfile
from itertools import count
from pathlib import Path


class SessionFolder:
    """Where one person's drops and results lie.

    Args:
        parent: an existing folder; ``None``: the system's own place for temporary files.
    """

    def __init__(self, parent: Path | None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="mammolens-session-", dir=parent))
        self._numbers = count(1)
        self._gone = False

    def new_folder(self) -> Path:
        """An empty folder for one drop."""
        folder = self.folder / f"{next(self._numbers):04d}"
        folder.mkdir()
        return folder

    def remove(self) -> None:
        """All of it; what is removed already is no error."""
        self._gone = True
        shutil.rmtree(self.folder, ignore_errors=True)

    def remove_leftovers(self) -> None:
        """Whoever wrote here says that it is done: what was written after the removal goes, too."""
        if self._gone:
            self.remove()
