from __future__ import annotations

from typing import Any

import pytest
from pydicom import uid
from pydicom.dataset import Dataset

from mammolens.dicom.reader import read_header, read_mammogram
from mammolens.enums import QualityFlag
from mammolens.errors import NotAMammogramError, PixelDataError, UnsupportedMammogramError

SPACING = {"ImagerPixelSpacing": ["0.1", "0.1"]}


def specimen_code() -> Dataset:
    view = Dataset()
    view.CodeValue, view.CodingSchemeDesignator, view.CodeMeaning = "127457009", "SCT", "tissue specimen from breast"
    return view


def view_code(modifier: str, scheme: str, meaning: str = "as it is called") -> list[Dataset]:
    view, item = Dataset(), Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = modifier, scheme, meaning
    view.CodeValue, view.CodingSchemeDesignator, view.CodeMeaning = "399368009", "SCT", "medio-lateral oblique"
    view.ViewModifierCodeSequence = [item]
    return [view]


NO_MAMMOGRAMS: dict[str, tuple[dict[str, Any], str]] = {
    "a CT": ({"SOPClassUID": uid.CTImageStorage, "Modality": "CT"}, "Modality is CT, not MG; give a mammogram"),
    "a chest film": ({"SOPClassUID": uid.ComputedRadiographyImageStorage, "Modality": "CR"}, "Modality is CR, not MG"),
    "a film of another part": (
        {"SOPClassUID": uid.SecondaryCaptureImageStorage, "Modality": "RG", "BodyPartExamined": "CHEST"},
        "Modality is RG, not MG",
    ),
    "a mammogram's class that says ultrasound": ({"Modality": "US"}, "Modality is US, not MG"),
    "a CT that says MG": ({"SOPClassUID": uid.CTImageStorage}, r"is of another kind \(CT Image Storage\)"),
    "ultrasound of a breast": (
        {"SOPClassUID": uid.UltrasoundImageStorage, "Modality": "US", "BodyPartExamined": "BREAST"},
        "Modality is US, not MG",
    ),
    "a capture that says nothing": (
        {"SOPClassUID": uid.SecondaryCaptureImageStorage, "Modality": None},
        "Modality is not stated, not MG",
    ),
    "a segmentation": ({"SOPClassUID": uid.SegmentationStorage, "Modality": "SEG"}, "is a segmentation; .* refers to"),
    "a segmentation that says MG": ({"SOPClassUID": uid.SegmentationStorage}, "is a segmentation"),
    "a segmentation's bare header": (
        {"SOPClassUID": uid.SegmentationStorage, "Modality": "SEG", "Rows": None, "Columns": None, "PixelData": None},
        r"contains no image \(Segmentation Storage\); give the mammogram itself",
    ),
    "a report": (
        {
            "SOPClassUID": uid.MammographyCADSRStorage,
            "Modality": "SR",
            "Rows": None,
            "Columns": None,
            "PixelData": None,
        },
        r"contains no image \(Mammography CAD SR Storage\); give the mammogram itself",
    ),
    "a presentation state": (
        {
            "SOPClassUID": uid.GrayscaleSoftcopyPresentationStateStorage,
            "Modality": "PR",
            "Rows": None,
            "PixelData": None,
        },
        r"contains no image \(Grayscale Softcopy Presentation State Storage\)",
    ),
    "an image without rows": ({"Rows": 0}, "contains no image"),
}
UNSUPPORTED: dict[str, tuple[dict[str, Any], str]] = {
    "for processing": (
        {"PresentationIntentType": "FOR PROCESSING"},
        "PresentationIntentType is FOR PROCESSING; export the FOR PRESENTATION image",
    ),
    "for processing, by its class": (
        {"SOPClassUID": uid.DigitalMammographyXRayImageStorageForProcessing, "PresentationIntentType": None},
        "PresentationIntentType is FOR PROCESSING",
    ),
    "for processing, by its class alone": (
        {
            "SOPClassUID": uid.DigitalMammographyXRayImageStorageForProcessing,
            "PresentationIntentType": None,
            "Modality": None,
        },
        "PresentationIntentType is FOR PROCESSING",
    ),
    "DX for processing": (
        {"SOPClassUID": uid.DigitalXRayImageStorageForProcessing, "Modality": "DX", "BodyPartExamined": "BREAST"},
        "PresentationIntentType is FOR PROCESSING",
    ),
    "tomosynthesis": (
        {"SOPClassUID": uid.BreastTomosynthesisImageStorage, "NumberOfFrames": 60},
        "is tomosynthesis; give the two-dimensional mammogram",
    ),
    "tomosynthesis of one frame": ({"SOPClassUID": uid.BreastTomosynthesisImageStorage}, "is tomosynthesis"),
    "multi-frame": ({"NumberOfFrames": "2"}, "is a stack of 2 frames"),
    "four channels": (
        {"SamplesPerPixel": 4, "PhotometricInterpretation": "ARGB"},
        "is a colour image; export the grey",
    ),
    "one channel of colour": (
        {"PhotometricInterpretation": "YBR_RCT"},
        "PhotometricInterpretation is 'YBR_RCT', but there is one channel; correct it to MONOCHROME1 or MONOCHROME2",
    ),
    "a palette": ({"PhotometricInterpretation": "PALETTE COLOR"}, "is a colour image"),
    "a tomosynthesis projection": (
        {"ImageType": ["ORIGINAL", "PRIMARY", "TOMO_PROJ", "RIGHT"]},
        r"is a tomosynthesis projection \(TOMO_PROJ\); give the two-dimensional mammogram of the whole breast",
    ),
    "contrast-enhanced": (
        {"ImageType": ["DERIVED", "PRIMARY", "POST_CONTRAST", "SUBTRACTION"]},
        r"is a contrast-enhanced image \(POST_CONTRAST\)",
    ),
    "spot compression": (
        {"ViewCodeSequence": view_code("399055006", "SCT")},
        r"is not a whole-breast view \(spot compression\); give the whole-breast view",
    ),
    "spot compression, former code": (
        {"ViewCodeSequence": view_code("R-102D7", "SRT")},
        r"is not a whole-breast view \(spot compression\)",
    ),
    "magnification": (
        {"ViewCodeSequence": view_code("399163009", "SCT")},
        r"is not a whole-breast view \(magnification\)",
    ),
    "magnification, former code": (
        {"ViewCodeSequence": view_code("R-102D6", "SRT")},
        r"is not a whole-breast view \(magnification\)",
    ),
    "cleavage": ({"ViewCodeSequence": view_code("399161006", "SCT")}, r"is not a whole-breast view \(cleavage\)"),
    "axillary tail": (
        {"ViewCodeSequence": view_code("R-102D1", "SRT")},
        r"is not a whole-breast view \(axillary tail\)",
    ),
    "a private code of spot compression": (
        {"ViewCodeSequence": view_code("V-1", "99VENDOR", "Spot Compression")},
        r"is not a whole-breast view \(spot compression\)",
    ),
    "a modifier outside the view's code": (
        {"ViewModifierCodeSequence": view_code("399055006", "SCT")[0].ViewModifierCodeSequence},
        r"is not a whole-breast view \(spot compression\)",
    ),
    "a spot by its word": ({"ViewPosition": "SMLO"}, r"is not a whole-breast view \(spot compression\)"),
    "a spot by a vendor's word": ({"ViewPosition": "CC-SPOT"}, r"is not a whole-breast view \(spot compression\)"),
    "magnified by its word": ({"ViewPosition": "MCC"}, r"is not a whole-breast view \(magnification\)"),
    "both by its word": ({"ViewPosition": "MSCC"}, r"is not a whole-breast view \(spot compression, magnification\)"),
    "axillary tail by its word": ({"ViewPosition": "AT"}, r"is not a whole-breast view \(axillary tail\)"),
    "cleavage by its word": ({"ViewPosition": "CV"}, r"is not a whole-breast view \(cleavage\)"),
    "tangential by its word": ({"ViewPosition": "TAN"}, r"is not a whole-breast view \(tangential\)"),
    "a specimen by its word": ({"ViewPosition": "SPECIMEN"}, "shows a specimen; give the whole-breast view"),
    "a specimen": ({"ViewCodeSequence": [specimen_code()]}, "shows a specimen; give the whole-breast view"),
    "a part of a large breast": (
        {"PartialView": "YES"},
        r"is not a whole-breast view \(PartialView is YES\); give the whole-breast view",
    ),
    "magnified": (
        {"EstimatedRadiographicMagnificationFactor": "1.8"},
        r"is a magnification view \(factor 1.8\); give the whole-breast view",
    ),
    "a CBIS-DDSM crop": ({"PatientID": "Mass-Training_P_00001_LEFT_CC_1"}, "is a crop or mask of CBIS-DDSM"),
}
ACCEPTED: dict[str, tuple[dict[str, Any], tuple[QualityFlag, ...]]] = {
    "a mammogram": ({}, ()),
    "contact magnification": ({"EstimatedRadiographicMagnificationFactor": "1.08"}, ()),
    "rolled": ({"ViewCodeSequence": view_code("399197002", "SCT")}, ()),
    "nipple in profile": ({"ViewCodeSequence": view_code("442581004", "SCT")}, ()),
    "a side in the view's word": ({"ViewPosition": "LMLO"}, ()),
    "an implant displaced": ({"ViewCodeSequence": view_code("399209000", "SCT")}, (QualityFlag.IMPLANT,)),
    "an implant displaced, whatever the attribute says": (
        {"ViewCodeSequence": view_code("R-102D5", "SRT"), "BreastImplantPresent": "NO"},
        (QualityFlag.IMPLANT,),
    ),
    "an implant displaced by its word": ({"ViewPosition": "MLOID"}, (QualityFlag.IMPLANT,)),
    "anterior compression": ({"ViewCodeSequence": view_code("441752004", "SCT")}, (QualityFlag.PARTIAL_VIEW,)),
    "the inframammary fold": ({"ViewPosition": "MLOIMF"}, (QualityFlag.PARTIAL_VIEW,)),
    "axillary tissue": ({"ViewCodeSequence": view_code("R-40AB2", "SRT")}, (QualityFlag.PARTIAL_VIEW,)),
    "a word that is not a view": ({"ViewPosition": "AP"}, (QualityFlag.UNUSABLE_ATTRIBUTE,)),
    "a code against its word": (
        {"ViewPosition": "CC", "ViewCodeSequence": view_code("399197002", "SCT")},
        (QualityFlag.VIEW_CONTRADICTED,),
    ),
    "two sides": ({"Laterality": "R"}, (QualityFlag.LATERALITY_CONTRADICTED,)),
    "the other breast's orientation": ({"PatientOrientation": ["P", "FL"]}, (QualityFlag.LATERALITY_CONTRADICTED,)),
    "DX of a breast": (
        {"SOPClassUID": uid.DigitalXRayImageStorageForPresentation, "Modality": "DX", "BodyPartExamined": "BREAST"},
        (),
    ),
    "film": (
        {"SOPClassUID": uid.SecondaryCaptureImageStorage, "Modality": "RG", "BodyPartExamined": "Breast"},
        (QualityFlag.SECONDARY_CAPTURE,),
    ),
    "DX, of the mammography class": ({"Modality": "DX"}, ()),
    "OT, of the mammography class": ({"Modality": "OT"}, ()),
    "RG, of the mammography class": ({"Modality": "RG"}, ()),
    "a capture": ({"SOPClassUID": uid.SecondaryCaptureImageStorage}, (QualityFlag.SECONDARY_CAPTURE,)),
    "a private class": ({"SOPClassUID": "1.2.3.4"}, ()),
    "no modality": ({"Modality": None}, (QualityFlag.POOR_HEADER,)),
    "lossy": ({"LossyImageCompression": "01"}, (QualityFlag.LOSSY_COMPRESSED,)),
    "synthetic": (
        {"ImageType": ["DERIVED", "PRIMARY", "TOMOSYNTHESIS", "GENERATED_2D"]},
        (QualityFlag.SYNTHETIC_2D,),
    ),
    "not lossy": ({"LossyImageCompression": "00"}, ()),
    "an implant": ({"BreastImplantPresent": "YES"}, (QualityFlag.IMPLANT,)),
    "no implant": ({"BreastImplantPresent": "NO"}, ()),
    "a spot paddle": ({"PaddleDescription": "10CM Spot Contact"}, (QualityFlag.PARTIAL_VIEW,)),
    "a small field": ({"FieldOfViewDimensions": [90, 90]}, (QualityFlag.PARTIAL_VIEW,)),
    "a round small field": ({"FieldOfViewDimensions": 75}, (QualityFlag.PARTIAL_VIEW,)),
    "a whole breast": (
        {"PartialView": "NO", "PaddleDescription": "18X24CM", "FieldOfViewDimensions": [240, 180]},
        (),
    ),
}


@pytest.mark.parametrize("read", [read_header, read_mammogram])
@pytest.mark.parametrize(("header", "message"), NO_MAMMOGRAMS.values(), ids=NO_MAMMOGRAMS)
def test_other_objects_are_no_mammograms(write_dicom, values_of, read, header, message):
    with pytest.raises(NotAMammogramError, match=rf"^/.*/image\.dcm: {message}") as refusal:
        read(write_dicom(values_of(), **SPACING, **header))
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("read", [read_header, read_mammogram])
@pytest.mark.parametrize(("header", "message"), UNSUPPORTED.values(), ids=UNSUPPORTED)
def test_mammograms_of_other_kinds_are_not_supported(write_dicom, values_of, read, header, message):
    with pytest.raises(UnsupportedMammogramError, match=rf"^/.*/image\.dcm: ({message})") as refusal:
        read(write_dicom(values_of(), **SPACING, **header))
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(("header", "flags"), ACCEPTED.values(), ids=ACCEPTED)
def test_mammograms_are_accepted_with_flags(write_dicom, values_of, header, flags):
    assert read_header(write_dicom(values_of(), **SPACING, **header)).flags == flags


def test_a_lossy_transfer_syntax_is_flagged_whatever_the_header_says(write_dicom, values_of):
    path = write_dicom(values_of(8), syntax=uid.JPEGBaseline8Bit, frame=b"\xff\xd8\xff\xd9", **SPACING)
    assert read_header(path).flags == (QualityFlag.LOSSY_COMPRESSED,)


def test_a_needed_number_that_is_none_is_refused_by_its_name(dataset_of, values_of, tmp_path):
    dataset, path = dataset_of(values_of(), NumberOfFrames="77777777"), tmp_path / "image.dcm"
    dataset.save_as(path, write_like_original=False)
    path.write_bytes(path.read_bytes().replace(b"77777777", b"seven7\n7"))
    with pytest.raises(
        PixelDataError, match=r"image\.dcm: NumberOfFrames is 'seven7 7', which is not a number; correct"
    ):
        read_header(path)
