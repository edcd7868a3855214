"""The DICOM objects that a prediction leaves behind: docs/dicom-objects.md."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pydicom.dataset import Dataset

from mammolens.dicom.derived.derive import derive_from_exam, derive_from_image, write_derived
from mammolens.dicom.derived.kinds import OF_EXAM, OF_IMAGE, DerivedKind
from mammolens.dicom.derived.presentation_state import ImageTexts
from mammolens.dicom.derived.source import Source
from mammolens.errors import ConfigError, InputError
from mammolens.inference.exam_text import image_sentence
from mammolens.inference.finding_text import describe_finding
from mammolens.inference.findings import numbers_by_strength
from mammolens.inference.outputs import picture_to_burn_in
from mammolens.types import AnomalyRecord, AnomalyResult, ImageHeader, Mammogram

OnError = Callable[[InputError], None]


def kinds_named(text: str, option: str) -> tuple[DerivedKind, ...]:
    """Kinds of objects from their comma-separated names, in the order of :class:`DerivedKind`.

    Raises:
        ConfigError: another name, or none; names ``option``.
    """
    names = {name.strip() for name in text.split(",") if name.strip()}
    unknown = sorted(names.difference(DerivedKind))
    if unknown or not names:
        reason = f"{', '.join(map(repr, unknown)) or 'nothing'} is not a kind of DICOM object"
        raise ConfigError(option, reason, f"use any of {', '.join(DerivedKind)}, separated by commas")
    return tuple(kind for kind in DerivedKind if kind in names)


@dataclass(frozen=True, slots=True)
class _ExamImage:
    """What a report needs of a result: without its maps, of which four views hold half a gigabyte."""

    header: ImageHeader
    record: AnomalyRecord


class DicomOutputs:
    """Writes objects of images at once, and those of an exam as soon as another exam begins.

    Args:
        kinds: of objects.
        folder: to write to.
        on_error: called once for each reason why objects cannot be made; the others go on.
    """

    def __init__(self, kinds: Sequence[DerivedKind], folder: Path, on_error: OnError) -> None:
        self._of_image = [kind for kind in kinds if kind in OF_IMAGE]
        self._of_exam = [kind for kind in kinds if kind in OF_EXAM]
        self._folder, self._on_error = folder, on_error
        self._exam: list[_ExamImage] = []
        self._stems: Counter[str] = Counter()
        self._told: set[str] = set()

    def add(self, mammogram: Mammogram, result: AnomalyResult, stem: str) -> None:
        """The next result; those of one exam follow each other.

        Args:
            mammogram: the image.
            result: its result.
            stem: of the names of the image's files.
        """
        for kind in self._of_image:
            self._write(partial(object_of_image, result, kind, lambda: mammogram), f"{stem}{kind.file_suffix}")
        if self._exam and self._exam[0].header.exam_key != result.header.exam_key:
            self.finish()
        self._exam.append(_ExamImage(result.header, result.record))

    def pass_over(self, exam_id: str) -> None:
        """An exam whose objects an earlier run wrote: its name is taken."""
        self._exam_stem(exam_id)

    def finish(self) -> None:
        """Write what belongs to the last exam."""
        exam, self._exam = self._exam, []
        if not exam or not self._of_exam:
            return
        stem = self._exam_stem(exam[0].header.exam_id)
        texts = [[describe_finding(finding, one.record) for finding in one.record.findings] for one in exam]
        numbers = numbers_by_strength([one.record.findings for one in exam])
        for kind in self._of_exam:
            self._write(partial(derive_from_exam, exam, kind, texts, numbers), f"{stem}{kind.file_suffix}")

    def _write(self, derive: Callable[[], Dataset], name: str) -> None:
        try:
            dataset = derive()
        except InputError as error:
            if str(error) not in self._told:
                self._told.add(str(error))
                self._on_error(error)
        else:
            write_derived(dataset, self._folder / name)

    def _exam_stem(self, exam_id: str) -> str:
        """``exam_`` and its id, as far as that is fit for a file's name; a number where two would be the same."""
        stem = f"exam_{re.sub(r'[^A-Za-z0-9._-]', '_', exam_id)[:100]}"
        self._stems[stem] += 1
        return stem if self._stems[stem] == 1 else f"{stem}-{self._stems[stem]}"


def object_of_image(
    result: AnomalyResult, kind: DerivedKind, mammogram: Callable[[], Mammogram], source: Source | None = None
) -> Dataset:
    """A DICOM object of one image's result, with the words and the picture that it shows.

    Args:
        result: of the image.
        kind: of an image.
        mammogram: gives the image; called only if its pixels are shown.
        source: the image that the object refers to; ``None``: the DICOM file of the result.

    Raises:
        InputError: the source cannot be read any more, or has no object of this kind.
    """
    picture = picture_to_burn_in(mammogram(), result) if kind is DerivedKind.SECONDARY_CAPTURE else None
    texts = image_texts(result.record) if kind is DerivedKind.PRESENTATION_STATE else None
    return derive_from_image(result, kind, picture, source, texts)


def image_texts(record: AnomalyRecord) -> ImageTexts:
    """What a presentation state says: nothing of the exam, as its UID follows from the image alone."""
    return ImageTexts(image_sentence(record), [describe_finding(finding, record) for finding in record.findings])
