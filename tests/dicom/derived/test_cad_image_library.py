from __future__ import annotations

import pytest

from mammolens.dicom.derived.cad_image_library import image_library
from mammolens.dicom.derived.exam import ReportedExam, ReportedImage
from mammolens.dicom.derived.source import source_of


def known(result) -> dict[str, str]:
    """What the library tells of one image, by name."""
    library = image_library(ReportedExam((ReportedImage(source_of(result.header), result.record, (), ()),)))
    (entry,) = library.ContentSequence
    told = {}
    for item in entry.get("ContentSequence", []):
        name = item.ConceptNameCodeSequence[0].CodeMeaning
        if item.ValueType == "NUM":
            told[name] = str(item.MeasuredValueSequence[0].NumericValue)
        else:
            told[name] = item.TextValue if item.ValueType == "TEXT" else item.ConceptCodeSequence[0].CodeMeaning
    return told


def test_an_entry_tells_side_view_orientation_and_the_pixels_size(write_dicom, values_of, result_of):
    path = write_dicom(values_of(), ImagerPixelSpacing=["0.2", "0.1"], PatientOrientation=["A", "FR"])
    assert known(result_of(path)) == {
        "Image Laterality": "Left breast",
        "Image View": "medio-lateral oblique",
        "Patient Orientation Row": "A",
        "Patient Orientation Column": "FR",
        "Horizontal Pixel Spacing": pytest.approx("0.1"),
        "Vertical Pixel Spacing": pytest.approx("0.2"),
    }


def test_what_is_not_known_is_left_out(write_dicom, values_of, result_of):
    assert known(result_of(write_dicom(values_of(), ImageLaterality=None, ViewPosition=None))) == {}
