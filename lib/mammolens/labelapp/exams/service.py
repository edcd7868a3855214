"""The exam service: worklist, inference and decisions, put together for one server."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from mammolens.dicom.derived.kinds import DerivedKind
from mammolens.dicom.derived.picture_image import picture_as_dicom
from mammolens.dicom.reader import read_mammogram
from mammolens.errors import UnknownImageError
from mammolens.labelapp.datastore.contracts import ExamImages
from mammolens.labelapp.datastore.results import Of
from mammolens.labelapp.exams.blinding import blinded
from mammolens.labelapp.exams.decisions import Decisions, NewDecision, ShownResult, utc
from mammolens.labelapp.exams.exam import Exam, Exams
from mammolens.labelapp.exams.exam_detail import ExamDetails
from mammolens.labelapp.exams.image_reviews import ImageReviews
from mammolens.labelapp.exams.imported_scores import import_scores
from mammolens.labelapp.exams.inference import STORED_AT, THUMBNAIL, Deliver, InferenceContext, Run, keep_all
from mammolens.labelapp.exams.inference_runner import InferenceRunner, inference_fingerprint
from mammolens.labelapp.exams.manifest import manifest_of
from mammolens.labelapp.exams.open_exams import OpenExams
from mammolens.labelapp.exams.prior_exams import PriorExams
from mammolens.labelapp.exams.suspect_normals import suspect_since
from mammolens.labelapp.exams.worklist import Worklist
from mammolens.labelapp.exams.worklist_entry import inference_of_exam
from mammolens.labelapp.parameters import DecisionParameters, ScoresParameters, UndoParameters
from mammolens.labelapp.responses.exams import ExamDetail, ScoreImport
from mammolens.labelapp.serving import ServingModel
from mammolens.labelapp.settings import ResultPolicy


class ExamService:
    """Answers the requests of viewers, exam by exam.

    Args:
        models: the serving model.
        exams: of the datastore.
        images: the datastore.
        decisions: on the exams.
        policy: which DICOM objects are created and sent.
        run: where images are decoded and scored.
        suspect_reason: why an exam awaits a second confirmation as normal; ``None``: it does not.
        deliver: called with each result before the exam counts as done.

    Attributes:
        exams, decisions: as given.
        reviews: the decisions as MONAI Label's clients see them.
        worklist: all exams in reading order.
        open_exams: which of them are being read, and by whom.
    """

    def __init__(
        self,
        models: ServingModel,
        exams: Exams,
        images: ExamImages,
        decisions: Decisions,
        policy: ResultPolicy,
        run: Run,
        suspect_reason: Callable[[Exam], str | None] = lambda exam: None,
        deliver: Deliver = keep_all,
    ) -> None:
        self.exams = exams
        self.decisions = decisions
        self.reviews = ImageReviews(
            self.exams, decisions, self.seen, lambda image_id: suspect_since(images.infos([image_id]).values())
        )
        self.open_exams = OpenExams()
        self._models = models
        self._context = InferenceContext(images, policy, run, deliver)
        self._runner = InferenceRunner(models, self._context)
        self.worklist = Worklist(self.exams, images, decisions, self._runner, models, policy)
        prior_exams = PriorExams(self.exams, self.worklist, models, self._context)
        self._details = ExamDetails(
            self.worklist, self._runner, decisions, models, self._context, suspect_reason, prior_exams
        )

    def detail(self, exam: Exam) -> ExamDetail:
        """Everything about one exam."""
        return self._details.of(exam)

    def blinded_detail(self, exam: Exam, *, heat: bool) -> ExamDetail:
        """What a reader of a blind study sees of an exam, with or without the model's result."""
        return blinded(self.detail(exam), heat=heat)

    def infer(self, exam: Exam, *, again: bool = False, store: bool | None = None) -> None:
        """Infer an exam, and send its DICOM objects to the PACS if requested.

        Raises:
            RequestError: ``store`` is requested but not possible.
            ModelError: no model serves.
            PacsError: no view can be fetched, or the objects are not taken.
            StorageError: a result cannot be written.
        """
        stores = self._context.policy.stores(store, possible=self._context.images.can_store())
        self._runner.infer(exam, again=again)
        if not stores:
            return
        fingerprint = self._fingerprint(exam)
        stored = self._context.results.get(Of.EXAM, exam.exam_id, fingerprint)
        if stored is None or (stored.facts.get(STORED_AT) and not store):
            return
        if objects := list(self._context.results.objects(exam.exam_id, exam.image_ids, fingerprint)):
            self._context.images.store(objects)
            self._context.results.note(Of.EXAM, exam.exam_id, stored.version, {STORED_AT: utc(time.time())})

    def import_scores(self, wanted: ScoresParameters) -> ScoreImport:
        """Store scores by the serving model that were computed elsewhere; see :func:`import_scores`.

        Raises:
            RequestError: they are of another model, calibration or version.
            StorageError: they cannot be written.
        """
        return import_scores(wanted, self.exams, self._context.images, self._runner, self._models.predictor())

    def without_inference(self, exam_ids: Collection[str]) -> AbstractContextManager[None]:
        """No inference of these exams runs, or begins, until this is left; waits for those that run."""
        return self._runner.held(exam_ids)

    def record_decision(self, exam: Exam, wanted: DecisionParameters, reviewer: str) -> None:
        """Record a decision, with the model and the numbers that were shown.

        Raises:
            RequestError: a region of an image that is none of the exam's, an id that another decision has, or a
                missing second confirmation.
            LedgerError, StorageError: the decision cannot be stored.
        """
        self.decisions.record(
            exam,
            NewDecision(
                verdict=wanted.verdict,
                reviewer=reviewer,
                comment=wanted.comment,
                viewer=wanted.viewer,
                drawn=tuple(wanted.regions),
                seen=self.seen(exam),
                decision_id=wanted.id,
                confirmed_again=wanted.second_confirmation,
            ),
        )
        self.open_exams.decided(exam.exam_id, reviewer)

    def undo(self, exam: Exam, wanted: UndoParameters, reviewer: str) -> None:
        """Undo the last decision.

        Raises:
            DatasetError: there is none.
            RequestError: an id that another decision has.
            LedgerError, StorageError: the decision cannot be stored.
        """
        self.decisions.undo(exam, reviewer, decision_id=wanted.id, viewer=wanted.viewer)

    def seen(self, exam: Exam) -> ShownResult:
        """The current result of the serving model on an exam."""
        predictor, known = self._models.predictor(), self._context.images.infos(exam.image_ids)
        inferred = inference_of_exam(exam, [known.get(image_id, {}) for image_id in exam.image_ids], predictor)
        if inferred is None:
            return ShownResult()
        of_model = predictor.model_id, predictor.calibration_id
        return ShownResult(*of_model, inferred.p_value, inferred.fused.exam, inferred.category)

    def manifest(self, exam: Exam, *, heat: bool = True) -> dict[str, Any]:
        """The exam for OHIF's DICOM JSON data source.

        Args:
            exam: the exam.
            heat: with the segmentations of the heat levels.

        Raises:
            PacsError: no image can be fetched.
        """
        return manifest_of(exam, self._fingerprint(exam), self._context, heat=heat)

    def picture(self, image_id: str) -> bytes:
        """A PNG, JPEG or PGM as a DICOM file, made in memory.

        Raises:
            UnknownImageError: there is no image of that id.
            InputError: the picture cannot be read.
        """
        path = Path(self._context.images.get_image_uri(image_id))
        return self._context.run(lambda: picture_as_dicom(read_mammogram(path)))

    def thumbnail(self, image_id: str) -> bytes:
        """A small JPEG of an image with its heat.

        Raises:
            ModelError: no model serves.
            UnknownImageError: there is no such image, or no result of it by the serving model.
        """
        exam = self.exams.of_image(image_id)
        stored = self._context.results.get(Of.IMAGE, image_id, self._fingerprint(exam))
        content = stored.facts.get(THUMBNAIL) if stored else None
        if content is None:
            raise UnknownImageError(f"{image_id}/thumbnail", "there is none", "infer the exam first")
        return base64.b64decode(content)

    def derived(self, exam: Exam, of: Of, name: str, kind: DerivedKind) -> bytes:
        """A DICOM object of the current result of an exam or of one of its images.

        Raises:
            ModelError: no model serves.
            UnknownImageError: there is none, or only one by a former model or of other views.
        """
        content = self._context.results.read(of, name, self._fingerprint(exam), kind)
        if content is None:
            raise UnknownImageError(
                f"{name}/{kind}", "there is none", "infer the exam first, with this kind among its results"
            )
        return content

    def _fingerprint(self, exam: Exam) -> str:
        return inference_fingerprint(exam.image_ids, self._models.predictor(), self._context.policy)
