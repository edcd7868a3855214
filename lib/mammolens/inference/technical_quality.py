"""One sentence about the technical quality of an exam, from the quality flags of its images."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from mammolens.enums import QualityFlag

FAULTS: Final = {
    QualityFlag.INCOMPLETE_BREAST: "cut off",
    QualityFlag.PARTIAL_VIEW: "only part of the breast",
    QualityFlag.BLANK: "hardly any structure",
    QualityFlag.BLURRED: "blurred",
    QualityFlag.UNUSUAL_BREAST_AREA: "unusual breast area",
}
"""What a radiographer might repeat an image for, in few words; other flags concern header, machine or model."""

_HEAD = "Technical quality (automatic, unofficial, not PGMI)"


def technical_quality(views: Sequence[tuple[str, Collection[str]]]) -> str | None:
    """What is technically wrong with the images of an exam; ``None`` if there are no images.

    Args:
        views: name and quality flags of each image that was analysed.

    Example:
        >>> technical_quality([("L CC", ["blurred", "lossy_compressed"]), ("R CC", [])])
        'Technical quality (automatic, unofficial, not PGMI): L CC blurred. Positioning is not assessed.'
    """
    if not views:
        return None
    faults = [(name, [fault for flag, fault in FAULTS.items() if flag in flags]) for name, flags in views]
    faulty = [f"{name} {', '.join(words)}" for name, words in faults if words]
    none = f"no fault found in {len(views)} image{'s' if len(views) > 1 else ''}"
    return f"{_HEAD}: {'; '.join(faulty) or none}. Positioning is not assessed."
