"""The results of one exam with their sources, and content that all structured reports share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import UID

from mammolens.dicom.derived.identity import derived_uid
from mammolens.dicom.derived.source import Source
from mammolens.enums import NormalityCategory, score_text
from mammolens.types import AnomalyRecord, Finding, ImageHeader


class ImageResult(Protocol):
    """What a report needs of an :class:`AnomalyResult`: no maps."""

    @property
    def header(self) -> ImageHeader:
        """Of the mammogram that was scored."""

    @property
    def record(self) -> AnomalyRecord:
        """The numbers."""


@dataclass(frozen=True, slots=True, eq=False)
class ReportedImage:
    """One image of the exam: its source, its record, and its findings in words with their numbers in the exam."""

    source: Source
    record: AnomalyRecord
    finding_texts: Sequence[str]
    finding_numbers: Sequence[int]

    def __post_init__(self) -> None:
        findings, texts, numbers = len(self.record.findings), len(self.finding_texts), len(self.finding_numbers)
        if not findings == texts == numbers:
            path = self.source.header.path
            raise ValueError(f"{path}: {findings} findings, but {texts} texts and {numbers} numbers of findings")

    @property
    def name(self) -> str:
        """Side and view, for example ``L MLO``."""
        words = (self.record.laterality, self.record.view)
        return " ".join(word for word in words if word) or "image"

    def findings(self) -> Iterator[tuple[int, Finding, str]]:
        """Number in the exam, finding, words."""
        yield from zip(self.finding_numbers, self.record.findings, self.finding_texts, strict=True)

    def tracking_uid(self, place: int) -> UID:
        """Identifies a finding by its place in the record from 1, or the image by 0.

        The same for the same image, model and calibration, whatever else the exam contains.
        """
        uid, record = str(self.source.dataset.SOPInstanceUID), self.record
        return derived_uid("finding", uid, record.model, record.calibration, str(place))


@dataclass(frozen=True, slots=True, eq=False)
class ReportedExam:
    """All images of one exam with their results."""

    images: tuple[ReportedImage, ...]

    @property
    def record(self) -> AnomalyRecord:
        """A record that names model, calibration and the exam's numbers, which are the same in all."""
        return self.images[0].record

    @property
    def datasets(self) -> list[Dataset]:
        """The source images' headers."""
        return [image.source.dataset for image in self.images]


def outline_of(finding: Finding) -> NDArray[np.float64]:
    """Closed polyline ``(vertices, 2)`` as (column, row) from the upper left pixel's corner (PS3.3 C.18.6.1.1)."""
    return np.asarray(finding.contour, dtype=np.float64) + 0.5


def peak_of(finding: Finding) -> NDArray[np.float64]:
    """The peak ``(1, 2)`` in the same coordinates: the middle of its pixel."""
    return np.asarray([finding.peak_location], dtype=np.float64) + 0.5


def exam_sentence(record: AnomalyRecord) -> str:
    """The exam's number and decision in words, and what the model does not look for."""
    percentile, flagged = int(record.exam_percentile), "flagged" if record.exam_is_anomalous else "not flagged"
    category = f"{NormalityCategory(record.exam_category).label}, " if record.exam_category else ""
    sentence = (
        f"{score_text(record.exam_decile, record.exam_p_value)}: {category}"
        f"more anomalous than {percentile} % of normal exams; "
        f"{flagged} (the model {record.decision_rule})."
    )
    return f"{sentence} {record.limitation}" if record.limitation else sentence


def describe_flags(record: AnomalyRecord) -> str:
    """The image's quality flags, or 'none'."""
    return ", ".join(str(flag).replace("_", " ") for flag in record.quality_flags) or "none"
