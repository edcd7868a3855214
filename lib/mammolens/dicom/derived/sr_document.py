"""Structured report documents: patient, study, equipment and evidence around a content tree (PS3.3 C.17.2)."""

from __future__ import annotations

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import ExplicitVRLittleEndian

from mammolens.dicom.derived.equipment import identification
from mammolens.dicom.derived.exam import ReportedExam
from mammolens.dicom.derived.finalising import finalised
from mammolens.dicom.derived.kinds import DerivedKind
from mammolens.dicom.derived.measures import coding_schemes


def document(kind: DerivedKind, sop_class: str, exam: ReportedExam, content: Dataset) -> Dataset:
    """A complete, unverified report in the study of the exam's first image.

    Args:
        kind: of report.
        sop_class: its SOP Class UID.
        exam: all of its images are the report's evidence.
        content: the root of its content tree.
    """
    from highdicom import SOPClass

    first = exam.datasets[0]
    dataset = SOPClass(
        study_instance_uid=first.StudyInstanceUID,
        sop_class_uid=sop_class,
        modality="SR",
        transfer_syntax_uid=ExplicitVRLittleEndian,
        patient_id=first.PatientID,
        patient_name=first.PatientName,
        patient_birth_date=first.PatientBirthDate,
        patient_sex=first.PatientSex,
        study_id=first.StudyID,
        accession_number=first.AccessionNumber,
        study_date=first.StudyDate or None,
        study_time=first.StudyTime or None,
        referring_physician_name=first.ReferringPhysicianName,
        coding_schemes=coding_schemes(),
        **identification(kind, exam.datasets, exam.record),
    )
    dataset.copy_patient_and_study_information(first)
    dataset.CompletionFlag, dataset.VerificationFlag, dataset.PreliminaryFlag = "COMPLETE", "UNVERIFIED", "PRELIMINARY"
    dataset.ReferencedPerformedProcedureStepSequence = DicomSequence()
    dataset.PerformedProcedureCodeSequence = DicomSequence()
    dataset.CurrentRequestedProcedureEvidenceSequence = _evidence(exam)
    dataset.update(content)
    return finalised(dataset, [image.source for image in exam.images])


def _evidence(exam: ReportedExam) -> DicomSequence:
    """The exam's images by study and series (PS3.3 C.17.2.3)."""
    studies: dict[str, dict[str, list[Dataset]]] = {}
    for source in exam.datasets:
        reference = Dataset()
        reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = source.SOPClassUID, source.SOPInstanceUID
        series = studies.setdefault(source.StudyInstanceUID, {})
        series.setdefault(source.SeriesInstanceUID, []).append(reference)
    return DicomSequence([_study(uid, series) for uid, series in studies.items()])


def _study(uid: str, series: dict[str, list[Dataset]]) -> Dataset:
    study, items = Dataset(), []
    for series_uid, references in series.items():
        item = Dataset()
        item.SeriesInstanceUID, item.ReferencedSOPSequence = series_uid, DicomSequence(references)
        items.append(item)
    study.StudyInstanceUID, study.ReferencedSeriesSequence = uid, DicomSequence(items)
    return study
