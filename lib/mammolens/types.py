"""The objects that all packages share; each is valid once constructed."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from mammolens.enums import (
    AttributeSource,
    FindingAnatomy,
    FindingDepth,
    FindingPosition,
    Laterality,
    NormalityCategory,
    QualityFlag,
    SpacingSource,
    ViewPosition,
)
from mammolens.errors import PixelDataError

FloatImage = NDArray[np.float32]
BoolImage = NDArray[np.bool_]
AnyPath = str | os.PathLike[str]  # of public functions
ExamKey = tuple[str, str]  # patient and exam
# Larger pixels hide clusters (docs/experiments.md, 'Calcifications at 0.14 mm'): digital detectors have 0.05 to 0.1 mm.
COARSEST_FOR_CALCIFICATIONS_MM = 0.3


@dataclass(frozen=True, slots=True)
class PixelSpacing:
    """Size of a pixel in mm at the plane of the breast, and where it came from.

    Raises:
        ValueError: not a plausible pixel size of a mammogram.

    Example:
        >>> PixelSpacing(0.07, 0.07, SpacingSource.TABLE).shows_calcifications
        True
    """

    between_rows: float
    between_columns: float
    source: SpacingSource

    def __post_init__(self) -> None:
        if not (0 < self.between_rows < 10 and 0 < self.between_columns < 10):
            raise ValueError(
                f"a pixel of {self.between_rows} x {self.between_columns} mm is not plausible for a mammogram"
            )

    @property
    def shows_calcifications(self) -> bool:
        """Whether pixels are fine enough to show calcifications."""
        return max(self.between_rows, self.between_columns) <= COARSEST_FOR_CALCIFICATIONS_MM


@dataclass(frozen=True, slots=True)
class ImageGeometry:
    """The pixel grid as viewers place it, in ITK's convention: LPS, mm, axes (column, row, slice).

    Slicer, ITK and GDCM ignore the magnification factor, so this spacing may differ from
    :class:`PixelSpacing`; use the latter for measurements.
    """

    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)
    origin: tuple[float, float, float] = (0.0, 0.0, 0.0)
    direction: tuple[float, ...] = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)


@dataclass(frozen=True, slots=True)
class ImageAttributes:
    """Attributes from a table or a person; they override the header.

    ``spacing`` is the pixel size at the plane of the breast. ``pixel_aspect_ratio`` is a pixel's height divided by its
    width, for stretched images (PS3.3 C.7.6.3.1.7). :mod:`mammolens.dicom.identity` sets ``sop_instance_uid``, a
    substitute for a UID that a different image shares, and ``identity_doubts``, flags that result from other images.

    Example:
        >>> ImageAttributes(patient_id="P1", laterality=Laterality.LEFT, view=ViewPosition.MLO).view.value
        'MLO'
    """

    patient_id: str | None = None
    exam_id: str | None = None
    laterality: Laterality | None = None
    view: ViewPosition | None = None
    machine_id: str | None = None
    spacing: PixelSpacing | None = None
    pixel_aspect_ratio: float | None = None
    sop_instance_uid: str | None = None
    identity_doubts: tuple[QualityFlag, ...] = ()


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """The known facts about an image, without decoding its pixels.

    ``patient_id`` is empty if neither header nor table states it. ``issuer_of_patient_id`` names its issuer
    (PS3.3 C.7.1.1), if the header states both.
    ``exam_id`` groups the views of one examination, ``acquisition_group`` names the machine
    (manufacturer and model, or the table's machine_id; its synthetic views form a separate group),
    ``software_versions`` its software (PS3.3 C.7.5.1, comma-separated); each is ``None`` if unknown.
    ``patient_orientation`` gives the directions of rows and columns, such as ``("A", "FR")``
    (PS3.3 C.7.6.1.1.1), or ``None``. ``unusable_attributes`` lists header attributes in an unusable
    form, with their values: ``"ImagerPixelSpacing '0,07'"``.
    """

    path: Path
    sop_instance_uid: str
    patient_id: str
    exam_id: str
    laterality: Laterality | None = None
    laterality_source: AttributeSource = AttributeSource.UNKNOWN
    view: ViewPosition | None = None
    view_source: AttributeSource = AttributeSource.UNKNOWN
    spacing: PixelSpacing | None = None
    pixel_aspect_ratio: float = 1.0
    geometry: ImageGeometry = field(default_factory=ImageGeometry)
    acquisition_group: str | None = None
    software_versions: str | None = None
    study_date: date | None = None
    issuer_of_patient_id: str | None = None
    study_instance_uid: str | None = None
    series_instance_uid: str | None = None
    sop_class_uid: str | None = None
    transfer_syntax_uid: str | None = None
    photometric_interpretation: str = "MONOCHROME2"
    patient_orientation: tuple[str, str] | None = None
    flags: tuple[QualityFlag, ...] = ()
    unusable_attributes: tuple[str, ...] = ()

    @property
    def exam_key(self) -> ExamKey:
        """Identifies the exam, even if exams of two patients have the same ID."""
        return self.patient_id, self.exam_id

    @property
    def patient_key(self) -> str:
        """Identifies the patient: the Patient ID or, if it is unknown, the exam."""
        return self.patient_id or self.exam_id

    def flagged(self, *flags: QualityFlag) -> ImageHeader:
        """The same header with more flags, each at most once, in order of appearance."""
        return replace(self, flags=tuple(dict.fromkeys((*self.flags, *flags))))

    def without_use_of(self, *attributes: str) -> ImageHeader:
        """The same header, flagged for ignored attributes; unchanged if there are none."""
        if not attributes:
            return self
        set_aside = tuple(dict.fromkeys((*self.unusable_attributes, *attributes)))
        return replace(self.flagged(QualityFlag.UNUSABLE_ATTRIBUTE), unusable_attributes=set_aside)


@dataclass(frozen=True, slots=True, eq=False)
class Mammogram:
    """One mammographic image, ready to be displayed or scored.

    Attributes:
        header: identity, view, geometry.
        pixels: ``(rows, cols)`` float32 in [0, 1], as stored from top to bottom and left to
            right; 0 is air and brighter is denser for any Photometric Interpretation.
    """

    header: ImageHeader
    pixels: FloatImage

    def __post_init__(self) -> None:
        pixels = self.pixels
        if pixels.ndim != 2 or pixels.dtype != np.float32:
            raise TypeError(f"pixels must be (rows, cols) float32, not {pixels.shape} {pixels.dtype}")
        low, high = float(pixels.min()), float(pixels.max())
        if not (np.isfinite(low) and np.isfinite(high)) or low < 0 or high > 1:
            raise ValueError(f"pixels must lie in [0, 1], not [{low}, {high}]")
        if high - low < 1e-6:
            raise PixelDataError(self.header.path, "all pixels have the same value", "export the image again")
        pixels.setflags(write=False)


class Finding(BaseModel):
    """A connected region of the anomaly map, on the original pixel grid.

    Pixel centres lie at whole numbers, so the image starts at -0.5. The nipple is the bump of the skin line, or else
    the point of the skin farthest from the chest wall. ``None`` means unknown.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        use_enum_values=True,
        json_schema_serialization_defaults_required=True,
    )

    contour: list[tuple[float, float]] = Field(description="polygon of (column, row), its first point again at the end")
    bounding_box: tuple[int, int, int, int] = Field(description="first column, first row, last column, last row")
    area_pixels: int = Field(gt=0, description="holes included, as the contour encloses them")
    area_mm2: float | None = Field(description="None without pixel spacing")
    peak: float = Field(description="highest value of the anomaly map")
    peak_location: tuple[int, int] = Field(description="column and row of the peak")
    mean: float = Field(description="mean value of the anomaly map")
    level: str = Field(description="name of the highest heat level reached")
    percentile: float = Field(
        ge=0, le=100, description="more anomalous than the strongest finding of this percentage of normal exams"
    )
    position: FindingPosition | None = Field(
        description="beside the nipple's line: upper or lower (MLO, ML, LM), outer or inner (CC); "
        "None if the image's orientation, side or view is not known"
    )
    position_guessed: bool = Field(description="no Patient Orientation; the axilla is assumed at the top, as usual")
    depth: FindingDepth = Field(description="third of the way from the nipple to the chest wall")
    skin_distance_mm: float | None = Field(description="from the peak; None without pixel spacing")
    nipple_distance_mm: float | None = Field(description="from the peak; None without pixel spacing")
    anatomy: FindingAnatomy | None = Field(
        description="normal anatomy at the peak, which may explain the finding; changes no number"
    )
    calcifications: bool = Field(
        False, description="a cluster of calcifications is suspected: the calcification branch produced the peak"
    )


class AnomalyRecord(BaseModel):
    """The result of one image in words and numbers: a line of ``results.jsonl``.

    Scores grow with deviation from normal. All but ``raw_score`` are in robust standard deviations of normal images
    of the same machine and view, unless the model's configuration says otherwise. A p-value is the share of normal
    patients expected to score at least as high (split-conformal, the patient as unit; those of the same machine where
    there are enough); ``percentile`` is its complement in percent. ``None`` means unknown.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        use_enum_values=True,
        title="AnomalyRecord",
        json_schema_serialization_defaults_required=True,
    )

    path: str = Field(description="file that was read")
    sop_instance_uid: str
    patient: str = Field(description="Patient ID from the header or the table; empty if neither has one")
    exam: str = Field(description="groups the views of one examination")
    laterality: Laterality | None
    laterality_source: AttributeSource
    view: ViewPosition | None
    view_source: AttributeSource
    acquisition_group: str | None = Field(description="machine, if known")
    rows: int
    columns: int
    spacing_source: SpacingSource
    raw_score: float = Field(description="the network's own score of the image, arbitrary unit of the model")
    pred_score: float = Field(
        description="anomaly score of the image, in robust standard deviations of normal images of the same machine "
        "and view"
    )
    calcification_score: float | None = Field(
        None,
        description="standardised score of the calcification branch, which pred_score is at least; None where it takes "
        "no part",
    )
    threshold: float | None = Field(description="lowest image score that the rule flags; None: too few normals to flag")
    is_anomalous: bool = Field(description="the decision of `decision_rule` for this image")
    decision_rule: str = Field(description="for example 'flags at most 10 % of normal exams'")
    p_value: float = Field(ge=0, le=1)
    percentile: float = Field(ge=0, le=100, description="more anomalous than this percentage of normal images")
    category: NormalityCategory | None = Field(description="of the image; None: too few normals to flag")
    breast_score: float = Field(description="views of the same breast fused")
    breast_p_value: float = Field(ge=0, le=1, description="among normal breasts of as many views")
    breast_decile: int = Field(ge=1, le=10, description="tenth of normal breasts; 10 is the most anomalous")
    breast_category: NormalityCategory | None
    exam_score: float = Field(description="breasts of the same exam fused")
    exam_p_value: float = Field(ge=0, le=1)
    exam_percentile: float = Field(ge=0, le=100)
    exam_decile: int = Field(ge=1, le=10, description="tenth of normal exams, shown as score; 10 is the most anomalous")
    exam_category: NormalityCategory | None
    exam_calibration_patients: int = Field(ge=1, description="normal patients behind exam_p_value")
    exam_is_anomalous: bool = Field(description="the decision of `decision_rule` for the exam; this decision counts")
    asymmetry: float | None = Field(
        ge=0, description="difference of the left and the right breast's score; None if one was not imaged"
    )
    asymmetry_p_value: float | None = Field(
        ge=0,
        le=1,
        description="share of normal patients expected to be at least as asymmetric; not used for the flag by itself",
    )
    levels: dict[str, float] = Field(description="anomaly-map value where each heat level begins")
    level_shares: dict[str, float] = Field(
        description="expected share of normal images whose map reaches each heat level anywhere"
    )
    findings: list[Finding] = Field(description="regions of the anomaly map, highest peak first")
    findings_left_out: int = Field(ge=0, description="further findings, with lower peaks")
    quality_flags: list[QualityFlag]
    outlying_statistic: str | None = Field(description="why 'out_of_distribution' is flagged, in words")
    unusable_attributes: list[str] = Field(
        description="why 'unusable_attribute' is flagged: header attributes with their values"
    )
    model: str = Field(description="name and fingerprint of the model")
    calibration: str = Field(description="fingerprint of the calibration")
    limitation: str | None = Field(description="a sentence about lesions that the model does not look for, if any")
    notice: str = Field(description="research use only")


@dataclass(frozen=True, slots=True, eq=False)
class AnomalyResult:
    """Where and how much one mammogram deviates from normal.

    Attributes:
        header: of the mammogram that was scored.
        record: the numbers.
        anomaly_map: ``(rows, cols)`` float32 >= 0 on the original pixel grid; 0 outside the breast.
        restore: makes :attr:`reconstruction`.
        member_scores: standardised scores of an ensemble's members, by name; empty of a single model.
        finding_numbers: of the record's findings among those of the exam, 1 the strongest; ``None`` if the other images
            are not known.
    """

    header: ImageHeader
    record: AnomalyRecord
    anomaly_map: FloatImage
    restore: Callable[[], FloatImage]
    member_scores: Mapping[str, float] = field(default_factory=dict)
    finding_numbers: Sequence[int] | None = None

    def __post_init__(self) -> None:
        shape = (self.record.rows, self.record.columns)
        if self.anomaly_map.shape != shape:
            raise ValueError(f"a map {self.anomaly_map.shape} does not lie on the image's grid {shape}")

    @property
    def heat_levels(self) -> NDArray[np.uint8]:
        """``(rows, cols)`` uint8 on the map's grid; 0 = none, 1.. = levels of the record, made when asked for."""
        levels = np.zeros(self.anomaly_map.shape, np.uint8)
        for start in self.record.levels.values():  # ten times as fast as numpy.digitize for so few
            levels += self.anomaly_map >= start
        return levels

    @property
    def reconstruction(self) -> FloatImage:
        """``(rows, cols)`` float32 in [0, 1], what the model thinks normal would be; made whenever it is asked for."""
        return self.restore()
