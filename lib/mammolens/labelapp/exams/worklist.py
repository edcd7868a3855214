"""The worklist: every exam, unreviewed and most anomalous first."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from mammolens import RESEARCH_USE_ONLY
from mammolens.labelapp.datastore.contracts import ExamImages
from mammolens.labelapp.exams.decisions import Decisions
from mammolens.labelapp.exams.exam import Exam, Exams
from mammolens.labelapp.exams.inference_runner import Judging, judged_as
from mammolens.labelapp.exams.ledger_snapshot import Decided, ExamDecisions
from mammolens.labelapp.exams.worklist_entry import ExamJudge, Infos, entry_of, rank
from mammolens.labelapp.responses.exams import DriftSummary, ExamList, ExamState, ExamSummary
from mammolens.labelapp.serving import Serving
from mammolens.labelapp.settings import ResultPolicy

_Made = tuple[Exam, Infos, ExamJudge, ExamDecisions | None]  # what a line was made of


class Worklist:
    """Tells exams; a line is made anew only when its images' infos, what was decided or the model have changed.

    Args:
        exams: which there are.
        images: what is remembered of theirs.
        decisions: what people decided.
        judging: which are being judged now.
        models: the serving model.
        policy: part of what an exam was judged as.
    """

    def __init__(
        self,
        exams: Exams,
        images: ExamImages,
        decisions: Decisions,
        judging: Judging,
        models: Serving,
        policy: ResultPolicy,
    ) -> None:
        self._exams = exams
        self._images = images
        self._decisions = decisions
        self._judging = judging
        self._models = models
        self._policy = policy
        self._lock = threading.Lock()
        self._made: dict[str, tuple[_Made, ExamSummary]] = {}
        self._ordered: list[ExamSummary] = []
        self._seen: tuple[object, ...] = (None, None, None, None)

    def all(self, drift: DriftSummary | None) -> ExamList:
        """Everything.

        Args:
            drift: whether the exams still are like those of the calibration.

        Raises:
            ModelError: no model serves.
            PacsError: the PACS does not answer.
            LedgerError: the decision ledger does not.
        """
        predictor = self._models.predictor()
        return ExamList(
            exams=self.entries(),
            images_left_out=len(self._exams.left_out()),
            model=predictor.model_id,
            calibration=predictor.calibration_id,
            notice=RESEARCH_USE_ONLY,
            drift=drift,
        )

    def entries(self) -> list[ExamSummary]:
        """The lines, in order."""
        return [self._now(entry) for entry in self.in_order()]

    def entry(self, exam: Exam) -> ExamSummary:
        """The line of one exam."""
        infos, predictor = self._images.infos(exam.image_ids), self._models.predictor()
        return self._now(self._entry(exam, infos, predictor, self._decisions.now())[1])

    def next_of(self, exam: Exam) -> str | None:
        """The most anomalous other exam without a verdict; ``None`` when all have one."""
        others = (entry for entry in self.in_order() if entry.exam != exam.exam_id and entry.verdict is None)
        return next((entry.exam for entry in others), None)

    def in_order(self) -> list[ExamSummary]:
        """The lines as they were when anything last changed; another list as soon as anything does."""
        exams, predictor, decided = self._exams.all(), self._models.predictor(), self._decisions.now()
        seen = (exams, self._images.version(), predictor, decided)
        with self._lock:
            if any(one is not other for one, other in zip(self._seen, seen, strict=True)):
                infos = self._images.infos(image_id for exam in exams.values() for image_id in exam.image_ids)
                self._made = {exam_id: self._entry(exam, infos, predictor, decided) for exam_id, exam in exams.items()}
                self._ordered = sorted((entry for _, entry in self._made.values()), key=rank)
                self._seen = seen
            return self._ordered

    def _entry(
        self, exam: Exam, known: Mapping[str, Mapping[str, Any]], judge: ExamJudge, decided: Decided
    ) -> tuple[_Made, ExamSummary]:
        infos = [known.get(image_id, {}) for image_id in exam.image_ids]
        made: _Made = (exam, infos, judge, decided.exams.get(exam.exam_id))
        kept = self._made.get(exam.exam_id)
        if kept is not None and _same(kept[0], made):
            return kept
        mark = judged_as(exam.image_ids, judge, self._policy)
        return made, entry_of(exam, infos, judge, mark, decided.of(exam.exam_id))

    def _now(self, entry: ExamSummary) -> ExamSummary:
        judging = self._judging.progress(entry.exam) is not None
        return entry.model_copy(update={"state": ExamState.JUDGING}) if judging else entry


def _same(one: _Made, other: _Made) -> bool:
    if one[0] != other[0] or one[2] is not other[2] or one[3] is not other[3]:
        return False
    return len(one[1]) == len(other[1]) and all(a is b for a, b in zip(one[1], other[1], strict=True))
