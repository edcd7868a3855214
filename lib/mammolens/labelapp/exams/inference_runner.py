"""Judge whole exams on request, each by one thread at a time."""

from __future__ import annotations

import hashlib
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence

from mammolens import __version__
from mammolens.labelapp.datastore.results import Of
from mammolens.labelapp.datastore.stored_score import Standard
from mammolens.labelapp.exams.exam import Exam
from mammolens.labelapp.exams.inference import COMPLETE, Bench, Judgement, Progress
from mammolens.labelapp.keys import InfoKey
from mammolens.labelapp.serving import Serving
from mammolens.labelapp.settings import ResultPolicy


def judged_as(image_ids: Sequence[str], standard: Standard, policy: ResultPolicy) -> str:
    """What the infos of an exam's images hold once these very images were judged together in this very way."""
    text = "\n".join((__version__, standard.model_id, standard.calibration_id, *policy.kinds, *sorted(image_ids)))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class Judging:
    """Judges exams, each once at a time.

    Args:
        models: which model.
        bench: what to work with.
    """

    def __init__(self, models: Serving, bench: Bench) -> None:
        self._models = models
        self._bench = bench
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._ended: dict[str, float] = {}
        self._progress: dict[str, Progress] = {}

    def progress(self, exam_id: str) -> Progress | None:
        """How far an exam is that is being judged now."""
        return self._progress.get(exam_id)

    def judge(self, exam: Exam, *, again: bool = False) -> None:
        """Judge an exam, unless the serving model has; whoever asks meanwhile waits and shares the result.

        A view that cannot be judged is told in its result; the others go on.

        Raises:
            ModelError: no model serves.
            PacsError: no view can be fetched.
            StorageError: a result cannot be written.
        """
        asked = time.monotonic()
        with self._locks[exam.exam_id]:
            predictor = self._models.predictor()
            mark = judged_as(exam.image_ids, predictor, self._bench.policy)
            fresh = self._ended.get(exam.exam_id, 0.0) > asked
            if self._is_judged(exam, mark) and (fresh or not again):
                return
            try:
                Judgement(exam, mark, predictor, self._bench, self._teller(exam)).carry_out()
                self._ended[exam.exam_id] = time.monotonic()
            finally:
                self._progress.pop(exam.exam_id, None)

    def _teller(self, exam: Exam) -> Callable[[Progress], None]:
        return lambda progress: self._progress.__setitem__(exam.exam_id, progress)

    def _is_judged(self, exam: Exam, mark: str) -> bool:
        """Whether the result is there: on disk, and in the images' infos, of which either may be lost."""
        kept = self._bench.results.get(Of.EXAM, exam.exam_id, mark)
        infos = self._bench.images.infos(exam.image_ids)
        noted = all(infos.get(image_id, {}).get(InfoKey.JUDGED_AS) == mark for image_id in exam.image_ids)
        return noted and kept is not None and bool(kept.facts.get(COMPLETE))
