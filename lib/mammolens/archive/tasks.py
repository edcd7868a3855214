"""What is passed to the processes that read and score, and what they return."""

from __future__ import annotations

from dataclasses import dataclass, field

from mammolens.archive.rows import ExamRow, FailureKind, ImageRow
from mammolens.types import ImageAttributes


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an image is not scored."""

    kind: FailureKind
    reason: str
    remedy: str


@dataclass(frozen=True, slots=True)
class ImageTask:
    """An image to score.

    Attributes:
        name: within the source, unique.
        location: path, or address for fsspec.
        sop_instance_uid: of its header; ``None`` if that could not be read.
        attributes: for the reader.
        refusal: why its header could not be used.
    """

    name: str
    location: str
    sop_instance_uid: str | None = None
    attributes: ImageAttributes = field(default_factory=ImageAttributes)
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True)
class ExamTask:
    """An exam to score, or one file whose header could not be used.

    Attributes:
        number: in the index; exams are stored in this order.
        patient: Patient ID; ``None`` of a file without a usable header.
        exam: within the patient's exams; ``None`` of a file without a usable header.
        images: at least one.
    """

    number: int
    patient: str | None
    exam: str | None
    images: tuple[ImageTask, ...]


@dataclass(frozen=True, slots=True)
class ExamRows:
    """The rows of an exam: one for each of its images, and its own, unless its only file has no usable header."""

    number: int
    images: tuple[ImageRow, ...]
    exam: ExamRow | None
