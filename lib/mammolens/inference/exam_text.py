"""How exams, breasts and images stand among normal ones, as a radiologist would say it."""

from __future__ import annotations

from typing import Literal

Things = Literal["exams", "breasts", "images"]
UNUSUAL_PERCENTILE = 90.0  # from here on a standing is worth a word of its own


def percentile_text(percentile: float, things: Things) -> str:
    """A sentence on what is more anomalous than ``percentile`` percent of normal ``things``."""
    share = int(percentile)  # never rounded up: 99.96 % are not all
    if percentile >= UNUSUAL_PERCENTILE:
        return f"More anomalous than {share} % of normal {things}."
    return f"Like most normal {things} ({share} % of them are less anomalous)."


def level_text(share: float) -> str:
    """What a heat level means that ``share`` of normal images reach."""
    return f"reached anywhere by {100 * share:g} % of normal images"


def view_name(laterality: str | None, view: str | None) -> str:
    """For example 'R CC'; 'view unknown' where nothing is known."""
    return " ".join(word for word in (laterality, view) if word) or "view unknown"
