"""The images of an archive: a folder, a list, an object store, or what a caller fetches one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from mammolens.archive.exam_index import ListedImage
from mammolens.archive.locations import addresses, is_address
from mammolens.dicom.discovery import ImageFinder
from mammolens.errors import InputError
from mammolens.names import path_as_text

_LIST_SUFFIX: Final = ".txt"


class Fetch(Protocol):
    """Writes an image of a source that only this process can read."""

    def __call__(self, location: str, path: Path, *, header_only: bool) -> None:
        """Write the file at ``location``, perhaps without its pixels.

        Raises:
            InputError: the source does not give this image.
        """


@dataclass(frozen=True, slots=True)
class ArchiveSource:
    """Where images come from.

    Attributes:
        name: folder, list or address; stored scores belong to it.
        images: lists the images, in an order that is the same each time.
        fetch: of a source that worker processes cannot read by themselves.
    """

    name: str
    images: Callable[[], Iterator[ListedImage]]
    fetch: Fetch | None = None


def open_archive(source: str) -> ArchiveSource:
    """A folder or an image, a list of them, or an address for fsspec.

    Args:
        source: a list is a text file, ``.txt``, with a path or an address per line; paths are relative to its folder.

    Raises:
        InputError: there is no such path.

    Example:
        >>> from mammolens.datasets.phantom import make_phantom_exam
        >>> from mammolens.datasets.phantom_dicom import write_phantom_exam
        >>> files = write_phantom_exam(make_phantom_exam(7), "archive/exam")
        >>> [image.name for image in open_archive("archive").images()]
        ['exam/L_CC.dcm', 'exam/L_MLO.dcm', 'exam/R_CC.dcm', 'exam/R_MLO.dcm']
    """
    if is_address(source):
        return ArchiveSource(source, lambda: (ListedImage(address, address) for address in addresses(source)))
    path = Path(source).resolve()
    if not path.exists():
        raise InputError(source, "does not exist", "check the path")
    if path.is_file() and path.suffix.lower() == _LIST_SUFFIX:
        return ArchiveSource(path_as_text(path), lambda: _listed(path))
    return ArchiveSource(path_as_text(path), lambda: _found(path))


def _found(path: Path) -> Iterator[ListedImage]:
    if path.is_file():
        yield ListedImage(path.name, str(path))
        return
    for found in ImageFinder(path).walk():
        for image in found.images:
            yield ListedImage(path_as_text(image.relative_to(path)), str(image))


def _listed(path: Path) -> Iterator[ListedImage]:
    seen: set[str] = set()
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            name = line.strip()
            if name and name not in seen:
                seen.add(name)
                yield ListedImage(name, name if is_address(name) else str(path.parent / name))
