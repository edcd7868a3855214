from __future__ import annotations

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk

from mammolens.dicom.derived.derive import derive_from_image, write_derived
from mammolens.dicom.derived.kinds import DerivedKind
from mammolens.dicom.reader import read_header
from mammolens.errors import NotAMammogramError

CAPTURE = DerivedKind.SECONDARY_CAPTURE


@pytest.fixture
def picture() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (61, 45, 3), dtype=np.uint8)


@pytest.fixture
def written(write_dicom, values_of, picture, result_of, tmp_path):
    result = result_of(write_dicom(values_of()))
    write_derived(derive_from_image(result, CAPTURE, picture), tmp_path / "sc.dcm")
    return tmp_path / "sc.dcm"


def test_two_readers_see_the_picture_as_it_was(written, picture):
    np.testing.assert_array_equal(pydicom.dcmread(written).pixel_array, picture)
    np.testing.assert_array_equal(sitk.GetArrayFromImage(sitk.ReadImage(str(written)))[0], picture)


def test_it_says_that_words_are_burned_in_and_what_it_shows(written):
    dataset = pydicom.dcmread(written)
    assert dataset.BurnedInAnnotation == "YES"
    assert dataset.ImageType == ["DERIVED", "SECONDARY"]
    assert dataset.SourceImageSequence[0].PurposeOfReferenceCodeSequence[0].CodeValue == "121322"
    assert "Research use only" in dataset.DerivationDescription
    assert "PixelSpacing" not in dataset


def test_nobody_takes_it_for_a_mammogram(written):
    with pytest.raises(NotAMammogramError):
        read_header(written)


@pytest.mark.parametrize("shape", [(61, 45), (61, 45, 4)], ids=str)
def test_a_picture_that_is_no_colour_picture_is_refused(write_dicom, values_of, result_of, shape):
    with pytest.raises(ValueError, match="picture"):
        derive_from_image(result_of(write_dicom(values_of())), CAPTURE, np.zeros(shape, np.uint8))


def test_no_picture_is_refused(write_dicom, values_of, result_of):
    with pytest.raises(ValueError, match="shows a picture"):
        derive_from_image(result_of(write_dicom(values_of())), CAPTURE)
