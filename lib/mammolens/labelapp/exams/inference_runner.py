"""Run exam inference on request, in one thread per exam at a time."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager

from mammolens import __version__
from mammolens.labelapp.datastore.results import Of
from mammolens.labelapp.datastore.stored_score import ScoringModel
from mammolens.labelapp.exams.exam import Exam
from mammolens.labelapp.exams.inference import COMPLETE, InferenceContext, InferenceRun
from mammolens.labelapp.keys import InfoKey
from mammolens.labelapp.responses.exams import InferenceProgress
from mammolens.labelapp.serving import ServingModel
from mammolens.labelapp.settings import ResultPolicy
from mammolens.types import AnomalyRecord

_RECORD_SCHEMA = json.dumps(AnomalyRecord.model_json_schema(), sort_keys=True)


def inference_fingerprint(image_ids: Sequence[str], model: ScoringModel, policy: ResultPolicy) -> str:
    """Identifies an exam's result: the images, the model, its calibration, the kinds of DICOM object, the version.

    The version is that of the package and of the fields of a record.
    """
    version = __version__, _RECORD_SCHEMA
    text = "\n".join((*version, model.model_id, model.calibration_id, *policy.kinds, *sorted(image_ids)))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class InferenceRunner:
    """Runs inference of exams, each once at a time.

    Args:
        models: the serving model.
        context: datastore, policy and pool.
    """

    def __init__(self, models: ServingModel, context: InferenceContext) -> None:
        self._models = models
        self._context = context
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._ended: dict[str, float] = {}
        self._progress: dict[str, InferenceProgress] = {}

    def progress(self, exam_id: str) -> InferenceProgress | None:
        """Progress of an exam whose inference runs now; ``None``: it does not run."""
        return self._progress.get(exam_id)

    @contextmanager
    def held(self, exam_ids: Collection[str]) -> Iterator[None]:
        """No inference of these exams runs, or begins, until this is left; waits for those that run."""
        with ExitStack() as stack:
            for exam_id in sorted(exam_ids):  # in one order, so that nobody waits for a lock of one who waits for his
                stack.enter_context(self._locks[exam_id])
            yield

    def infer(self, exam: Exam, *, again: bool = False) -> None:
        """Infer an exam unless a current result is stored; concurrent requests wait and share the result.

        A view that fails is reported in its result, and the others continue.

        Args:
            exam: to infer.
            again: even if a current result is stored.

        Raises:
            ModelError: no model serves.
            PacsError: no view can be fetched.
            StorageError: a result cannot be written.
        """
        asked = time.monotonic()
        with self._locks[exam.exam_id]:
            predictor = self._models.predictor()
            fingerprint = inference_fingerprint(exam.image_ids, predictor, self._context.policy)
            fresh = self._ended.get(exam.exam_id, 0.0) > asked
            if self._has_result(exam, fingerprint) and (fresh or not again):
                return
            try:
                InferenceRun(exam, fingerprint, predictor, self._context, self._observer(exam)).carry_out()
                self._ended[exam.exam_id] = time.monotonic()
            finally:
                self._progress.pop(exam.exam_id, None)

    def _observer(self, exam: Exam) -> Callable[[InferenceProgress], None]:
        return lambda progress: self._progress.__setitem__(exam.exam_id, progress)

    def _has_result(self, exam: Exam, fingerprint: str) -> bool:
        """Whether the result is stored on disk and noted in the images' infos, as either may be lost."""
        kept = self._context.results.get(Of.EXAM, exam.exam_id, fingerprint)
        infos = self._context.images.infos(exam.image_ids)
        noted = all(infos.get(image_id, {}).get(InfoKey.FINGERPRINT) == fingerprint for image_id in exam.image_ids)
        return noted and kept is not None and bool(kept.facts.get(COMPLETE))
