from __future__ import annotations

import pytest
from pydicom.dataset import Dataset
from pydicom.sr import _cid_dict, _concepts_dict
from pydicom.sr._snomed_dict import mapping

from mammolens.dicom.view_terms import ViewModifier
from mammolens.dicom.views import (
    contradicts_laterality,
    header_contradicts_view,
    laterality_of,
    patient_orientation_of,
    unusable_view,
    view_modifiers_of,
    view_of,
)
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
    "InferomedialToSuperolateralOblique": ViewPosition.ISO,
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
def test_the_word_tells_the_view_and_the_code_goes_before_it(view):
    assert view_of(a_header(ViewPosition=view.value)) == (view, AttributeSource.HEADER)
    both = a_header(ViewPosition=view.value, ViewCodeSequence=sequence_of("399162004", "SCT"))
    differs = view is not ViewPosition.CC
    assert view_of(both) == (ViewPosition.CC, AttributeSource.CODE_SEQUENCE if differs else AttributeSource.HEADER)
    assert header_contradicts_view(both) is differs


def test_a_private_code_is_read_by_its_meaning_or_else_the_word_tells():
    private = sequence_of("V-7", "99VENDOR")
    assert view_of(a_header(ViewPosition="MLO", ViewCodeSequence=private)) == (ViewPosition.MLO, AttributeSource.HEADER)
    private[0].CodeMeaning = "Cranio-Caudal"
    header = a_header(ViewPosition="MLO", ViewCodeSequence=private)
    assert view_of(header) == (ViewPosition.CC, AttributeSource.CODE_SEQUENCE)
    assert header_contradicts_view(header)


@pytest.mark.parametrize(
    ("header", "source", "told"),
    [
        (a_header(ViewPosition="AP"), AttributeSource.HEADER, "ViewPosition 'AP'"),
        (a_header(ViewPosition="CV"), AttributeSource.HEADER, "ViewPosition 'CV'"),
        (
            a_header(ViewPosition="AP", ViewCodeSequence=sequence_of("1", "SCT")),
            AttributeSource.HEADER,
            "ViewPosition 'AP'",
        ),
        (
            a_header(ViewCodeSequence=sequence_of("1", "SCT")),
            AttributeSource.CODE_SEQUENCE,
            "ViewCodeSequence '1 as it is called'",
        ),
    ],
    ids=["a word", "a modifier", "both", "a code"],
)
def test_a_term_that_is_not_known_is_named_and_no_view(header, source, told):
    assert view_of(header) == (None, source)
    assert unusable_view(header) == (told,)


def test_modifiers_are_found_in_the_view_s_code_beside_it_and_in_its_word():
    modifier, beside = sequence_of("399055006", "SCT"), sequence_of("V-8", "99VENDOR")
    beside[0].CodeMeaning = "Magnification"
    header = a_header(
        ViewPosition="CCID",
        ViewCodeSequence=sequence_of("399162004", "SCT", ViewModifierCodeSequence=modifier),
        ViewModifierCodeSequence=beside,
    )
    assert view_modifiers_of(header) == {
        ViewModifier.IMPLANT_DISPLACED,
        ViewModifier.SPOT_COMPRESSION,
        ViewModifier.MAGNIFICATION,
    }
    assert view_modifiers_of(a_header()) == frozenset()


def region_of(code: str) -> list[Dataset]:
    return sequence_of("76752008", "SCT", AnatomicRegionModifierSequence=sequence_of(code, "SCT"))


def test_a_view_s_word_tells_the_side_where_nothing_else_does():
    assert laterality_of(a_header(ViewPosition="RMLO")) == (Laterality.RIGHT, AttributeSource.HEADER)
    assert laterality_of(a_header(ViewPosition="RMLO", ImageLaterality="L"))[0] is Laterality.LEFT


@pytest.mark.parametrize(
    ("stated", "contradicted"),
    [
        ({}, False),
        ({"ImageLaterality": "L"}, False),
        ({"ImageLaterality": "L", "Laterality": "L", "AnatomicRegionSequence": region_of("7771000")}, False),
        ({"ImageLaterality": "L", "Laterality": "R"}, True),
        ({"ImageLaterality": "B", "Laterality": "R"}, False),
        ({"ImageLaterality": "L", "AnatomicRegionSequence": region_of("24028007")}, True),
        ({"ImageLaterality": "L", "ViewPosition": "RCC"}, True),
        ({"ImageLaterality": "L", "ViewPosition": "MLO", "PatientOrientation": ["A", "FR"]}, False),
        ({"ImageLaterality": "L", "ViewPosition": "MLO", "PatientOrientation": ["P", "HL"]}, False),
        ({"ImageLaterality": "L", "ViewPosition": "MLO", "PatientOrientation": ["P", "FL"]}, True),
        ({"ImageLaterality": "R", "ViewPosition": "MLO", "PatientOrientation": ["P", "FL"]}, False),
        ({"ImageLaterality": "R", "ViewPosition": "LMO", "PatientOrientation": ["HL", "A"]}, True),
        ({"ImageLaterality": "R", "ViewPosition": "MLO", "PatientOrientation": ["P", "F"]}, False),
        ({"ImageLaterality": "L", "ViewPosition": "SIO", "PatientOrientation": ["P", "FL"]}, False),
        ({"ImageLaterality": "L", "ViewPosition": "CC", "PatientOrientation": ["P", "L"]}, False),
        ({"ViewPosition": "MLO", "PatientOrientation": ["P", "FL"]}, False),
    ],
)
def test_a_side_is_contradicted_by_another_attribute_or_by_the_orientation_of_an_oblique_view(stated, contradicted):
    assert contradicts_laterality(a_header(**stated)) is contradicted


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
        a_header(ImageLaterality="B"),
        a_header(ViewCodeSequence=[], AnatomicRegionSequence=[]),
        a_header(AnatomicRegionSequence=sequence_of("76752008", "SCT")),
    ],
    ids=["nothing", "empty", "both sides", "no items", "a region"],
)
def test_what_is_not_told_is_unknown(header):
    assert laterality_of(header) == (None, AttributeSource.UNKNOWN)
    assert view_of(header) == (None, AttributeSource.UNKNOWN)
    assert unusable_view(header) == ()


@pytest.mark.parametrize("stated", [["A", "FR"], ["P", "L"], ["P", "fl"]])
def test_patient_orientation_is_where_rows_and_columns_point_to(stated):
    assert patient_orientation_of(a_header(PatientOrientation=stated)) == (stated[0], stated[1].upper())


@pytest.mark.parametrize("stated", ["CC", "MLO", "", None, ["A"], ["A", ""], ["A", "CC"], ["A", "R", "F"]])
def test_what_is_no_pair_of_directions_is_no_orientation(stated):
    assert patient_orientation_of(a_header(PatientOrientation=stated)) is None


def test_without_the_attribute_there_is_none():
    assert patient_orientation_of(a_header()) is None
