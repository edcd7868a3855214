"""The header of a phantom mammogram: PS3.3 A.26 and A.27, DX and Digital Mammography X-Ray Image modules."""

from __future__ import annotations

from pydicom import Dataset

from mammolens.datasets.phantom import PhantomExam, PhantomView
from mammolens.enums import Laterality, ViewPosition

MANUFACTURER = "MammoLens Phantom"
PHOTOMETRIC_INTERPRETATIONS = ("MONOCHROME1", "MONOCHROME2")
_TIME = "120000"  # fixed, so that the same arguments give the same file
_VIEWS = {  # PS3.16 CID 4014
    ViewPosition.CC: ("399162004", "cranio-caudal"),
    ViewPosition.MLO: ("399368009", "medio-lateral oblique"),
}
_SIDES = {Laterality.LEFT: ("7771000", "Left"), Laterality.RIGHT: ("24028007", "Right")}  # PS3.16 CID 244
_ORIENTATIONS = {  # where rows and columns point to, PS3.3 C.7.6.1.1.1
    (Laterality.LEFT, ViewPosition.CC): ["A", "R"],
    (Laterality.RIGHT, ViewPosition.CC): ["P", "L"],
    (Laterality.LEFT, ViewPosition.MLO): ["A", "FR"],
    (Laterality.RIGHT, ViewPosition.MLO): ["P", "FL"],
}


def identify(dataset: Dataset, exam: PhantomExam, view: PhantomView, number: int) -> None:
    """Patient, study, series, equipment; the header says that the patient is fictitious."""
    dataset.PatientName = f"Phantom^{exam.seed}"
    dataset.PatientID = exam.patient_id
    dataset.PatientBirthDate = ""
    dataset.PatientSex = "F"
    dataset.PatientAge = "055Y"
    dataset.PatientComments = "Computer-generated phantom, not a patient"
    dataset.StudyID = str(exam.seed)[:16]
    day = f"{exam.study_date:%Y%m%d}"
    dataset.StudyDate = dataset.SeriesDate = dataset.AcquisitionDate = dataset.ContentDate = day
    dataset.StudyTime = dataset.SeriesTime = dataset.AcquisitionTime = dataset.ContentTime = _TIME
    dataset.StudyDescription = "Phantom screening mammography"
    dataset.SeriesDescription = f"Phantom {view.laterality} {view.view}"
    dataset.AccessionNumber = dataset.ReferringPhysicianName = ""
    dataset.Modality = "MG"
    dataset.InstanceNumber = number
    dataset.Manufacturer = MANUFACTURER
    dataset.ManufacturerModelName = "power law"
    dataset.DeviceSerialNumber = "0"
    dataset.SoftwareVersions = "1"


def describe(
    dataset: Dataset, view: PhantomView, photometric: str, spacing: tuple[float, float], bits_stored: int
) -> None:
    """Everything about the image but its pixels."""
    _projection(dataset, view)
    _grey_levels(dataset, photometric, bits_stored)
    _detector(dataset, spacing)
    dataset.ImageType = ["ORIGINAL", "PRIMARY", ""]
    dataset.PresentationIntentType = "FOR PRESENTATION"
    dataset.BodyPartExamined = "BREAST"
    dataset.OrganExposed = "BREAST"
    dataset.PositionerType = "MAMMOGRAPHIC"
    dataset.EstimatedRadiographicMagnificationFactor = "1.0"
    dataset.BreastImplantPresent = "NO"
    dataset.PartialView = "NO"
    dataset.QualityControlImage = "YES"  # a phantom, PS3.3 C.7.6.1
    dataset.BurnedInAnnotation = "NO"
    dataset.LossyImageCompression = "00"
    dataset.AcquisitionContextSequence = []


def _projection(dataset: Dataset, view: PhantomView) -> None:
    """Which breast and view, PS3.3 C.8.11.7."""
    dataset.ImageLaterality = view.laterality.value
    dataset.ViewPosition = view.view.value
    dataset.PatientOrientation = _ORIENTATIONS[view.laterality, view.view]
    projection = _code(*_VIEWS[view.view])
    projection.ViewModifierCodeSequence = []
    dataset.ViewCodeSequence = [projection]
    region = _code("76752008", "Breast")
    region.AnatomicRegionModifierSequence = [_code(*_SIDES[view.laterality])]
    dataset.AnatomicRegionSequence = [region]


def _grey_levels(dataset: Dataset, photometric: str, bits_stored: int) -> None:
    """What values mean, PS3.3 C.8.11.3.1, and a LINEAR window that shows all of them, C.11.2.1.2.1."""
    inverted = photometric == "MONOCHROME1"
    dataset.PhotometricInterpretation = photometric
    dataset.PresentationLUTShape = "INVERSE" if inverted else "IDENTITY"
    dataset.PixelIntensityRelationship = "LOG"
    dataset.PixelIntensityRelationshipSign = 1 if inverted else -1
    dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = "0", "1", "US"
    dataset.WindowCenter, dataset.WindowWidth = str(2 ** (bits_stored - 1)), str(2**bits_stored)
    dataset.WindowCenterWidthExplanation = "FULL RANGE"


def _detector(dataset: Dataset, spacing: tuple[float, float]) -> None:
    """Detector, PS3.3 C.8.11.4; there is no Pixel Spacing, as in most mammograms."""
    dataset.DetectorType = "DIRECT"
    dataset.DetectorConfiguration = "AREA"
    dataset.DetectorID = "PHANTOM"
    dataset.ImagerPixelSpacing = [f"{value:g}" for value in spacing]


def _code(value: str, meaning: str) -> Dataset:
    """A SNOMED CT code, PS3.3 8.8."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "SCT", meaning
    return item
