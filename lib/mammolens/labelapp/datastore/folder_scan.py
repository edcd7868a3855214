"""Which files of a folder are images to look at."""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Container, Sequence
from pathlib import Path, PurePath

from mammolens.dicom.opening import FileKind, file_kind
from mammolens.errors import InputError

LABELS_FOLDER = "labels"
HIDDEN = ".mammolens"  # what the server keeps beside the images and is none
_MADE_BY_US = "results.jsonl"  # a folder that holds it is one of `mammolens infer`: maps and overlays, not images
_NO_IMAGE = {"DICOMDIR"}


def scan(root: Path, patterns: Sequence[str], known: Container[PurePath] = ()) -> list[PurePath]:
    """List image files below ``root``, relative to it, in order of name.

    Taken are files that match a pattern ('*.dcm') and files without extension; each is opened once to
    see that it is DICOM, PNG or JPEG, unless it is ``known`` already. Hidden files and folders, the
    label folder and folders of results are passed over; links to folders are not followed.
    """
    found: list[PurePath] = []
    for folder, folders, files in os.walk(root):
        place = Path(folder)
        if _MADE_BY_US in files:
            folders.clear()
            continue
        folders[:] = sorted(name for name in folders if not _passed_over(name, at_top=place == root))
        candidates = (place / name for name in sorted(files) if _wanted(name, patterns))
        found += [path.relative_to(root) for path in candidates if path.relative_to(root) in known or _is_image(path)]
    return sorted(found)


def _passed_over(name: str, *, at_top: bool) -> bool:
    return name.startswith(".") or (at_top and name == LABELS_FOLDER)


def _wanted(name: str, patterns: Sequence[str]) -> bool:
    if name.startswith(".") or name in _NO_IMAGE:
        return False
    return "." not in name or any(fnmatch.fnmatchcase(name.lower(), pattern.lower()) for pattern in patterns)


def _is_image(path: Path) -> bool:
    try:
        return file_kind(path) is not FileKind.OTHER
    except InputError:  # empty or unreadable: perhaps still being copied, so it is asked again at the next scan
        return False
