"""Where the images to inspect come from: a folder, or a data set with its table."""

from __future__ import annotations

import os
from collections.abc import Callable, Container
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from mammolens.datasets.base import Case
from mammolens.datasets.formats import FOLDER_KIND, PACKAGED_KIND, TABLE_KIND, detect_kind, open_dataset
from mammolens.datasets.normals import clean_normals
from mammolens.dicom.discovery import find_images
from mammolens.enums import Split
from mammolens.errors import InputError
from mammolens.names import path_as_text
from mammolens.types import ImageAttributes

# What people call the folders of splits.
_SPLIT_FOLDERS = {"val": Split.VALIDATION, "valid": Split.VALIDATION, "training": Split.TRAIN, "testing": Split.TEST}


@dataclass(frozen=True, slots=True)
class SourceImage:
    """One image of a source.

    Attributes:
        path: of a file with its header; with its pixels, too, unless the source fetches those.
        name: within the source.
        attributes: of a table; they win over the header.
        split: of a data set, else of the folder's name.
        site: of a data set.
        abnormal: truth of a data set.
        clean_normal: whether it may be used for training as normal; ``None`` outside of a data set.
        has_lesions: whether lesions are marked; ``None`` of no data set.
        transfer_syntax_uid: if the file itself is not encoded like the image; empty if unknown.
        refusal: why the source cannot give the image, if so.
    """

    path: Path
    name: str
    attributes: ImageAttributes = field(default_factory=ImageAttributes)
    split: Split | None = None
    site: str | None = None
    abnormal: bool | None = None
    clean_normal: bool | None = None
    has_lesions: bool | None = None
    transfer_syntax_uid: str | None = None
    refusal: InputError | None = None


def _as_it_is(image: SourceImage) -> AbstractContextManager[Path]:
    return nullcontext(image.path)


@dataclass(frozen=True, slots=True)
class ImageSource:
    """The images to inspect.

    Attributes:
        name: folder or address, as it was given.
        kind: of the data set; ``folder`` or ``dicomweb`` otherwise.
        images: in order of name.
        passed_over: number of files that are not images.
        open: gives the file with the image's pixels, for as long as the context lasts.
    """

    name: str
    kind: str
    images: tuple[SourceImage, ...]
    passed_over: int = 0
    licence: str | None = None
    citation: str | None = None
    open: Callable[[SourceImage], AbstractContextManager[Path]] = _as_it_is


def open_source(path: Path, kind: str | None = None, table: Path | None = None) -> ImageSource:
    """Open a folder, one file, or a data set, without leaving out what cannot be used.

    Args:
        path: folder or file; ``cbis-ddsm`` names the packaged data set.
        kind: of the data set; detected from the layout by default.
        table: CSV with what is known of the images.

    Raises:
        InputError: the path does not exist, or there is no image.
        DatasetError: the data set or its table cannot be used.
    """
    if path.is_file():
        return _found(path)
    known = kind or (TABLE_KIND if table else detect_kind(path))
    if known == FOLDER_KIND and table is None:
        return _found(path)
    dataset = open_dataset(path, kind, table)
    listed = {case.path for case in dataset.cases}
    is_packaged = known == PACKAGED_KIND
    folder = Path(os.path.commonpath([file.parent for file in listed])) if is_packaged else path
    clean = {case.path for case in clean_normals(dataset).cases}
    images = tuple(_of_case(case, folder, clean) for case in dataset.cases)
    others = 0 if is_packaged else len(set(find_images([folder]).images) - listed)
    return ImageSource(str(path), known, images, others, dataset.licence, dataset.citation or None)


def _found(path: Path) -> ImageSource:
    found = find_images([path])
    images = tuple(SourceImage(file, _name_in(path, file), split=_split_of(path, file)) for file in found.images)
    return ImageSource(str(path), FOLDER_KIND, images, len(found.passed_over))


def _of_case(case: Case, folder: Path, clean: Container[Path]) -> SourceImage:
    return SourceImage(
        case.path,
        _name_in(folder, case.path),
        case.attributes,
        case.split,
        case.site,
        case.abnormal,
        clean_normal=case.path in clean,
        has_lesions=bool(case.lesions),
    )


def _name_in(folder: Path, file: Path) -> str:
    inside = file != folder and file.is_relative_to(folder)
    return path_as_text(file.relative_to(folder) if inside else file)


def _split_of(folder: Path, file: Path) -> Split | None:
    """The split that a folder between the two is called like."""
    names = file.relative_to(folder).parts[:-1] if file.is_relative_to(folder) else ()
    splits = {split.value: split for split in Split} | _SPLIT_FOLDERS
    return next((splits[name.lower()] for name in names if name.lower() in splits), None)
