"""What of an exam's result is delivered to others, and of which exams."""

from __future__ import annotations

import time
from collections.abc import Callable

from mammolens.inference.predictor import Predictor
from mammolens.labelapp.datastore.contracts import ExamImages
from mammolens.labelapp.delivery.queue import Delivery, DeliveryKind, DeliveryQueue
from mammolens.labelapp.exams.exam import Exam
from mammolens.labelapp.keys import InfoKey
from mammolens.labelapp.settings import DeliveredExams, ServerSettings


class ExamDeliveries:
    """Queues what an exam's result is delivered as.

    Args:
        images: the datastore.
        queue: for the deliveries.
        settings: which receivers there are, and of which exams they get results.
        now: seconds since the epoch.
    """

    def __init__(
        self,
        images: ExamImages,
        queue: DeliveryQueue,
        settings: ServerSettings,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._images, self._queue, self._settings, self._now = images, queue, settings, now

    def __call__(self, exam: Exam, fingerprint: str, predictor: Predictor) -> None:
        """Queue them.

        A receiver of DICOM objects gets none of pictures (PNG, JPEG), of which it cannot have the images.

        Raises:
            StorageError: the queue cannot be written.
        """
        if not self._is_delivered(exam):
            return
        images = tuple(image.image_id for image in exam.images if image.is_dicom)
        if self._settings.dimse_destination and images:
            self._queue.put(
                Delivery(
                    kind=DeliveryKind.DICOM,
                    exam=exam.exam_id,
                    fingerprint=fingerprint,
                    images=images,
                    queued_at=self._now(),
                )
            )

    def _is_delivered(self, exam: Exam) -> bool:
        if self._settings.deliver is DeliveredExams.ALL:
            return True
        return any(InfoKey.RECEIVED in info for info in self._images.infos(exam.image_ids).values())
