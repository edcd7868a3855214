"""An exam as the worklist has it: a line of numbers and words, from what is remembered of its images alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from mammolens.inference.exam import ImageScore
from mammolens.inference.exam_judgement import ExamJudgement
from mammolens.inference.exam_words import standing
from mammolens.labelapp.datastore.stored_score import Standard, StoredScore, judged, problem_by
from mammolens.labelapp.exams.decisions import utc_of
from mammolens.labelapp.exams.exam import Exam, name_of_image
from mammolens.labelapp.exams.ledger_snapshot import ExamDecisions
from mammolens.labelapp.keys import InfoKey
from mammolens.labelapp.responses.exams import ExamState, ExamSummary

Infos = Sequence[Mapping[str, Any]]
_NO_VIEWER = "the viewer cannot show it, as it is a picture and no DICOM file"


class ExamJudge(Standard, Protocol):
    """A model, as far as the worklist asks it; :class:`mammolens.inference.predictor.Predictor` is one."""

    def judge_exam(self, scores: Sequence[ImageScore]) -> ExamJudgement:
        """Set an exam against normal ones."""


def entry_of(exam: Exam, infos: Infos, judge: ExamJudge, mark: str, decided: ExamDecisions) -> ExamSummary:
    """The exam's line.

    Args:
        exam: which.
        infos: what is remembered of its images, in their order.
        judge: the serving model.
        mark: of infos of an exam that was judged by it.
        decided: what people decided on it.
    """
    judgement = judgement_of(exam, infos, judge)
    verdict, counting = decided.standing.verdict(exam.sop_instance_uids), decided.standing.decisions
    return ExamSummary(
        exam=exam.exam_id,
        patient=exam.patient,
        study_date=exam.study_date,
        images=exam.image_ids,
        views=[name_of_image(image, info) for image, info in zip(exam.images, infos, strict=True)],
        state=_state(infos, judge, mark),
        exam_p_value=judgement.p_value if judgement else None,
        exam_percentile=judgement.percentile if judgement else None,
        exam_is_anomalous=judgement.is_anomalous if judgement else None,
        sentence=standing(judgement.percentile, "exams") if judgement else None,
        verdict=verdict,
        reviewer=counting[-1].reviewer if verdict else None,
        reviewed_at=utc_of(counting[-1].time) if verdict else None,
        readers=list(dict.fromkeys(decision.reviewer for decision in counting)),
        open=bool(counting) and verdict is None,
        problems=_problems(exam, infos, judge),
        viewer=viewer_address(exam),
    )


def judgement_of(exam: Exam, infos: Infos, judge: ExamJudge) -> ExamJudgement | None:
    """The exam's numbers, from the stored scores; ``None`` unless the serving model has tried each image."""
    if not all(judged(info, judge.model_id, judge.calibration_id) for info in infos):
        return None
    stored = [(image, score) for image, info in zip(exam.images, infos, strict=True) if (score := StoredScore.of(info))]
    return judge.judge_exam([score.as_image_score(image.image_id) for image, score in stored]) if stored else None


def viewer_address(exam: Exam) -> str | None:
    """Where OHIF opens the exam; ``None`` if none of its images is DICOM."""
    if not any(image.is_dicom for image in exam.images):
        return None
    return f"/ohif/mammolens/dicomjson?url=/mammolens/exams/{exam.exam_id}/ohif.json"


def rank(entry: ExamSummary) -> tuple[bool, bool, float]:
    """Place in the worklist, the lowest first: unreviewed ones, most anomalous first, those without number last."""
    return entry.verdict is not None, entry.exam_p_value is None, entry.exam_p_value or 0.0


def _state(infos: Infos, judge: ExamJudge, mark: str) -> ExamState:
    if all(problem_by(info, judge.model_id) for info in infos):
        return ExamState.FAILED
    return ExamState.JUDGED if all(info.get(InfoKey.JUDGED_AS) == mark for info in infos) else ExamState.NEW


def _problems(exam: Exam, infos: Infos, judge: ExamJudge) -> list[str]:
    found = []
    for image, info in zip(exam.images, infos, strict=True):
        name = name_of_image(image, info)
        if problem := problem_by(info, judge.model_id):
            found.append(f"{name}: {problem}")
        if not image.is_dicom:
            found.append(f"{name}: {_NO_VIEWER}")
    return found
