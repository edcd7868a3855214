"""Find the mammograms of files and folders, and pass over what exports and patient CDs bring with them."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import cached_property
from pathlib import Path

from pydicom import uid
from pydicom.tag import Tag

from mammolens.dicom.derived.kinds import DerivedKind
from mammolens.dicom.opening import FileKind, damage_named, file_kind, open_dicom
from mammolens.dicom.sop_classes import is_for_processing, is_no_image, sop_class_of
from mammolens.dicom.views import laterality_of, view_of
from mammolens.enums import Laterality, ViewPosition
from mammolens.errors import InputError
from mammolens.types import AnyPath

_DICOMDIR = "DICOMDIR"  # PS3.10 8.6; copies of a CD have it in lower case, too
_LAST_TAG = Tag("PresentationIntentType")  # of those that tell the kind
_View = tuple[str, Laterality, ViewPosition]
_Stamp = tuple[int, int, int]  # size, times of change


OVERLAY_SUFFIX = ".overlay.png"  # of the pictures that a prediction writes
_OUTPUTS = (OVERLAY_SUFFIX, *(kind.file_suffix for kind in DerivedKind))


def _nothing(_: Path) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class FoundImages:
    """The files to read, and their companions.

    Attributes:
        images: in order of name; whether each can be used is the reader's to say.
        passed_over: the other files of the folders: a DICOMDIR, programs and texts, empty files, DICOM objects
            without an image (CAD SR, presentation states, segmentations), the pictures of a medium with a DICOMDIR,
            and FOR PROCESSING images of a view that is there FOR PRESENTATION.
    """

    images: tuple[Path, ...]
    passed_over: tuple[Path, ...] = ()


def find_images(paths: Iterable[AnyPath]) -> FoundImages:
    """Expand folders recursively, in order of name; files given by name are returned as they are.

    Within folders, hidden files and outputs of MammoLens are ignored and not counted.

    Raises:
        InputError: a path does not exist, or a folder holds no image.

    Example:
        >>> from mammolens.datasets.phantom import make_phantom_exam
        >>> from mammolens.datasets.phantom_dicom import write_phantom_exam
        >>> files = write_phantom_exam(make_phantom_exam(7), "found")
        >>> [image.name for image in find_images(["found"]).images]
        ['L_CC.dcm', 'L_MLO.dcm', 'R_CC.dcm', 'R_MLO.dcm']
    """
    images: dict[Path, None] = {}
    passed_over: dict[Path, None] = {}
    for path in map(Path, paths):
        if not path.exists():
            raise InputError(path, "does not exist", "check the path")
        found = ImageFinder(path).find() if path.is_dir() else FoundImages((path,))
        if not found.images:
            reason = "contains no DICOM, PNG or JPEG file of a mammogram"
            raise InputError(path, reason, "give the folder with the mammograms")
        images.update(dict.fromkeys(found.images))
        passed_over.update(dict.fromkeys(found.passed_over))
    return FoundImages(tuple(images), tuple(path for path in passed_over if path not in images))


def find_companions(paths: Iterable[Path], *, with_dicomdir: bool) -> tuple[Path, ...]:
    """Files among these that are companions of the images and passed over; for an archive, without folders.

    Args:
        paths: files of one archive.
        with_dicomdir: whether a DICOMDIR was among them, so that pictures are the viewer's.
    """
    files = [_File(path, _stamp(path.stat())) for path in paths]
    on_medium = with_dicomdir or any(file.kind is _Kind.DIRECTORY for file in files)
    return _sort_out(files, lambda _: on_medium).passed_over


def is_dicomdir(name: str) -> bool:
    """Whether a file is called like the directory of a medium."""
    return name.upper() == _DICOMDIR


class ImageFinder:
    """Finds the images of a folder repeatedly; opens a file again only if it has changed.

    Args:
        folder: need not exist; links to folders in it are not followed.
        skip: whether to ignore another file or folder in it, without counting it.
        within: folder outside which links to files are passed over; ``None``: all links are followed.
    """

    def __init__(self, folder: Path, skip: Callable[[Path], bool] = _nothing, *, within: Path | None = None) -> None:
        self._folder, self._skip = folder, skip
        self._within = within and within.resolve()
        self._known: dict[Path, _File] = {}

    def find(self) -> FoundImages:
        """What is there now."""
        files = (self._file(path) for path in sorted(self._paths()))
        self._known = {file.path: file for file in files if file is not None}
        found = list(self._known.values())
        media = {file.path.parent for file in found if file.kind is _Kind.DIRECTORY}
        return _sort_out(found, lambda path: not media.isdisjoint(path.parents))

    def walk(self) -> Iterator[FoundImages]:
        """What is there now, one folder after the other in order of name: memory stays small, however many there are.

        Unlike in :meth:`find`, a FOR PROCESSING image is passed over only if its view is FOR PRESENTATION in the same
        folder.
        """
        media: set[Path] = set()
        for here, paths in self._folders():
            found = [file for path in sorted(paths) if (file := self._file(path)) is not None]
            if any(file.kind is _Kind.DIRECTORY for file in found):
                media.add(here)
            yield _sort_out(found, lambda path: not media.isdisjoint(path.parents))

    def _paths(self) -> Iterable[Path]:
        for _, paths in self._folders():
            yield from paths

    def _folders(self) -> Iterator[tuple[Path, list[Path]]]:
        """Each folder, in order of name, with its wanted files."""
        for here, folders, names in os.walk(self._folder):
            place = Path(here)
            folders[:] = sorted(name for name in folders if self._is_wanted(place / name))
            yield place, [path for name in names if self._is_wanted(path := place / name)]

    def _is_wanted(self, path: Path) -> bool:
        return not path.name.startswith(".") and not path.name.endswith(_OUTPUTS) and not self._skip(path)

    def _file(self, path: Path) -> _File | None:
        """The file; ``None`` for what is gone, and for named pipes, devices and sockets, which may block a reader."""
        try:
            leaves = self._leaves(path)
            status = path.stat()
        except (OSError, RuntimeError):  # the latter of a link to itself
            return None
        if not stat.S_ISREG(status.st_mode):
            return None
        stamp = _stamp(status)
        known = self._known.get(path)
        if known is not None and (known.stamp, known.leaves) == (stamp, leaves):
            return known
        return _File(path, stamp, leaves=leaves)

    def _leaves(self, path: Path) -> bool:
        """Whether it is a link out of the folder that links must not leave."""
        if self._within is None or not path.is_symlink():
            return False
        return not path.resolve().is_relative_to(self._within)


class _Kind(Enum):
    IMAGE = auto()
    RAW = auto()
    PICTURE = auto()
    DIRECTORY = auto()
    OTHER = auto()


class _File:
    """A regular file, read only as far as needed."""

    def __init__(self, path: Path, stamp: _Stamp, *, leaves: bool = False) -> None:
        self.path, self.stamp, self.leaves = path, stamp, leaves

    @cached_property
    def kind(self) -> _Kind:
        """By its name if that is DICOMDIR, else by its first bytes and SOP class."""
        if self.leaves:
            return _Kind.OTHER
        if is_dicomdir(self.path.name):
            return _Kind.DIRECTORY
        if not self.stamp[0]:
            return _Kind.OTHER
        try:
            kind = file_kind(self.path)
            if kind is not FileKind.DICOM:
                return _Kind.PICTURE if kind is FileKind.PICTURE else _Kind.OTHER
            dataset = open_dicom(self.path, with_pixels=False, last_tag=_LAST_TAG)
            with damage_named(self.path):
                sop_class, is_raw = sop_class_of(dataset), is_for_processing(dataset)
        except InputError:  # the reader says why
            return _Kind.IMAGE
        if sop_class == uid.MediaStorageDirectoryStorage:
            return _Kind.DIRECTORY
        if is_no_image(sop_class):
            return _Kind.OTHER
        return _Kind.RAW if is_raw else _Kind.IMAGE

    @cached_property
    def view(self) -> _View | None:
        """Study (else patient), side and view; ``None`` where one of them is not stated."""
        try:
            dataset = open_dicom(self.path, with_pixels=False)
            with damage_named(self.path):
                study = str(dataset.get("StudyInstanceUID") or dataset.get("PatientID") or "")
                laterality, view = laterality_of(dataset)[0], view_of(dataset)[0]
        except InputError:
            return None
        return (study, laterality, view) if study and laterality and view else None


def _stamp(status: os.stat_result) -> _Stamp:
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _sort_out(files: Sequence[_File], on_medium: Callable[[Path], bool]) -> FoundImages:
    """Separate the images from their companions; ``on_medium``: whether a file is from a medium with a DICOMDIR."""
    presented: Container[_View | None] = ()
    if any(file.kind is _Kind.RAW for file in files):
        presented = {file.view for file in files if file.kind is _Kind.IMAGE} - {None}

    def is_image(file: _File) -> bool:
        if file.kind is _Kind.PICTURE:  # files of a file-set are DICOM (PS3.10 8.3), so this one is the viewer's
            return not on_medium(file.path)
        return file.kind is _Kind.IMAGE or (file.kind is _Kind.RAW and file.view not in presented)

    images = tuple(file.path for file in files if is_image(file))
    kept = set(images)
    return FoundImages(images, tuple(file.path for file in files if file.path not in kept))
