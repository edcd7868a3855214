"""Many files, exam by exam, so that fused scores are right and memory stays small."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from mammolens.dicom.identity import with_identity
from mammolens.dicom.reader import read_header, read_mammogram
from mammolens.errors import InputError
from mammolens.inference.predictor import Analysis, Predictor
from mammolens.types import AnomalyResult, ExamKey, ImageAttributes, ImageHeader, Mammogram

OnError = Callable[[InputError], None]
Reading = Callable[[], Mammogram]
T = TypeVar("T")
_LOG = logging.getLogger(__name__)
_NOTHING_KNOWN: Mapping[Path, ImageAttributes] = MappingProxyType({})


def log_left_out(error: InputError) -> None:
    """Say in the log which image is left out, and why."""
    _LOG.warning("left out: %s", error)


@dataclass(frozen=True, slots=True)
class ExamFiles:
    """The files of one exam, and the attributes of each from a table."""

    paths: Sequence[Path]
    attributes: Mapping[Path, ImageAttributes]


def predict_files(
    predictor: Predictor,
    paths: Sequence[Path],
    attributes: Mapping[Path, ImageAttributes] = _NOTHING_KNOWN,
    on_error: OnError = log_left_out,
) -> Iterator[tuple[Mammogram, AnomalyResult]]:
    """Predict files; exams in order of their first file, their images in order of the files.

    A copy of an image counts once. Different images with one SOP Instance UID all count, each under a substitute.

    Args:
        predictor: the model.
        paths: image files.
        attributes: from a table, for the files that it lists.
        on_error: called with the error of each file that cannot be used; the others go on. By default it is logged.

    Example:
        >>> from mammolens.datasets.phantom import make_phantom_exam
        >>> from mammolens.datasets.phantom_dicom import write_phantom_exam
        >>> files = write_phantom_exam(make_phantom_exam(7), "exam")
        >>> results = [result for _, result in predict_files(Predictor.load(), files)]
        >>> len(results), len({result.record.exam_p_value for result in results})
        (4, 1)
    """
    for exam in group_exams(paths, attributes, on_error):
        yield from predict_exam_files(predictor, exam, on_error)


def group_exams(
    paths: Sequence[Path], attributes: Mapping[Path, ImageAttributes], on_error: OnError
) -> list[ExamFiles]:
    """Files by exam, from their headers alone; the arguments and the order are those of :func:`predict_files`."""
    headers = _headers(paths, attributes, on_error)
    identified = with_identity(headers, attributes)
    return [ExamFiles(members, {path: identified[path] for path in members}) for members in _exams(paths, headers)]


def predict_exam_files(
    predictor: Predictor, exam: ExamFiles, on_error: OnError
) -> Iterator[tuple[Mammogram, AnomalyResult]]:
    """Predict the files of one exam, as :func:`predict_files` does."""
    readings = (partial(read_mammogram, path, exam.attributes[path]) for path in exam.paths)
    analysed: list[tuple[Mammogram, Analysis]] = list(analysed_images(readings, predictor.analyse, on_error))
    results = predictor.results_of([analysis for _, analysis in analysed])
    for (mammogram, _), result in zip(analysed, results, strict=True):
        yield mammogram, result


def analysed_images(
    readings: Iterable[Reading], analyse: Callable[[Mammogram], T], on_error: OnError
) -> Iterator[tuple[Mammogram, T]]:
    """Read and analyse the images of one exam, one after the other.

    Args:
        readings: each reads an image.
        analyse: what to do with it.
        on_error: called with the error of each image that cannot be used; the others go on.

    Yields:
        Each usable image, and what ``analyse`` returned.
    """
    used: list[ImageHeader] = []
    for read in readings:
        try:
            mammogram = read()
            _refuse_two_sides(mammogram.header, used)
            analysis = analyse(mammogram)
        except InputError as error:
            on_error(error)
        else:
            used.append(mammogram.header)
            yield mammogram, analysis


def _refuse_two_sides(header: ImageHeader, others: Sequence[ImageHeader]) -> None:
    """An image twice counts once, but of one breast only."""
    for other in others:
        if other.sop_instance_uid == header.sop_instance_uid and other.laterality is not header.laterality:
            sides = f"{header.laterality or 'no side'} here and {other.laterality or 'no side'} there"
            raise InputError(header.path, f"is the same image as {other.path}, but {sides}", "keep the right one")


def _headers(
    paths: Sequence[Path], attributes: Mapping[Path, ImageAttributes], on_error: OnError
) -> dict[Path, ImageHeader]:
    headers = {}
    for path in paths:
        try:
            headers[path] = read_header(path, attributes.get(path, ImageAttributes()))
        except InputError as error:
            on_error(error)
    return headers


def _exams(paths: Sequence[Path], headers: Mapping[Path, ImageHeader]) -> list[list[Path]]:
    exams: dict[ExamKey, list[Path]] = {}
    for path in paths:
        if path in headers:
            exams.setdefault(headers[path].exam_key, []).append(path)
    return list(exams.values())
