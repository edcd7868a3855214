"""The kinds of DICOM objects that are written of a result."""

from enum import StrEnum


class DerivedKind(StrEnum):
    """What a result is written as; each is a series of its own in the study of its source."""

    SEGMENTATION = "segmentation"
    PARAMETRIC_MAP = "parametric_map"
    SECONDARY_CAPTURE = "secondary_capture"
    REPORT = "report"
    CAD_REPORT = "cad_report"
    PRESENTATION_STATE = "presentation_state"

    @property
    def file_suffix(self) -> str:
        """End of the names of the files that a prediction writes, such as ``.cad_report.dcm``."""
        return f".{self}.dcm"


OF_IMAGE = (
    DerivedKind.SEGMENTATION,
    DerivedKind.PARAMETRIC_MAP,
    DerivedKind.SECONDARY_CAPTURE,
    DerivedKind.PRESENTATION_STATE,
)
OF_EXAM = (DerivedKind.REPORT, DerivedKind.CAD_REPORT)
