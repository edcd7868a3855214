import json

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from mammolens.dicom.dicom_json import dicom_json


def _a_header() -> Dataset:
    header = Dataset()
    header.SOPInstanceUID = "1.2.3"
    header.PatientName = "Müller^Ida"
    header.Rows = 12
    header.PixelSpacing = ["0.1", "0.25"]
    header.WindowCenter = "2048"
    header.ImageType = ["DERIVED", "PRIMARY"]
    header.AccessionNumber = ""
    header.PixelData = b"\0\0"
    header.add_new((0x0009, 0x0010), "LO", "private")
    item = Dataset()
    item.CodeValue = "121322"
    item.DimensionIndexPointer = 0x00620002
    header.PurposeOfReferenceCodeSequence = [item]
    return header


def test_values_stand_under_their_names_as_what_they_are() -> None:
    assert json.loads(json.dumps(dicom_json(_a_header()))) == {
        "SOPInstanceUID": "1.2.3",
        "PatientName": "Müller^Ida",
        "Rows": 12,
        "PixelSpacing": [0.1, 0.25],
        "WindowCenter": 2048.0,
        "ImageType": ["DERIVED", "PRIMARY"],
        "PurposeOfReferenceCodeSequence": [{"CodeValue": "121322", "DimensionIndexPointer": 0x00620002}],
    }


def test_numbers_that_json_does_not_know_are_left_out() -> None:
    header = Dataset()
    header.add(DataElement(0x00189074, "FD", float("nan")))
    header.ExposureTime = None
    assert dicom_json(header) == {}
