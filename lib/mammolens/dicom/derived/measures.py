"""Codes of what MammoLens measures, for which the standard has none."""

from __future__ import annotations

from typing import Any

from pydicom.sr.coding import Code

SCHEME = "99MAMMOLENS"  # private, as the leading 99 says (PS3.3 8.2)

ANOMALY = Code("anomaly", SCHEME, "Anomaly")
ANOMALY_PEAK = Code("anomaly-peak", SCHEME, "Highest value of the anomaly map")
ANOMALY_LEVEL = Code("anomaly-level", SCHEME, "Anomaly level")
FINDING_PERCENTILE = Code("finding-percent", SCHEME, "Percentage of normal exams with a weaker strongest finding")
IMAGE_SCORE = Code("image-score", SCHEME, "Anomaly score of the image")
IMAGE_P_VALUE = Code("image-p-value", SCHEME, "Conformal p-value of the image")
BREAST_DECILE = Code("breast-decile", SCHEME, "Score of the breast, 1 to 10")
BREAST_P_VALUE = Code("breast-p-value", SCHEME, "Conformal p-value of the breast")
BREAST_SCORE = Code("breast-score", SCHEME, "Anomaly score of the breast")
EXAM_SCORE = Code("exam-score", SCHEME, "Anomaly score of the exam")
EXAM_DECILE = Code("exam-decile", SCHEME, "Score of the exam, 1 to 10")
EXAM_P_VALUE = Code("exam-p-value", SCHEME, "Conformal p-value of the exam")
EXAM_PERCENTILE = Code("exam-percentile", SCHEME, "Percentage of normal exams that are less anomalous")
FLAGS = Code("flags", SCHEME, "Reservations about the image")
DECISION = Code("decision", SCHEME, "Decision by rule")


def coding_schemes() -> list[Any]:
    """Whose codes these are, for the Coding Scheme Identification Sequence (PS3.3 C.12.1.1.3)."""
    from highdicom.coding_schemes import CodingSchemeIdentificationItem

    return [
        CodingSchemeIdentificationItem(
            designator=SCHEME, name="MammoLens codes", responsible_organization="MammoLens developers"
        )
    ]
