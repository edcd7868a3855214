"""How anomalous exams, breasts and images are, in words."""

from __future__ import annotations

from typing import Literal

Things = Literal["exams", "breasts", "images"]
UNUSUAL_PERCENTILE = 90.0  # from here on, no longer within the normal range


def percentile_text(percentile: float, things: Things) -> str:
    """A sentence for something more anomalous than ``percentile`` percent of normal ``things``."""
    share = int(percentile)  # rounded down: 99.96 % must not read 100 %
    if percentile >= UNUSUAL_PERCENTILE:
        return f"More anomalous than {share} % of normal {things}."
    return f"Within the normal range: more anomalous than {share} % of normal {things}."


def level_text(share: float) -> str:
    """The meaning of a heat level that ``share`` of normal images reach."""
    return f"reached somewhere in {100 * share:g} % of normal images"


def patient_text(patient: str) -> str:
    """The Patient ID; 'patient unknown' if there is none."""
    return patient or "patient unknown"


def view_name(laterality: str | None, view: str | None) -> str:
    """A view's name, such as 'R CC'; 'view unknown' if neither side nor view is known."""
    return " ".join(word for word in (laterality, view) if word) or "view unknown"
