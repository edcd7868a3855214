"""The reading room: exams, their worklist, judging them and deciding on them, put together for one server."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from typing import Any

import pydicom
from pydicom.dataset import Dataset

from mammolens.dicom.derived.kinds import DerivedKind
from mammolens.errors import UnknownImageError
from mammolens.labelapp.datastore.contracts import ExamImages
from mammolens.labelapp.datastore.results import Of
from mammolens.labelapp.exams.decisions import Decisions, Drawn, Order, Seen, utc
from mammolens.labelapp.exams.exam import Exam, Exams
from mammolens.labelapp.exams.exam_detail import ExamDetails
from mammolens.labelapp.exams.image_reviews import ImageReviews
from mammolens.labelapp.exams.inference import STORED_AT, Bench, Run
from mammolens.labelapp.exams.inference_runner import Judging, judged_as
from mammolens.labelapp.exams.manifest import manifest_of
from mammolens.labelapp.exams.suspect_normals import first_listed_at
from mammolens.labelapp.exams.worklist import Worklist
from mammolens.labelapp.exams.worklist_entry import judgement_of
from mammolens.labelapp.parameters import DecisionParameters, UndoParameters
from mammolens.labelapp.responses.exams import ExamDetail
from mammolens.labelapp.serving import Serving
from mammolens.labelapp.settings import ResultPolicy


class ReadingRoom:
    """What viewers ask, exam by exam.

    Args:
        models: the serving model.
        exams: which there are.
        images: the datastore.
        decisions: what people decided.
        policy: which DICOM objects are made and sent.
        run: where images are decoded and scored.

    Attributes:
        exams: as given.
        decisions: likewise.
        reviews: the same as MONAI Label's clients know it.
        worklist: their lines.
    """

    def __init__(
        self,
        models: Serving,
        exams: Exams,
        images: ExamImages,
        decisions: Decisions,
        policy: ResultPolicy,
        run: Run,
    ) -> None:
        self.exams = exams
        self.decisions = decisions
        self.reviews = ImageReviews(
            self.exams, decisions, self.seen, lambda image_id: first_listed_at(images.infos([image_id]).values())
        )
        self._models = models
        self._bench = Bench(images, policy, run)
        self._judging = Judging(models, self._bench)
        self.worklist = Worklist(self.exams, images, decisions, self._judging, models, policy)
        self._details = ExamDetails(self.worklist, self._judging, decisions, models, self._bench)

    def detail(self, exam: Exam) -> ExamDetail:
        """Everything about one exam."""
        return self._details.of(exam)

    def judge(self, exam: Exam, *, again: bool = False, store: bool | None = None) -> None:
        """Judge an exam, and send its objects to the PACS if that is wanted.

        Raises:
            RequestError: to be stored, where that is not possible.
            ModelError: no model serves.
            PacsError: no view can be fetched, or the objects are not taken.
            StorageError: a result cannot be written.
        """
        stores = self._bench.policy.stores(store, possible=self._bench.images.can_store())
        self._judging.judge(exam, again=again)
        if not stores:
            return
        mark = self._mark(exam)
        kept = self._bench.results.get(Of.EXAM, exam.exam_id, mark)
        if kept is None or (kept.facts.get(STORED_AT) and not store):
            return
        if objects := list(self._objects(exam, mark)):
            self._bench.images.store(objects)
            self._bench.results.note(Of.EXAM, exam.exam_id, kept.version, {STORED_AT: utc(time.time())})

    def decide(self, exam: Exam, wanted: DecisionParameters, reviewer: str) -> None:
        """Take a decision; the model and the numbers that she saw are kept with it.

        Raises:
            RequestError: a region of an image that is none of the exam's, or an id that another decision has.
            LedgerError, StorageError: it cannot be kept.
        """
        self.decisions.decide(
            exam,
            Order(
                verdict=wanted.verdict,
                reviewer=reviewer,
                comment=wanted.comment,
                viewer=wanted.viewer,
                drawn=tuple(Drawn(region.image, tuple(region.points)) for region in wanted.regions),
                seen=self.seen(exam),
                decision_id=wanted.id,
            ),
        )

    def undo(self, exam: Exam, wanted: UndoParameters, reviewer: str) -> None:
        """Take the last decision back.

        Raises:
            DatasetError: there is none.
            RequestError: an id that another decision has.
            LedgerError, StorageError: it cannot be kept.
        """
        self.decisions.undo(exam, reviewer, decision_id=wanted.id, viewer=wanted.viewer)

    def seen(self, exam: Exam) -> Seen:
        """What the serving model says of an exam now."""
        predictor, known = self._models.predictor(), self._bench.images.infos(exam.image_ids)
        judgement = judgement_of(exam, [known.get(image_id, {}) for image_id in exam.image_ids], predictor)
        if judgement is None:
            return Seen()
        return Seen(predictor.model_id, predictor.calibration_id, judgement.p_value, judgement.fused.exam)

    def manifest(self, exam: Exam) -> dict[str, Any]:
        """The exam for OHIF's DICOM JSON data source.

        Raises:
            PacsError: no image can be fetched.
        """
        return manifest_of(exam, self._mark(exam), self._bench)

    def derived(self, exam: Exam, of: Of, name: str, kind: DerivedKind) -> bytes:
        """A DICOM object of the current result of an exam or of one of its images.

        Raises:
            ModelError: no model serves.
            UnknownImageError: there is none, or only one by a former model or of other views.
        """
        content = self._bench.results.read(of, name, self._mark(exam), kind)
        if content is None:
            raise UnknownImageError(
                f"{name}/{kind}", "there is none", "judge the exam first, with this kind among its results"
            )
        return content

    def _objects(self, exam: Exam, mark: str) -> Iterator[Dataset]:
        """What belongs to the exam's result of this mark."""
        for of, name in [*((Of.IMAGE, image_id) for image_id in exam.image_ids), (Of.EXAM, exam.exam_id)]:
            kept = self._bench.results.get(of, name, mark)
            for kind in kept.files if kept else ():
                if (content := self._bench.results.read(of, name, mark, kind)) is not None:
                    yield pydicom.dcmread(io.BytesIO(content))

    def _mark(self, exam: Exam) -> str:
        return judged_as(exam.image_ids, self._models.predictor(), self._bench.policy)
