"""What a server has to learn from: what people decided on the images that are here."""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass

from mammolens.datasets.base import Dataset
from mammolens.errors import InputError, UnknownImageError
from mammolens.inference.predictor import Predictor
from mammolens.labelapp.datastore.contracts import ExamImages
from mammolens.labelapp.datastore.stored_score import judged
from mammolens.labelapp.reading.accepted import accepted_images
from mammolens.labelapp.reading.decisions import Decisions
from mammolens.labelapp.reading.exams import Exam, Exams
from mammolens.labelapp.reading.second_look import SecondLook
from mammolens.labelapp.tasks.marked_findings import marked_findings
from mammolens.labelapp.tasks.normals import accepted_normals
from mammolens.labelapp.tasks.siblings import score_and_store
from mammolens.training.progress import Observer, Stage, StageCounter

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Site:
    """Exams, the decisions on them and their images.

    Attributes:
        exams: which there are.
        decisions: on them.
        images: of them.
        second_look: exams that wait for one.
    """

    exams: Exams
    decisions: Decisions
    images: ExamImages
    second_look: SecondLook

    def normals(self) -> Dataset:
        """The images that were accepted as normal.

        Raises:
            DatasetError: there are none.
            PacsError: an image cannot be had now.
        """
        return accepted_normals(self.exams, self.decisions, self.images)

    def findings(self) -> Dataset:
        """The images with a marked finding."""
        return marked_findings(self.exams.all().values(), self.decisions.now(), self.images)

    def set_aside(self, predictor: Predictor, observe: Observer) -> frozenset[str]:
        """Ids of the exams that teach nobody now; scores what this model has not scored yet.

        They wait for a second look, or for the model's score: an image of theirs vanished before it could be had. An
        image that cannot be scored ever holds back nothing, as it cannot teach either.

        Args:
            predictor: the serving model.
            observe: told of each image that is scored.

        Raises:
            PacsError: an image cannot be had now.
            StorageError: scores cannot be kept.
        """
        if not self.second_look.share:
            return frozenset()
        accepted = accepted_images(self.exams.all().values(), self.decisions.now())
        due = [image_id for images in self._unscored(accepted, predictor).values() for image_id in images]
        step = StageCounter(Stage.PREPARE, len(due), observe)
        for image_id in due:
            try:
                score_and_store(image_id, self.images, predictor)
            except (InputError, UnknownImageError) as error:
                _log.warning("not scored: %s", error)
            step()
        return frozenset(self._unscored(accepted, predictor)) | {one.exam.exam_id for one in self.second_look.listed()}

    def _unscored(self, exams: Collection[Exam], predictor: Predictor) -> dict[str, list[str]]:
        """The images that this model has not tried yet, by the ids of their exams; exams without any are left out."""
        infos = self.images.infos(image_id for exam in exams for image_id in exam.image_ids)
        model = predictor.model_id, predictor.calibration_id
        found = {
            exam.exam_id: [one for one in exam.image_ids if not judged(infos.get(one, {}), *model)] for exam in exams
        }
        return {exam_id: images for exam_id, images in found.items() if images}
