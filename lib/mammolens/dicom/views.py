"""Laterality and view of a mammogram from its attributes or their code sequences."""

from __future__ import annotations

from pydicom.dataset import Dataset

from mammolens.enums import AttributeSource, Laterality, ViewPosition, member

# PS3.16 CID 4014 'View for Mammography', SCT and former SRT codes.
_VIEW_CODES = {
    "399162004": ViewPosition.CC,
    "R-10242": ViewPosition.CC,
    "399368009": ViewPosition.MLO,
    "R-10226": ViewPosition.MLO,
    "399260004": ViewPosition.ML,
    "R-10224": ViewPosition.ML,
    "399352003": ViewPosition.LM,
    "R-10228": ViewPosition.LM,
    "399099002": ViewPosition.LMO,
    "R-10230": ViewPosition.LMO,
    "399196006": ViewPosition.FB,
    "R-10244": ViewPosition.FB,
    "399188001": ViewPosition.SIO,
    "R-102D0": ViewPosition.SIO,
    "441555000": ViewPosition.ISO,
    "399192008": ViewPosition.XCCL,
    "R-1024A": ViewPosition.XCCL,
    "399101009": ViewPosition.XCCM,
    "R-1024B": ViewPosition.XCCM,
}
_DIRECTIONS = frozenset("APRLHF")  # anterior, posterior, right, left, head, foot
# PS3.16 CID 244 'Laterality'.
_LATERALITY_CODES = {
    "7771000": Laterality.LEFT,
    "G-A101": Laterality.LEFT,
    "24028007": Laterality.RIGHT,
    "G-A100": Laterality.RIGHT,
}


def laterality_of(dataset: Dataset) -> tuple[Laterality | None, AttributeSource]:
    """From Image Laterality, Laterality, or the Anatomic Region's modifier (PS3.3 C.8.11.7.1.1)."""
    for keyword in ("ImageLaterality", "Laterality"):
        stated = member(Laterality, dataset.get(keyword))
        if stated is not None:
            return stated, AttributeSource.HEADER
    for region in dataset.get("AnatomicRegionSequence") or []:
        for modifier in region.get("AnatomicRegionModifierSequence") or []:
            code = _LATERALITY_CODES.get(str(modifier.get("CodeValue")))
            if code is not None:
                return code, AttributeSource.CODE_SEQUENCE
    return None, AttributeSource.UNKNOWN


def view_of(dataset: Dataset) -> tuple[ViewPosition | None, AttributeSource]:
    """From View Position or the View Code Sequence (PS3.3 C.8.11.7)."""
    stated = member(ViewPosition, dataset.get("ViewPosition"))
    if stated is not None:
        return stated, AttributeSource.HEADER
    for view in dataset.get("ViewCodeSequence") or []:
        code = _VIEW_CODES.get(str(view.get("CodeValue")))
        if code is not None:
            return code, AttributeSource.CODE_SEQUENCE
    return None, AttributeSource.UNKNOWN


def patient_orientation_of(dataset: Dataset) -> tuple[str, str] | None:
    """Where rows and columns point to, such as ``("A", "FR")`` (PS3.3 C.7.6.1.1.1), or ``None``.

    Some archives write the view there, which is no orientation.
    """
    stated = dataset.get("PatientOrientation")
    values = [stated] if isinstance(stated, str) else [str(value).strip().upper() for value in stated or ()]
    if len(values) != 2 or not all(value and set(value) <= _DIRECTIONS for value in values):
        return None
    return values[0], values[1]
