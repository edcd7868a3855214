"""Findings compared with lesions whose location is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mammolens.datasets.base import Lesion
from mammolens.inference.exam_text import view_name
from mammolens.types import AnomalyRecord


@dataclass(frozen=True, slots=True)
class KnownLesion:
    """A lesion of an image, and the finding that lies on it.

    Attributes:
        lesion: as it is marked.
        finding: number of the strongest finding whose peak lies on the lesion; ``None``: it was missed.
    """

    lesion: Lesion
    finding: int | None


def compare_with_known(record: AnomalyRecord, lesions: Sequence[Lesion], numbers: Sequence[int]) -> list[KnownLesion]:
    """The lesions of an image, in their order, each with its finding.

    Args:
        record: of the image.
        lesions: of the image.
        numbers: of the record's findings among those of the exam.
    """
    return [KnownLesion(lesion, _finding_on(lesion, record, numbers)) for lesion in lesions]


def describe_known(record: AnomalyRecord, lesions: Sequence[Lesion], numbers: Sequence[int]) -> list[str]:
    """A line for each lesion, such as 'R CC: mass found (finding 2)' or 'L MLO: mass missed'.

    The arguments are those of :func:`compare_with_known`.
    """
    name = view_name(record.laterality, record.view)
    return [
        f"{name}: {known.lesion.kind or 'lesion'} "
        + ("missed" if known.finding is None else f"found (finding {known.finding})")
        for known in compare_with_known(record, lesions, numbers)
    ]


def _finding_on(lesion: Lesion, record: AnomalyRecord, numbers: Sequence[int]) -> int | None:
    for number, finding in zip(numbers, record.findings, strict=True):
        column, row = finding.peak_location
        if lesion.contains(row, column):
            return number
    return None
