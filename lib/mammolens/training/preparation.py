"""Read and prepare cases once, several at a time, and leave out what cannot be used."""

from __future__ import annotations

import hashlib
import logging
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TypeVar

from mammolens import __version__
from mammolens.datasets.base import Case
from mammolens.datasets.lesion_labels import lesion_labels
from mammolens.dicom.reader import read_mammogram
from mammolens.errors import InputError
from mammolens.training.sample import Sample
from mammolens.training.stored_samples import SUFFIX, StoredSamples, is_stored, store
from mammolens.transforms.pipeline import Pipeline, Prepared

logger = logging.getLogger(__name__)
_Made = TypeVar("_Made")


def prepared_cases(
    cases: Sequence[Case], pipeline: Pipeline, on_done: Callable[[], None], *, with_lesions: bool = False
) -> Iterator[tuple[Case, Prepared]]:
    """Prepared images in the order of the cases; unusable ones are logged and left out.

    Args:
        cases: to read.
        pipeline: that prepares them.
        on_done: called once a case.
        with_lesions: bring outlined lesions to the grid, too.
    """

    def prepare(case: Case) -> Prepared:
        if with_lesions and case.lesions:
            return _with_lesions(case, pipeline)
        return pipeline.load(case.path, case.attributes)

    return prepared_by(prepare, cases, on_done)


def prepared_by(
    prepare: Callable[[Case], _Made], cases: Sequence[Case], on_done: Callable[[], None]
) -> Iterator[tuple[Case, _Made]]:
    """What a function makes of each case, in their order; cases of which it raises InputError are logged and left out.

    Args:
        prepare: called by several threads, a few cases ahead.
        cases: to prepare.
        on_done: called once a case.
    """

    def tried(case: Case) -> _Made | InputError:
        try:
            return prepare(case)
        except InputError as error:
            return error

    workers = os.cpu_count() or 1
    with ThreadPoolExecutor(workers) as pool:
        # Only a few ahead: little memory, and an interruption does not wait for all the others.
        rest = ((case, pool.submit(tried, case)) for case in cases)
        ahead = deque(islice(rest, 2 * workers))
        while ahead:
            case, future = ahead.popleft()
            prepared = future.result()
            ahead.extend(islice(rest, 1))
            on_done()
            if isinstance(prepared, InputError):
                logger.warning("left out: %s", prepared)
            else:
                yield case, prepared


@dataclass(frozen=True, slots=True)
class StoredCases:
    """The cases that can be used, and their images."""

    cases: tuple[Case, ...]
    images: StoredSamples

    def of(self, cases: Sequence[Case]) -> StoredCases:
        """Those of them that can be used."""
        files = {case.path: file for case, file in zip(self.cases, self.images.files, strict=True)}
        found = tuple(case for case in cases if case.path in files)
        return StoredCases(found, StoredSamples(tuple(files[case.path] for case in found)))


def prepare_to_folder(
    cases: Sequence[Case], pipeline: Pipeline, on_done: Callable[[], None], *, trimmed: bool, folder: Path
) -> StoredCases:
    """Prepare all images into files of a folder, to be read one by one.

    Images that the folder has, prepared in the same way from the same files, are not prepared again.

    Args:
        cases: each path once.
        pipeline: that prepares them.
        on_done: called once a case.
        trimmed: to the breast; otherwise whole grids, all of one size.
        folder: to keep the images in.

    Raises:
        StorageError: the disk is full.
    """
    files = {case.path: folder / _file_name(case, pipeline, trimmed=trimmed) for case in cases}
    missing = [case for case in cases if not is_stored(files[case.path])]
    for _ in range(len(cases) - len(missing)):
        on_done()
    unusable = {case.path for case in missing}
    for case, prepared in prepared_cases(missing, pipeline, on_done, with_lesions=True):
        image = Sample.of(prepared)
        store(image.trimmed() if trimmed else image, files[case.path])
        unusable.remove(case.path)
    used = tuple(case for case in cases if case.path not in unusable)
    return StoredCases(used, StoredSamples(tuple(files[case.path] for case in used)))


def _file_name(case: Case, pipeline: Pipeline, *, trimmed: bool) -> str:
    """Of everything that the prepared image depends on; says nothing about the patient."""
    try:
        file = case.path.stat()
        written: tuple[int, int] | None = (file.st_size, file.st_mtime_ns)
    except OSError:
        written = None
    parts = (__version__, pipeline.config, trimmed, str(case.path), written, case.attributes, case.lesions)
    return hashlib.sha256(repr(parts).encode()).hexdigest() + SUFFIX


def _with_lesions(case: Case, pipeline: Pipeline) -> Prepared:
    """The lesions as ellipses, also where the mark is a box: hardly any lesion has corners."""
    mammogram = read_mammogram(case.path, case.attributes)
    shape = mammogram.pixels.shape
    outlined = lesion_labels([replace(lesion, shape="ellipse") for lesion in case.lesions], shape, shape) > 0
    return pipeline.prepare(mammogram, outlined)
