"""Headers of public collections with misplaced values, read as they are meant."""

from __future__ import annotations

import re

from pydicom.dataset import Dataset

from mammolens.enums import Laterality, ViewPosition
from mammolens.types import ImageAttributes

# CBIS-DDSM makes every image a 'patient' and a study of its own: 'Mass-Test_P_00173_LEFT_MLO'.
_CBIS_PATIENT_ID = re.compile(
    r"(?P<patient>(?:Mass|Calc)-(?:Training|Test)_P_\d+)_(?P<side>LEFT|RIGHT)_(?P<view>CC|MLO)(?P<finding>_\d+)?"
)


def attributes_of_collection(dataset: Dataset) -> ImageAttributes:
    """Patient, exam, side and view of a CBIS-DDSM image; nothing for any other."""
    match = _CBIS_PATIENT_ID.fullmatch(str(dataset.get("PatientID") or ""))
    if match is None:
        return ImageAttributes()
    return ImageAttributes(
        patient_id=match["patient"],
        exam_id=match["patient"],
        laterality=Laterality(match["side"][0]),
        view=ViewPosition(match["view"]),
    )


def is_part_of_collection(dataset: Dataset) -> bool:
    """Whether it is not a mammogram but the crop or the mask of one finding of CBIS-DDSM."""
    match = _CBIS_PATIENT_ID.fullmatch(str(dataset.get("PatientID") or ""))
    return match is not None and match["finding"] is not None
