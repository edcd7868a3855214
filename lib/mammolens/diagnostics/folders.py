"""Whether folders can be written to, and have room."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from mammolens.diagnostics.results import Check, failed, passed, warned
from mammolens.files import write_text

GROUP: Final = "folders"
_LEAST_GB: Final = 0.2
_ENOUGH_GB: Final = 2.0  # a small training, or the results of some hundred images


def check_folders(folders: Iterable[Path]) -> Iterator[Check]:
    """Write to the temporary folder and to each of ``folders``, which need not exist, and see what room is left."""
    yield from check_folder("temporary folder", Path(tempfile.gettempdir()))
    for folder in folders:
        yield from check_folder(str(folder), folder)


def check_folder(name: str, folder: Path) -> Iterator[Check]:
    """Write a small file to a folder, or to the one in which it would be made."""
    existing = next(place for place in (folder.absolute(), *folder.absolute().parents) if place.exists())
    try:
        with tempfile.TemporaryDirectory(dir=existing, prefix=".mammolens-doctor-") as place:
            write_text(Path(place) / "try", "written")
        free = shutil.disk_usage(existing).free / 1e9
    except OSError as error:
        reason = f"cannot be written to ({error.strerror or error}): {folder}"
        yield failed(GROUP, name, reason, "change its permissions, or choose another folder")
        return
    yield passed(GROUP, name, f"{existing} can be written to")
    yield _room(name, existing, free)


def _room(name: str, folder: Path, free: float) -> Check:
    found = f"{free:.1f} GB free in {folder}"
    remedy = "free some space, or choose another folder"
    if free < _LEAST_GB:
        return failed(GROUP, f"{name}, space", found, remedy)
    return (
        warned(GROUP, f"{name}, space", found, remedy) if free < _ENOUGH_GB else passed(GROUP, f"{name}, space", found)
    )
