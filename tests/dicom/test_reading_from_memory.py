"""Data sets and arrays give the mammograms that their files would."""

import numpy as np
import pydicom
import pytest
from PIL import Image

from mammolens.datasets.phantom import make_phantom_exam
from mammolens.datasets.phantom_dicom import write_phantom_exam
from mammolens.dicom.reader import mammogram_from_array, mammogram_from_dataset, read_mammogram
from mammolens.enums import Laterality, ViewPosition
from mammolens.errors import InputError, PixelDataError, UnsupportedMammogramError
from mammolens.types import ImageAttributes

EXAM = make_phantom_exam(7, rows=192, columns=160, spacing=(1.25, 1.25))
PIXELS = EXAM.views[0].pixels
ATTRIBUTES = ImageAttributes("P1", laterality=Laterality.RIGHT, view=ViewPosition.CC)


def test_a_data_set_in_memory_is_read_as_its_file(tmp_path):
    file = write_phantom_exam(EXAM, tmp_path)[0]
    wanted, found = read_mammogram(file), mammogram_from_dataset(pydicom.dcmread(file))
    assert found.header == wanted.header
    assert np.array_equal(found.pixels, wanted.pixels)


def test_a_data_set_without_uid_is_refused_with_the_remedy(tmp_path):
    dataset = pydicom.dcmread(write_phantom_exam(EXAM, tmp_path)[0])
    del dataset.SOPInstanceUID
    with pytest.raises(InputError, match="has no SOP Instance UID; give the data set one"):
        mammogram_from_dataset(dataset)


def test_an_array_is_read_as_a_picture_of_it(tmp_path):
    grey = np.round(PIXELS * 255).astype(np.uint8)
    Image.fromarray(grey).save(tmp_path / "image.png")
    wanted = read_mammogram(tmp_path / "image.png", ATTRIBUTES)
    for array in (grey, np.repeat(grey[..., None], 3, axis=2)):
        found = mammogram_from_array(array, ATTRIBUTES)
        assert np.array_equal(found.pixels, wanted.pixels)
        assert (found.header.view, found.header.flags) == (wanted.header.view, wanted.header.flags)


def test_floats_between_0_and_1_are_kept_and_other_ranges_are_scaled_by_their_own():
    assert np.array_equal(mammogram_from_array(PIXELS, ATTRIBUTES).pixels, PIXELS)
    low, high = PIXELS.min(), PIXELS.max()
    scaled = mammogram_from_array(PIXELS.astype(np.float64) * 4000 - 500, ATTRIBUTES).pixels
    np.testing.assert_allclose(scaled, (PIXELS - low) / (high - low), rtol=0, atol=1e-4)


def test_one_array_has_one_uid_and_another_has_another():
    uid = mammogram_from_array(PIXELS, ATTRIBUTES).header.sop_instance_uid
    assert mammogram_from_array(PIXELS.copy(), ATTRIBUTES).header.sop_instance_uid == uid
    assert mammogram_from_array(PIXELS * np.float32(0.9), ATTRIBUTES).header.sop_instance_uid != uid


@pytest.mark.parametrize(
    ("array", "error", "reason"),
    [
        (np.zeros((3, 400, 300), np.float32), PixelDataError, r"shape \(3, 400, 300\)"),
        (np.zeros((400, 300, 3), np.float32), PixelDataError, r"shape \(400, 300, 3\) and type float32"),
        (np.full((400, 300), np.nan), PixelDataError, "not finite"),
        (np.zeros((400, 300)), PixelDataError, "all pixels have the same value"),
        (np.zeros((20, 20)), UnsupportedMammogramError, "20"),
    ],
)
def test_what_is_no_image_is_refused(array, error, reason):
    with pytest.raises(error, match=reason):
        mammogram_from_array(array)
