"""How anomalous exams, breasts and images are, in words."""

from __future__ import annotations

import math
from typing import Literal

from mammolens.enums import NormalityCategory, score_text
from mammolens.types import AnomalyRecord

Things = Literal["exams", "breasts", "images"]
_HALF = 0.5
_ONE_IN = {0.2: "five", 0.1: "ten", 0.05: "twenty", 0.01: "a hundred"}


def percentile_text(percentile: float, category: NormalityCategory | None, things: Things) -> str:
    """A sentence for something more anomalous than ``percentile`` percent of normal ``things``.

    Args:
        percentile: 0 to 100.
        category: ``None`` if the calibration has too few patients to flag any.
        things: what was compared.

    Example:
        >>> percentile_text(86.9, NormalityCategory.WITHIN_NORMAL_RANGE, "exams")
        'Within the normal range: rank 86 of 100 normal exams.'
    """
    share = int(percentile)  # rounded down: 99.96 % must not read 100 %
    if category is NormalityCategory.WITHIN_NORMAL_RANGE:
        return f"{category.label}: rank {max(1, share)} of 100 normal {things}."
    return _categorised(f"More anomalous than {share} % of normal {things}.", category)


def exam_percentile_text(percentile: float, category: NormalityCategory | None, calibration_patients: int) -> str:
    """The same for an exam; one that scores higher than every normal exam of the calibration says so.

    Args:
        percentile: more anomalous than this percentage of normal exams.
        category: as above.
        calibration_patients: behind the percentile.
    """
    if beyond_calibration(percentile, calibration_patients):
        sentence = f"More anomalous than each of the {calibration_patients} normal patients of the calibration."
        return _categorised(sentence, category)
    return percentile_text(percentile, category, "exams")


def _category(value: str | None) -> NormalityCategory | None:
    """A record holds the value."""
    return None if value is None else NormalityCategory(value)


def _categorised(sentence: str, category: NormalityCategory | None) -> str:
    return sentence if category is None else f"{category.label}: {sentence[0].lower()}{sentence[1:]}"


def image_sentence(record: AnomalyRecord) -> str:
    """How anomalous the image of a record is."""
    return percentile_text(record.percentile, _category(record.category), "images")


def exam_sentence(record: AnomalyRecord) -> str:
    """How anomalous the exam of a record is."""
    return exam_percentile_text(
        record.exam_percentile, _category(record.exam_category), record.exam_calibration_patients
    )


def exam_score_text(record: AnomalyRecord) -> str:
    """The score from 1 to 10 of the exam of a record, with its p-value."""
    return score_text(record.exam_decile, record.exam_p_value)


def safety_note(sentence: str) -> str:
    """What a reader gets after 'Confirm normal' on an exam that ``sentence`` describes."""
    return f"{sentence} Look at the findings again. Do you still confirm the exam as normal?"


def beyond_calibration(percentile: float, calibration_patients: int) -> bool:
    """Whether a percentile is the highest that this many patients can give: of a score higher than all of theirs."""
    return math.isclose(percentile, 100.0 * calibration_patients / (calibration_patients + 1))


def level_text(share: float) -> str:
    """The meaning of a heat level that ``share`` of normal images reach somewhere."""
    if share == _HALF:
        return "half of normal images have such a spot"
    if (word := _ONE_IN.get(share)) is not None:
        return f"one in {word} normal images has such a spot"
    return f"{100 * share:g} % of normal images have such a spot"


def patient_text(patient: str) -> str:
    """The Patient ID; 'patient unknown' if there is none."""
    return patient or "patient unknown"


def view_name(laterality: str | None, view: str | None) -> str:
    """A view's name, such as 'R CC'; 'view unknown' if neither side nor view is known."""
    return " ".join(word for word in (laterality, view) if word) or "view unknown"
