"""The prior exams of an exam, as a viewer shows them beside it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mammolens.inference.exam_text import view_name
from mammolens.inference.prior_comparison import Evidence, evidence_then_and_now
from mammolens.labelapp.datastore.results import Of
from mammolens.labelapp.exams.exam import Exam, Exams, view_of_image
from mammolens.labelapp.exams.inference import EVIDENCE, InferenceContext
from mammolens.labelapp.exams.inference_runner import inference_fingerprint
from mammolens.labelapp.exams.priors import prior_cautions, priors_among
from mammolens.labelapp.exams.segmentation_reference import segmentation_reference
from mammolens.labelapp.exams.worklist import Worklist
from mammolens.labelapp.responses.exams import (
    ExamState,
    FindingComparison,
    PriorExam,
    PriorStatus,
    PriorView,
    ViewDetail,
)
from mammolens.labelapp.serving import ServingModel


class PriorExams:
    """Finds the prior exams of a patient, and the image of each that shows what a current view shows.

    Args:
        exams: of the datastore.
        worklist: of the same exams.
        models: the serving model.
        context: datastore and results.
    """

    def __init__(self, exams: Exams, worklist: Worklist, models: ServingModel, context: InferenceContext) -> None:
        self._exams = exams
        self._worklist = worklist
        self._models = models
        self._context = context

    def of(self, exam: Exam, views: Sequence[ViewDetail]) -> list[PriorExam]:
        """The prior exams, the latest first.

        Args:
            exam: the current one.
            views: of the current exam.

        Raises:
            ModelError: no model serves.
        """
        return [self._prior(prior, views) for prior in priors_among(self._exams.others_of_patient(exam), exam)]

    def cautions(self, exam: Exam) -> list[str]:
        """What a reader must know about them, a sentence each."""
        return prior_cautions(self._exams.others_of_patient(exam), exam)

    def compared(self, exam: Exam, views: Sequence[ViewDetail], priors: Sequence[PriorExam]) -> list[ViewDetail]:
        """The views, their findings compared with the latest prior exam.

        Args:
            exam: the current one.
            views: of it.
            priors: of :meth:`of`.
        """
        if not priors:
            return list(views)
        latest = priors[0]
        matching = {one.current: one.image for one in latest.views}
        then = self._evidence(self._exams.get(latest.exam), matching.values())
        now = self._evidence(exam, [view.image for view in views if view.findings])
        return [
            view.model_copy(
                update={
                    "findings": [
                        finding.model_copy(
                            update={
                                "prior": compare_finding(
                                    finding.peak_location,
                                    now.get(view.image),
                                    then.get(matching.get(view.image, "")),
                                    latest,
                                )
                            }
                        )
                        for finding in view.findings
                    ]
                }
            )
            for view in views
        ]

    def _evidence(self, exam: Exam, images: Iterable[str]) -> dict[str, Evidence]:
        """As stored with the current results of these images of an exam."""
        fingerprint = inference_fingerprint(exam.image_ids, self._models.predictor(), self._context.policy)
        found = {}
        for image in images:
            stored = self._context.results.get(Of.IMAGE, image, fingerprint)
            if stored is not None and (fact := stored.facts.get(EVIDENCE)):
                found[image] = Evidence.of_fact(fact)
        return found

    def _prior(self, prior: Exam, views: Sequence[ViewDetail]) -> PriorExam:
        entry = self._worklist.entry(prior)
        matching = self._matching(prior, views)
        return PriorExam(
            exam=prior.exam_id,
            study_date=prior.study_date,
            state=entry.state,
            exam_decile=entry.exam_decile,
            score_text=entry.score_text,
            exam_category_label=entry.exam_category_label,
            verdict_label=entry.verdict_label,
            views=matching,
            unmatched=[view.slot.label for view in views if view.image not in {one.current for one in matching}],
            viewer=entry.viewer,
        )

    def _matching(self, prior: Exam, views: Sequence[ViewDetail]) -> list[PriorView]:
        """For each current view the prior's first image of the same side and view."""
        infos = self._context.images.infos(prior.image_ids)
        by_view = {
            view_of_image(image, infos.get(image.image_id, {})): image
            for image in reversed(prior.images)  # so that the first one stays
        }
        fingerprint = inference_fingerprint(prior.image_ids, self._models.predictor(), self._context.policy)
        found = []
        for view in views:
            image = by_view.get((view.laterality, view.view)) if view.laterality and view.view else None
            if image is None:
                continue
            stored = self._context.results.get(Of.IMAGE, image.image_id, fingerprint)
            found.append(
                PriorView(
                    current=view.image,
                    image=image.image_id,
                    sop_instance_uid=image.sop_instance_uid,
                    laterality=view.laterality,
                    view=view.view,
                    name=view_name(view.laterality, view.view),
                    segmentation=segmentation_reference(stored) if stored else None,
                )
            )
        return found


def compare_finding(
    peak: tuple[int, int], current: Evidence | None, prior: Evidence | None, exam: PriorExam
) -> FindingComparison:
    """Compare a finding with the view of a prior exam.

    Args:
        peak: column and row in the current image.
        current: evidence of its view.
        prior: evidence of the matching view; ``None`` without one, or without a current result.
        exam: the prior one.
    """
    day = exam.study_date
    found = evidence_then_and_now(*peak, current, prior) if current and prior else None
    if found is None:
        waits = exam.state is not ExamState.DONE and exam.views
        text = f"Prior exam of {day} not analysed" if waits else f"No comparable prior view of {day}"
        return FindingComparison(
            study_date=day, status=PriorStatus.NOT_COMPARABLE, evidence=None, prior_evidence=None, text=text
        )
    before, now = (round(value, 1) for value in found)
    status = PriorStatus.SEEN if found[0] >= 1 else PriorStatus.NEW
    words = f"Seen before, on {day}" if status is PriorStatus.SEEN else f"New since {day}"
    return FindingComparison(
        study_date=day,
        status=status,
        evidence=now,
        prior_evidence=before,
        text=f"{words}: evidence {now:g}, then {before:g}",
    )
