"""List the image files of files and folders."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from mammolens.dicom.opening import FileKind, file_kind
from mammolens.errors import InputError

_PASSED_OVER = {"DICOMDIR"}


def find_images(paths: Iterable[Path]) -> list[Path]:
    """Expand folders, deeply and in order of name; files that were named are kept as they are.

    Within folders, whatever is neither DICOM, PNG nor JPEG, hidden, or a DICOMDIR is passed over.

    Raises:
        InputError: a path does not exist, or a folder holds no image.
    """
    found: dict[Path, None] = {}
    for path in paths:
        if not path.exists():
            raise InputError(path, "does not exist", "check the path")
        images = [path] if path.is_file() else [file for file in sorted(path.rglob("*")) if _is_image(file, path)]
        if not images:
            raise InputError(path, "contains no DICOM, PNG or JPEG file", "give the folder with the mammograms")
        found.update(dict.fromkeys(images))
    return list(found)


def _is_image(file: Path, root: Path) -> bool:
    hidden = any(part.startswith(".") for part in file.relative_to(root).parts)
    if hidden or not file.is_file() or file.name in _PASSED_OVER or file.stat().st_size == 0:
        return False
    return file_kind(file) is not FileKind.OTHER
