"""The training data of a site: its images with the decisions on them."""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from mammolens.datasets.base import Case, Dataset
from mammolens.dicom.reader import read_header
from mammolens.errors import DatasetError, InputError, UnknownImageError
from mammolens.inference.predictor import Predictor
from mammolens.labelapp.datastore.contracts import ExamImages, Images
from mammolens.labelapp.datastore.descriptions import ImageDescription
from mammolens.labelapp.datastore.stored_score import is_processed
from mammolens.labelapp.exams.decisions import Decisions
from mammolens.labelapp.exams.eligibility import eligible_images, patient_of
from mammolens.labelapp.exams.exam import Exam, Exams
from mammolens.labelapp.exams.image_scores import score_and_store
from mammolens.labelapp.exams.suspect_normals import SuspectNormals
from mammolens.labelapp.learning.marked_findings import marked_findings
from mammolens.models.directory import record_of
from mammolens.training.progress import Observer, Stage, StageCounter
from mammolens.types import ImageAttributes

_log = logging.getLogger(__name__)
NAME = "accepted normals"  # kept in the records of models, by which those that learned here are known


@dataclass(frozen=True, slots=True)
class TrainingData:
    """The exams of a site with decisions and images.

    Attributes:
        exams: of the datastore.
        decisions: on the exams.
        images: the datastore.
        suspect_normals: exams that await a second confirmation.
    """

    exams: Exams
    decisions: Decisions
    images: ExamImages
    suspect_normals: SuspectNormals

    def normals(self) -> Dataset:
        """The images that are eligible as normal.

        Raises:
            DatasetError: there are none.
            PacsError: an image cannot be fetched now.
        """
        return eligible_normals(self.exams, self.decisions, self.images)

    def findings(self) -> Dataset:
        """The images with a marked finding."""
        return marked_findings(self.exams.all().values(), self.decisions.now(), self.images)

    def excluded(self, predictor: Predictor, observe: Observer) -> frozenset[str]:
        """Ids of the exams that are not used for training now; scores images that this model has not scored yet.

        These are suspect normals, and exams without a score because an image vanished before it could be fetched. An
        image that can never be scored excludes nothing, as it cannot be used for training either.

        Args:
            predictor: the serving model.
            observe: called with each image that is scored.

        Raises:
            PacsError: an image cannot be fetched now.
            StorageError: scores cannot be stored.
        """
        if not self.suspect_normals.share:
            return frozenset()
        eligible = eligible_images(self.exams.all().values(), self.decisions.now())
        due = [image_id for images in self._unscored(eligible, predictor).values() for image_id in images]
        step = StageCounter(Stage.PREPARE, len(due), observe)
        for image_id in due:
            try:
                score_and_store(image_id, self.images, predictor)
            except (InputError, UnknownImageError) as error:
                _log.warning("not scored: %s", error)
            step()
        return frozenset(self._unscored(eligible, predictor)) | {
            one.exam.exam_id for one in self.suspect_normals.listed()
        }

    def _unscored(self, exams: Collection[Exam], predictor: Predictor) -> dict[str, list[str]]:
        """The images that this model has not processed, by exam id; exams without any are left out."""
        infos = self.images.infos(image_id for exam in exams for image_id in exam.image_ids)
        model = predictor.model_id, predictor.calibration_id
        found = {
            exam.exam_id: [one for one in exam.image_ids if not is_processed(infos.get(one, {}), *model)]
            for exam in exams
        }
        return {exam_id: images for exam_id, images in found.items() if images}


def eligible_normals(exams: Exams, decisions: Decisions, images: Images) -> Dataset:
    """Gather the images with the verdict 'normal'; those that cannot be read are left out.

    See :func:`mammolens.labelapp.exams.eligibility.eligible_images`.

    Returns:
        Cases with their patient, and the worklist's id of their exam as ``attributes.exam_id``, in its order.

    Raises:
        DatasetError: there are none.
        PacsError: an image cannot be fetched now.
    """
    cases = tuple(
        case
        for exam, eligible in eligible_images(exams.all().values(), decisions.now()).items()
        for image in eligible
        if (case := _case(exam, image, images)) is not None
    )
    if not cases:
        raise DatasetError(NAME, "no image has the verdict 'normal'", "review images of several patients first")
    return Dataset(name=NAME, cases=cases, licence="the site's own images, not for redistribution")


def learned_here(directory: Path) -> bool:
    """Whether the network of a model directory learned from the site's normals, earlier ones too."""
    name: str = record_of(directory).get("dataset", {}).get("name", "")
    return name.startswith(NAME)


def _case(exam: Exam, image: ImageDescription, images: Images) -> Case | None:
    try:
        path = Path(images.get_image_uri(image.image_id))
        read_header(path)
    except (InputError, UnknownImageError) as error:  # damaged, or vanished since it was listed
        _log.warning("left out of the training: %s", error)
        return None
    return Case(
        path=path,
        patient_id=patient_of(exam),
        attributes=ImageAttributes(patient_id=patient_of(exam), exam_id=exam.exam_id),
        abnormal=False,
        clean_normal=True,
    )
