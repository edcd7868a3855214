"""Which files of the server's folder are images for reading."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from pathlib import Path, PurePath

from mammolens.dicom.discovery import ImageFinder
from mammolens.labelapp.datastore.shared_state import STATE_FILE

LABELS_FOLDER = "labels"
UPLOADS_FOLDER = "uploads"
HIDDEN = ".mammolens"  # what the server keeps beside the images and is none


class FolderScan:
    """Finds in a folder what the command line finds in it, less what the server keeps there.

    Args:
        root: the folder.
        patterns: an image whose name has a dot must match one, such as '*.dcm'; '*' matches all.
        follow_links: also links to files outside the folder, which then are for everybody who may use the server.
    """

    def __init__(self, root: Path, patterns: Sequence[str], *, follow_links: bool = False) -> None:
        self._root, self._patterns = root, tuple(pattern.lower() for pattern in patterns)
        # Uploads apart: they are not companions of a CD that was copied into the folder.
        within = None if follow_links else root
        uploads = root / UPLOADS_FOLDER
        self._finders = (ImageFinder(root, self._is_kept_here, within=within), ImageFinder(uploads, within=within))

    def find(self) -> tuple[list[PurePath], int]:
        """The images that are there now, relative to the folder in order of name, and how many other files."""
        found = [finder.find() for finder in self._finders]
        images = [path for each in found for path in each.images]
        wanted = sorted(PurePath(path.relative_to(self._root)) for path in images if self._matches(path.name.lower()))
        return wanted, len(images) - len(wanted) + sum(len(each.passed_over) for each in found)

    def _matches(self, name: str) -> bool:
        return "." not in name or any(fnmatch.fnmatchcase(name, pattern) for pattern in self._patterns)

    def _is_kept_here(self, path: Path) -> bool:
        return path.name in (LABELS_FOLDER, UPLOADS_FOLDER, STATE_FILE) and path.parent == self._root
