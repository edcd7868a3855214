"""Findings as a radiologist would say them, for pictures and the command line."""

from __future__ import annotations

from mammolens.types import AnomalyRecord, Finding


def findings_in_words(record: AnomalyRecord) -> list[str]:
    """A line a finding, by its number on the overlay picture, and one for those that were left out."""
    lines = [f"{number}: {finding_in_words(finding, record)}" for number, finding in enumerate(record.findings, 1)]
    return [*lines, f"and {record.findings_left_out} with lower peaks"] if record.findings_left_out else lines


def finding_in_words(finding: Finding, record: AnomalyRecord) -> str:
    """One finding of the record, like ``L CC, outer, middle third, 142 mm2, high``; what is not known is left out."""
    image = " ".join(word for word in (record.laterality, record.view) if word)
    position = f"{'probably ' if finding.position_guessed else ''}{finding.position}" if finding.position else ""
    size = f"{finding.area_pixels} pixels" if finding.area_mm2 is None else f"{finding.area_mm2:.0f} mm2"
    words = (image, position, f"{finding.depth} third", size, finding.level)
    return ", ".join(word for word in words if word)
