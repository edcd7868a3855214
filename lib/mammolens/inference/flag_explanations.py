"""What each quality flag means: one sentence for pictures, the command line and docs/findings.md."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mammolens.dicom.identity import IDENTITY_DOUBTS
from mammolens.enums import QualityFlag

EXPLANATIONS: dict[QualityFlag, str] = {
    QualityFlag.LATERALITY_GUESSED: "The side was inferred from the image.",
    QualityFlag.VIEW_GUESSED: "The view was inferred from the image.",
    QualityFlag.NO_PIXEL_SPACING: "Pixel spacing is missing: the model may assume one; no sizes in mm are given.",
    QualityFlag.COARSE_PIXELS: "The pixels are too coarse to show calcifications.",
    QualityFlag.POOR_HEADER: "The header lacks attributes that a mammogram should have.",
    **IDENTITY_DOUBTS,
    QualityFlag.UNUSABLE_ATTRIBUTE: "Header values that cannot be used were ignored.",
    QualityFlag.SECONDARY_CAPTURE: "The image is a Secondary Capture copy, not the machine's original.",
    QualityFlag.SYNTHETIC_2D: "The image was computed from tomosynthesis; calcifications may be missing.",
    QualityFlag.POLARITY_CORRECTED: "The image was inverted; its polarity has been corrected.",
    QualityFlag.LOSSY_COMPRESSED: "Lossy compression may have blurred small details.",
    QualityFlag.IMPLANT: "The breast seems to have an implant; the model was not trained on implants.",
    QualityFlag.PARTIAL_VIEW: "Only part of the breast is shown; the model was trained on whole breasts.",
    QualityFlag.INCOMPLETE_BREAST: "The breast is cut off along a straight line: a part of the image is empty.",
    QualityFlag.NO_SCREENING_VIEW: "The view is neither CC nor MLO.",
    QualityFlag.VIEW_CONTRADICTED: "The image, or the header itself, contradicts the stated view.",
    QualityFlag.LATERALITY_CONTRADICTED: "The header contradicts the stated side.",
    QualityFlag.BLANK: "Hardly any breast structure is visible.",
    QualityFlag.BLURRED: "The image seems blurred, as by motion; images of its machine are sharper.",
    QualityFlag.UNUSUAL_BREAST_AREA: "The breast covers an unusual share of the image.",
    QualityFlag.OUT_OF_DISTRIBUTION: "The image differs from the normal images that the model was calibrated on.",
    QualityFlag.VIEW_NOT_CALIBRATED: "The model was not calibrated for this view.",
    QualityFlag.ACQUISITION_NOT_CALIBRATED: "The model was not calibrated for this machine.",
    QualityFlag.MEMORY_EXHAUSTED: "The device's memory was exhausted; the result was computed on the processor.",
}


def explanations(
    flags: Iterable[str], outlying_statistic: str | None = None, unusable_attributes: Sequence[str] = ()
) -> list[str]:
    """One sentence per flag, in order.

    Args:
        flags: of a record.
        outlying_statistic: of the same record; added in brackets to the out-of-distribution flag.
        unusable_attributes: of the same record; added in brackets to the unusable-attribute flag.
    """
    details = {
        QualityFlag.OUT_OF_DISTRIBUTION: outlying_statistic,
        QualityFlag.UNUSABLE_ATTRIBUTE: ", ".join(unusable_attributes),
    }
    return [_sentence(QualityFlag(flag), details.get(QualityFlag(flag))) for flag in dict.fromkeys(flags)]


def _sentence(flag: QualityFlag, detail: str | None) -> str:
    plain = EXPLANATIONS[flag]
    return f"{plain.removesuffix('.')} ({detail})." if detail else plain
