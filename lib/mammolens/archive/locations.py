"""Images of an archive as files: on a disk, or in an object store for as long as they are read."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any, Final, TypeVar

from mammolens.errors import InputError, StorageError
from mammolens.names import safe_file_name

T = TypeVar("T")
_SEPARATOR: Final = "://"
_HEADER_BYTES: Final = 2**18  # headers of mammograms take a few kilobytes, rarely more with private attributes
_PAUSES_S: Final = (1.0, 5.0, 20.0)


def is_address(location: str) -> bool:
    """Whether it is an address for fsspec, such as ``s3://bucket/image.dcm``, and no path."""
    return _SEPARATOR in location


@contextmanager
def opened(location: str, *, header_only: bool = False) -> Iterator[Path]:
    """The file with an image, for as long as the context lasts.

    Args:
        location: path, or address for fsspec, whose file is fetched.
        header_only: only the first 256 KiB of it need to be there.

    Raises:
        InputError: the store has no such file.
        StorageError: the store does not answer, also after several tries.
    """
    if not is_address(location):
        yield Path(location)
        return
    with tempfile.TemporaryDirectory(prefix="mammolens-score-") as place:
        file = Path(place) / safe_file_name(PurePosixPath(location).name)
        _patiently(location, lambda: _fetch(location, file, _HEADER_BYTES if header_only else None))
        yield file


def addresses(folder: str) -> Iterator[str]:
    """The files below an address for fsspec, in order of name within each folder; hidden ones are left out.

    Raises:
        InputError: there is no such address.
        StorageError: the store does not answer.
    """
    system, path = _patiently(folder, lambda: _system(folder))
    if _patiently(folder, lambda: system.isfile(path)):
        yield folder
        return
    if not _patiently(folder, lambda: system.exists(path)):
        raise InputError(folder, "does not exist", "check the address")
    for file in _files_below(system, path, folder):
        yield str(system.unstrip_protocol(file))


def _files_below(system: Any, folder: str, address: str) -> Iterator[str]:
    entries = _patiently(address, lambda: system.ls(folder, detail=True))
    folders = []
    for name, kind in sorted((entry["name"], entry["type"]) for entry in entries):
        # Some stores list the folder itself as an empty file.
        if not PurePosixPath(name).name.startswith(".") and name.rstrip("/") != folder.rstrip("/"):
            if kind == "directory":
                folders.append(name)
            else:
                yield name
    for one in folders:
        yield from _files_below(system, one, address)


def _system(location: str) -> tuple[Any, str]:
    import fsspec

    try:
        system, path = fsspec.core.url_to_fs(location)
    except (ValueError, ImportError) as error:  # an unknown protocol, or one whose package is missing
        remedy = "install the package of fsspec for this protocol, such as s3fs or gcsfs, or check the address"
        raise InputError(location, str(error).splitlines()[0], remedy) from error
    return system, path


def _fetch(location: str, file: Path, first: int | None) -> None:
    system, path = _system(location)
    file.write_bytes(system.cat_file(path, start=0, end=first) if first else system.cat_file(path))


def _patiently(location: str, work: Callable[[], T]) -> T:
    """Try again after pauses: an answer that is late must not make a failed image."""
    for pause in (*_PAUSES_S, None):
        try:
            return work()
        except FileNotFoundError as error:
            raise InputError(location, "does not exist", "check the address") from error
        except InputError:
            raise
        except Exception as error:  # each protocol's package raises its own
            if pause is None:
                reason = f"cannot be read ({str(error).splitlines()[0] if str(error) else type(error).__name__})"
                raise StorageError(
                    location, reason, "check network and permissions, and run the command again"
                ) from error
            time.sleep(pause)
    raise AssertionError("the last try returns or raises")
