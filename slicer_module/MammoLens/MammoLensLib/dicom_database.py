"""Images that Slicer's DICOM database has already. Read as a file, since Qt's connection to it is the main thread's."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from .answers import View


class LocalImages:
    """Finds the file of a view; may be called from any thread.

    Args:
        database: file of the database, ``ctkDICOM.sql``; ``None`` where there is none.
    """

    def __init__(self, database: Path | None) -> None:
        self._database = database

    def __call__(self, view: View) -> Path | None:
        """Where the file is; ``None`` if it is not here, or the database is of another make."""
        if self._database is None or not view.sop_instance_uid:
            return None
        question = "SELECT Filename FROM Images WHERE SOPInstanceUID = ?"
        try:
            with closing(sqlite3.connect(f"{self._database.absolute().as_uri()}?mode=ro", uri=True)) as connection:
                found = connection.execute(question, (view.sop_instance_uid,)).fetchone()
        except sqlite3.Error:
            return None
        if not found or not found[0]:
            return None
        file = self._database.parent / found[0]  # an absolute path stays what it is
        return file if file.is_file() else None
