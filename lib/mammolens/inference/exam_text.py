"""How anomalous exams, breasts and images are, in words."""

from __future__ import annotations

import math
from typing import Literal

Things = Literal["exams", "breasts", "images"]
UNUSUAL_PERCENTILE = 90.0  # from here on, no longer within the normal range
_HALF = 0.5
_ONE_IN = {0.2: "five", 0.1: "ten", 0.05: "twenty", 0.01: "a hundred"}


def percentile_text(percentile: float, things: Things) -> str:
    """A sentence for something more anomalous than ``percentile`` percent of normal ``things``.

    Example:
        >>> percentile_text(86.9, "exams")
        'Within the normal range: rank 86 of 100 normal exams.'
    """
    share = int(percentile)  # rounded down: 99.96 % must not read 100 %
    if percentile >= UNUSUAL_PERCENTILE:
        return f"More anomalous than {share} % of normal {things}."
    return f"Within the normal range: rank {max(1, share)} of 100 normal {things}."


def exam_percentile_text(percentile: float, calibration_patients: int) -> str:
    """The same for an exam; one that scores higher than every normal exam of the calibration says so.

    Args:
        percentile: more anomalous than this percentage of normal exams.
        calibration_patients: behind the percentile.
    """
    if beyond_calibration(percentile, calibration_patients):
        return f"More anomalous than each of the {calibration_patients} normal patients of the calibration."
    return percentile_text(percentile, "exams")


def beyond_calibration(percentile: float, calibration_patients: int) -> bool:
    """Whether a percentile is the highest that so many patients can give: of a score higher than all of theirs."""
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
