"""An exam as a reader of a blind study sees it."""

from __future__ import annotations

from typing import Any

from mammolens.labelapp.responses.exams import ExamDetail, ExamState, ViewDetail


def blinded(detail: ExamDetail, *, heat: bool) -> ExamDetail:
    """The exam without other people's decisions, its place in the worklist, and prior exams.

    Args:
        detail: of the exam.
        heat: whether the model's result stays.
    """
    hidden: dict[str, Any] = {
        "rank": 1,
        "verdict": None,
        "verdict_label": None,
        "reviewer": None,
        "reviewed_at": None,
        "readers": [],
        "in_progress_by": [],
        "open": False,
        "decisions": [],
        "suspect_reason": None,
        "safety_note": None,
        "next": None,
        "stored_at": None,
        "can_store": False,
        "prior_exams": 0,  # their results and decisions are not blinded
        "priors": [],
        "prior_cautions": [],
    }
    if not heat:
        hidden |= {
            "state": ExamState.DONE,
            "exam_p_value": None,
            "exam_percentile": None,
            "exam_decile": None,
            "score_text": None,
            "exam_category": None,
            "exam_category_label": None,
            "exam_score": None,
            "exam_is_anomalous": None,
            "sentence": None,
            "thumbnails": [],
            "progress": None,
            "breasts": [],
            "levels": [],
            "technical_quality": None,
            "views_in_detail": [_without_result(view) for view in detail.views_in_detail],
        }
    return detail.model_copy(update=hidden)


def _without_result(view: ViewDetail) -> ViewDetail:
    hidden: dict[str, Any] = {
        "p_value": None,
        "percentile": None,
        "is_anomalous": None,
        "category": None,
        "sentence": None,
        "quality": [],
        "findings": [],
        "findings_left_out": 0,
        "segmentation": None,
        "error": None,
    }
    return view.model_copy(update=hidden)
