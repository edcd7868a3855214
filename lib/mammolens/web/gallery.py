"""True positives, false negatives and false positives of an evaluation as pictures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from mammolens.datasets.base import Case, Dataset
from mammolens.dicom.reader import read_mammogram
from mammolens.errors import InputError
from mammolens.evaluation.pictures import caption
from mammolens.evaluation.scored import ScoredImage
from mammolens.evaluation.scoring import compared_picture
from mammolens.inference.predictor import Predictor


class GalleryCategory(StrEnum):
    """How a decision compares with the truth."""

    TRUE_POSITIVE = "True positives: abnormal and flagged, highest scores first"
    FALSE_NEGATIVE = "False negatives: abnormal and not flagged, lowest scores first"
    FALSE_POSITIVE = "False positives: normal and flagged, highest scores first"


@dataclass(frozen=True, slots=True)
class GalleryPicture:
    """The image with its marked lesions, and beside it its overlay; ``jpeg`` is the file's content."""

    outcome: GalleryCategory
    caption: str
    jpeg: bytes


def chosen(images: Sequence[ScoredImage], size: int) -> dict[GalleryCategory, list[ScoredImage]]:
    """The most telling images of each outcome, one a patient; correct negatives are left out."""
    found: dict[GalleryCategory, list[ScoredImage]] = {outcome: [] for outcome in GalleryCategory}
    for image in sorted(images, key=lambda one: -one.pred_score):
        if image.abnormal:
            found[GalleryCategory.TRUE_POSITIVE if image.is_anomalous else GalleryCategory.FALSE_NEGATIVE].append(image)
        elif image.is_anomalous:
            found[GalleryCategory.FALSE_POSITIVE].append(image)
    found[GalleryCategory.FALSE_NEGATIVE].reverse()
    return {outcome: list(_one_a_patient(members))[:size] for outcome, members in found.items()}


def draw(
    images: Mapping[GalleryCategory, Sequence[ScoredImage]], dataset: Dataset, predictor: Predictor
) -> Iterator[GalleryPicture | InputError]:
    """Draw chosen images one after the other; an image that is missing or cannot be read is replaced by its error."""
    by_path = {case.path.resolve(): case for case in dataset.cases}
    by_name: dict[str, Case | None] = {}
    for known in dataset.cases:
        by_name[known.path.name] = None if known.path.name in by_name else known
    for outcome, members in images.items():
        for image in members:
            # The folder may have been elsewhere when it was evaluated.
            case = by_path.get(image.path.resolve()) or by_name.get(image.path.name)
            try:
                yield GalleryPicture(outcome, caption(image), _drawn(image.path, case, predictor))
            except InputError as error:
                yield error


def _drawn(path: Path, case: Case | None, predictor: Predictor) -> bytes:
    if case is None:
        raise InputError(path.name, "is not in the image folder", "give the evaluated data set")
    mammogram = read_mammogram(case.path, case.attributes)
    return compared_picture(mammogram, predictor.predict(mammogram), case.lesions)


def _one_a_patient(images: Sequence[ScoredImage]) -> Iterator[ScoredImage]:
    seen: set[str] = set()
    for image in images:
        if image.patient_id not in seen:
            seen.add(image.patient_id)
            yield image
