"""The worklist entry of an exam, built from the stored infos of its images alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import quote

from mammolens.enums import score_text
from mammolens.inference.exam import ImageScore
from mammolens.inference.exam_inference import ExamInference
from mammolens.inference.exam_text import exam_percentile_text
from mammolens.labelapp.datastore.stored_score import ScoringModel, StoredScore, is_processed, problem_by
from mammolens.labelapp.exams.decisions import utc_of
from mammolens.labelapp.exams.exam import Exam, name_of_image, view_of_image
from mammolens.labelapp.exams.hanging import hanging_slots
from mammolens.labelapp.exams.ledger_snapshot import ExamDecisions
from mammolens.labelapp.keys import InfoKey
from mammolens.labelapp.responses.exams import ExamState, ExamSummary, Thumbnail

Infos = Sequence[Mapping[str, Any]]
Anomaly = tuple[bool, float, float]
MOST_THUMBNAILS = 4
UNRANKED = 0  # until the worklist, which has the other entries, ranks it


class ExamModel(ScoringModel, Protocol):
    """The part of :class:`mammolens.inference.predictor.Predictor` that the worklist uses."""

    def infer_exam(self, scores: Sequence[ImageScore]) -> ExamInference:
        """Compare an exam with normal exams."""


def summary_of(
    exam: Exam, infos: Infos, model: ExamModel, fingerprint: str, decisions: ExamDecisions, priors: int
) -> ExamSummary:
    """The entry of an exam.

    Args:
        exam: the exam.
        infos: stored with its images, in the order of the images.
        model: the serving model.
        fingerprint: that the infos hold if the exam's result is current.
        decisions: on the exam.
        priors: number of prior exams.
    """
    inferred = inference_of_exam(exam, infos, model)
    category = inferred.category if inferred else None
    state = _state(infos, model, fingerprint)
    verdict, active = decisions.effective.verdict(exam.sop_instance_uids), decisions.effective.decisions
    return ExamSummary(
        exam=exam.exam_id,
        rank=UNRANKED,
        patient=exam.patient,
        study_date=exam.study_date,
        prior_exams=priors,
        images=exam.image_ids,
        views=[name_of_image(image, info) for image, info in zip(exam.images, infos, strict=True)],
        state=state,
        exam_p_value=inferred.p_value if inferred else None,
        exam_percentile=inferred.percentile if inferred else None,
        exam_decile=inferred.decile if inferred else None,
        score_text=score_text(inferred.decile, inferred.p_value) if inferred else None,
        exam_category=category,
        exam_category_label=category.label if category else None,
        exam_score=inferred.fused.exam if inferred else None,
        exam_is_anomalous=inferred.is_anomalous if inferred else None,
        sentence=exam_percentile_text(inferred.percentile, category, inferred.calibration_patients)
        if inferred
        else None,
        verdict=verdict,
        verdict_label=verdict.label if verdict else None,
        reviewer=active[-1].reviewer if verdict else None,
        reviewed_at=utc_of(active[-1].time) if verdict else None,
        readers=list(dict.fromkeys(decision.reviewer for decision in active)),
        open=bool(active) and verdict is None,
        in_progress_by=[],
        problems=_problems(exam, infos, model),
        thumbnails=_thumbnails(exam, infos) if state is ExamState.DONE else [],
        viewer=viewer_address(exam),
    )


def inference_of_exam(exam: Exam, infos: Infos, model: ExamModel) -> ExamInference | None:
    """The exam's result from stored scores; ``None`` unless the serving model has processed each image."""
    if not all(is_processed(info, model.model_id, model.calibration_id) for info in infos):
        return None
    stored = [(image, score) for image, info in zip(exam.images, infos, strict=True) if (score := StoredScore.of(info))]
    return model.infer_exam([score.as_image_score(image.image_id) for image, score in stored]) if stored else None


def viewer_address(exam: Exam) -> str:
    """Where OHIF opens the exam."""
    return f"/ohif/mammolens/dicomjson?url=/mammolens/exams/{exam.exam_id}/ohif.json"


def _thumbnails(exam: Exam, infos: Infos) -> list[Thumbnail]:
    """The first four images as they hang."""
    images = list(zip(exam.images, infos, strict=True))
    slots = hanging_slots([view_of_image(image, info) for image, info in images])
    hung = sorted(zip(images, slots, strict=True), key=lambda one: (one[1].row, one[1].column))
    return [
        Thumbnail(address=f"/mammolens/images/{quote(image.image_id, safe='')}/thumbnail.jpg", name=slot.label)
        for (image, _), slot in hung[:MOST_THUMBNAILS]
    ]


def by_anomaly(entry: ExamSummary) -> Anomaly:
    """Sorting key: the most anomalous exam first, of equal p-values the highest score; those without one last."""
    return entry.exam_p_value is None, entry.exam_p_value or 0.0, -(entry.exam_score or 0.0)


def by_urgency(entry: ExamSummary) -> tuple[bool, Anomaly]:
    """Sorting key of the worklist: unreviewed exams first."""
    return entry.verdict is not None, by_anomaly(entry)


def _state(infos: Infos, model: ExamModel, fingerprint: str) -> ExamState:
    if all(problem_by(info, model.model_id) for info in infos):
        return ExamState.FAILED
    return ExamState.DONE if all(info.get(InfoKey.FINGERPRINT) == fingerprint for info in infos) else ExamState.NEW


def _problems(exam: Exam, infos: Infos, model: ExamModel) -> list[str]:
    found = []
    for image, info in zip(exam.images, infos, strict=True):
        if problem := problem_by(info, model.model_id):
            found.append(f"{name_of_image(image, info)}: {problem}")
    return found
