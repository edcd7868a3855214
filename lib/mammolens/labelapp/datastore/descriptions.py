"""Description of a datastore's image from its header or the search answer, without decoding it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from pydicom.dataset import Dataset

from mammolens.dicom.collection_quirks import attributes_of_collection
from mammolens.dicom.header_values import date_of
from mammolens.dicom.identity import Identity
from mammolens.enums import Laterality, QualityFlag, ViewPosition, member
from mammolens.types import ExamKey, ImageHeader


@dataclass(frozen=True, slots=True)
class ImageDescription:
    """An image of a folder or of a PACS; ``None`` where nothing is known.

    Attributes:
        image_id: of the datastore.
        exam_key: patient and exam.
        issuer_of_patient_id: who assigned the Patient ID; unknown for a PACS.
        identity_doubts: flags that other images raise.
        is_dicom: false for a picture, of which viewers get a DICOM image made in memory.
    """

    image_id: str
    exam_key: ExamKey
    sop_instance_uid: str
    study_instance_uid: str | None = None
    series_instance_uid: str | None = None
    study_date: date | None = None
    laterality: Laterality | None = None
    view: ViewPosition | None = None
    is_dicom: bool = True
    issuer_of_patient_id: str | None = None
    identity_doubts: tuple[QualityFlag, ...] = ()

    @property
    def identity(self) -> Identity:
        """Whose image it is, and of which study."""
        return Identity(self.exam_key[0], self.study_instance_uid, self.issuer_of_patient_id)

    @classmethod
    def of_header(cls, image_id: str, header: ImageHeader) -> ImageDescription:
        """Of an image whose file is here."""
        return cls(
            image_id,
            header.exam_key,
            header.sop_instance_uid,
            header.study_instance_uid,
            header.series_instance_uid,
            header.study_date,
            header.laterality,
            header.view,
            is_dicom=header.transfer_syntax_uid is not None or header.study_instance_uid is not None,
            issuer_of_patient_id=header.issuer_of_patient_id,
        )

    @classmethod
    def of_search(cls, sop: str, series: str, study: str, attributes: Mapping[str, str]) -> ImageDescription:
        """Of an image of a PACS, from the search answer (PS3.18 10.6)."""
        patient = attributes.get("PatientID", "")
        header = Dataset()
        header.PatientID = patient
        known = attributes_of_collection(header)
        return cls(
            sop,
            (known.patient_id or patient, known.exam_id or study),
            sop,
            study,
            series,
            date_of(attributes.get("StudyDate", "")),
            known.laterality or member(Laterality, attributes.get("ImageLaterality")),
            known.view or member(ViewPosition, attributes.get("ViewPosition")),
        )
