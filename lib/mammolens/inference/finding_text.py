"""Findings in words, for pictures, reports and the command line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from mammolens.enums import FindingAnatomy
from mammolens.types import AnomalyRecord, Finding

ANATOMY: Final[dict[FindingAnatomy, str]] = {
    FindingAnatomy.NIPPLE: "at the nipple",
    FindingAnatomy.PECTORAL_EDGE: "on the pectoral edge",
    FindingAnatomy.PECTORAL_MUSCLE: "over the pectoral muscle",
    FindingAnatomy.AXILLA: "in the axilla (perhaps a lymph node)",
    FindingAnatomy.INFRAMAMMARY_FOLD: "at the inframammary fold",
    FindingAnatomy.SKIN: "at the skin line",
}


def describe_findings(record: AnomalyRecord, numbers: Sequence[int] | None = None) -> list[str]:
    """One line per finding, with its number on the overlay picture, and one for the findings left out.

    Args:
        record: of one image.
        numbers: of its findings among those of the exam; without, they are counted from 1.
    """
    numbered = zip(numbers or range(1, len(record.findings) + 1), record.findings, strict=True)
    lines = [f"{number}: {describe_finding(finding, record)}" for number, finding in numbered]
    return [*lines, f"and {record.findings_left_out} more with lower peaks"] if record.findings_left_out else lines


def describe_finding(finding: Finding, record: AnomalyRecord) -> str:
    """Describe one finding of the record; unknown parts are left out.

    For example ``L CC, outer, middle third, 52 mm from the nipple, 142 mm2, high, more anomalous than the strongest
    finding of 83 % of normal exams``; after the image, ``calcifications suspected``; after the third, anatomy such as
    ``in the axilla (perhaps a lymph node)``.
    """
    image = " ".join(word for word in (record.laterality, record.view) if word)
    position = f"{'probably ' if finding.position_guessed else ''}{finding.position}" if finding.position else ""
    size = f"{finding.area_pixels} pixels" if finding.area_mm2 is None else f"{finding.area_mm2:.0f} mm2"
    anatomy = ANATOMY[FindingAnatomy(finding.anatomy)] if finding.anatomy else ""
    kind = "calcifications suspected" if finding.calcifications else ""
    place = (position, f"{finding.depth} third", anatomy, _nipple_distance(finding))
    words = (image, kind, *place, size, finding.level, finding_percentile_text(finding.percentile))
    return ", ".join(word for word in words if word)


def finding_percentile_text(percentile: float) -> str:
    """What the percentile of a finding means; rounded down, so that it never reads 100 %.

    Example:
        >>> finding_percentile_text(83.7)
        'more anomalous than the strongest finding of 83 % of normal exams'
    """
    return f"more anomalous than the strongest finding of {int(percentile)} % of normal exams"


def _nipple_distance(finding: Finding) -> str:
    if finding.nipple_distance_mm is None or finding.anatomy == FindingAnatomy.NIPPLE:
        return ""
    return f"{finding.nipple_distance_mm:.0f} mm from the nipple"
