"""What of an exam's result is delivered to others, and of which exams."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from mammolens.inference.predictor import Predictor
from mammolens.labelapp.datastore.contracts import ExamImages
from mammolens.labelapp.datastore.stored_score import StoredScore
from mammolens.labelapp.delivery.exam_done import ExamDone
from mammolens.labelapp.delivery.queue import Delivery, DeliveryKind, DeliveryQueue
from mammolens.labelapp.exams.exam import Exam
from mammolens.labelapp.exams.worklist_entry import inference_of_exam
from mammolens.labelapp.keys import InfoKey
from mammolens.labelapp.settings import DeliveredExams, ServerSettings


class ExamDeliveries:
    """Queues what an exam's result is delivered as.

    Args:
        images: the datastore.
        queue: for the deliveries.
        settings: which receivers there are, and of which exams they get results.
        pseudonym: of a name.
        now: seconds since the epoch.
    """

    def __init__(
        self,
        images: ExamImages,
        queue: DeliveryQueue,
        settings: ServerSettings,
        pseudonym: Callable[[str], str],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._images, self._queue, self._settings = images, queue, settings
        self._pseudonym, self._now = pseudonym, now

    def __call__(self, exam: Exam, fingerprint: str, predictor: Predictor) -> None:
        """Queue them.

        A receiver of DICOM objects gets none of pictures (PNG, JPEG), of which it cannot have the images.

        Raises:
            StorageError: the queue cannot be written.
        """
        if not self._is_delivered(exam):
            return
        delivery = partial(Delivery, exam=exam.exam_id, fingerprint=fingerprint, queued_at=self._now())
        images = tuple(image.image_id for image in exam.images if image.is_dicom)
        if self._settings.dimse_destination and images:
            self._queue.put(delivery(kind=DeliveryKind.DICOM, images=images))
        if webhook := self._settings.webhook:
            done = self._done(exam, predictor, identifiers=webhook.identifiers)
            self._queue.put(delivery(kind=DeliveryKind.WEBHOOK, done=done))

    def _done(self, exam: Exam, predictor: Predictor, *, identifiers: bool) -> ExamDone:
        known = self._images.infos(exam.image_ids)
        infos = [known.get(image_id, {}) for image_id in exam.image_ids]
        inferred = inference_of_exam(exam, infos, predictor)
        study = next((image.study_instance_uid for image in exam.images if image.study_instance_uid), None)
        return ExamDone(
            exam=exam.exam_id,
            study_instance_uid=study if identifiers else None,
            study_pseudonym=self._pseudonym(study) if study and not identifiers else None,
            images=len(infos),
            images_without_result=sum(StoredScore.of(info) is None for info in infos),
            score=inferred.decile if inferred else None,
            category=inferred.category if inferred else None,
            model=predictor.model_id,
            calibration=predictor.calibration_id,
        )

    def _is_delivered(self, exam: Exam) -> bool:
        if self._settings.deliver is DeliveredExams.ALL:
            return True
        return any(InfoKey.RECEIVED in info for info in self._images.infos(exam.image_ids).values())
