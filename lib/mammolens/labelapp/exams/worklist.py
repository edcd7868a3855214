"""The worklist: all exams, unreviewed and most anomalous first."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from mammolens import RESEARCH_USE_ONLY
from mammolens.labelapp.datastore.contracts import ExamImages
from mammolens.labelapp.exams.decisions import Decisions
from mammolens.labelapp.exams.exam import Exam, Exams
from mammolens.labelapp.exams.inference_runner import InferenceRunner, inference_fingerprint
from mammolens.labelapp.exams.ledger_snapshot import ExamDecisions, LedgerSnapshot
from mammolens.labelapp.exams.priors import priors_among
from mammolens.labelapp.exams.worklist_entry import (
    UNRANKED,
    Anomaly,
    ExamModel,
    Infos,
    by_anomaly,
    by_urgency,
    summary_of,
)
from mammolens.labelapp.responses.exams import DriftSummary, ExamList, ExamState, ExamSummary
from mammolens.labelapp.serving import ServingModel
from mammolens.labelapp.settings import ResultPolicy

_Made = tuple[Exam, Infos, ExamModel, ExamDecisions | None, int]  # what an entry was built from


class Worklist:
    """Lists exams; an entry is rebuilt only when its images' infos, its decisions or the model have changed.

    Args:
        exams: of the datastore.
        images: the datastore.
        decisions: on the exams.
        runner: exams whose inference runs now.
        models: the serving model.
        policy: part of the fingerprint of a result.
    """

    def __init__(
        self,
        exams: Exams,
        images: ExamImages,
        decisions: Decisions,
        runner: InferenceRunner,
        models: ServingModel,
        policy: ResultPolicy,
    ) -> None:
        self._exams = exams
        self._images = images
        self._decisions = decisions
        self._runner = runner
        self._models = models
        self._policy = policy
        self._lock = threading.Lock()
        self._made: dict[str, tuple[_Made, ExamSummary]] = {}
        self._ordered: list[ExamSummary] = []
        self._seen: tuple[object, ...] = (None, None, None, None)

    def all(self, drift: DriftSummary | None, readers: Mapping[str, list[str]] = MappingProxyType({})) -> ExamList:
        """Everything.

        Args:
            drift: whether recent exams still resemble those of the calibration.
            readers: other readers of each exam that is open.

        Raises:
            ModelError: no model serves.
            PacsError: the PACS does not answer.
            LedgerError: the decision ledger does not.
        """
        predictor = self._models.predictor()
        exams = [
            entry.model_copy(update={"in_progress_by": readers[entry.exam]}) if entry.exam in readers else entry
            for entry in self.entries()
        ]
        due = (one.viewer for one in exams if one.verdict is None and not one.in_progress_by)
        return ExamList(
            exams=exams,
            read_next=next(due, None),
            images_left_out=len(self._exams.left_out()),
            files_passed_over=self._images.files_passed_over(),
            model=predictor.model_id,
            calibration=predictor.calibration_id,
            model_refused=self._models.refusal(),
            cannot_flag=predictor.calibration.cannot_flag,
            score_meaning=predictor.calibration.score_meaning,
            notice=RESEARCH_USE_ONLY,
            drift=drift,
        )

    def entries(self) -> list[ExamSummary]:
        """The entries, in order."""
        return [self._now(entry) for entry in self.in_order()]

    def entry(self, exam: Exam) -> ExamSummary:
        """The entry of one exam; one that is not in the list, or differs from it, has the rank that it would get."""
        others = [one for one in self.in_order() if one.exam != exam.exam_id]
        infos, predictor = self._images.infos(exam.image_ids), self._models.predictor()
        _, entry = self._entry(exam, infos, predictor, self._decisions.now())
        if entry.rank == UNRANKED:
            rank = 1 + sum(by_urgency(one) <= by_urgency(entry) for one in others)
            entry = entry.model_copy(update={"rank": rank})
        return self._now(entry)

    def next_of(self, exam: Exam) -> str | None:
        """The exam to read after this one.

        The next less anomalous exam that has no verdict, and after the last of them the first: so a reader who skips
        exams comes to each before the first returns. ``None`` when no other is left.
        """
        positions = {exam_id: position for position, exam_id in enumerate(self._exams.all())}

        def order(entry: ExamSummary) -> tuple[Anomaly, int]:
            return by_anomaly(entry), positions.get(entry.exam, len(positions))

        entries = self.in_order()
        here = next((order(entry) for entry in entries if entry.exam == exam.exam_id), None)
        due = [one for one in entries if one.verdict is None and one.exam != exam.exam_id]
        after = (entry.exam for entry in due if here is not None and order(entry) > here)
        return next(after, due[0].exam if due else None)

    def in_order(self) -> list[ExamSummary]:
        """The entries in order; a new list whenever anything changes."""
        exams, predictor, snapshot = self._exams.all(), self._models.predictor(), self._decisions.now()
        seen = (exams, self._images.version(), predictor, snapshot)
        with self._lock:
            if any(one is not other for one, other in zip(self._seen, seen, strict=True)):
                infos = self._images.infos(image_id for exam in exams.values() for image_id in exam.image_ids)
                self._made = {exam_id: self._entry(exam, infos, predictor, snapshot) for exam_id, exam in exams.items()}
                self._ordered = self._ranked()
                self._seen = seen
            return self._ordered

    def _ranked(self) -> list[ExamSummary]:
        """The entries in order; one whose rank has changed is a new object."""
        entries = sorted((entry for _, entry in self._made.values()), key=by_urgency)
        for rank, entry in enumerate(entries, start=1):
            if entry.rank != rank:
                entries[rank - 1] = ranked = entry.model_copy(update={"rank": rank})
                self._made[entry.exam] = (self._made[entry.exam][0], ranked)
        return entries

    def _entry(
        self, exam: Exam, known: Mapping[str, Mapping[str, Any]], model: ExamModel, snapshot: LedgerSnapshot
    ) -> tuple[_Made, ExamSummary]:
        infos = [known.get(image_id, {}) for image_id in exam.image_ids]
        priors = len(priors_among(self._exams.others_of_patient(exam), exam))
        made: _Made = (exam, infos, model, snapshot.exams.get(exam.exam_id), priors)
        kept = self._made.get(exam.exam_id)
        if kept is not None and _same(kept[0], made):
            return kept
        fingerprint = inference_fingerprint(exam.image_ids, model, self._policy)
        return made, summary_of(exam, infos, model, fingerprint, snapshot.of(exam.exam_id), priors)

    def _now(self, entry: ExamSummary) -> ExamSummary:
        runs = self._runner.progress(entry.exam) is not None
        return entry.model_copy(update={"state": ExamState.RUNNING}) if runs else entry


def _same(one: _Made, other: _Made) -> bool:
    if one[0] != other[0] or one[2] is not other[2] or one[3] is not other[3] or one[4] != other[4]:
        return False
    return len(one[1]) == len(other[1]) and all(a is b for a, b in zip(one[1], other[1], strict=True))
