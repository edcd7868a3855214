"""What each quality flag means: one sentence for pictures, the command line and docs/findings.md."""

from __future__ import annotations

from collections.abc import Iterable

from mammolens.enums import QualityFlag

EXPLANATIONS: dict[QualityFlag, str] = {
    QualityFlag.LATERALITY_GUESSED: "The side was guessed from the picture.",
    QualityFlag.VIEW_GUESSED: "The view was guessed from the picture.",
    QualityFlag.NO_PIXEL_SPACING: "No pixel size is known: the score may assume one, and nothing is given in mm.",
    QualityFlag.COARSE_PIXELS: "The pixels are too coarse to judge calcifications.",
    QualityFlag.POOR_HEADER: "The header lacks what a mammogram's should say.",
    QualityFlag.SECONDARY_CAPTURE: "The image is a copy (Secondary Capture), not the machine's own.",
    QualityFlag.POLARITY_CORRECTED: "Dark and bright were swapped and have been put right.",
    QualityFlag.LOSSY_COMPRESSED: "Lossy compression may have blurred small things.",
    QualityFlag.IMPLANT: "There is, or seems to be, an implant, which the model does not know.",
    QualityFlag.PARTIAL_VIEW: "Only a part of the breast is shown; the model knows whole breasts.",
    QualityFlag.NO_SCREENING_VIEW: "The view is neither CC nor MLO.",
    QualityFlag.VIEW_CONTRADICTED: "The picture does not look like the view that is stated.",
    QualityFlag.BLANK: "Hardly any structure of a breast is visible.",
    QualityFlag.UNUSUAL_BREAST_AREA: "The breast takes up an unusual share of the image.",
    QualityFlag.OUT_OF_DISTRIBUTION: "The image looks unlike the normal images that calibrated the model.",
    QualityFlag.VIEW_NOT_CALIBRATED: "The model was not calibrated for this view.",
    QualityFlag.ACQUISITION_NOT_CALIBRATED: "The model was not calibrated for this machine.",
}


def explanations(flags: Iterable[str], outlying_statistic: str | None = None) -> list[str]:
    """A sentence a flag, in their order.

    Args:
        flags: of a record.
        outlying_statistic: of the same record; told in brackets where the image is unusual.
    """
    sentences = {flag: EXPLANATIONS[QualityFlag(flag)] for flag in flags}
    if outlying_statistic and QualityFlag.OUT_OF_DISTRIBUTION in sentences:
        plain = sentences[QualityFlag.OUT_OF_DISTRIBUTION].removesuffix(".")
        sentences[QualityFlag.OUT_OF_DISTRIBUTION] = f"{plain} ({outlying_statistic})."
    return list(sentences.values())
