from __future__ import annotations

import pytest
from pydicom.dataset import Dataset
from pydicom.sr import _cid_dict, _concepts_dict
from pydicom.sr._snomed_dict import mapping

from mammolens.dicom.views import laterality_of, patient_orientation_of, view_of
from mammolens.enums import AttributeSource, Laterality, ViewPosition

# The concepts of PS3.16 CID 4014, as pydicom names them.
CONCEPTS = {
    "CranioCaudal": ViewPosition.CC,
    "MedioLateralOblique": ViewPosition.MLO,
    "MedioLateral": ViewPosition.ML,
    "LateroMedial": ViewPosition.LM,
    "LateroMedialOblique": ViewPosition.LMO,
    "CranioCaudalExaggeratedLaterally": ViewPosition.XCCL,
    "CranioCaudalExaggeratedMedially": ViewPosition.XCCM,
    "CaudoCranial": ViewPosition.FB,
    "SuperolateralToInferomedialOblique": ViewPosition.SIO,
}


def sct_code(concept: str, context: int) -> str:
    assert concept in _cid_dict.cid_concepts[context]["SCT"]
    codes = _concepts_dict.concepts["SCT"][concept]
    return next(code for code, (_, contexts) in codes.items() if context in contexts)


def srt_code(sct: str) -> str:
    return str(mapping["SCT"][sct])


def sequence_of(code: str, scheme: str, **more: list[Dataset]) -> list[Dataset]:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = code, scheme, "as it is called"
    for keyword, value in more.items():
        setattr(item, keyword, value)
    return [item]


def a_header(**stated: object) -> Dataset:
    dataset = Dataset()
    for keyword, value in stated.items():
        setattr(dataset, keyword, value)
    return dataset


@pytest.mark.parametrize(("concept", "view"), CONCEPTS.items())
@pytest.mark.parametrize("scheme", ["SCT", "SRT"])
def test_every_view_s_code_is_understood(concept, view, scheme):
    code = sct_code(concept, 4014)
    header = a_header(ViewCodeSequence=sequence_of(srt_code(code) if scheme == "SRT" else code, scheme))
    assert view_of(header) == (view, AttributeSource.CODE_SEQUENCE)


@pytest.mark.parametrize(("side", "laterality"), [("Left", Laterality.LEFT), ("Right", Laterality.RIGHT)])
@pytest.mark.parametrize("scheme", ["SCT", "SRT"])
def test_the_region_s_modifier_tells_the_side(side, laterality, scheme):
    code = sct_code(side, 244)
    modifier = sequence_of(srt_code(code) if scheme == "SRT" else code, scheme)
    header = a_header(AnatomicRegionSequence=sequence_of("76752008", "SCT", AnatomicRegionModifierSequence=modifier))
    assert laterality_of(header) == (laterality, AttributeSource.CODE_SEQUENCE)


@pytest.mark.parametrize("view", ViewPosition)
def test_the_attribute_tells_the_view_and_wins_over_the_code(view):
    header = a_header(ViewPosition=view.value, ViewCodeSequence=sequence_of("399162004", "SCT"))
    assert view_of(header) == (view, AttributeSource.HEADER)


@pytest.mark.parametrize("keyword", ["ImageLaterality", "Laterality"])
@pytest.mark.parametrize(("stated", "laterality"), [("L", Laterality.LEFT), ("R", Laterality.RIGHT), ("r", "R")])
def test_an_attribute_tells_the_side(keyword, stated, laterality):
    assert laterality_of(a_header(**{keyword: stated})) == (laterality, AttributeSource.HEADER)


def test_the_image_s_side_wins_over_the_series_and_the_code():
    modifier = sequence_of("7771000", "SCT")
    region = sequence_of("76752008", "SCT", AnatomicRegionModifierSequence=modifier)
    assert laterality_of(a_header(ImageLaterality="R", Laterality="L", AnatomicRegionSequence=region))[0] == "R"
    assert laterality_of(a_header(ImageLaterality="B", AnatomicRegionSequence=region))[0] == "L"


@pytest.mark.parametrize(
    "header",
    [
        a_header(),
        a_header(ImageLaterality="", ViewPosition=""),
        a_header(ImageLaterality="B", ViewPosition="AP"),
        a_header(ViewCodeSequence=[], AnatomicRegionSequence=[]),
        a_header(ViewCodeSequence=sequence_of("1", "SCT"), AnatomicRegionSequence=sequence_of("76752008", "SCT")),
    ],
    ids=["nothing", "empty", "other", "no items", "other codes"],
)
def test_what_is_not_told_is_unknown(header):
    assert laterality_of(header) == (None, AttributeSource.UNKNOWN)
    assert view_of(header) == (None, AttributeSource.UNKNOWN)


@pytest.mark.parametrize("stated", [["A", "FR"], ["P", "L"], ["P", "fl"]])
def test_patient_orientation_is_where_rows_and_columns_point_to(stated):
    assert patient_orientation_of(a_header(PatientOrientation=stated)) == (stated[0], stated[1].upper())


@pytest.mark.parametrize("stated", ["CC", "MLO", "", None, ["A"], ["A", ""], ["A", "CC"], ["A", "R", "F"]])
def test_what_is_no_pair_of_directions_is_no_orientation(stated):
    assert patient_orientation_of(a_header(PatientOrientation=stated)) is None


def test_without_the_attribute_there_is_none():
    assert patient_orientation_of(a_header()) is None
