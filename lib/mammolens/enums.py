"""The words that all of MammoLens shares, in DICOM's and MONAI's spelling."""

from enum import StrEnum
from typing import TypeVar

_Member = TypeVar("_Member", bound=StrEnum)


class Laterality(StrEnum):
    """Image Laterality (0020,0062), PS3.3 C.8.11.7.1.1; both-sided images are not mammograms of a breast."""

    LEFT = "L"
    RIGHT = "R"


def breast_name(side: Laterality | None) -> str:
    """What a person reads of a breast: 'Right breast'."""
    names = {Laterality.RIGHT: "Right breast", Laterality.LEFT: "Left breast", None: "Breast of unknown side"}
    return names[side]


class ViewPosition(StrEnum):
    """View Position (0018,5101); the projections of PS3.16 CID 4014 that are scored."""

    CC = "CC"
    MLO = "MLO"
    ML = "ML"
    LM = "LM"
    LMO = "LMO"
    XCCL = "XCCL"
    XCCM = "XCCM"
    FB = "FB"
    SIO = "SIO"
    ISO = "ISO"


class AttributeSource(StrEnum):
    """Where a laterality or a view came from; where the header's term for a view is not known, the view is missing."""

    HEADER = "header"
    CODE_SEQUENCE = "code_sequence"
    TABLE = "table"
    GUESSED = "guessed"
    UNKNOWN = "unknown"


class SpacingSource(StrEnum):
    """Where the pixel spacing came from (PS3.3 10.7.1.3)."""

    PIXEL_SPACING = "PixelSpacing"
    IMAGER_PIXEL_SPACING = "ImagerPixelSpacing"
    IMAGER_PIXEL_SPACING_MAGNIFIED = "ImagerPixelSpacing / EstimatedRadiographicMagnificationFactor"
    NOMINAL_SCANNED_PIXEL_SPACING = "NominalScannedPixelSpacing"
    TABLE = "table"
    NONE = "none"


class QualityFlag(StrEnum):
    """What a reader should know about an image before trusting its score."""

    LATERALITY_GUESSED = "laterality_guessed"
    VIEW_GUESSED = "view_guessed"
    NO_PIXEL_SPACING = "no_pixel_spacing"
    COARSE_PIXELS = "coarse_pixels"
    POOR_HEADER = "poor_header"
    PATIENT_UNKNOWN = "patient_unknown"
    STUDY_UNKNOWN = "study_unknown"
    STUDY_OF_SEVERAL_PATIENTS = "study_of_several_patients"
    PATIENT_ID_OF_SEVERAL_ISSUERS = "patient_id_of_several_issuers"
    SUBSTITUTE_UID = "substitute_uid"
    UNUSABLE_ATTRIBUTE = "unusable_attribute"
    SECONDARY_CAPTURE = "secondary_capture"
    SYNTHETIC_2D = "synthetic_2d"
    POLARITY_CORRECTED = "polarity_corrected"
    LOSSY_COMPRESSED = "lossy_compressed"
    IMPLANT = "implant"
    PARTIAL_VIEW = "partial_view"
    INCOMPLETE_BREAST = "incomplete_breast"
    NO_SCREENING_VIEW = "no_screening_view"
    VIEW_CONTRADICTED = "view_contradicted"
    LATERALITY_CONTRADICTED = "laterality_contradicted"
    BLANK = "blank"
    BLURRED = "blurred"
    UNUSUAL_BREAST_AREA = "unusual_breast_area"
    OUT_OF_DISTRIBUTION = "out_of_distribution"
    VIEW_NOT_CALIBRATED = "view_not_calibrated"
    ACQUISITION_NOT_CALIBRATED = "acquisition_not_calibrated"
    MEMORY_EXHAUSTED = "memory_exhausted"


class FindingPosition(StrEnum):
    """Where a finding lies across the line through the nipple, as radiologists say it."""

    UPPER = "upper"
    LOWER = "lower"
    OUTER = "outer"
    INNER = "inner"
    CENTRAL = "central"


class FindingDepth(StrEnum):
    """Thirds of the way from the nipple to the chest wall."""

    ANTERIOR = "anterior"
    MIDDLE = "middle"
    POSTERIOR = "posterior"


class FindingAnatomy(StrEnum):
    """What is there by nature, and may be all that stands out at the place of a finding."""

    NIPPLE = "nipple"
    PECTORAL_EDGE = "pectoral_edge"
    PECTORAL_MUSCLE = "pectoral_muscle"
    AXILLA = "axilla"
    INFRAMAMMARY_FOLD = "inframammary_fold"
    SKIN = "skin"


class NormalityCategory(StrEnum):
    """How unusual an exam, a breast or an image is among normal ones, by the levels of its calibration."""

    WITHIN_NORMAL_RANGE = "within_normal_range"
    UNUSUAL = "unusual"
    HIGHLY_UNUSUAL = "highly_unusual"

    @property
    def label(self) -> str:
        """What a person reads: 'Highly unusual'."""
        labels = {NormalityCategory.WITHIN_NORMAL_RANGE: "Within the normal range"}
        return labels.get(self, self.value.replace("_", " ").capitalize())


def score_text(decile: int, p_value: float) -> str:
    """What a person reads of a score from 1 to 10: 'Score 9 of 10 (p = 0.12)'."""
    return f"Score {decile} of 10 (p = {p_value:.2g})"


class Split(StrEnum):
    """The part that a patient plays; a patient is in one split only."""

    TRAIN = "train"
    VALIDATION = "validation"
    CALIBRATION = "calibration"
    TEST = "test"
    EXPOSURE = "exposure"


class Keys(StrEnum):
    """Keys of the dictionaries that travel through MONAI transforms."""

    IMAGE = "image"
    BREAST_MASK = "breast_mask"
    LESIONS = "lesions"


class Verdict(StrEnum):
    """An annotator's decision on an image."""

    NORMAL = "normal"
    FINDING = "finding"
    POOR_QUALITY = "poor_quality"

    @property
    def label(self) -> str:
        """What a person reads: 'Poor quality'."""
        return self.value.replace("_", " ").capitalize()


class FindingType(StrEnum):
    """What a reader sees in a region; the finding categories of BI-RADS mammography, 5th edition."""

    MASS = "mass"
    CALCIFICATIONS = "calcifications"
    ARCHITECTURAL_DISTORTION = "architectural_distortion"
    ASYMMETRY = "asymmetry"
    OTHER = "other"

    @property
    def label(self) -> str:
        """What a person reads: 'Architectural distortion'."""
        return self.value.replace("_", " ").capitalize()


class BiradsCategory(StrEnum):
    """Assessment category of BI-RADS, 5th edition: from incomplete (0) to malignancy proven by biopsy (6)."""

    INCOMPLETE = "0"
    NEGATIVE = "1"
    BENIGN = "2"
    PROBABLY_BENIGN = "3"
    SUSPICIOUS = "4"
    LOW_SUSPICION = "4A"
    MODERATE_SUSPICION = "4B"
    HIGH_SUSPICION = "4C"
    HIGHLY_SUGGESTIVE_OF_MALIGNANCY = "5"
    KNOWN_MALIGNANCY = "6"

    @property
    def label(self) -> str:
        """What a person reads: 'BI-RADS 4A'."""
        return f"BI-RADS {self.value}"

    @property
    def meaning(self) -> str:
        """The assessment in words: 'Low suspicion'."""
        return self.name.replace("_", " ").capitalize()


def member(kind: type[_Member], text: object) -> _Member | None:
    """The member of ``kind`` that ``text`` spells (case and blanks aside), or ``None``."""
    spelled = str(text or "").strip().upper()
    return next((one for one in kind if one.value.upper() == spelled), None)


class RuntimeName(StrEnum):
    """What runs a network in inference."""

    AUTO = "auto"  # the fastest of the others that agrees with torch
    TORCH = "torch"
    ONNXRUNTIME = "onnxruntime"
    OPENVINO = "openvino"


class MapSize(StrEnum):
    """How large anomaly maps are written."""

    NONE = "none"
    SMALL = "small"
    FULL = "full"


class Role(StrEnum):
    """What an account may do; each includes those before it."""

    VIEWER = "viewer"
    ANNOTATOR = "annotator"
    ADMIN = "admin"

    @property
    def included(self) -> "tuple[Role, ...]":
        """This role and those that it includes."""
        roles = tuple(Role)
        return roles[: roles.index(self) + 1]
