from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.dataset import Dataset

from mammolens import RESEARCH_USE_ONLY
from mammolens.dicom.derived.derive import derive_from_exam, derive_from_image, write_derived
from mammolens.dicom.derived.kinds import DerivedKind
from mammolens.dicom.derived.presentation_state import ImageTexts
from mammolens.errors import InputError
from mammolens.types import AnomalyResult

STATE = DerivedKind.PRESENTATION_STATE
TEXTS = ImageTexts("Unusual.", ["L CC, upper, 200 mm2, high"])

NAMED = {"PatientName": "Phantom^One"}  # dcmtk refuses a presentation state without one, though it may be empty


@pytest.fixture
def state_of(result_of, a_finding) -> Callable[..., Dataset]:
    def state(path: Path, texts: ImageTexts = TEXTS, shape: tuple[int, int] = (80, 72)) -> Dataset:
        return derive_from_image(result_of(path, findings=(a_finding,), shape=shape), STATE, texts=texts)

    return state


def layer(state: Dataset, name: str) -> Dataset:
    (annotation,) = [one for one in state.GraphicAnnotationSequence if one.GraphicLayer == name]
    return annotation


def test_the_outline_of_a_finding_is_a_closed_line_in_pixels_of_the_image(write_dicom, values_of, state_of):
    state = state_of(write_dicom(values_of()))
    (graphic,) = layer(state, "FINDINGS").GraphicObjectSequence
    assert (graphic.GraphicType, graphic.GraphicAnnotationUnits, graphic.GraphicFilled) == ("POLYLINE", "PIXEL", "N")
    assert graphic.GraphicData == [10, 20, 20, 20, 20, 40, 10, 40, 10, 20]  # from the corner of the first pixel


def test_the_finding_has_its_number_beside_it_and_its_words_below_the_notice(write_dicom, values_of, state_of):
    state = state_of(write_dicom(values_of()))
    (number,) = layer(state, "FINDINGS").TextObjectSequence
    assert number.UnformattedTextValue == "1 high"
    assert number.BoundingBoxTopLeftHandCorner == [20, 20]
    (words,) = layer(state, "WORDS").TextObjectSequence
    assert words.UnformattedTextValue.splitlines() == [
        f"{RESEARCH_USE_ONLY}.",
        "Image: Unusual.",
        "1: L CC, upper, 200 mm2, high",
        "MammoLens, model made-0123456789ab",
    ]


def test_the_number_stays_on_the_image(write_dicom, values_of, result_of, a_finding):
    at_the_edge = a_finding.model_copy(update={"bounding_box": (60, 70, 71, 79)})
    result = result_of(write_dicom(values_of()), findings=(at_the_edge,))
    state = derive_from_image(result, STATE, texts=TEXTS)
    (number,) = layer(state, "FINDINGS").TextObjectSequence
    right, bottom = number.BoundingBoxBottomRightHandCorner
    assert (right, bottom) <= (60, 80)


def test_the_outline_has_the_tracking_uid_of_the_report(write_dicom, values_of, result_of, a_finding):
    result = result_of(write_dicom(values_of()), findings=(a_finding,))
    (graphic,) = layer(derive_from_image(result, STATE, texts=TEXTS), "FINDINGS").GraphicObjectSequence
    report = derive_from_exam([result], DerivedKind.REPORT, [["in words"]], [[1]])
    assert graphic.TrackingUID in str(report)


def test_an_image_without_findings_says_so(write_dicom, values_of, result_of):
    state = derive_from_image(result_of(write_dicom(values_of())), STATE, texts=ImageTexts("Normal.", []))
    (annotation,) = state.GraphicAnnotationSequence
    assert "\r\nNo finding\r\n" in annotation.TextObjectSequence[0].UnformattedTextValue


def test_words_that_do_not_fit_are_left_out_and_the_notice_is_not(write_dicom, values_of, state_of):
    state = state_of(write_dicom(values_of()), ImageTexts("Unusual.", ["long " * 250]))
    text = layer(state, "WORDS").TextObjectSequence[0].UnformattedTextValue
    assert len(text) <= 1024  # Short Text, PS3.5 6.2
    assert text.startswith(RESEARCH_USE_ONLY)
    assert text.endswith("model made-0123456789ab")


def test_long_words_are_broken_into_lines_and_their_box_has_room_for_them(write_dicom, values_of, state_of):
    state = state_of(write_dicom(values_of()), ImageTexts("Unusual.", ["L CC, upper, 200 mm2, high, " * 20]))
    (words,) = layer(state, "WORDS").TextObjectSequence
    lines = words.UnformattedTextValue.split("\r\n")
    assert max(len(line) for line in lines) <= 72  # viewers such as DICOMscope cut longer ones at the window's edge
    assert lines[2].startswith("1: L CC")
    assert all(line.startswith("   ") for line in lines[3:-1])
    (left, top), (right, bottom) = words.BoundingBoxTopLeftHandCorner, words.BoundingBoxBottomRightHandCorner
    assert 0 <= left < right <= 1
    assert 0 <= top < bottom <= 1
    assert bottom - top >= 0.02 * len(lines) - 1e-6


def test_the_whole_image_is_displayed_in_its_shape(write_dicom, values_of, state_of):
    state = state_of(write_dicom(values_of(), ImagerPixelSpacing=["0.2", "0.1"]))
    (area,) = state.DisplayedAreaSelectionSequence
    assert (area.DisplayedAreaTopLeftHandCorner, area.DisplayedAreaBottomRightHandCorner) == ([1, 1], [72, 80])
    assert area.PresentationPixelAspectRatio == [2, 1]


def test_a_colour_image_is_refused(write_dicom, values_of, result_of):
    result: AnomalyResult = result_of(write_dicom(values_of()))
    dataset = pydicom.dcmread(result.header.path)
    dataset.SamplesPerPixel = 3
    dataset.save_as(result.header.path)
    with pytest.raises(InputError, match=r"image.dcm: is a colour image.*secondary_capture"):
        derive_from_image(result, STATE, texts=ImageTexts("", []))


def test_without_texts_it_is_not_made(write_dicom, values_of, result_of):
    with pytest.raises(ValueError, match="texts; give them"):
        derive_from_image(result_of(write_dicom(values_of())), STATE)


@pytest.mark.integration
def test_dcmtk_finds_no_fault(write_dicom, values_of, state_of, run_program, tmp_path):
    write_derived(state_of(write_dicom(values_of(), BitsStored=12, **NAMED)), tmp_path / "state.dcm")
    report = run_program("dcmpschk", tmp_path / "state.dcm")
    assert "Test passed" in report, report


_GREYS = {
    "a window": {"WindowCenter": "2048", "WindowWidth": "1000"},
    "MONOCHROME1": {"PhotometricInterpretation": "MONOCHROME1", "WindowCenter": "2048", "WindowWidth": "1000"},
    "a rescaled image": {"WindowCenter": "2048", "WindowWidth": "1000", "RescaleSlope": "2", "RescaleIntercept": "-9"},
}


@pytest.mark.integration
@pytest.mark.parametrize("greys", _GREYS)
def test_dcmtk_shows_the_same_greys_with_the_state_as_without(
    greys, write_dicom, values_of, state_of, run_program, tmp_path
):
    path = write_dicom(values_of(), BitsStored=12, **NAMED, **_GREYS[greys])
    write_derived(state_of(path), tmp_path / "state.dcm")
    run_program("dcmp2pgm", "-p", tmp_path / "state.dcm", path, tmp_path / "with.pgm")
    run_program("dcm2pnm", "+Ww", "2048", "1000", path, tmp_path / "without.pgm")
    with_state, without = (np.asarray(Image.open(tmp_path / f"{one}.pgm"), int) for one in ("with", "without"))
    assert np.ptp(with_state) > 100
    np.testing.assert_allclose(with_state, without, atol=1)
