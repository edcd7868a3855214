"""The result of an inspection: what there is, image by image and counted."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from mammolens import RESEARCH_USE_ONLY
from mammolens.enums import AttributeSource, Laterality, QualityFlag, SpacingSource, Split, ViewPosition


class LeakKind(StrEnum):
    """What lies in more than one split, though it must not."""

    PATIENT = "patient"
    STUDY = "study"
    IMAGE = "image"


class _Part(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        use_enum_values=True,
        json_schema_serialization_defaults_required=True,
    )


class InspectedImage(_Part):
    """One image file; ``None`` means unknown, such as the view of a file that is not a mammogram."""

    path: str = Field(description="within the source")
    refused: str | None = Field(description="why the image cannot be used; None: it can")
    remedy: str | None = Field(description="what to do about the refusal")
    quality_flags: list[QualityFlag] = Field(description="reasons to doubt a result of the image")
    unusable_attributes: list[str] = Field(
        description="why 'unusable_attribute' is flagged: header attributes with their values"
    )
    patient: str | None = Field(description="Patient ID of the header or the table; empty: neither has one")
    exam: str | None = Field(description="groups the views of one examination")
    sop_instance_uid: str | None = Field(description="of a picture: a UID derived from its content")
    laterality: Laterality | None
    laterality_source: AttributeSource
    view: ViewPosition | None
    view_source: AttributeSource
    acquisition_group: str | None = Field(description="machine, if known")
    rows: int | None
    columns: int | None
    pixel_size_mm: tuple[float, float] | None = Field(description="between rows and between columns, at the breast")
    spacing_source: SpacingSource
    file_format: str = Field(description="DICOM, PNG, JPEG, TIFF, PGM or unknown")
    transfer_syntax: str | None = Field(description="name of the DICOM transfer syntax")
    split: Split | None
    site: str | None
    abnormal: bool | None = Field(description="truth of a data set")
    clean_normal: bool | None = Field(description="a data set's image that may be taught as normal")
    has_lesions: bool | None = Field(description="a data set's image on which lesions are marked")

    @property
    def is_usable(self) -> bool:
        """Whether the image is one that can be scored."""
        return self.refused is None

    @property
    def view_name(self) -> str:
        """Side and view: ``'R MLO'``; a question mark for each that is not known."""
        return f"{self.laterality or '?'} {self.view or '?'}"

    @property
    def patient_key(self) -> str:
        """Tells patients apart: the Patient ID or, where it is not known, the exam."""
        return self.patient or self.exam or ""

    @property
    def exam_key(self) -> tuple[str, str]:
        """Tells exams apart."""
        return self.patient or "", self.exam or ""


class Totals(_Part):
    """Images, patients and exams; all but the first and ``refused`` count usable images."""

    images: int
    usable: int
    refused: int
    flagged: int = Field(description="usable images with a quality flag")
    patients: int
    exams: int
    complete_exams: int = Field(description="exams with CC and MLO of both breasts")
    files_passed_over: int = Field(
        description="companions of a folder's images; of a data set, images not in its table"
    )


class Count(_Part):
    """How many usable images, and of how many patients, have something in common."""

    name: str
    images: int
    patients: int


class SplitCount(Count):
    """A split, with the truth of its images as far as it is known."""

    normal: int
    abnormal: int


class RefusalCount(_Part):
    """A reason to refuse images."""

    reason: str
    remedy: str
    images: int
    example: str = Field(description="path of the first one")


class FlagCount(_Part):
    """A quality flag that usable images have."""

    flag: QualityFlag
    explanation: str
    images: int
    example: str = Field(description="path of the first one")


class Duplicate(_Part):
    """Files that hold the same image: the same SOP Instance UID and values, or equal pixels under several UIDs."""

    paths: list[str]
    sop_instance_uids: list[str] = Field(
        description="more than one: equal pixels under several identifiers; none: of pictures, which have none"
    )
    patients: list[str] = Field(description="more than one: the image counts for several patients")


class Leak(_Part):
    """A patient, a study or an image in more than one split."""

    kind: LeakKind
    identifier: str = Field(description="Patient ID, Study Instance UID, or path of the first file of an image")
    splits: list[Split]
    paths: list[str]


class Inspection(_Part):
    """What a source holds."""

    source: str
    kind: str = Field(description="kind of the data set; 'folder' or 'dicomweb' otherwise")
    licence: str | None
    citation: str | None
    pixels_read: bool = Field(
        description="false: from headers alone; refusals, flags and duplicates that only pixels show are missing"
    )
    model: str | None = Field(description="name and fingerprint of the model whose calibration the flags refer to")
    totals: Totals
    views: list[Count]
    machines: list[Count]
    resolutions: list[Count] = Field(description="rows x columns, and the pixel size")
    encodings: list[Count] = Field(description="file format and transfer syntax")
    sites: list[Count] = Field(description="empty: the source names none")
    truth: list[Count] = Field(
        description="abnormal, normal or neither; those that may be taught as normal; those with marked lesions"
    )
    splits: list[SplitCount] = Field(description="empty: the source names none")
    refusals: list[RefusalCount]
    flags: list[FlagCount]
    duplicates: list[Duplicate]
    leaks: list[Leak]
    images: list[InspectedImage] = Field(description="exam by exam")
    notice: str = RESEARCH_USE_ONLY
