"""The one way from results to DICOM objects."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from mammolens.dicom.derived.cad_report import cad_report_of
from mammolens.dicom.derived.exam import ImageResult, ReportedExam, ReportedImage
from mammolens.dicom.derived.kinds import OF_EXAM, OF_IMAGE, DerivedKind
from mammolens.dicom.derived.parametric_map import parametric_map_of
from mammolens.dicom.derived.presentation_state import ImageTexts, presentation_state_of
from mammolens.dicom.derived.report import report_of
from mammolens.dicom.derived.secondary_capture import secondary_capture_of
from mammolens.dicom.derived.segmentation import segmentation_of
from mammolens.dicom.derived.source import Source, source_of
from mammolens.dicom.opening import first_line
from mammolens.errors import InputError
from mammolens.files import atomic_file
from mammolens.types import AnomalyResult


def derive_from_image(
    result: AnomalyResult,
    kind: DerivedKind,
    picture: NDArray[np.uint8] | None = None,
    source: Source | None = None,
    texts: ImageTexts | None = None,
) -> Dataset:
    """A DICOM object of one image's result.

    Args:
        result: of the image.
        kind: one of ``OF_IMAGE``.
        picture: ``(rows, cols, 3)`` uint8, what a Secondary Capture shows; asked for by that kind alone.
        source: the image that it refers to; ``None``: the DICOM file ``result.header.path``.
        texts: what a presentation state writes on the image; asked for by that kind alone.

    Raises:
        InputError: the source is not a DICOM file, cannot be read any more, or is in colour where greys are needed.
        ValueError: another kind, a Secondary Capture without a picture, or a presentation state without texts.
    """
    if kind not in OF_IMAGE:
        raise ValueError(f"{kind} is not an object of an image; use one of {', '.join(OF_IMAGE)}")
    if kind is DerivedKind.SECONDARY_CAPTURE and picture is None:
        raise ValueError("a Secondary Capture shows a picture; give one")
    if kind is DerivedKind.PRESENTATION_STATE and texts is None:
        raise ValueError("a presentation state has texts; give them")
    source = source or source_of(result.header)
    with _trouble_named(result.header.path):
        if kind is DerivedKind.SEGMENTATION:
            return segmentation_of(result, source)
        if texts is not None and kind is DerivedKind.PRESENTATION_STATE:
            return presentation_state_of(result, source, texts)
        if picture is not None and kind is DerivedKind.SECONDARY_CAPTURE:
            return secondary_capture_of(result, source, picture)
        return parametric_map_of(result, source)


def derive_from_exam(
    results: Sequence[ImageResult],
    kind: DerivedKind,
    finding_texts: Sequence[Sequence[str]],
    finding_numbers: Sequence[Sequence[int]],
) -> Dataset:
    """A DICOM object of all results of one exam; it lies in the study of the first.

    Args:
        results: of the exam's images, by one model; their maps are not asked for. An image twice counts once.
        kind: one of ``OF_EXAM``.
        finding_texts: for each result, its findings in words.
        finding_numbers: for each result, the numbers of its findings in the exam, as viewers show them.

    Raises:
        InputError: a source is not a DICOM file, or cannot be read any more.
        ValueError: another kind, no result, or texts or numbers that do not belong to the findings.
    """
    if kind not in OF_EXAM:
        raise ValueError(f"{kind} is not an object of an exam; use one of {', '.join(OF_EXAM)}")
    if not results:
        raise ValueError("an exam without results has no report; give one result at least")
    described = zip(results, finding_texts, finding_numbers, strict=True)
    images = (ReportedImage(source_of(one.header), one.record, texts, numbers) for one, texts, numbers in described)
    exam = ReportedExam(tuple({image.source.header.sop_instance_uid: image for image in images}.values()))
    with _trouble_named(results[0].header.path):
        return report_of(exam) if kind is DerivedKind.REPORT else cad_report_of(exam)


def write_derived(dataset: Dataset, path: Path) -> None:
    """Write a DICOM object as a file (PS3.10), whole or not at all."""
    with atomic_file(path) as temporary:
        dataset.save_as(temporary, write_like_original=False)


@contextmanager
def _trouble_named(path: Path) -> Iterator[None]:
    """Turn what highdicom says of values that no DICOM object may hold into an error that names the source."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:  # whatever a header holds may be copied, and be refused
        reason = f"its header does not fit into a DICOM object ({first_line(error)})"
        raise InputError(path, reason, "correct the header, or omit DICOM results") from error
